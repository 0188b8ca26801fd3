/* coll_derived_ops: reductions on derived types, for 1 to 17 tasks by every algorithm: with an
 * operator of the user's that is not commutative on structs with gaps, and with a built-in one
 * on columns, which lie between each other. Waiting, started and kept. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define MANY 700 /* elements: over the limits of small operands */
#define ROWS 5   /* of the matrices whose columns are combined */

static const char *const algorithms[] = {
    NULL, "allreduce=star,reduce=star", "allreduce=doubling,reduce=binomial",
    "allreduce=scatter_gather"};
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (int n = 1; n <= TASKS_MAX; n++) {
        const char *forced = algorithms[(size_t)n % ALGORITHMS];

        if (forced)
            setenv("DVM_COLL", forced, 1);
        cr_assert_eq(group_run(n, task, NULL, n % 2 ? &hosts : NULL), 0, "%d tasks, %s", n,
                     forced ? forced : "as chosen");
        unsetenv("DVM_COLL");
    }
}

/* ---- structs: affine maps x -> a x + b ------------------------------------------------- */

struct map {
    char gap;
    uint64_t a;
    char between;
    uint32_t b;
};

static dvm_type map_type(void)
{
    const size_t lengths[] = {1, 1};
    const ptrdiff_t offsets[] = {offsetof(struct map, a), offsetof(struct map, b)};
    const dvm_type types[] = {DVM_UINT64, DVM_UINT32};
    dvm_type parts, type;

    dvm_type_struct(2, lengths, offsets, types, &parts);
    dvm_type_resized(parts, 0, sizeof(struct map), &type);
    dvm_type_free(&parts);
    dvm_type_commit(type);
    return type;
}

struct seen {
    dvm_type type;
    int wrong, calls;
};

static void then(void *left, const void *right, size_t count, dvm_type type, void *user)
{
    struct seen *seen = user;
    struct map *f = left;
    const struct map *g = right;

    seen->calls++;
    seen->wrong += type != seen->type || (uintptr_t)left % _Alignof(struct map);
    for (size_t i = 0; i < count; i++) {
        f[i].b = (uint32_t)g[i].a * f[i].b + g[i].b;
        f[i].a = (uint32_t)(g[i].a * f[i].a);
    }
}

static struct map map_of(int rank, size_t i)
{
    return (struct map){'g', 2 * (uint64_t)rank + 3, 'b', (uint32_t)rank * 77 + (uint32_t)i};
}

/* Whether count elements are what ranks 0 to last give together, and the gaps as they were. */
static bool are_maps(const struct map *got, int last, size_t from, size_t count)
{
    struct seen seen = {.type = DVM_BYTE};

    for (size_t i = 0; i < count; i++) {
        struct map all = map_of(0, from + i);

        for (int r = 1; r <= last; r++) {
            struct map next = map_of(r, from + i);

            then(&all, &next, 1, DVM_BYTE, &seen);
        }
        if (got[i].a != all.a || got[i].b != all.b || got[i].gap != 'o' || got[i].between != 'o')
            return false;
    }
    return true;
}

static void fill(struct map *in, struct map *out, int rank, size_t count)
{
    memset(out, 'o', count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        in[i] = map_of(rank, i);
}

static int map_calls(const struct fake_task *me, size_t count, dvm_type type, dvm_op op,
                     struct map *in, struct map *out)
{
    int n = me->count, last = n - 1;
    size_t each = count / (size_t)n, counts[TASKS_MAX] = {0};
    struct dvm_request *request;

    fill(in, out, me->rank, count);
    FAKE_CHECK(!dvm_reduce(DVM_WORLD, last, in, out, count, type, op));
    FAKE_CHECK(me->rank != last || are_maps(out, last, 0, count));
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, in, out, count, type, op));
    FAKE_CHECK(are_maps(out, last, 0, count));
    memset(out, 'o', count * sizeof *out);
    FAKE_CHECK(!dvm_iallreduce(DVM_WORLD, in, out, count, type, op, &request));
    FAKE_CHECK(!dvm_wait(&request, NULL) && are_maps(out, last, 0, count));
    FAKE_CHECK(!dvm_scan(DVM_WORLD, in, out, count, type, op));
    FAKE_CHECK(are_maps(out, me->rank, 0, count));
    memset(out, 'o', count * sizeof *out);
    FAKE_CHECK(!dvm_exscan(DVM_WORLD, in, out, count, type, op));
    if (me->rank > 0)
        FAKE_CHECK(are_maps(out, me->rank - 1, 0, count));
    else
        FAKE_CHECK(count == 0 || out[0].b == 0x6f6f6f6f); /* "oooo" */
    FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, in, out, each, type, op));
    FAKE_CHECK(are_maps(out, last, each * (size_t)me->rank, each));
    counts[last] = count;
    FAKE_CHECK(!dvm_reduce_scatter(DVM_WORLD, in, out, counts, type, op));
    FAKE_CHECK(me->rank != last || are_maps(out, last, 0, count));
    return 0;
}

static int maps(const struct fake_task *me)
{
    static const size_t lengths[] = {0, 1, 40, MANY};
    struct map in[MANY], out[MANY];
    struct seen seen = {.type = map_type()};
    dvm_op op;

    FAKE_CHECK(dvm_op_create(then, 0, &seen, &op) == DVM_OK);
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
        if (map_calls(me, lengths[l], seen.type, op, in, out))
            return 1;
    FAKE_CHECK(seen.wrong == 0 && (me->count == 1 || me->rank > 0 || seen.calls > 0));
    return 0;
}

Test(coll_derived_ops, structs_with_an_operator_of_ones_own)
{
    run_all(maps);
}

