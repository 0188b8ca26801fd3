/* csr.h: sparse matrices by rows, and conjugate gradients in one task. */
#ifndef EXAMPLES_CSR_H
#define EXAMPLES_CSR_H

#include <stddef.h>
#include <stdint.h>

#include "mm.h"

/* Some rows of a sparse matrix: the entries of row i are those from start[i] up
 * to start[i + 1], sorted by column. */
struct csr {
    int64_t rows;
    int64_t *start; /* rows + 1 places; owned, as the others */
    int *column;
    double *value;
};

/* Make room for rows and entries. Returns 0, or -1 when there is no memory. */
int csr_alloc(struct csr *out, int64_t rows, int64_t entries);

/* Free a matrix; one of zero bytes is allowed. */
void csr_free(struct csr *matrix);

/* All rows of a matrix that was read from a file. Refuses what conjugate
 * gradients cannot use: not square, not symmetric, an empty row, the same place
 * twice. Returns 0, or -1 with one sentence in error (size bytes). */
int csr_from_mm(const struct mm *from, struct csr *out, char *error, size_t size);

/* Rows first up to last of the 3-D Poisson matrix of an n x n x n grid: 6 on the
 * diagonal, -1 for each of up to six neighbours; columns are those of the whole
 * matrix. n is at most 1024. Returns 0, or -1 when there is no memory. */
int csr_poisson(int n, int64_t first, int64_t last, struct csr *out);

/* y = A x, for the rows of A. */
void csr_multiply(const struct csr *a, const double *x, double *y);

/* Solve A x = b in this task alone: conjugate gradients, from x = 0, until the
 * residual is below tolerance times the norm of b. Returns the iterations it
 * took, or -1: not below it in limit iterations, A not positive definite, or no
 * memory. */
long csr_solve(const struct csr *a, const double *b, double *x, double tolerance,
               long limit);

#endif
