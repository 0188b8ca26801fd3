/* coll_typed: alltoallw and neighbour_alltoallw: basic types, columns of matrices and structs, of
 * other counts for each rank, in place, in all three forms; wrong use is told. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 8
#define ROWS 2000 /* of a column: past one frame */

static const int task_counts[] = {1, 2, 3, 5, 8};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (size_t i = 0; i < COUNTS; i++)
        cr_assert_eq(group_run(task_counts[i], task, NULL, i % 2 ? &hosts : NULL), 0, "%d tasks",
                     task_counts[i]);
}

/* What is for each rank. */
struct lists {
    size_t counts[TASKS_MAX], offsets[TASKS_MAX];
    dvm_type types[TASKS_MAX];
};

enum { WAIT, START, KEEP, FORMS };

static int exchange(int form, const void *in, const struct lists *f, void *out,
                    const struct lists *t)
{
    struct dvm_request *r = NULL;
    int rc;

    if (form == WAIT)
        return dvm_alltoallw(DVM_WORLD, in, f->counts, f->offsets, f->types, out, t->counts,
                             t->offsets, t->types);
    if (form == START) {
        rc = dvm_ialltoallw(DVM_WORLD, in, f->counts, f->offsets, f->types, out, t->counts,
                            t->offsets, t->types, &r);
        return rc == DVM_OK ? dvm_wait(&r, NULL) : rc;
    }
    rc = dvm_alltoallw_init(DVM_WORLD, in, f->counts, f->offsets, f->types, out, t->counts,
                            t->offsets, t->types, &r);
    for (int i = 0; rc == DVM_OK && i < 2; i++) {
        rc = dvm_start(&r);
        if (rc == DVM_OK)
            rc = dvm_wait(&r, NULL);
    }
    return rc == DVM_OK ? dvm_request_free(&r) : rc;
}

/* Rank r gets r + 1 numbers, as int when r is even and as double when it is odd. */
static int basic(const struct fake_task *me)
{
    int n = me->count;
    double in[TASKS_MAX][TASKS_MAX], out[TASKS_MAX][TASKS_MAX]; /* or as many ints */
    struct lists f, t;

    for (int form = 0; form < FORMS; form++) {
        memset(out, 0, sizeof out);
        for (int r = 0; r < n; r++) {
            f.counts[r] = (size_t)r + 1;
            t.counts[r] = (size_t)me->rank + 1;
            f.offsets[r] = sizeof in[0] * (size_t)(n - 1 - r);
            t.offsets[r] = sizeof in[0] * (size_t)r;
            f.types[r] = r % 2 ? DVM_DOUBLE : DVM_INT;
            t.types[r] = me->rank % 2 ? DVM_DOUBLE : DVM_INT;
            for (int i = 0; i <= r; i++) {
                int value = me->rank * 100 + r * 10 + i;

                if (r % 2)
                    ((double *)in[n - 1 - r])[i] = value;
                else
                    ((int *)in[n - 1 - r])[i] = value;
            }
        }
        FAKE_CHECK(!exchange(form, in, &f, out, &t));
        for (int r = 0; r < n; r++)
            for (int i = 0; i <= me->rank; i++) {
                int want = r * 100 + me->rank * 10 + i;

                FAKE_CHECK(me->rank % 2 ? ((double *)out[r])[i] == want
                                        : ((int *)out[r])[i] == want);
            }
    }
    return 0;
}

Test(coll_typed, basic_types)
{
    run_all(basic);
}

struct pair {
    char c;
    double d;
};

/* Whether it is what a rank made of row i for another. */
static bool is(const struct pair *p, int to, int from, int i)
{
    return p->c == to && p->d == from * 1e6 + i;
}

/* A matrix is transposed: column r of it goes to rank r, which puts it into its column for this
 * task; struct by struct with a gap in it. */
