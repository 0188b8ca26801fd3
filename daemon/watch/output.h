/* output.h: the last that each task of this host has written, bounded for each task and
 * in all. Pure: no daemon needed.
 *
 *     log of a task:  block -> block -> ... -> block     oldest to newest
 *                     each of one stream, whole lines where lines fit into one
 *
 * Places in a log are counted in bytes of both streams together, from 0 at the task's
 * start, and never come again: who follows names the place that it has read up to.
 */
#ifndef DVMD_WATCH_OUTPUT_H
#define DVMD_WATCH_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/table.h"

#define OUTPUT_TASK_MAX ((size_t)64 << 10) /* bytes that are kept of one task */
#define OUTPUT_HOST_MAX ((size_t)16 << 20) /* and of all tasks of a host */
#define OUTPUT_BLOCK_MAX ((size_t)4 << 10) /* bytes of a block, but for a longer line */
#define OUTPUT_ENDED_MAX 8192              /* ended tasks that output is kept of */

struct output_block {
    struct output_block *next;
    uint64_t at;         /* place of its first byte */
    uint32_t size, room; /* bytes in it, bytes that fit */
    int stream;          /* 1 stdout, 2 stderr */
    char bytes[];
};

struct output_log {
    int tid;
    bool ended;
    struct output_block *first, *last; /* owned */
    uint64_t end;                      /* place behind the last byte written */
    size_t cost;                       /* bytes of its blocks, headers included */
    struct output_log *next_ended;     /* in order of their ends */
};

struct output {
    struct table logs; /* by tid; owned */
    size_t task_max, host_max;
    size_t cost;       /* of all logs */
    size_t alive;      /* logs of tasks that have not ended */
    size_t ended;      /* and of those that have */
    struct output_log *first_ended, *last_ended;
};

/* Begin with nothing. Limits in bytes. */
void output_begin(struct output *o, size_t task_max, size_t host_max);

/* A task has written bytes. The oldest of its own go past task_max; past host_max the logs
 * of tasks that ended go, the longest ended first, then every task's oldest, so that each
 * keeps its share. Without memory the bytes are lost and count as gone. */
void output_add(struct output *o, int tid, int stream, const char *bytes, size_t size);

/* A task has ended: its log waits to go when there is no room. */
void output_end(struct output *o, int tid);

/* The log of a task, or NULL: it has written nothing, or what it wrote is gone. */
const struct output_log *output_find(const struct output *o, int tid);

/* The first place that is kept; the place behind the last. */
uint64_t output_begins(const struct output_log *log);

/* The place where the last `lines` lines of a stream (0: of both) begin, of what is kept. */
uint64_t output_tail(const struct output_log *log, int stream, uint32_t lines);

/* A stretch of a log: of one stream, borrowed. */
struct output_piece {
    int stream;
    const char *bytes;
    size_t size;
};

/* The first stretch of a stream (0: of any) at or behind *at, at most `most` bytes; *at is
 * moved behind it. False when there is none: *at is the end then. */
bool output_piece(const struct output_log *log, int stream, size_t most, uint64_t *at,
                  struct output_piece *piece);

/* Free all. */
void output_free(struct output *o);

#endif
