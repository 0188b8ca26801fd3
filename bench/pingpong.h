/* pingpong.h: how messages between two tasks are timed, for DVM and for its peers alike.
 *
 * The program that includes this defines exchange(bytes), one message there and one
 * back; meet(), a barrier; and shared(seconds), what rank 0 has measured, on both. A
 * figure is the median of REPEATS batches; a first trial decides how many exchanges a
 * batch has, so that it takes about BATCH_SECONDS. Lines: NAME VALUE UNIT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 7, LARGEST = 4 << 20 };
#define BATCH_SECONDS 0.12
#define TRIAL_PART 4           /* a trial takes at least this part of a batch */
#define EXCHANGES_MAX (1 << 24)

static char out[LARGEST], in[LARGEST];

static void exchange(size_t bytes);
static void meet(void);
static double shared(double seconds);

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double batch(int exchanges, size_t bytes)
{
    double start;
    int i;

    meet();
    start = now();
    for (i = 0; i < exchanges; i++)
        exchange(bytes);
    return shared(now() - start);
}

/* Seconds of half a round trip. */
static double one_way(size_t bytes)
{
    double t, times[REPEATS];
    int exchanges = 1, i;

    while ((t = batch(exchanges, bytes)) < BATCH_SECONDS / TRIAL_PART &&
           exchanges < EXCHANGES_MAX)
        exchanges *= TRIAL_PART;
    exchanges = (int)(exchanges * BATCH_SECONDS / t) + 1;
    for (i = 0; i < REPEATS; i++)
        times[i] = batch(exchanges, bytes) / exchanges / 2;
    qsort(times, REPEATS, sizeof times[0], ascending);
    return times[REPEATS / 2];
}

/* Time all sizes; rank 0 prints. */
static void pingpong(int rank)
{
    static const struct {
        const char *name;
        size_t bytes;
        int is_latency;
    } rows[] = {
        { "latency_8B", 8, 1 },
        { "latency_1KiB", 1 << 10, 1 },
        { "bandwidth_64KiB", 64 << 10, 0 },
        { "bandwidth_1MiB", 1 << 20, 0 },
        { "bandwidth_4MiB", 4 << 20, 0 },
    };
    size_t i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double t = one_way(rows[i].bytes);

        if (rank == 0 && rows[i].is_latency)
            printf("%s %.3f us\n", rows[i].name, t * 1e6);
        else if (rank == 0)
            printf("%s %.1f MB/s\n", rows[i].name, (double)rows[i].bytes / t / 1e6);
    }
}
