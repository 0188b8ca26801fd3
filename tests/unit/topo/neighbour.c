/* neighbour: collectives among neighbours in grids and graphs: who gets what from whom, also
 * where two neighbours are the same task or the task itself, edges of the grid, amounts of all
 * sizes, started and waiting; what is refused; and that the end of a member is an error. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvm.h"
#include "tests/support/group_task.h"

#define TASKS_MAX 17
#define NEAR_MAX 32
#define NOTHING (-7)
#define LARGE 30000 /* elements of a message that waits for its receive */

static const int task_counts[] = {1, 2, 3, 4, 6, 9, 16, 17};
#define COUNTS (sizeof task_counts / sizeof task_counts[0])
static const struct fake_options hosts = {.hosts = 3};

static void run_all(fake_task_f *task)
{
    for (size_t i = 0; i < COUNTS; i++)
        cr_assert_eq(group_run(task_counts[i], task, NULL, i % 2 ? NULL : &hosts), 0, "%d tasks",
                     task_counts[i]);
}

/* A group and this task's neighbours in it. */
struct near {
    dvm_group g;
    int me, size, sources, destinations;
    int from[NEAR_MAX], to[NEAR_MAX];
    bool grid;
};

static void look(struct near *n)
{
    dvm_group_rank(n->g, &n->me);
    dvm_group_size(n->g, &n->size);
    dvm_neighbour_count(n->g, &n->sources, &n->destinations);
    dvm_neighbours(n->g, NEAR_MAX, n->from, NULL, NEAR_MAX, n->to, NULL);
}

/* What a rank gives to its destination at a place. */
static int label(int from, int place)
{
    return from * 1000 + place;
}

/* ---- the graph of the tests: each gives to the next, to itself and to rank 0 */

static void lists_of(int rank, int n, int *to, int *count)
{
    *count = 0;
    if (n > 2 && rank != n - 1)
        to[(*count)++] = rank + 1;
    to[(*count)++] = rank;
    if (rank > 1)
        to[(*count)++] = 0;
}

/* The place at the sender of what comes to place i; in the graph each source comes once. */
static int place_at_sender(const struct near *n, int i)
{
    int to[3], count;

    if (n->grid)
        return i ^ 1;
    lists_of(n->from[i], n->size, to, &count);
    for (int k = 0; k < count; k++)
        if (to[k] == n->me)
            return k;
    return NOTHING;
}

static int make_graph(struct near *n, int reorder)
{
    int me, size, to[3], count, all_from[TASKS_MAX * 3], all_to[TASKS_MAX * 3], edges = 0;

    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &size);
    lists_of(me, size, to, &count);
    for (int i = 0; i < count; i++, edges++) {
        all_from[edges] = me;
        all_to[edges] = to[i];
    }
    FAKE_CHECK(dvm_group_graph_edges(DVM_WORLD, edges, all_from, all_to, NULL, reorder, &n->g) ==
               DVM_OK);
    n->grid = false;
    look(n);
    return 0;
}

static int make_grid(struct near *n, int ndims, int ring, int reorder)
{
    int size, dims[3] = {0}, periods[3] = {ring, !ring, ring};

    dvm_group_size(DVM_WORLD, &size);
    FAKE_CHECK(dvm_dims_create(size, ndims, dims) == DVM_OK);
    FAKE_CHECK(dvm_group_cart(DVM_WORLD, ndims, dims, periods, reorder, &n->g) == DVM_OK);
    n->grid = true;
    look(n);
    return 0;
}

/* ---- what comes */

