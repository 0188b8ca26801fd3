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

/* Drop all that came from a tid. */
void waiters_drop(struct waiters *w, int tid);

/* Free the list and make it empty. */
void waiters_free(struct waiters *w);

#endif
