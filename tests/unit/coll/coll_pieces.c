/* coll_pieces: long collectives through memory in common: the same results, to the bit, as by
 * messages, also of derived types, with tasks that come late; who gives another count or is in
 * another call is told; a death at any instruction ends them. */
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
#include "proto/commons.h"
#include "tests/support/group_task.h"

#define LONGEST 150000 /* doubles: several pieces of any call */
#define BLOCK 9000     /* doubles of a block that each gives each: several pieces */
#define MOST 17        /* tasks */
#define ROUNDS 40      /* calls of a random row */
#define EVERY "bcast=pieces,reduce=pieces,allreduce=pieces,allgather=pieces,alltoall=pieces," \
              "allgatherv=pieces"

/* and reductions by pairs: what comes first counts */
#define BY_PAIRS "reduce=pairs,allreduce=pairs," EVERY

static const char *const forms[] = {EVERY, BY_PAIRS};
#define FORMS (sizeof forms / sizeof forms[0])

static const int task_counts[] = {2, 3, 8, 17};

static void run_all(fake_task_f *task, void *arg)
{
    for (size_t form = 0; form < FORMS; form++) {
        setenv("DVM_COLL", forms[form], 1);
        for (size_t i = 0; i < sizeof task_counts / sizeof task_counts[0]; i++)
            cr_assert_eq(group_run(task_counts[i], task, arg, NULL), 0, "%d tasks, %s",
                         task_counts[i], forms[form]);
    }
}

static void nap(unsigned us)
{
    struct timespec t = {.tv_nsec = us * 1000L};

    nanosleep(&t, NULL); /* the nap is what is tested: who comes late */
}

static void die(int signal)
{
    (void)signal;
    kill(getpid(), SIGKILL);
}

/* After some calls there must be memory for long ones, else nothing here is a test of it. */
static bool warm_up(void)
{
    static char bytes[2 * DVM_COMMONS_BLOCK];
    const struct group *g;

    for (int i = 0; i < 4; i++)
        if (dvm_barrier(DVM_WORLD) != DVM_OK)
            return false;
    for (int i = 0; i < 2; i++)
        if (dvm_bcast(DVM_WORLD, 0, bytes, sizeof bytes, DVM_BYTE) != DVM_OK)
            return false;
    g = group_find(DVM_WORLD, "test");
    return g && g->coll && g->coll->wide;
}

/* ---- results ------------------------------------------------------------------------- */

static const size_t sizes[] = {0, 1, 100, 1000, 5001, BLOCK};
#define SIZES (sizeof sizes / sizeof sizes[0])

struct row {
    uint64_t seed, late; /* the same at all tasks, and another at each */
    int n, me;
    double *in, *out; /* of BLOCK for each task, and at least LONGEST */
};

/* What rank r gives in place k of a call. */
static double value(int r, size_t k, int call)
{
    return (double)((r + 1) * (int)(k % 11 + 1) + call % 7);
}

static void fill(struct row *a, size_t count, int call)
{
    for (size_t k = 0; k < count; k++) {
        a->in[k] = value(a->me, k, call);
        a->out[k] = -1;
    }
}

static int one_blocks(struct row *a, int call, bool all)
{
    size_t count = sizes[fake_random(&a->seed) % SIZES], each = all ? count : 0;

    fill(a, count * (size_t)a->n, call);
    FAKE_CHECK((all ? dvm_alltoall(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE)
                    : dvm_allgather(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE)) == DVM_OK);
    for (int r = 0; r < a->n; r++)
        for (size_t k = 0; k < count; k++)
            FAKE_CHECK(a->out[(size_t)r * count + k] ==
                       value(r, each * (size_t)a->me + k, call));
    return 0;
}

