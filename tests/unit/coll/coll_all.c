/* coll_all: every collective that is not in coll.c, and every algorithm of each, by 1 to 17
 * tasks on one host and on three, evenly and not: no elements, few and many, any root, in
 * place. What comes is compared with what can be reckoned from the ranks; reductions with the
 * one order that all algorithms keep, bit for bit. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define MANY 3000 /* elements of a block: over the limits of small ones, all ranks together */

static const int task_counts[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const size_t lengths[] = {0, 1, 5, 600, MANY};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
static const struct fake_options hosts = {.hosts = 3};

/* One, two and five tasks a host, ranks side by side and not. */
#define PIECES 70001 /* integers of a prefix that goes through in pieces, */
#define FEW 5        /* where there are few tasks */
#define UNEVEN 8
static const int uneven[][UNEVEN] = {{0, 1, 1, 2, 2, 2, 2, 2}, {2, 1, 2, 2, 0, 2, 1, 2}};

static void run_all(fake_task_f *task, const char *forced)
{
    if (forced)
        setenv("DVM_COLL", forced, 1);
    for (size_t i = 0; i < COUNTS; i++) {
        cr_assert_eq(group_run(task_counts[i], task, NULL, NULL), 0, "%d tasks, %s",
                     task_counts[i], forced ? forced : "as chosen");
        cr_assert_eq(group_run(task_counts[i], task, NULL, &hosts), 0, "%d tasks on 3 hosts, %s",
                     task_counts[i], forced ? forced : "as chosen");
    }
    for (size_t i = 0; i < sizeof uneven / sizeof uneven[0]; i++) {
        const struct fake_options placed = {.host_of = uneven[i]};

        cr_assert_eq(group_run(UNEVEN, task, NULL, &placed), 0, "uneven hosts, %s",
                     forced ? forced : "as chosen");
    }
    unsetenv("DVM_COLL");
}

/* Element i of the block from one rank to another. */
static int value(int from, int to, size_t i)
{
    return from * 1000003 + to * 1009 + (int)i;
}

static void fill(int *block, size_t count, int from, int to)
{
    for (size_t i = 0; i < count; i++)
        block[i] = value(from, to, i);
}

static bool is(const int *block, size_t count, int from, int to)
{
    for (size_t i = 0; i < count; i++)
        if (block[i] != value(from, to, i))
            return false;
    return true;
}

static bool untouched(const int *block, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (block[i] != -1)
            return false;
    return true;
}

/* Room for the blocks of all ranks, filled with -1. */
static int *room(int tasks, size_t count)
{
    size_t bytes = ((size_t)tasks * count + 1) * sizeof(int);
    int *all = malloc(bytes);

    memset(all, 0xff, bytes);
    return all;
}

/* ---- gather and scatter ---------------------------------------------------------- */

static int gather(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++)
        for (int root = 0; root < n; root += 1 + n / 4) {
            size_t count = lengths[l];
            int *mine = room(1, count), *all = room(n, count);
            bool place = me->rank == root && root % 2; /* in place, every other time */

            fill(mine, count, me->rank, root);
            if (place)
                fill(all + count * (size_t)root, count, root, root);
            FAKE_CHECK(dvm_gather(DVM_WORLD, root, place ? DVM_IN_PLACE : mine,
                                  me->rank == root ? all : NULL, count, DVM_INT) == DVM_OK);
            for (int r = 0; r < n && me->rank == root; r++)
                FAKE_CHECK(is(all + count * (size_t)r, count, r, root));
            memset(mine, 0xff, count * sizeof *mine);
            for (int r = 0; r < n; r++)
                fill(all + count * (size_t)r, count, root, r);
            FAKE_CHECK(dvm_scatter(DVM_WORLD, root, me->rank == root ? all : NULL,
                                   place ? DVM_IN_PLACE : mine, count, DVM_INT) == DVM_OK);
            FAKE_CHECK(place ? untouched(mine, count) : is(mine, count, root, me->rank));
            free(mine);
            free(all);
        }
    return 0;
}

Test(coll_all, gather_and_scatter)
{
    run_all(gather, NULL);
}

/* Blocks of unlike sizes with gaps between them, backward. */
struct layout {
    size_t counts[TASKS_MAX], offsets[TASKS_MAX], all;
};

static struct layout layout_of(int tasks, size_t scale)
{
    struct layout l = {.all = 0};

