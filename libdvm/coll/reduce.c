/* reduce.c: dvm_reduce.
 *
 * Algorithm: binomial tree on the ranks themselves, always to rank 0, which passes
 * the result on to another root. In round k a task whose bit k is set sends what it
 * has, the combination of the 2^k ranks from its own on, to the task 2^k below,
 * which has the 2^k ranks before: combined left to right, so the ranks' order is
 * kept for any number of tasks, and the result does not depend on the root.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth + bytes * op), one message more
 * for a root other than 0.
 * Source: as bcast.c.
 */
#include <stdlib.h>
#include <string.h>

#include "coll/coll.h"
#include "coll/operands.h"
#include "group/entry.h"
#include "type/op.h"
#include "type/type.h"

int reduce_binomial(struct coll *c, const void *in, void *out, size_t count, dvm_type type,
                    dvm_op op)
{
    size_t bytes = count * type_find(type)->size;
    int n = c->group->size, me = c->group->rank;
    void *other = NULL;
    int rc = DVM_OK;

    if (count > 0) /* with 0 nothing is combined, but the same messages go */
        memcpy(out, in, bytes);
    for (int bit = 1; rc == DVM_OK && bit < n; bit *= 2) {
        if (me & bit) {
            rc = coll_send(c, me - bit, out, count, type);
            break;
        }
        if (me + bit >= n)
            continue;
        if (!other)
            other = malloc(bytes ? bytes : 1);
        if (!other)
            rc = dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for %zu bytes", c->call,
                          bytes);
        if (rc == DVM_OK)
            rc = coll_receive(c, me + bit, other, count, type);
        if (rc == DVM_OK)
            op_apply(op, type, out, other, count);
    }
    free(other);
    return rc;
}

/* Pass the result on from rank 0 to the root. */
static int pass_on(struct coll *c, int root, void *result, void *out, size_t count,
                   dvm_type type)
{
    if (root == 0)
        return DVM_OK;
    if (c->group->rank == 0)
        return coll_send(c, root, result, count, type);
    return c->group->rank == root ? coll_receive(c, 0, out, count, type) : DVM_OK;
}

static int reduce(struct group *g, uintptr_t site, int root, const struct operands *o)
{
    bool at_root = g->rank == root;
    void *partial = at_root ? o->out : malloc(o->bytes ? o->bytes : 1);
    struct coll *c;
    int rc;

    if (!partial)
        return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_reduce: no memory is left for %zu bytes",
                        o->bytes);
    rc = coll_begin(g, COLL_REDUCE, "dvm_reduce", site, &c);
    if (rc == DVM_OK) {
        rc = reduce_binomial(c, o->in, partial, o->count, o->type, o->op);
        if (rc == DVM_OK) /* what the root sent must be out of its buffer */
            rc = coll_flush(c);
        if (rc == DVM_OK)
            rc = pass_on(c, root, partial, o->out, o->count, o->type);
        rc = coll_end(c, rc);
    }
    if (!at_root)
        free(partial);
    return rc;
}

int dvm_reduce(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type,
               dvm_op op)
{
    static const char call[] = "dvm_reduce";
    struct operands o = {.in = in, .out = out, .count = count, .type = type, .op = op};
    uintptr_t site = ENTRY_SITE();
    struct group *g;
    int rc, tid;

    ENTRY_BEGIN();
    g = coll_group(group, call, &rc);
    if (g)
        rc = group_peer(g, call, root, &tid);
    if (rc == DVM_OK)
        rc = operands_check(&o, call, g->rank == root);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (g->size > 1)
        return dvm_leave(reduce(g, site, root, &o));
    if (count > 0)
        memcpy(out, in, o.bytes);
    return dvm_leave(DVM_OK);
}
