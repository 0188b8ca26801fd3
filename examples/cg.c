/* cg.c: conjugate gradients: solves A x = b for a sparse symmetric matrix.
 *
 * Each task owns a contiguous range of rows of A and the same range of all
 * vectors. Three kinds of communication make the program:
 *  - the product A p needs entries of p that others own, namely those in whose
 *    column this task's rows have an entry. Who needs what from whom depends on
 *    the matrix alone, so it is found out once, as a plan, and each product then
 *    exchanges exactly these entries;
 *  - dot products: everybody its own part, and an allreduce;
 *  - a matrix from a file is read by rank 0, which sends each task its rows. The
 *    built-in one (--poisson N: 7 points in three dimensions, N^3 unknowns) is
 *    made by each task for itself.
 * b is all ones. The residual that is printed is computed anew from x.
 */
#include <dvm.h>
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/csr.h"
#include "common/mm.h"
#include "common/options.h"
#include "common/share.h"

enum { TAG_SIZE = 1, TAG_START, TAG_COLUMN, TAG_VALUE, TAG_WANT, TAG_VECTOR, TAG_RESULT };

struct settings {
    long poisson;     /* N of the built-in matrix */
    const char *file; /* or a Matrix Market file; NULL for none */
    double tolerance;
    long limit;       /* most iterations */
    int check;
};

/* Whom this task exchanges entries of a vector with, and which. A vector in the
 * product has its own rows first and the entries of others, the ghosts, behind
 * them, sorted by column, so that those of one owner lie together. */
struct plan {
    int64_t rows, ghosts;      /* entries of a vector: own, and of others */
    int sources;               /* tasks that ghosts come from */
    int *source;               /* their ranks */
    int64_t *ghost_start;      /* source i sends ghosts [i] up to [i + 1] */
    int readers;               /* tasks that want entries of this one */
    int *reader;               /* their ranks */
    int64_t *wanted_start;     /* reader i gets wanted [i] up to [i + 1] */
    int *wanted;               /* rows, numbered from the first of this task */
    double *leaving;           /* the entries on their way to the readers */
    struct dvm_request **open; /* sources + readers places */
};

struct task {
    int me, n;
    int64_t unknowns; /* of the whole system */
    int64_t first;    /* first row of this task */
    struct csr a;     /* its rows; columns renumbered as the plan says */
    struct plan plan;
};

static void *must_have(int64_t count, size_t size)
{
    void *memory = calloc((size_t)count + 1, size);

    if (!memory) {
        fprintf(stderr, "cg: no memory for %lld elements\n", (long long)count);
        dvm_abort(DVM_WORLD, 1);
    }
    return memory;
}

/* ---- the matrix ---------------------------------------------------------- */

/* Read the file in this task. Returns 0, or -1 after printing why not. */
static int read_file(const char *path, struct csr *out)
{
    char error[256];
    struct mm entries;
    FILE *file = fopen(path, "r");
    int got;

    if (!file) {
        fprintf(stderr, "cg: cannot open %s\n", path);
        return -1;
    }
    got = mm_read(file, &entries, error, sizeof error);
    fclose(file);
    if (got == 0) {
        got = csr_from_mm(&entries, out, error, sizeof error);
        mm_free(&entries);
    }
    if (got != 0)
        fprintf(stderr, "cg: %s: %s\n", path, error);
    return got;
}

/* Rank 0: send a task its rows of the whole matrix. */
static void send_rows(const struct csr *all, int n, int rank)
{
    const int64_t first = share_first(all->rows, n, rank);
    const int64_t rows = share_count(all->rows, n, rank);
    const int64_t begin = all->start[first];
    const int64_t entries = all->start[first + rows] - begin;

    dvm_send(DVM_WORLD, rank, TAG_SIZE, &entries, 1, DVM_INT64);
    dvm_send(DVM_WORLD, rank, TAG_START, all->start + first, (size_t)rows + 1, DVM_INT64);
    dvm_send(DVM_WORLD, rank, TAG_COLUMN, all->column + begin, (size_t)entries, DVM_INT);
    dvm_send(DVM_WORLD, rank, TAG_VALUE, all->value + begin, (size_t)entries, DVM_DOUBLE);
}

/* All others: receive them. start still counts from the whole matrix's first
 * entry and is moved to count from this task's. */