    for (int r = tasks - 1; r >= 0; r--) {
        l.counts[r] = (size_t)(r % 4) * scale;
        l.offsets[r] = l.all + 2;
        l.all = l.offsets[r] + l.counts[r];
    }
    return l;
}

static int gatherv(const struct fake_task *me)
{
    int n = me->count;

    for (size_t scale = 0; scale <= MANY; scale = scale * 30 + 1)
        for (int root = 0; root < n; root += 1 + n / 3) {
            struct layout l = layout_of(n, scale);
            size_t count = l.counts[me->rank];
            int *mine = room(1, count), *all = room(1, l.all);
            bool at_root = me->rank == root;

            fill(mine, count, me->rank, root);
            FAKE_CHECK(dvm_gatherv(DVM_WORLD, root, mine, count, at_root ? all : NULL,
                                   at_root ? l.counts : NULL, at_root ? l.offsets : NULL,
                                   DVM_INT) == DVM_OK);
            for (int r = 0; r < n && at_root; r++) {
                FAKE_CHECK(is(all + l.offsets[r], l.counts[r], r, root));
                FAKE_CHECK(untouched(all + l.offsets[r] - 2, 2));
            }
            for (int r = 0; r < n; r++)
                fill(all + l.offsets[r], l.counts[r], root, r);
            memset(mine, 0xff, count * sizeof *mine);
            FAKE_CHECK(dvm_scatterv(DVM_WORLD, root, at_root ? all : NULL,
                                    at_root ? l.counts : NULL, at_root ? l.offsets : NULL,
                                    mine, count, DVM_INT) == DVM_OK);
            FAKE_CHECK(is(mine, count, root, me->rank));
            free(mine);
            free(all);
        }
    return 0;
}

Test(coll_all, gatherv_and_scatterv)
{
    run_all(gatherv, NULL);
}

/* ---- allgather and alltoall ---------------------------------------------------------- */

static int allgather(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++)
        for (int place = 0; place <= 1; place++) {
            size_t count = lengths[l];
            int *mine = room(1, count), *all = room(n, count);

            fill(mine, count, me->rank, 3);
            if (place)
                fill(all + count * (size_t)me->rank, count, me->rank, 3);
            FAKE_CHECK(dvm_allgather(DVM_WORLD, place ? DVM_IN_PLACE : mine, all, count,
                                     DVM_INT) == DVM_OK);
            for (int r = 0; r < n; r++)
                FAKE_CHECK(is(all + count * (size_t)r, count, r, 3));
            free(mine);
            free(all);
        }
    for (size_t scale = 0; scale <= MANY; scale = scale * 30 + 1) {
        struct layout l = layout_of(n, scale);
        int *mine = room(1, l.counts[me->rank]), *all = room(1, l.all);

        fill(mine, l.counts[me->rank], me->rank, 4);
        FAKE_CHECK(dvm_allgatherv(DVM_WORLD, mine, l.counts[me->rank], all, l.counts, l.offsets,
                                  DVM_INT) == DVM_OK);
        for (int r = 0; r < n; r++) {
            FAKE_CHECK(is(all + l.offsets[r], l.counts[r], r, 4));
            FAKE_CHECK(untouched(all + l.offsets[r] - 2, 2));
        }
        free(mine);
        free(all);
    }
    return 0;
}

Test(coll_all, allgather_as_chosen)
{
    run_all(allgather, NULL);
}

Test(coll_all, allgather_by_star)
{
    run_all(allgather, "allgather=star");
}

Test(coll_all, allgather_by_bruck)
{
    run_all(allgather, "allgather=bruck,allgatherv=bruck");
}

Test(coll_all, allgather_by_ring)
{
    run_all(allgather, "bcast=star,allgather=ring,allgatherv=ring");
}

static int alltoall(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++)
        for (int place = 0; place <= 1; place++) {
            size_t count = lengths[l];
            int *in = room(n, count), *out = room(n, count);

            for (int r = 0; r < n; r++)
                fill((place ? out : in) + count * (size_t)r, count, me->rank, r);
            FAKE_CHECK(dvm_alltoall(DVM_WORLD, place ? DVM_IN_PLACE : in, out, count, DVM_INT) ==
                       DVM_OK);
            for (int r = 0; r < n; r++)
                FAKE_CHECK(is(out + count * (size_t)r, count, r, me->rank));
            free(in);
            free(out);
        }
    return 0;
}

Test(coll_all, alltoall_by_spread)
{
    run_all(alltoall, "alltoall=spread");
}

