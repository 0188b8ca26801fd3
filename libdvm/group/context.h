/* context.h: the numbers that keep the traffic of groups apart.
 *
 *     bits 63-32  tid of the task (or daemon) that made the context
 *     bit 31      the alarms of the group's collectives (coll/coll.c), and words (word.h)
 *     bits 30-1   its counter, from 1
 *     bit 0       0: point-to-point, 1: the collectives of the group
 *
 * Nobody is asked and none is ever used again. 0 is DVM_UNIVERSE. The context of
 * a DVM_WORLD is made by the daemon that spawned it, in the same way.
 */
#ifndef DVM_GROUP_CONTEXT_H
#define DVM_GROUP_CONTEXT_H

#include <stdint.h>

#define CONTEXT_UNIVERSE UINT64_C(0)
#define CONTEXT_COLLECTIVE UINT64_C(1)
#define CONTEXT_ALARM (UINT64_C(1) << 31)

/* Whose contexts context_make makes: this task's tid. Starts the counter anew. */
void context_start(int self);

/* A context that never was. Error: 0 when the 2^30 - 1 of this task are used up. */
uint64_t context_make(void);

#endif
