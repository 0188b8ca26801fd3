/* allreduce.c: dvm_allreduce.
 *
 * Algorithm: reduction to rank 0 in rank order (reduce.c), then the broadcast of
 * the result (bcast.c): one combination, made once, so that all tasks get the same
 * bits, also of floating sums. Used for all sizes.
 * Cost: 2 ceil(log2 n) (latency + bytes / bandwidth) + ceil(log2 n) bytes * op.
 * Source: as bcast.c.
 */
#include <string.h>

#include "coll/coll.h"
#include "coll/operands.h"
#include "group/entry.h"

static int allreduce(struct coll *c, const struct operands *o)
{
    int rc = reduce_binomial(c, o->in, o->out, o->count, o->type, o->op);

    if (rc == DVM_OK) /* the partial result must be out of out before the whole comes */
        rc = coll_flush(c);
    if (rc == DVM_OK)
        rc = bcast_binomial(c, 0, o->out, o->count, o->type);
    return rc;
}

int dvm_allreduce(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                  dvm_op op)
{
    static const char call[] = "dvm_allreduce";
    struct operands o = {.in = in, .out = out, .count = count, .type = type, .op = op};
    uintptr_t site = ENTRY_SITE();
    struct group *g;
    struct coll *c;
    int rc;

    ENTRY_BEGIN();
    g = coll_group(group, call, &rc);
    if (g)
        rc = operands_check(&o, call, true);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (g->size == 1) {
        if (count > 0)
            memcpy(out, in, o.bytes);
        return dvm_leave(DVM_OK);
    }
    rc = coll_begin(g, COLL_ALLREDUCE, call, site, &c);
    if (rc == DVM_OK)
        rc = coll_end(c, allreduce(c, &o));
    return dvm_leave(rc);
}