static void receive_rows(struct csr *a, int64_t rows)
{
    int64_t entries, i, begin;

    dvm_recv(DVM_WORLD, 0, TAG_SIZE, &entries, 1, DVM_INT64, NULL);
    if (csr_alloc(a, rows, entries) != 0) {
        fprintf(stderr, "cg: no memory for %lld entries\n", (long long)entries);
        dvm_abort(DVM_WORLD, 1);
    }
    dvm_recv(DVM_WORLD, 0, TAG_START, a->start, (size_t)rows + 1, DVM_INT64, NULL);
    dvm_recv(DVM_WORLD, 0, TAG_COLUMN, a->column, (size_t)entries, DVM_INT, NULL);
    dvm_recv(DVM_WORLD, 0, TAG_VALUE, a->value, (size_t)entries, DVM_DOUBLE, NULL);
    begin = a->start[0];
    for (i = 0; i <= rows; i++)
        a->start[i] -= begin;
}

/* Give every task its rows of the file. Rank 0 keeps the whole matrix and uses
 * its beginning. Returns 0, or -1 in all tasks when the file is no good. */
static int distribute(struct task *t, const char *path)
{
    int rank;

    if (t->me == 0)
        t->unknowns = read_file(path, &t->a) == 0 ? t->a.rows : -1;
    dvm_bcast(DVM_WORLD, 0, &t->unknowns, 1, DVM_INT64);
    if (t->unknowns < 0)
        return -1;
    t->first = share_first(t->unknowns, t->n, t->me);
    for (rank = 1; rank < t->n && t->me == 0; rank++)
        send_rows(&t->a, t->n, rank);
    if (t->me == 0)
        t->a.rows = share_count(t->unknowns, t->n, 0);
    else
        receive_rows(&t->a, share_count(t->unknowns, t->n, t->me));
    return 0;
}

/* Fill in the matrix of a task, from wherever. */
static int get_matrix(struct task *t, const struct settings *s)
{
    if (s->file)
        return distribute(t, s->file);
    t->unknowns = (int64_t)s->poisson * s->poisson * s->poisson;
    t->first = share_first(t->unknowns, t->n, t->me);
    if (csr_poisson((int)s->poisson, t->first, share_first(t->unknowns, t->n, t->me + 1),
                    &t->a) != 0) {
        fprintf(stderr, "cg: rank %d has no memory for its rows\n", t->me);
        dvm_abort(DVM_WORLD, 1);
    }
    return 0;
}

/* ---- the plan ------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    int a = *(const int *)left;
    int b = *(const int *)right;

    return (a > b) - (a < b);
}

/* The columns of other tasks that this one's rows use, each once, sorted. */
static int *find_ghosts(const struct task *t, int64_t *count)
{
    const int64_t entries = t->a.start[t->a.rows];
    int *ghost;
    int64_t k, found = 0, kept = 0;

    for (k = 0; k < entries; k++)
        found += t->a.column[k] < t->first || t->a.column[k] >= t->first + t->a.rows;
    ghost = must_have(found, sizeof *ghost);
    for (k = 0, found = 0; k < entries; k++)
        if (t->a.column[k] < t->first || t->a.column[k] >= t->first + t->a.rows)
            ghost[found++] = t->a.column[k];
    qsort(ghost, (size_t)found, sizeof *ghost, by_number);
    for (k = 0; k < found; k++)
        if (kept == 0 || ghost[kept - 1] != ghost[k])
            ghost[kept++] = ghost[k];
    *count = kept;
    return ghost;
}

/* Renumber the columns: own rows from 0, then the ghosts in their order. */
static void renumber(struct task *t, const int *ghost)
{
    const int64_t rows = t->a.rows;
    int64_t k;

    for (k = 0; k < t->a.start[rows]; k++) {
        int *column = &t->a.column[k];

        if (*column >= t->first && *column < t->first + rows) {
            *column -= (int)t->first;
        } else {
            const int *at = bsearch(column, ghost, (size_t)t->plan.ghosts, sizeof *ghost,
                                    by_number);

            assert(at);
            *column = (int)(rows + (at - ghost));
        }
    }
}

/* Cut the ghosts, which are sorted, where the owner changes. asked[r] becomes 1
 * when rank r owns some. */
