/* board.h: this task's own board: what it waits for, for those who look (proto/board.h).
 *
 * Whoever waits hands a subject down to the loop that waits (match/wait.c), which puts it
 * on the board when it is about to sleep, or has looked in vain for some time: a call that
 * does not wait, or only for a moment, pays nothing. Always on. Called with the library's
 * lock held.
 */
#ifndef DVM_LANE_BOARD_H
#define DVM_LANE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/board.h"
#include "proto/segment.h"

/* What a wait is for. The caller's, until the wait is over. */
struct board_subject {
    enum dvm_board_call call;
    uintptr_t site; /* return address of the user's call; 0: not known */
    /* Says why, peer, tag, context, bytes and requests of the wait as it is now; arg: of
     * the wait's condition. call and site are filled in before, and may be changed. */
    void (*describe)(void *arg, struct dvm_wait *wait);
};

/* One wait of one thread: on its stack. */
struct board_place {
    const struct board_subject *subject; /* NULL: nothing is put on the board */
    void *arg;
    bool shown;                          /* the rest is in use */
    struct board_place *next;            /* of a thread that began to wait before */
    struct dvm_wait wait;
};

/* Write to this inbox's board from now on; NULL: to none. Nobody waits. */
void board_use(struct dvm_inbox *inbox);

/* Put a wait on the board, or what has changed of it since. timed: it has a time limit, or
 * another thread may act: it may end whatever other tasks do. */
void board_show(struct board_place *place, bool timed);

/* The wait is over: take it from the board, if it was put there. */
void board_hide(struct board_place *place);

#endif
