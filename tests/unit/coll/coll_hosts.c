/* coll_hosts: collectives of two levels, for tasks that lie on hosts in even, uneven and
 * interleaved ways: the same bits as the flat algorithms, for operators that are not
 * commutative and not even associative, any root, in place, and in each form of call. Then with
 * tasks and hosts that die meanwhile, and members that are in another call. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "coll/choose.h"
#include "dvm.h"
#include "group/group.h"
#include "group/hosts.h"
#include "proto/frame.h"
#include "tests/support/group_task.h"

#define MOST 16     /* tasks */
#define LONGEST 40000 /* elements: more than goes down a tree of hosts in one piece */

/* ---- how tasks lie ------------------------------------------------------------------ */

struct lie {
    const char *name;
    int tasks, hosts;
    int host_of[MOST];
    bool blocks, whole;
    int nodes;
};

static const struct lie lies[] = {
    {"4 of 2", 8, 4, {0, 0, 1, 1, 2, 2, 3, 3}, true, true, 4},
    {"4, 4 and 2", 10, 3, {0, 0, 0, 0, 1, 1, 1, 1, 2, 2}, true, true, 3},
    {"4, 2 and 2", 8, 3, {0, 0, 0, 0, 1, 1, 2, 2}, true, false, 3},
    {"2 of 3", 6, 2, {0, 0, 0, 1, 1, 1}, true, false, 4},
    {"1, 4 and 2", 7, 3, {0, 1, 1, 1, 1, 2, 2}, true, false, 6},
    {"by turns", 7, 3, {0, 1, 2, 0, 1, 2, 0}, false, false, 7},
    {"pairs by turns", 8, 2, {0, 0, 1, 1, 0, 0, 1, 1}, false, false, 4},
    {"5 and 1", 6, 2, {0, 0, 0, 0, 0, 1}, true, false, 3},
    {"6 of 2", 12, 6, {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}, true, true, 6},
    {"2 of 8", 16, 2, {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}, true, true, 2},
};
#define LIES (sizeof lies / sizeof lies[0])

Test(coll_hosts, nodes_are_what_a_host_combines_alone)
{
    for (size_t i = 0; i < LIES; i++) {
        const struct lie *l = &lies[i];
        int tids[MOST], ranks = 0;
        struct hosts *h;

        for (int r = 0; r < l->tasks; r++)
            tids[r] = DVM_TID_MAKE(9 - l->host_of[r], r + 1);
        h = hosts_make(tids, l->tasks, l->tasks - 1);
        cr_assert(h && h->count == l->hosts, "%s", l->name);
        cr_assert(h->blocks == l->blocks && h->whole == l->whole, "%s", l->name);
        cr_assert_eq(h->node_begin[h->count], l->nodes, "%s", l->name);
        for (int n = 0; n < l->nodes; n++) {
            ranks += h->nodes[n].count;
            for (int r = 0; r < h->nodes[n].count; r++)
                cr_assert_eq(h->of[h->nodes[n].rank + r], h->nodes[n].host, "%s", l->name);
        }
        cr_assert_eq(ranks, l->tasks, "%s", l->name);
        cr_assert_eq(h->ranks[h->begin[h->mine] + h->place], l->tasks - 1, "%s", l->name);
        hosts_free(h);
    }
}

#define FLAT "barrier=dissemination,bcast=binomial,reduce=binomial,allreduce=doubling," \
             "allgather=ring,allgatherv=ring,alltoall=spread,reduce_scatter=spread," \
             "reduce_scatter_block=spread,scan=doubling,exscan=doubling,gather=linear," \
             "scatter=linear"
#define LEVELS "barrier=hosts,bcast=hosts,reduce=hosts,allreduce=hosts,allgather=hosts," \
               "allgatherv=hosts,alltoall=hosts,reduce_scatter=hosts," \
               "reduce_scatter_block=hosts,scan=hosts,exscan=hosts,gather=hosts,scatter=hosts"

static void run_all(fake_task_f *task)
{
    setenv("DVM_COLL", LEVELS, 1);
    for (size_t i = 0; i < LIES; i++) {
        const struct fake_options options = {.host_of = lies[i].host_of};

        cr_assert_eq(group_run(lies[i].tasks, task, NULL, &options), 0, "%s", lies[i].name);
    }
    unsetenv("DVM_COLL");
}

