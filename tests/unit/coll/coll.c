/* coll: every collective with 1, 2, 3, 5, 7 and 8 tasks, over shared memory and between
 * hosts; every root, no elements, few and many; and that a failure of one member
 * is the failure of all, and never a hang (fake_run has a limit). */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "dvm.h"
#include "tests/support/group_task.h"

#define MANY 300000 /* ints: over every limit of small messages */
#define ROUNDS 50

static const int task_counts[] = {1, 2, 3, 5, 7, 8};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const size_t lengths[] = {0, 1, 3, 1000, MANY};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
static const struct fake_options hosts = {.hosts = 3};

/* Run a task with all numbers of tasks, on one host and on three. */
static void run_all(fake_task_f *task, void *arg)
{
    for (size_t i = 0; i < COUNTS; i++) {
        cr_assert_eq(group_run(task_counts[i], task, arg, NULL), 0, "%d tasks", task_counts[i]);
        cr_assert_eq(group_run(task_counts[i], task, arg, &hosts), 0, "%d tasks on 3 hosts",
                     task_counts[i]);
    }
}

/* ---- barrier -------------------------------------------------------------------- */

static int barrier(const struct fake_task *me)
{
    atomic_int *entered = me->arg; /* shared by all */

    for (int round = 1; round <= ROUNDS; round++) {
        atomic_fetch_add(entered, 1);
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
        FAKE_CHECK(atomic_load(entered) >= round * me->count);
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
        FAKE_CHECK(atomic_load(entered) <= round * me->count + me->count);
    }
    return 0;
}

Test(coll, barrier_lets_nobody_through_alone)
{
    atomic_int *entered = mmap(NULL, sizeof *entered, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < COUNTS; i++) {
        atomic_store(entered, 0);
        cr_assert_eq(group_run(task_counts[i], barrier, entered, NULL), 0);
    }
}

/* ---- bcast ---------------------------------------------------------------------- */

static int bcast(const struct fake_task *me)
{
    int *buffer = malloc(MANY * sizeof *buffer);

    for (size_t l = 0; l < LENGTHS; l++)
        for (int root = 0; root < me->count; root++) {
            for (size_t i = 0; i < lengths[l]; i++)
                buffer[i] = me->rank == root ? (int)i + root : -1;
            FAKE_CHECK(dvm_bcast(DVM_WORLD, root, buffer, lengths[l], DVM_INT) == DVM_OK);
            for (size_t i = 0; i < lengths[l]; i++)
                FAKE_CHECK(buffer[i] == (int)i + root);
        }
    free(buffer);
    return 0;
}

Test(coll, bcast)
{
    run_all(bcast, NULL);
}

/* ---- reduce ----------------------------------------------------------------------- */

static int reduce(const struct fake_task *me)
{
    int *in = malloc(MANY * sizeof *in), *out = malloc(MANY * sizeof *out);
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++)
        for (int root = 0; root < n; root++) {
            for (size_t i = 0; i < lengths[l]; i++) {
                in[i] = (me->rank + 1) * ((int)i + 1);
                out[i] = -7;
            }
            FAKE_CHECK(dvm_reduce(DVM_WORLD, root, in, me->rank == root ? out : NULL, lengths[l],
                                  DVM_INT, DVM_SUM) == DVM_OK);
            for (size_t i = 0; i < lengths[l]; i++) {
                int sum = n * (n + 1) / 2 * ((int)i + 1);

                FAKE_CHECK(out[i] == (me->rank == root ? sum : -7));
                FAKE_CHECK(in[i] == (me->rank + 1) * ((int)i + 1));
            }
        }
    free(in);
    free(out);
    return 0;
}

Test(coll, reduce)
{
    run_all(reduce, NULL);
}

/* Numbers whose sum depends on the order. */
static double odd_number(int rank, int i)
{
    return (rank % 2 ? 1e16 : 1.0) / (rank + 1) * (rank % 3 ? 1 : -1) + i * 1e-3;
}

/* What a binomial tree over ranks gives, reckoned without messages. */
static double expected_sum(int n, int i)
{
    double part[8];

    for (int r = 0; r < n; r++)
        part[r] = odd_number(r, i);
    for (int bit = 1; bit < n; bit *= 2)
        for (int r = 0; r + bit < n; r += 2 * bit)
            part[r] += part[r + bit];
    return part[0];
}

