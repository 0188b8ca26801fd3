/* blocked.c SECONDS: all ranks but 0 wait for a message; rank 0 looks how much processor
 * time they use in that time together, and ends with 1 when that is more than 1 % of a core
 * for 1,000 of them, again and again: on a busy computer news of their start may come late.
 * Then they get their message.
 * blocked.c alone: wait for a message that nobody sends.
 * blocked.c pingpong ROUNDS: two ranks exchange messages, compute before they answer, and say how
 * often they left their core.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "asleep.h"

enum { PID_TAG = 1, GO_TAG, TRIES = 3000, TURNS = 10, POLL_NS = 10000000 };

/* Longer than the short look that a wait has while others want the cores (BRIEF_NS), so that it
 * sleeps; shorter than what it spins for where a core is idle (SPIN_NS). */
#define COMPUTE_NS 60000

static void pause_for(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    nanosleep(&t, NULL); /* what is measured is what others do meanwhile */
}

/* Nanoseconds that a process has run. */
static unsigned long long ran(int pid)
{
    char path[64];
    unsigned long long ns = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%llu", &ns) != 1)
        exit(77);
    fclose(f);
    return ns;
}

/* What all of them ran; counts those that are awake. */
static unsigned long long all_ran(const int *pids, int n, int *awake)
{
    unsigned long long sum = 0;

    *awake = 0;
    for (int i = 1; i < n; i++) {
        sum += ran(pids[i]);
        *awake += !asleep(pids[i]);
    }
    return sum;
}

/* All asleep, and still so: what they had to do for their start is done. What they ran. */
static unsigned long long settle(const int *pids, int n)
{
    unsigned long long before, quiet = 0;
    int awake, tries = 0;

    do {
        before = quiet;
        pause_for(POLL_NS / 1e9);
        quiet = all_ran(pids, n, &awake);
    } while ((awake || quiet != before) && ++tries < TRIES);
    return quiet;
}

static int look(int n, double seconds)
{
    int *pids = calloc((size_t)n, sizeof *pids), awake, rc = 1;
    unsigned long long used, quiet, limit;

    for (int i = 1; i < n; i++)
        dvm_recv(DVM_WORLD, i, PID_TAG, &pids[i], 1, DVM_INT, NULL);
    limit = (unsigned long long)(seconds * 1e9 / 100 * n / 1000);
    for (int turn = 0; turn < TURNS && rc; turn++) {
        quiet = settle(pids, n);
        pause_for(seconds);
        used = all_ran(pids, n, &awake) - quiet;
        rc = used > limit;
        printf("%d tasks used %llu ns in %g s (limit %llu): %s\n", n - 1, used, seconds, limit,
               rc ? "too much" : "well");
    }
    for (int i = 1; i < n; i++)
        dvm_send(DVM_WORLD, i, GO_TAG, NULL, 0, DVM_BYTE);
    free(pids);
    return rc;
}

/* How often this process has left its core, to sleep or for another, and the processor time that
 * it has used, in us. */
static long switches(long *used)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    *used = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000L + use.ru_utime.tv_usec +
            use.ru_stime.tv_usec;
    return use.ru_nvcsw + use.ru_nivcsw;
}

static void compute(void)
{
    struct timespec begun, now;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begun.tv_sec) * 1000000000L + now.tv_nsec - begun.tv_nsec < COMPUTE_NS);
}

static void pingpong(int me, int rounds)
{
    long began, used, before = switches(&began);

    for (int i = 0; i < rounds; i++) {
        if (me == 0)
            dvm_send(DVM_WORLD, 1, GO_TAG, &i, 1, DVM_INT);
        dvm_recv(DVM_WORLD, !me, GO_TAG, &i, 1, DVM_INT, NULL);
        compute();
        if (me == 1)
            dvm_send(DVM_WORLD, 0, GO_TAG, &i, 1, DVM_INT);
    }
    before = switches(&used) - before;
    used = (used - began) / rounds;
    printf("rank %d left its core %s (%ld times in %d rounds, %ld us of its time each)\n", me,
           before > rounds / 3 && used < 2 * COMPUTE_NS / 1000 ? "often" : "seldom", before,
           rounds, used);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "1";
    int me, n, rc = 0, self = getpid();

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    if (strcmp(what, "alone") == 0) {
        dvm_recv(DVM_UNIVERSE, DVM_ANY, GO_TAG, NULL, 0, DVM_BYTE, NULL);
    } else if (strcmp(what, "pingpong") == 0) {
        pingpong(me, atoi(argv[2]));
    } else if (me == 0) {
        rc = look(n, atof(what));
    } else {
        dvm_send(DVM_WORLD, 0, PID_TAG, &self, 1, DVM_INT);
        dvm_recv(DVM_WORLD, 0, GO_TAG, NULL, 0, DVM_BYTE, NULL);
    }
    dvm_finalize();
    return rc;
}
