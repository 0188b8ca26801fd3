/* groups: making new groups from lists, from sets and by division: who is in them, in which
 * order, that their messages are their own, what is refused, and that the end of a member is
 * an error for the others and never a hang (fake_run has a limit). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "group/group.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 9
#define ROUNDS 40

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

/* Whether a group is just these ranks of DVM_WORLD, in this order. */
static bool is_ranks(dvm_group g, const int *ranks, int count)
{
    int all[TASKS_MAX], world[TASKS_MAX], size;

    for (int i = 0; i < count; i++)
        all[i] = i;
    return dvm_group_size(g, &size) == DVM_OK && size == count &&
           dvm_group_translate(g, all, count, DVM_WORLD, world) == DVM_OK &&
           memcmp(world, ranks, (size_t)count * sizeof *ranks) == 0;
}

/* Whether the members can talk in a group: a sum of their ranks of DVM_WORLD, and a ring. */
static bool talks(dvm_group g, const int *ranks, int count)
{
    int me, world, sum, expected = 0, came;

    dvm_group_rank(g, &me);
    dvm_group_rank(DVM_WORLD, &world);
    for (int i = 0; i < count; i++)
        expected += ranks[i];
    if (me == DVM_NULL || ranks[me] != world)
        return false;
    if (dvm_allreduce(g, &world, &sum, 1, DVM_INT, DVM_SUM) || sum != expected)
        return false;
    return dvm_sendrecv(g, (me + 1) % count, 7, &world, 1, DVM_INT, (me + count - 1) % count, 7,
                        &came, 1, DVM_INT, NULL) == DVM_OK &&
           came == ranks[(me + count - 1) % count];
}

/* ---- lists and sets ---------------------------------------------------------------- */

static int lists(const struct fake_task *me)
{
    int n = me->count, reversed[TASKS_MAX], odd[TASKS_MAX], odds = 0, rank;
    dvm_group g, copy, part;

    for (int i = 0; i < n; i++)
        reversed[i] = n - 1 - i;
    for (int i = 1; i < n; i += 2)
        odd[odds++] = i;
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, reversed, n, &g) == DVM_OK);
    FAKE_CHECK(is_ranks(g, reversed, n) && talks(g, reversed, n));
    FAKE_CHECK(dvm_group_create(me->tids, n, &copy) == DVM_OK && dvm_barrier(copy) == DVM_OK);
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, odd, odds, &part) == DVM_OK);
    if (odds == 0) {
        FAKE_CHECK(part == DVM_GROUP_NONE);
    } else {
        FAKE_CHECK(dvm_group_rank(part, &rank) == DVM_OK);
        FAKE_CHECK(rank == (me->rank % 2 ? me->rank / 2 : DVM_NULL));
        FAKE_CHECK(is_ranks(part, odd, odds));
        FAKE_CHECK(rank == DVM_NULL || talks(part, odd, odds));
        FAKE_CHECK(rank != DVM_NULL ||
                   (dvm_barrier(part) == DVM_ERR_GROUP && group_said("no member") &&
                    dvm_send(part, 0, 1, NULL, 0, DVM_INT) == DVM_ERR_GROUP &&
                    dvm_recv(part, DVM_ANY, 1, NULL, 0, DVM_INT, NULL) == DVM_ERR_GROUP));
    }
    FAKE_CHECK(dvm_group_free(&g) == DVM_OK && g == DVM_GROUP_NONE);
    FAKE_CHECK(dvm_group_free(&copy) == DVM_OK && dvm_group_free(&part) == DVM_OK);
    return 0;
}

Test(groups, from_lists)
{
    run_all(lists);
}

static int sets(const struct fake_task *me)
{
    int n = me->count, low[TASKS_MAX], high[TASKS_MAX], all[TASKS_MAX], lows = 0, highs = 0;
    dvm_group a, b, both, common, left;

    /* the low two thirds, and the high two thirds backward */
    for (int i = 0; i < n; i++)
        all[i] = i;
    for (int i = 0; i < (2 * n + 2) / 3; i++)
        low[lows++] = i;
    for (int i = n - 1; i >= n / 3; i--)
        high[highs++] = i;
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, low, lows, &a) == DVM_OK);
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, high, highs, &b) == DVM_OK);

    FAKE_CHECK(dvm_group_union(a, b, &both) == DVM_OK);
    for (int i = lows; i < n; i++)
        all[i] = high[i - lows];
    FAKE_CHECK(is_ranks(both, all, n) && talks(both, all, n));

    FAKE_CHECK(dvm_group_intersection(a, b, &common) == DVM_OK);
    FAKE_CHECK(is_ranks(common, low + n / 3, lows - n / 3));
    if (me->rank >= n / 3 && me->rank < lows)
        FAKE_CHECK(talks(common, low + n / 3, lows - n / 3));

    FAKE_CHECK(dvm_group_difference(a, b, &left) == DVM_OK);
    FAKE_CHECK(n < 3 ? left == DVM_GROUP_NONE : is_ranks(left, low, n / 3));
    if (me->rank < n / 3)
        FAKE_CHECK(talks(left, low, n / 3));
    return 0;
}