Test(coll_all, alltoall_by_pairwise)
{
    run_all(alltoall, "alltoall=pairwise");
}

/* Elements from one rank to another. */
static size_t share(int from, int to, size_t scale)
{
    return (size_t)((from + 2 * to) % 3) * scale;
}

static int alltoallv(const struct fake_task *me)
{
    int n = me->count;

    for (size_t scale = 0; scale <= MANY / 8; scale = scale * 30 + 1) {
        size_t in_counts[TASKS_MAX], in_offsets[TASKS_MAX], out_counts[TASKS_MAX];
        size_t out_offsets[TASKS_MAX], in_all = 0, out_all = 0;
        int *in, *out;

        for (int r = 0; r < n; r++) {
            in_offsets[r] = in_all;
            in_all += in_counts[r] = share(me->rank, r, scale);
            out_offsets[r] = out_all + 1;
            out_all = out_offsets[r] + (out_counts[r] = share(r, me->rank, scale));
        }
        in = room(1, in_all);
        out = room(1, out_all);
        for (int r = 0; r < n; r++)
            fill(in + in_offsets[r], in_counts[r], me->rank, r);
        FAKE_CHECK(dvm_alltoallv(DVM_WORLD, in, in_counts, in_offsets, out, out_counts,
                                 out_offsets, DVM_INT) == DVM_OK);
        for (int r = 0; r < n; r++) {
            FAKE_CHECK(is(out + out_offsets[r], out_counts[r], r, me->rank));
            FAKE_CHECK(untouched(out + out_offsets[r] - 1, 1));
        }
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_all, alltoallv)
{
    run_all(alltoallv, NULL);
}

/* ---- reductions ------------------------------------------------------------------------- */

/* Numbers whose sum depends on the order. */
static double operand(int rank, size_t i)
{
    return (rank % 2 ? 1e16 : 1.0) / (rank + 1) * (rank % 3 ? 1 : -1) + (double)(i % 97) * 1e-3;
}

/* The sum of the ranks below n in the one order. */
static double sum(int n, size_t i)
{
    double part[TASKS_MAX];

    for (int r = 0; r < n; r++)
        part[r] = operand(r, i);
    for (int bit = 1; bit < n; bit *= 2)
        for (int r = 0; r + bit < n; r += 2 * bit)
            part[r] += part[r + bit];
    return part[0];
}

static bool is_sum(const double *x, size_t count, int n, size_t from)
{
    for (size_t i = 0; i < count; i++)
        if (x[i] != sum(n, from + i))
            return false;
    return true;
}

static void fill_operand(double *x, size_t count, int rank)
{
    for (size_t i = 0; i < count; i++)
        x[i] = operand(rank, i);
}

static int reductions(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++) {
        size_t count = lengths[l], bytes = (count + 1) * sizeof(double);
        double *in = malloc(bytes), *out = malloc(bytes);

        fill_operand(in, count, me->rank);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, in, out, count, DVM_DOUBLE, DVM_SUM) == DVM_OK);
        FAKE_CHECK(is_sum(out, count, n, 0));
        fill_operand(out, count, me->rank);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, DVM_IN_PLACE, out, count, DVM_DOUBLE, DVM_SUM) ==
                   DVM_OK);
        FAKE_CHECK(is_sum(out, count, n, 0));
        for (int root = 0; root < n; root += 1 + n / 4) {
            bool place = me->rank == root && l % 2;

            fill_operand(out, count, me->rank);
            FAKE_CHECK(dvm_reduce(DVM_WORLD, root, place ? DVM_IN_PLACE : in,
                                  me->rank == root ? out : NULL, count, DVM_DOUBLE,
                                  DVM_SUM) == DVM_OK);
            FAKE_CHECK(me->rank != root || is_sum(out, count, n, 0));
        }
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_all, reductions_as_chosen)
{
    run_all(reductions, NULL);
}

Test(coll_all, reductions_by_star)
{
    run_all(reductions, "allreduce=star,reduce=star");
}

Test(coll_all, reductions_by_trees)
{
    run_all(reductions, "allreduce=doubling,reduce=binomial");
}

Test(coll_all, reductions_in_pieces)
{
    run_all(reductions, "allreduce=scatter_gather");
}

