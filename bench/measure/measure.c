/* measure.c: what a message library does on this machine, one line a figure: NAME VALUE UNIT.
 *
 *   measure [quick] WHAT...     latency, bandwidth, window, sweep, ring, collective, memory,
 *                               waiting=SECONDS, count=FILE, slow=MILLISECONDS, meet
 *
 * The same source for all libraries; api_NAME.c is the thin part that differs. A figure is
 * the median of several batches, the slowest task's time. What is measured is a table: a
 * row more is a figure more. Latency is half a round trip, of a ring the time of one step.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "measure.h"
#include "timing.h"

enum { PROOFS = 4 }; /* messages that are compared whole before a row is timed */

int rank, size;
char *out, *in, *spare;
uint64_t number, sum;
double batch_seconds = BATCH_SECONDS;

enum unit { LATENCY, BANDWIDTH, RATE, STEP, CALL };

struct row {
    const char *group, *name;
    const struct kind *kind;
    size_t bytes;
    enum unit unit;
};

static const struct row rows[] = {
    { "latency", "latency_8B", &ping_pong, 8, LATENCY },
    { "latency", "latency_1KiB", &ping_pong, 1 << 10, LATENCY },
    { "bandwidth", "bandwidth_64KiB", &ping_pong, 64 << 10, BANDWIDTH },
    { "bandwidth", "bandwidth_1MiB", &ping_pong, 1 << 20, BANDWIDTH },
    { "bandwidth", "bandwidth_4MiB", &ping_pong, 4 << 20, BANDWIDTH },
    { "window", "rate_8B", &window, 8, RATE },
    { "ring", "ring_8B", &ring, 8, STEP },
    { "collective", "barrier", &barrier, 0, CALL },
    { "collective", "bcast_8B", &bcast, 8, CALL },
    { "collective", "bcast_1MiB", &bcast, 1 << 20, CALL },
    { "collective", "reduce_8B", &reduce, 8, CALL },
    { "collective", "allreduce_8B", &allreduce, 8, CALL },
    { "collective", "allreduce_1MiB", &allreduce, 1 << 20, CALL },
    { "collective", "allgather_1KiB", &allgather, 1 << 10, CALL },
    { "collective", "alltoall_1KiB", &alltoall, 1 << 10, CALL },
    { "collective", "alltoall_32KiB", &alltoall, 32 << 10, CALL },
    { "collective", "neighbours_1KiB", &neighbours, 1 << 10, CALL },
    { "column", "column_1KiB", &column, 1 << 10, CALL },
    { "column", "hand_column_1KiB", &hand_column, 1 << 10, CALL },
    { "column", "column_16KiB", &column, 16 << 10, CALL },
    { "column", "hand_column_16KiB", &hand_column, 16 << 10, CALL },
    { "column", "column_64KiB", &column, 64 << 10, CALL },
    { "column", "hand_column_64KiB", &hand_column, 64 << 10, CALL },
    { "sweep", "sweep_8", &ping_pong, 8, LATENCY },
    { "sweep", "sweep_32", &ping_pong, 32, LATENCY },
    { "sweep", "sweep_128", &ping_pong, 128, LATENCY },
    { "sweep", "sweep_512", &ping_pong, 512, LATENCY },
    { "sweep", "sweep_2048", &ping_pong, 2 << 10, LATENCY },
    { "sweep", "sweep_8192", &ping_pong, 8 << 10, LATENCY },
    { "sweep", "sweep_16384", &ping_pong, 16 << 10, LATENCY },
    { "sweep", "sweep_32768", &ping_pong, 32 << 10, LATENCY },
    { "sweep", "sweep_65536", &ping_pong, 64 << 10, LATENCY },
    { "sweep", "sweep_131072", &ping_pong, 128 << 10, LATENCY },
    { "sweep", "sweep_262144", &ping_pong, 256 << 10, LATENCY },
    { "sweep", "sweep_524288", &ping_pong, 512 << 10, LATENCY },
    { "sweep", "sweep_1048576", &ping_pong, 1 << 20, LATENCY },
    { "sweep", "sweep_2097152", &ping_pong, 2 << 20, LATENCY },
    { "sweep", "sweep_4194304", &ping_pong, 4 << 20, LATENCY },
};

