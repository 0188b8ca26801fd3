/* keep: persistent requests: messages and collectives that are described once and started often.
 * Each start must do what the form that returns at once does, with what is in the buffers then,
 * and leave nothing behind; wrong use is refused, and the end of a member or of the group is told
 * and no hang. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 9
#define ROUNDS 5
#define LARGE 50000 /* elements: a rendezvous */
#define KINDS 17

static const int task_counts[] = {1, 2, 3, 5, 8, 9};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (size_t i = 0; i < COUNTS; i++)
        cr_assert_eq(group_run(task_counts[i], task, NULL, i % 2 ? &hosts : NULL), 0, "%d tasks",
                     task_counts[i]);
}

/* ---- messages ----------------------------------------------------------------------- */

/* A ring: each sends right and receives from the left, small and large, of every kind. */
static int ring(const struct fake_task *me)
{
    int n = me->count, right = (me->rank + 1) % n, left = (me->rank + n - 1) % n;
    int *in = calloc(LARGE, sizeof *in), *out = calloc(LARGE, sizeof *out);
    int small[4] = {0}, got[3] = {0};
    struct dvm_request *r[8];
    struct dvm_status statuses[8];

    FAKE_CHECK(!dvm_recv_init(DVM_WORLD, left, 1, &got[0], 1, DVM_INT, &r[0]));
    FAKE_CHECK(!dvm_recv_init(DVM_WORLD, DVM_ANY, 2, &got[1], 1, DVM_INT, &r[1]));
    FAKE_CHECK(!dvm_recv_init(DVM_WORLD, left, 3, &got[2], 1, DVM_INT, &r[2]));
    FAKE_CHECK(!dvm_recv_init(DVM_WORLD, left, 4, in, LARGE, DVM_INT, &r[3]));
    FAKE_CHECK(!dvm_send_init(DVM_WORLD, right, 1, &small[0], 1, DVM_INT, &r[4]));
    FAKE_CHECK(!dvm_bsend_init(DVM_WORLD, right, 2, &small[1], 1, DVM_INT, &r[5]));
    FAKE_CHECK(!dvm_ssend_init(DVM_WORLD, right, 3, &small[2], 1, DVM_INT, &r[6]));
    FAKE_CHECK(!dvm_send_init(DVM_WORLD, right, 4, out, LARGE, DVM_INT, &r[7]));
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 3; i++)
            small[i] = me->rank * 100 + round * 10 + i;
        for (size_t i = 0; i < LARGE; i++)
            out[i] = (int)i + me->rank + round;
        FAKE_CHECK(!dvm_startall(8, r));
        FAKE_CHECK(!dvm_waitall(8, r, statuses));
        for (int i = 0; i < 3; i++)
            FAKE_CHECK(got[i] == left * 100 + round * 10 + i && statuses[i].source == left);
        FAKE_CHECK(statuses[3].count == LARGE && statuses[3].tag == 4);
        for (size_t i = 0; i < LARGE; i++)
            FAKE_CHECK(in[i] == (int)i + left + round);
    }
    for (int i = 0; i < 8; i++)
        FAKE_CHECK(r[i] && !dvm_request_free(&r[i]) && !r[i]);
    free(in);
    free(out);
    return 0;
}

Test(keep, messages_in_a_ring)
{
    run_all(ring);
}

/* A column of a matrix, small and large, into a row; the type is freed before the first start. */
static int columns(const struct fake_task *me)
{
    for (size_t rows = 3; rows <= 30000; rows *= 10000) {
        int *matrix = calloc(2 * rows, sizeof *matrix), *row = calloc(rows, sizeof *row);
        int n = me->count, right = (me->rank + 1) % n, left = (me->rank + n - 1) % n;
        struct dvm_request *r[2];
        dvm_type column;

        FAKE_CHECK(!dvm_type_vector(rows, 1, 2, DVM_INT, &column) && !dvm_type_commit(column));
        FAKE_CHECK(!dvm_send_init(DVM_WORLD, right, 1, matrix + 1, 1, column, &r[0]));
        FAKE_CHECK(!dvm_recv_init(DVM_WORLD, left, 1, row, rows, DVM_INT, &r[1]));
        FAKE_CHECK(!dvm_type_free(&column));
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < rows; i++)
                matrix[2 * i + 1] = (int)i + me->rank + round;
            FAKE_CHECK(!dvm_startall(2, r) && !dvm_waitall(2, r, NULL));
            for (size_t i = 0; i < rows; i++)
                FAKE_CHECK(row[i] == (int)i + left + round);
        }
        FAKE_CHECK(!dvm_request_free(&r[0]) && !dvm_request_free(&r[1]));
        free(matrix);
        free(row);
    }
    return 0;
}