Test(groups, from_sets)
{
    run_all(sets);
}

/* ---- division ------------------------------------------------------------------------ */

static int divide(const struct fake_task *me)
{
    int n = me->count, mine[TASKS_MAX], count = 0, size;
    dvm_group part, host;

    /* by the remainder of three, backward; the last remainder is in none */
    for (int i = n - 1; i >= 0; i--)
        if (i % 3 == me->rank % 3)
            mine[count++] = i;
    FAKE_CHECK(dvm_group_split(DVM_WORLD, me->rank % 3 == 2 ? DVM_NULL : me->rank % 3, -me->rank,
                               &part) == DVM_OK);
    if (me->rank % 3 == 2)
        FAKE_CHECK(part == DVM_GROUP_NONE);
    else
        FAKE_CHECK(is_ranks(part, mine, count) && talks(part, mine, count));

    FAKE_CHECK(dvm_group_split(DVM_WORLD, DVM_SPLIT_HOST, 0, &host) == DVM_OK);
    count = 0;
    for (int i = 0; i < n; i++)
        if (me->tids[i] >> 18 == me->tids[me->rank] >> 18)
            mine[count++] = i;
    FAKE_CHECK(is_ranks(host, mine, count) && talks(host, mine, count));
    FAKE_CHECK(dvm_group_size(host, &size) == DVM_OK && size == count);
    return 0;
}

Test(groups, by_division)
{
    run_all(divide);
}

/* ---- their messages are their own ------------------------------------------------------ */