static void flat(bool is)
{
    setenv("DVM_COLL", is ? FLAT : LEVELS, 1);
}

/* What is tested is there: two levels, and memory in common where tasks share a host. */
static bool is_two_level(enum coll_kind kind, size_t bytes)
{
    const struct group *g = group_find(DVM_WORLD, "test");
    const struct hosts *h = g->coll->hosts;
    int here;

    hosts_here(h, &here);
    return choose(g->coll, kind, bytes, true) == ALGORITHM_HOSTS &&
           (here < 2 || g->coll->commons);
}

static bool warm_up(void)
{
    for (int i = 0; i < 4; i++)
        if (dvm_barrier(DVM_WORLD) != DVM_OK)
            return false;
    return is_two_level(COLL_BARRIER, 0) && is_two_level(COLL_BCAST, 8) &&
           is_two_level(COLL_REDUCE, 8) && is_two_level(COLL_ALLREDUCE, 8) &&
           is_two_level(COLL_ALLGATHER, 8) && is_two_level(COLL_ALLTOALL, 8) &&
           is_two_level(COLL_ALLGATHERV, 8) && is_two_level(COLL_SCAN, 8) &&
           is_two_level(COLL_EXSCAN, 8) && is_two_level(COLL_REDUCE_SCATTER, 8) &&
           is_two_level(COLL_REDUCE_SCATTER_BLOCK, 8) && is_two_level(COLL_GATHER, 8) &&
           is_two_level(COLL_SCATTER, 8);
}

/* ---- reductions ---------------------------------------------------------------------- */

static const size_t lengths[] = {0, 1, 3, 128, 129, 1000, 2500};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
#define MANY 2500

/* Neither commutative nor associative. */
static void fade(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    double *x = left;
    const double *y = right;

    for (size_t i = 0; type == DVM_DOUBLE && i < count; i++)
        x[i] = x[i] * 0.7 + y[i];
}

struct sums {
    double in[MANY], out[MANY], other[MANY];
};

/* One reduction by both ways; the same bits. */
static int compare(const struct fake_task *me, struct sums *a, size_t count, dvm_op op)
{
    size_t bytes = count * sizeof(double);
    int root = (int)(count % (size_t)me->count);

    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE, op));
    memcpy(a->other, a->in, bytes);
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, DVM_IN_PLACE, a->other, count, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, bytes) == 0);
    flat(true);
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, a->in, a->other, count, DVM_DOUBLE, op));
    flat(false);
    FAKE_CHECK(memcmp(a->out, a->other, bytes) == 0);
    memset(a->out, 0, bytes);
    FAKE_CHECK(!dvm_reduce(DVM_WORLD, root, a->in, a->out, count, DVM_DOUBLE, op));
    FAKE_CHECK(me->rank != root || memcmp(a->out, a->other, bytes) == 0);
    return 0;
}

static int reductions(const struct fake_task *me)
{
    static const dvm_op own[] = {DVM_SUM, DVM_PROD, DVM_MIN, DVM_MAX, DVM_REPLACE};
    struct sums *a = calloc(1, sizeof *a);
    dvm_op op;

    FAKE_CHECK(a && warm_up() && dvm_op_create(fade, 0, NULL, &op) == DVM_OK);
    for (size_t i = 0; i < MANY; i++)
        a->in[i] = me->rank + 1 / (double)(i + 3);
    for (size_t l = 0; l < LENGTHS; l++) {
        FAKE_CHECK(compare(me, a, lengths[l], op) == 0);
        FAKE_CHECK(compare(me, a, lengths[l], own[l % (sizeof own / sizeof own[0])]) == 0);
    }
    free(a);
    return 0;
}

Test(coll_hosts, reductions_have_the_same_bits)
{
    run_all(reductions);
}

