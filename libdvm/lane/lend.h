/* lend.h: what this task's pool holds for each neighbour: a home, and while there is
 * traffic a slot with a larger ring (proto/segment.h).
 */
#ifndef DVM_LANE_LEND_H
#define DVM_LANE_LEND_H

#include "lane/lane.h"

/* Begin with no pool, in a task with this inbox. */
void lend_start(const struct dvm_inbox *own);

/* Unmap the pool. What lies there can still be taken by those who have mapped it; peers are
 * forgotten after it. */
void lend_stop(void);

/* Make the home of the pair with a peer, and begin to put there. *fd is the pool's
 * descriptor, which stays the pool's. Errors: LIMIT, SYSTEM. */
int lend_home(struct peer *peer, int *fd);

/* Move the pair to a larger ring, if there is none yet and memory for one. */
void lend_widen(struct peer *peer);

/* The peer rang: it may have left a slot. */
void lend_look(struct peer *peer);

/* The peer is gone: take back what it has, at once, or when it can no longer touch it
 * (left: it still runs). Its inbox is unmapped then. */
void lend_forget(struct peer *peer, bool left);

/* Bytes of the pool for another use, zeroed, and its base; for so many tasks with this one, who
 * may have together more than one alone. 0: not now. */
uint64_t lend_memory(size_t bytes, int tasks, uint8_t **base);
void lend_memory_back(uint64_t at, size_t bytes);

/* Have idle pairs go home, and take back what was left. Cheap. */
void lend_rest(void);

/* How long from now lend_rest has nothing to do; negative: for ever. Needs no lock. */
double lend_rest_seconds(void);

#endif
