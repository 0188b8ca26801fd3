/* topo: grids and graphs: extents that are balanced, who is whose neighbour, what is refused in
 * words and by all, and that reordering brings neighbours onto one host: counted in edges
 * that lead to another. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "tests/support/group_task.h"
#include "topo/reorder.h"

#define TASKS_MAX 18
#define DIMS 3

static const int task_counts[] = {1, 2, 3, 4, 6, 8, 12, 17};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (size_t i = 0; i < COUNTS; i++)
        cr_assert_eq(group_run(task_counts[i], task, NULL, i % 2 ? &hosts : NULL), 0, "%d tasks",
                     task_counts[i]);
}

/* ---- extents ------------------------------------------------------------------------------ */

static bool gives(int tasks, int ndims, const int *given, const int *wanted)
{
    int dims[8];

    memcpy(dims, given, (size_t)ndims * sizeof *dims);
    return dvm_dims_create(tasks, ndims, dims) == DVM_OK &&
           memcmp(dims, wanted, (size_t)ndims * sizeof *dims) == 0;
}

/* Whether no other product of three falling extents is more balanced. */
static bool is_best(int n)
{
    int dims[DIMS] = {0}, a = 1, b;

    if (dvm_dims_create(n, DIMS, dims) || dims[0] * dims[1] * dims[2] != n ||
        dims[0] < dims[1] || dims[1] < dims[2])
        return false;
    for (; a <= n; a++)
        for (b = 1; n % a == 0 && b <= a; b++)
            if (n / a % b == 0 && n / a / b <= b)
                return a == dims[0] && b == dims[1];
    return false;
}

static int extents(const struct fake_task *me)
{
    int one = 0;

    (void)me;
    FAKE_CHECK(gives(6, 2, (int[]){0, 0}, (int[]){3, 2}));
    FAKE_CHECK(gives(7, 2, (int[]){0, 0}, (int[]){7, 1}));
    FAKE_CHECK(gives(6, 3, (int[]){0, 3, 0}, (int[]){2, 3, 1}));
    FAKE_CHECK(gives(1, 3, (int[]){0, 0, 0}, (int[]){1, 1, 1}));
    FAKE_CHECK(gives(1024, 5, (int[]){0, 0, 0, 0, 0}, (int[]){4, 4, 4, 4, 4}));
    FAKE_CHECK(gives(2 * 3 * 5 * 7 * 11, 2, (int[]){0, 0}, (int[]){55, 42}));
    FAKE_CHECK(gives(12, 2, (int[]){4, 3}, (int[]){4, 3}));
    FAKE_CHECK(gives(2147483647, 2, (int[]){0, 0}, (int[]){2147483647, 1}));
    FAKE_CHECK(gives(2095133040, 2, (int[]){0, 0}, (int[]){46189, 45360})); /* 1,600 divisors */
    FAKE_CHECK(gives(735134400, 3, (int[]){0, 0, 0}, (int[]){918, 910, 880}));
    for (int n = 1; n <= 1000; n++)
        FAKE_CHECK(is_best(n));

    FAKE_CHECK(dvm_dims_create(6, 1, (int[]){4}) == DVM_ERR_ARG && group_said("multiply to 4"));
    FAKE_CHECK(dvm_dims_create(6, 2, (int[]){0, 4}) == DVM_ERR_ARG && group_said("6 tasks"));
    FAKE_CHECK(dvm_dims_create(6, 2, (int[]){0, -1}) == DVM_ERR_ARG && group_said("extent -1"));
    FAKE_CHECK(dvm_dims_create(0, 1, &one) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_dims_create(1, 0, &one) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_dims_create(1, DVM_DIMS_MAX + 1, &one) == DVM_ERR_ARG && one == 0);
    return 0;
}

Test(topo, extents_are_balanced)
{
    cr_assert_eq(group_run(1, extents, NULL, NULL), 0);
}

/* ---- grids -------------------------------------------------------------------------------- */

