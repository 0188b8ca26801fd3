/* ways.h: of two ways that a whole call can go, the one that takes less time, learnt from calls.
 */
#ifndef DVM_COLL_WAYS_H
#define DVM_COLL_WAYS_H

#include <stdbool.h>

/* What is known. All zeros: nothing; the way is false. */
struct ways {
    unsigned calls;
    bool way;    /* that is taken */
    float ns[2]; /* that a byte takes by each; 0: not measured */
};

/* The way of the next call; *timed: its time is to be learnt from. */
bool ways_next(struct ways *w, bool *timed);

/* A call that was timed took so many nanoseconds a byte. */
void ways_learn(struct ways *w, bool way, float ns);

#endif
