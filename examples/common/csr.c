/* csr.c: sparse matrices by rows, and conjugate gradients in one task.
 *
 * The matrix from a file is built by counting: entries per row, then their
 * places, then each row is sorted by column. Memory is bound to the entries that
 * exist: a matrix with more rows than entries has an empty row, hence is
 * singular, and is refused before anything of its size is allocated.
 *
 * csr_solve is the reference that the cg example compares itself with. It is
 * the textbook's algorithm and knows nothing of tasks.
 */
#include "csr.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int csr_alloc(struct csr *out, int64_t rows, int64_t entries)
{
    memset(out, 0, sizeof *out);
    if (rows < 0 || entries < 0 || (uint64_t)rows > SIZE_MAX / 16 ||
        (uint64_t)entries > SIZE_MAX / 16)
        return -1;
    out->rows = rows;
    out->start = calloc((size_t)rows + 1, sizeof *out->start);
    out->column = malloc((size_t)(entries + 1) * sizeof *out->column);
    out->value = malloc((size_t)(entries + 1) * sizeof *out->value);
    if (out->start && out->column && out->value)
        return 0;
    csr_free(out);
    return -1;
}

void csr_free(struct csr *matrix)
{
    free(matrix->start);
    free(matrix->column);
    free(matrix->value);
    memset(matrix, 0, sizeof *matrix);
}

struct entry {
    int column;
    double value;
};

static int by_column(const void *left, const void *right)
{
    int a = ((const struct entry *)left)->column;
    int b = ((const struct entry *)right)->column;

    return (a > b) - (a < b);
}

/* Sort the entries of one row; scratch has room for them. */
static void sort_row(struct csr *m, int64_t row, struct entry *scratch)
{
    int64_t first = m->start[row];
    int64_t count = m->start[row + 1] - first;
    int64_t k;

    for (k = 0; k < count; k++)
        scratch[k] = (struct entry){ m->column[first + k], m->value[first + k] };
    qsort(scratch, (size_t)count, sizeof *scratch, by_column);
    for (k = 0; k < count; k++) {
        m->column[first + k] = scratch[k].column;
        m->value[first + k] = scratch[k].value;
    }
}

/* Put the entries of a file into rows. out is allocated, start all zero. */
static int fill(const struct mm *from, struct csr *out)
{
    struct entry *scratch = malloc((from->count + 1) * sizeof *scratch);
    int64_t i;
    size_t k;

    if (!scratch)
        return -1;
    for (k = 0; k < from->count; k++)
        out->start[from->row[k] + 1]++;
    for (i = 0; i < out->rows; i++)
        out->start[i + 1] += out->start[i];
    for (k = 0; k < from->count; k++) {
        /* start[row] runs through its row, and ends where the next begins. */
        int64_t at = out->start[from->row[k]]++;

        out->column[at] = from->column[k];
        out->value[at] = from->value[k];
    }
    memmove(out->start + 1, out->start, (size_t)out->rows * sizeof *out->start);
    out->start[0] = 0;
    for (i = 0; i < out->rows; i++)
        sort_row(out, i, scratch);
    free(scratch);
    return 0;
}