static int reduce_scatter(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++) {
        size_t count = lengths[l] / 3, all = count * (size_t)n, counts[TASKS_MAX];
        size_t bytes = ((size_t)TASKS_MAX * (count + TASKS_MAX) + 1) * sizeof(double);
        double *in = malloc(bytes), *out = malloc(bytes);
        size_t before = 0, total = 0;

        fill_operand(in, all, me->rank);
        FAKE_CHECK(dvm_reduce_scatter_block(DVM_WORLD, in, out, count, DVM_DOUBLE, DVM_SUM) ==
                   DVM_OK);
        FAKE_CHECK(is_sum(out, count, n, count * (size_t)me->rank));
        fill_operand(out, all, me->rank);
        FAKE_CHECK(dvm_reduce_scatter_block(DVM_WORLD, DVM_IN_PLACE, out, count, DVM_DOUBLE,
                                            DVM_SUM) == DVM_OK);
        FAKE_CHECK(is_sum(out, count, n, count * (size_t)me->rank));

        for (int r = 0; r < n; r++) {
            counts[r] = count + (size_t)(r % 3);
            before += r < me->rank ? counts[r] : 0;
            total += counts[r];
        }
        fill_operand(in, total, me->rank);
        FAKE_CHECK(dvm_reduce_scatter(DVM_WORLD, in, out, counts, DVM_DOUBLE, DVM_SUM) == DVM_OK);
        FAKE_CHECK(is_sum(out, counts[me->rank], n, before));
        fill_operand(out, total, me->rank);
        FAKE_CHECK(dvm_reduce_scatter(DVM_WORLD, DVM_IN_PLACE, out, counts, DVM_DOUBLE,
                                      DVM_SUM) == DVM_OK);
        FAKE_CHECK(is_sum(out, counts[me->rank], n, before));
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_all, reduce_scatter)
{
    run_all(reduce_scatter, NULL);
    run_all(reduce_scatter, "reduce_scatter=spread,reduce_scatter_block=spread");
}

static int scans(const struct fake_task *me)
{
    for (size_t l = 0; l < LENGTHS + (me->count <= FEW); l++) {
        size_t count = l < LENGTHS ? lengths[l] : PIECES;
        int *in = room(1, count), *out = room(1, count);

        for (int place = 0; place <= 1; place++) {
            for (size_t i = 0; i < count; i++)
                in[i] = out[i] = (me->rank + 1) * ((int)i + 1);
            FAKE_CHECK(dvm_scan(DVM_WORLD, place ? DVM_IN_PLACE : in, out, count, DVM_INT,
                                DVM_SUM) == DVM_OK);
            for (size_t i = 0; i < count; i++)
                FAKE_CHECK(out[i] == (me->rank + 1) * (me->rank + 2) / 2 * ((int)i + 1));
            for (size_t i = 0; i < count; i++)
                in[i] = out[i] = (me->rank + 1) * ((int)i + 1);
            FAKE_CHECK(dvm_exscan(DVM_WORLD, place ? DVM_IN_PLACE : in, out, count, DVM_INT,
                                  DVM_SUM) == DVM_OK);
            for (size_t i = 0; i < count; i++)
                FAKE_CHECK(out[i] == (me->rank > 0 ? me->rank * (me->rank + 1) / 2 : 1) *
                                         ((int)i + 1));
        }
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_all, scan_and_exscan)
{
    run_all(scans, NULL);
    run_all(scans, "scan=doubling,exscan=doubling");
}

/* ---- barrier and bcast, by every algorithm ----------------------------------------------- */

static int moved(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++)
        for (int root = 0; root < n; root += 1 + n / 4) {
            size_t count = lengths[l] * 7;
            int *x = room(1, count);

            if (me->rank == root)
                fill(x, count, root, 9);
            FAKE_CHECK(dvm_bcast(DVM_WORLD, root, x, count, DVM_INT) == DVM_OK);
            FAKE_CHECK(is(x, count, root, 9));
            FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
            free(x);
        }
    return 0;
}

Test(coll_all, bcast_by_star)
{
    run_all(moved, "bcast=star,barrier=star");
}

Test(coll_all, bcast_by_binomial)
{
    run_all(moved, "bcast=binomial,barrier=dissemination");
}

Test(coll_all, bcast_by_scatter_ring)
{
    run_all(moved, "bcast=scatter_ring");
}

/* ---- what is told ------------------------------------------------------------------------ */

