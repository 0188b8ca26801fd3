/* operand.c: see operand.h.
 *
 * What lies without gaps is used where it is. Else there are copies: made at once where the call
 * waits or starts, and by steps in front where it is kept; the result goes to its place after
 * the last round. A built-in operator gets the basic elements; the user's gets the elements of
 * the derived type, which an algorithm must not divide.
 */
#include "coll/operand.h"

#include <stdlib.h>

#include "type/derived.h"
#include "type/op.h"

#define ALIGNED(bytes) (((bytes) | (sizeof(max_align_t) - 1)) + 1) /* more than the bytes */

static bool waits(const struct call *c)
{
    return !c->starts && !c->keeps;
}

/* The elements for the algorithm; they may lie as they are (not *copied), perhaps a little
 * behind the old ones' beginnings. */
static int look(struct derived *d, struct reduction *r, size_t all, size_t *times, bool *copied)
{
    ptrdiff_t offset = 0;
    int rc;

    if (op_user(r->op).call) {
        rc = derived_operand(d, &r->type);
        *copied = r->type != d->handle;
        return rc;
    }
    rc = derived_packed(d, &r->type, times);
    *copied = !derived_plain(d, all > r->count ? all : r->count, &offset);
    if (rc == DVM_OK && !*copied) {
        r->in = (const char *)r->in + offset;
        r->out = (char *)r->out + offset;
    }
    return rc;
}

/* Put in into memory of its own, and make some for out. */
static int copy(struct call *c, struct operand *o, struct reduction *r, size_t all, size_t size)
{
    size_t in_bytes = ALIGNED(all * size), out_bytes = o->out ? ALIGNED(r->count * size) : 0;
    char *memory;

    if (waits(c))
        memory = o->memory = malloc(in_bytes + out_bytes);
    else
        memory = schedule_space(c->schedule, in_bytes + out_bytes);
    if (!memory)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for %zu bytes of elements "
                                           "without gaps", call_text(c),
                        in_bytes + out_bytes);
    call_copy_elements(c, memory, o->packed, r->in, o->type, all);
    r->in = memory;
    if (o->out)
        o->from = r->out = memory + in_bytes;
    return DVM_OK;
}

int operand_open(struct call *c, struct operand *o, struct reduction *r, size_t all, bool out,
                 size_t *times)
{
    struct derived *d = type_basic(r->type) ? NULL : derived_known(r->type);
    int rc;

    o->copied = false;
    o->memory = NULL;
    *times = 1;
    if (!d)
        return DVM_OK;
    *o = (struct operand){.out = out ? r->out : NULL, .type = r->type};
    schedule_hold(c->schedule, r->type);
    rc = look(d, r, all, times, &o->copied);
    o->packed = r->type;
    if (rc == DVM_OK && o->copied)
        rc = copy(c, o, r, all, d->size);
    r->count *= *times;
    o->count = r->count;
    if (rc != DVM_OK)
        c->schedule->rc = rc;
    return rc;
}

int operand_close(struct operand *o, int rc)
{
    if (rc == DVM_OK && o->copied && o->out)
        derived_copy(o->out, o->type, o->from, o->packed, o->count);
    if (o->memory)
        free(o->memory);
    return rc;
}

int operand_run(struct call *c, struct operand *o)
{
    if (waits(c))
        return operand_close(o, call_run(c));
    if (o->copied && o->out) {
        schedule_round(c->schedule);
        schedule_copy_between(c->schedule, o->out, o->type, o->from, o->packed, o->count);
    }
    return call_run(c);
}
