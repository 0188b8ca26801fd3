/* coll_shared: collectives through memory in common: the same results as by messages, with
 * tasks that come late, sleep, run ahead or leave; who is in another call is told; and the
 * memory comes back when groups are freed. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "coll/coll.h"
#include "dvm.h"
#include "group/group.h"
#include "lane/daemon_link.h"
#include "lane/lane.h"
#include "lane/lend.h"
#include "proto/commons.h"
#include "proto/control.h"
#include "tests/support/group_task.h"

#define MOST 17      /* tasks */
#define ROUNDS 150   /* calls of a random row */
#define TRIES 50     /* at most, until others sleep */
#define AHEAD 1000   /* broadcasts in a row */
#define LONG 100     /* integers that do not go into a cell */
#define GROUPS 60    /* made and freed */

static const int task_counts[] = {2, 3, 8, 17};

static void run_all(fake_task_f *task, void *arg)
{
    for (size_t i = 0; i < sizeof task_counts / sizeof task_counts[0]; i++)
        cr_assert_eq(group_run(task_counts[i], task, arg, NULL), 0, "%d tasks", task_counts[i]);
}

static void nap(unsigned us)
{
    struct timespec t = {.tv_nsec = us * 1000L};

    nanosleep(&t, NULL); /* the nap is what is tested: who comes late */
}

/* After some calls there must be memory in common, else nothing here is a test of it. */
static bool is_shared(dvm_group group)
{
    const struct group *g = group_find(group, "test");

    return g && g->coll && g->coll->commons;
}

static bool warm_up(dvm_group group)
{
    for (int i = 0; i < 4; i++)
        if (dvm_barrier(group) != DVM_OK)
            return false;
    return is_shared(group);
}

/* ---- results ------------------------------------------------------------------------- */

/* Around what fits into a cell and into a block: doubles. */
static const size_t sizes[] = {0, 1, 5, 6, 7, 100, 128, 129};

struct row {
    uint64_t seed, late; /* the same at all tasks, and another at each */
    int n, me;
    double in[MOST * 129], out[MOST * 129];
};

/* What rank r gives in place k of a call. */
static double value(int r, size_t k, int call)
{
    return (double)((r + 1) * (int)(k % 11 + 1) + call % 7);
}

static void come_late(struct row *a)
{
    if (fake_random(&a->late) % 16 == 0)
        nap(fake_random(&a->late) % 3000);
}

/* Rank r gives count elements less some, and room is left between the blocks. */
static int unlike_blocks(struct row *a, size_t count, int call)
{
    size_t counts[MOST], offsets[MOST];

    for (int r = 0; r < a->n; r++) {
        counts[r] = count - count * ((size_t)(r + call) % 4) / 4;
        offsets[r] = (size_t)r * 129;
    }
    FAKE_CHECK(dvm_allgatherv(DVM_WORLD, a->in, counts[a->me], a->out, counts, offsets,
                              DVM_DOUBLE) == DVM_OK);
    for (int r = 0; r < a->n; r++)
        for (size_t k = 0; k < 129; k++)
            FAKE_CHECK(a->out[offsets[r] + k] == (k < counts[r] ? value(r, k, call) : 0));
    return 0;
}

/* Each gives each a block of its own, every other time in place. */
static int exchange(struct row *a, size_t count, int call)
{
    double *from = call % 2 ? a->out : a->in;

    for (size_t k = 0; k < count * (size_t)a->n; k++)
        from[k] = value(a->me, k, call);
    FAKE_CHECK(dvm_alltoall(DVM_WORLD, call % 2 ? DVM_IN_PLACE : a->in, a->out, count,
                            DVM_DOUBLE) == DVM_OK);
    for (int r = 0; r < a->n; r++)
        for (size_t k = 0; k < count; k++)
            FAKE_CHECK(a->out[(size_t)r * count + k] ==
                       value(r, (size_t)a->me * count + k, call));
    return 0;
}