static int columns(const struct fake_task *me)
{
    int n = me->count;
    size_t bytes = (size_t)n * ROWS * sizeof(struct pair);
    struct pair *in = calloc(1, bytes), *out = calloc(1, bytes);
    const size_t ones[2] = {1, 1};
    const ptrdiff_t places[2] = {offsetof(struct pair, c), offsetof(struct pair, d)};
    const dvm_type fields[2] = {DVM_CHAR, DVM_DOUBLE};
    dvm_type element, whole, column;
    struct lists l;

    FAKE_CHECK(!dvm_type_struct(2, ones, places, fields, &element));
    FAKE_CHECK(!dvm_type_resized(element, 0, sizeof(struct pair), &whole));
    FAKE_CHECK(!dvm_type_vector(ROWS, 1, n, whole, &column) && !dvm_type_commit(column));
    for (int r = 0; r < n; r++) {
        l.counts[r] = 1;
        l.offsets[r] = (size_t)r * sizeof(struct pair);
        l.types[r] = column;
    }
    for (int form = 0; form < 2 * FORMS; form++) {
        bool place = form >= FORMS;
        int turns = place && form % FORMS == KEEP ? 2 : 1; /* a second start turns it back */

        memset(out, 0, bytes);
        for (int i = 0; i < ROWS; i++)
            for (int r = 0; r < n; r++)
                (place ? out : in)[i * n + r] = (struct pair){(char)r, me->rank * 1e6 + i};
        FAKE_CHECK(!exchange(form % FORMS, place ? DVM_IN_PLACE : in, &l, out, &l));
        for (int i = 0; i < ROWS; i++)
            for (int r = 0; r < n; r++)
                FAKE_CHECK(is(&out[i * n + r], turns == 2 ? r : me->rank,
                              turns == 2 ? me->rank : r, i));
    }
    free(in);
    free(out);
    return 0;
}

Test(coll_typed, columns_of_structs)
{
    run_all(columns);
}

/* Borders of a grid with a ring of tasks: the inner columns to both sides. */
static int borders(const struct fake_task *me)
{
    enum { WIDTH = 6 };
    int n = me->count, ring = 1, left, right, *grid = calloc(ROWS * WIDTH, sizeof *grid);
    const size_t counts[2] = {1, 1}, in[2] = {sizeof(int), (WIDTH - 2) * sizeof(int)};
    const size_t out[2] = {0, (WIDTH - 1) * sizeof(int)};
    dvm_type column, types[2];
    dvm_group g;

    FAKE_CHECK(!dvm_type_vector(ROWS, 1, WIDTH, DVM_INT, &column) && !dvm_type_commit(column));
    types[0] = types[1] = column;
    FAKE_CHECK(!dvm_group_cart(DVM_WORLD, 1, &n, &ring, 0, &g));
    FAKE_CHECK(!dvm_cart_shift(g, 0, 1, &left, &right));
    for (int i = 0; i < ROWS; i++)
        for (int x = 1; x < WIDTH - 1; x++)
            grid[i * WIDTH + x] = me->rank * 100000 + i * 10 + x;
    FAKE_CHECK(!dvm_neighbour_alltoallw(g, grid, counts, in, types, grid, counts, out, types));
    for (int i = 0; i < ROWS; i++) {
        FAKE_CHECK(grid[i * WIDTH] == left * 100000 + i * 10 + WIDTH - 2);
        FAKE_CHECK(grid[i * WIDTH + WIDTH - 1] == right * 100000 + i * 10 + 1);
    }
    free(grid);
    return 0;
}

Test(coll_typed, borders_of_a_grid)
{
    run_all(borders);
}