static int gathers(const struct near *n)
{
    int own[2] = {n->me, -n->me}, got[2 * NEAR_MAX], v[3 * NEAR_MAX];
    size_t counts[NEAR_MAX], offsets[NEAR_MAX];

    for (int i = 0; i < 3 * NEAR_MAX; i++)
        got[i % (2 * NEAR_MAX)] = v[i] = NOTHING;
    for (int i = 0; i < n->sources; i++) {
        counts[i] = 2;
        offsets[i] = (size_t)(3 * (n->sources - 1 - i));
    }
    FAKE_CHECK(dvm_neighbour_allgather(n->g, own, got, 2, DVM_INT) == DVM_OK);
    FAKE_CHECK(dvm_neighbour_allgatherv(n->g, own, 2, v, counts, offsets, DVM_INT) == DVM_OK);
    for (int i = 0; i < n->sources; i++) {
        int wanted = n->from[i] == DVM_NULL ? NOTHING : n->from[i];
        int second = n->from[i] == DVM_NULL ? NOTHING : -n->from[i];

        FAKE_CHECK(got[2 * i] == wanted && got[2 * i + 1] == second);
        FAKE_CHECK(v[offsets[i]] == wanted && v[offsets[i] + 1] == second);
        FAKE_CHECK(v[offsets[i] + 2] == NOTHING);
    }
    FAKE_CHECK(got[2 * n->sources] == NOTHING);
    return 0;
}

static int exchanges(const struct near *n)
{
    int own[NEAR_MAX], got[NEAR_MAX];

    for (int i = 0; i < NEAR_MAX; i++) {
        own[i] = label(n->me, i);
        got[i] = NOTHING;
    }
    FAKE_CHECK(dvm_neighbour_alltoall(n->g, own, got, 1, DVM_INT) == DVM_OK);
    for (int i = 0; i < n->sources; i++)
        FAKE_CHECK(got[i] == (n->from[i] == DVM_NULL
                                  ? NOTHING
                                  : label(n->from[i], place_at_sender(n, i))));
    FAKE_CHECK(got[n->sources] == NOTHING);
    return 0;
}

/* Counts that follow from the ranks, with 0 among them. */
static size_t amount(int from, int to)
{
    return (size_t)((from + 2 * to) % 4);
}

static int varying(const struct near *n, bool starts)
{
    size_t in_counts[NEAR_MAX], in_offsets[NEAR_MAX], out_counts[NEAR_MAX], out_offsets[NEAR_MAX];
    int own[4 * NEAR_MAX], got[4 * NEAR_MAX];
    struct dvm_request *request = NULL;

    for (int i = 0; i < 4 * NEAR_MAX; i++) {
        own[i] = label(n->me, i / 4);
        got[i] = NOTHING;
    }
    for (int i = 0; i < n->destinations; i++) {
        in_counts[i] = n->to[i] == DVM_NULL ? 99 : amount(n->me, n->to[i]);
        in_offsets[i] = (size_t)(4 * i);
    }
    for (int i = 0; i < n->sources; i++) {
        out_counts[i] = n->from[i] == DVM_NULL ? 99 : amount(n->from[i], n->me);
        out_offsets[i] = (size_t)(4 * i);
    }
    if (starts)
        FAKE_CHECK(dvm_ineighbour_alltoallv(n->g, own, in_counts, in_offsets, got, out_counts,
                                            out_offsets, DVM_INT, &request) == DVM_OK &&
                   dvm_wait(&request, NULL) == DVM_OK);
    else
        FAKE_CHECK(dvm_neighbour_alltoallv(n->g, own, in_counts, in_offsets, got, out_counts,
                                           out_offsets, DVM_INT) == DVM_OK);
    for (int i = 0; i < n->sources; i++)
        for (int k = 0; k < 4; k++) {
            bool came = n->from[i] != DVM_NULL && (size_t)k < out_counts[i];

            FAKE_CHECK(got[4 * i + k] ==
                       (came ? label(n->from[i], place_at_sender(n, i)) : NOTHING));
        }
    return 0;
}