/* Each gives all a block, some of them in place. */
static int gather_to_all(struct row *a, size_t count, int call)
{
    bool in_place = (a->me + call) % 3 == 0;
    double *from = in_place ? a->out + (size_t)a->me * count : a->in;

    for (size_t k = 0; k < count; k++)
        from[k] = value(a->me, k, call);
    FAKE_CHECK(dvm_allgather(DVM_WORLD, in_place && call % 2 ? DVM_IN_PLACE : from, a->out, count,
                             DVM_DOUBLE) == DVM_OK);
    for (size_t k = 0; k < count * (size_t)a->n; k++)
        FAKE_CHECK(a->out[k] == value((int)(k / count), k % count, call));
    return 0;
}

/* One of these some times: from the second on it is a call that is known. */
static int blocks_again(struct row *a, size_t count, bool gathers, int call)
{
    for (int times = (int)(fake_random(&a->seed) % 6); times >= 0; times--) {
        come_late(a);
        FAKE_CHECK((gathers ? gather_to_all : exchange)(a, count, call) == 0);
        call += times % 3;
    }
    return 0;
}

/* A sum that all need, some of them in place; barriers around some. */
static int sum_to_all(struct row *a, size_t count, int call)
{
    bool in_place = (a->me + call) % 2;

    FAKE_CHECK(call % 3 || dvm_barrier(DVM_WORLD) == DVM_OK);
    if (in_place)
        memcpy(a->out, a->in, sizeof a->out);
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, in_place ? DVM_IN_PLACE : a->in, a->out, count, DVM_DOUBLE,
                             DVM_SUM) == DVM_OK);
    FAKE_CHECK(call % 4 || dvm_barrier(DVM_WORLD) == DVM_OK);
    return 0;
}

/* The same broadcast, or sum to the root or to all (root: DVM_ANY), some times, with other numbers:
 * from the second on it is a call that is known. */
static int again(struct row *a, size_t count, int root, bool sum, int call)
{
    double all = a->n * (a->n + 1) / 2;

    for (int times = (int)(fake_random(&a->seed) % 4); times >= 0; times--) {
        call += 3;
        for (size_t k = 0; k < count; k++)
            a->in[k] = value(a->me, k, call);
        come_late(a);
        if (!sum) {
            FAKE_CHECK(dvm_bcast(DVM_WORLD, root, a->in, count, DVM_DOUBLE) == DVM_OK);
        } else if (root == DVM_ANY) {
            FAKE_CHECK(sum_to_all(a, count, call) == 0);
        } else if (a->me == root && call % 2) {
            memcpy(a->out, a->in, sizeof a->out);
            FAKE_CHECK(dvm_reduce(DVM_WORLD, root, DVM_IN_PLACE, a->out, count, DVM_DOUBLE,
                                  DVM_SUM) == DVM_OK);
        } else {
            FAKE_CHECK(dvm_reduce(DVM_WORLD, root, a->in, a->out, count, DVM_DOUBLE,
                                  DVM_SUM) == DVM_OK);
        }
        for (size_t k = 0; k < count && !sum; k++)
            FAKE_CHECK(a->in[k] == value(root, k, call));
        for (size_t k = 0; k < count && sum && (root == DVM_ANY || a->me == root); k++)
            FAKE_CHECK(a->out[k] == all * (double)(k % 11 + 1) + a->n * (call % 7));
    }
    return 0;
}

/* The root gets a block of each, or gives each one; every other time its own is in its place. */
static int to_root(struct row *a, size_t count, int root, int call)
{
    bool in_place = a->me == root && call % 2;

    if (in_place)
        memcpy(a->out + (size_t)root * count, a->in, count * sizeof *a->in);
    FAKE_CHECK(dvm_gather(DVM_WORLD, root, in_place ? DVM_IN_PLACE : a->in, a->out, count,
                          DVM_DOUBLE) == DVM_OK);
    for (size_t k = 0; k < count * (size_t)a->n && a->me == root; k++)
        FAKE_CHECK(a->out[k] == value((int)(k / count), k % count, call));
    return 0;
}

static int from_root(struct row *a, size_t count, int root, int call)
{
    bool in_place = a->me == root && call % 2;

    for (size_t k = 0; k < count * (size_t)a->n; k++)
        a->in[k] = value(root, k, call);
    FAKE_CHECK(dvm_scatter(DVM_WORLD, root, a->in, in_place ? DVM_IN_PLACE : a->out, count,
                           DVM_DOUBLE) == DVM_OK);
    for (size_t k = 0; k < count && !in_place; k++)
        FAKE_CHECK(a->out[k] == value(root, (size_t)a->me * count + k, call));
    return 0;
}

