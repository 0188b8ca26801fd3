/* samplesort.c: sort more numbers than one task wants to hold.
 *
 * Each task has its share of random keys. At the end the keys are sorted over all tasks: those of
 * rank 0 are the smallest, and so on. Each task sorts its own, and takes n samples from them
 * at equal distances. All samples go to all; every n-th of them, sorted, is a
 * splitter: what lies between two splitters belongs to one rank. So each task cuts its
 * sorted keys at the splitters and sends each piece to its rank; the pieces that come are
 * sorted already, and are merged.
 *
 * The splitters come from the data, so the shares are nearly even whatever the keys are: no
 * task gets more than twice its share (with keys that are all different). Source: H. Shi,
 * J. Schaeffer, "Parallel sorting by regular sampling", J. Parallel Distrib. Comput. 14 (1992).
 */
#include <dvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/share.h"

struct settings {
    long keys; /* of all tasks */
    long seed;
    int skewed, check;
};

/* Keys of this task. */
struct part {
    uint64_t *keys; /* owned */
    size_t count;
};

static void *must_have(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (!memory) {
        fprintf(stderr, "samplesort: no memory for %zu keys\n", count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* The i-th key of all: the same for any number of tasks (splitmix64). Skewed keys are mostly
 * small. */
static uint64_t key_at(const struct settings *s, int64_t i)
{
    uint64_t x = (uint64_t)s->seed + (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return s->skewed ? x >> (x % 48) : x;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void sort(uint64_t *keys, size_t count)
{
    qsort(keys, count, sizeof *keys, by_size);
}

/* ---- the algorithm ----------------------------------------------------------------------- */

/* n - 1 splitters from everybody's samples, the same at all tasks, into splitter. */
static void find_splitters(const struct part *own, int n, uint64_t *splitter)
{
    uint64_t *mine = must_have((size_t)n, sizeof *mine);
    uint64_t *all = must_have((size_t)n * (size_t)n, sizeof *all);

    for (int i = 0; i < n; i++)
        mine[i] = own->count > 0 ? own->keys[own->count * (size_t)i / (size_t)n] : UINT64_MAX;
    dvm_allgather(DVM_WORLD, mine, all, (size_t)n, DVM_UINT64);
    sort(all, (size_t)n * (size_t)n);
    for (int i = 1; i < n; i++)
        splitter[i - 1] = all[(size_t)i * (size_t)n + (size_t)n / 2 - 1];
    free(mine);
    free(all);
}

/* Cut the sorted keys at the splitters: counts[r] of them, from offsets[r] on, are for rank r. */
static void cut(const struct part *own, int n, const uint64_t *splitter, size_t *counts,
                size_t *offsets)
{
    size_t at = 0;

    for (int rank = 0; rank < n; rank++) {
        offsets[rank] = at;
        while (at < own->count && (rank == n - 1 || own->keys[at] <= splitter[rank]))
            at++;
        counts[rank] = at - offsets[rank];
    }
}

/* Merge the sorted pieces that lie one behind the other, two and two, until one is left. ends[i]
 * is where piece i ends; there are n. */
static void merge(struct part *p, size_t *ends, int n)
{
    uint64_t *from = p->keys, *to = must_have(p->count, sizeof *to);

    while (n > 1) {
        size_t at = 0, begin = 0;

        for (int i = 0; i < n; i += 2) {
            size_t left = begin, middle = ends[i], end = i + 1 < n ? ends[i + 1] : middle;
            size_t right = middle;

            while (left < middle || right < end)
                to[at++] = right == end || (left < middle && from[left] <= from[right])
                               ? from[left++]
                               : from[right++];
            ends[i / 2] = begin = end;
        }
        n = (n + 1) / 2;
        p->keys = to;
        to = from;
        from = p->keys;
    }
    free(to);
}

/* Send each piece to its rank. The counts go first: who receives must know how much. */
static struct part exchange(const struct part *own, int n, const size_t *counts,
                            const size_t *offsets)
{
    size_t *come = must_have(3 * (size_t)n, sizeof *come), *come_at = come + n, *ends = come_at + n;
    struct part got = { .count = 0 };

    dvm_alltoall(DVM_WORLD, counts, come, 1, DVM_SIZE);
    for (int rank = 0; rank < n; rank++) {
        come_at[rank] = got.count;
        got.count += come[rank];
        ends[rank] = got.count;
    }
    got.keys = must_have(got.count, sizeof *got.keys);
    dvm_alltoallv(DVM_WORLD, own->keys, counts, offsets, got.keys, come, come_at, DVM_UINT64);
    merge(&got, ends, n);
    free(come);
    return got;
}

static struct part samplesort(struct part *own, int n)
{
    uint64_t *splitter = must_have((size_t)n, sizeof *splitter);
    size_t *counts = must_have(2 * (size_t)n, sizeof *counts), *offsets = counts + n;
    struct part sorted;

    sort(own->keys, own->count);
    find_splitters(own, n, splitter);
    cut(own, n, splitter, counts, offsets);
    sorted = exchange(own, n, counts, offsets);
    free(splitter);
    free(counts);
    return sorted;
}

/* ---- the check ---------------------------------------------------------------------------- */

/* Rank 0 sorts all keys alone and compares with what all tasks have. Returns 1 when all are
 * equal. */
static int compare(const struct settings *s, const struct part *p, const size_t *shares, int me,
                   int n)
{
    const size_t total = me == 0 ? (size_t)s->keys : 0;
    uint64_t *all = must_have(total, sizeof *all), *alone = must_have(total, sizeof *alone);
    size_t *offsets = must_have((size_t)n, sizeof *offsets), sum = 0, wrong = 0;

    for (int rank = 0; rank < n; rank++) {
        offsets[rank] = sum;
        sum += shares[rank];
    }
    wrong = sum != (size_t)s->keys;
    if (!wrong)
        dvm_gatherv(DVM_WORLD, 0, p->keys, p->count, all, shares, offsets, DVM_UINT64);
    for (size_t i = 0; i < total; i++)
        alone[i] = key_at(s, (int64_t)i);
    sort(alone, total);
    for (size_t i = 0; i < total; i++)
        wrong += all[i] != alone[i];
    if (me == 0)
        printf("check: %s %zu of %ld keys are not where one task sorts them\n",
               wrong ? "FAILED" : "ok", wrong, s->keys);
    free(all);
    free(alone);
    free(offsets);
    return wrong == 0;
}

/* ---- the program --------------------------------------------------------------------------- */

/* Make keys, sort, tell, check. Returns the exit status. */
static int run(const struct settings *s, int me, int n)
{
    const int64_t first = share_first(s->keys, n, me);
    struct part own = { .count = (size_t)share_count(s->keys, n, me) }, sorted;
    size_t *shares = must_have((size_t)n, sizeof *shares), most = 0;
    double start, seconds;
    int good = 1;

    own.keys = must_have(own.count, sizeof *own.keys);
    for (size_t i = 0; i < own.count; i++)
        own.keys[i] = key_at(s, first + (int64_t)i);
    dvm_barrier(DVM_WORLD); /* start the clock when everybody is there */
    start = dvm_wtime();
    sorted = samplesort(&own, n);
    dvm_allgather(DVM_WORLD, &sorted.count, shares, 1, DVM_SIZE);
    seconds = dvm_wtime() - start;
    for (int rank = 0; rank < n; rank++)
        most = shares[rank] > most ? shares[rank] : most;
    if (me == 0)
        printf("samplesort: %ld keys, %d tasks, the largest share %.2f of the mean, %.3f s\n",
               s->keys, n, (double)most * n / (double)s->keys, seconds);
    if (s->check)
        good = compare(s, &sorted, shares, me, n);
    free(shares);
    free(sorted.keys);
    free(own.keys);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = { .keys = 2000000, .seed = 1 };
    const struct option table[] = {
        { "keys", OPTION_INT, &s.keys, 1, 1e9, "keys of all tasks together (2e6)" },
        { "seed", OPTION_INT, &s.seed, 0, 1e9, "of the random keys (1)" },
        { "skewed", OPTION_FLAG, &s.skewed, 0, 0, "small keys are much more frequent" },
        { "check", OPTION_FLAG, &s.check, 0, 0, "compare with what one task sorts" },
        { .name = NULL },
    };
    int me, n, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    status = options_read(argc, argv, table, me == 0);
    if (status == OPTION_GO_ON)
        status = run(&s, me, n);
    dvm_finalize();
    return status;
}
