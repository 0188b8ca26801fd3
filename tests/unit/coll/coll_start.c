/* coll_start: collectives that go on while the program does: the same results as those that
 * wait, many under way in one group and several, ended in any order, among calls that wait
 * and messages; and that a death or a mistake is the end of all of a group, and no hang. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 9
#define UNDER_WAY 24
#define MANY 60000

static const int task_counts[] = {1, 2, 3, 5, 8, 9};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (size_t i = 0; i < COUNTS; i++) {
        cr_assert_eq(group_run(task_counts[i], task, NULL, NULL), 0, "%d tasks", task_counts[i]);
        cr_assert_eq(group_run(task_counts[i], task, NULL, &hosts), 0, "%d tasks on 3 hosts",
                     task_counts[i]);
    }
}

/* ---- each of them ------------------------------------------------------------------- */

/* The buffers of one of each. */
struct all {
    int n, me;
    int one, sum, root_sum, prefix, before, piece, block;
    int each[TASKS_MAX], gathered[TASKS_MAX], got[TASKS_MAX], mine, scattered;
    int turned[TASKS_MAX], varying[TASKS_MAX], collected[TASKS_MAX];
    size_t counts[TASKS_MAX], offsets[TASKS_MAX];
    struct dvm_request *requests[16];
};

static int start_all(struct all *a)
{
    struct dvm_request **r = a->requests;
    int root = a->n - 1, me = a->me;

    a->one = me == root ? 77 : 0;
    a->mine = me + 1;
    a->before = -1;
    for (int i = 0; i < a->n; i++) {
        a->each[i] = me * 100 + i;
        a->counts[i] = 1;
        a->offsets[i] = (size_t)(a->n - 1 - i);
    }
    FAKE_CHECK(!dvm_ibarrier(DVM_WORLD, r++));
    FAKE_CHECK(!dvm_ibcast(DVM_WORLD, root, &a->one, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_ireduce(DVM_WORLD, root, &a->mine, &a->root_sum, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_iallreduce(DVM_WORLD, &a->mine, &a->sum, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_iscan(DVM_WORLD, &a->mine, &a->prefix, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_iexscan(DVM_WORLD, &a->mine, &a->before, 1, DVM_INT, DVM_SUM, r++));
    FAKE_CHECK(!dvm_ireduce_scatter_block(DVM_WORLD, a->each, &a->block, 1, DVM_INT, DVM_MAX, r++));
    FAKE_CHECK(!dvm_ireduce_scatter(DVM_WORLD, a->each, &a->piece, a->counts, DVM_INT, DVM_MAX,
                                    r++));
    FAKE_CHECK(!dvm_igather(DVM_WORLD, root, &a->mine, a->gathered, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_igatherv(DVM_WORLD, root, &a->mine, 1, a->got, a->counts, a->offsets, DVM_INT,
                             r++));
    FAKE_CHECK(!dvm_iscatter(DVM_WORLD, root, a->each, &a->scattered, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_iallgather(DVM_WORLD, &a->mine, a->collected, 1, DVM_INT, r++));
    FAKE_CHECK(!dvm_iallgatherv(DVM_WORLD, &a->mine, 1, a->varying, a->counts, a->offsets, DVM_INT,
                                r++));
    FAKE_CHECK(!dvm_ialltoall(DVM_WORLD, a->each, a->turned, 1, DVM_INT, r++));
    return 0;
}

static int check_all(const struct all *a)
{
    int n = a->n, me = a->me, root = n - 1;

    FAKE_CHECK(a->one == 77 && a->sum == n * (n + 1) / 2);
    FAKE_CHECK(me != root || a->root_sum == n * (n + 1) / 2);
    FAKE_CHECK(a->prefix == (me + 1) * (me + 2) / 2);
    FAKE_CHECK(a->before == (me > 0 ? me * (me + 1) / 2 : -1));
    FAKE_CHECK(a->block == root * 100 + me && a->piece == root * 100 + me);
    FAKE_CHECK(a->scattered == root * 100 + me);
    for (int i = 0; i < n; i++) {
        FAKE_CHECK(a->collected[i] == i + 1 && a->varying[n - 1 - i] == i + 1);
        FAKE_CHECK(a->turned[i] == i * 100 + me);
        FAKE_CHECK(me != root || (a->gathered[i] == i + 1 && a->got[n - 1 - i] == i + 1));
    }
    return 0;
}

static int each(const struct fake_task *me)
{
    struct all *a = calloc(1, sizeof *a);
    int rc;

    a->n = me->count;
    a->me = me->rank;
    rc = start_all(a);
    /* one that waits, and a message, while those are under way */
    if (rc == 0 && dvm_barrier(DVM_WORLD))
        rc = 1;
    if (rc == 0)
        rc = !group_meet(me);
    if (rc == 0 && dvm_waitall(14, a->requests, NULL))
        rc = 1;
    if (rc == 0)
        rc = check_all(a);
    free(a);
    return rc;
}

Test(coll_start, each_gives_what_the_waiting_form_gives)
{
    run_all(each);
}

/* ---- many ------------------------------------------------------------------------------ */

/* Many under way in two groups, ended backward, each test with its own numbers. */
static int many(const struct fake_task *me)
{
    struct dvm_request *requests[UNDER_WAY];
    int in[UNDER_WAY], out[UNDER_WAY], n = me->count, done;
    dvm_group other;

    FAKE_CHECK(dvm_group_dup(DVM_WORLD, &other) == DVM_OK);
    for (int i = 0; i < UNDER_WAY; i++) {
        in[i] = me->rank + i;
        FAKE_CHECK(dvm_iallreduce(i % 3 ? DVM_WORLD : other, &in[i], &out[i], 1, DVM_INT, DVM_SUM,
                                  &requests[i]) == DVM_OK);
    }
    for (int i = UNDER_WAY - 1; i >= 0; i--) {
        if (i % 2)
            FAKE_CHECK(dvm_wait(&requests[i], NULL) == DVM_OK);
        for (done = i % 2; !done;)
            FAKE_CHECK(dvm_test(&requests[i], &done, NULL) == DVM_OK);
        FAKE_CHECK(!requests[i] && out[i] == n * (n - 1) / 2 + n * i);
    }
    return 0;
}

Test(coll_start, many_are_under_way)
{
    run_all(many);
}

static int large(const struct fake_task *me)
{
    struct dvm_request *requests[3];
    int *x = malloc(3 * MANY * sizeof *x), *y = malloc(3 * MANY * sizeof *y), n = me->count;

    for (int i = 0; i < 3 * MANY; i++)
        x[i] = me->rank == i / MANY % n ? i : 1;
    FAKE_CHECK(dvm_iallreduce(DVM_WORLD, x, y, MANY, DVM_INT, DVM_MAX, &requests[0]) == DVM_OK);
    FAKE_CHECK(dvm_ibcast(DVM_WORLD, 1 % n, x + MANY, MANY, DVM_INT, &requests[1]) == DVM_OK);
    FAKE_CHECK(dvm_ibcast(DVM_WORLD, 2 % n, x + 2 * MANY, MANY, DVM_INT, &requests[2]) == DVM_OK);
    FAKE_CHECK(dvm_waitall(3, requests, NULL) == DVM_OK);
    for (int i = 2; i < 3 * MANY; i++)
        FAKE_CHECK(i < MANY ? y[i] == i : x[i] == i);
    free(x);
    free(y);
    return 0;
}

Test(coll_start, large_ones)
{
    run_all(large);
}

/* Some call the form that waits, some the other one: these are not the same call. */
static int mixed(const struct fake_task *me)
{
    struct dvm_request *request = NULL;
    int in = 1, out = 0, expected = me->count > 1 ? DVM_ERR_ARG : DVM_OK, rc;

    if (me->rank % 2) {
        rc = dvm_allreduce(DVM_WORLD, &in, &out, 1, DVM_INT, DVM_SUM);
    } else {
        rc = dvm_iallreduce(DVM_WORLD, &in, &out, 1, DVM_INT, DVM_SUM, &request);
        if (rc == DVM_OK)
            rc = dvm_wait(&request, NULL);
    }
    FAKE_CHECK(rc == expected && (rc == DVM_OK || group_said("dvm_allreduce")));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_start, forms_do_not_go_together)
{
    run_all(mixed);
}

/* One task starts its part and stays outside of the library: the others get through all the
 * same, since its service thread does what it owes. It hears of that by a pipe of the test. */
static int computing(const struct fake_task *me)
{
    int *ends = me->arg, x = me->rank + 1, y = 0, n = me->count;
    struct dvm_request *request;
    char byte = 0;

    for (int round = 0; round < 3; round++) {
        FAKE_CHECK(dvm_iallreduce(DVM_WORLD, &x, &y, 1, DVM_INT, DVM_SUM, &request) == DVM_OK);
        if (me->rank == n - 1 && n > 1) {
            for (int i = 0; i < n - 1; i++)
                FAKE_CHECK(read(ends[0], &byte, 1) == 1);
            FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
        } else {
            FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
            FAKE_CHECK(n == 1 || write(ends[1], &byte, 1) == 1);
        }
        FAKE_CHECK(y == n * (n + 1) / 2);
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    }
    return 0;
}

Test(coll_start, they_go_on_while_a_task_computes)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    for (size_t i = 0; i < COUNTS; i++) {
        cr_assert_eq(group_run(task_counts[i], computing, ends, NULL), 0, "%d", task_counts[i]);
        cr_assert_eq(group_run(task_counts[i], computing, ends, &hosts), 0, "%d on 3 hosts",
                     task_counts[i]);
    }
}

/* ---- failures ---------------------------------------------------------------------------- */

static int until_death(const struct fake_task *me)
{
    struct dvm_request *requests[4];
    int x[4] = {0}, y[4], rc = DVM_OK;

    while (rc == DVM_OK) {
        int started = 0;

        while (rc == DVM_OK && started < 4) {
            rc = dvm_iallreduce(DVM_WORLD, &x[started], &y[started], 1, DVM_INT, DVM_SUM,
                                &requests[started]);
            started += rc == DVM_OK;
        }
        for (int i = 0; i < started; i++) {
            int end = dvm_wait(&requests[i], NULL);

            rc = rc == DVM_OK ? end : rc;
        }
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_ibarrier(DVM_WORLD, requests) == DVM_ERR_TASK_GONE);
    return 0;
}

Test(coll_start, a_death_ends_all)
{
    static const unsigned moments[] = {0, 2000, 20000};

    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        for (int spread = 0; spread <= 2; spread += 2) {
            const struct fake_options options = {.kill = true, .kill_rank = 1,
                                                 .kill_us = moments[i], .world = true,
                                                 .hosts = spread};

            cr_assert_eq(group_run(5, until_death, NULL, &options), 0, "after %u us, %d hosts",
                         moments[i], spread);
        }
}

static int other_call(const struct fake_task *me)
{
    struct dvm_request *first = NULL, *second = NULL;
    int x = 1, y, rc;

    /* the others may have failed before */
    rc = dvm_ibarrier(DVM_WORLD, &first);
    if (rc == DVM_OK && me->rank == 0)
        rc = dvm_ibcast(DVM_WORLD, 0, &x, 1, DVM_INT, &second);
    else if (rc == DVM_OK)
        rc = dvm_iallreduce(DVM_WORLD, &x, &y, 1, DVM_INT, DVM_SUM, &second);
    if (rc == DVM_OK)
        rc = dvm_wait(&second, NULL);
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_ARG && group_said("same order"));
    dvm_wait(&first, NULL);
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_start, other_calls_are_told)
{
    for (int n = 2; n <= 8; n++)
        cr_assert_eq(group_run(n, other_call, NULL, NULL), 0, "%d tasks", n);
}

/* What is under way at the end is dropped. */
static int left_open(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = 0, y;

    FAKE_CHECK(dvm_iallreduce(DVM_WORLD, &x, &y, 1, DVM_INT, DVM_SUM, &request) == DVM_OK);
    FAKE_CHECK(dvm_cancel(request) == DVM_ERR_REQUEST && group_said("cannot be cancelled"));
    FAKE_CHECK(dvm_ibarrier(DVM_WORLD, NULL) == DVM_ERR_ARG && group_said("place"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_start, what_is_left_open_is_dropped)
{
    for (int n = 1; n <= 5; n++)
        cr_assert_eq(group_run(n, left_open, NULL, NULL), 0, "%d tasks", n);
}