/* Doubles in the negative directions of a grid, ints elsewhere. */
static int typed(const struct near *n)
{
    size_t counts[NEAR_MAX], offsets[NEAR_MAX];
    dvm_type in_types[NEAR_MAX], out_types[NEAR_MAX];
    double own[NEAR_MAX], got[NEAR_MAX];

    for (int i = 0; i < NEAR_MAX; i++) {
        int value = label(n->me, i);
        bool is_int = !n->grid || i % 2 == 1;

        counts[i] = 1;
        offsets[i] = (size_t)i * sizeof(double);
        in_types[i] = is_int ? DVM_INT : DVM_DOUBLE;
        out_types[i] = !n->grid || i % 2 == 0 ? DVM_INT : DVM_DOUBLE;
        own[i] = value;
        if (is_int)
            memcpy(&own[i], &value, sizeof value);
        got[i] = NOTHING;
    }
    FAKE_CHECK(dvm_neighbour_alltoallw(n->g, own, counts, offsets, in_types, got, counts, offsets,
                                       out_types) == DVM_OK);
    for (int i = 0; i < n->sources; i++) {
        int wanted = n->from[i] == DVM_NULL ? NOTHING : label(n->from[i], place_at_sender(n, i));
        int came = (int)got[i];

        if (out_types[i] == DVM_INT && n->from[i] != DVM_NULL)
            memcpy(&came, &got[i], sizeof came);
        FAKE_CHECK(came == wanted);
    }
    return 0;
}

/* A field of 3 x 3 with a halo, whose rims go straight into the halos of the neighbours: rows in
 * one piece, columns as a derived type. */
static int halos(const struct fake_task *me)
{
    enum { SIDE = 3, STRIDE = SIDE + 2, FIRST = STRIDE + 1 };
    const size_t size = sizeof(int), counts[4] = {SIDE, SIDE, 1, 1};
    const size_t in[4] = {FIRST * size, (FIRST + 2 * STRIDE) * size, FIRST * size,
                          (FIRST + 2) * size};
    const size_t out[4] = {1 * size, (4 * STRIDE + 1) * size, STRIDE * size, (FIRST + 3) * size};
    const int ends[4][2] = {
        {FIRST + 2 * STRIDE, 1}, {FIRST, 1}, {FIRST + 2, STRIDE}, {FIRST, STRIDE}};
    dvm_type types[4] = {DVM_INT, DVM_INT};
    int field[STRIDE * STRIDE];
    struct near n;

    (void)me;
    FAKE_CHECK(dvm_type_vector(SIDE, 1, STRIDE, DVM_INT, &types[2]) == DVM_OK);
    FAKE_CHECK(dvm_type_commit(types[2]) == DVM_OK);
    types[3] = types[2];
    for (int ring = 0; ring < 2; ring++) {
        if (make_grid(&n, 2, ring, 1))
            return 1;
        for (int k = 0; k < STRIDE * STRIDE; k++)
            field[k] = NOTHING;
        for (int k = 0; k < SIDE * SIDE; k++)
            field[FIRST + k / SIDE * STRIDE + k % SIDE] =
                label(n.me, FIRST + k / SIDE * STRIDE + k % SIDE);
        FAKE_CHECK(dvm_neighbour_alltoallw(n.g, field, counts, in, types, field, counts, out,
                                           types) == DVM_OK);
        for (int side = 0; side < 4; side++)
            for (int k = 0; k < SIDE; k++) {
                int step = side < 2 ? 1 : STRIDE;
                int got = field[out[side] / size + (size_t)(k * step)];

                FAKE_CHECK(got == (n.from[side] == DVM_NULL
                                       ? NOTHING
                                       : label(n.from[side], ends[side][0] + k * ends[side][1])));
            }
        FAKE_CHECK(field[0] == NOTHING && field[STRIDE * STRIDE - 1] == NOTHING);
    }
    FAKE_CHECK(dvm_type_free(&types[2]) == DVM_OK);
    return 0;
}

Test(neighbour, halos_of_derived_types)
{
    run_all(halos);
}

static int all_of(struct near *n)
{
    if (gathers(n) || exchanges(n) || varying(n, false) || varying(n, true) || typed(n))
        return 1;
    FAKE_CHECK(dvm_group_free(&n->g) == DVM_OK);
    return 0;
}

static int grids(const struct fake_task *me)
{
    struct near n;

    (void)me;
    for (int ndims = 1; ndims <= 3; ndims++)
        for (int ring = 0; ring < 2; ring++)
            if (make_grid(&n, ndims, ring, ndims == 2) || all_of(&n))
                return 1;
    return 0;
}