/* Two parts of one array, which types alone tell apart: what is sent begins where the rest does. */
static int parts(const struct fake_task *me)
{
    const size_t sizes[2] = {ROWS, 2}, one[2] = {ROWS, 1}, first[2] = {0, 0}, second[2] = {0, 1};
    size_t counts[TASKS_MAX], offsets[TASKS_MAX], row = 2 * ROWS;
    int n = me->count, *all = calloc(row * (size_t)n, sizeof *all);
    dvm_type in[TASKS_MAX], out[TASKS_MAX];
    struct dvm_request *kept;

    FAKE_CHECK(!dvm_type_subarray(2, sizes, one, first, DVM_ORDER_C, DVM_INT, &in[0]));
    FAKE_CHECK(!dvm_type_subarray(2, sizes, one, second, DVM_ORDER_C, DVM_INT, &out[0]));
    FAKE_CHECK(!dvm_type_commit(in[0]) && !dvm_type_commit(out[0]));
    for (int r = 0; r < n; r++) {
        counts[r] = 1;
        offsets[r] = (size_t)r * row * sizeof *all;
        in[r] = in[0];
        out[r] = out[0];
    }
    FAKE_CHECK(!dvm_alltoallw_init(DVM_WORLD, all, counts, offsets, in, all, counts, offsets, out,
                                   &kept));
    for (int way = 0; way < 2; way++) {
        for (size_t i = 0; i < row * (size_t)n; i += 2)
            all[i] = me->rank * 1000 + (int)i + way;
        FAKE_CHECK(way ? !dvm_start(&kept) && !dvm_wait(&kept, NULL)
                       : !dvm_alltoallw(DVM_WORLD, all, counts, offsets, in, all, counts, offsets,
                                        out));
        for (int i = 0; i < n * ROWS; i++) {
            int mine = me->rank * (int)row + i % ROWS * 2;

            FAKE_CHECK(all[2 * i + 1] == i / ROWS * 1000 + mine + way);
        }
    }
    FAKE_CHECK(!dvm_request_free(&kept) && !dvm_type_free(&in[0]) && !dvm_type_free(&out[0]));
    free(all);
    return 0;
}

Test(coll_typed, parts_of_one_array)
{
    run_all(parts);
}

static int refused(const struct fake_task *me)
{
    int in[3] = {0}, out[3];
    struct lists l = {{1, 1, 1}, {0, 4, 8}, {DVM_INT, DVM_INT, DVM_INT}}, bad = l;

    FAKE_CHECK(exchange(WAIT, in, &l, DVM_IN_PLACE, &l) == DVM_ERR_ARG);
    FAKE_CHECK(exchange(WAIT, NULL, &l, out, &l) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_alltoallw(DVM_WORLD, in, l.counts, l.offsets, NULL, out, l.counts, l.offsets,
                             l.types) == DVM_ERR_ARG);
    bad.types[0] = -5;
    FAKE_CHECK(exchange(WAIT, in, &bad, out, &l) == DVM_ERR_TYPE);
    bad = l;
    bad.counts[me->rank] = 0;
    FAKE_CHECK(exchange(WAIT, in, &bad, out, &l) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(!exchange(WAIT, in, &l, out, &l)); /* it has hurt nobody */
    return 0;
}

Test(coll_typed, wrong_use_is_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(3, refused, NULL, NULL), 0);
}

/* One gives a shorter column than the other takes. */
static int other_count(const struct fake_task *me)
{
    int in[8] = {0}, out[8], rc;
    struct lists f = {{1, 1, 1}, {0, 0, 0}, {0}}, t = f;
    dvm_type types[2];

    for (size_t i = 0; i < 2; i++)
        FAKE_CHECK(!dvm_type_vector(2 + i, 1, 2, DVM_INT, &types[i]) &&
                   !dvm_type_commit(types[i]));
    for (int r = 0; r < me->count; r++) {
        f.types[r] = types[me->rank != 1 || r == 1];
        t.types[r] = types[1];
    }
    rc = exchange(WAIT, in, &f, out, &t);
    while (rc == DVM_OK)
        rc = dvm_barrier(DVM_WORLD);
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE && group_said("as much as that one"));
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(coll_typed, other_counts_end_the_group)
{
    for (int n = 2; n <= 3; n++)
        cr_assert_eq(group_run(n, other_count, NULL, NULL), 0, "%d tasks", n);
}