static int one_call(struct row *a, int call)
{
    size_t count = sizes[fake_random(&a->seed) % (sizeof sizes / sizeof sizes[0])];
    int what = (int)(fake_random(&a->seed) % 11);
    int root = (int)(fake_random(&a->seed) % (unsigned)a->n);
    int some = what == 5 ? a->me + 1 : a->me; /* ranks of a prefix */

    for (size_t k = 0; k < count; k++)
        a->in[k] = value(a->me, k, call);
    memset(a->out, 0, sizeof a->out);
    come_late(a);
    switch (what) {
    case 0:
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
        break;
    case 1:
    case 2:
        return again(a, count, root, what == 2, call);
    case 3:
        return again(a, count, DVM_ANY, true, call);
    case 5:
    case 6:
        FAKE_CHECK((what == 5 ? dvm_scan : dvm_exscan)(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE,
                                                       DVM_SUM) == DVM_OK);
        for (size_t k = 0; k < count; k++)
            FAKE_CHECK(a->out[k] == some * (some + 1) / 2 * (double)(k % 11 + 1) +
                                        some * (call % 7));
        break;
    case 7:
        return unlike_blocks(a, count, call);
    case 8:
        return blocks_again(a, count, false, call);
    case 9:
        return to_root(a, count, root, call);
    case 10:
        return from_root(a, count, root, call);
    default:
        return blocks_again(a, count, true, call);
    }
    return 0;
}

static int random_row(const struct fake_task *me)
{
    struct row *a = calloc(1, sizeof *a);
    uint64_t seed = *(uint64_t *)me->arg;
    int failed = 0;

    FAKE_CHECK(a != NULL && warm_up(DVM_WORLD));
    a->seed = seed;
    a->late = seed + 1 + (uint64_t)me->rank;
    a->n = me->count;
    a->me = me->rank;
    for (int i = 0; i < ROUNDS && !failed; i++)
        failed = one_call(a, i);
    free(a);
    return failed;
}

Test(coll_shared, random_calls)
{
    uint64_t seed = fake_seed("coll_shared");

    run_all(random_row, &seed);
}

/* The root is far ahead of one that sleeps, and waits for it now and then: of cells there are more
 * than of blocks. */
static int ahead(const struct fake_task *me)
{
    int late = me->count - 1;

    FAKE_CHECK(warm_up(DVM_WORLD));
    for (int i = 0; i < AHEAD; i++) {
        size_t count = i / 50 % 2 ? LONG : 1;
        int x[LONG] = {me->rank == 0 ? i : -1};

        if (me->rank == late && i % 300 == 0)
            nap(20000);
        x[count - 1] = x[0];
        FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, x, count, DVM_INT) == DVM_OK && x[0] == i &&
                   x[count - 1] == i);
    }
    return 0;
}

Test(coll_shared, one_runs_ahead)
{
    run_all(ahead, NULL);
}

static int rings;

static void on_ring(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                    int fd_count)
{
    (void)frame, (void)payload, (void)fds, (void)fd_count;
    rings++;
}

/* Who sleeps and has no ring of the one that it waits for is rung through the daemon. */
static int strangers(const struct fake_task *me)
{
    int x, sum = 0;

    /* all but rank 0, whose pool all must have, never get rings for each other, whose offers
     * would wake, too */
    for (int r = 1; r < me->count && me->rank > 0; r++)
        if (r != me->rank)
            lane_peer(group_find(DVM_WORLD, "test")->receive_tids[r])->shm.state = SHM_FAILED;
    FAKE_CHECK(warm_up(DVM_WORLD));
    daemon_link_register(DVM_CTL_RING, on_ring);
    /* until some slept: on a busy computer they may come even later */
    for (int i = 0; i < TRIES && sum == 0; i++) {
        x = me->rank;
        if (me->rank == 1)
            nap(300000);
        FAKE_CHECK(dvm_bcast(DVM_WORLD, 1, &x, 1, DVM_INT) == DVM_OK && x == 1);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, &rings, &sum, 1, DVM_INT, DVM_SUM) == DVM_OK);
    }
    FAKE_CHECK(sum > 0);
    return 0;
}