/* Prefixes by both ways, and the last of them is what a reduction gives. */
static int compare_prefixes(const struct fake_task *me, struct sums *a, size_t count, dvm_op op)
{
    size_t bytes = count * sizeof(double);

    memset(a->out, 0, bytes);
    FAKE_CHECK(!dvm_scan(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE, op));
    memcpy(a->other, a->in, bytes);
    FAKE_CHECK(!dvm_scan(DVM_WORLD, DVM_IN_PLACE, a->other, count, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, bytes) == 0);
    flat(true);
    FAKE_CHECK(!dvm_scan(DVM_WORLD, a->in, a->other, count, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, bytes) == 0);
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, a->in, a->other, count, DVM_DOUBLE, op));
    FAKE_CHECK(me->rank < me->count - 1 || memcmp(a->out, a->other, bytes) == 0);
    memset(a->other, 0x5a, bytes);
    FAKE_CHECK(!dvm_exscan(DVM_WORLD, a->in, a->other, count, DVM_DOUBLE, op));
    flat(false);
    memset(a->out, 0x5a, bytes);
    FAKE_CHECK(!dvm_exscan(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, bytes) == 0); /* at rank 0 as they were */
    return 0;
}

static int prefixes(const struct fake_task *me)
{
    struct sums *a = calloc(1, sizeof *a);
    dvm_op op;

    FAKE_CHECK(a && warm_up() && dvm_op_create(fade, 0, NULL, &op) == DVM_OK);
    for (size_t i = 0; i < MANY; i++)
        a->in[i] = me->rank + 1 / (double)(i + 3);
    for (size_t l = 0; l < LENGTHS; l++) {
        FAKE_CHECK(compare_prefixes(me, a, lengths[l], op) == 0);
        FAKE_CHECK(compare_prefixes(me, a, lengths[l], DVM_SUM) == 0);
    }
    free(a);
    return 0;
}

Test(coll_hosts, prefixes_have_the_same_bits)
{
    run_all(prefixes);
}

/* Blocks of one size, then of unlike ones, some of nothing. */
static int compare_scattered(const struct fake_task *me, struct sums *a, size_t count, dvm_op op)
{
    size_t counts[MOST], each = count / MOST, all = 0, mine;

    for (int r = 0; r < me->count; r++)
        all += counts[r] = (size_t)(r * 5 % 4) * each / 2;
    mine = counts[me->rank];
    FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, a->in, a->out, each, DVM_DOUBLE, op));
    flat(true);
    FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, a->in, a->other, each, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, each * sizeof(double)) == 0);
    FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, a->in, a->other, counts, DVM_DOUBLE, op));
    flat(false);
    FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, a->in, a->out, counts, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, mine * sizeof(double)) == 0);
    memcpy(a->out, a->in, all * sizeof(double));
    FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, DVM_IN_PLACE, a->out, counts, DVM_DOUBLE, op));
    FAKE_CHECK(memcmp(a->out, a->other, mine * sizeof(double)) == 0);
    return 0;
}

static int scattered(const struct fake_task *me)
{
    struct sums *a = calloc(1, sizeof *a);
    dvm_op op;

    FAKE_CHECK(a && warm_up() && dvm_op_create(fade, 0, NULL, &op) == DVM_OK);
    for (size_t i = 0; i < MANY; i++)
        a->in[i] = me->rank + 1 / (double)(i + 3);
    for (size_t l = 0; l < LENGTHS; l++) {
        FAKE_CHECK(compare_scattered(me, a, lengths[l], op) == 0);
        FAKE_CHECK(compare_scattered(me, a, lengths[l], DVM_PROD) == 0);
    }
    free(a);
    return 0;
}

Test(coll_hosts, scattered_reductions_have_the_same_bits)
{
    run_all(scattered);
}

#define EACH_OP(X) X(DVM_SUM) X(DVM_PROD) X(DVM_MIN) X(DVM_MAX) X(DVM_LAND) X(DVM_LOR) \
                   X(DVM_LXOR) X(DVM_BAND) X(DVM_BOR) X(DVM_BXOR) X(DVM_REPLACE)

static int operators(const struct fake_task *me)
{
#define OP_ITEM(op) op,
    static const dvm_op ops[] = {EACH_OP(OP_ITEM)};
#undef OP_ITEM
    struct dvm_double_int pair[2] = {{me->rank % 3, me->rank}, {-me->rank / 2, me->rank}};
    struct dvm_double_int here[2], there[2];
    uint32_t in[] = {(uint32_t)me->rank * 77 + 1, (uint32_t)me->rank % 2}, out[2], other[2];

    FAKE_CHECK(warm_up());
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, 2, DVM_UINT32, ops[i]));
        flat(true);
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, other, 2, DVM_UINT32, ops[i]));
        flat(false);
        FAKE_CHECK(memcmp(out, other, sizeof out) == 0);
    }
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, pair, here, 2, DVM_DOUBLE_INT, DVM_MAXLOC));
    flat(true);
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, pair, there, 2, DVM_DOUBLE_INT, DVM_MAXLOC));
    flat(false);
    FAKE_CHECK(here[0].index == there[0].index && here[1].index == there[1].index);
    return 0;
}

