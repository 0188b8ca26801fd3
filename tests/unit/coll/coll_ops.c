/* coll_ops: operators of the user's and pairs in every reduction and by every algorithm, for 1
 * to 17 tasks on one host and on three. One operator is not commutative: affine maps of numbers
 * modulo 2^32, in one element, so that large operands are cut between them. Another is not even
 * associative: it shows that all algorithms combine in the one order, bit for bit. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define MANY 2500 /* elements: over the limits of small operands */

static const size_t lengths[] = {0, 1, 40, MANY};
#define LENGTHS (sizeof lengths / sizeof lengths[0])
static const char *const algorithms[] = {
    NULL, "allreduce=star,reduce=star", "allreduce=doubling,reduce=binomial",
    "allreduce=scatter_gather"};
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])
static const struct fake_options hosts = {.hosts = 3};

/* All numbers of tasks, or every step-th; algorithms in turn, every other on three hosts. */
static void run_all(fake_task_f *task, int step)
{
    for (int n = 1; n <= TASKS_MAX; n += step) {
        size_t a = (size_t)(n / step) % ALGORITHMS;
        const char *forced = algorithms[a];

        if (forced)
            setenv("DVM_COLL", forced, 1);
        cr_assert_eq(group_run(n, task, NULL, n % 2 ? &hosts : NULL), 0, "%d tasks, %s", n,
                     forced ? forced : "as chosen");
        unsetenv("DVM_COLL");
    }
}

/* ---- affine maps: x -> a x + b in one number, b in its low half --------------------------- */

static uint64_t map_make(uint32_t a, uint32_t b)
{
    return (uint64_t)a << 32 | b;
}

/* The map that does f first, then g. */
static uint64_t map_then(uint64_t f, uint64_t g)
{
    uint32_t a = (uint32_t)(f >> 32), b = (uint32_t)f, c = (uint32_t)(g >> 32), d = (uint32_t)g;

    return map_make(a * c, b * c + d);
}

static void then(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    uint64_t *x = left;
    const uint64_t *y = right;

    for (size_t i = 0; type == DVM_UINT64 && i < count; i++)
        x[i] = map_then(x[i], y[i]);
}

static uint64_t map_of(int rank, size_t i)
{
    return map_make(2 * (uint32_t)rank + 3, (uint32_t)rank * 77 + (uint32_t)i);
}

/* What ranks first to last give together, of element i. */
static bool is_map(uint64_t got, int first, int last, size_t i)
{
    uint64_t all = map_of(first, i);

    for (int r = first + 1; r <= last; r++)
        all = map_then(all, map_of(r, i));
    return got == all;
}

static bool are_maps(const uint64_t *got, int last, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_map(got[i], 0, last, from + i))
            return false;
    return true;
}

static int maps(const struct fake_task *me)
{
    int n = me->count, last = n - 1;
    dvm_op op;

    FAKE_CHECK(dvm_op_create(then, 0, NULL, &op) == DVM_OK);
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t count = lengths[l], each = count / (size_t)n, counts[TASKS_MAX] = {0};
        uint64_t *in = malloc((count + 1) * sizeof *in), *out = malloc((count + 1) * sizeof *out);

        for (size_t i = 0; i < count; i++)
            in[i] = map_of(me->rank, i);
        FAKE_CHECK(!dvm_reduce(DVM_WORLD, last, in, out, count, DVM_UINT64, op));
        FAKE_CHECK(me->rank != last || are_maps(out, last, 0, count));
        memset(out, 0, count * sizeof *out);
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, count, DVM_UINT64, op));
        FAKE_CHECK(are_maps(out, last, 0, count));
        FAKE_CHECK(!dvm_scan(DVM_WORLD, in, out, count, DVM_UINT64, op));
        FAKE_CHECK(are_maps(out, me->rank, 0, count));
        FAKE_CHECK(!dvm_exscan(DVM_WORLD, in, out, count, DVM_UINT64, op));
        FAKE_CHECK(me->rank == 0 || are_maps(out, me->rank - 1, 0, count));
        FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, in, out, each, DVM_UINT64, op));
        FAKE_CHECK(are_maps(out, last, each * (size_t)me->rank, each));
        counts[last] = count;
        FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, in, out, counts, DVM_UINT64, op));
        FAKE_CHECK(me->rank != last || are_maps(out, last, 0, count));
        free(in);
        free(out);
    }
    FAKE_CHECK(dvm_op_free(&op) == DVM_OK && op == DVM_OP_NONE);
    return 0;
}

Test(coll_ops, one_that_is_not_commutative)
{
    run_all(maps, 1);
}

/* ---- one that is not associative ----------------------------------------------------------- */

static void fade(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    double *x = left;
    const double *y = right;

    for (size_t i = 0; i < count; i++)
        x[i] = x[i] * 0.7 + y[i];
}

/* The one order: neighbours, then pairs of pairs, left to right. */
static double in_order(dvm_op op, int tasks, size_t i)
{
    double parts[TASKS_MAX];

    for (int r = 0; r < tasks; r++)
        parts[r] = r + 1 / (double)(i + 3);
    for (int bit = 1; bit < tasks; bit *= 2)
        for (int r = 0; r + bit < tasks; r += 2 * bit)
            dvm_reduce_local(&parts[r], &parts[r + bit], 1, DVM_DOUBLE, op);
    return parts[0];
}

