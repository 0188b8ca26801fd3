/* barrier.c: dvm_barrier.
 *
 * Algorithm: dissemination. In round k each task sends to the task 2^k places
 * after it and receives from the one 2^k places before it, so that after the last
 * round it has heard, directly or not, from all. Used for all sizes.
 * Cost: ceil(log2 n) rounds of one latency.
 * Source: D. Hensgen, R. Finkel, U. Manber, "Two algorithms for barrier
 * synchronization", Int. J. Parallel Programming 17 (1988).
 */
#include "coll/coll.h"
#include "group/entry.h"

int barrier_dissemination(struct coll *c)
{
    int n = c->group->size, me = c->group->rank;
    int rc = DVM_OK;

    for (int distance = 1; rc == DVM_OK && distance < n; distance *= 2) {
        rc = coll_send(c, (me + distance) % n, NULL, 0, DVM_BYTE);
        if (rc == DVM_OK)
            rc = coll_receive(c, (me - distance + n) % n, NULL, 0, DVM_BYTE);
    }
    return rc;
}

int dvm_barrier(dvm_group group)
{
    uintptr_t site = ENTRY_SITE();
    struct group *g;
    struct coll *c;
    int rc;

    ENTRY_BEGIN();
    g = coll_group(group, "dvm_barrier", &rc);
    if (!g || g->size == 1)
        return dvm_leave(rc);
    rc = coll_begin(g, COLL_BARRIER, "dvm_barrier", site, &c);
    if (rc == DVM_OK)
        rc = coll_end(c, barrier_dissemination(c));
    return dvm_leave(rc);
}