Test(coll_hosts, all_operators)
{
    run_all(operators);
}

/* ---- data ---------------------------------------------------------------------------- */

static int value(int from, int to, size_t i)
{
    return from * 1000003 + to * 5003 + (int)i;
}

static bool are_values(const int *got, int from, int to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (got[i] != value(from, to, i))
            return false;
    return true;
}

static void put_values(int *to, int from, int for_rank, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = value(from, for_rank, i);
}

static int broadcasts(const struct fake_task *me)
{
    static const size_t counts[] = {0, 1, 12, 13, 5000, LONGEST, 3 * LONGEST};
    int *x = calloc(3 * LONGEST, sizeof *x);

    FAKE_CHECK(x && warm_up() && is_two_level(COLL_BCAST, sizeof *x * 3 * LONGEST));
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (int root = 0; root < me->count; root += counts[c] > 1000 ? 3 : 1) {
            memset(x, 0, counts[c] * sizeof *x);
            if (root == me->rank)
                put_values(x, root, 0, counts[c]);
            FAKE_CHECK(!dvm_bcast(DVM_WORLD, root, x, counts[c], DVM_INT));
            FAKE_CHECK(are_values(x, root, 0, counts[c]));
        }
    free(x);
    return 0;
}

Test(coll_hosts, broadcasts)
{
    run_all(broadcasts);
}

static int all_to_all(const struct fake_task *me)
{
    static const size_t counts[] = {0, 1, 13, 300, 2000};
    size_t most = 2000 * MOST;
    int *in = malloc(most * sizeof *in), *out = malloc(most * sizeof *out), n = me->count;

    FAKE_CHECK(in && out && warm_up());
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t count = counts[c];

        put_values(in, me->rank, 0, count);
        memset(out, 0, most * sizeof *out);
        FAKE_CHECK(!dvm_allgather(DVM_WORLD, in, out, count, DVM_INT));
        for (int r = 0; r < n; r++)
            FAKE_CHECK(are_values(out + count * (size_t)r, r, 0, count));
        for (int r = 0; r < n; r++)
            put_values(in + count * (size_t)r, me->rank, r, count);
        FAKE_CHECK(!dvm_alltoall(DVM_WORLD, in, out, count, DVM_INT));
        for (int r = 0; r < n; r++)
            FAKE_CHECK(are_values(out + count * (size_t)r, r, me->rank, count));
        FAKE_CHECK(!dvm_alltoall(DVM_WORLD, DVM_IN_PLACE, in, count, DVM_INT));
        FAKE_CHECK(memcmp(in, out, count * (size_t)n * sizeof *in) == 0);
        put_values(out + count * (size_t)me->rank, me->rank, 1, count);
        FAKE_CHECK(!dvm_allgather(DVM_WORLD, DVM_IN_PLACE, out, count, DVM_INT));
        for (int r = 0; r < n; r++)
            FAKE_CHECK(are_values(out + count * (size_t)r, r, 1, count));
    }
    free(in);
    free(out);
    return 0;
}

Test(coll_hosts, blocks_of_all)
{
    run_all(all_to_all);
}

/* One gather and its way back, in the root's own place or not. */
static int rooted(const struct fake_task *me, int *in, int *out, size_t count, int root)
{
    bool in_place = root % 2, at_root = me->rank == root;

    put_values(in, me->rank, root, count);
    if (at_root)
        put_values(out + count * (size_t)root, root, root, count);
    FAKE_CHECK(!dvm_gather(DVM_WORLD, root, at_root && in_place ? DVM_IN_PLACE : in, out, count,
                           DVM_INT));
    for (int r = 0; at_root && r < me->count; r++)
        FAKE_CHECK(are_values(out + count * (size_t)r, r, root, count));
    for (int r = 0; at_root && r < me->count; r++)
        put_values(out + count * (size_t)r, root, r, count);
    FAKE_CHECK(!dvm_scatter(DVM_WORLD, root, out, at_root && in_place ? DVM_IN_PLACE : in, count,
                            DVM_INT));
    FAKE_CHECK(are_values(at_root && in_place ? out + count * (size_t)root : in, root, me->rank,
                          count));
    return 0;
}

