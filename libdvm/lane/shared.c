/* shared.c: memory in common; see shared.h.
 *
 * The pool of a task is mapped by all that have had a message of it through its ring. Its
 * peer may be forgotten, and with it that mapping, while others still use the memory; so
 * what is in common is mapped a second time (mremap of length 0, which doubles a shared
 * mapping), and belongs to its user. There it may lie as huge pages want it (huge.h).
 */
#include "lane/shared.h"

#include <sys/mman.h>

#include "lane/huge.h"
#include "lane/lend.h"
#include "lane/uplink.h"
#include "proto/segment.h"

void *shared_make(size_t bytes, int tasks, uint64_t *at)
{
    uint8_t *base;
    void *map;

    *at = lane_used(&shm_lane) ? lend_memory(bytes, tasks, &base) : 0;
    if (!*at)
        return NULL;
    map = huge_twin(base + *at, bytes);
    if (!map)
        lend_memory_back(*at, bytes);
    return map;
}

void shared_offer(int tid)
{
    struct peer *peer = lane_peer(tid);

    /* the daemon passes it on before what is sent after it */
    if (peer)
        lane_improve(peer);
}

void *shared_join(int tid, uint64_t at, size_t bytes)
{
    struct peer *peer = lane_peer_known(tid);

    if (!peer || !peer->shm.in.base || at % DVM_POOL_PAGE != 0 || at < DVM_POOL_SLOTS_AT ||
        at > DVM_POOL_BYTES || bytes > DVM_POOL_BYTES - at)
        return NULL;
    return huge_twin(peer->shm.in.base + at, bytes);
}

void shared_leave(void *map, size_t bytes)
{
    munmap(map, bytes);
}

void shared_give_back(uint64_t at, size_t bytes)
{
    lend_memory_back(at, bytes);
}

void shared_ring(int tid)
{
    struct peer *peer = lane_peer(tid);

    if (!peer)
        return;
    if (peer->shm.inbox) {
        shm_ring(peer);
        return;
    }
    /* the next time by its inbox, which comes with a ring */
    shm_ring_daemon(peer);
    lane_improve(peer);
}
