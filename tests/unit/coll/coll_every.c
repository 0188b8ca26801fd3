/* coll_every: each algorithm that the table of choose.c has, forced by DVM_COLL for its call, by 1
 * to 17 tasks on one host, on three in turns, and unevenly: no elements, one and many, any root, in
 * place, with an operator that is not commutative and with sums that show the order. Algorithms
 * are asked of the table itself, and each must have been the one that ran: so a new one is tested
 * when it is there. At full size each number of tasks lies in each way. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coll/choose.h"
#include "dvm.h"
#include "group/group.h"
#include "proto/commons.h"
#include "tests/support/computing.h"
#include "tests/support/full_size.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define MANY 900 /* elements of 8 bytes: over the limits of small ones */

static const size_t lengths[] = {0, 1, 40, MANY};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
static const char *const calls[] = {"barrier", "bcast", "reduce", "allreduce", "scan", "exscan",
                                    "reduce_scatter", "reduce_scatter_block", "gather", "scatter",
                                    "allgather", "allgatherv", "alltoall"};
#define CALLS (sizeof calls / sizeof calls[0])
static const char *const names[ALGORITHM_COUNT] = {
    "shared", "hosts", "pieces", "pairs", "star", "dissemination", "binomial", "scatter_ring",
    "doubling", "scatter_gather", "bruck", "ring", "spread", "pairwise", "linear"};

static const int uneven[TASKS_MAX] = {0, 0, 0, 1, 2, 2, 0, 0, 1, 1, 1, 2, 2, 2, 2, 0, 1};
static const struct fake_options lies[] = {{0}, {.hosts = 3}, {.host_of = uneven}};
#define LIES (sizeof lies / sizeof lies[0])

/* What a task does with one algorithm of one call. */
struct turn {
    int n, me, root;
    size_t count;
    bool in_place;
    dvm_op op, own; /* of this turn, and the one that is not commutative */
    dvm_type type;
    uint64_t *in, *out; /* MANY for each task */
};

/* ---- operands ---------------------------------------------------------------------------- */

/* Maps x -> a x + b, b in the low half: left first, then right. */
static uint64_t both(uint64_t left, uint64_t right)
{
    uint32_t a = (uint32_t)(right >> 32);

    return (uint64_t)((uint32_t)(left >> 32) * a) << 32 |
           (uint32_t)((uint32_t)left * a + (uint32_t)right);
}

static void then(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    uint64_t *x = left;
    const uint64_t *y = right;

    for (size_t i = 0; type == DVM_UINT64 && i < count; i++)
        x[i] = both(x[i], y[i]);
}

static uint64_t operand(const struct turn *t, int rank, size_t i)
{
    double x = (rank % 2 ? 1e16 : 1.0) / (rank + 1) * (rank % 3 ? 1 : -1) + (double)i * 1e-3;
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return t->op == DVM_SUM ? bits
                            : (uint64_t)(2 * rank + 3) << 32 | ((uint64_t)rank * 77 + i);
}

static uint64_t combine(const struct turn *t, uint64_t left, uint64_t right)
{
    double x, y;

    if (t->op != DVM_SUM)
        return both(left, right);
    memcpy(&x, &left, sizeof x);
    memcpy(&y, &right, sizeof y);
    x += y;
    memcpy(&left, &x, sizeof left);
    return left;
}

/* What the ranks below n give, in the one order. */
static uint64_t combined(const struct turn *t, int n, size_t i)
{
    uint64_t part[TASKS_MAX];

    for (int r = 0; r < n; r++)
        part[r] = operand(t, r, i);
    for (int bit = 1; bit < n; bit *= 2)
        for (int r = 0; r + bit < n; r += 2 * bit)
            part[r] = combine(t, part[r], part[r + bit]);
    return part[0];
}

static bool are_combined(const struct turn *t, int n, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (t->out[i] != combined(t, n, from + i))
            return false;
    return true;
}

/* Operands where the call finds them; the input to give. */
static const void *give(const struct turn *t, size_t count, bool in_place)
{
    for (size_t i = 0; i < count; i++)
        (in_place ? t->out : t->in)[i] = operand(t, t->me, i);
    return in_place ? DVM_IN_PLACE : t->in;
}

/* ---- blocks ------------------------------------------------------------------------------ */

static uint64_t value(int from, int to, size_t i)
{
    return (uint64_t)from * 1000003 + (uint64_t)to * 2003 + i;
}

static void put(uint64_t *at, int from, int to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        at[i] = value(from, to, i);
}

