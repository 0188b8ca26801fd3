/* mixup.h: finding out that members of a group are in different collectives. */
#ifndef DVM_COLL_MIXUP_H
#define DVM_COLL_MIXUP_H

#include <stdbool.h>

#include "coll/schedule.h"

/* Whether a message is here that no call of this task, now or later, will ask for: its
 * sender calls other collectives, or the same with another root or operator. Cheap
 * while no message has come. */
bool mixup_seen(struct schedule *s);

/* Make the sentence about it. Returns ARG. */
int mixup_tell(struct schedule *s);

#endif