static int shifts(dvm_group g, const int *dims, const int *periods, const int *at)
{
    int source, dest, before, behind, place[2] = {at[0], at[1]};
    int near[4], size = dims[0] * dims[1];

    FAKE_CHECK(dvm_neighbours(g, 4, near, NULL, 0, NULL, NULL) == DVM_OK);
    for (int d = 0; d < 2; d++) {
        place[d] = at[d] - 1;
        FAKE_CHECK(dvm_cart_rank(g, place, &before) == DVM_OK);
        place[d] = at[d] + 1;
        FAKE_CHECK(dvm_cart_rank(g, place, &behind) == DVM_OK);
        place[d] = at[d];
        FAKE_CHECK(near[2 * d] == before && near[2 * d + 1] == behind);
        FAKE_CHECK((before == DVM_NULL) == (!periods[d] && at[d] == 0));
        FAKE_CHECK((behind == DVM_NULL) == (!periods[d] && at[d] == dims[d] - 1));
        FAKE_CHECK(behind == DVM_NULL || (behind >= 0 && behind < size));
        FAKE_CHECK(dvm_cart_shift(g, d, 1, &source, &dest) == DVM_OK);
        FAKE_CHECK(source == before && dest == behind);
        FAKE_CHECK(dvm_cart_shift(g, d, -1, &source, &dest) == DVM_OK);
        FAKE_CHECK(source == behind && dest == before);
        FAKE_CHECK(dvm_cart_shift(g, d, 100 * dims[d], &source, &dest) == DVM_OK);
        FAKE_CHECK((source == DVM_NULL) == !periods[d] && source == dest);
    }
    return 0;
}

static int grid(const struct fake_task *me)
{
    int n = me->count, dims[2] = {0, 0}, periods[2] = {0, 1}, at[2], rank, size, kind, count;
    int got_dims[2], got_periods[2];
    dvm_group g, copy;

    FAKE_CHECK(dvm_dims_create(n > 4 ? n - 1 : n, 2, dims) == DVM_OK);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, dims, periods, 0, &g) == DVM_OK);
    if (me->rank >= dims[0] * dims[1]) {
        FAKE_CHECK(g == DVM_GROUP_NONE);
        return 0;
    }
    FAKE_CHECK(dvm_group_rank(g, &rank) == DVM_OK && rank == me->rank);
    FAKE_CHECK(dvm_group_size(g, &size) == DVM_OK && size == dims[0] * dims[1]);
    FAKE_CHECK(dvm_topology(g, &kind) == DVM_OK && kind == DVM_CART);
    FAKE_CHECK(dvm_cart_dims(g, 2, &count, got_dims, got_periods) == DVM_OK && count == 2);
    FAKE_CHECK(!memcmp(dims, got_dims, sizeof dims) && !memcmp(periods, got_periods, sizeof dims));
    for (int r = 0; r < size; r++) {
        int back;

        FAKE_CHECK(dvm_cart_coords(g, r, 2, at) == DVM_OK);
        FAKE_CHECK(at[0] == r / dims[1] && at[1] == r % dims[1]);
        FAKE_CHECK(dvm_cart_rank(g, at, &back) == DVM_OK && back == r);
    }
    FAKE_CHECK(dvm_cart_coords(g, rank, 2, at) == DVM_OK);
    if (shifts(g, dims, periods, at))
        return 1;
    FAKE_CHECK(dvm_group_dup(g, &copy) == DVM_OK && shifts(copy, dims, periods, at) == 0);
    FAKE_CHECK(dvm_group_free(&g) == DVM_OK && shifts(copy, dims, periods, at) == 0);
    return 0;
}

Test(topo, grids)
{
    run_all(grid);
}

