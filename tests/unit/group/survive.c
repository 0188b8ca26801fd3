/* survive: groups whose members die. Agreement, shrinking and revocation by real tasks: on one
 * host and on three, with members that are killed at random moments of them, and again in the
 * groups of those that are left: what the survivors have is the same at all, and nobody hangs
 * (fake_run has a limit). The orders of words are gone through in agree.c. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "dvm.h"
#include "tests/support/full_size.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define PARTS 4       /* each a process, which an allocator of a sanitizer makes dearer with time */
#define QUICK_RUNS 15 /* of a part */
#ifdef __SANITIZE_ADDRESS__
#define LONG_RUNS 125 /* the search for leaks at the end of each task takes most of the time */
#else
#define LONG_RUNS 500
#endif
#define MOMENT_US 30000 /* within which members die */
#define ROUNDS 6

static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (int n = 1; n <= TASKS_MAX; n += n < 5 ? 1 : 4) {
        cr_assert_eq(group_run(n, task, NULL, NULL), 0, "%d tasks", n);
        cr_assert_eq(group_run(n, task, NULL, &hosts), 0, "%d tasks on 3 hosts", n);
    }
}

/* ---- nobody dies --------------------------------------------------------------------- */

static int agreed(const struct fake_task *me)
{
    int flag, size, rank, relation;
    dvm_group g, next;

    for (int round = 0; round < ROUNDS; round++) {
        flag = me->rank == round ? ~4 : -1;
        FAKE_CHECK(dvm_group_agree(DVM_WORLD, &flag) == DVM_OK);
        FAKE_CHECK(flag == (round < me->count ? ~4 : -1));
    }
    FAKE_CHECK(dvm_group_shrink(DVM_WORLD, &g) == DVM_OK);
    FAKE_CHECK(dvm_group_size(g, &size) == DVM_OK && size == me->count);
    FAKE_CHECK(dvm_group_rank(g, &rank) == DVM_OK && rank == me->rank);
    FAKE_CHECK(dvm_group_compare(g, DVM_WORLD, &relation) == DVM_OK && relation == DVM_CONGRUENT);
    FAKE_CHECK(dvm_barrier(g) == DVM_OK);
    FAKE_CHECK(dvm_group_shrink(g, &next) == DVM_OK && dvm_group_free(&g) == DVM_OK);
    flag = 1;
    FAKE_CHECK(dvm_group_agree(next, &flag) == DVM_OK && flag == 1);
    flag = me->rank;
    FAKE_CHECK(dvm_group_agree(DVM_SELF, &flag) == DVM_OK && flag == me->rank);
    return 0;
}

Test(survive, agreement_of_the_living)
{
    run_all(agreed);
}

static int refused(const struct fake_task *me)
{
    int flag = 1, other[] = {me->tids[1]};
    dvm_group g;

    FAKE_CHECK(dvm_group_agree(DVM_UNIVERSE, &flag) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_agree(77, &flag) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_agree(DVM_WORLD, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_shrink(DVM_WORLD, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_revoke(DVM_UNIVERSE) == DVM_ERR_GROUP && group_said("fixed set"));
    FAKE_CHECK(dvm_group_create(other, 1, &g) == DVM_OK);
    FAKE_CHECK(me->rank == 1 || (dvm_group_shrink(g, &g) == DVM_ERR_GROUP &&
                                 group_said("no member")));
    /* one shrinks, the others agree: told to all */
    FAKE_CHECK((me->rank == 1 ? dvm_group_shrink(DVM_WORLD, &g)
                              : dvm_group_agree(DVM_WORLD, &flag)) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("same order"));
    FAKE_CHECK(dvm_group_agree(DVM_WORLD, &flag) == DVM_OK && flag == 1);
    return 0;
}

Test(survive, bad_arguments_are_refused)
{
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}

/* ---- members die at random moments ------------------------------------------------------- */

/* What the survivors have got, by round: the first says, the others compare. */
struct table {
    _Atomic uint64_t flags[ROUNDS + 1], sizes[ROUNDS + 1];
};

struct lot {
    uint64_t mortal;
    unsigned moments[TASKS_MAX]; /* us */
    struct table *table;
};

static void end(int signal)
{
    (void)signal;
    kill(getpid(), SIGKILL);
}

/* Whether this is what all others have. */
static bool same(_Atomic uint64_t *place, uint64_t value)
{
    uint64_t first = 0;

    return atomic_compare_exchange_strong(place, &first, value + 1) || first == value + 1;
}

/* Rounds of work in a group, agreement on how it went, and a new group of those left. */
static int survive(const struct fake_task *me)
{
    struct lot *lot = me->arg;
    unsigned moment = lot->moments[me->rank];
    dvm_group g = DVM_WORLD, next;
    int mine = 1, sum, size, rank, flag;

    signal(SIGALRM, end);
    if (lot->mortal >> me->rank & 1)
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, (long)moment + 1}}, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        int rc = dvm_allreduce(g, &mine, &sum, 1, DVM_INT, DVM_SUM);

        FAKE_CHECK(dvm_group_size(g, &size) == DVM_OK && (rc != DVM_OK || sum == size));
        FAKE_CHECK(rc == DVM_OK || rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE ||
                   rc == DVM_ERR_REVOKED);
        flag = rc == DVM_OK;
        if (!flag)
            FAKE_CHECK(dvm_group_revoke(g) == DVM_OK);
        FAKE_CHECK(dvm_group_agree(g, &flag) == DVM_OK);
        FAKE_CHECK(same(&lot->table->flags[round], (uint64_t)flag));
        FAKE_CHECK(!flag || rc == DVM_OK);
        FAKE_CHECK(dvm_group_shrink(g, &next) == DVM_OK);
        FAKE_CHECK(dvm_group_size(next, &size) == DVM_OK && dvm_group_rank(next, &rank) == DVM_OK);
        FAKE_CHECK(rank >= 0 && rank < size && same(&lot->table->sizes[round], (uint64_t)size));
        if (g != DVM_WORLD)
            FAKE_CHECK(dvm_group_free(&g) == DVM_OK);
        g = next;
    }
    return 0;
}

