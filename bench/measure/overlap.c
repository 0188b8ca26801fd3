/* overlap.c: an allreduce of 1 MiB that goes on while the program computes.
 *
 * In turns: the collective alone, started and waited for at once; the computing alone, which
 * is made to take as long; and both at once. What is hidden is the part of the shorter of the
 * two that both at once do without. CPU time is that of all tasks, for both at once over that
 * of the two in turn.
 */
#include <stdlib.h>
#include <time.h>

#include "measure.h"
#include "timing.h"

enum { COUNT = (1 << 20) / sizeof(double), TURNS = 15, TURNS_QUICK = 3, STRIDE = 1000 };

/* What one turn took, in seconds: wall clock, of the slowest task, and CPU, of all. */
struct cost {
    double wall[TURNS], cpu[TURNS];
};

static volatile double nowhere;

static void compute(double steps)
{
    double x = 1, step;

    for (step = 0; step < steps; step += STRIDE)
        for (int i = 0; i < STRIDE; i++)
            x = x * 0.999999 + 1e-6;
    nowhere = x;
}

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double of_all(double value)
{
    double all;

    api.allreduce(&value, &all, 1);
    return all;
}

static void check(int calls)
{
    const double *all = (const double *)(const void *)in;
    int k;

    for (k = 0; k < COUNT; k++)
        if (all[k] != (double)size * (size + 1) / 2 * (k % 7 + calls % 5))
            wrong("allreduce_1MiB: not what was expected");
}

static void fill(int calls)
{
    double *mine = (double *)(void *)out;
    int k;

    for (k = 0; k < COUNT; k++)
        mine[k] = (double)((rank + 1) * (k % 7 + calls % 5));
    memset(in, 0x5a, COUNT * sizeof *mine);
}

/* Once, with the collective or without, and with so many steps of computing meanwhile. */
static void once(struct cost *cost, int turn, int collective, double steps)
{
    double begin, cpu;

    fill(turn);
    together(0);
    begin = now();
    cpu = cpu_now();
    if (collective)
        api.start_allreduce((double *)(void *)out, (double *)(void *)in, COUNT);
    compute(steps);
    if (collective)
        api.finish();
    cpu = cpu_now() - cpu;
    cost->wall[turn] = together(now() - begin);
    cost->cpu[turn] = of_all(cpu);
    if (collective)
        check(turn);
}

static double median(const double *values, int count)
{
    double sorted[TURNS];

    memcpy(sorted, values, (size_t)count * sizeof *values);
    return part_of(sorted, (size_t)count, 0.5);
}

/* How many steps take so many seconds, here and now; the same for all tasks. */
static double steps_of(double seconds)
{
    double steps = STRIDE, took;

    do {
        double begin = now();

        steps *= 2;
        compute(steps);
        took = now() - begin;
    } while (took < 0.005);
    return together(steps / took * seconds);
}

void measure_overlap(void)
{
    static struct cost alone, computing, both;
    int turns = batch_seconds < BATCH_SECONDS ? TURNS_QUICK : TURNS, t;
    double steps, a, c, b;

    if (!api.start_allreduce)
        return;
    for (t = 0; t < turns; t++)
        once(&alone, t, 1, 0);
    steps = steps_of(median(alone.wall, turns));
    for (t = 0; t < turns; t++) {
        once(&alone, t, 1, 0);
        once(&computing, t, 0, steps);
        once(&both, t, 1, steps);
    }
    a = median(alone.wall, turns);
    c = median(computing.wall, turns);
    b = median(both.wall, turns);
    report("iallreduce_1MiB", a * 1e6, "us");
    report("hidden_1MiB", (a + c - b) / (a < c ? a : c), "part");
    report("overlap_cpu_1MiB", median(both.cpu, turns) /
           (median(alone.cpu, turns) + median(computing.cpu, turns)), "ratio");
}
