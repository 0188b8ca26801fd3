/* fold.h: --collapse: lines that several ranks write become one, "[0-15] Hello".
 *
 * A line waits a moment for the same line of other ranks. The lines of one rank keep
 * their order, and with it the order in which lines first came:
 *
 *     rank 0 writes a b, rank 1 writes a c b      a [0-1]   b [0]   c [1]   b [1]
 *
 * (the second b may not join the first: rank 1 has written c before it). The first
 * line goes out when all ranks have written it, when it has waited FOLD_SECONDS, or
 * when too many lines wait.
 */
#ifndef DVM_CONSOLE_RUN_FOLD_H
#define DVM_CONSOLE_RUN_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/run/ranks.h"

#define FOLD_SECONDS 0.2              /* that a line waits for its like */
#define FOLD_LINES_MAX 256            /* lines that wait */
#define FOLD_BYTES_MAX (128 * 1024)   /* of them */

struct fold_line {
    int fd;              /* 1 or 2 */
    int tid;             /* of the task that wrote it first */
    struct ranks ranks;
    double since;        /* when it came, clock_seconds */
    uint32_t hash;
    size_t size;
    char *text;          /* owned: size bytes, with the end of the line */
};

struct fold {
    struct fold_line lines[FOLD_LINES_MAX]; /* a ring: first, and count of them */
    size_t first, count;
    uint64_t taken;      /* lines that ever left it: line i of the ring is number taken + i */
    uint64_t *last;      /* by rank: one more than the number of its last line; owned */
    size_t bytes;
    int tasks;
    /* A line leaves the fold; it and its text are valid during the call only. */
    bool (*out)(void *arg, const struct fold_line *line);
    void *arg;
};

/* Make one for a run of this many tasks; NULL when there is no memory. out returns
 * false when it has no memory. */
struct fold *fold_create(int tasks, bool (*out)(void *arg, const struct fold_line *line),
                         void *arg);

/* Free it and the lines that wait. Accepts NULL. */
void fold_free(struct fold *f);

/* A rank wrote a line: size bytes with the end of the line. *joined: it became part of
 * one that another rank had written; then nothing more is kept of it. Returns false
 * when there is no memory. */
bool fold_put(struct fold *f, int fd, int rank, int tid, const char *text, size_t size,
              double now, bool *joined);

/* Let out what has waited long enough; all: everything. Returns false when out did. */
bool fold_flush(struct fold *f, double now, bool all);

/* When the next line must be let out, clock_seconds; 0 when none waits. */
double fold_deadline(const struct fold *f);

#endif