void wrong(const char *what)
{
    fprintf(stderr, "measure: rank %d: %s\n", rank, what);
    exit(1);
}

void report(const char *name, double value, const char *unit)
{
    if (rank != 0)
        return;
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

/* By plain messages, so that libraries without collectives do the same. */
double together(double value)
{
    double other;
    int task;

    if (rank != 0) {
        api.send(0, TAG_MEET, &value, sizeof value);
        api.receive(0, TAG_MEET, &value, sizeof value);
        return value;
    }
    for (task = 1; task < size; task++) {
        api.receive(task, TAG_MEET, &other, sizeof other);
        value = other > value ? other : value;
    }
    for (task = 1; task < size; task++)
        api.send(task, TAG_MEET, &value, sizeof value);
    return value;
}

static char pattern(size_t k, int sender, unsigned salt)
{
    return (char)(k * 7 + (k >> 8) * 13 + (k >> 16) * 5 + (unsigned)sender * 31 + salt * 101);
}

void pattern_fill(char *buf, size_t bytes, int sender, unsigned salt)
{
    size_t k;

    for (k = sizeof number; k < bytes; k++)
        buf[k] = pattern(k, sender, salt);
}

int pattern_right(const char *buf, size_t bytes, int sender, unsigned salt)
{
    size_t k;

    for (k = sizeof number; k < bytes; k++)
        if (buf[k] != pattern(k, sender, salt))
            return 0;
    return 1;
}

uint64_t numbers_until(uint64_t messages)
{
    return messages * (messages - 1) / 2;
}

/* Seconds of so many calls, of the slowest task. */
static double batch(void *arg, int calls)
{
    static unsigned salt;
    const struct row *row = arg;
    double start;
    int i;

    row->kind->prepare(row->bytes, ++salt);
    together(0);
    start = now();
    for (i = 0; i < calls; i++)
        row->kind->once(row->bytes);
    start = together(now() - start);
    if (!row->kind->right(row->bytes, salt, calls)) {
        fprintf(stderr, "measure: rank %d: %s: what was received is wrong\n", rank, row->name);
        exit(1);
    }
    return start;
}

static void measure_row(const struct row *row)
{
    double t;
    int i;

    for (i = 0; i < PROOFS; i++)
        batch((void *)row, 1);
    t = one_call(batch, (void *)row, batch_seconds);
    switch (row->unit) {
    case LATENCY: report(row->name, t / 2 * 1e6, "us"); break;
    case BANDWIDTH: report(row->name, (double)row->bytes / (t / 2) / 1e6, "MB/s"); break;
    case RATE: report(row->name, WINDOW / t / 1e6, "Mmsg/s"); break;
    case STEP: report(row->name, t / size * 1e6, "us"); break;
    case CALL: report(row->name, t * 1e6, "us"); break;
    }
}

static int has_call(const struct kind *kind)
{
    void (*call)(void);

    memcpy(&call, (const char *)&api + kind->call, sizeof call);
    return call != NULL;
}

static void measure_group(const char *group)
{
    size_t i, known = 0;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].group, group)) {
            known++;
            if (has_call(rows[i].kind))
                measure_row(&rows[i]);
        }
    if (!known)
        wrong("no such group of figures");
    if (!strcmp(group, "latency"))
        measure_percentiles();
}

static void measure(const char *what)
{
    if (!strcmp(what, "quick"))
        batch_seconds = BATCH_SECONDS_QUICK;
    else if (!strcmp(what, "memory"))
        measure_memory();
    else if (!strcmp(what, "meet"))
        api.barrier();
    else if (!strcmp(what, "overlap"))
        measure_overlap();
    else if (!strncmp(what, "waiting=", 8))
        measure_waiting(atof(what + 8));
    else if (!strncmp(what, "slow=", 5))
        await_slow(atof(what + 5));
    else if (!strncmp(what, "count=", 6))
        measure_count(what + 6);
    else
        measure_group(what);
}

static char *room(void)
{
    char *p = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        wrong("no memory for messages");
    return p;
}

int main(int argc, char **argv)
{
    int i;

    out = room();
    in = room();
    spare = room();
    api.start(&argc, &argv, &rank, &size);
    if (size < 2)
        wrong("it takes two tasks at least");
    for (i = 1; i < argc; i++)
        measure(argv[i]);
    api.end();
    return 0;
}