/* A root that is another one at one member: told, not hung. */
static int other_root(const struct fake_task *me)
{
    int x = me->rank, rc, in = 1, out;

    rc = dvm_reduce(DVM_WORLD, me->rank == me->count - 1 ? 1 : 0, &x, &out, 1, DVM_INT, DVM_SUM);
    for (int i = 0; rc == DVM_OK && i < 2; i++)
        rc = dvm_allreduce(DVM_WORLD, &in, &out, 1, DVM_INT, DVM_SUM);
    FAKE_CHECK(rc == DVM_ERR_ARG && (group_said("root") || group_said("same order")));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_all, other_roots_are_told)
{
    for (int n = 3; n <= 8; n++)
        cr_assert_eq(group_run(n, other_root, NULL, NULL), 0, "%d tasks", n);
}

static int refused(const struct fake_task *me)
{
    int x[TASKS_MAX] = {0}, y[TASKS_MAX] = {0};
    size_t counts[TASKS_MAX] = {0}, offsets[TASKS_MAX] = {0};

    FAKE_CHECK(dvm_gather(DVM_WORLD, me->count, x, y, 1, DVM_INT) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_gather(DVM_WORLD, me->rank, x, NULL, 1, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_gather(DVM_WORLD, me->rank, x, y, SIZE_MAX / 2, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_scatter(DVM_WORLD, 0, x, NULL, 1, DVM_INT) == DVM_ERR_ARG);
    /* in place where this task has no such place */
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, DVM_IN_PLACE, 1, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_allgather(DVM_WORLD, x, DVM_IN_PLACE, 1, DVM_INT) == DVM_ERR_ARG);
    if (me->rank > 0) {
        FAKE_CHECK(dvm_reduce(DVM_WORLD, 0, DVM_IN_PLACE, y, 1, DVM_INT, DVM_SUM) == DVM_ERR_ARG);
        FAKE_CHECK(dvm_gather(DVM_WORLD, 0, DVM_IN_PLACE, y, 1, DVM_INT) == DVM_ERR_ARG);
        FAKE_CHECK(dvm_scatter(DVM_WORLD, 0, x, DVM_IN_PLACE, 1, DVM_INT) == DVM_ERR_ARG);
    }
    FAKE_CHECK(dvm_gatherv(DVM_WORLD, me->rank, x, 1, y, NULL, offsets, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_gatherv(DVM_WORLD, me->rank, x, 1, y, counts, offsets, DVM_INT) ==
               DVM_ERR_TRUNCATE);
    FAKE_CHECK(dvm_allgather(DVM_WORLD, x, y, 1, 77) == DVM_ERR_TYPE);
    FAKE_CHECK(dvm_allgatherv(DVM_WORLD, x, 1, y, counts, offsets, DVM_INT) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(dvm_alltoall(DVM_UNIVERSE, x, y, 1, DVM_INT) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_alltoallv(DVM_WORLD, x, NULL, NULL, y, counts, offsets, DVM_INT) ==
               DVM_ERR_ARG);
    FAKE_CHECK(dvm_scan(DVM_WORLD, x, x, 1, DVM_INT, DVM_SUM) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_scan(DVM_WORLD, x, y, 1, DVM_INT, 55) == DVM_ERR_OP);
    FAKE_CHECK(dvm_reduce_scatter(DVM_WORLD, x, y, NULL, DVM_INT, DVM_SUM) == DVM_ERR_ARG);
    /* none of this has hurt the group */
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    return 0;
}

/* The root counts on one element of each, but the last rank gives two, or none: what is said is
 * of counts that belong together, not of one that all must give. */
static int unlike(const struct fake_task *me)
{
    size_t counts[TASKS_MAX], offsets[TASKS_MAX], more = *(const int *)me->arg;
    int x[2] = {0}, y[TASKS_MAX], rc;

    for (int r = 0; r < me->count; r++)
        counts[r] = 1, offsets[r] = (size_t)r;
    rc = dvm_gatherv(DVM_WORLD, 0, x, me->rank == me->count - 1 ? more : 1, y, counts, offsets,
                     DVM_INT);
    if (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE && !group_said("all tasks must give the same count"));
    FAKE_CHECK(group_said("dvm_gatherv: rank ") && group_said("root's count for a rank"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_all, unlike_amounts_of_a_gatherv_are_told)
{
    cr_assert_eq(group_run(3, unlike, &(int){0}, NULL), 0);
    cr_assert_eq(group_run(3, unlike, &(int){2}, NULL), 0);
}

Test(coll_all, bad_arguments_are_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}