static void find_sources(struct task *t, const int *ghost, int *asked)
{
    struct plan *p = &t->plan;
    int64_t k;

    p->source = must_have(t->n, sizeof *p->source);
    p->ghost_start = must_have(t->n, sizeof *p->ghost_start);
    for (k = 0; k < p->ghosts; k++) {
        int owner = share_owner(t->unknowns, t->n, ghost[k]);

        if (p->sources == 0 || p->source[p->sources - 1] != owner) {
            p->source[p->sources] = owner;
            p->ghost_start[p->sources++] = k;
            asked[owner] = 1;
        }
    }
    p->ghost_start[p->sources] = p->ghosts;
}

/* Receive the lists of those who want entries of this task. Who they are and how
 * long their lists, it learns by probing: any source, and the size before the
 * message. */
static void take_orders(struct task *t)
{
    struct plan *p = &t->plan;
    int64_t total = 0, k;
    int i;

    p->reader = must_have(p->readers, sizeof *p->reader);
    p->wanted_start = must_have(p->readers, sizeof *p->wanted_start);
    for (i = 0; i < p->readers; i++) {
        struct dvm_status order;
        int *longer;

        dvm_probe(DVM_WORLD, DVM_ANY, TAG_WANT, &order);
        longer = realloc(p->wanted, ((size_t)total + order.count) * sizeof *longer);
        if (!longer) {
            fprintf(stderr, "cg: rank %d has no memory for its plan\n", t->me);
            dvm_abort(DVM_WORLD, 1);
        }
        p->wanted = longer;
        dvm_recv(DVM_WORLD, order.source, TAG_WANT, p->wanted + total, order.count, DVM_INT,
                 NULL);
        p->reader[i] = order.source;
        p->wanted_start[i] = total;
        total += (int64_t)order.count;
    }
    p->wanted_start[p->readers] = total;
    for (k = 0; k < total; k++)
        p->wanted[k] -= (int)t->first;
    p->leaving = must_have(total, sizeof *p->leaving);
}

/* Make the plan: tell each owner which of its entries this task needs, and learn
 * who needs which of its own. How many will ask is the sum over all tasks of who
 * asks whom: one allreduce. */
static void make_plan(struct task *t)
{
    struct plan *p = &t->plan;
    int *asked = must_have(t->n, sizeof *asked);
    int *askers = must_have(t->n, sizeof *askers);
    int *ghost = find_ghosts(t, &p->ghosts);
    int i;

    p->rows = t->a.rows;
    renumber(t, ghost);
    find_sources(t, ghost, asked);
    dvm_allreduce(DVM_WORLD, asked, askers, (size_t)t->n, DVM_INT, DVM_SUM);
    p->readers = askers[t->me];
    p->open = must_have(p->sources + p->readers, sizeof(struct dvm_request *));
    for (i = 0; i < p->sources; i++)
        dvm_isend(DVM_WORLD, p->source[i], TAG_WANT, ghost + p->ghost_start[i],
                  (size_t)(p->ghost_start[i + 1] - p->ghost_start[i]), DVM_INT, &p->open[i]);
    take_orders(t);
    dvm_waitall((size_t)p->sources, p->open, NULL);
    free(ghost);
    free(askers);
    free(asked);
}

static void free_plan(struct plan *p)
{
    free(p->source);
    free(p->ghost_start);
    free(p->reader);
    free(p->wanted_start);
    free(p->wanted);
    free(p->leaving);
    free(p->open);
}

/* ---- the algorithm --------------------------------------------------------- */

/* Fill in the ghosts of a vector: receive them where they belong, and send the
 * readers what they want. */
static void exchange(struct plan *p, double *x)
{
    struct dvm_request **open = p->open;
    int64_t k;
    int i;

    for (i = 0; i < p->sources; i++)
        dvm_irecv(DVM_WORLD, p->source[i], TAG_VECTOR, x + p->rows + p->ghost_start[i],
                  (size_t)(p->ghost_start[i + 1] - p->ghost_start[i]), DVM_DOUBLE, open++);
    for (k = 0; k < p->wanted_start[p->readers]; k++)
        p->leaving[k] = x[p->wanted[k]];
    for (i = 0; i < p->readers; i++)
        dvm_isend(DVM_WORLD, p->reader[i], TAG_VECTOR, p->leaving + p->wanted_start[i],
                  (size_t)(p->wanted_start[i + 1] - p->wanted_start[i]), DVM_DOUBLE, open++);
    dvm_waitall((size_t)(p->sources + p->readers), p->open, NULL);
}