/* The value at a place, or NULL when the matrix has no entry there. */
static const double *look_up(const struct csr *m, int64_t row, int column)
{
    int64_t low = m->start[row];
    int64_t high = m->start[row + 1];

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (m->column[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->start[row + 1] && m->column[low] == column ? &m->value[low] : NULL;
}

/* Refuse what conjugate gradients cannot use; places are told as in the file. */
static int refuse(const struct csr *m, char *error, size_t size)
{
    int64_t i;
    int64_t k;

    for (i = 0; i < m->rows; i++) {
        for (k = m->start[i]; k < m->start[i + 1]; k++) {
            int column = m->column[k];
            const double *mirror = look_up(m, column, (int)i);

            if (k > m->start[i] && m->column[k - 1] == column)
                snprintf(error, size, "row %lld, column %d is there twice",
                         (long long)i + 1, column + 1);
            else if (!mirror || *mirror != m->value[k])
                snprintf(error, size, "not symmetric: row %lld, column %d has no equal",
                         (long long)i + 1, column + 1);
            else
                continue;
            return -1;
        }
        if (m->start[i] == m->start[i + 1]) {
            snprintf(error, size, "row %lld is empty", (long long)i + 1);
            return -1;
        }
    }
    return 0;
}

int csr_from_mm(const struct mm *from, struct csr *out, char *error, size_t size)
{
    if (from->rows != from->columns) {
        snprintf(error, size, "the matrix is not square: %d rows, %d columns", from->rows,
                 from->columns);
        return -1;
    }
    if (from->rows == 0 || (size_t)from->rows > from->count) {
        snprintf(error, size, "%zu entries are too few for %d rows", from->count, from->rows);
        return -1;
    }
    if (csr_alloc(out, from->rows, (int64_t)from->count) != 0) {
        snprintf(error, size, "no memory for %zu entries", from->count);
        return -1;
    }
    if (fill(from, out) != 0)
        snprintf(error, size, "no memory for %zu entries", from->count);
    else if (refuse(out, error, size) == 0)
        return 0;
    csr_free(out);
    return -1;
}

int csr_poisson(int n, int64_t first, int64_t last, struct csr *out)
{
    const int64_t plane = (int64_t)n * n;
    int64_t row;
    int64_t k = 0;

    assert(n >= 1 && n <= 1024 && 0 <= first && first <= last && last <= plane * n);
    if (csr_alloc(out, last - first, 7 * (last - first)) != 0)
        return -1;
    for (row = first; row < last; row++) {
        const int64_t x = row % n;
        const int64_t y = row / n % n;
        const int64_t z = row / plane;
        /* Sorted by column: down, left, ... itself in the middle ... right, up. */
        const int64_t step[7] = { -plane, -n, -1, 0, 1, n, plane };
        const int inside[7] = { z > 0, y > 0, x > 0, 1, x + 1 < n, y + 1 < n, z + 1 < n };
        int side;

        for (side = 0; side < 7; side++) {
            if (!inside[side])
                continue;
            out->column[k] = (int)(row + step[side]);
            out->value[k++] = side == 3 ? 6 : -1;
        }
        out->start[row - first + 1] = k;
    }
    return 0;
}

void csr_multiply(const struct csr *a, const double *x, double *y)
{
    int64_t i;
    int64_t k;

    for (i = 0; i < a->rows; i++) {
        double sum = 0;

        for (k = a->start[i]; k < a->start[i + 1]; k++)
            sum += a->value[k] * x[a->column[k]];
        y[i] = sum;
    }
}

static double dot(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    int64_t i;

    for (i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The loop of csr_solve; r, p and q are work space, x is 0 and r = p = b. */
static long iterate(const struct csr *a, double *x, double *r, double *p, double *q,
                    double goal, long limit)
{
    double rr = dot(r, r, a->rows);
    long steps;
    int64_t i;

    for (steps = 0; sqrt(rr) > goal; steps++) {
        double pq, alpha, before = rr;

        if (steps == limit)
            return -1;
        csr_multiply(a, p, q);
        pq = dot(p, q, a->rows);
        if (!(pq > 0) || !isfinite(pq))
            return -1; /* not positive definite */
        alpha = rr / pq;
        for (i = 0; i < a->rows; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        rr = dot(r, r, a->rows);
        for (i = 0; i < a->rows; i++)
            p[i] = r[i] + rr / before * p[i];
    }
    return isfinite(rr) ? steps : -1;
}

long csr_solve(const struct csr *a, const double *b, double *x, double tolerance, long limit)
{
    const size_t bytes = (size_t)a->rows * sizeof(double);
    double *r = malloc(bytes);
    double *p = malloc(bytes);
    double *q = malloc(bytes);
    long steps = -1;

    if (r && p && q) {
        memset(x, 0, bytes);
        memcpy(r, b, bytes);
        memcpy(p, b, bytes);
        steps = iterate(a, x, r, p, q, tolerance * sqrt(dot(b, b, a->rows)), limit);
    }
    free(r);
    free(p);
    free(q);
    return steps;
}
