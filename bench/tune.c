/* tune: measure every algorithm of the collectives on the running machine, and write the table
 * that DVM_COLL_TABLE names.
 *
 *     dvm run -n N tune [MOST] > table      MOST: largest block, bytes (1 MiB)
 *
 * For groups of the first 2, 4, 8 ... and all tasks, and for sizes that grow by 8, the
 * algorithms of a call are taken in turns, so that what the machine does meanwhile hits all;
 * of each the fastest turn counts, as the slowest task saw it. DVM_COLL forces them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dvm.h"

#define MOST_DEFAULT ((size_t)1 << 20)
#define TURNS 5
#define TURN_SECONDS 0.005 /* of the slowest algorithm, about */
#define REPEATS_MAX 200
#define ALGORITHMS_MAX 7
#define BETWEEN "barrier=dissemination" /* DVM_COLL where all tasks meet */

enum call {
    BARRIER,
    BCAST,
    REDUCE,
    ALLREDUCE,
    SCAN,
    EXSCAN,
    REDUCE_SCATTER,
    REDUCE_SCATTER_BLOCK,
    GATHER,
    SCATTER,
    ALLGATHER,
    ALLGATHERV,
    ALLTOALL,
    CALLS
};

static const struct {
    const char *name;
    const char *algorithms[ALGORITHMS_MAX + 1];
} calls[CALLS] = {
    [BARRIER] = {"barrier", {"shared", "hosts", "star", "dissemination"}},
    [BCAST] = {"bcast", {"shared", "pieces", "hosts", "star", "binomial", "scatter_ring"}},
    [REDUCE] = {"reduce", {"shared", "pieces", "pairs", "hosts", "star", "binomial"}},
    [ALLREDUCE] = {"allreduce",
                   {"shared", "pieces", "pairs", "hosts", "star", "doubling", "scatter_gather"}},
    [SCAN] = {"scan", {"shared", "hosts", "doubling"}},
    [EXSCAN] = {"exscan", {"shared", "hosts", "doubling"}},
    [REDUCE_SCATTER] = {"reduce_scatter", {"hosts", "spread"}},
    [REDUCE_SCATTER_BLOCK] = {"reduce_scatter_block", {"hosts", "spread"}},
    [GATHER] = {"gather", {"shared", "hosts", "linear"}},
    [SCATTER] = {"scatter", {"shared", "hosts", "linear"}},
    [ALLGATHERV] = {"allgatherv", {"shared", "pieces", "hosts", "bruck", "ring"}},
    [ALLGATHER] = {"allgather", {"shared", "pieces", "hosts", "star", "bruck", "ring"}},
    [ALLTOALL] = {"alltoall", {"shared", "pieces", "hosts", "spread", "pairwise"}},
};

static char *in, *out;
static size_t *counts, *offsets; /* by rank */

/* Blocks for each of so many tasks, of one size. */
static void run_unlike(dvm_group g, enum call call, size_t bytes)
{
    int size;

    dvm_group_size(g, &size);
    for (int r = 0; r < size; r++) {
        counts[r] = bytes / sizeof(double);
        offsets[r] = counts[r] * (size_t)r;
    }
    if (call == ALLGATHERV)
        dvm_allgatherv(g, in, counts[0], out, counts, offsets, DVM_DOUBLE);
    else
        dvm_reduce_scatter(g, in, out, counts, DVM_DOUBLE, DVM_SUM);
}

static void run_prefix(dvm_group g, enum call call, size_t bytes)
{
    (call == SCAN ? dvm_scan : dvm_exscan)(g, in, out, bytes / sizeof(double), DVM_DOUBLE, DVM_SUM);
}

static void run(dvm_group g, enum call call, size_t bytes)
{
    switch (call) {
    case BARRIER:
        dvm_barrier(g);
        break;
    case BCAST:
        dvm_bcast(g, 0, in, bytes, DVM_BYTE);
        break;
    case REDUCE:
        dvm_reduce(g, 0, in, out, bytes / sizeof(double), DVM_DOUBLE, DVM_SUM);
        break;
    case ALLREDUCE:
        dvm_allreduce(g, in, out, bytes / sizeof(double), DVM_DOUBLE, DVM_SUM);
        break;
    case SCAN:
    case EXSCAN:
        run_prefix(g, call, bytes);
        break;
    case REDUCE_SCATTER_BLOCK:
        dvm_reduce_scatter_block(g, in, out, bytes / sizeof(double), DVM_DOUBLE, DVM_SUM);
        break;
    case REDUCE_SCATTER:
    case ALLGATHERV:
        run_unlike(g, call, bytes);
        break;
    case GATHER:
        dvm_gather(g, 0, in, out, bytes, DVM_BYTE);
        break;
    case SCATTER:
        dvm_scatter(g, 0, in, out, bytes, DVM_BYTE);
        break;
    case ALLGATHER:
        dvm_allgather(g, in, out, bytes, DVM_BYTE);
        break;
    default:
        dvm_alltoall(g, in, out, bytes, DVM_BYTE);
    }
}

