/* choice.h: which of three ways is the fastest for the large messages of a pair.
 *
 * Through a ring both tasks copy at once; a single copy is made by the receiver alone, or
 * its sender is asked to help with it (lane/both.h). That is the best for long messages, so while
 * senders help nothing else is tried there. Else it depends on how far their cores are from each
 * other, on what else runs, and on the size, and it changes: so all are measured as they
 * are used.
 */
#ifndef DVM_STREAM_CHOICE_H
#define DVM_STREAM_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BOTH: the sender is asked. */
enum choice_way { CHOICE_RING, CHOICE_COPY, CHOICE_BOTH, CHOICE_WAYS };

#define CHOICE_CLASSES 4 /* of sizes */

/* What a receiver has measured with one sender; zeroed: nothing. */
struct choice {
    struct {
        float rate[CHOICE_WAYS]; /* bytes a nanosecond, a running mean; 0: not measured */
        uint32_t messages;
        bool helped;             /* the last that was asked for, where that decides */
    } of[CHOICE_CLASSES];
};

/* Read the setting DVM_SINGLE_COPY: auto, always or never. */
void choice_start(void);

/* The way that the next message of so many bytes should take. */
enum choice_way choice_next(struct choice *choice, size_t bytes);

/* A message of so many bytes took that way and so many nanoseconds. */
void choice_took(struct choice *choice, enum choice_way way, size_t bytes, uint64_t ns);

/* One whose sender was asked: whether it has helped. */
void choice_helped(struct choice *choice, size_t bytes, bool helped);

#endif