static bool is(const uint64_t *at, int from, int to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (at[i] != value(from, to, i))
            return false;
    return true;
}

/* ---- the calls --------------------------------------------------------------------------- */

static int rooted(const struct turn *t, enum coll_kind kind)
{
    bool at_root = t->me == t->root, in_place = at_root && t->in_place;
    size_t n = t->count;

    if (kind == COLL_BCAST) {
        if (at_root)
            put(t->in, t->root, 0, n);
        FAKE_CHECK(!dvm_bcast(DVM_WORLD, t->root, t->in, n, DVM_UINT64));
        FAKE_CHECK(is(t->in, t->root, 0, n));
    } else if (kind == COLL_GATHER) {
        put(in_place ? t->out + n * (size_t)t->root : t->in, t->me, t->root, n);
        FAKE_CHECK(!dvm_gather(DVM_WORLD, t->root, in_place ? DVM_IN_PLACE : t->in, t->out, n,
                               DVM_UINT64));
        for (int r = 0; at_root && r < t->n; r++)
            FAKE_CHECK(is(t->out + n * (size_t)r, r, t->root, n));
    } else if (kind == COLL_SCATTER) {
        for (int r = 0; at_root && r < t->n; r++)
            put(t->in + n * (size_t)r, t->root, r, n);
        FAKE_CHECK(!dvm_scatter(DVM_WORLD, t->root, t->in, in_place ? DVM_IN_PLACE : t->out, n,
                                DVM_UINT64));
        FAKE_CHECK(in_place || is(t->out, t->root, t->me, n));
    } else {
        FAKE_CHECK(!dvm_reduce(DVM_WORLD, t->root, give(t, n, in_place), t->out, n, t->type,
                               t->op));
        FAKE_CHECK(!at_root || are_combined(t, t->n, 0, n));
    }
    return 0;
}

static int reduced(const struct turn *t, enum coll_kind kind)
{
    const bool place = t->in_place;
    size_t n = t->count / (size_t)t->n, counts[TASKS_MAX], before = 0, all = 0;

    if (kind == COLL_ALLREDUCE) {
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, give(t, t->count, place), t->out, t->count, t->type,
                                  t->op));
        FAKE_CHECK(are_combined(t, t->n, 0, t->count));
    } else if (kind == COLL_SCAN) {
        FAKE_CHECK(!dvm_scan(DVM_WORLD, give(t, t->count, place), t->out, t->count, t->type,
                             t->op));
        FAKE_CHECK(are_combined(t, t->me + 1, 0, t->count));
    } else if (kind == COLL_EXSCAN) {
        FAKE_CHECK(!dvm_exscan(DVM_WORLD, give(t, t->count, place), t->out, t->count, t->type,
                               t->op));
        FAKE_CHECK(t->me == 0 || are_combined(t, t->me, 0, t->count));
    } else if (kind == COLL_REDUCE_SCATTER_BLOCK) {
        FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, give(t, n * (size_t)t->n, place), t->out,
                                             n, t->type, t->op));
        FAKE_CHECK(are_combined(t, t->n, n * (size_t)t->me, n));
    } else {
        for (int r = 0; r < t->n; r++) {
            counts[r] = n * (size_t)(r % 3);
            before += r < t->me ? counts[r] : 0;
            all += counts[r];
        }
        FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, give(t, all, place), t->out, counts, t->type,
                                       t->op));
        FAKE_CHECK(are_combined(t, t->n, before, counts[t->me]));
    }
    return 0;
}

static int exchanged(const struct turn *t, enum coll_kind kind)
{
    size_t counts[TASKS_MAX], offsets[TASKS_MAX], all = 0;
    const void *in = t->in_place ? DVM_IN_PLACE : (const void *)t->in;
    bool alltoall = kind == COLL_ALLTOALL;

    for (int r = 0; r < t->n; r++) {
        counts[r] = kind == COLL_ALLGATHERV ? t->count * (size_t)(r % 3) / 2 : t->count;
        offsets[r] = all;
        all += counts[r];
    }
    for (int r = 0; alltoall && r < t->n; r++)
        put((t->in_place ? t->out : t->in) + offsets[r], t->me, r, t->count);
    if (!alltoall)
        put(t->in_place ? t->out + offsets[t->me] : t->in, t->me, 0, counts[t->me]);
    if (alltoall)
        FAKE_CHECK(!dvm_alltoall(DVM_WORLD, in, t->out, t->count, DVM_UINT64));
    else if (kind == COLL_ALLGATHER)
        FAKE_CHECK(!dvm_allgather(DVM_WORLD, in, t->out, t->count, DVM_UINT64));
    else
        FAKE_CHECK(!dvm_allgatherv(DVM_WORLD, in, counts[t->me], t->out, counts, offsets,
                                   DVM_UINT64));
    for (int r = 0; r < t->n; r++)
        FAKE_CHECK(is(t->out + offsets[r], r, alltoall ? t->me : 0, counts[r]));
    return 0;
}