/* Rank r gives count elements less some; what follows its block stays as it was. */
static int unlike_blocks(struct row *a, int call)
{
    size_t count = sizes[fake_random(&a->seed) % SIZES], counts[MOST], offsets[MOST];

    for (int r = 0; r < a->n; r++) {
        counts[r] = count - count * ((size_t)(r + call) % 4) / 4;
        offsets[r] = (size_t)r * count;
    }
    fill(a, count * (size_t)a->n, call);
    FAKE_CHECK(dvm_allgatherv(DVM_WORLD, a->in, counts[a->me], a->out, counts, offsets,
                              DVM_DOUBLE) == DVM_OK);
    for (int r = 0; r < a->n; r++)
        for (size_t k = 0; k < count; k++)
            FAKE_CHECK(a->out[offsets[r] + k] == (k < counts[r] ? value(r, k, call) : -1));
    return 0;
}

static int one_reduction(struct row *a, size_t count, int root, int call)
{
    double sum = a->n * (a->n + 1) / 2;

    fill(a, count, call);
    if (root < 0)
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, a->in, a->out, count, DVM_DOUBLE, DVM_SUM) == DVM_OK);
    else
        FAKE_CHECK(dvm_reduce(DVM_WORLD, root, a->in, a->out, count, DVM_DOUBLE, DVM_SUM) ==
                   DVM_OK);
    for (size_t k = 0; k < count && (root < 0 || root == a->me); k++)
        FAKE_CHECK(a->out[k] == sum * (double)(k % 11 + 1) + a->n * (call % 7));
    return 0;
}

static int one_bcast(struct row *a, size_t count, int root, int call)
{
    fill(a, count, call);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, root, a->in, count, DVM_DOUBLE) == DVM_OK);
    for (size_t k = 0; k < count; k++)
        FAKE_CHECK(a->in[k] == value(root, k, call));
    return 0;
}

static int one_call(struct row *a, int call)
{
    size_t size = fake_random(&a->seed) % (SIZES + 1);
    size_t count = size < SIZES ? sizes[size] : LONGEST;
    int root = (int)(fake_random(&a->seed) % (unsigned)a->n);

    if (fake_random(&a->late) % 16 == 0)
        nap(fake_random(&a->late) % 3000);
    switch (fake_random(&a->seed) % 7) {
    case 0:
        FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
        return 0;
    case 1:
        return one_bcast(a, count, root, call);
    case 2:
        return one_reduction(a, count, root, call);
    case 3:
        return one_reduction(a, count, -1, call);
    case 4:
        return one_blocks(a, call, false);
    case 5:
        return unlike_blocks(a, call);
    default:
        return one_blocks(a, call, true);
    }
}

static bool row_make(struct row *a, const struct fake_task *me)
{
    size_t count = (size_t)me->count * BLOCK > LONGEST ? (size_t)me->count * BLOCK : LONGEST;

    a->n = me->count;
    a->me = me->rank;
    a->in = malloc(count * sizeof *a->in);
    a->out = malloc(count * sizeof *a->out);
    return a->in && a->out;
}

static void row_free(struct row *a)
{
    free(a->in);
    free(a->out);
}

static int random_row(const struct fake_task *me)
{
    struct row a = {.seed = *(uint64_t *)me->arg};
    int failed = 0;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    a.late = a.seed + 1 + (uint64_t)me->rank;
    for (int i = 0; i < ROUNDS && !failed; i++)
        failed = one_call(&a, i);
    row_free(&a);
    return failed;
}

Test(coll_pieces, random_calls)
{
    uint64_t seed = fake_seed("coll_pieces");

    run_all(random_row, &seed);
}

/* Broadcasts of two tasks go by pieces or by a message, as the root says: each root tries both, in
 * calls that are timed and others, of which some come late; short calls lie between them. */
static int either(const struct fake_task *me)
{
    static const size_t counts[] = {32768, 32769, 70001, LONGEST};
    struct row a = {.late = *(uint64_t *)me->arg + 1 + (uint64_t)me->rank};
    int failed = 0;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    for (int i = 0; i < 6 * ROUNDS && !failed; i++) {
        if (fake_random(&a.late) % 16 == 0)
            nap(fake_random(&a.late) % 300);
        failed = one_bcast(&a, counts[i / 4 % 4], i / 16 % 2, i);
        if (!failed && i % 3 == 0)
            failed = one_bcast(&a, BLOCK, i % 2, i);
        if (!failed && i % 5 == 0)
            failed = one_reduction(&a, counts[i % 4], -1, i);
    }
    row_free(&a);
    return failed;
}