Test(coll_shared, strangers_are_rung)
{
    cr_assert_eq(group_run(8, strangers, NULL, NULL), 0);
}

/* ---- mistakes ------------------------------------------------------------------------ */

struct mistake {
    int (*right)(void), (*wrong)(void);
    int code;
    const char *says;
};

static double in[8], out[8];

static int barrier(void) { return dvm_barrier(DVM_WORLD); }
static int bcast_0(void) { return dvm_bcast(DVM_WORLD, 0, in, 1, DVM_DOUBLE); }
static int bcast_1(void) { return dvm_bcast(DVM_WORLD, 1, in, 1, DVM_DOUBLE); }
static int sum(void) { return dvm_allreduce(DVM_WORLD, in, out, 1, DVM_DOUBLE, DVM_SUM); }
static int most(void) { return dvm_allreduce(DVM_WORLD, in, out, 1, DVM_DOUBLE, DVM_MAX); }
static int each(void) { return dvm_alltoall(DVM_WORLD, in, out, 1, DVM_DOUBLE); }
static int each_2(void) { return dvm_alltoall(DVM_WORLD, in, out, 2, DVM_FLOAT); }
static int each_0(void) { return dvm_alltoall(DVM_WORLD, in, out, 0, DVM_DOUBLE); }
static int sum_2(void) { return dvm_allreduce(DVM_WORLD, in, out, 2, DVM_DOUBLE, DVM_SUM); }
static int whole(void) { return dvm_allreduce(DVM_WORLD, in, out, 1, DVM_INT64, DVM_SUM); }

static int all(void) { return dvm_allgather(DVM_WORLD, in, out, 1, DVM_DOUBLE); }
static int all_2(void) { return dvm_allgather(DVM_WORLD, in, out, 2, DVM_FLOAT); }
static int all_0(void) { return dvm_allgather(DVM_WORLD, in, out, 0, DVM_DOUBLE); }
static int gather_0(void) { return dvm_gather(DVM_WORLD, 0, in, out, 1, DVM_DOUBLE); }
static int gather_1(void) { return dvm_gather(DVM_WORLD, 1, in, out, 1, DVM_DOUBLE); }
static int gather_2(void) { return dvm_gather(DVM_WORLD, 0, in, out, 2, DVM_DOUBLE); }
static int scatter_0(void) { return dvm_scatter(DVM_WORLD, 0, in, out, 1, DVM_DOUBLE); }
static int scatter_whole(void) { return dvm_scatter(DVM_WORLD, 0, in, out, 1, DVM_INT64); }

static int starts(void)
{
    struct dvm_request *request = NULL;
    int rc = dvm_iallreduce(DVM_WORLD, in, out, 1, DVM_DOUBLE, DVM_SUM, &request);

    return rc == DVM_OK ? dvm_wait(&request, NULL) : rc;
}

static const struct mistake mistakes[] = {
    {sum, barrier, DVM_ERR_ARG, "dvm_barrier"},
    {bcast_1, bcast_0, DVM_ERR_ARG, "dvm_bcast"},
    {sum, most, DVM_ERR_ARG, "dvm_allreduce"},
    {sum, sum_2, DVM_ERR_TRUNCATE, "16"},
    {sum, whole, DVM_ERR_TYPE, "double"},
    {each, each_2, DVM_ERR_TYPE, "double"},
    {each, each_0, DVM_ERR_TRUNCATE, "8"},
    {sum, starts, DVM_ERR_ARG, "dvm_allreduce"},
};

static int mistaken(const struct fake_task *me)
{
    const struct mistake *m = me->arg;

    FAKE_CHECK(warm_up(DVM_WORLD));
    FAKE_CHECK((me->rank == 1 ? m->wrong() : m->right()) == m->code);
    FAKE_CHECK(group_said(m->says));
    FAKE_CHECK(group_meet(me));
    return 0;
}

static void make_each(const struct mistake *list, size_t count,
                      int (*task)(const struct fake_task *me))
{
    for (size_t i = 0; i < count; i++)
        for (int n = 2; n <= 5; n += 3)
            cr_assert_eq(group_run(n, task, (void *)(uintptr_t)&list[i], NULL), 0,
                         "%d tasks, mistake %zu", n, i);
}