/* Rows and columns: each a grid of one dimension, in which a sum is that of the row. */
static int parts(const struct fake_task *me)
{
    int dims[DIMS] = {0}, periods[DIMS] = {1, 0, 1}, at[DIMS], part_at, sum, expected = 0, count;
    dvm_group g, part, alone;

    FAKE_CHECK(dvm_dims_create(me->count, DIMS, dims) == DVM_OK);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, DIMS, dims, periods, 1, &g) == DVM_OK);
    FAKE_CHECK(dvm_group_rank(g, &count) == DVM_OK);
    FAKE_CHECK(dvm_cart_coords(g, count, DIMS, at) == DVM_OK);
    for (int d = 0; d < DIMS; d++) {
        int keep[DIMS] = {d == 0, d == 1, d == 2}, extent, period;

        FAKE_CHECK(dvm_cart_sub(g, keep, &part) == DVM_OK);
        FAKE_CHECK(dvm_cart_dims(part, 1, &count, &extent, &period) == DVM_OK);
        FAKE_CHECK(count == 1 && extent == dims[d] && period == periods[d]);
        FAKE_CHECK(dvm_group_rank(part, &part_at) == DVM_OK && part_at == at[d]);
        FAKE_CHECK(dvm_allreduce(part, &at[d], &sum, 1, DVM_INT, DVM_SUM) == DVM_OK);
        FAKE_CHECK(sum == dims[d] * (dims[d] - 1) / 2);
    }
    FAKE_CHECK(dvm_cart_sub(g, (int[]){1, 0, 1}, &part) == DVM_OK);
    FAKE_CHECK(dvm_allreduce(part, &at[1], &sum, 1, DVM_INT, DVM_SUM) == DVM_OK);
    expected = at[1] * dims[0] * dims[2];
    FAKE_CHECK(sum == expected);
    FAKE_CHECK(dvm_cart_sub(g, (int[]){0, 0, 0}, &alone) == DVM_OK);
    FAKE_CHECK(dvm_group_size(alone, &count) == DVM_OK && count == 1);
    FAKE_CHECK(dvm_cart_dims(alone, 0, &count, NULL, NULL) == DVM_OK && count == 0);
    return 0;
}

Test(topo, parts_of_grids)
{
    run_all(parts);
}

static int refused(const struct fake_task *me)
{
    int dims[2] = {me->count, 1}, none[2] = {0, 0}, x, y;
    dvm_group g;

    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, (int[]){1, 0}, none, 0, &g) == DVM_ERR_ARG &&
               group_said("dvm_dims_create"));
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, (int[]){me->count, 2}, none, 0, &g) == DVM_ERR_ARG &&
               group_said("more points"));
    FAKE_CHECK(dvm_group_cart(DVM_UNIVERSE, 2, dims, none, 0, &g) == DVM_ERR_GROUP);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 33, dims, none, 0, &g) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, dims, none, 0, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_cart_shift(DVM_WORLD, 0, 1, &x, &y) == DVM_ERR_GROUP &&
               group_said("have no neighbours"));
    FAKE_CHECK(dvm_topology(DVM_WORLD, &x) == DVM_OK && x == DVM_NULL);

    /* all are told that the last differs, and the group goes on */
    if (me->count > 1 && me->rank == me->count - 1)
        dims[0]--;
    x = dvm_group_cart(DVM_WORLD, 2, dims, none, 0, &g);
    FAKE_CHECK(x == (me->count > 1 ? DVM_ERR_ARG : DVM_OK));
    FAKE_CHECK(x == DVM_OK || group_said("does not give the same grid as rank 0"));
    x = dvm_group_cart(DVM_WORLD, me->rank == 0 ? 2 : 1, dims, none, 0, &g);
    FAKE_CHECK(x == (me->count > 1 ? DVM_ERR_ARG : DVM_OK));
    dims[0] = me->rank == me->count - 1 ? -1 : me->count;
    x = dvm_group_cart(DVM_WORLD, 2, dims, none, 0, &g);
    FAKE_CHECK(x == DVM_ERR_ARG && group_said(dims[0] < 0 ? "extent -1" : "the same grid"));
    dims[0] = me->count;
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, dims, none, 0, &g) == DVM_OK);
    FAKE_CHECK(dvm_cart_shift(g, 2, 1, &x, &y) == DVM_ERR_ARG && group_said("2 dimensions"));
    FAKE_CHECK(dvm_cart_coords(g, me->count, 2, dims) == DVM_ERR_RANK);
    x = dvm_cart_sub(g, (int[]){1, 0}, me->rank > 0 ? &y : NULL);
    FAKE_CHECK(x == DVM_ERR_ARG && group_said(me->rank > 0 ? "the same dimensions" : "no place"));
    x = dvm_cart_sub(g, (int[]){1, me->rank > 0}, &g);
    FAKE_CHECK(x == (me->count > 1 ? DVM_ERR_ARG : DVM_OK));
    return 0;
}