/* The type is freed while an operation that was started goes on, and one that is kept. */
static int freed(const struct fake_task *me)
{
    struct map in[3], out[3];
    dvm_type type = map_type();
    struct seen seen = {.type = type};
    struct dvm_request *request, *kept;
    dvm_op op;

    FAKE_CHECK(dvm_op_create(then, 0, &seen, &op) == DVM_OK);
    FAKE_CHECK(!dvm_allreduce_init(DVM_WORLD, in, out, 3, type, op, &kept));
    fill(in, out, me->rank, 3);
    FAKE_CHECK(!dvm_iallreduce(DVM_WORLD, in, out, 3, type, op, &request));
    FAKE_CHECK(!dvm_type_free(&type) && !dvm_op_free(&op));
    FAKE_CHECK(!dvm_wait(&request, NULL) && are_maps(out, me->count - 1, 0, 3));
    for (int i = 0; i < 2; i++) {
        fill(in, out, me->rank, 3);
        FAKE_CHECK(!dvm_start(&kept) && !dvm_wait(&kept, NULL));
        FAKE_CHECK(are_maps(out, me->count - 1, 0, 3));
    }
    return dvm_request_free(&kept);
}

Test(coll_derived_ops, a_type_may_be_freed_when_it_has_begun)
{
    for (int n = 1; n <= 5; n++)
        cr_assert_eq(group_run(n, freed, NULL, n == 5 ? &hosts : NULL), 0, "%d tasks", n);
}

/* ---- columns with built-in operators ---------------------------------------------------- */

static int columns(const struct fake_task *me)
{
    int n = me->count, sum = n * (n - 1) / 2;
    double a[ROWS][TASKS_MAX + 1], pair[2] = {me->rank, 1}, both[2];
    dvm_type column, wide;

    FAKE_CHECK(!dvm_type_vector(ROWS, 1, TASKS_MAX + 1, DVM_DOUBLE, &wide));
    FAKE_CHECK(!dvm_type_resized(wide, 0, sizeof(double), &column));
    FAKE_CHECK(!dvm_type_commit(column));
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c <= TASKS_MAX; c++)
            a[r][c] = 100 * r + me->rank + c;
    /* from the second column into the first, then the others where they are */
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, &a[0][1], a, 1, column, DVM_SUM));
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, DVM_IN_PLACE, &a[0][2], 3, column, DVM_MAX));
    for (int r = 0; r < ROWS; r++) {
        FAKE_CHECK(a[r][0] == n * (100 * r + 1) + sum);
        FAKE_CHECK(a[r][1] == 100 * r + me->rank + 1);
        FAKE_CHECK(a[r][4] == 100 * r + n - 1 + 4);
        FAKE_CHECK(a[r][5] == 100 * r + me->rank + 5);
    }
    FAKE_CHECK(!dvm_reduce_scatter_block(DVM_WORLD, DVM_IN_PLACE, &a[0][1], 1, column, DVM_SUM));
    FAKE_CHECK(me->rank || a[1][1] == n * 101 + sum);
    FAKE_CHECK(!dvm_type_free(&wide));
    FAKE_CHECK(!dvm_type_contiguous(2, DVM_DOUBLE, &wide) && !dvm_type_commit(wide));
    FAKE_CHECK(!dvm_allreduce(DVM_WORLD, pair, both, 1, wide, DVM_SUM));
    FAKE_CHECK(both[0] == sum && both[1] == n);
    return 0;
}

Test(coll_derived_ops, columns_with_built_in_operators)
{
    run_all(columns);
}

static int within(const struct fake_task *me)
{
    struct map f[2] = {map_of(0, 0), map_of(0, 1)}, g[2] = {map_of(1, 0), map_of(1, 1)};
    struct seen seen = {.type = map_type()};
    int a[2][3] = {{1, 2, 3}, {4, 5, 6}};
    dvm_type column;
    dvm_op op;

    memset(&f[0].gap, 'o', 1);
    FAKE_CHECK(dvm_op_create(then, 0, &seen, &op) == DVM_OK);
    FAKE_CHECK(dvm_reduce_local(f, g, 2, seen.type, op) == DVM_OK && seen.calls == 1);
    FAKE_CHECK(f[1].b == (uint32_t)g[1].a * map_of(0, 1).b + g[1].b && me->rank == 0);
    FAKE_CHECK(!dvm_type_vector(2, 1, 3, DVM_INT, &column));
    FAKE_CHECK(dvm_reduce_local(&a[0][0], &a[0][2], 1, column, DVM_PROD) == DVM_ERR_TYPE);
    FAKE_CHECK(!dvm_type_commit(column));
    FAKE_CHECK(!dvm_reduce_local(&a[0][0], &a[0][2], 1, column, DVM_PROD));
    FAKE_CHECK(a[0][0] == 3 && a[1][0] == 24 && a[0][1] == 2 && a[0][2] == 3);
    FAKE_CHECK(!dvm_reduce_local(&f[0], &g[0], 1, seen.type, DVM_REPLACE));
    FAKE_CHECK(f[0].b == g[0].b && f[0].gap == 'o');
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, f, g, 1, seen.type, DVM_SUM) == DVM_ERR_OP);
    FAKE_CHECK(group_said("several types"));
    FAKE_CHECK(dvm_allreduce(DVM_WORLD, a, g, 1, column, DVM_MINLOC) == DVM_ERR_OP);
    FAKE_CHECK(group_said("DVM_INT"));
    return 0;
}

Test(coll_derived_ops, within_a_task_and_what_does_not_fit)
{
    cr_assert_eq(group_run(1, within, NULL, NULL), 0);
}
