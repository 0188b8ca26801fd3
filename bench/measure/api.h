/* api.h: what the measurements need of a message library. Each library is one file,
 * api_NAME.c, that defines `api`; all else is the same source for all of them.
 *
 * A function ends the program when its library reports an error. A collective that the
 * library has no call for is NULL, and its rows are left out.
 */
#ifndef BENCH_API_H
#define BENCH_API_H

#include <stddef.h>

enum { WINDOW = 64 }; /* messages under way at the same time, at most */

struct api {
    /* Begin, as a program of this library does; give this task's rank and their number. */
    void (*start)(int *argc, char ***argv, int *rank, int *size);
    void (*end)(void);

    void (*send)(int to, int tag, const void *buf, size_t bytes);
    void (*receive)(int from, int tag, void *buf, size_t bytes);
    /* WINDOW messages of so many bytes, one behind the other in buf, started together. */
    void (*send_window)(int to, int tag, const void *buf, size_t bytes);
    void (*receive_window)(int from, int tag, void *buf, size_t bytes);

    /* Collectives of all tasks; the root is rank 0, the operator the sum. */
    void (*barrier)(void);
    void (*bcast)(void *buf, size_t bytes);
    void (*reduce)(double *in, double *out, size_t count);
    void (*allreduce)(double *in, double *out, size_t count);
    void (*allgather)(const void *in, void *out, size_t bytes); /* bytes of each task */
    void (*alltoall)(const void *in, void *out, size_t bytes);  /* bytes from each to each */

    /* In a ring of all tasks: bytes to the one before and as many to the one behind, and the
     * same from them, as an alltoall of neighbours. */
    void (*neighbours)(const void *in, void *out, size_t bytes);

    /* An allreduce that goes on meanwhile, one at a time; finish waits for it. */
    void (*start_allreduce)(double *in, double *out, size_t count);
    void (*finish)(void);

    /* The first column of a matrix, as a derived type; received in one piece. */
    void (*send_column)(int to, int tag, const double *matrix, size_t rows, size_t columns);
    void (*receive_column)(int from, int tag, double *column, size_t rows);
};

extern const struct api api;

#endif