Test(keep, derived_types)
{
    cr_assert_eq(group_run(1, columns, NULL, NULL), 0);
    cr_assert_eq(group_run(3, columns, NULL, &hosts), 0);
}

/* To itself: the ends by dvm_test and dvm_waitany, and what is not under way counts as over. */
static int ends(const struct fake_task *me)
{
    struct dvm_request *r[3] = {NULL};
    struct dvm_status status;
    int x = 0, y = 0, done = 0;
    size_t index;

    FAKE_CHECK(!dvm_recv_init(DVM_SELF, 0, 1, &x, 1, DVM_INT, &r[0]));
    FAKE_CHECK(!dvm_send_init(DVM_SELF, 0, 1, &y, 1, DVM_INT, &r[1]));
    FAKE_CHECK(!dvm_send_init(DVM_SELF, DVM_NULL, 1, &y, 1, DVM_INT, &r[2]));
    FAKE_CHECK(!dvm_waitall(3, r, NULL));
    FAKE_CHECK(!dvm_waitany(3, r, &index, &status) && index == (size_t)DVM_NULL);
    FAKE_CHECK(!dvm_test(&r[0], &done, &status) && done && status.source == DVM_NULL);
    FAKE_CHECK(!dvm_wait(&r[0], NULL) && r[0]);
    for (y = 1; y < 4; y++) {
        FAKE_CHECK(!dvm_start(&r[0]));
        FAKE_CHECK(!dvm_test(&r[0], &done, NULL) && !done);
        FAKE_CHECK(dvm_start(&r[0]) == DVM_ERR_REQUEST && group_said("under way"));
        FAKE_CHECK(dvm_request_free(&r[0]) == DVM_ERR_REQUEST && r[0]);
        FAKE_CHECK(!dvm_start(&r[1]));
        FAKE_CHECK(!dvm_wait(&r[1], NULL));
        FAKE_CHECK(!dvm_waitany(3, r, &index, &status) && index == 0 && x == y);
        FAKE_CHECK(!dvm_start(&r[2]) && !dvm_wait(&r[2], &status) && status.source == DVM_NULL);
        FAKE_CHECK(dvm_cancel(r[0]) == DVM_ERR_REQUEST);
        FAKE_CHECK(!dvm_start(&r[0]) && !dvm_cancel(r[0]) && !dvm_wait(&r[0], &status));
        FAKE_CHECK(status.cancelled);
    }
    FAKE_CHECK(!dvm_start(&r[0])); /* and left so: dvm_finalize takes it */
    return 0;
}

Test(keep, ends_of_requests)
{
    cr_assert_eq(group_run(1, ends, NULL, NULL), 0);
}