Test(coll_shared, mistakes_are_told)
{
    make_each(mistakes, sizeof mistakes / sizeof mistakes[0], mistaken);
}

static int reduce_0(void) { return dvm_reduce(DVM_WORLD, 0, in, out, 1, DVM_DOUBLE, DVM_SUM); }
static int reduce_1(void) { return dvm_reduce(DVM_WORLD, 1, in, out, 1, DVM_DOUBLE, DVM_SUM); }
static int reduce_2(void) { return dvm_reduce(DVM_WORLD, 0, in, out, 2, DVM_DOUBLE, DVM_SUM); }
static int most_0(void) { return dvm_reduce(DVM_WORLD, 0, in, out, 1, DVM_DOUBLE, DVM_MAX); }
static int whole_0(void) { return dvm_bcast(DVM_WORLD, 0, in, 1, DVM_INT64); }

/* Who calls something else behind calls that were known, and over at once. */
static const struct mistake late_mistakes[] = {
    {bcast_0, bcast_1, DVM_ERR_ARG, "dvm_bcast"},
    {bcast_0, barrier, DVM_ERR_ARG, "dvm_barrier"},
    {bcast_0, reduce_0, DVM_ERR_ARG, "dvm_reduce"},
    {bcast_0, whole_0, DVM_ERR_TYPE, "double"},
    {reduce_0, bcast_0, DVM_ERR_ARG, "dvm_bcast"},
    {reduce_0, reduce_1, DVM_ERR_ARG, "dvm_reduce"},
    {reduce_0, most_0, DVM_ERR_ARG, "dvm_reduce"},
    {reduce_0, reduce_2, DVM_ERR_TRUNCATE, "16"},
    {sum, most, DVM_ERR_ARG, "dvm_allreduce"},
    {sum, sum_2, DVM_ERR_TRUNCATE, "16"},
    {sum, whole_0, DVM_ERR_ARG, "dvm_allreduce"},
    {sum, barrier, DVM_ERR_ARG, "dvm_allreduce"},
    {barrier, sum, DVM_ERR_ARG, "dvm_allreduce"},
    {barrier, bcast_0, DVM_ERR_ARG, "dvm_bcast"},
    {all, all_2, DVM_ERR_TYPE, "double"},
    {all, all_0, DVM_ERR_TRUNCATE, "8"},
    {all, each, DVM_ERR_ARG, "dvm_allgather"},
    {each, all, DVM_ERR_ARG, "dvm_allgather"},
    {each, each_2, DVM_ERR_TYPE, "double"},
    {each, barrier, DVM_ERR_ARG, "dvm_alltoall"},
    {gather_0, gather_1, DVM_ERR_ARG, "dvm_gather"},
    {gather_0, gather_2, DVM_ERR_TRUNCATE, "16"},
    {gather_0, scatter_0, DVM_ERR_ARG, "dvm_scatter"},
    {scatter_0, scatter_whole, DVM_ERR_TYPE, "double"},
};

static int mistaken_late(const struct fake_task *me)
{
    const struct mistake *m = me->arg;
    int rc;

    FAKE_CHECK(warm_up(DVM_WORLD));
    for (int i = 0; i < COLL_RECENT; i++)
        FAKE_CHECK(whole() == DVM_OK);
    for (int i = 0; i < TRIES; i++)
        FAKE_CHECK(m->right() == DVM_OK);
    rc = me->rank == 1 ? m->wrong() : m->right();
    if (rc == DVM_OK)
        rc = barrier();
    FAKE_CHECK(rc == m->code && group_said(m->says));
    FAKE_CHECK(m->wrong == whole_0 || m->wrong == scatter_whole ||
               !strstr(dvm_last_error(), "int64_t")); /* of calls before */
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_shared, mistakes_behind_known_calls_are_told)
{
    make_each(late_mistakes, sizeof late_mistakes / sizeof late_mistakes[0], mistaken_late);
}

/* The last of them waits for a broadcast that will not come, when the others are elsewhere or
 * come there late. */