/* y = A x; x has room for ghosts. */
static void multiply(struct task *t, double *x, double *y)
{
    exchange(&t->plan, x);
    csr_multiply(&t->a, x, y);
}

/* The dot product of two vectors of which every task has a part. */
static double dot(const struct task *t, const double *a, const double *b)
{
    double mine = 0, all = 0;
    int64_t i;

    for (i = 0; i < t->a.rows; i++)
        mine += a[i] * b[i];
    dvm_allreduce(DVM_WORLD, &mine, &all, 1, DVM_DOUBLE, DVM_SUM);
    return all;
}

/* From x = 0 until the residual is small. r and p hold b at first; p and x have
 * room for ghosts. All tasks see the same dot products, so all leave the loop at
 * the same time. Returns the iterations, -1 if they were not enough, -2 when A
 * is not positive definite. */
static long iterate(struct task *t, const struct settings *s, double *x, double *r,
                    double *p, double *q)
{
    double rr = dot(t, r, r);
    const double goal = s->tolerance * sqrt(rr);
    long steps;
    int64_t i;

    for (steps = 0; sqrt(rr) > goal; steps++) {
        double pq, alpha, before = rr;

        if (steps == s->limit)
            return -1;
        multiply(t, p, q);
        pq = dot(t, p, q);
        if (!(pq > 0) || !isfinite(pq))
            return -2;
        alpha = rr / pq;
        for (i = 0; i < t->a.rows; i++) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
        }
        rr = dot(t, r, r);
        for (i = 0; i < t->a.rows; i++)
            p[i] = r[i] + rr / before * p[i];
    }
    return isfinite(rr) ? steps : -2;
}

/* Solve with b all ones, and compute the true residual, |b - A x| / |b|. */
static long solve(struct task *t, const struct settings *s, double *x, double *residual)
{
    double *r = must_have(t->a.rows, sizeof *r);
    double *p = must_have(t->a.rows + t->plan.ghosts, sizeof *p);
    double *q = must_have(t->a.rows, sizeof *q);
    long steps;
    int64_t i;

    for (i = 0; i < t->a.rows; i++)
        r[i] = p[i] = 1;
    steps = iterate(t, s, x, r, p, q);
    multiply(t, x, q);
    for (i = 0; i < t->a.rows; i++)
        r[i] = 1 - q[i];
    *residual = sqrt(dot(t, r, r) / (double)t->unknowns);
    free(r);
    free(p);
    free(q);
    return steps;
}

/* ---- the check --------------------------------------------------------------- */

/* Bring x to rank 0; returns all of it there, NULL elsewhere. */
static double *gather(const struct task *t, const double *x)
{
    double *all;
    int rank;

    if (t->me != 0) {
        dvm_send(DVM_WORLD, 0, TAG_RESULT, x, (size_t)t->a.rows, DVM_DOUBLE);
        return NULL;
    }
    all = must_have(t->unknowns, sizeof *all);
    memcpy(all, x, (size_t)t->a.rows * sizeof *all);
    for (rank = 1; rank < t->n; rank++)
        dvm_recv(DVM_WORLD, rank, TAG_RESULT, all + share_first(t->unknowns, t->n, rank),
                 (size_t)share_count(t->unknowns, t->n, rank), DVM_DOUBLE, NULL);
    return all;
}

/* With the whole matrix in one task: the residual of x, and how far x is from the
 * solution found by the sequential function, relative to the latter. */
static int measure(const struct settings *s, const struct csr *a, const double *x,
                   double *residual, double *distance, long *steps)
{
    double *b = must_have(a->rows, sizeof *b);
    double *alone = must_have(a->rows, sizeof *alone);
    double off = 0, apart = 0, norm = 0;
    int64_t i;

    csr_multiply(a, x, alone);
    for (i = 0; i < a->rows; i++) {
        off += (1 - alone[i]) * (1 - alone[i]);
        b[i] = 1;
    }
    *steps = csr_solve(a, b, alone, s->tolerance, s->limit);
    for (i = 0; i < a->rows; i++) {
        apart += (x[i] - alone[i]) * (x[i] - alone[i]);
        norm += alone[i] * alone[i];
    }
    *residual = sqrt(off / (double)a->rows);
    *distance = sqrt(apart / norm);
    free(alone);
    free(b);
    return *steps >= 0;
}

