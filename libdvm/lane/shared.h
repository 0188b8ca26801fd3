/* shared.h: memory that tasks of one host have in common: a part of the pool of one of them. */
#ifndef DVM_LANE_SHARED_H
#define DVM_LANE_SHARED_H

#include <stddef.h>
#include <stdint.h>

/* Take bytes of this task's own pool, zeroed, for so many tasks with this one: *at is their place.
 * Returns where they are mapped, until shared_leave; NULL: not now. */
void *shared_make(size_t bytes, int tasks, uint64_t *at);

/* Have another task of this host map the pool, before the next message to it comes. */
void shared_offer(int tid);

/* Map what another task of this host has made. NULL: its pool is not known here (no message
 * has come from it through its ring), or it has no such place. */
void *shared_join(int tid, uint64_t at, size_t bytes);

/* Unmap. It stays valid for the others, until its maker gives it back. */
void shared_leave(void *map, size_t bytes);

/* Give back what this task has made: nobody touches it any more. */
void shared_give_back(uint64_t at, size_t bytes);

/* Wake a task of this host if it sleeps. */
void shared_ring(int tid);

#endif