Test(neighbour, in_grids)
{
    run_all(grids);
}

static int graphs(const struct fake_task *me)
{
    struct near n;

    (void)me;
    return make_graph(&n, 0) || all_of(&n) || make_graph(&n, 1) || all_of(&n);
}

Test(neighbour, in_graphs)
{
    run_all(graphs);
}

/* Several edges between the same two tasks keep their order; one without any takes part. */
static int several(const struct fake_task *me)
{
    int next = (me->rank + 1) % me->count, before = (me->rank + me->count - 1) % me->count;
    int to[3] = {next, next, next}, from[3] = {before, before, before}, own[3], got[3], rank;
    dvm_group g;

    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 3, from, NULL, 3, to, NULL, 1, &g) == DVM_OK);
    dvm_group_rank(g, &rank);
    for (int i = 0; i < 3; i++)
        own[i] = label(rank, i);
    FAKE_CHECK(dvm_neighbour_alltoall(g, own, got, 1, DVM_INT) == DVM_OK);
    for (int i = 0; i < 3; i++)
        FAKE_CHECK(got[i] == label((rank + me->count - 1) % me->count, i));
    FAKE_CHECK(dvm_group_graph(DVM_WORLD, 0, NULL, NULL, 0, NULL, NULL, 0, &g) == DVM_OK);
    FAKE_CHECK(dvm_neighbour_alltoall(g, NULL, NULL, 5, DVM_INT) == DVM_OK);
    FAKE_CHECK(dvm_neighbour_alltoallv(g, NULL, NULL, NULL, NULL, NULL, NULL, DVM_INT) == DVM_OK);
    return 0;
}

Test(neighbour, several_edges_and_none)
{
    run_all(several);
}

/* Large blocks, three under way at once, ended backward. */
static int large(const struct fake_task *me)
{
    struct dvm_request *requests[3];
    int *own = calloc(4 * LARGE, sizeof *own), *got = calloc(3 * 4 * LARGE, sizeof *got);
    struct near n;

    (void)me;
    if (make_grid(&n, 2, 1, 1))
        return 1;
    for (int i = 0; i < 4 * LARGE; i++)
        own[i] = label(n.me, i / LARGE);
    for (int k = 0; k < 3; k++)
        FAKE_CHECK(dvm_ineighbour_alltoall(n.g, own, got + k * 4 * LARGE, LARGE, DVM_INT,
                                           &requests[k]) == DVM_OK);
    for (int k = 2; k >= 0; k--)
        FAKE_CHECK(dvm_wait(&requests[k], NULL) == DVM_OK);
    for (int k = 0; k < 3 * 4; k++) {
        int wanted = n.from[k % 4] == DVM_NULL ? 0 : label(n.from[k % 4], (k % 4) ^ 1);

        FAKE_CHECK(got[k * LARGE] == wanted && got[(k + 1) * LARGE - 1] == wanted);
    }
    free(own);
    free(got);
    return 0;
}

Test(neighbour, large_and_under_way)
{
    cr_assert_eq(group_run(6, large, NULL, NULL), 0);
    cr_assert_eq(group_run(6, large, NULL, &hosts), 0);
}

/* ---- what is wrong */

