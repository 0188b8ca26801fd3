/* mixup.h: finding out that members of a group are in different collectives, and saying so. */
#ifndef DVM_COLL_MIXUP_H
#define DVM_COLL_MIXUP_H

#include <stdbool.h>

#include "coll/schedule.h"

/* Whether a message is here that no call of this task, now or later, will ask for: its
 * sender calls other collectives, or the same with another root or operator. Cheap
 * while no message has come. */
bool mixup_seen(struct schedule *s);

/* The same, looked for anew, also in memory in common and in what members have told of their calls,
 * while none has told of an error. */
bool mixup_here(struct schedule *s);

/* Make the sentence about it, or about what another member has told (c->mixed): who called
 * what, from which line, the majority first. A call that waits asks all members for that.
 * Returns ARG. */
int mixup_tell(struct schedule *s);

/* As group_on_leave: whether a member has sent, or put, what no call of this task has asked for,
 * and all its calls are over. Makes the sentence. Those under way are told (start_tell_open).
 * Returns DVM_OK or ARG. */
int mixup_left(struct group *g);

/* Another member has told of another call, and no collective of the group is under way here:
 * end them, and tell the others. */
void mixup_end(struct coll *c);

/* Add to the last sentence, of an error in a call that waits, who called what under a number,
 * if not all have called the same. Returns rc. */
int mixup_explain(struct schedule *s, uint32_t sequence, int rc);

#endif