static int apart(const struct fake_task *me)
{
    int n = me->count, next = (me->rank + 1) % n, before = (me->rank + n - 1) % n, x;
    dvm_group first, second;

    for (int round = 0; round < ROUNDS; round++) {
        int in_first = 2 * round, in_second = 2 * round + 1;

        FAKE_CHECK(dvm_group_dup(DVM_WORLD, &first) == DVM_OK);
        FAKE_CHECK(dvm_group_dup(first, &second) == DVM_OK);
        FAKE_CHECK(dvm_bsend(first, next, 1, &in_first, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_bsend(second, next, 1, &in_second, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_recv(second, before, DVM_ANY, &x, 1, DVM_INT, NULL) == DVM_OK);
        FAKE_CHECK(x == in_second);
        FAKE_CHECK(dvm_recv(first, DVM_ANY, 1, &x, 1, DVM_INT, NULL) == DVM_OK && x == in_first);
        FAKE_CHECK(dvm_group_free(&first) == DVM_OK);
        FAKE_CHECK(dvm_barrier(second) == DVM_OK);
        FAKE_CHECK(dvm_group_free(&second) == DVM_OK);
    }
    return 0;
}

Test(groups, messages_are_kept_apart)
{
    run_all(apart);
}

static int handles(const struct fake_task *me)
{
    dvm_group g, old, other;
    int relation;

    FAKE_CHECK(dvm_group_dup(DVM_WORLD, &g) == DVM_OK);
    FAKE_CHECK(dvm_group_compare(g, DVM_WORLD, &relation) == DVM_OK && relation == DVM_CONGRUENT);
    FAKE_CHECK(dvm_group_compare(g, g, &relation) == DVM_OK && relation == DVM_IDENTICAL);
    FAKE_CHECK(dvm_group_compare(g, DVM_SELF, &relation) == DVM_OK);
    FAKE_CHECK(relation == (me->count == 1 ? DVM_CONGRUENT : DVM_UNEQUAL));
    FAKE_CHECK(dvm_group_split(g, 0, -me->rank, &other) == DVM_OK);
    FAKE_CHECK(dvm_group_compare(g, other, &relation) == DVM_OK);
    FAKE_CHECK(relation == (me->count == 1 ? DVM_CONGRUENT : DVM_SIMILAR));
    old = g;
    FAKE_CHECK(dvm_group_free(&g) == DVM_OK);
    FAKE_CHECK(dvm_barrier(old) == DVM_ERR_GROUP && group_said("was freed"));
    FAKE_CHECK(dvm_barrier(g) == DVM_ERR_GROUP && group_said("DVM_GROUP_NONE is no group"));
    /* the place is used again, the handle is not */
    FAKE_CHECK(dvm_group_dup(DVM_WORLD, &g) == DVM_OK && g != old);
    FAKE_CHECK(dvm_barrier(old) == DVM_ERR_GROUP && group_said("was freed"));
    FAKE_CHECK(dvm_barrier(g) == DVM_OK);
    FAKE_CHECK(dvm_barrier(g + 1000) == DVM_ERR_GROUP && group_said("there is no group"));
    return 0;
}

Test(groups, handles_of_freed_groups_are_nobodys)
{
    run_all(handles);
}

/* Sets without tasks, as one gets them from others: in a world of one the odd ranks are none. */
static int empty_sets(const struct fake_task *me)
{
    dvm_group g = DVM_WORLD, all;
    int relation;

    FAKE_CHECK(!dvm_group_union(DVM_GROUP_NONE, DVM_WORLD, &all));
    FAKE_CHECK(!dvm_group_compare(all, DVM_WORLD, &relation) && relation == DVM_CONGRUENT);
    FAKE_CHECK(!dvm_barrier(all) && !dvm_group_free(&all));
    FAKE_CHECK(!dvm_group_difference(DVM_WORLD, DVM_GROUP_NONE, &all) && !dvm_barrier(all));
    FAKE_CHECK(!dvm_group_intersection(all, DVM_GROUP_NONE, &g) && g == DVM_GROUP_NONE);
    FAKE_CHECK(!dvm_group_difference(DVM_GROUP_NONE, all, &g) && g == DVM_GROUP_NONE);
    FAKE_CHECK(!dvm_group_union(DVM_GROUP_NONE, DVM_GROUP_NONE, &g) && g == DVM_GROUP_NONE);
    FAKE_CHECK(!dvm_group_free(&all));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(groups, sets_may_be_empty)
{
    run_all(empty_sets);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static int refused(const struct fake_task *me)
{
    int twice[] = {0, 0}, none[] = {0, 77}, tids[] = {me->tids[0], -5};
    dvm_group g = DVM_WORLD, self = DVM_SELF;

    FAKE_CHECK(dvm_group_subset(DVM_WORLD, twice, 2, &g) == DVM_ERR_ARG && group_said("twice"));
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, none, 2, &g) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, NULL, 2, &g) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, none, 1, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_subset(44, none, 1, &g) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_create(tids, 2, &g) == DVM_ERR_NO_TASK);
    FAKE_CHECK(dvm_group_union(DVM_WORLD, DVM_UNIVERSE, &g) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_union(DVM_WORLD, DVM_SELF, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_split(DVM_WORLD, -9, 0, &g) == DVM_ERR_ARG && group_said("colour"));
    FAKE_CHECK(dvm_group_split(DVM_UNIVERSE, 0, 0, &g) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_dup(DVM_WORLD, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_free(&self) == DVM_ERR_GROUP && group_said("built in"));
    FAKE_CHECK(dvm_group_free(NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_tids(DVM_UNIVERSE, tids, 2) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_tids(DVM_WORLD, tids, 1) == DVM_OK && tids[0] == me->tids[0]);
    FAKE_CHECK(dvm_group_translate(DVM_WORLD, none, 2, DVM_SELF, twice) == DVM_ERR_RANK);
    FAKE_CHECK(g == DVM_WORLD && dvm_barrier(DVM_WORLD) == DVM_OK);
    return 0;
}

Test(groups, bad_arguments_are_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}

/* ---- deaths ----------------------------------------------------------------------------- */

/* Groups until one is killed. The others hear of it, each by itself, and then make a group
 * of those that are left, from a list, which asks nobody else. */
static int until_death(const struct fake_task *me)
{
    int left[TASKS_MAX], count = 0, rc = DVM_OK, members[] = {0, 1, 2, 3, 4};
    dvm_group g;

    for (int i = 0; i < me->count; i++)
        if (i != 1)
            left[count++] = i;
    for (int round = 0; rc == DVM_OK; round++) {
        rc = round % 2 ? dvm_group_subset(DVM_WORLD, members, me->count, &g)
                       : dvm_group_split(DVM_WORLD, 0, 0, &g);
        if (rc == DVM_OK)
            dvm_group_free(&g);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_group_split(DVM_WORLD, 0, 0, &g) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_group_subset(DVM_WORLD, left, count, &g) == DVM_OK);
    FAKE_CHECK(talks(g, left, count));
    return 0;
}

Test(groups, a_death_is_an_error_for_the_others)
{
    static const unsigned moments[] = {0, 2000, 10000, 40000};

    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        for (int spread = 0; spread <= 2; spread += 2) {
            const struct fake_options options = {.kill = true, .kill_rank = 1,
                                                 .kill_us = moments[i], .world = true,
                                                 .hosts = spread};

            cr_assert_eq(group_run(5, until_death, NULL, &options), 0, "after %u us, %d hosts",
                         moments[i], spread);
        }
}
