/* jacobi.c: Poisson's equation on a square, by a grid of tasks.
 *
 * A membrane is clamped at its rim and pushed by a force: its height u obeys
 * -(d2u/dx2 + d2u/dy2) = f. On a grid of points, a distance h apart, Jacobi's method
 * sets each point to the mean of its four neighbours plus h^2 f / 4, again and
 * again. The points are cut into blocks; the tasks that own them are a grid
 * as well, made by dvm_group_cart, which also lets tasks with a common rim
 * share a host where that can be.
 *
 * Before each step a task needs the rims of its four neighbours. One collective call
 * among neighbours brings them: each gives a rim to each neighbour and takes one from
 * each. Nothing is packed: a derived type says how a column lies in memory, and the
 * rims go straight from where they are to where they belong. At the edge of the square
 * there is no neighbour and nothing moves: the halo keeps its 0, which is the clamped
 * rim. The call is started, the inside of the block is computed while the rims
 * travel, and then what lies at the rim.
 */
#include <dvm.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/share.h"

/* the order of a grid's neighbours: for each dimension the one before, the one behind */
enum side { NORTH, SOUTH, WEST, EAST, SIDES };

struct settings {
    long rows, columns; /* points of the square, without its rim */
    long steps, every;
    double tolerance;   /* 0: do all steps */
    int keep_order, check;
};

/* One task's part. Point (i, j), 1 <= i <= rows, 1 <= j <= columns, is at
 * [i * stride + j]; the rows and columns around them are the halo. */
struct block {
    dvm_group grid;
    int me, n, dims[2];
    int64_t first_row, first_column; /* place on the square */
    int64_t rows, columns, stride;
    double *now, *next;              /* owned */
    double *push;                    /* what the force adds to each point; owned */
    dvm_type column;                 /* rows numbers, a stride apart */
    /* of the four rims: how many, of which type, and where in memory, in bytes */
    size_t counts[SIDES], leaving[SIDES], arriving[SIDES];
    dvm_type types[SIDES];
};

