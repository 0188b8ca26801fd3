/* survive.h: what goes on in a group after a member has died: agreement, shrinking,
 * revocation. The public functions are in survive.c; this is for word.c and group.c.
 */
#ifndef DVM_GROUP_SURVIVE_H
#define DVM_GROUP_SURVIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "group/group.h"

/* Words from the member with this rank. */
void survive_agree_word(struct group *g, int rank, const uint8_t *bytes, size_t size);
void survive_revoke_word(struct group *g, int rank, const uint8_t *bytes, size_t size);

/* A word of an agreement in a context that is no group's here: whether it is one that this
 * task has freed; then it is answered, if that can be. */
bool survive_late_word(uint64_t context, int tid, const uint8_t *bytes, size_t size);

/* A group is freed: what others may still ask about its last agreement is kept. */
void survive_group_freed(const struct group *g);

/* Forget all that was kept. */
void survive_stop(void);

#endif
