/* heat2d.c: heat spreads over a plate; the tasks exchange the rims of their parts.
 *
 * In each step every cell of a plate takes over a part of the difference to its
 * four neighbours (a 5-point stencil). The plate is cut into a grid of blocks,
 * one for each task, as square as the number of tasks allows. To compute the
 * cells at the rim of its block, a task needs the rims of the neighbouring ones:
 * its block has a border of one extra cell all around, the halo, which is filled
 * by messages before every step. While they travel, the inside, which needs no
 * halo, is computed. Beyond the plate's edges it is cold: there the neighbour is
 * DVM_NULL, with whom every message completes at once, and the halo stays 0.
 *
 * Every --every steps an allreduce finds the largest change anywhere, and when
 * that is under --tolerance, all tasks stop at the same step. At the end the
 * blocks are gathered in rank 0, which writes a picture.
 */
#include <dvm.h>
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/picture.h"
#include "common/plate.h"
#include "common/share.h"

enum side { NORTH, SOUTH, WEST, EAST, SIDES };
enum { TAG_HALO = 1, TAG_BLOCK = 9 }; /* TAG_HALO + side the message travels to */

struct settings {
    long rows, columns; /* of the plate */
    long steps, every;
    double tolerance;   /* 0: do all steps */
    const char *png;    /* file to write, or "none" */
    int check;
};

/* One task's part of the plate. Cell (i, j), 1 <= i <= rows, 1 <= j <= columns,
 * is at [i * stride + j]; rows 0 and rows + 1 and columns 0 and columns + 1 are
 * the halo. */
struct block {
    int64_t first_row, first_column; /* place on the plate */
    int64_t rows, columns;           /* either may be 0: more tasks than cells */
    int64_t stride;                  /* columns + 2 */
    double *now, *next;              /* owned */
    double *edge[SIDES];             /* column leaving west or east, rows long; owned */
    double *halo[SIDES];             /* column arriving from there; owned */
    int neighbour[SIDES];            /* ranks, or DVM_NULL */
};

/* Choose a grid of down x across = n blocks with the shortest rims. */
static void choose_grid(const struct settings *s, int n, int *down, int *across)
{
    double best = HUGE_VAL;
    int d;

    for (d = 1; d <= n; d++) {
        double rim;

        if (n % d != 0)
            continue;
        rim = (double)s->rows / d + (double)s->columns / (n / d);
        if (rim <= best) { /* among equals, whole rows: they need no copying */
            best = rim;
            *down = d;
            *across = n / d;
        }
    }
}

/* The rank at a place of the grid, if it has cells: the blocks without any are
 * the last ones, so what is before them is at the plate's edge. */
static int rank_at(const struct settings *s, int down, int across, int row, int column)
{
    if (row < 0 || column < 0 || row >= down || column >= across)
        return DVM_NULL;
    if (share_count(s->rows, down, row) == 0 || share_count(s->columns, across, column) == 0)
        return DVM_NULL;
    return row * across + column;
}

/* Where the block of a rank lies, and who its neighbours are; no memory yet. */
static struct block place(const struct settings *s, int n, int rank)
{
    struct block b = { .rows = 0 };
    int down = 1, across = n, row, column;

    choose_grid(s, n, &down, &across);
    row = rank / across;
    column = rank % across;
    b.first_row = share_first(s->rows, down, row);
    b.rows = share_count(s->rows, down, row);
    b.first_column = share_first(s->columns, across, column);
    b.columns = share_count(s->columns, across, column);
    b.stride = b.columns + 2;
    b.neighbour[NORTH] = rank_at(s, down, across, row - 1, column);
    b.neighbour[SOUTH] = rank_at(s, down, across, row + 1, column);
    b.neighbour[WEST] = rank_at(s, down, across, row, column - 1);
    b.neighbour[EAST] = rank_at(s, down, across, row, column + 1);
    return b;
}

/* A block without a cell has nobody to talk to either. */
static int is_empty(const struct block *b)
{
    return b->rows == 0 || b->columns == 0;
}

