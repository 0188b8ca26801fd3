/* run_output.h: a queue of what tasks write, in the order in which it came.
 *
 * Lines are the unit: a line of one task is never interrupted by another's. A
 * descriptor that cannot take more delays the queue, never the console.
 */
#ifndef DVM_CONSOLE_RUN_OUTPUT_H
#define DVM_CONSOLE_RUN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Past this many bytes no more is taken from the daemon. */
#define RUN_OUTPUT_FULL (1024 * 1024)

/* A stretch of the queue, for one descriptor and of one task. */
struct run_piece {
    int fd, tid;   /* tid 0: the console's own words */
    size_t bytes;  /* left to write */
    uint64_t data; /* bytes of the task's that are acknowledged with it */
};

/* What was queued last for a descriptor. */
struct run_stream {
    int tid;       /* whose bytes came last */
    int task;      /* which task's did, and */
    unsigned own;  /* lines of the console's own since */
    bool middle;   /* they did not end a line */
    size_t most;   /* bytes that one write may have without waiting */
};

struct run_output {
    char *bytes;
    size_t begin, end, room; /* of bytes */
    struct run_piece *pieces;
    size_t first, last, places; /* of pieces */
    struct run_stream streams[3]; /* by descriptor; 0 is unused */
    bool same;     /* both descriptors go to one place */
    bool raw;      /* what tasks write is not made of lines */
    int broken;    /* errno of a descriptor that takes nothing any more, else 0 */
    void (*written)(void *arg, int tid, uint64_t bytes); /* told of what is out */
    void *arg;
};

/* Begin with an empty queue. raw: what tasks write is passed on as it is. written is called
 * from run_output_flush. */
void run_output_begin(struct run_output *o, bool raw,
                      void (*written)(void *arg, int tid, uint64_t bytes), void *arg);

/* Queue bytes of a task for descriptor 1 or 2. prefix: what each line begins with,
 * or NULL. Returns false when there is no memory. */
bool run_output_put(struct run_output *o, int fd, int tid, const char *prefix, const void *data,
                    size_t size);

/* What was put last has been acknowledged already: it will not be reported. */
void run_output_taken(struct run_output *o);

/* A line that was typed has ended the one that was under way on the terminal. */
void run_output_typed(struct run_output *o);

/* Queue a line of the console's own for stderr. */
bool run_output_say(struct run_output *o, const char *line);

/* The descriptor that the queue waits for, or -1 when it is empty. */
int run_output_fd(const struct run_output *o);

/* Bytes that wait. */
size_t run_output_waiting(const struct run_output *o);

/* Write as much as can be written without waiting. */
void run_output_flush(struct run_output *o);

/* Free the queue. */
void run_output_free(struct run_output *o);

#endif
