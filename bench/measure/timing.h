/* timing.h: clock, median, and how long is measured; for the measurements of the libraries
 * and of the machine itself alike.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdlib.h>
#include <time.h>

/* A figure is the median of REPEATS batches; a first trial decides how many calls a batch
 * has, so that it takes about batch_seconds, whatever a call costs. */
enum { REPEATS = 5, CALLS_MAX = 1 << 24, TRIAL_PART = 4 };
#define BATCH_SECONDS 0.06
#define BATCH_SECONDS_QUICK 0.002

/* Seconds of a clock that only goes forward. */
static inline double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The value below which a part (0 to 1) of the values lies; sorts them. */
static inline double part_of(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, ascending);
    return values[(size_t)(part * (double)(count - 1) + 0.5)];
}

/* The seconds of `calls` calls of work(arg), given by batch(arg, calls), as the median of
 * one call. */
static inline double one_call(double (*batch)(void *arg, int calls), void *arg,
                              double batch_seconds)
{
    double t, times[REPEATS];
    int calls = 1, i;

    while ((t = batch(arg, calls)) < batch_seconds / TRIAL_PART && calls < CALLS_MAX)
        calls *= TRIAL_PART;
    calls = (int)(calls * batch_seconds / t) + 1;
    for (i = 0; i < REPEATS; i++)
        times[i] = batch(arg, calls) / calls;
    return part_of(times, REPEATS, 0.5);
}

#endif
