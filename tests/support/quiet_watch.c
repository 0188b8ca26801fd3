/* quiet_watch.c: see quiet_watch.h. What the kernel tells of threads that stand ready is not
 * all: it says nothing of a process that is stopped, of a quota that is used up, or of a virtual
 * computer that has no core. All of these make a thread late that only sleeps.
 */
#include "tests/support/quiet_watch.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "tests/support/thread.h"

#define STEP_NS 10000000
#define IN_TIME 0.02 /* seconds that a step takes at most, where there is a core */
#define PART 0.1     /* that may be taken */

/* Seconds that the threads of this process, taken together, stood ready without a core. */
static double starved(void)
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

static void *watch(void *arg)
{
    const struct timespec step = {0, STEP_NS};
    struct quiet_watch *w = arg;

    while (!atomic_load(&w->over)) {
        double before = clock_seconds(), took;

        nanosleep(&step, NULL); /* a nap: its length is what is measured */
        took = clock_seconds() - before;
        w->late += took > IN_TIME ? took : 0;
    }
    return NULL;
}

void quiet_watch_begin(struct quiet_watch *w)
{
    atomic_store(&w->over, false);
    w->late = 0;
    w->begun = clock_seconds();
    w->starved = starved();
    thread_begin(&w->thread, watch, w);
}

double quiet_watch_end(struct quiet_watch *w)
{
    double took = clock_seconds() - w->begun, taken = starved() - w->starved;

    atomic_store(&w->over, true);
    pthread_join(w->thread, NULL);
    taken += w->late;
    if (taken < PART * took)
        return took;
    fprintf(stderr, "%.2f s, of which others took %.2f s: not judged\n", took, taken);
    return 0;
}