/* The seconds of repeats calls, as the slowest task saw them; alike at all. */
static double timed(dvm_group g, enum call call, const char *algorithm, size_t bytes, int repeats)
{
    char forced[64];
    double begin, seconds, slowest;

    snprintf(forced, sizeof forced, "%s=%s", calls[call].name, algorithm);
    setenv("DVM_COLL", forced, 1);
    run(g, call, bytes); /* everybody is there, and what is made at first use is made */
    dvm_barrier(g);
    begin = dvm_wtime();
    for (int i = 0; i < repeats; i++)
        run(g, call, bytes);
    seconds = dvm_wtime() - begin;
    dvm_allreduce(g, &seconds, &slowest, 1, DVM_DOUBLE, DVM_MAX);
    return slowest;
}

/* The best algorithm; the same answer at all tasks. */
static const char *best_of(dvm_group g, enum call call, size_t bytes)
{
    const char *const *names = calls[call].algorithms;
    double fastest[ALGORITHMS_MAX], once = 0;
    int repeats, at = 0;

    for (int a = 0; names[a]; a++) {
        double seconds = timed(g, call, names[a], bytes, 1);

        once = seconds > once ? seconds : once;
    }
    repeats = once * REPEATS_MAX < TURN_SECONDS ? REPEATS_MAX : 1 + (int)(TURN_SECONDS / once);
    for (int turn = 0; turn < TURNS; turn++)
        for (int a = 0; names[a]; a++) {
            double seconds = timed(g, call, names[a], bytes, repeats);

            if (turn == 0 || seconds < fastest[a])
                fastest[a] = seconds;
        }
    for (int a = 1; names[a]; a++)
        if (fastest[a] < fastest[at])
            at = a;
    return names[at];
}

static void write_row(enum call call, int tasks, size_t most, const char *algorithm)
{
    printf("%-20s %6d ", calls[call].name, tasks);
    if (most == SIZE_MAX)
        printf("%10s %s\n", "any", algorithm);
    else
        printf("%10zu %s\n", most, algorithm);
}

/* A row for each run of sizes with one winner; a limit is put in the middle of two sizes. */
static void tune_call(dvm_group g, enum call call, int tasks, size_t most, int rank)
{
    const char *last = NULL;
    size_t before = 0;

    for (size_t bytes = sizeof(double); bytes <= most; before = bytes, bytes *= 8) {
        const char *best = best_of(g, call, bytes);

        if (last && best != last && rank == 0)
            write_row(call, tasks, (before + bytes) / 2, last);
        last = best;
        if (call == BARRIER)
            break;
    }
    if (rank == 0)
        write_row(call, tasks, SIZE_MAX, last);
    fflush(stdout);
}

static void tune_group(int tasks, int rank, size_t most)
{
    int *ranks = malloc((size_t)tasks * sizeof *ranks);
    dvm_group g;

    if (!ranks)
        dvm_abort(DVM_WORLD, 1);
    for (int i = 0; i < tasks; i++)
        ranks[i] = i;
    if (rank < tasks) {
        dvm_group_subset(DVM_WORLD, ranks, tasks, &g);
        for (int call = 0; call < CALLS; call++)
            tune_call(g, (enum call)call, tasks, most, rank);
        dvm_group_free(&g);
    }
    free(ranks);
    setenv("DVM_COLL", BETWEEN, 1); /* the others have forced nothing meanwhile */
    dvm_barrier(DVM_WORLD);
}

int main(int argc, char **argv)
{
    size_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : MOST_DEFAULT;
    int rank, size;

    setenv("DVM_COLL", BETWEEN, 1); /* so that it is looked at from the start */
    unsetenv("DVM_COLL_TABLE");
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &rank);
    dvm_group_size(DVM_WORLD, &size);
    if (most < sizeof(double))
        most = sizeof(double);
    in = calloc((size_t)size, most);
    out = calloc((size_t)size, most);
    counts = calloc((size_t)size, sizeof *counts);
    offsets = calloc((size_t)size, sizeof *offsets);
    if (!in || !out || !counts || !offsets || size < 2) {
        fprintf(stderr, "tune: %s\n", size < 2 ? "it needs at least two tasks: dvm run -n N tune"
                                               : "no memory for the blocks");
        dvm_abort(DVM_WORLD, 1);
    }
    if (rank == 0)
        printf("# call               tasks      bytes algorithm: measured with %d tasks\n", size);
    for (int tasks = 2; tasks < size; tasks *= 2)
        tune_group(tasks, rank, most);
    tune_group(size, rank, most);
    free(in);
    free(out);
    free(counts);
    free(offsets);
    dvm_finalize();
    return 0;
}
