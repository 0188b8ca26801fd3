/* bypass.h: copies to memory that other tasks read next: through this core's caches, or around
 * them, whichever is faster on this computer at this time.
 */
#ifndef DVM_COLL_BYPASS_H
#define DVM_COLL_BYPASS_H

#include <stdbool.h>
#include <stddef.h>

/* Copy so many bytes; the areas do not overlap. What is written is there for others before
 * anything that this thread stores behind it. beside: who reads it next is on this core, and
 * finds it in its caches, so it goes through them. */
void bypass_copy(void *to, const void *from, size_t bytes, bool beside);

/* The same the way that is asked for; to is a line's begin. */
void bypass_copy_as(bool around, void *to, const void *from, size_t bytes);

/* ---- what it learns from, for tests ------------------------------------------------- */

#define BYPASS_LATE 8

/* What a way costs. */
struct bypass_cost {
    unsigned copies;        /* that were measured, */
    double ns[BYPASS_LATE]; /* and what a byte of the last ones took */
};

/* What is known. All zeros: nothing. */
struct bypass {
    unsigned copies; /* that there were */
    bool around;     /* the way that is taken */
    bool shorts;     /* of copies of which there are many */
    struct bypass_cost by_through, by_around;
};

/* The way of the next copy; *timed: its time is to be learnt from. */
bool bypass_way(struct bypass *b, bool *timed);

/* A copy that was timed took so many nanoseconds a byte. */
void bypass_learn(struct bypass *b, bool around, double ns);

#endif