Test(topo, grids_that_are_refused)
{
    run_all(refused);
}

/* ---- graphs ------------------------------------------------------------------------------- */

/* A ring in one direction, each edge twice, and an edge from everybody to rank 0. */
static int graph(const struct fake_task *me)
{
    int n = me->count, next = (me->rank + 1) % n, before = (me->rank + n - 1) % n;
    int sources[TASKS_MAX + 2] = {before, before}, source_count = 2, got[TASKS_MAX + 2];
    int weights[TASKS_MAX + 2], to[3] = {next, 0, next}, a, b, kind;
    dvm_group g;

    for (int r = 0; me->rank == 0 && r < n; r++)
        sources[source_count++] = r;
    for (int i = 0; i < source_count; i++)
        weights[i] = i + 1;
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, source_count, sources, weights, 3, to, NULL, 0, &g) ==
               DVM_OK);
    FAKE_CHECK(dvm_topology(g, &kind) == DVM_OK && kind == DVM_GRAPH);
    FAKE_CHECK(dvm_neighbour_count(g, &a, &b) == DVM_OK && a == source_count && b == 3);
    FAKE_CHECK(dvm_neighbours(g, a, got, weights, 3, to, NULL) == DVM_OK);
    FAKE_CHECK(memcmp(got, sources, (size_t)a * sizeof *got) == 0 && weights[a - 1] == a);
    FAKE_CHECK(to[0] == next && to[1] == 0 && to[2] == next);
    FAKE_CHECK(dvm_cart_rank(g, got, &a) == DVM_ERR_GROUP && group_said("no grid"));

    /* the same said by the last rank alone */
    for (int r = 0; r < n; r++) {
        sources[r] = r;
        got[r] = (r + 1) % n;
    }
    FAKE_CHECK(dvm_group_graph_edges(DVM_WORLD, me->rank == n - 1 ? n : 0, sources, got, NULL, 0,
                                     &g) == DVM_OK);
    FAKE_CHECK(dvm_neighbour_count(g, &a, &b) == DVM_OK && a == 1 && b == 1);
    FAKE_CHECK(dvm_neighbours(g, 1, &a, NULL, 1, &b, weights) == DVM_OK);
    FAKE_CHECK(a == before && b == next && weights[0] == 1);
    return 0;
}

Test(topo, graphs)
{
    run_all(graph);
}

static int graph_refused(const struct fake_task *me)
{
    int n = me->count, zero = 0, far = n, minus = -1, x;
    bool first = me->rank == 0;
    dvm_group g;

    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 1, &far, NULL, 0, NULL, NULL, 0, &g) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 1, &zero, &minus, 0, NULL, NULL, 0, &g) == DVM_ERR_ARG &&
               group_said("weight -1"));
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, -1, &zero, NULL, 0, NULL, NULL, 0, &g) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 0, NULL, NULL, 1, NULL, NULL, 0, &g) == DVM_ERR_ARG);
    /* each gives to rank 0, which says nothing of the last */
    {
        int from[TASKS_MAX];

        for (int r = 0; r < n; r++)
            from[r] = r;
        FAKE_CHECK(dvm_group_graph(DVM_WORLD, first ? n - 1 : 0, from, NULL, 1, &zero, NULL, 0,
                                   &g) == DVM_ERR_ARG);
        FAKE_CHECK(group_said("1 times as a destination") && group_said("0 times as a source"));
        FAKE_CHECK(dvm_group_graph(DVM_WORLD, first ? n : 0, from, NULL, 1, &zero, NULL, 0, &g) ==
                   DVM_OK);
    }
    FAKE_CHECK(dvm_barrier(g) == DVM_OK);
    /* one is wrong, all are told */
    x = dvm_group_graph_edges(DVM_WORLD, me->rank == n - 1, &far, &zero, NULL, 0, &g);
    FAKE_CHECK(x == (me->rank == n - 1 ? DVM_ERR_RANK : DVM_ERR_ARG));
    FAKE_CHECK(group_said(me->rank == n - 1 ? "is not in DVM_WORLD" : "is refused"));
    return 0;
}

