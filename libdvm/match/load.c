/* load.c: whether there is a core to spare.
 *
 * The kernel's count of runnable threads (/proc/loadavg) is that of the computer, not
 * of this machine: so several machines, simulated hosts and strangers' programs are
 * all counted. It is asked by a task only that is about to sleep, and seldom.
 */
#include "match/load.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOAD_FRESH_NS 1000000 /* how long an answer is good, nanoseconds */
#define LOAD_TEXT_MAX 64      /* bytes of "0.20 0.18 0.12 1/80 11206" */
#define LOAD_BEFORE 3         /* averages in front of the count */
#define LOAD_LOOKS 4          /* that must agree that no core is idle */

static struct {
    int fd;         /* of /proc/loadavg; -1: not open, or there is none: no core is idle */
    bool tried;     /* to open it */
    int cores;
    uint64_t asked; /* when */
    int running[LOAD_LOOKS]; /* the last answers; negative: none */
    unsigned looks;          /* of them in all, the last at looks % LOAD_LOOKS */
} load = {.fd = -1};

void load_start(bool bound)
{
    cpu_set_t cpus;

    load.fd = -1;
    load.tried = false;
    load.cores = bound ? (int)sysconf(_SC_NPROCESSORS_ONLN)
               : sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    load.asked = 0;
    load.looks = 0;
    for (int i = 0; i < LOAD_LOOKS; i++)
        load.running[i] = -1;
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

/* The count of runnable threads in the text, or -1. By hand: floating point takes longer than
 * the kernel's whole answer. */
static int count_in(const char *text)
{
    for (int i = 0; i < LOAD_BEFORE; i++) {
        text = strchr(text, ' ');
        if (!text)
            return -1;
        text++;
    }
    return *text >= '0' && *text <= '9' ? atoi(text) : -1;
}

int load_now(void)
{
    char text[LOAD_TEXT_MAX];
    ssize_t got;

    if (!load.tried)
        load.fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
    load.tried = true;
    if (load.fd < 0)
        return -1;
    got = pread(load.fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return count_in(text);
}

bool load_idle(uint64_t now, int most)
{
    if (now - load.asked >= LOAD_FRESH_NS) {
        load.asked = now;
        load.running[++load.looks % LOAD_LOOKS] = load_now();
    }
    if (load.running[load.looks % LOAD_LOOKS] < 0)
        return false;
    for (int i = 0; i < LOAD_LOOKS; i++)
        if (load.running[i] >= 0 && load.running[i] <= most)
            return true;
    return false;
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
    return before >= 0 && switches != before;
}
