/* measure.h: what the parts of the measuring program share.
 *
 * Each message carries its number in its first 8 bytes. Its receiver adds these up while
 * it is timed (one addition), and all else is outside: before a batch the receive buffers
 * are spoiled and the send buffers filled with patterns, after it the sum of the numbers
 * and every byte of what came last are compared. What is sent to and fro is what was
 * received before, so that what is right at the end was right in every message of the
 * batch. A collective is compared whole after each batch, and the first 8 bytes in each
 * call. Before the first batch of a row a few calls are made one at a time and each
 * compared whole.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "api.h"

enum { LARGEST = 4 << 20, TAG_WORK = 1, TAG_ANSWER, TAG_MEET };

extern int rank, size;         /* of this task */
extern char *out, *in, *spare; /* LARGEST bytes each */
extern uint64_t number, sum;   /* the next number to send; the sum of those received */
extern double batch_seconds;

/* A kind of work that is timed. All tasks call all of it. */
struct kind {
    /* Fill and spoil the buffers; salt makes the pattern another one. */
    void (*prepare)(size_t bytes, unsigned salt);
    void (*once)(size_t bytes);
    /* 1 when all that this task received in `calls` calls is right. */
    int (*right)(size_t bytes, unsigned salt, int calls);
    /* The member of struct api without which the row is left out: its offset, or 0. */
    size_t call;
};

extern const struct kind ping_pong, window, ring;             /* message.c */
extern const struct kind barrier, bcast, reduce, allreduce, allgather, alltoall,
    neighbours;                                               /* collective.c */
extern const struct kind column, hand_column;                 /* column.c */

/* All tasks meet, and each gets the largest of their values. */
double together(double value);

/* Rank 0 prints a line NAME VALUE UNIT. */
void report(const char *name, double value, const char *unit);

/* Exchange messages until a round trip takes so long at least: a link that waits is in use
 * then, and no other way that messages went before it was open (message.c). */
void await_slow(double milliseconds);

/* End the program because of what was found wrong. */
void wrong(const char *what) __attribute__((noreturn));

/* Fill bytes with a pattern of the sending rank and salt; 1 when they have it. The place
 * of the message's number is left out. */
void pattern_fill(char *buf, size_t bytes, int sender, unsigned salt);
int pattern_right(const char *buf, size_t bytes, int sender, unsigned salt);

/* The sum of the numbers of so many messages. */
uint64_t numbers_until(uint64_t messages);

static inline void put_number(char *buf)
{
    memcpy(buf, &number, sizeof number);
    number++;
}

static inline void take_number(const char *buf)
{
    uint64_t taken;

    memcpy(&taken, buf, sizeof taken);
    sum += taken;
}

/* Memory of a task that has started and met the others; rows memory_... (idle.c). */
void measure_memory(void);

/* CPU time of rank 1 while it waits so many seconds for a message (idle.c). */
void measure_waiting(double seconds);

/* 8 bytes to and fro, each round trip timed: percentiles of half of it (message.c). */
void measure_percentiles(void);

/* An allreduce of 1 MiB while the program computes: how much of it is hidden, and what CPU
 * time both take together (overlap.c). */
void measure_overlap(void);

/* For callgrind: count the instructions of sending and of receiving 8 bytes, in dumps
 * named after what was counted. The two tasks keep in step by the file (count.c). */
void measure_count(const char *file);

#endif