static int left_behind(const struct fake_task *me)
{
    bool lost = me->rank == me->count - 1, late = *(const bool *)me->arg;
    int rc;

    FAKE_CHECK(warm_up(DVM_WORLD));
    if (late && !lost)
        nap(900000);
    rc = lost ? bcast_1() : bcast_0();
    if (rc == DVM_OK)
        rc = barrier();
    FAKE_CHECK(rc == DVM_ERR_ARG && group_said("dvm_bcast"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_shared, nobody_waits_for_what_does_not_come)
{
    for (int late = 0; late < 2; late++) {
        bool arg = late;

        cr_assert_eq(group_run(3, left_behind, &arg, NULL), 0, "late %d", late);
    }
}

/* ---- types --------------------------------------------------------------------------- */

struct two {
    int i;
    double d;
};

/* Each gives each a pair of a derived type, by either of its names. */
static bool unlike_names(const struct fake_task *me, dvm_type two, dvm_type both)
{
    struct two in[2 * MOST], out[2 * MOST];
    int n = me->count;

    memset(in, 0, sizeof in);
    for (int i = 0; i < 2 * n; i++)
        in[i] = (struct two){me->rank * 100 + i, i / 8.0};
    if (dvm_alltoall(DVM_WORLD, in, out, me->rank % 2 ? 2 : 1, me->rank % 2 ? two : both) != DVM_OK)
        return false;
    for (int i = 0; i < 2 * n; i++)
        if (out[i].i != i / 2 * 100 + 2 * me->rank + i % 2 ||
            out[i].d != (2 * me->rank + i % 2) / 8.0)
            return false;
    return true;
}

/* What fits as messages fits here: other names of the same, bytes, and types made in another
 * way of the same; also no elements at all. */
static int like_messages(const struct fake_task *me)
{
    static const struct two given[2] = {{1, 0.5}, {2, 1.5}};
    const size_t ones[] = {1, 1};
    const ptrdiff_t offsets[] = {offsetof(struct two, i), offsetof(struct two, d)};
    const dvm_type types[] = {DVM_INT, DVM_DOUBLE};
    bool root = me->rank == 0;
    struct two pairs[2] = {{0}};
    dvm_type two, both;
    double x[2] = {root ? 3 : 0, root ? 4 : 0};

    FAKE_CHECK(warm_up(DVM_WORLD));
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, x, root ? 2 : 16, root ? DVM_DOUBLE : DVM_BYTE) == DVM_OK);
    FAKE_CHECK(x[0] == 3 && x[1] == 4);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, x, 2, root ? DVM_INT64 : DVM_LONG) == DVM_OK);
    FAKE_CHECK(dvm_type_struct(2, ones, offsets, types, &two) == DVM_OK);
    FAKE_CHECK(dvm_type_contiguous(2, two, &both) == DVM_OK);
    FAKE_CHECK(dvm_type_commit(two) == DVM_OK && dvm_type_commit(both) == DVM_OK);
    if (root)
        memcpy(pairs, given, sizeof pairs);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, pairs, root ? 2 : 1, root ? two : both) == DVM_OK);
    FAKE_CHECK(pairs[0].i == 1 && pairs[0].d == 0.5 && pairs[1].i == 2 && pairs[1].d == 1.5);
    FAKE_CHECK(unlike_names(me, two, both));
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, NULL, 0, two) == DVM_OK);
    FAKE_CHECK(dvm_alltoall(DVM_WORLD, NULL, NULL, 0, two) == DVM_OK);
    FAKE_CHECK(dvm_allgather(DVM_WORLD, NULL, NULL, 0, both) == DVM_OK);
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, NULL, NULL, 0, DVM_INT, DVM_SUM) == DVM_OK);
    FAKE_CHECK(dvm_type_free(&two) == DVM_OK && dvm_type_free(&both) == DVM_OK);
    return 0;
}

Test(coll_shared, types_fit_as_in_messages)
{
    run_all(like_messages, NULL);
}

/* ---- ends ---------------------------------------------------------------------------- */

/* Memory of groups that are freed can be had again, although some members free them late. */
static int come_and_go(const struct fake_task *me)
{
    for (int i = 0; i < GROUPS; i++) {
        dvm_group group;

        FAKE_CHECK(dvm_group_dup(DVM_WORLD, &group) == DVM_OK);
        FAKE_CHECK(warm_up(group));
        for (int k = 1; k < 4; k++) { /* known calls, of a group that is gone soon */
            int x = me->rank == 0 ? k : 0, sum = 0;

            FAKE_CHECK(dvm_bcast(group, 0, &x, 1, DVM_INT) == DVM_OK && x == k);
            FAKE_CHECK(dvm_reduce(group, 0, &x, &sum, 1, DVM_INT, DVM_SUM) == DVM_OK);
            FAKE_CHECK(sum == (me->rank == 0 ? k * me->count : 0));
        }
        if (i % GROUPS == me->rank)
            nap(2000);
        FAKE_CHECK(dvm_group_free(&group) == DVM_OK);
    }
    return 0;
}