static int refused(const struct fake_task *me)
{
    struct dvm_request *r = NULL, *plain;
    int x = 0;
    dvm_group g;

    FAKE_CHECK(dvm_start(NULL) == DVM_ERR_REQUEST && dvm_start(&r) == DVM_ERR_REQUEST);
    FAKE_CHECK(dvm_startall(0, NULL) == DVM_OK && dvm_startall(1, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_request_free(NULL) == DVM_ERR_ARG && dvm_request_free(&r) == DVM_OK);
    FAKE_CHECK(dvm_send_init(DVM_WORLD, 0, 1, &x, 1, DVM_INT, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_send_init(DVM_WORLD, 9, 1, &x, 1, DVM_INT, &r) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_recv_init(DVM_WORLD, 0, 1, NULL, 1, DVM_INT, &r) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_allreduce_init(DVM_WORLD, &x, &x, 1, DVM_INT, DVM_SUM, &r) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_barrier_init(DVM_WORLD, NULL) == DVM_ERR_ARG && !r);
    FAKE_CHECK(!dvm_irecv(DVM_SELF, 0, 1, &x, 1, DVM_INT, &plain));
    FAKE_CHECK(dvm_start(&plain) == DVM_ERR_REQUEST && group_said("not persistent"));
    FAKE_CHECK(dvm_request_free(&plain) == DVM_ERR_REQUEST && plain);
    FAKE_CHECK(!dvm_cancel(plain) && !dvm_wait(&plain, NULL) && !plain);
    /* a group that is freed takes its requests with it, but for their end */
    FAKE_CHECK(!dvm_group_dup(DVM_WORLD, &g));
    FAKE_CHECK(!dvm_barrier_init(g, &r) && !dvm_recv_init(g, 0, 1, &x, 1, DVM_INT, &plain));
    FAKE_CHECK(!dvm_start(&r) && !dvm_wait(&r, NULL) && !dvm_group_free(&g));
    FAKE_CHECK(dvm_start(&r) == DVM_ERR_GROUP && dvm_start(&plain) == DVM_ERR_GROUP);
    FAKE_CHECK(!dvm_request_free(&r) && !dvm_request_free(&plain));
    return 0;
}

Test(keep, wrong_use_is_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}

/* ---- collectives ---------------------------------------------------------------------- */

/* The buffers of one of each. */
struct all {
    int n, me;
    int one, sum, root_sum, prefix, before, piece, block;
    int each[TASKS_MAX], gathered[TASKS_MAX], got[TASKS_MAX], mine, scattered, dealt;
    int turned[TASKS_MAX], varying[TASKS_MAX], collected[TASKS_MAX], place[TASKS_MAX];
    int crossed[TASKS_MAX];
    size_t counts[TASKS_MAX], offsets[TASKS_MAX];
    struct dvm_request *requests[KINDS];
};

static int describe(struct all *a)
{
    struct dvm_request **r = a->requests;
    int root = a->n - 1;
    const dvm_group g = DVM_WORLD;

    for (int i = 0; i < a->n; i++) {
        a->counts[i] = 1;
        a->offsets[i] = (size_t)(a->n - 1 - i);
    }
    FAKE_CHECK(!dvm_barrier_init(g, r++));
    FAKE_CHECK(!dvm_bcast_init(g, root, &a->one, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_reduce_init(g, root, &a->mine, &a->root_sum, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_allreduce_init(g, &a->mine, &a->sum, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_scan_init(g, &a->mine, &a->prefix, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_exscan_init(g, &a->mine, &a->before, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_reduce_scatter_block_init(g, a->each, &a->block, 1, DVM_INT, DVM_MAX, r++));
    FAKE_CHECK(!dvm_reduce_scatter_init(g, a->each, &a->piece, a->counts, DVM_INT, DVM_MAX, r++));
    FAKE_CHECK(!dvm_gather_init(g, root, &a->mine, a->gathered, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_gatherv_init(g, root, &a->mine, 1, a->got, a->counts, a->offsets, DVM_INT,
                                 r++));
    FAKE_CHECK(!dvm_scatter_init(g, root, a->each, &a->scattered, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_scatterv_init(g, root, a->each, a->counts, a->offsets, &a->dealt, 1, DVM_INT,
                                  r++));
    FAKE_CHECK(!dvm_allgather_init(g, &a->mine, a->collected, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_allgatherv_init(g, &a->mine, 1, a->varying, a->counts, a->offsets, DVM_INT,
                                    r++));
    FAKE_CHECK(!dvm_alltoall_init(g, a->each, a->turned, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_alltoallv_init(g, a->each, a->counts, a->offsets, a->crossed, a->counts,
                                   a->offsets, DVM_INT, r++));
    FAKE_CHECK(!dvm_alltoall_init(g, DVM_IN_PLACE, a->place, 1, DVM_INT, r++));
    FAKE_CHECK(r == a->requests + KINDS);
    /* they have been read */
    memset(a->counts, 0xff, sizeof a->counts);
    memset(a->offsets, 0xff, sizeof a->offsets);
    return 0;
}

static void fill(struct all *a, int round)
{
    memset(a->gathered, 0xff, sizeof a->gathered);
    memset(a->turned, 0xff, sizeof a->turned);
    memset(a->collected, 0xff, sizeof a->collected);
    a->one = a->me == a->n - 1 ? 77 + round : 0;
    a->mine = a->me + 1 + round;
    a->before = -1;
    for (int i = 0; i < a->n; i++)
        a->each[i] = a->place[i] = round * 1000 + a->me * 100 + i;
}

static int check(const struct all *a, int round)
{
    int n = a->n, me = a->me, root = n - 1, sum = n * (n + 1) / 2 + n * round;
    int most = round * 1000 + root * 100 + me;

    FAKE_CHECK(a->one == 77 + round && a->sum == sum);
    FAKE_CHECK(me != root || a->root_sum == sum);
    FAKE_CHECK(a->prefix == (me + 1) * (me + 2) / 2 + (me + 1) * round);
    FAKE_CHECK(a->before == (me > 0 ? me * (me + 1) / 2 + me * round : -1));
    FAKE_CHECK(a->block == most && a->piece == most && a->scattered == most);
    FAKE_CHECK(a->dealt == round * 1000 + root * 100 + n - 1 - me);
    for (int i = 0; i < n; i++) {
        int from = round * 1000 + i * 100;

        FAKE_CHECK(a->collected[i] == i + 1 + round && a->varying[n - 1 - i] == i + 1 + round);
        FAKE_CHECK(a->turned[i] == from + me && a->place[i] == from + me);
        FAKE_CHECK(a->crossed[n - 1 - i] == from + n - 1 - me);
        FAKE_CHECK(me != root || (a->gathered[i] == i + 1 + round));
        FAKE_CHECK(me != root || (a->got[n - 1 - i] == i + 1 + round));
    }
    return 0;
}

/* All are described; then each round all are under way together, or one after the other, with
 * a call that waits in between. */
static int collectives(const struct fake_task *me)
{
    struct all *a = calloc(1, sizeof *a);
    int rc, x;

    a->n = me->count;
    a->me = me->rank;
    rc = describe(a);
    for (int round = 0; rc == 0 && round < ROUNDS; round++) {
        fill(a, round);
        if (round % 2 && dvm_startall(KINDS, a->requests))
            rc = 1;
        for (int i = 0; rc == 0 && round % 2 == 0 && i < KINDS; i++)
            rc = dvm_start(&a->requests[i]) || dvm_wait(&a->requests[i], NULL);
        if (rc == 0 && dvm_allreduce(DVM_WORLD, &me->rank, &x, 1, DVM_INT, DVM_MAX))
            rc = 1;
        if (rc == 0 && dvm_waitall(KINDS, a->requests, NULL))
            rc = 1;
        if (rc == 0)
            rc = check(a, round);
    }
    for (int i = 0; rc == 0 && i < KINDS; i++)
        rc = dvm_request_free(&a->requests[i]);
    free(a);
    return rc;
}

Test(keep, each_collective_gives_the_same_each_time)
{
    run_all(collectives);
}

/* In a ring whose tasks may be their own neighbours. */
static int neighbours(const struct fake_task *me)
{
    int n = me->count, periodic = 1, given[2], taken[2], all[2], left, right;
    size_t counts[2] = {1, 1}, offsets[2] = {1, 0}, bytes[2] = {sizeof(int), 0};
    dvm_type types[2] = {DVM_INT, DVM_INT};
    struct dvm_request *r[4];
    int swapped[2], typed[2];
    dvm_group g;

    FAKE_CHECK(!dvm_group_cart(DVM_WORLD, 1, &n, &periodic, 0, &g));
    FAKE_CHECK(!dvm_cart_shift(g, 0, 1, &left, &right));
    FAKE_CHECK(!dvm_neighbour_alltoall_init(g, given, taken, 1, DVM_INT, &r[0]));
    FAKE_CHECK(!dvm_neighbour_allgather_init(g, given, all, 1, DVM_INT, &r[1]));
    FAKE_CHECK(!dvm_neighbour_alltoallv_init(g, given, counts, offsets, swapped, counts, offsets,
                                             DVM_INT, &r[2]));
    FAKE_CHECK(!dvm_neighbour_alltoallw_init(g, given, counts, bytes, types, typed, counts, bytes,
                                             types, &r[3]));
    for (int round = 0; round < ROUNDS; round++) {
        given[0] = round * 100 + 2 * me->rank;
        given[1] = given[0] + 1;
        FAKE_CHECK(!dvm_startall(4, r) && !dvm_waitall(4, r, NULL));
        FAKE_CHECK(taken[0] == round * 100 + 2 * left + 1 && taken[1] == round * 100 + 2 * right);
        FAKE_CHECK(all[0] == round * 100 + 2 * left && all[1] == round * 100 + 2 * right);
        FAKE_CHECK(swapped[1] == round * 100 + 2 * left);
        FAKE_CHECK(swapped[0] == round * 100 + 2 * right + 1);
        FAKE_CHECK(typed[1] == swapped[1] && typed[0] == swapped[0]);
    }
    for (int i = 0; i < 4; i++)
        FAKE_CHECK(!dvm_request_free(&r[i]));
    return 0;
}

Test(keep, collectives_among_neighbours)
{
    run_all(neighbours);
}

/* Large ones by every algorithm; one task uses the form with the i instead of what it keeps. */
static int large(const struct fake_task *me)
{
    int *in = calloc(LARGE, sizeof *in), *out = calloc(LARGE, sizeof *out), n = me->count;
    struct dvm_request *r = NULL, *other = NULL;

    FAKE_CHECK(!dvm_allreduce_init(DVM_WORLD, in, out, LARGE, DVM_INT, DVM_SUM, &r));
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < LARGE; i++)
            in[i] = (int)i + me->rank + round;
        if (me->rank == 1)
            FAKE_CHECK(!dvm_iallreduce(DVM_WORLD, in, out, LARGE, DVM_INT, DVM_SUM, &other) &&
                       !dvm_wait(&other, NULL));
        else
            FAKE_CHECK(!dvm_start(&r) && !dvm_wait(&r, NULL));
        for (size_t i = 0; i < LARGE; i++)
            FAKE_CHECK(out[i] == n * ((int)i + round) + n * (n - 1) / 2);
    }
    free(in);
    free(out);
    return 0; /* the request is left to dvm_finalize */
}

Test(keep, large_ones_by_each_algorithm)
{
    static const char *const forced[] = {"allreduce=star", "allreduce=doubling",
                                         "allreduce=scatter_gather"};

    for (size_t i = 0; i < 3; i++) {
        setenv("DVM_COLL", forced[i], 1);
        cr_assert_eq(group_run(5, large, NULL, i % 2 ? &hosts : NULL), 0, "%s", forced[i]);
        unsetenv("DVM_COLL");
    }
}

/* ---- ends --------------------------------------------------------------------------------- */

static int until_death(const struct fake_task *me)
{
    struct dvm_request *r[3] = {NULL};
    int in[2] = {1, 1}, out[2], rc;

    rc = dvm_allreduce_init(DVM_WORLD, &in[0], &out[0], 1, DVM_INT, DVM_SUM, &r[0]);
    if (rc == DVM_OK)
        rc = dvm_allreduce_init(DVM_WORLD, &in[1], &out[1], 1, DVM_INT, DVM_SUM, &r[1]);
    if (rc == DVM_OK)
        rc = dvm_barrier_init(DVM_WORLD, &r[2]);
    while (rc == DVM_OK) {
        rc = dvm_startall(3, r);
        for (int i = 0; i < 3; i++) {
            int end = dvm_wait(&r[i], NULL);

            rc = rc == DVM_OK ? end : rc;
        }
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    for (int i = 0; i < 3; i++) { /* none is under way, and none can be started */
        FAKE_CHECK(!r[i] || dvm_start(&r[i]) == DVM_ERR_TASK_GONE);
        FAKE_CHECK(!dvm_request_free(&r[i]));
    }
    return 0;
}

Test(keep, a_death_ends_them)
{
    for (unsigned us = 0; us <= 20000; us = us * 10 + 2000)
        for (int spread = 0; spread <= 2; spread += 2) {
            const struct fake_options options = {.kill = true, .kill_rank = 1, .kill_us = us,
                                                 .world = true, .hosts = spread};

            cr_assert_eq(group_run(4, until_death, NULL, &options), 0, "after %u us, %d hosts",
                         us, spread);
        }
}