/* Even ranks describe what they have as pairs of elements with room behind each. */
static int rooted_pairs(const struct fake_task *me, int *in, int *out, int root)
{
    size_t pairs = 20, step = me->rank % 2 ? 1 : 3;
    dvm_type type, pair;

    FAKE_CHECK(!dvm_type_contiguous(2, DVM_INT, &pair));
    FAKE_CHECK(!dvm_type_resized(pair, 0, (ptrdiff_t)(2 * step * sizeof *in), &type));
    FAKE_CHECK(!dvm_type_commit(type));
    for (size_t i = 0; i < pairs; i++)
        put_values(in + 2 * step * i, me->rank, (int)i, 2);
    FAKE_CHECK(!dvm_gather(DVM_WORLD, root, in, out, pairs, type));
    for (size_t i = 0; me->rank == root && i < pairs * (size_t)me->count; i++)
        FAKE_CHECK(are_values(out + 2 * step * i, (int)(i / pairs), (int)(i % pairs), 2));
    memset(in, 0, 2 * step * pairs * sizeof *in);
    FAKE_CHECK(!dvm_scatter(DVM_WORLD, root, out, in, pairs, type));
    for (size_t i = 0; i < pairs; i++)
        FAKE_CHECK(are_values(in + 2 * step * i, me->rank, (int)i, 2));
    FAKE_CHECK(!dvm_type_free(&type) && !dvm_type_free(&pair));
    return 0;
}

/* The same where all give to all, and odd ranks give ints. */
static int all_pairs(const struct fake_task *me, int *in, int *out)
{
    bool ints = me->rank % 2;
    size_t pairs = 20, step = ints ? 1 : 3, all = pairs * (size_t)me->count;
    size_t count = ints ? 2 * pairs : pairs;
    dvm_type type, pair, given;

    FAKE_CHECK(!dvm_type_contiguous(2, DVM_INT, &pair));
    FAKE_CHECK(!dvm_type_resized(pair, 0, (ptrdiff_t)(2 * step * sizeof *in), &type));
    FAKE_CHECK(!dvm_type_commit(type));
    given = ints ? DVM_INT : type;
    for (size_t i = 0; i < all; i++)
        put_values(in + 2 * step * i, me->rank, (int)i, 2);
    memset(out, 0, 2 * step * all * sizeof *out);
    FAKE_CHECK(!dvm_allgather(DVM_WORLD, in, out, count, given));
    for (size_t i = 0; i < all; i++)
        FAKE_CHECK(are_values(out + 2 * step * i, (int)(i / pairs), (int)(i % pairs), 2));
    for (int in_place = 0; in_place < 2; in_place++) {
        FAKE_CHECK(!dvm_alltoall(DVM_WORLD, in_place ? DVM_IN_PLACE : in, in_place ? in : out,
                                 count, given));
        for (size_t i = 0; i < all; i++)
            FAKE_CHECK(are_values((in_place ? in : out) + 2 * step * i, (int)(i / pairs),
                                  (int)(i % pairs + pairs * (size_t)me->rank), 2));
    }
    FAKE_CHECK(!dvm_type_free(&type) && !dvm_type_free(&pair));
    return 0;
}

static int of_unlike_types(const struct fake_task *me)
{
    size_t most = 6 * 20 * MOST;
    int *in = malloc(most * sizeof *in), *out = malloc(most * sizeof *out);

    FAKE_CHECK(in && out && warm_up() && all_pairs(me, in, out) == 0);
    setenv("DVM_COLL", "allgather=bruck", 1);
    FAKE_CHECK(all_pairs(me, in, out) == 0);
    flat(false);
    free(in);
    free(out);
    return 0;
}

Test(coll_hosts, blocks_that_all_describe_in_their_own_way)
{
    run_all(of_unlike_types);
}