Test(topo, graphs_that_are_refused)
{
    run_all(graph_refused);
}

/* ---- reordering ---------------------------------------------------------------------------- */

/* Edges of this task that lead to another host, summed over all tasks. */
static int crossings(dvm_group g, const struct fake_task *me)
{
    int near[TASKS_MAX], count, unused, mine = 0, all = -1, tid;

    dvm_neighbour_count(g, &unused, &count);
    dvm_neighbours(g, 0, NULL, NULL, count, near, NULL);
    for (int i = 0; i < count; i++)
        if (near[i] != DVM_NULL && !dvm_group_tid(g, near[i], &tid))
            mine += tid >> 18 != me->tids[me->rank] >> 18;
    dvm_allreduce(g, &mine, &all, 1, DVM_INT, DVM_SUM);
    return all;
}

/* 18 tasks take turns on three hosts, so in the old order each neighbour in a row is elsewhere. A
 * 6 x 3 grid can be three blocks of 2 x 3: two cuts of three edges, both ways. */
static int reordered_grid(const struct fake_task *me)
{
    const int dims[2] = {6, 3}, periods[2] = {0, 0};
    dvm_group plain, better;

    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, dims, periods, 0, &plain) == DVM_OK);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, 2, dims, periods, 1, &better) == DVM_OK);
    FAKE_CHECK(crossings(plain, me) == 24 && crossings(better, me) == 12);
    return 0;
}

/* A ring of which each third task is on one host; two cuts would be three edges, both ways. */
static int reordered_graph(const struct fake_task *me)
{
    int n = me->count, near[2] = {(me->rank + n - 1) % n, (me->rank + 1) % n}, rank, got[2];
    dvm_group plain, better;

    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 2, near, NULL, 2, near, NULL, 0, &plain) == DVM_OK);
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 2, near, NULL, 2, near, NULL, 1, &better) == DVM_OK);
    FAKE_CHECK(dvm_group_rank(better, &rank) == DVM_OK);
    FAKE_CHECK(dvm_neighbours(better, 2, got, NULL, 0, NULL, NULL) == DVM_OK);
    FAKE_CHECK(got[0] == (rank + n - 1) % n && got[1] == (rank + 1) % n);
    FAKE_CHECK(crossings(plain, me) == 2 * n && crossings(better, me) == 6);
    return 0;
}

Test(topo, reordering_brings_neighbours_together)
{
    cr_assert_eq(group_run(18, reordered_grid, NULL, &hosts), 0);
    cr_assert_eq(group_run(18, reordered_graph, NULL, &hosts), 0);
}

static bool is_permutation(const int *place, int size)
{
    char *seen = calloc((size_t)size, 1);
    bool good = true;

    for (int i = 0; i < size; i++) {
        good = good && place[i] >= 0 && place[i] < size && !seen[place[i]];
        if (good)
            seen[place[i]] = 1;
    }
    free(seen);
    return good;
}

static long crossings_of(int ndims, const int *dims, int per_host, bool turns, long *before)
{
    struct grid g = {.ndims = ndims, .dims = dims, .periods = (int[3]){0}, .size = 1};
    int *on, *place;
    long after;

    for (int d = 0; d < ndims; d++)
        g.size *= dims[d];
    on = calloc(2 * (size_t)g.size, sizeof *on);
    place = on + g.size;
    for (int i = 0; i < g.size; i++) {
        on[i] = turns ? i % ((g.size + per_host - 1) / per_host) : i / per_host;
        place[i] = i;
    }
    *before = reorder_grid_crossings(&g, on, place);
    cr_assert_eq(reorder_grid(&g, on, place), DVM_OK);
    cr_assert(is_permutation(place, g.size));
    after = reorder_grid_crossings(&g, on, place);
    free(on);
    return after;
}