static void die(unsigned part)
{
    uint64_t seed = fake_seed("survive") + part;
    int runs = full_size() ? LONG_RUNS : QUICK_RUNS;
    struct table *table = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < runs; i++) {
        int n = 1 + (int)(fake_random(&seed) % TASKS_MAX);
        struct lot lot = {.table = table};
        struct fake_options options = {.world = true, .hosts = i % 2 ? 3 : 1,
                                       .host_lost = i % 4 == 3};

        memset(table, 0, sizeof *table);
        /* each with the chance of this run */
        for (int r = 0, chance = (int)(fake_random(&seed) % 5); r < n; r++) {
            lot.mortal |= (uint64_t)((int)(fake_random(&seed) % 5) < chance) << r;
            lot.moments[r] = fake_random(&seed) % (i % 3 ? MOMENT_US : MOMENT_US / 10);
        }
        /* a host is lost with all its tasks */
        for (int r = 0; options.host_lost && r < n; r++) {
            lot.mortal = r % 3 == 1 ? lot.mortal | UINT64_C(1) << r
                                    : lot.mortal & ~(UINT64_C(1) << r);
            lot.moments[r] = lot.moments[0];
        }
        options.mortal = lot.mortal;
        cr_assert_eq(group_run(n, survive, &lot, &options), 0, "run %d, %d tasks", i, n);
    }
    munmap(table, sizeof *table);
}

ParameterizedTestParameters(survive, whoever_dies_whenever)
{
    static unsigned parts[PARTS];

    for (unsigned i = 0; i < PARTS; i++)
        parts[i] = i;
    return cr_make_param_array(unsigned, parts, PARTS);
}

ParameterizedTest(unsigned *part, survive, whoever_dies_whenever, .timeout = 1200)
{
    die(*part);
}

/* ---- revocation ---------------------------------------------------------------------------- */

/* All wait in one way or another when one revokes the group. */
static int revoked(const struct fake_task *me)
{
    struct dvm_request *request;
    int x = 0, flag = 1, rc, n = me->count;
    dvm_group g, left;

    FAKE_CHECK(dvm_group_dup(DVM_WORLD, &g) == DVM_OK && dvm_barrier(g) == DVM_OK);
    FAKE_CHECK(group_meet(me)); /* all are through it */
    if (me->rank == n - 1)
        rc = dvm_group_revoke(g) == DVM_OK ? DVM_ERR_REVOKED : DVM_OK;
    else if (me->rank % 4 == 1)
        rc = dvm_recv(g, n - 1, 3, &x, 1, DVM_INT, NULL);
    else if (me->rank % 4 == 2)
        rc = dvm_recv(g, DVM_ANY, DVM_ANY, &x, 1, DVM_INT, NULL);
    else if (n % 2)
        rc = dvm_barrier(g); /* all others in one form of it */
    else
        rc = (rc = dvm_ibarrier(g, &request)) == DVM_OK ? dvm_wait(&request, NULL) : rc;
    FAKE_CHECK(rc == DVM_ERR_REVOKED);
    FAKE_CHECK(dvm_barrier(g) == DVM_ERR_REVOKED && group_said("revoked"));
    FAKE_CHECK(dvm_send(g, 0, 1, &x, 1, DVM_INT) == DVM_ERR_REVOKED && group_said("revoked by"));
    FAKE_CHECK(dvm_recv(g, 0, 1, &x, 1, DVM_INT, NULL) == DVM_ERR_REVOKED);
    FAKE_CHECK(dvm_group_dup(g, &left) == DVM_ERR_REVOKED);
    FAKE_CHECK(dvm_group_revoke(g) == DVM_OK);
    FAKE_CHECK(dvm_group_agree(g, &flag) == DVM_OK && flag == 1);
    FAKE_CHECK(dvm_group_shrink(g, &left) == DVM_OK);
    FAKE_CHECK(dvm_allreduce(left, &flag, &x, 1, DVM_INT, DVM_SUM) == DVM_OK && x == n);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    return 0;
}

Test(survive, a_revoked_group_holds_nobody)
{
    run_all(revoked);
}