static int of_a_root(const struct fake_task *me)
{
    static const size_t counts[] = {0, 1, 12, 13, 1000};
    size_t most = 1000 * MOST;
    int *in = malloc(most * sizeof *in), *out = malloc(most * sizeof *out);

    FAKE_CHECK(in && out && warm_up());
    for (int root = 0; root < me->count; root++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
            FAKE_CHECK(rooted(me, in, out, counts[c], root) == 0);
        FAKE_CHECK(rooted_pairs(me, in, out, root) == 0);
    }
    free(in);
    free(out);
    return 0;
}

Test(coll_hosts, blocks_of_a_root)
{
    run_all(of_a_root);
}

/* Blocks of unlike sizes, one behind the other or with room between, some of nothing. */
static int unlike_blocks(const struct fake_task *me)
{
    static const size_t scales[] = {0, 1, 13, 90, 700};
    size_t counts[MOST], offsets[MOST], most = 4 * 700 * MOST;
    int *in = malloc(most * sizeof *in), *out = malloc(most * sizeof *out), n = me->count;

    FAKE_CHECK(in && out && warm_up());
    for (int round = 0; round < 4 * (int)(sizeof scales / sizeof scales[0]); round++) {
        size_t scale = scales[round / 4], room = round % 2 ? 3 : 0, at = room;
        bool in_place = round / 2 % 2;

        for (int r = 0; r < n; r++, at += counts[r - 1] + room) {
            counts[r] = (size_t)((r + round) % 4) * scale;
            offsets[r] = at;
        }
        memset(out, 0, at * sizeof *out);
        put_values(in_place ? out + offsets[me->rank] : in, me->rank, round, counts[me->rank]);
        FAKE_CHECK(!dvm_allgatherv(DVM_WORLD, in_place ? DVM_IN_PLACE : in, counts[me->rank], out,
                                   counts, offsets, DVM_INT));
        for (int r = 0; r < n; r++) {
            FAKE_CHECK(are_values(out + offsets[r], r, round, counts[r]));
            FAKE_CHECK(room == 0 || out[offsets[r] - 1] == 0);
        }
    }
    free(in);
    free(out);
    return 0;
}

Test(coll_hosts, blocks_of_unlike_sizes)
{
    run_all(unlike_blocks);
}

/* ---- forms of calls --------------------------------------------------------------------- */

static int started(const struct fake_task *me)
{
    int n = me->count, mine, sum = 0, blocks[MOST] = {0}, prefix = 0, all[MOST], block = 0;
    struct dvm_request *r[6] = {0};

    FAKE_CHECK(warm_up());
    FAKE_CHECK(!dvm_allreduce_init(DVM_WORLD, &mine, &sum, 1, DVM_INT, DVM_SUM, &r[3]));
    FAKE_CHECK(!dvm_scan_init(DVM_WORLD, &mine, &prefix, 1, DVM_INT, DVM_SUM, &r[4]));
    FAKE_CHECK(!dvm_reduce_scatter_block_init(DVM_WORLD, all, &block, 1, DVM_INT, DVM_SUM, &r[5]));
    for (int round = 0; round < 3; round++) {
        int x = me->rank == round % n ? 7 + round : 0;

        mine = me->rank + round;
        for (int i = 0; i < n; i++)
            all[i] = i * me->rank + round;
        FAKE_CHECK(!dvm_ibcast(DVM_WORLD, round % n, &x, 1, DVM_INT, &r[0]));
        FAKE_CHECK(!dvm_iallgather(DVM_WORLD, &mine, blocks, 1, DVM_INT, &r[1]));
        FAKE_CHECK(!dvm_ibarrier(DVM_WORLD, &r[2]) && !dvm_start(&r[3]));
        FAKE_CHECK(!dvm_start(&r[4]) && !dvm_start(&r[5]));
        FAKE_CHECK(!dvm_waitall(6, r, NULL));
        FAKE_CHECK(prefix == (me->rank + 1) * me->rank / 2 + (me->rank + 1) * round);
        FAKE_CHECK(block == me->rank * n * (n - 1) / 2 + n * round);
        FAKE_CHECK(x == 7 + round && sum == n * (n - 1) / 2 + n * round);
        for (int i = 0; i < n; i++)
            FAKE_CHECK(blocks[i] == i + round);
        FAKE_CHECK(!dvm_barrier(DVM_WORLD)); /* by memory in common again */
    }
    for (int i = 3; i < 6; i++)
        FAKE_CHECK(!dvm_request_free(&r[i]));
    return 0;
}