static int order(const struct fake_task *me)
{
    double in[10], out[10], all[10];

    for (int i = 0; i < 10; i++)
        in[i] = odd_number(me->rank, i);
    for (int root = 0; root < me->count; root++) {
        FAKE_CHECK(dvm_reduce(DVM_WORLD, root, in, out, 10, DVM_DOUBLE, DVM_SUM) == DVM_OK);
        for (int i = 0; me->rank == root && i < 10; i++)
            FAKE_CHECK(out[i] == expected_sum(me->count, i));
    }
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, in, all, 10, DVM_DOUBLE, DVM_SUM) == DVM_OK);
    for (int i = 0; i < 10; i++)
        FAKE_CHECK(all[i] == expected_sum(me->count, i));
    return 0;
}

Test(coll, floating_sums_have_one_order)
{
    run_all(order, NULL);
}

/* ---- allreduce ----------------------------------------------------------------------- */

static int allreduce(const struct fake_task *me)
{
    long *in = malloc(MANY * sizeof *in), *out = malloc(MANY * sizeof *out);

    for (size_t l = 0; l < LENGTHS; l++) {
        for (size_t i = 0; i < lengths[l]; i++)
            in[i] = (long)i * 10 + me->rank;
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, in, out, lengths[l], DVM_LONG, DVM_MAX) == DVM_OK);
        for (size_t i = 0; i < lengths[l]; i++)
            FAKE_CHECK(out[i] == (long)i * 10 + me->count - 1);
    }
    free(in);
    free(out);
    return 0;
}

Test(coll, allreduce)
{
    run_all(allreduce, NULL);
}

/* ---- many in a row, among other messages ------------------------------------------------ */

static int mixed(const struct fake_task *me)
{
    int n = me->count, sum, x;

    for (int round = 0; round < ROUNDS; round++) {
        int root = round % n;

        FAKE_CHECK(dvm_bsend(DVM_WORLD, root, round, &me->rank, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, &me->rank, &sum, 1, DVM_INT, DVM_SUM) == DVM_OK);
        FAKE_CHECK(sum == n * (n - 1) / 2);
        x = me->rank == root ? round : -1;
        FAKE_CHECK(dvm_bcast(DVM_WORLD, root, &x, 1, DVM_INT) == DVM_OK && x == round);
        FAKE_CHECK(dvm_reduce(DVM_SELF, 0, &x, &sum, 1, DVM_INT, DVM_SUM) == DVM_OK && sum == x);
        for (int i = 0; me->rank == root && i < n; i++) {
            FAKE_CHECK(dvm_recv(DVM_WORLD, i, DVM_ANY, &x, 1, DVM_INT, NULL) == DVM_OK);
            FAKE_CHECK(x == i);
        }
    }
    return 0;
}

Test(coll, rows_of_collectives_do_not_mix)
{
    run_all(mixed, NULL);
}

/* ---- what is refused, on all members alike ------------------------------------------------- */

static int refused(const struct fake_task *me)
{
    double x = 1, y[2] = {0};

    FAKE_CHECK(dvm_bcast(DVM_WORLD, me->count, &x, 1, DVM_DOUBLE) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, &x, 1, -3) == DVM_ERR_TYPE);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, NULL, 1, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_reduce(DVM_WORLD, -1, &x, y, 1, DVM_DOUBLE, DVM_SUM) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_reduce(DVM_WORLD, 0, &x, y, 1, DVM_DOUBLE, 77) == DVM_ERR_OP);
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, &x, y, 1, DVM_DOUBLE, DVM_BAND) == DVM_ERR_OP);
    FAKE_CHECK(group_said("DVM_BAND cannot be used with DVM_DOUBLE"));
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, y, y, 1, DVM_DOUBLE, DVM_SUM) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, y, y + 1, 2, DVM_DOUBLE, DVM_SUM) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_allreduce(DVM_UNIVERSE, &x, y, 1, DVM_DOUBLE, DVM_SUM) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_allreduce(9, &x, y, 1, DVM_DOUBLE, DVM_SUM) == DVM_ERR_GROUP);
    /* none of this has hurt the group */
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, &x, y, 1, DVM_DOUBLE, DVM_SUM) == DVM_OK);
    FAKE_CHECK(y[0] == me->count);
    return 0;
}

Test(coll, bad_arguments_are_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}

/* ---- members that disagree ------------------------------------------------------------------- */

/* Barriers until one fails. */
static int fail_at_last(int rc)
{
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    return rc;
}

