/* limits.c: what this machine itself can do, one line a figure: NAME VALUE UNIT. A name
 * that the measurements of messages have too is the limit for that figure.
 *
 *   limits [quick] shm            two processes: one cache line to and fro (spinning), with
 *                                 1 KiB copied in and out; memcpy; waking by a futex
 *   limits [quick] ring N         N processes that wake one another in turn by futexes
 *   limits [quick] tcp-server ADDRESS    the far end of the next one
 *   limits [quick] tcp ADDRESS    TCP_NODELAY, sleeping and spinning; the better is the limit
 *   limits [quick] seal           AES-256-GCM of 1 MiB pieces, both directions (libcrypto)
 *   limits start N                N processes started and waited for
 *   limits busy N                 N processes that only compute, until stdin ends
 */
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure/timing.h"
#include "limits.h"

enum { TASKS_MAX = 256 };
extern char **environ;
double batch_seconds = BATCH_SECONDS;

void fail(const char *what)
{
    perror(what);
    exit(1);
}

void report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

static void *shared(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

/* ---- two or more processes that take turns ------------------------------------------ */

struct bell {
    _Alignas(64) _Atomic unsigned value;
    _Alignas(64) _Atomic unsigned asleep;
    _Alignas(64) char data[4096];
};

/* Process `me` of `processes` waits for its bell and rings the next one's; the first begins. */
struct turns {
    struct bell *bells;
    int me, processes, sleepy;
    size_t bytes;
    unsigned value;
    char mine[4096];
};

static void bell_ring(struct bell *b, unsigned v, int sleepy)
{
    atomic_store(&b->value, v);
    if (sleepy && atomic_load(&b->asleep))
        syscall(SYS_futex, &b->value, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void bell_await(struct bell *b, unsigned v, int sleepy)
{
    unsigned seen;

    while ((seen = atomic_load(&b->value)) != v) {
        if (!sleepy)
            continue;
        atomic_store(&b->asleep, 1);
        if ((seen = atomic_load(&b->value)) != v)
            syscall(SYS_futex, &b->value, FUTEX_WAIT, seen, NULL, NULL, 0);
        atomic_store(&b->asleep, 0);
    }
}

static void give(struct turns *t)
{
    struct bell *next = &t->bells[(t->me + 1) % t->processes];

    memcpy(next->data, t->mine, t->bytes);
    bell_ring(next, t->value, t->sleepy);
}

static void take(struct turns *t)
{
    bell_await(&t->bells[t->me], t->value, t->sleepy);
    memcpy(t->mine, t->bells[t->me].data, t->bytes);
}

static double turns_batch(void *arg, int calls)
{
    struct turns *t = arg;
    double start = now();
    int i;

    for (i = 0; i < calls; i++) {
        t->value++;
        if (t->me == 0)
            give(t);
        take(t);
        if (t->me != 0)
            give(t);
    }
    return now() - start;
}

static void pin(int core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set); /* on one core both run there */
}

/* Seconds of one hand-over. Others than the first process go on until they are killed. */
static double turns_time(int processes, int sleepy, size_t bytes, int pinned)
{
    struct turns t = { .processes = processes, .sleepy = sleepy, .bytes = bytes };
    pid_t children[TASKS_MAX];
    cpu_set_t before;
    double seconds;
    int i;

    t.bells = shared((size_t)processes * sizeof *t.bells);
    sched_getaffinity(0, sizeof before, &before);
    for (i = 1; i < processes; i++) {
        if ((children[i] = fork()) < 0)
            fail("fork");
        if (children[i])
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pinned)
            pin(1);
        t.me = i;
        for (;;)
            turns_batch(&t, 1);
    }
    if (pinned)
        pin(0);
    seconds = one_call(turns_batch, &t, batch_seconds) / processes;
    for (i = 1; i < processes; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    sched_setaffinity(0, sizeof before, &before);
    munmap(t.bells, (size_t)processes * sizeof *t.bells);
    return seconds;
}

/* ---- copying ------------------------------------------------------------------------- */

struct copy {
    char *from, *to;
    size_t bytes;
};

static double copy_batch(void *arg, int calls)
{
    struct copy *c = arg;
    double start = now();
    int i;

    for (i = 0; i < calls; i++) {
        memcpy(c->to, c->from, c->bytes);
        __asm__ volatile("" ::: "memory");
    }
    return now() - start;
}

static double copy_speed(size_t bytes)
{
    struct copy c = { malloc(bytes), malloc(bytes), bytes };
    double seconds;

    if (!c.from || !c.to)
        fail("malloc");
    memset(c.from, 1, bytes);
    memset(c.to, 2, bytes);
    seconds = one_call(copy_batch, &c, batch_seconds);
    free(c.from);
    free(c.to);
    return (double)bytes / seconds / 1e6;
}

static void shm(void)
{
    double line = turns_time(2, 0, 0, 1) * 1e6;

    report("cache_line", line, "us");
    report("latency_8B", line, "us");
    report("latency_1KiB", turns_time(2, 0, 1 << 10, 1) * 1e6, "us");
    report("futex_wake", turns_time(2, 1, 0, 1) * 1e6, "us");
    report("bandwidth_64KiB", copy_speed(64 << 10), "MB/s");
    report("bandwidth_1MiB", copy_speed(1 << 20), "MB/s");
    report("bandwidth_4MiB", copy_speed(4 << 20), "MB/s");
}

/* ---- processes ---------------------------------------------------------------------------- */

static void start(const char *self, int count)
{
    char *arguments[] = { (char *)self, "nothing", NULL };
    pid_t children[TASKS_MAX];
    double begin = now();
    char name[64];
    int i;

    for (i = 0; i < count; i++)
        if (posix_spawn(&children[i], self, NULL, NULL, arguments, environ))
            fail(self);
    for (i = 0; i < count; i++)
        waitpid(children[i], NULL, 0);
    snprintf(name, sizeof name, "run_%d", count);
    report(name, (now() - begin) * 1e3, "ms");
}

static void busy(int count)
{
    volatile uint64_t work = 0;
    char byte;

    while (count-- > 0)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                work++;
        }
    while (read(0, &byte, 1) > 0)
        ;
}

static int number_of(const char *text)
{
    int n = atoi(text);

    if (n < 1 || n > TASKS_MAX) {
        fprintf(stderr, "limits: %s: 1 to %d\n", text, TASKS_MAX);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    const char *what, *argument;

    if (argc > 1 && !strcmp(argv[1], "quick")) {
        batch_seconds = BATCH_SECONDS_QUICK;
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    what = argc > 1 ? argv[1] : "";
    argument = argc > 2 ? argv[2] : "";
    if (!strcmp(what, "shm"))
        shm();
    else if (!strcmp(what, "ring"))
        report("ring_8B", turns_time(number_of(argument), 1, 8, 0) * 1e6, "us");
    else if (!strcmp(what, "tcp-server") || !strcmp(what, "tcp"))
        tcp(what[3] != 0, argument);
    else if (!strcmp(what, "seal"))
        seal();
    else if (!strcmp(what, "start"))
        start(argv[0], number_of(argument));
    else if (!strcmp(what, "busy"))
        busy(number_of(argument));
    else if (strcmp(what, "nothing") != 0) {
        fprintf(stderr, "usage: limits [quick] shm | ring N | tcp-server ADDRESS | tcp ADDRESS |"
                        " seal | start N | busy N\n");
        return 2;
    }
    return 0;
}