static int refused(const struct fake_task *me)
{
    int x[8] = {0}, y[8];
    struct dvm_request *request;
    struct near n;

    (void)me;
    if (make_grid(&n, 2, 1, 0))
        return 1;
    FAKE_CHECK(dvm_neighbour_allgather(DVM_WORLD, x, y, 1, DVM_INT) == DVM_ERR_GROUP &&
               group_said("dvm_group_cart"));
    FAKE_CHECK(dvm_neighbour_alltoall(n.g, DVM_IN_PLACE, y, 1, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_neighbour_alltoall(n.g, x, y, 1, 12345) == DVM_ERR_TYPE);
    FAKE_CHECK(dvm_neighbour_alltoall(n.g, x, NULL, 1, DVM_INT) == DVM_ERR_ARG &&
               group_said("neighbour 0"));
    FAKE_CHECK(dvm_neighbour_alltoallv(n.g, x, NULL, NULL, y, NULL, NULL, DVM_INT) == DVM_ERR_ARG &&
               group_said("counts, offsets"));
    FAKE_CHECK(dvm_ineighbour_alltoall(n.g, x, y, 1, DVM_INT, NULL) == DVM_ERR_ARG &&
               group_said("dvm_ineighbour_alltoall: "));
    FAKE_CHECK(dvm_neighbour_alltoall(n.g, x, x, 1, DVM_INT) == DVM_ERR_ARG &&
               group_said("overlap"));
    FAKE_CHECK(dvm_neighbour_allgather(n.g, y + 1, y, 1, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_neighbour_alltoallv_init(n.g, x, (size_t[]){1, 1, 1, 1},
                                            (size_t[]){0, 1, 2, 3}, x, (size_t[]){1, 1, 1, 1},
                                            (size_t[]){0, 1, 6, 7}, DVM_INT, &request) ==
                   DVM_ERR_ARG && group_said("dvm_neighbour_alltoallv_init: in and out overlap"));
    FAKE_CHECK(dvm_ineighbour_allgather(n.g, x, y, 1, DVM_INT, &request) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
    return 0;
}

Test(neighbour, what_is_refused)
{
    cr_assert_eq(group_run(1, refused, NULL, NULL), 0);
    cr_assert_eq(group_run(4, refused, NULL, NULL), 0);
}

/* Rank 0 gives less than its neighbours take: all end with an error. */
static int unlike(const struct fake_task *me)
{
    int x[8] = {0}, y[8], rc;
    struct near n;

    if (make_grid(&n, 1, 1, 0))
        return 1;
    rc = dvm_neighbour_alltoall(n.g, x, y, me->rank == 0 ? 1 : 2, DVM_INT);
    if (rc == DVM_OK)
        rc = dvm_barrier(n.g);
    FAKE_CHECK(rc == DVM_ERR_TRUNCATE);
    FAKE_CHECK(group_meet(me));
    return 0;
}

Test(neighbour, unlike_amounts_are_told)
{
    cr_assert_eq(group_run(4, unlike, NULL, NULL), 0);
}

/* The last rank dies, before or while the others exchange: all of them hear of it, also those
 * who are no neighbours of it. Then they meet, so that nobody's leaving is taken for it. */
static int bereaved(const struct fake_task *me)
{
    int x[8] = {0}, y[8], dims[1] = {me->count}, periods[1] = {0}, rc, last = me->count - 1;
    dvm_group g;

    rc = dvm_group_cart(DVM_WORLD, 1, dims, periods, 0, &g);
    if (me->rank == last)
        for (;;)
            pause();
    while (rc == DVM_OK)
        rc = dvm_neighbour_alltoall(g, x, y, 1, DVM_INT);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE && group_said("has ended"));
    for (int r = 1; me->rank == 0 && r < last; r++)
        FAKE_CHECK(dvm_recv(DVM_WORLD, r, 1, x, 1, DVM_INT, NULL) == DVM_OK);
    for (int r = 1; me->rank == 0 && r < last; r++)
        FAKE_CHECK(dvm_send(DVM_WORLD, r, 2, x, 1, DVM_INT) == DVM_OK);
    FAKE_CHECK(me->rank == 0 || (dvm_send(DVM_WORLD, 0, 1, x, 1, DVM_INT) == DVM_OK &&
                                 dvm_recv(DVM_WORLD, 0, 2, x, 1, DVM_INT, NULL) == DVM_OK));
    return 0;
}

Test(neighbour, a_death_is_an_error)
{
    static const unsigned moments[] = {0, 3000, 100000};

    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        const struct fake_options dies = {
            .kill = true, .kill_rank = 4, .kill_us = moments[i], .world = true};

        cr_assert_eq(group_run(5, bereaved, NULL, &dies), 0, "after %u us", moments[i]);
    }
}