/* One gives another count: somebody notices, and everybody is told. */
static int other_count(const struct fake_task *me)
{
    int in[10] = {0}, out[10], rc;

    rc = dvm_allreduce(DVM_WORLD, in, out, me->rank == 1 ? 9 : 10, DVM_INT, DVM_SUM);
    rc = fail_at_last(rc);
    /* ARG: a member has waited for a second before a message told, and has asked the others */
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE || (rc == DVM_ERR_ARG && group_said("rank 1 called")));
    FAKE_CHECK(rc == DVM_ERR_ARG || group_said("the same count"));
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == rc);
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll, other_counts_end_the_group)
{
    for (int n = 2; n <= 8; n++)
        cr_assert_eq(group_run(n, other_count, NULL, NULL), 0, "%d tasks", n);
}

static int other_type(const struct fake_task *me)
{
    double x[2] = {0};
    int rc;

    rc = dvm_bcast(DVM_WORLD, 0, x, 2, me->rank == me->count - 1 ? DVM_INT64 : DVM_DOUBLE);
    FAKE_CHECK(fail_at_last(rc) == DVM_ERR_TYPE);
    FAKE_CHECK(group_said("dvm_bcast: rank 0 gives 2 double (16 B); "));
    FAKE_CHECK(group_said("takes 2 int64_t (16 B) at "));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll, other_types_end_the_group)
{
    for (int n = 2; n <= 8; n++)
        cr_assert_eq(group_run(n, other_type, NULL, NULL), 0, "%d tasks", n);
}

static int other_call(const struct fake_task *me)
{
    int x = 1, rc;

    rc = me->rank == 0 ? dvm_bcast(DVM_WORLD, 0, &x, 1, DVM_INT) : dvm_barrier(DVM_WORLD);
    FAKE_CHECK(fail_at_last(rc) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("dvm_barrier") && group_said("same order"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll, other_calls_end_the_group)
{
    for (int n = 2; n <= 8; n++)
        cr_assert_eq(group_run(n, other_call, NULL, NULL), 0, "%d tasks", n);
}

/* ---- deaths -------------------------------------------------------------------- */

/* Collectives until one is killed: all others must fail, and may still talk. */
static int until_death(const struct fake_task *me)
{
    int *in = calloc(MANY, sizeof *in), *out = calloc(MANY, sizeof *out);
    int n = me->count, rc = DVM_OK, x, victim = 1;

    for (int round = 0; rc == DVM_OK; round++) {
        size_t count = lengths[(size_t)round % LENGTHS];

        rc = dvm_allreduce(DVM_WORLD, in, out, count, DVM_INT, DVM_SUM);
        if (rc == DVM_OK)
            rc = dvm_bcast(DVM_WORLD, round % n, out, count, DVM_INT);
        if (rc == DVM_OK)
            rc = dvm_barrier(DVM_WORLD);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_ERR_TASK_GONE);
    free(in);
    free(out);
    if (me->rank == 0) {
        for (int i = 2; i < n; i++)
            FAKE_CHECK(dvm_recv(DVM_WORLD, i, 1, &x, 1, DVM_INT, NULL) == DVM_OK && x == i);
    } else if (me->rank != victim) {
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, 1, &me->rank, 1, DVM_INT) == DVM_OK);
    }
    return 0;
}

Test(coll, a_death_ends_the_collectives_of_all)
{
    static const unsigned moments[] = {0, 1000, 3000, 10000, 30000, 100000};

    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        for (int spread = 0; spread <= 2; spread += 2) {
            const struct fake_options options = {.kill = true, .kill_rank = 1,
                                                 .kill_us = moments[i], .world = true,
                                                 .hosts = spread};

            cr_assert_eq(group_run(5, until_death, NULL, &options), 0, "after %u us, %d hosts",
                         moments[i], spread);
        }
}

/* One leaves in good order, which no alarm tells of; those who wait for it fail, and
 * they tell the others. */
static int one_leaves(const struct fake_task *me)
{
    int rc;

    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    FAKE_CHECK(group_meet(me)); /* all are through it */
    if (me->rank == 1)
        return 0;
    rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("it called dvm_finalize"));
    return 0;
}

Test(coll, a_member_that_left_ends_them)
{
    for (int n = 2; n <= 8; n++)
        cr_assert_eq(group_run(n, one_leaves, NULL, NULL), 0, "%d tasks", n);
}
