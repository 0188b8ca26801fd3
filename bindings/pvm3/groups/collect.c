/* collect.c: pvm_reduce, pvm_gather, pvm_scatter.
 *
 * The root takes part after part from each member by name, in order of instances, in a context
 * of the group's own: so calls that follow each other with one tag cannot get mixed up, as they
 * do in PVM, and a reduction has the same bits each time. A member that ends before it has sent
 * its part is noticed.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/groups/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/groups/group.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/send.h"

#define LOOK_SECONDS 1.0 /* after which is asked whether the sender is there still */

/* One call of one of the three. */
struct collect {
    const char *call, *name;
    const struct pvm3_type *type;
    size_t count, bytes; /* items and bytes of a part */
    int tag, ctx;
    int *tids;           /* owned */
    int size, root, me;  /* me: this task's instance, -1: none */
    const void *site;
};

/* A context below -1, the same for all who use the name. */
static int context_of(const char *name)
{
    unsigned hash = 2166136261u; /* FNV-1a */

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return (int)(0x80000000u | (hash & 0x3fffffffu));
}

static int begin(struct collect *c, int type, int count, int root, const void *data)
{
    int rc = pvm3_group_enter(c->call, c->name);

    if (rc != PvmOk)
        return rc;
    c->type = pvm3_type_find(type);
    if (!c->type || type == PVM_STR || count < 0 || c->tag < 0 || (!data && count > 0))
        return pvm3_fail(c->call, PvmBadParam, "%d elements of type %d%s, tag %d", count, type,
                         data ? "" : " at NULL", c->tag);
    c->count = (size_t)count;
    c->bytes = c->count * c->type->size * (size_t)c->type->scalars;
    c->ctx = context_of(c->name);
    c->size = pvm3_group_tids(c->call, c->name, &c->tids);
    if (c->size < 0)
        return c->size;
    c->root = root;
    c->me = -1;
    for (int i = 0; i < c->size; i++)
        if (c->tids[i] == pvm_mytid())
            c->me = i;
    if (c->me >= 0 && root >= 0 && root < c->size)
        return PvmOk;
    free(c->tids);
    return c->me < 0 ? pvm3_fail(c->call, PvmNotInGroup, "this task is not in \"%s\"", c->name)
                     : pvm3_fail(c->call, PvmNoInst, "\"%s\" has no instance %d", c->name, root);
}

/* Send a part to a member. */
static int send_part(const struct collect *c, int to, const void *data)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
    int rc = b ? pvm3_encode(b, c->type, data, c->count, 1) : PvmNoMem;

    if (rc != PvmOk) {
        pvm3_buffer_free(b);
        return pvm3_fail(c->call, rc, NULL);
    }
    b->ctx = c->ctx;
    pvm3_header_write(b, b->data);
    rc = pvm3_send_bytes(c->call, c->tids[to], c->tag, b->data, PVM3_HEADER + b->bytes);
    pvm3_buffer_free(b);
    return rc;
}

/* Receive a part of a member. */
static int receive_part(const struct collect *c, int from, void *data)
{
    const struct pvm3_wanted wanted = {.tid = c->tids[from], .tag = c->tag, .ctx = c->ctx,
                                       .internal = true, .site = c->site};
    struct pvm3_buffer *b = NULL;
    bool there = true; /* the last message of one that has ended came before its end */
    int rc = PvmOk;

    while (rc == PvmOk && !b && there) {
        rc = pvm3_queue_find(c->call, &wanted, 0, &b);
        if (rc == PvmOk && !b)
            rc = pvm3_queue_find(c->call, &wanted, LOOK_SECONDS, &b);
        if (rc == PvmOk && !b)
            there = pvm3_group_has(c->name, c->tids[from]);
    }
    if (rc == PvmOk && !b)
        rc = pvm3_queue_find(c->call, &wanted, 0, &b);
    if (rc != PvmOk)
        return rc;
    if (!b)
        return pvm3_fail(c->call, PvmNoInst, "instance %d of \"%s\" (tid 0x%x) has ended or left "
                         "before it has sent its part", from, c->name, (unsigned)c->tids[from]);
    pvm3_queue_take(b);
    if (b->bytes != pvm3_encoded(PvmDataDefault, c->type, c->count))
        rc = pvm3_fail(c->call, PvmMismatch, "instance %d of \"%s\" gave another count or type",
                       from, c->name);
    else
        rc = pvm3_decode(b, c->type, data, c->count, 1);
    pvm3_buffer_free(b);
    return rc;
}

/* The root's: combine part after part with what is in data. */
static int combine(const struct collect *c, int type, void *data,
                   void (*op)(int *, void *, void *, int *, int *))
{
    int count = (int)c->count, info = PvmOk, rc = PvmOk;
    void *part = malloc(c->bytes ? c->bytes : 1);

    if (!part)
        return pvm3_fail(c->call, PvmNoMem, NULL);
    for (int i = 0; i < c->size && rc == PvmOk; i++)
        if (i != c->me) {
            rc = receive_part(c, i, part);
            if (rc == PvmOk)
                op(&type, data, part, &count, &info);
            if (rc == PvmOk && info < 0)
                rc = pvm3_fail(c->call, info, "the operator refuses type %d", type);
        }
    free(part);
    return rc;
}

int pvm_reduce(void (*op)(int *, void *, void *, int *, int *), void *data, int count, int type,
               int tag, char *name, int root)
{
    struct collect c = {.call = "pvm_reduce", .name = name, .tag = tag,
                        .site = __builtin_return_address(0)};
    int rc = begin(&c, type, count, root, data);

    if (rc != PvmOk)
        return rc;
    if (!op)
        rc = pvm3_fail(c.call, PvmBadParam, "there is no operator");
    else
        rc = c.me == root ? combine(&c, type, data, op) : send_part(&c, root, data);
    free(c.tids);
    return rc;
}

int pvm_gather(void *result, void *data, int count, int type, int tag, char *name, int root)
{
    struct collect c = {.call = "pvm_gather", .name = name, .tag = tag,
                        .site = __builtin_return_address(0)};
    int rc = begin(&c, type, count, root, data);

    if (rc != PvmOk)
        return rc;
    if (c.me != root)
        rc = send_part(&c, root, data);
    else if (!result)
        rc = pvm3_fail(c.call, PvmBadParam, "the root has no place for the result");
    for (int i = 0; c.me == root && i < c.size && rc == PvmOk; i++) {
        char *place = (char *)result + (size_t)i * c.bytes;

        if (i == c.me)
            memmove(place, data, c.bytes);
        else
            rc = receive_part(&c, i, place);
    }
    free(c.tids);
    return rc;
}

int pvm_scatter(void *result, void *data, int count, int type, int tag, char *name, int root)
{
    struct collect c = {.call = "pvm_scatter", .name = name, .tag = tag,
                        .site = __builtin_return_address(0)};
    int rc = begin(&c, type, count, root, result);

    if (rc != PvmOk)
        return rc;
    if (c.me != root)
        rc = receive_part(&c, root, result);
    else if (!data)
        rc = pvm3_fail(c.call, PvmBadParam, "the root has nothing to hand out");
    for (int i = 0; c.me == root && i < c.size && rc == PvmOk; i++) {
        const char *part = (const char *)data + (size_t)i * c.bytes;

        if (i == c.me)
            memmove(result, part, c.bytes);
        else
            rc = send_part(&c, i, part);
    }
    free(c.tids);
    return rc;
}