Test(coll_pieces, two_tasks_broadcast_either_way)
{
    uint64_t seed = fake_seed("coll_pieces");

    cr_assert_eq(group_run(2, either, &seed, NULL), 0);
}

/* One that dies in such calls. */
static int either_until_death(const struct fake_task *me)
{
    struct itimerval after = {.it_value.tv_usec = 1 + *(const int *)me->arg};
    struct row a;
    int rc = DVM_OK;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    fill(&a, LONGEST, 0);
    if (me->rank == 1) {
        signal(SIGALRM, die);
        setitimer(ITIMER_REAL, &after, NULL);
    }
    for (int i = 0; rc == DVM_OK; i++)
        rc = dvm_bcast(DVM_WORLD, i / 4 % 2, a.in, LONGEST, DVM_DOUBLE);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("0x40002"));
    row_free(&a);
    return 0;
}

Test(coll_pieces, a_death_ends_either_way)
{
    static const struct fake_options options = {.mortal = 1u << 1, .world = true};

    for (int us = 0; us < 6000; us += 450)
        cr_assert_eq(group_run(2, either_until_death, &us, &options), 0, "after %d us", us);
}

/* a - b, which neither may be turned round nor bracketed otherwise */
static void minus(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    (void)type, (void)user;
    for (size_t i = 0; i < count; i++)
        ((double *)left)[i] -= ((const double *)right)[i];
}

static int same_bits(const struct fake_task *me)
{
    struct row a;
    double *by_messages = malloc(LONGEST * sizeof *by_messages);
    struct dvm_request *request;
    dvm_op op;

    FAKE_CHECK(by_messages && row_make(&a, me) && warm_up());
    FAKE_CHECK(dvm_op_create(minus, 0, NULL, &op) == DVM_OK);
    for (size_t k = 0; k < LONGEST; k++)
        a.in[k] = 1.0 / (double)(k % 1000 + (size_t)me->rank * 7 + 1);
    for (int i = 0; i < 2; i++) {
        dvm_op how = i ? op : DVM_SUM;

        FAKE_CHECK(dvm_iallreduce(DVM_WORLD, a.in, by_messages, LONGEST, DVM_DOUBLE, how,
                                  &request) == DVM_OK && dvm_wait(&request, NULL) == DVM_OK);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, a.in, a.out, LONGEST, DVM_DOUBLE, how) == DVM_OK);
        FAKE_CHECK(memcmp(a.out, by_messages, LONGEST * sizeof *a.out) == 0);
        memcpy(a.out, a.in, LONGEST * sizeof *a.out);
        FAKE_CHECK(dvm_allreduce(DVM_WORLD, DVM_IN_PLACE, a.out, LONGEST, DVM_DOUBLE, how) ==
                   DVM_OK);
        FAKE_CHECK(memcmp(a.out, by_messages, LONGEST * sizeof *a.out) == 0);
    }
    FAKE_CHECK(dvm_op_free(&op) == DVM_OK);
    row_free(&a);
    free(by_messages);
    return 0;
}

Test(coll_pieces, same_bits_as_messages)
{
    run_all(same_bits, NULL);
}