static double *must_have(int64_t count)
{
    double *memory = calloc((size_t)count, sizeof *memory);

    if (!memory) {
        fprintf(stderr, "jacobi: no memory for %lld points\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* What the force adds to a point (from 0) in each step, h^2 f / 4 in some unit: it pushes
 * the left half up and the right half down. */
static double push(int64_t row, int64_t column, const struct settings *s)
{
    const double y = (double)(row + 1) / (double)(s->rows + 1);
    const double x = (double)(column + 1) / (double)(s->columns + 1);

    return (y * (1 - y)) * (x * (1 - x)) * (1 - 2 * x);
}

/* ---- the grid of tasks --------------------------------------------------------- */

/* Make the grid, and find this task's block in it. */
static void place(struct block *b, const struct settings *s)
{
    const int periods[2] = { 0, 0 }; /* the square has edges, it is no ring */
    int at[2];

    dvm_group_size(DVM_WORLD, &b->n);
    dvm_dims_create(b->n, 2, b->dims);
    dvm_group_cart(DVM_WORLD, 2, b->dims, periods, !s->keep_order, &b->grid);
    dvm_group_rank(b->grid, &b->me);
    dvm_cart_coords(b->grid, b->me, 2, at);
    b->first_row = share_first(s->rows, b->dims[0], at[0]);
    b->rows = share_count(s->rows, b->dims[0], at[0]);
    b->first_column = share_first(s->columns, b->dims[1], at[1]);
    b->columns = share_count(s->columns, b->dims[1], at[1]);
    b->stride = b->columns + 2;
}

/* How many of this task's neighbours are on other hosts, summed over all tasks. */
static void count_hosts(const struct block *b, int *apart, int *pairs)
{
    int neighbour[SIDES], mine[2] = { 0, 0 }, all[2] = { 0, 0 };
    const int my_host = dvm_self() >> 18; /* a tid begins with the number of its host */

    dvm_neighbours(b->grid, SIDES, neighbour, NULL, 0, NULL, NULL);
    for (int side = 0; side < SIDES; side++) {
        int tid;

        if (neighbour[side] == DVM_NULL)
            continue;
        dvm_group_tid(b->grid, neighbour[side], &tid);
        mine[0] += tid >> 18 != my_host;
        mine[1]++;
    }
    dvm_reduce(b->grid, 0, mine, all, 2, DVM_INT, DVM_SUM);
    *apart = all[0] / 2; /* each pair was counted by both */
    *pairs = all[1] / 2;
}

/* Memory for the points, which are 0 at first, and the force on each. */
static void make_points(struct block *b, const struct settings *s)
{
    b->now = must_have((b->rows + 2) * b->stride);
    b->next = must_have((b->rows + 2) * b->stride);
    b->push = must_have((b->rows + 2) * b->stride);
    for (int64_t i = 1; i <= b->rows; i++)
        for (int64_t j = 1; j <= b->columns; j++)
            b->push[i * b->stride + j] = push(b->first_row + i - 1, b->first_column + j - 1, s);
}

/* Where a point is in memory, in bytes from the first. */
static size_t byte_of(const struct block *b, int64_t i, int64_t j)
{
    return (size_t)(i * b->stride + j) * sizeof *b->now;
}

/* What goes to the four neighbours, and where what they send belongs: their rims go into the
 * halo, beside this task's own. */
static void describe_rims(struct block *b)
{
    dvm_type_vector((size_t)b->rows, 1, b->stride, DVM_DOUBLE, &b->column);
    dvm_type_commit(b->column);
    for (int side = 0; side < SIDES; side++) {
        b->counts[side] = side == NORTH || side == SOUTH ? (size_t)b->columns : 1;
        b->types[side] = side == NORTH || side == SOUTH ? DVM_DOUBLE : b->column;
    }
    b->leaving[NORTH] = byte_of(b, 1, 1);
    b->leaving[SOUTH] = byte_of(b, b->rows, 1);
    b->leaving[WEST] = byte_of(b, 1, 1);
    b->leaving[EAST] = byte_of(b, 1, b->columns);
    b->arriving[NORTH] = byte_of(b, 0, 1);
    b->arriving[SOUTH] = byte_of(b, b->rows + 1, 1);
    b->arriving[WEST] = byte_of(b, 1, 0);
    b->arriving[EAST] = byte_of(b, 1, b->columns + 1);
}

static void free_points(struct block *b)
{
    free(b->now);
    free(b->next);
    free(b->push);
}

static void free_block(struct block *b)
{
    free_points(b);
    dvm_type_free(&b->column);
    dvm_group_free(&b->grid);
}

/* ---- a step ---------------------------------------------------------------------- */

/* Compute the points of rows i0 to i1, columns j0 to j1. */
static void update(struct block *b, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const int64_t stride = b->stride;

    for (int64_t i = i0; i <= i1; i++) {
        const double *old = b->now + i * stride, *force = b->push + i * stride;
        double *new = b->next + i * stride;

        for (int64_t j = j0; j <= j1; j++) {
            double vertical = old[j - stride] + old[j + stride];
            double horizontal = old[j - 1] + old[j + 1];

            new[j] = (vertical + horizontal) / 4 + force[j];
        }
    }
}

/* One step: the inside is computed while the rims travel. */
static void step(struct block *b)
{
    struct dvm_request *halo;
    double *swap = b->now;

    dvm_ineighbour_alltoallw(b->grid, b->now, b->counts, b->leaving, b->types, b->now, b->counts,
                             b->arriving, b->types, &halo);
    update(b, 2, b->rows - 1, 2, b->columns - 1);
    dvm_wait(&halo, NULL);
    update(b, 1, 1, 1, b->columns);
    if (b->rows > 1)
        update(b, b->rows, b->rows, 1, b->columns);
    update(b, 2, b->rows - 1, 1, 1);
    if (b->columns > 1)
        update(b, 2, b->rows - 1, b->columns, b->columns);
    b->now = b->next;
    b->next = swap;
}

/* The largest change of any point in the last step. */
static double largest_change(const struct block *b)
{
    double mine = 0, all = 0;

    for (int64_t i = 1; i <= b->rows; i++)
        for (int64_t j = 1; j <= b->columns; j++)
            mine = fmax(mine, fabs(b->now[i * b->stride + j] - b->next[i * b->stride + j]));
    dvm_allreduce(b->grid, &mine, &all, 1, DVM_DOUBLE, DVM_MAX);
    return all;
}

/* All steps; returns how many were done, which all tasks agree on. */
static long run(struct block *b, const struct settings *s, double *change)
{
    long done = 0;

    while (done < s->steps) {
        step(b);
        done++;
        if (done % s->every != 0 && done != s->steps)
            continue;
        *change = largest_change(b);
        if (*change < s->tolerance)
            break;
    }
    return done;
}

/* ---- the check --------------------------------------------------------------------- */

/* Put a block, which came in one piece, where it belongs on the square. */
static void put(const struct block *b, int rank, const double *points, double *square,
                const struct settings *s)
{
    int at[2];
    int64_t row, rows, column, columns;

    dvm_cart_coords(b->grid, rank, 2, at);
    row = share_first(s->rows, b->dims[0], at[0]);
    rows = share_count(s->rows, b->dims[0], at[0]);
    column = share_first(s->columns, b->dims[1], at[1]);
    columns = share_count(s->columns, b->dims[1], at[1]);
    for (int64_t i = 0; i < rows; i++)
        memcpy(square + (row + i) * s->columns + column, points + i * columns,
               (size_t)columns * sizeof *square);
}

/* Bring all blocks to rank 0 of the grid; returns the square there, NULL elsewhere. */
static double *gather(const struct block *b, const struct settings *s)
{
    const int64_t all = b->me == 0 ? s->rows * s->columns : 1;
    double *own = must_have(b->rows * b->columns), *points = must_have(all);
    double *square = b->me == 0 ? must_have(all) : NULL;
    size_t *counts = calloc(2 * (size_t)b->n, sizeof *counts), *offsets;
    size_t offset = 0;

    if (!counts)
        dvm_abort(DVM_WORLD, 1);
    offsets = counts + b->n;
    for (int rank = 0; rank < b->n; rank++) {
        int at[2];

        dvm_cart_coords(b->grid, rank, 2, at);
        counts[rank] = (size_t)(share_count(s->rows, b->dims[0], at[0]) *
                                share_count(s->columns, b->dims[1], at[1]));
        offsets[rank] = offset;
        offset += counts[rank];
    }
    for (int64_t i = 0; i < b->rows; i++)
        memcpy(own + i * b->columns, b->now + (i + 1) * b->stride + 1,
               (size_t)b->columns * sizeof *own);
    dvm_gatherv(b->grid, 0, own, (size_t)(b->rows * b->columns), points, counts, offsets,
                DVM_DOUBLE);
    for (int rank = 0; square && rank < b->n; rank++)
        put(b, rank, points + offsets[rank], square, s);
    free(counts);
    free(points);
    free(own);
    return square;
}

/* Run the whole square in this task alone, as many steps, and compare every point bit by
 * bit. Returns 1 when all are equal. */
static int compare(const double *square, const struct settings *s, long steps)
{
    struct block one = { .rows = s->rows, .columns = s->columns, .stride = s->columns + 2 };
    double largest = 0;
    int64_t wrong = 0;

    make_points(&one, s);
    for (long k = 0; k < steps; k++) {
        double *swap = one.now;

        update(&one, 1, one.rows, 1, one.columns);
        one.now = one.next;
        one.next = swap;
    }
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t j = 0; j < s->columns; j++) {
            const double *mine = &one.now[(i + 1) * one.stride + j + 1];
            const double *theirs = &square[i * s->columns + j];

            wrong += memcmp(mine, theirs, sizeof *mine) != 0;
            largest = fmax(largest, fabs(*mine - *theirs));
        }
    printf("check: %s %lld of %lld points differ from one task's run, by %.2e at most\n",
           wrong ? "FAILED" : "ok", (long long)wrong, (long long)(s->rows * s->columns), largest);
    free_points(&one);
    return wrong == 0;
}

/* ---- the program --------------------------------------------------------------------- */

static int read_options(int argc, char **argv, struct settings *s, int speak)
{
    const struct option table[] = {
        { "rows", OPTION_INT, &s->rows, 1, 1e6, "points from north to south (1024)" },
        { "columns", OPTION_INT, &s->columns, 1, 1e6, "points from west to east (1024)" },
        { "steps", OPTION_INT, &s->steps, 1, 1e9, "most steps to do (500)" },
        { "every", OPTION_INT, &s->every, 1, 1e9, "steps from look to look at the change (100)" },
        { "tolerance", OPTION_REAL, &s->tolerance, 0, 1, "stop at a smaller change (0)" },
        { "keep-order", OPTION_FLAG, &s->keep_order, 0, 0, "do not reorder tasks by hosts" },
        { "check", OPTION_FLAG, &s->check, 0, 0, "compare every point with one task's" },
        { .name = NULL },
    };

    return options_read(argc, argv, table, speak);
}

/* Solve, tell, check. Returns the exit status. */
static int solve(struct block *b, const struct settings *s)
{
    double start, change = 0, *square;
    int apart, pairs, good = 1;
    long steps;

    make_points(b, s);
    describe_rims(b);
    count_hosts(b, &apart, &pairs);
    start = dvm_wtime();
    steps = run(b, s, &change);
    if (b->me == 0) {
        printf("jacobi: %d x %d tasks, %d of %d pairs of neighbours on different hosts\n",
               b->dims[0], b->dims[1], apart, pairs);
        printf("jacobi: %ldx%ld points, %ld steps, last change %.3e, %.3f s\n", s->rows,
               s->columns, steps, change, dvm_wtime() - start);
    }
    if (s->check) {
        square = gather(b, s);
        if (square)
            good = compare(square, s, steps);
        free(square);
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = { .rows = 1024, .columns = 1024, .steps = 500, .every = 100 };
    struct block b = { .column = DVM_TYPE_NONE };
    int me, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    status = read_options(argc, argv, &s, me == 0);
    if (status == OPTION_GO_ON) {
        place(&b, &s);
        if (b.dims[0] <= s.rows && b.dims[1] <= s.columns) {
            status = solve(&b, &s);
        } else {
            if (me == 0)
                fprintf(stderr, "jacobi: %d x %d tasks are too many for %ld x %ld points\n",
                        b.dims[0], b.dims[1], s.rows, s.columns);
            status = me == 0 ? 2 : 0;
        }
        free_block(&b);
    }
    dvm_finalize();
    return status;
}
