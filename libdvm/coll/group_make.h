/* group_make.h: a new group that its members agree on. */
#ifndef DVM_COLL_GROUP_MAKE_H
#define DVM_COLL_GROUP_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "dvm.h"
#include "group/group.h"

/* Add a group of these tids (copied) whose members know its context (0: this task is no
 * member), and have the ends of those told that the machine does not tell of by itself.
 * Errors: NO_MEMORY, LIMIT. */
int group_make_known(uint64_t context, const int *tids, int size, dvm_group *result);

/* The same for a context that the first of the tids makes and all others hear of, each
 * inside this call; a task that is not among them does not wait. size 0: *result is
 * DVM_GROUP_NONE. Errors: NO_MEMORY, LIMIT, TASK_GONE, HOST_GONE. */
int group_make_agreed(const char *call, uintptr_t site, const int *tids, int size,
                      dvm_group *result);

/* The same for a list that the user gave: each is checked. Errors: NO_TASK (no tid), ARG
 * (twice the same), and those above. */
int group_make_listed(const char *call, uintptr_t site, const int *tids, int count,
                      dvm_group *result);

#endif
