/* matmul.c: the product of two matrices, by rows and columns of a grid of tasks.
 *
 * C = A B, all N x N. The tasks are a grid of p x q; each matrix is cut into p x q blocks,
 * and a task owns the block at its place of all three. Algorithm SUMMA: C is the sum over
 * k of (column k of A) times (row k of B), taken in panels of --panel columns and rows
 * together. For each panel, those who own a piece of A's columns broadcast it along their
 * row of the grid, those who own a piece of B's rows along their column; then each task
 * has what it needs to add to its block of C. Rows and columns of the grid are groups
 * of their own, made by dvm_cart_sub, so that their broadcasts go on side by side.
 *
 * Source: R. A. van de Geijn, J. Watts, "SUMMA: scalable universal matrix multiplication
 * algorithm", Concurrency: Practice and Experience 9 (1997).
 */
#include <dvm.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/share.h"

struct settings {
    long n, panel;
    int check;
};

/* The tasks as a grid, and this one's place in it. */
struct grid {
    dvm_group all, row, column;
    int me, tasks, dims[2], at[2];
};

/* A block of a matrix, or a panel: rows x columns, row by row. */
struct block {
    int64_t first_row, first_column, rows, columns;
    double *data; /* owned */
};

static double *must_have(int64_t count)
{
    double *memory = calloc((size_t)count + 1, sizeof *memory);

    if (!memory) {
        fprintf(stderr, "matmul: no memory for %lld numbers\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* The matrices: any numbers will do that everybody can compute. Products of small whole ones
 * have no rounding, so that whoever computes them, and in whatever order, gets the same. */
static double a_at(int64_t i, int64_t j)
{
    return (double)((3 * i + 5 * j + 8) % 17 - 8);
}

static double b_at(int64_t i, int64_t j)
{
    return (double)((7 * i + 2 * j + 9) % 13 - 6);
}

static void make_grid(struct grid *g)
{
    const int periods[2] = { 0, 0 };

    dvm_group_size(DVM_WORLD, &g->tasks);
    dvm_dims_create(g->tasks, 2, g->dims);
    dvm_group_cart(DVM_WORLD, 2, g->dims, periods, 1, &g->all);
    dvm_group_rank(g->all, &g->me);
    dvm_cart_coords(g->all, g->me, 2, g->at);
    dvm_cart_sub(g->all, (const int[]){ 0, 1 }, &g->row);    /* same row, all columns */
    dvm_cart_sub(g->all, (const int[]){ 1, 0 }, &g->column); /* all rows, same column */
}

/* Where the block at a place of the grid lies; no memory yet. */
static struct block block_at(const struct grid *g, long n, const int *at)
{
    struct block b = { .data = NULL };

    b.first_row = share_first(n, g->dims[0], at[0]);
    b.rows = share_count(n, g->dims[0], at[0]);
    b.first_column = share_first(n, g->dims[1], at[1]);
    b.columns = share_count(n, g->dims[1], at[1]);
    return b;
}

static void fill(struct block *b, double value(int64_t, int64_t))
{
    b->data = must_have(b->rows * b->columns);
    for (int64_t i = 0; i < b->rows; i++)
        for (int64_t j = 0; j < b->columns; j++)
            b->data[i * b->columns + j] = value(b->first_row + i, b->first_column + j);
}

/* c += a b; b has as many rows as a has columns. */
static void multiply(struct block *c, const struct block *a, const struct block *b)
{
    for (int64_t i = 0; i < c->rows; i++) {
        double *restrict sum = c->data + i * c->columns;

        for (int64_t k = 0; k < a->columns; k++) {
            const double factor = a->data[i * a->columns + k];
            const double *restrict row = b->data + k * b->columns;

            for (int64_t j = 0; j < c->columns; j++)
                sum[j] += factor * row[j];
        }
    }
}

/* Columns first to first + width - 1 of the matrix A, as far as they are in this row of the
 * grid, to all tasks of the row. */
static void share_columns(const struct grid *g, const struct block *a, int owner, int64_t first,
                          struct block *panel)
{
    if (g->at[1] == owner)
        for (int64_t i = 0; i < panel->rows; i++)
            memcpy(panel->data + i * panel->columns,
                   a->data + i * a->columns + (first - a->first_column),
                   (size_t)panel->columns * sizeof *panel->data);
    dvm_bcast(g->row, owner, panel->data, (size_t)(panel->rows * panel->columns), DVM_DOUBLE);
}

/* The same for rows of B, down the column of the grid. Rows lie in one piece. */
static void share_rows(const struct grid *g, const struct block *b, int owner, int64_t first,
                       struct block *panel)
{
    const size_t count = (size_t)(panel->rows * panel->columns);

    if (g->at[0] == owner)
        memcpy(panel->data, b->data + (first - b->first_row) * b->columns,
               count * sizeof *panel->data);
    dvm_bcast(g->column, owner, panel->data, count, DVM_DOUBLE);
}

/* All panels, one after the other. A panel ends where the next owner's part begins. */
static void summa(const struct grid *g, const struct settings *s, const struct block *a,
                  const struct block *b, struct block *c)
{
    struct block left = { .rows = c->rows, .data = must_have(c->rows * s->panel) };
    struct block top = { .columns = c->columns, .data = must_have(s->panel * c->columns) };

    for (int64_t k = 0; k < s->n; k += left.columns) {
        int a_owner = share_owner(s->n, g->dims[1], k), b_owner = share_owner(s->n, g->dims[0], k);
        int64_t end = k + s->panel;

        if (end > share_first(s->n, g->dims[1], a_owner + 1))
            end = share_first(s->n, g->dims[1], a_owner + 1);
        if (end > share_first(s->n, g->dims[0], b_owner + 1))
            end = share_first(s->n, g->dims[0], b_owner + 1);
        left.columns = top.rows = end - k;
        share_columns(g, a, a_owner, k, &left);
        share_rows(g, b, b_owner, k, &top);
        multiply(c, &left, &top);
    }
    free(left.data);
    free(top.data);
}

/* ---- the check --------------------------------------------------------------------------- */

/* Compare a block with what one task computes: the same products, added in the same order.
 * Returns how many numbers differ. */
static int64_t differences(const struct block *c, const double *whole, long n)
{
    int64_t wrong = 0;

    for (int64_t i = 0; i < c->rows; i++)
        wrong += memcmp(c->data + i * c->columns,
                        whole + (c->first_row + i) * n + c->first_column,
                        (size_t)c->columns * sizeof *whole) != 0;
    return wrong;
}

/* Rank 0 computes the product alone, takes all blocks one by one, and compares. Returns 1 when
 * all is equal. */
static int compare(const struct grid *g, const struct settings *s, const struct block *mine)
{
    const struct block all = { .rows = s->n, .columns = s->n };
    struct block a = all, b = all, c = all, other;
    int64_t wrong;

    if (g->me != 0) {
        dvm_send(g->all, 0, 1, mine->data, (size_t)(mine->rows * mine->columns), DVM_DOUBLE);
        return 1;
    }
    fill(&a, a_at);
    fill(&b, b_at);
    c.data = must_have(s->n * s->n);
    multiply(&c, &a, &b);
    wrong = differences(mine, c.data, s->n);
    for (int rank = 1; rank < g->tasks; rank++) {
        int at[2];

        dvm_cart_coords(g->all, rank, 2, at);
        other = block_at(g, s->n, at);
        other.data = must_have(other.rows * other.columns);
        dvm_recv(g->all, rank, 1, other.data, (size_t)(other.rows * other.columns), DVM_DOUBLE,
                 NULL);
        wrong += differences(&other, c.data, s->n);
        free(other.data);
    }
    printf("check: %s %lld rows of blocks differ from one task's product\n",
           wrong ? "FAILED" : "ok", (long long)wrong);
    free(a.data);
    free(b.data);
    free(c.data);
    return wrong == 0;
}

/* One number of all of C, in which each place has a weight: the same for any grid, and what
 * the program in Fortran tells. */
static void tell_sum(const struct grid *g, const struct block *c)
{
    int64_t sum = 0, all = 0;

    for (int64_t i = 0; i < c->rows; i++)
        for (int64_t j = 0; j < c->columns; j++)
            sum += ((c->first_row + i + 2 * (c->first_column + j)) % 7 - 3) *
                   (int64_t)c->data[i * c->columns + j];
    dvm_reduce(g->all, 0, &sum, &all, 1, DVM_INT64, DVM_SUM);
    if (g->me == 0)
        printf("sum: %lld, of all numbers with their weights\n", (long long)all);
}

/* ---- the program -------------------------------------------------------------------------- */

/* Multiply, tell, check. Returns the exit status. */
static int run(const struct settings *s)
{
    struct grid g = { .dims = { 0, 0 } };
    struct block a, b, c;
    double start, seconds;
    int good = 1;

    make_grid(&g);
    a = b = c = block_at(&g, s->n, g.at);
    fill(&a, a_at);
    fill(&b, b_at);
    c.data = must_have(c.rows * c.columns);
    dvm_barrier(g.all); /* start the clock when everybody is there */
    start = dvm_wtime();
    summa(&g, s, &a, &b, &c);
    dvm_barrier(g.all);
    seconds = dvm_wtime() - start;
    if (g.me == 0)
        printf("matmul: %ldx%ld, %d x %d tasks, panels of %ld, %.3f s, %.2f Gflop/s\n", s->n, s->n,
               g.dims[0], g.dims[1], s->panel, seconds, 2e-9 * pow((double)s->n, 3) / seconds);
    if (s->check) {
        tell_sum(&g, &c);
        good = compare(&g, s, &c);
    }
    free(a.data);
    free(b.data);
    free(c.data);
    dvm_group_free(&g.row);
    dvm_group_free(&g.column);
    dvm_group_free(&g.all);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = { .n = 768, .panel = 64 };
    const struct option table[] = {
        { "n", OPTION_INT, &s.n, 1, 1e5, "rows and columns of the matrices (768)" },
        { "panel", OPTION_INT, &s.panel, 1, 1e5, "columns and rows that go at once (64)" },
        { "check", OPTION_FLAG, &s.check, 0, 0, "compare with one task's product" },
        { .name = NULL },
    };
    int me, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    status = options_read(argc, argv, table, me == 0);
    if (status == OPTION_GO_ON)
        status = run(&s);
    dvm_finalize();
    return status;
}