/* Rank 0: compare. The residual that the loop carries along drifts away from the
 * true one by rounding, hence a factor of 10; the two solutions may differ by
 * their residuals times the condition of A, for which 1,000 is allowed. Returns
 * 1 when all is well. */
static int compare(const struct settings *s, const double *x)
{
    double residual = HUGE_VAL, distance = HUGE_VAL;
    struct csr a;
    long steps = -1;
    int got, good;

    got = s->file ? read_file(s->file, &a)
                  : csr_poisson((int)s->poisson, 0, s->poisson * s->poisson * s->poisson, &a);
    if (got == 0) {
        got = measure(s, &a, x, &residual, &distance, &steps) ? 0 : -1;
        csr_free(&a);
    }
    good = got == 0 && residual <= 10 * s->tolerance && distance <= 1000 * s->tolerance;
    printf("check: %s residual %.2e (limit %.2e), %.2e from one task's solution "
           "(limit %.2e), which took %ld iterations\n",
           good ? "ok" : "FAILED", residual, 10 * s->tolerance, distance,
           1000 * s->tolerance, steps);
    return good;
}

/* ---- the program --------------------------------------------------------------- */

/* Rank 0: say how it went. Returns 1 when it went well. */
static int report(const struct task *t, const struct settings *s, long steps,
                  double residual, double seconds)
{
    if (steps == -2)
        printf("cg: the matrix is not positive definite, or its numbers are too large\n");
    else if (steps == -1)
        printf("cg: residual %.3e after %ld iterations, wanted %.3e; see --iterations\n",
               residual, s->limit, s->tolerance);
    else
        printf("cg: %lld unknowns, %d tasks, %ld iterations, residual %.3e, %.3f s\n",
               (long long)t->unknowns, t->n, steps, residual, seconds);
    return steps >= 0;
}

/* Plan, solve, report, check. Returns the exit status. */
static int run(struct task *t, const struct settings *s)
{
    double start, seconds, residual = 0;
    double *x, *all;
    int64_t most = 0;
    long steps;
    int good = 1;

    make_plan(t);
    dvm_reduce(DVM_WORLD, 0, &t->plan.ghosts, &most, 1, DVM_INT64, DVM_MAX);
    if (t->me == 0)
        printf("cg: each product brings a task at most %lld entries of others\n",
               (long long)most);
    x = must_have(t->a.rows + t->plan.ghosts, sizeof *x);
    dvm_barrier(DVM_WORLD); /* start the clock when everybody is there */
    start = dvm_wtime();
    steps = solve(t, s, x, &residual);
    seconds = dvm_wtime() - start;
    if (t->me == 0)
        good = report(t, s, steps, residual, seconds);
    if (s->check) {
        all = gather(t, x);
        if (t->me == 0)
            good = compare(s, all) && good;
        free(all);
    }
    free(x);
    free_plan(&t->plan);
    csr_free(&t->a);
    return good ? 0 : 1;
}

static int read_options(int argc, char **argv, struct settings *s, int speak)
{
    const struct option table[] = {
        { "poisson", OPTION_INT, &s->poisson, 1, 1024, "N of an N x N x N grid (100)" },
        { "file", OPTION_TEXT, &s->file, 0, 0, "take a Matrix Market file of rank 0's host" },
        { "tolerance", OPTION_REAL, &s->tolerance, 1e-14, 0.1, "relative residual (1e-8)" },
        { "iterations", OPTION_INT, &s->limit, 1, 1e9, "most iterations (10000)" },
        { "check", OPTION_FLAG, &s->check, 0, 0, "compare with one task's solution" },
        { .name = NULL },
    };

    return options_read(argc, argv, table, speak);
}

int main(int argc, char **argv)
{
    struct settings s = { .poisson = 100, .tolerance = 1e-8, .limit = 10000 };
    struct task t = { .me = 0 };
    int status;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &t.me);
    dvm_group_size(DVM_WORLD, &t.n);
    status = read_options(argc, argv, &s, t.me == 0);
    if (status == OPTION_GO_ON)
        status = get_matrix(&t, &s) == 0 ? run(&t, &s) : 1;
    dvm_finalize();
    return status;
}
