/* apart.h: a core for each of two tasks that wait for each other; in a crowd one for neighbours. */
#ifndef DVM_LANE_APART_H
#define DVM_LANE_APART_H

#include <stdbool.h>

/* Whether what came last on the TCP socket fd was sent on the core on which this thread runs:
 * so its sender is on this computer, and runs here. */
bool apart_shared(int fd);

/* Have this thread run on another of the cores that it may use, at once; it may use the same
 * afterwards. Returns false when it has only this one, or cannot. */
bool apart_leave(void);

/* Of count tasks that are more than the cores which each may use, this thread is the one at a
 * place (0 to count - 1): have it run, at once, where its neighbours of the same share of the
 * places do; it may use the same cores afterwards. Returns whether it was elsewhere. */
bool apart_settle(int place, int count);

#endif