Test(coll_shared, memory_comes_back)
{
    /* as much as some groups need, and not all of them */
    static const struct fake_options options = {.share = 1u << 20};

    cr_assert_gt(GROUPS * dvm_commons_bytes(4), (size_t)1 << 20);
    cr_assert_eq(group_run(4, come_and_go, NULL, &options), 0);
}

static void die(int signal)
{
    (void)signal;
    kill(getpid(), SIGKILL);
}

/* Die as many microseconds from now as the test says. */
static void die_soon(const struct fake_task *me)
{
    struct itimerval after = {.it_value.tv_usec = 1 + *(const int *)me->arg};

    signal(SIGALRM, die);
    setitimer(ITIMER_REAL, &after, NULL);
}

/* Until a death at any instruction, also while some sleep. */
static int until_death(const struct fake_task *me)
{
    int rc = DVM_OK;

    FAKE_CHECK(warm_up(DVM_WORLD));
    if (me->rank == 2)
        die_soon(me);
    for (int i = 0; rc == DVM_OK; i++) {
        if ((i + me->rank) % 50 == 0)
            nap(1000);
        rc = i % 2 ? dvm_barrier(DVM_WORLD)
                   : dvm_allreduce(DVM_WORLD, in, out, 8, DVM_DOUBLE, DVM_SUM);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("0x40003"));
    return 0;
}

/* One leaves in good order, as root or not, while the others wait for it. */
static int one_leaves(const struct fake_task *me)
{
    int x = 0, rc;

    FAKE_CHECK(warm_up(DVM_WORLD));
    FAKE_CHECK(group_meet(me));
    if (me->rank == 1)
        return 0;
    if (*(const int *)me->arg == 0)
        rc = dvm_barrier(DVM_WORLD);
    else if (*(const int *)me->arg == 1)
        rc = dvm_bcast(DVM_WORLD, 1, &x, 1, DVM_INT);
    else
        rc = dvm_allreduce(DVM_WORLD, in, out, 8, DVM_DOUBLE, DVM_SUM);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("it called dvm_finalize"));
    return 0;
}

Test(coll_shared, a_member_that_left_ends_them)
{
    for (int n = 2; n <= 8; n += 3)
        for (int call = 0; call < 3; call++)
            cr_assert_eq(group_run(n, one_leaves, &call, NULL), 0, "%d tasks, call %d", n, call);
}

Test(coll_shared, a_death_ends_them)
{
    static const struct fake_options options = {.mortal = 1u << 2, .world = true};

    for (int us = 0; us < 20000; us += 1900)
        cr_assert_eq(group_run(5, until_death, &us, &options), 0, "after %d us", us);
}

/* The same of two tasks in calls that are known, of which this one only may sleep. */
static int until_one_is_left(const struct fake_task *me)
{
    double x = 1, all = 0;
    int rc = DVM_OK;

    FAKE_CHECK(warm_up(DVM_WORLD));
    if (me->rank == 1)
        die_soon(me);
    for (int i = 0; rc == DVM_OK; i++) {
        if (i % 400 == 399 && me->rank == 0)
            nap(1000);
        rc = i / 20 % 2 ? dvm_barrier(DVM_WORLD)
                        : dvm_allreduce(DVM_WORLD, &x, &all, 1, DVM_DOUBLE, DVM_SUM);
        FAKE_CHECK(rc != DVM_OK || i < 20 || all == 2);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("0x40002"));
    return 0;
}

Test(coll_shared, a_death_ends_known_calls)
{
    static const struct fake_options options = {.mortal = 1u << 1, .world = true};

    for (int us = 0; us < 20000; us += 1900)
        cr_assert_eq(group_run(2, until_one_is_left, &us, &options), 0, "after %d us", us);
}