static double *must_have(int64_t count)
{
    double *memory = calloc((size_t)count, sizeof *memory);

    if (!memory) {
        fprintf(stderr, "heat2d: no memory for %lld cells\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* Give the block its memory and its first temperatures. */
static void warm_up(struct block *b, const struct settings *s)
{
    int64_t i, j;

    b->now = must_have((b->rows + 2) * b->stride);
    b->next = must_have((b->rows + 2) * b->stride);
    for (int side = WEST; side <= EAST; side++) {
        b->edge[side] = must_have(b->rows + 1);
        b->halo[side] = must_have(b->rows + 1);
    }
    for (i = 1; i <= b->rows; i++)
        for (j = 1; j <= b->columns; j++)
            b->now[i * b->stride + j] =
                plate_start(b->first_row + i - 1, b->first_column + j - 1, s->rows, s->columns);
}

static void free_block(struct block *b)
{
    free(b->now);
    free(b->next);
    for (int side = WEST; side <= EAST; side++) {
        free(b->edge[side]);
        free(b->halo[side]);
    }
}

/* Compute the cells of rows i0 to i1, columns j0 to j1. */
static void update(struct block *b, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const int64_t stride = b->stride;
    int64_t i, j;

    for (i = i0; i <= i1; i++) {
        const double *restrict old = b->now + i * stride;
        double *restrict new = b->next + i * stride;

        for (j = j0; j <= j1; j++) {
            double vertical = old[j - stride] + old[j + stride];
            double horizontal = old[j - 1] + old[j + 1];

            new[j] = old[j] + PLATE_RATE * (vertical + horizontal - 4 * old[j]);
        }
    }
}

/* Post the receives of the four halo sides, then the sends of the four rims. Rows
 * lie in one piece in memory and travel from and to where they are; columns do
 * not, and are copied together first. A message's tag is the side it travels to,
 * so what comes from the north has travelled south. */
static void start_halo(struct block *b, struct dvm_request *requests[2 * SIDES])
{
    const size_t row = (size_t)b->columns;
    const size_t column = (size_t)b->rows;
    double *first = b->now + b->stride + 1; /* cell (1, 1) */
    double *last = b->now + b->rows * b->stride + 1;
    int64_t i;

    dvm_irecv(DVM_WORLD, b->neighbour[NORTH], TAG_HALO + SOUTH, first - b->stride, row,
              DVM_DOUBLE, &requests[0]);
    dvm_irecv(DVM_WORLD, b->neighbour[SOUTH], TAG_HALO + NORTH, last + b->stride, row,
              DVM_DOUBLE, &requests[1]);
    dvm_irecv(DVM_WORLD, b->neighbour[WEST], TAG_HALO + EAST, b->halo[WEST], column,
              DVM_DOUBLE, &requests[2]);
    dvm_irecv(DVM_WORLD, b->neighbour[EAST], TAG_HALO + WEST, b->halo[EAST], column,
              DVM_DOUBLE, &requests[3]);

    for (i = 0; i < b->rows; i++) {
        b->edge[WEST][i] = first[i * b->stride];
        b->edge[EAST][i] = first[i * b->stride + b->columns - 1];
    }
    dvm_isend(DVM_WORLD, b->neighbour[NORTH], TAG_HALO + NORTH, first, row, DVM_DOUBLE,
              &requests[4]);
    dvm_isend(DVM_WORLD, b->neighbour[SOUTH], TAG_HALO + SOUTH, last, row, DVM_DOUBLE,
              &requests[5]);
    dvm_isend(DVM_WORLD, b->neighbour[WEST], TAG_HALO + WEST, b->edge[WEST], column,
              DVM_DOUBLE, &requests[6]);
    dvm_isend(DVM_WORLD, b->neighbour[EAST], TAG_HALO + EAST, b->edge[EAST], column,
              DVM_DOUBLE, &requests[7]);
}

/* Wait for the halo and put the columns that came into their places. */
static void finish_halo(struct block *b, struct dvm_request *requests[2 * SIDES])
{
    int64_t i;

    dvm_waitall(2 * SIDES, requests, NULL);
    for (i = 0; i < b->rows; i++) {
        double *row = b->now + (i + 1) * b->stride;

        row[0] = b->halo[WEST][i];
        row[b->columns + 1] = b->halo[EAST][i];
    }
}

/* One step: exchange, and compute the inside meanwhile and the rim after it. */
static void step(struct block *b)
{
    struct dvm_request *requests[2 * SIDES];
    double *swap = b->now;

    start_halo(b, requests);
    update(b, 2, b->rows - 1, 2, b->columns - 1);
    finish_halo(b, requests);
    update(b, 1, 1, 1, b->columns);
    update(b, b->rows, b->rows, 1, b->columns);
    update(b, 2, b->rows - 1, 1, 1);
    update(b, 2, b->rows - 1, b->columns, b->columns);
    b->now = b->next;
    b->next = swap;
}

/* The largest change of any cell of the plate in the last step. */
static double largest_change(const struct block *b)
{
    double mine = 0, all = 0;
    int64_t i, j;

    for (i = 1; i <= b->rows; i++)
        for (j = 1; j <= b->columns; j++)
            mine = fmax(mine, fabs(b->now[i * b->stride + j] - b->next[i * b->stride + j]));
    dvm_allreduce(DVM_WORLD, &mine, &all, 1, DVM_DOUBLE, DVM_MAX);
    return all;
}

/* All steps; returns how many were done, which all tasks agree on. */
static long run(struct block *b, const struct settings *s, double *change)
{
    long done = 0;

    while (done < s->steps) {
        if (!is_empty(b))
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

/* Copy the cells of a block, without its halo, to or from one piece of memory. */
static void pack(const struct block *b, double *cells)
{
    int64_t i;

    for (i = 0; i < b->rows; i++)
        memcpy(cells + i * b->columns, b->now + (i + 1) * b->stride + 1,
               (size_t)b->columns * sizeof *cells);
}

static void put(const struct block *b, const double *cells, double *field, int64_t columns)
{
    int64_t i;

    for (i = 0; i < b->rows; i++)
        memcpy(field + (b->first_row + i) * columns + b->first_column,
               cells + i * b->columns, (size_t)b->columns * sizeof *cells);
}

/* Bring all blocks to rank 0; returns the whole plate there, NULL elsewhere.
 * Rank 0 takes one block after the other, so it needs room for one besides the
 * plate; it can tell where each lies without asking. */
static double *gather(const struct block *mine, const struct settings *s, int me, int n)
{
    double *cells = must_have(mine->rows * mine->columns + 1);
    double *field = NULL;
    int rank;

    pack(mine, cells);
    if (me != 0) {
        dvm_send(DVM_WORLD, 0, TAG_BLOCK, cells, (size_t)(mine->rows * mine->columns),
                 DVM_DOUBLE);
        free(cells);
        return NULL;
    }
    field = must_have((int64_t)s->rows * s->columns);
    put(mine, cells, field, s->columns); /* block 0 is as large as any */
    for (rank = 1; rank < n; rank++) {
        struct block b = place(s, n, rank);

        assert(b.rows <= mine->rows && b.columns <= mine->columns);
        dvm_recv(DVM_WORLD, rank, TAG_BLOCK, cells, (size_t)(b.rows * b.columns), DVM_DOUBLE,
                 NULL);
        put(&b, cells, field, s->columns);
    }
    free(cells);
    return field;
}

/* Run the whole plate in this task alone, as many steps, and compare every cell
 * bit by bit. Returns 1 when all are equal. */
static int compare(const double *field, const struct settings *s, long steps)
{
    const int64_t cells = (int64_t)s->rows * s->columns;
    double *alone = must_have(cells);
    double largest = 0;
    int64_t k, wrong = 0;

    for (k = 0; k < cells; k++)
        alone[k] = plate_start(k / s->columns, k % s->columns, s->rows, s->columns);
    if (plate_run(alone, s->rows, s->columns, steps) != 0)
        wrong = cells;
    for (k = 0; k < cells; k++) {
        wrong += memcmp(&alone[k], &field[k], sizeof *alone) != 0;
        largest = fmax(largest, fabs(alone[k] - field[k]));
    }
    printf("check: %s %lld of %lld cells differ from one task's run, by %.2e at most\n",
           wrong ? "FAILED" : "ok", (long long)wrong, (long long)cells, largest);
    free(alone);
    return wrong == 0;
}

/* Colour the plate and write it. Returns 1 on success. */
static int paint(const double *field, const struct settings *s)
{
    const size_t cells = (size_t)(s->rows * s->columns);
    unsigned char *rgb = malloc(cells * 3);
    char error[200] = "no memory for the picture";
    int written = -1;
    size_t k;

    for (k = 0; rgb && k < cells; k++)
        picture_colour(plate_palette, PLATE_COLOURS, field[k], rgb + 3 * k);
    if (rgb)
        written = picture_write(s->png, (int)s->columns, (int)s->rows, rgb, error,
                                sizeof error);
    if (written != 0)
        fprintf(stderr, "heat2d: %s\n", error);
    free(rgb);
    return written == 0;
}

/* After the last step: picture and comparison. Returns the exit status. */
static int finish(const struct block *b, const struct settings *s, int me, int n, long steps)
{
    const int picture = strcmp(s->png, "none") != 0;
    double *field;
    int good = 1;

    if (!picture && !s->check)
        return 0;
    field = gather(b, s, me, n);
    if (me == 0 && picture)
        good = paint(field, s);
    if (me == 0 && s->check)
        good = compare(field, s, steps) && good;
    free(field);
    return good ? 0 : 1;
}

static int read_options(int argc, char **argv, struct settings *s, int speak)
{
    const struct option table[] = {
        { "rows", OPTION_INT, &s->rows, 1, 1e6, "rows of the plate (2048)" },
        { "columns", OPTION_INT, &s->columns, 1, 1e6, "columns of the plate (2048)" },
        { "steps", OPTION_INT, &s->steps, 1, 1e9, "most steps to do (500)" },
        { "every", OPTION_INT, &s->every, 1, 1e9, "steps from residual to residual (100)" },
        { "tolerance", OPTION_REAL, &s->tolerance, 0, 1, "stop at a smaller change (0)" },
        { "png", OPTION_TEXT, &s->png, 0, 0, "file to write, or none (heat2d.png)" },
        { "check", OPTION_FLAG, &s->check, 0, 0, "compare every cell with one task's" },
        { .name = NULL },
    };

    return options_read(argc, argv, table, speak);
}

int main(int argc, char **argv)
{
    struct settings s = { .rows = 2048, .columns = 2048, .steps = 500, .every = 100,
                          .png = "heat2d.png" };
    struct block mine;
    double start, change = 0;
    int me, n, status;
    long steps;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    status = read_options(argc, argv, &s, me == 0);
    if (status != OPTION_GO_ON) {
        dvm_finalize();
        return status;
    }
    mine = place(&s, n, me);
    warm_up(&mine, &s);
    dvm_barrier(DVM_WORLD); /* start the clock when everybody is there */
    start = dvm_wtime();
    steps = run(&mine, &s, &change);
    if (me == 0) {
        double seconds = dvm_wtime() - start;

        printf("heat2d: %ldx%ld, %d tasks, blocks of %lldx%lld, %ld steps, last change %.3e\n",
               s.rows, s.columns, n, (long long)mine.rows, (long long)mine.columns, steps,
               change);
        printf("heat2d: %.3f s, %.0f million cells a second\n", seconds,
               (double)s.rows * (double)s.columns * (double)steps / seconds * 1e-6);
    }
    status = finish(&mine, &s, me, n, steps);
    free_block(&mine);
    dvm_finalize();
    return status;
}