static int call(const struct turn *t, enum coll_kind kind)
{
    switch (kind) {
    case COLL_BARRIER:
        FAKE_CHECK(!dvm_barrier(DVM_WORLD));
        return 0;
    case COLL_BCAST:
    case COLL_REDUCE:
    case COLL_GATHER:
    case COLL_SCATTER:
        return rooted(t, kind);
    case COLL_ALLGATHER:
    case COLL_ALLGATHERV:
    case COLL_ALLTOALL:
        return exchanged(t, kind);
    default:
        return reduced(t, kind);
    }
}

/* ---- all of them -------------------------------------------------------------------------- */

/* One algorithm of one call, if there is such a one; used counts where it runs. */
static int each_length(struct turn *t, const char *name, const char *algorithm,
                       _Atomic unsigned *used)
{
    const struct group *g = group_find(DVM_WORLD, "test");
    char forced[64];
    enum algorithm is;
    enum coll_kind kind;

    if (choose_named(name, strlen(name), algorithm, strlen(algorithm), &kind, &is) != CHOOSE_NAMED)
        return 0;
    snprintf(forced, sizeof forced, "%s=%s", name, algorithm);
    setenv("DVM_COLL", forced, 1);
    for (size_t l = 0; l < LENGTHS; l++)
        for (int sums = 0; sums < 2; sums++) {
            t->count = lengths[l];
            t->root = (t->root + 3) % t->n;
            t->in_place = !t->in_place;
            t->op = sums ? DVM_SUM : t->own;
            t->type = sums ? DVM_DOUBLE : DVM_UINT64;
            if (g->coll && choose(g->coll, kind, t->count * sizeof(uint64_t), true) == is)
                atomic_fetch_add(used, 1);
            if (call(t, kind)) {
                fprintf(stderr, "%d tasks, %s, %zu elements\n", t->n, forced, t->count);
                return 1;
            }
        }
    return 0;
}

static int every(const struct fake_task *me)
{
    static uint64_t in[MANY * TASKS_MAX], out[MANY * TASKS_MAX];
    struct turn t = {.n = me->count, .me = me->rank, .in = in, .out = out};
    _Atomic unsigned *used = me->arg;

    FAKE_CHECK(!dvm_op_create(then, 0, NULL, &t.own));
    for (int i = 0; i < 4; i++) /* there is memory in common then, also for long ones */
        FAKE_CHECK(!dvm_barrier(DVM_WORLD));
    for (int i = 0; i < 2; i++)
        FAKE_CHECK(!dvm_bcast(DVM_WORLD, 0, in, 2 * DVM_COMMONS_BLOCK, DVM_BYTE));
    for (size_t c = 0; c < CALLS; c++)
        for (size_t a = 0; a < ALGORITHM_COUNT; a++)
            if (each_length(&t, calls[c], names[a], &used[c * ALGORITHM_COUNT + a]))
                return 1;
    FAKE_CHECK(!dvm_op_free(&t.own));
    return 0;
}

Test(coll_every, algorithm_of_every_call)
{
    _Atomic unsigned *used = computing_words(CALLS * ALGORITHM_COUNT);
    enum algorithm algorithm;
    enum coll_kind kind;

    for (size_t a = 0; a < ALGORITHM_COUNT; a++)
        cr_assert(names[a], "algorithm %zu has no name here", a);
    setenv("DVM_COLL", "barrier=star", 1); /* looked at from the first call on */
    for (int n = 1; n <= TASKS_MAX; n++)
        for (size_t lie = 0; lie < LIES; lie++)
            if (full_size() || (size_t)n % LIES == lie)
                cr_assert_eq(group_run(n, every, (void *)used, &lies[lie]), 0, "%d tasks, %zu", n,
                             lie);
    for (size_t c = 0; c < CALLS; c++)
        for (size_t a = 0; a < ALGORITHM_COUNT; a++)
            if (choose_named(calls[c], strlen(calls[c]), names[a], strlen(names[a]), &kind,
                             &algorithm) == CHOOSE_NAMED)
                cr_assert(atomic_load(&used[c * ALGORITHM_COUNT + a]) > 0, "%s=%s never ran",
                          calls[c], names[a]);
}
