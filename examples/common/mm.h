/* mm.h: reads sparse matrices in Matrix Market format. */
#ifndef EXAMPLES_MM_H
#define EXAMPLES_MM_H

#include <stddef.h>
#include <stdio.h>

/* A matrix as a list of entries, in the order of the file; several entries may
 * name the same place. Of a symmetric file both halves are listed. */
struct mm {
    int rows, columns;
    int symmetric; /* 1 when the file says so */
    size_t count;  /* entries */
    int *row;      /* count places each, numbered from 0; owned */
    int *column;
    double *value;
};

/* Read a matrix: coordinate; real, integer or pattern (each entry is 1); general
 * or symmetric. The file may be any bytes: memory use stays below 64 times the
 * bytes read (plus a constant), whatever the file promises. Fills *out on
 * success, which mm_free frees. Returns 0, or -1 with one sentence in error
 * (size bytes), with the line number where there is one. */
int mm_read(FILE *file, struct mm *out, char *error, size_t size);

/* Free what mm_read has filled in. A matrix of zero bytes is allowed. */
void mm_free(struct mm *matrix);

#endif
