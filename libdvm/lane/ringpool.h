/* ringpool.h: the shared memory of one task: rings to its neighbours (proto/segment.h).
 *
 * What is in use has memory, allocated before; what is given back loses it at once. So
 * a task that is idle, or whose neighbours come and go, holds no more than its homes.
 * Places are named by their offset in the pool, bytes.
 */
#ifndef DVM_LANE_RINGPOOL_H
#define DVM_LANE_RINGPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/segment.h"

#define RINGPOOL_WORD_BITS 64

/* What is lent, each bounded for itself: slots of pairs, and memory of several tasks. */
enum ringpool_use { RINGPOOL_SLOT, RINGPOOL_COMMON, RINGPOOL_USES };

/* Zeroed: closed. */
struct ringpool {
    uint8_t *base; /* mapped, DVM_POOL_BYTES; NULL: closed */
    int fd;        /* owned while it is open */
    uint32_t lent[RINGPOOL_USES]; /* pages */
    uint64_t homes[DVM_POOL_HOMES / RINGPOOL_WORD_BITS];     /* bit set: in use */
    uint64_t pages[DVM_POOL_SLOT_PAGES / RINGPOOL_WORD_BITS]; /* of slots, the same */
};

/* Make and map it, unless it is open. Errors: LIMIT, SYSTEM. */
int ringpool_open(struct ringpool *pool);

/* Unmap it; may be closed. Neighbours keep what they have mapped. */
void ringpool_close(struct ringpool *pool);

/* A place for a home: *at. Errors: LIMIT. */
int ringpool_home(struct ringpool *pool, uint64_t *at);
void ringpool_home_back(struct ringpool *pool, uint64_t at);

/* Lend bytes for a use if not more than share would be lent for it then. 0: not now. */
uint64_t ringpool_lend(struct ringpool *pool, enum ringpool_use use, size_t bytes, size_t share);
void ringpool_lend_back(struct ringpool *pool, enum ringpool_use use, uint64_t at, size_t bytes);

/* The ring at a place. */
static inline struct dvm_ring *ringpool_ring(const struct ringpool *pool, uint64_t at)
{
    return (struct dvm_ring *)(pool->base + at);
}

#endif
