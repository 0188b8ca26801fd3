/* quiet_clock.h: a clock for limits on how long something takes. On a computer that has more
 * to do than cores it stands still while threads of this process wait for one: what others
 * take is no fault of what is tested. */
#ifndef TESTS_SUPPORT_QUIET_CLOCK_H
#define TESTS_SUPPORT_QUIET_CLOCK_H

#include <dirent.h>
#include <stdio.h>

#include "base/clock.h"

/* Seconds that the threads of this process, taken together, stood ready without a core. */
static inline double quiet_clock_starved(void)
{
    double total = 0;
    struct dirent *thread;
    DIR *threads = opendir("/proc/self/task");

    while (threads && (thread = readdir(threads))) {
        unsigned long long ran, stood;
        char path[300];
        FILE *f;

        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread->d_name);
        f = fopen(path, "re");
        if (f && fscanf(f, "%llu %llu", &ran, &stood) == 2)
            total += (double)stood / 1e9;
        if (f)
            fclose(f);
    }
    if (threads)
        closedir(threads);
    return total;
}

/* Seconds since some moment; only differences mean something, while no thread ends. */
static inline double quiet_clock_seconds(void)
{
    return clock_seconds() - quiet_clock_starved();
}

#endif
