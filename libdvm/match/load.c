/* load.c: whether there is a core to spare.
 *
 * The kernel's count of runnable threads (/proc/loadavg) is that of the computer, not
 * of this machine: so several machines, simulated hosts and strangers' programs are
 * all counted. It is asked by a task only that is about to sleep, and seldom.
 */
#include "match/load.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOAD_FRESH_NS 1000000 /* how long an answer is good, nanoseconds */
#define LOAD_TEXT_MAX 64      /* bytes of "0.20 0.18 0.12 1/80 11206" */

static struct {
    int fd;         /* of /proc/loadavg; -1: not open, or there is none: no core is idle */
    bool tried;     /* to open it */
    int cores;
    uint64_t asked; /* when */
    int running;    /* what the answer was; negative: none */
    int before;     /* and the one before it */
} load = {.fd = -1};

void load_start(bool bound)
{
    cpu_set_t cpus;

    load.fd = -1;
    load.tried = false;
    load.cores = bound ? (int)sysconf(_SC_NPROCESSORS_ONLN)
               : sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    load.asked = 0;
    load.running = load.before = -1;
}

int load_cores(void)
{
    return load.cores;
}

void load_stop(void)
{
    if (load.fd >= 0)
        close(load.fd);
    load.fd = -1;
}

bool load_idle(uint64_t now, int most)
{
    char text[LOAD_TEXT_MAX];
    ssize_t got;

    if (!load.tried)
        load.fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    load.tried = true;
    if (load.fd >= 0 && now - load.asked >= LOAD_FRESH_NS) {
        load.asked = now;
        load.before = load.running;
        got = pread(load.fd, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
        if (sscanf(text, "%*f %*f %*f %d", &load.running) != 1)
            load.running = -1;
    }
    return load.running >= 0 &&
           (load.running <= most || (load.before >= 0 && load.before <= most));
}

/* The clock alone cannot tell: it also jumps when the computer is a guest that was not
 * run, and when an interrupt was handled. */
bool load_core_lost(void)
{
    static _Thread_local long switches = -1;
    struct rusage use;
    long before = switches;

    if (getrusage(RUSAGE_THREAD, &use))
        return true;
    switches = use.ru_nivcsw;
    if (before >= 0 && switches != before)
        load.asked = 0; /* what was known of the load is too old */
    return before >= 0 && switches != before;
}