static int order(const struct fake_task *me)
{
    dvm_op op;

    FAKE_CHECK(dvm_op_create(fade, 0, NULL, &op) == DVM_OK);
    for (size_t l = 1; l < LENGTHS; l++) {
        size_t count = lengths[l];
        double *in = malloc(count * sizeof *in), *out = malloc(count * sizeof *out);

        for (size_t i = 0; i < count; i++)
            in[i] = me->rank + 1 / (double)(i + 3);
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, count, DVM_DOUBLE, op));
        for (size_t i = 0; i < count; i++)
            FAKE_CHECK(out[i] == in_order(op, me->count, i));
        FAKE_CHECK(!dvm_reduce(DVM_WORLD, 0, in, out, count, DVM_DOUBLE, op));
        for (size_t i = 0; me->rank == 0 && i < count; i++)
            FAKE_CHECK(out[i] == in_order(op, me->count, i));
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_ops, all_combine_in_one_order)
{
    run_all(order, 1);
}

/* ---- pairs, replace, chars ----------------------------------------------------------------- */

static int pairs(const struct fake_task *me)
{
    int n = me->count;

    for (size_t l = 0; l < LENGTHS; l++) {
        size_t count = lengths[l];
        struct dvm_double_int *in = calloc(count + 1, sizeof *in);
        struct dvm_double_int *out = calloc(count + 1, sizeof *out);

        for (size_t i = 0; i < count; i++)
            in[i] = (struct dvm_double_int){(double)(((size_t)me->rank + i) % 3), me->rank};
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, count, DVM_DOUBLE_INT, DVM_MAXLOC));
        for (size_t i = 0; i < count; i++) {
            int best = 0;

            for (int r = 1; r < n; r++)
                if (((size_t)r + i) % 3 > ((size_t)best + i) % 3)
                    best = r;
            FAKE_CHECK(out[i].index == best && out[i].value == (double)(((size_t)best + i) % 3));
        }
        FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, count, DVM_DOUBLE_INT, DVM_REPLACE));
        for (size_t i = 0; i < count; i++)
            FAKE_CHECK(out[i].index == n - 1);
        free(in);
        free(out);
    }
    return 0;
}

Test(coll_ops, pairs_of_value_and_place)
{
    run_all(pairs, 4);
}

/* ---- life of an operator --------------------------------------------------------------------- */

static int freed(const struct fake_task *me)
{
    uint64_t in = map_of(me->rank, 0), out = 0;
    struct dvm_request *request;
    dvm_op op, old;

    FAKE_CHECK(dvm_op_create(then, me->rank == 0, NULL, &op) == DVM_OK);
    FAKE_CHECK(dvm_op_free(&op) == DVM_OK); /* so that handles differ */
    for (int i = 0; i <= me->rank; i++)
        FAKE_CHECK(dvm_op_create(then, 0, NULL, &op) == DVM_OK);
    old = op;
    FAKE_CHECK(!dvm_iallreduce(DVM_WORLD, &in, &out, 1, DVM_UINT64, op, &request));
    FAKE_CHECK(dvm_op_free(&op) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK && is_map(out, 0, me->count - 1, 0));
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, &in, &out, 1, DVM_UINT64, old) == DVM_ERR_OP);
    FAKE_CHECK(dvm_barrier(DVM_WORLD) == DVM_OK);
    return 0;
}

Test(coll_ops, may_be_freed_when_it_has_begun)
{
    for (int n = 1; n <= 5; n++)
        cr_assert_eq(group_run(n, freed, NULL, NULL), 0, "%d tasks", n);
}

static int refused(const struct fake_task *me)
{
    int x[2] = {1, 2}, y = 3;
    dvm_op op, sum = DVM_SUM, none = DVM_OP_NONE;

    FAKE_CHECK(dvm_op_create(NULL, 1, NULL, &op) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_op_create(then, 1, NULL, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_op_free(NULL) == DVM_ERR_ARG && dvm_op_free(&none) == DVM_OK);
    FAKE_CHECK(dvm_op_free(&sum) == DVM_ERR_OP && group_said("DVM_SUM"));
    FAKE_CHECK(dvm_op_create(then, 1, NULL, &op) == DVM_OK);
    none = op;
    FAKE_CHECK(dvm_op_free(&op) == DVM_OK && op == DVM_OP_NONE);
    FAKE_CHECK(dvm_op_free(&none) == DVM_ERR_OP && group_said("freed already"));
    FAKE_CHECK(dvm_reduce_local(x, x + 1, 1, DVM_INT, DVM_SUM) == DVM_OK && x[0] == 3);
    FAKE_CHECK(dvm_reduce_local(x, &y, 1, DVM_INT, DVM_REPLACE) == DVM_OK && x[0] == 3);
    FAKE_CHECK(dvm_reduce_local(x, x, 1, DVM_INT, DVM_SUM) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_reduce_local(x, NULL, 1, DVM_INT, DVM_SUM) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_reduce_local(NULL, NULL, 0, DVM_INT, DVM_SUM) == DVM_OK);
    FAKE_CHECK(dvm_reduce_local(x, &y, 1, -1, DVM_SUM) == DVM_ERR_TYPE);
    FAKE_CHECK(dvm_reduce_local(x, &y, 1, DVM_INT, DVM_MINLOC) == DVM_ERR_OP);
    return 0;
}

Test(coll_ops, wrong_use_is_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
}

/* Members that give unlike operators are told, also where one is the user's. */
static int unlike(const struct fake_task *me)
{
    uint64_t in = 1, out;
    dvm_op op;
    int rc;

    FAKE_CHECK(dvm_op_create(then, 0, NULL, &op) == DVM_OK);
    rc = dvm_allreduce(DVM_WORLD, &in, &out, 1, DVM_UINT64, me->rank == 0 ? DVM_SUM : op);
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_ARG);
    FAKE_CHECK(group_said("dvm_allreduce (an operator of dvm_op_create that does not commute, "
                          "8 bytes of uint64_t)"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_ops, unlike_operators_end_the_group)
{
    for (int n = 2; n <= 5; n++)
        cr_assert_eq(group_run(n, unlike, NULL, NULL), 0, "%d tasks", n);
}