Test(coll_hosts, calls_that_do_not_wait)
{
    run_all(started);
}

/* ---- failures ----------------------------------------------------------------------------- */

/* Collectives until one fails, at all members; and the last words are of the death. */
static int until_death(const struct fake_task *me)
{
    double in[100] = {1}, out[100];
    int rc = DVM_OK, x = 0;

    for (unsigned i = 0; rc == DVM_OK; i++) {
        if (i % 4 == 0)
            rc = dvm_barrier(DVM_WORLD);
        else if (i % 4 == 1)
            rc = dvm_allreduce(DVM_WORLD, in, out, i % 100, DVM_DOUBLE, DVM_SUM);
        else if (i % 4 == 2)
            rc = dvm_bcast(DVM_WORLD, (int)(i % (unsigned)me->count), &x, 1, DVM_INT);
        else
            rc = dvm_reduce(DVM_WORLD, 0, in, out, 1, DVM_DOUBLE, DVM_SUM);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == rc);
    return 0;
}

/* A task that stands for its host, and one that does not. */
Test(coll_hosts, a_death_ends_the_calls_of_all)
{
    static const unsigned moments[] = {300, 5000, 40000};

    setenv("DVM_COLL", LEVELS, 1);
    for (size_t i = 0; i < LIES; i += 2)
        for (size_t k = 0; k < 2 * sizeof moments / sizeof moments[0]; k++) {
            struct fake_options options = {
                .host_of = lies[i].host_of, .kill = true, .kill_rank = k % 2 ? 1 : 2,
                .kill_us = moments[k / 2], .world = true};

            cr_assert_eq(group_run(lies[i].tasks, until_death, NULL, &options), 0, "%s, %zu",
                         lies[i].name, k);
        }
}

static int until_host_is_lost(const struct fake_task *me)
{
    int rc = until_death(me), flag = 1, size = 0;
    dvm_group next;

    FAKE_CHECK(rc == 0 && dvm_group_agree(DVM_WORLD, &flag) == DVM_OK);
    FAKE_CHECK(dvm_group_shrink(DVM_WORLD, &next) == DVM_OK);
    FAKE_CHECK(dvm_group_size(next, &size) == DVM_OK && size == me->count - 2);
    for (int i = 0; i < 5; i++)
        FAKE_CHECK(dvm_allreduce(next, &me->rank, &flag, 1, DVM_INT, DVM_MAX) == DVM_OK);
    FAKE_CHECK(flag == me->count - 1);
    return 0;
}

/* All tasks of a host end; the others go on in a smaller group. */
Test(coll_hosts, who_survives_a_host_goes_on)
{
    const struct fake_options options = {
        .host_of = lies[0].host_of, .kill = true, .kill_rank = 2, .kill_us = 8000, .world = true,
        .mortal = UINT64_C(0xc), .host_lost = true};

    setenv("DVM_COLL", LEVELS, 1);
    cr_assert_eq(group_run(lies[0].tasks, until_host_is_lost, NULL, &options), 0);
}

/* One task of a host is in another call than all others. */
static int mixed(const struct fake_task *me)
{
    int x = 0, y, rc;

    FAKE_CHECK(warm_up());
    rc = me->rank == 3 ? dvm_allreduce(DVM_WORLD, &x, &y, 1, DVM_INT, DVM_SUM)
                       : dvm_barrier(DVM_WORLD);
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_ARG);
    FAKE_CHECK(group_said("dvm_allreduce") && group_said("dvm_barrier"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_hosts, who_is_in_another_call_is_told)
{
    run_all(mixed);
}

/* All tasks of one host are in another call, and give another count. */
static int mixed_hosts(const struct fake_task *me)
{
    const struct group *g = group_find(DVM_WORLD, "test");
    int in[4] = {0}, out[4], rc;

    FAKE_CHECK(warm_up());
    rc = dvm_allreduce(DVM_WORLD, in, out, g->coll->hosts->mine == 1 ? 2 : 1, DVM_INT, DVM_SUM);
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE || rc == DVM_ERR_ARG);
    FAKE_CHECK(group_said("dvm_allreduce"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_hosts, hosts_that_give_other_counts_are_told)
{
    run_all(mixed_hosts);
}
