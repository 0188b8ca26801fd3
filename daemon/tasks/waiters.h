/* waiters.h: lists of those who want to know of an end. */
#ifndef DVMD_TASKS_WAITERS_H
#define DVMD_TASKS_WAITERS_H

#include "daemon/tasks/tasks.h"

#define WAITERS_MAX 100000 /* in one list; a client that asks for more is refused */

/* Add one; a second watch of the same tid changes nothing. Errors: NO_MEMORY,
 * LIMIT. */
int waiters_add(struct waiters *w, const struct waiter *one);

/* Take the first of a kind out into *one; false when there is none. */
bool waiters_take(struct waiters *w, enum waiter_kind kind, struct waiter *one);

/* Before one is added: if the list is about to grow, drop those of tids that are gone,
 * so that a task that many have watched for a long time does not keep them all. */
void waiters_prune(struct waiters *w, bool (*gone)(void *arg, int tid), void *arg);

/* Drop all that came from a tid. */
void waiters_drop(struct waiters *w, int tid);

/* Free the list and make it empty. */
void waiters_free(struct waiters *w);

#endif