/* What is best is known: squares and cubes. */
Test(topo, large_grids_in_tiles)
{
    long before, after;

    /* 16 x 16, 16 a host: tiles of 4 x 4, in rows 15 * 16 of 480 edges */
    after = crossings_of(2, (int[]){16, 16}, 16, false, &before);
    cr_expect_eq(before, 240);
    cr_expect_eq(after, 96, "%ld", after);
    /* 16 x 16 x 16, 64 a host: cubes of 4, three cuts of 256 in each direction */
    after = crossings_of(3, (int[]){16, 16, 16}, 64, false, &before);
    cr_expect_eq(after, 3 * 3 * 256, "%ld of %ld", after, before);
    /* nothing divides, and no host has neighbours: strips */
    after = crossings_of(2, (int[]){17, 13}, 10, true, &before);
    cr_expect_lt(after, before / 2, "%ld of %ld", after, before);
    /* one host: nothing to do */
    after = crossings_of(2, (int[]){5, 5}, 25, false, &before);
    cr_expect_eq(after, 0);
}

/* A grid of rows x columns as a graph, over hosts of so many tasks. */
static long crossings_of_graph(int rows, int columns, int per_host, bool turns)
{
    int size = rows * columns, *on = calloc(2 * (size_t)size, sizeof *on), *place = on + size;
    int *to = calloc(8 * (size_t)size, sizeof *to), *weights = to + 4 * size;
    size_t *first = calloc((size_t)size + 1, sizeof *first), edges = 0;
    const struct adjacency a = {size, first, to, weights};
    long after;

    for (int v = 0; v < size; v++) {
        const int near[4] = {v / columns > 0 ? v - columns : -1, v % columns > 0 ? v - 1 : -1,
                             v % columns < columns - 1 ? v + 1 : -1,
                             v / columns < rows - 1 ? v + columns : -1};

        for (int k = 0; k < 4; k++)
            if (near[k] >= 0) {
                weights[edges] = 1;
                to[edges++] = near[k];
            }
        first[v + 1] = edges;
        on[v] = turns ? v % (size / per_host) : v / per_host;
    }
    cr_assert_eq(reorder_graph(&a, on, place), DVM_OK);
    cr_assert(is_permutation(place, size));
    after = reorder_graph_crossings(&a, on, place) / 2;
    free(on);
    free(to);
    free(first);
    return after;
}

/* As good as the tiles of grids, where squares fit, and never far from them. */
Test(topo, large_graphs_grow_round)
{
    cr_expect_eq(crossings_of_graph(16, 16, 16, false), 96);
    cr_expect_eq(crossings_of_graph(16, 16, 16, true), 96);
    cr_expect_eq(crossings_of_graph(6, 3, 6, true), 6);
    cr_expect_leq(crossings_of_graph(20, 25, 20, true), 300);
}

/* A graph of two kinds of tasks that were dealt out badly, and one with edges of weight 0. */
Test(topo, graphs_by_weight)
{
    const size_t first[] = {0, 1, 2, 3, 4};
    const int to[] = {2, 3, 0, 1}, weights[] = {5, 5, 5, 5}, nothing[] = {0, 0, 0, 0};
    const int on[] = {1, 1, 2, 2};
    struct adjacency a = {4, first, to, weights};
    int place[4] = {0, 1, 2, 3};

    cr_expect_eq(reorder_graph_crossings(&a, on, place), 20);
    cr_assert_eq(reorder_graph(&a, on, place), DVM_OK);
    cr_expect(is_permutation(place, 4));
    cr_expect_eq(reorder_graph_crossings(&a, on, place), 0);
    a.weights = nothing;
    cr_assert_eq(reorder_graph(&a, on, place), DVM_OK);
    cr_expect_eq(place[1], 1);
}
