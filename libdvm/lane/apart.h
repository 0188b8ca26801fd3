/* apart.h: a core for each of two tasks that wait for each other. */
#ifndef DVM_LANE_APART_H
#define DVM_LANE_APART_H

#include <stdbool.h>

/* Whether what came last on the TCP socket fd was sent on the core on which this thread runs:
 * so its sender is on this computer, and runs here. */
bool apart_shared(int fd);

/* Have this thread run on another of the cores that it may use, at once; it may use the same
 * afterwards. Returns false when it has only this one, or cannot. */
bool apart_leave(void);

#endif