/* Every second double, to all as doubles, and as they lie; blocks that are exchanged in place. */
static int columns(const struct fake_task *me)
{
    struct row a;
    dvm_type column;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    FAKE_CHECK(dvm_type_vector(BLOCK / 2, 1, 2, DVM_DOUBLE, &column) == DVM_OK &&
               dvm_type_commit(column) == DVM_OK);
    fill(&a, BLOCK, 3);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 0, a.in, me->rank ? BLOCK / 2 : 1,
                         me->rank ? DVM_DOUBLE : column) == DVM_OK);
    for (size_t k = 0; k < BLOCK / 2 && me->rank; k++)
        FAKE_CHECK(a.in[k] == value(0, 2 * k, 3));
    fill(&a, BLOCK, 4);
    FAKE_CHECK(dvm_bcast(DVM_WORLD, 1, a.in, 1, column) == DVM_OK);
    for (size_t k = 0; k < BLOCK; k++)
        FAKE_CHECK(a.in[k] == value(k % 2 || me->rank == 1 ? me->rank : 1, k, 4));
    fill(&a, (size_t)me->count * BLOCK, 5);
    FAKE_CHECK(dvm_alltoall(DVM_WORLD, DVM_IN_PLACE, a.in, BLOCK, DVM_DOUBLE) == DVM_OK);
    for (int r = 0; r < me->count; r++)
        for (size_t k = 0; k < BLOCK; k++)
            FAKE_CHECK(a.in[(size_t)r * BLOCK + k] ==
                       value(r, (size_t)me->rank * BLOCK + k, 5));
    FAKE_CHECK(dvm_type_free(&column) == DVM_OK);
    row_free(&a);
    return 0;
}

Test(coll_pieces, derived_types)
{
    run_all(columns, NULL);
}

/* ---- what is wrong is told ----------------------------------------------------------- */

static int one_differs(const struct fake_task *me)
{
    struct row a;
    bool odd = me->rank == 1;
    int rc;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    fill(&a, LONGEST, 0);
    if (*(const int *)me->arg)
        rc = odd ? dvm_bcast(DVM_WORLD, 0, a.in, LONGEST, DVM_DOUBLE)
                 : dvm_allreduce(DVM_WORLD, a.in, a.out, LONGEST, DVM_DOUBLE, DVM_SUM);
    else
        rc = dvm_allreduce(DVM_WORLD, a.in, a.out, LONGEST - (odd ? 1 : 0), DVM_DOUBLE, DVM_SUM);
    FAKE_CHECK(rc == (*(const int *)me->arg ? DVM_ERR_ARG : DVM_ERR_TRUNCATE));
    FAKE_CHECK(group_said("rank 1"));
    group_meet(me);
    row_free(&a);
    return 0;
}

Test(coll_pieces, who_differs_is_told)
{
    for (int i = 0; i < 2 * (int)FORMS; i++) {
        int other_call = i % 2;

        setenv("DVM_COLL", forms[i / 2], 1);
        cr_assert_eq(group_run(4, one_differs, &other_call, NULL), 0, "%d", i);
    }
}

/* Until a death at any instruction, also while some sleep. */
static int until_death(const struct fake_task *me)
{
    struct itimerval after = {.it_value.tv_usec = 1 + *(const int *)me->arg};
    struct row a;
    int rc = DVM_OK;

    FAKE_CHECK(row_make(&a, me) && warm_up());
    fill(&a, LONGEST, 0);
    if (me->rank == 2) {
        signal(SIGALRM, die);
        setitimer(ITIMER_REAL, &after, NULL);
    }
    for (int i = 0; rc == DVM_OK; i++) {
        if ((i + me->rank) % 20 == 0)
            nap(1000);
        rc = i % 2 ? dvm_bcast(DVM_WORLD, i % me->count, a.in, BLOCK, DVM_DOUBLE)
                   : dvm_allreduce(DVM_WORLD, a.in, a.out, LONGEST, DVM_DOUBLE, DVM_MAX);
    }
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("0x40003"));
    row_free(&a);
    return 0;
}

Test(coll_pieces, a_death_ends_them)
{
    static const struct fake_options options = {.mortal = 1u << 2, .world = true};

    for (int us = 0; us < 20000; us += 1450) {
        setenv("DVM_COLL", forms[us / 1450 % FORMS], 1);
        cr_assert_eq(group_run(5, until_death, &us, &options), 0, "after %d us", us);
    }
}
