/* fft.c: a two-dimensional Fourier transform; between its halves all data change places.
 *
 * The transform of a picture of N x N numbers tells of which waves it is the sum. It is a
 * transform of each row, and then of each column of the result. Each task has a share of
 * the rows and transforms them alone; but a column is spread over all tasks. So the
 * matrix is transposed: each task cuts its rows into pieces, one for each task, and one
 * alltoall takes all of them where they are rows. Then the columns are transformed
 * like rows. This is how large transforms are made everywhere: the network carries the whole
 * matrix once, between any two tasks.
 *
 * The transform of a row is Cooley's and Tukey's, of length 2^k, in place: J. W. Cooley,
 * J. W. Tukey, "An algorithm for the machine calculation of complex Fourier series", Math.
 * Comp. 19 (1965).
 */
#include <dvm.h>
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/options.h"
#include "common/share.h"

/* M_PI is not in C11. */
static const double PI = 3.14159265358979323846;

#define ROUNDING 1e-13 /* of a number against its definition, for each number in the sum */

struct settings {
    long n; /* rows and columns, a power of two */
    int check;
};

/* Some rows of the matrix, from first on. */
struct rows {
    int64_t n, first, count;
    double complex *data; /* owned */
};

static double complex *must_have(int64_t count)
{
    double complex *memory = calloc((size_t)count + 1, sizeof *memory);

    if (!memory) {
        fprintf(stderr, "fft: no memory for %lld numbers\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* The picture: two plane waves, of 3 and 5 periods down and across, and a spot. */
static double picture(int64_t i, int64_t j, int64_t n)
{
    double waves = cos(2 * PI * (3.0 * (double)i + 5.0 * (double)j) / (double)n) +
                   0.5 * sin(2 * PI * 7.0 * (double)j / (double)n);

    return waves + (i == n / 3 && j == n / 4 ? 2 : 0);
}

static void make_rows(struct rows *r, int64_t n, int64_t first, int64_t count)
{
    *r = (struct rows){ .n = n, .first = first, .count = count, .data = must_have(count * n) };
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < n; j++)
            r->data[i * n + j] = picture(first + i, j, n);
}

/* ---- the transform of a row ---------------------------------------------------- */

/* Put the numbers into the order of their indices read backward, bit by bit. */
static void reverse_bits(double complex *x, int64_t n)
{
    for (int64_t i = 1, j = 0; i < n; i++) {
        int64_t bit = n / 2;

        for (; j & bit; bit /= 2)
            j -= bit;
        j += bit;
        if (i < j) {
            double complex swap = x[i];

            x[i] = x[j];
            x[j] = swap;
        }
    }
}

/* The first n / 2 powers of exp(-2 pi i / n). */
static double complex *make_roots(int64_t n)
{
    double complex *roots = must_have(n / 2);

    for (int64_t k = 0; k < n / 2; k++) {
        const double angle = -2 * PI * (double)k / (double)n;

        roots[k] = cos(angle) + I * sin(angle);
    }
    return roots;
}

static void transform(double complex *x, int64_t n, const double complex *roots)
{
    reverse_bits(x, n);
    for (int64_t half = 1; half < n; half *= 2)
        for (int64_t start = 0; start < n; start += 2 * half)
            for (int64_t k = 0; k < half; k++) {
                double complex *low = &x[start + k], *high = low + half;
                double complex turned = *high * roots[k * (n / 2 / half)];

                *high = *low - turned;
                *low += turned;
            }
}

static void transform_rows(struct rows *r, const double complex *roots)
{
    for (int64_t i = 0; i < r->count; i++)
        transform(r->data + i * r->n, r->n, roots);
}

/* ---- the transposition ---------------------------------------------------- */

/* Replace this task's rows by its columns. Piece r of what leaves: the columns of rank r in
 * these rows, each as a row. What comes from rank r: its rows' part of these columns. */
static void transpose(struct rows *r, int tasks)
{
    double complex *leaving = must_have(r->count * r->n), *arriving = must_have(r->count * r->n);
    size_t *counts = calloc(2 * (size_t)tasks, sizeof *counts), *offsets = counts + tasks;
    int64_t at = 0;

    if (!counts)
        dvm_abort(DVM_WORLD, 1);
    for (int rank = 0; rank < tasks; rank++) {
        const int64_t first = share_first(r->n, tasks, rank);
        const int64_t count = share_count(r->n, tasks, rank);

        offsets[rank] = (size_t)at;
        counts[rank] = (size_t)(count * r->count);
        for (int64_t j = first; j < first + count; j++)
            for (int64_t i = 0; i < r->count; i++)
                leaving[at++] = r->data[i * r->n + j];
    }
    /* as many come from a rank as go to it: its rows times these columns */
    dvm_alltoallv(DVM_WORLD, leaving, counts, offsets, arriving, counts, offsets,
                  DVM_DOUBLE_COMPLEX);
    for (int rank = 0; rank < tasks; rank++) {
        const int64_t first = share_first(r->n, tasks, rank);
        const int64_t count = share_count(r->n, tasks, rank);

        for (int64_t i = 0; i < r->count; i++)
            memcpy(r->data + i * r->n + first, arriving + (int64_t)offsets[rank] + i * count,
                   (size_t)count * sizeof *arriving);
    }
    free(leaving);
    free(arriving);
    free(counts);
}

/* Rows, then columns; the result is transposed: row j has what belongs to column j. */
static void transform_picture(struct rows *r, int tasks)
{
    double complex *roots = make_roots(r->n);

    transform_rows(r, roots);
    transpose(r, tasks);
    transform_rows(r, roots);
    free(roots);
}

/* ---- the check ---------------------------------------------------- */

/* The same with plain loops in one task. */
static void transform_alone(struct rows *all)
{
    const int64_t n = all->n;
    double complex *roots = make_roots(n);

    transform_rows(all, roots);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            double complex *a = &all->data[i * n + j], *b = &all->data[j * n + i], swap = *a;

            *a = *b;
            *b = swap;
        }
    transform_rows(all, roots);
    free(roots);
}

/* How far one number of the result is from its definition, a sum over the whole picture. */
static double error_at(const struct rows *all, int64_t row, int64_t column)
{
    double complex sum = 0;

    for (int64_t i = 0; i < all->n; i++)
        for (int64_t j = 0; j < all->n; j++) {
            const double turns = (double)((i * row + j * column) % all->n) / (double)all->n;

            sum += picture(i, j, all->n) * (cos(2 * PI * turns) - I * sin(2 * PI * turns));
        }
    return cabs(sum - all->data[column * all->n + row]);
}

/* Rank 0 transforms the picture alone and compares bit by bit, and some numbers with their
 * definition. Returns 1 when all is well. */
static int compare(const struct rows *mine, int me, int tasks)
{
    const int64_t n = mine->n;
    size_t *counts = calloc(2 * (size_t)tasks, sizeof *counts), *offsets = counts + tasks;
    double complex *got = must_have(me == 0 ? n * n : 0);
    const double limit = ROUNDING * (double)n * (double)n;
    double error = 0;
    struct rows alone;
    int64_t wrong = 0;

    if (!counts)
        dvm_abort(DVM_WORLD, 1);
    for (int rank = 0; rank < tasks; rank++) {
        counts[rank] = (size_t)(share_count(n, tasks, rank) * n);
        offsets[rank] = (size_t)(share_first(n, tasks, rank) * n);
    }
    dvm_gatherv(DVM_WORLD, 0, mine->data, counts[me], got, counts, offsets, DVM_DOUBLE_COMPLEX);
    free(counts);
    if (me == 0) {
        make_rows(&alone, n, 0, n);
        transform_alone(&alone);
        for (int64_t k = 0; k < n * n; k++)
            wrong += memcmp(&got[k], &alone.data[k], sizeof *got) != 0;
        error = fmax(error_at(&alone, 3 % n, 5 % n), error_at(&alone, n / 2, n - 1));
        printf("check: %s %lld of %lld numbers differ from one task's, %.2e from the definition\n",
               wrong || error > limit ? "FAILED" : "ok", (long long)wrong,
               (long long)(n * n), error);
        free(alone.data);
    }
    free(got);
    return wrong == 0 && error <= limit;
}

/* ---- the program ---------------------------------------------------- */

/* Transform, tell, check. Returns the exit status. */
static int run(const struct settings *s, int me, int tasks)
{
    struct rows mine;
    double start, seconds;
    int good = 1;

    make_rows(&mine, s->n, share_first(s->n, tasks, me), share_count(s->n, tasks, me));
    dvm_barrier(DVM_WORLD); /* start the clock when everybody is there */
    start = dvm_wtime();
    transform_picture(&mine, tasks);
    dvm_barrier(DVM_WORLD);
    seconds = dvm_wtime() - start;
    if (me == 0)
        printf("fft: %ldx%ld, %d tasks, %.1f MB changed places, %.3f s\n", s->n, s->n, tasks,
               16e-6 * (double)s->n * (double)s->n * (1 - 1.0 / tasks), seconds);
    if (s->check)
        good = compare(&mine, me, tasks);
    free(mine.data);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s = { .n = 1024 };
    const struct option table[] = {
        { "n", OPTION_INT, &s.n, 2, 32768, "rows and columns, a power of two (1024)" },
        { "check", OPTION_FLAG, &s.check, 0, 0, "compare with one task's and the definition" },
        { .name = NULL },
    };
    int me, n, status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    status = options_read(argc, argv, table, me == 0);
    if (status == OPTION_GO_ON && (s.n & (s.n - 1))) {
        if (me == 0)
            fprintf(stderr, "fft: %ld is no power of two\n", s.n);
        status = me == 0 ? 2 : 0;
    } else if (status == OPTION_GO_ON) {
        status = run(&s, me, n);
    }
    dvm_finalize();
    return status;
}
