/* shared.h: collectives of a group whose members are all on one host, through memory that
 * they have in common (match/commons.h). They have no steps: they are run at once.
 */
#ifndef DVM_COLL_SHARED_H
#define DVM_COLL_SHARED_H

#include "coll/algorithms.h"

/* Make the memory, once the group has shown that it uses collectives; all members come here
 * before the same call. kind, site: of that call. Without memory for it, or where it is not
 * to be had, messages go on. Errors: as schedule_run. */
int shared_prepare(struct coll *c, enum coll_kind kind, uintptr_t site);

/* Each of these ends the schedule and returns as schedule_run does. What a task gives has at
 * most DVM_COMMONS_INSIDE bytes, in allreduce and allgather DVM_COMMONS_BLOCK. */
int barrier_shared(struct schedule *s);
int bcast_shared(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
int reduce_shared(struct schedule *s, int root, const struct reduction *r);
int allreduce_shared(struct schedule *s, const struct reduction *r);
int allgather_shared(struct schedule *s, const struct blocks *all);

#endif
