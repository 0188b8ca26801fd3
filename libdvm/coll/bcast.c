/* bcast.c: dvm_bcast.
 *
 * Algorithm: binomial tree on ranks counted from the root. A task receives from the
 * task without its lowest set bit, then sends to those that have one lower bit
 * more, the largest subtree first. Used for all sizes.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth).
 * Source: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective
 * communication operations in MPICH", Int. J. High Perf. Comput. Appl. 19 (2005).
 */
#include "coll/coll.h"
#include "group/entry.h"
#include "group/sink.h"

int bcast_binomial(struct coll *c, int root, void *buffer, size_t count, dvm_type type)
{
    int n = c->group->size;
    int place = (c->group->rank - root + n) % n; /* counted from the root */
    int bit = 1;
    int rc = DVM_OK;

    while (bit < n && !(place & bit))
        bit *= 2;
    if (place > 0)
        rc = coll_receive(c, (place - bit + root) % n, buffer, count, type);
    for (bit /= 2; rc == DVM_OK && bit > 0; bit /= 2)
        if (place + bit < n)
            rc = coll_send(c, (place + bit + root) % n, buffer, count, type);
    return rc;
}

int dvm_bcast(dvm_group group, int root, void *buf, size_t count, dvm_type type)
{
    static const char call[] = "dvm_bcast";
    uintptr_t site = ENTRY_SITE();
    struct group *g;
    struct coll *c;
    size_t bytes;
    int rc, tid;

    ENTRY_BEGIN();
    g = coll_group(group, call, &rc);
    if (g)
        rc = group_peer(g, call, root, &tid);
    if (rc == DVM_OK)
        rc = sink_check_buffer(call, buf, count, type, &bytes);
    if (rc != DVM_OK || g->size == 1)
        return dvm_leave(rc);
    rc = coll_begin(g, COLL_BCAST, call, site, &c);
    if (rc == DVM_OK)
        rc = coll_end(c, bcast_binomial(c, root, buf, count, type));
    return dvm_leave(rc);
}
