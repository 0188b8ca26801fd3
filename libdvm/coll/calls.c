/* calls.c: what the public calls of collectives have in common; see calls.h. */
#include "coll/calls.h"

#include <string.h>

#include "coll/shared.h"
#include "coll/start.h"
#include "group/hosts.h"
#include "group/sink.h"
#include "type/derived.h"

static enum coll_form form_of(const struct call *c)
{
    return c->keeps ? COLL_KEEPING : c->starts ? COLL_STARTING : COLL_WAITING;
}

const char *call_text(const struct call *c)
{
    return coll_form_call(c->kind, form_of(c));
}

int call_find(struct call *c, dvm_group group, const int *root)
{
    const char *name = call_text(c);
    int rc, tid;

    c->group = coll_group(group, name, &rc);
    c->schedule = NULL;
    if (c->group && root)
        rc = group_peer(c->group, name, *root, &tid);
    if (rc == DVM_OK && (c->starts || c->keeps) && !c->request)
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for the request", name);
    return rc;
}

int call_begin(struct call *c, unsigned signature)
{
    struct coll *coll = NULL;
    int rc = DVM_OK;

    if (c->group->size > 1)
        rc = coll_state(c->group, c->kind, form_of(c), c->site, &coll);
    if (c->starts || c->keeps)
        signature |= COLL_STARTS;
    else if (rc == DVM_OK && coll)
        rc = shared_prepare(coll, c->kind, c->site);
    if (rc == DVM_OK && c->keeps)
        rc = schedule_keep(coll, c->kind, signature, c->site, &c->schedule);
    else if (rc == DVM_OK && coll)
        rc = schedule_begin(coll, c->kind, signature, c->site, &c->schedule);
    if (rc != DVM_OK || !c->schedule)
        return rc;
    c->schedule->type = c->type;
    if (coll)
        coll->recent[c->schedule->sequence % COLL_RECENT].type = c->type;
    return DVM_OK;
}

void call_copy(struct call *c, void *to, const void *from, size_t bytes)
{
    if (c->keeps)
        schedule_copy(c->schedule, to, from, bytes);
    else if (bytes > 0 && to != from)
        memmove(to, from, bytes);
}

void call_copy_elements(struct call *c, void *to, dvm_type to_type, const void *from,
                        dvm_type of, size_t count)
{
    if (type_basic(to_type) && type_basic(of))
        call_copy(c, to, from, count * type_basic(of)->size);
    else if (to == from && to_type == of)
        return; /* other types: the elements lie elsewhere all the same, as a subarray's do */
    else if (c->keeps)
        schedule_copy_between(c->schedule, to, to_type, from, of, count);
    else
        derived_copy(to, to_type, from, of, count);
}

int call_run(struct call *c)
{
    if (c->keeps)
        return start_keep(c->schedule, c->group, c->request);
    if (c->starts)
        return start_schedule(c->schedule, c->group, c->request);
    return c->schedule ? schedule_run(c->schedule) : DVM_OK;
}

enum algorithm call_choose(const struct call *c, size_t bytes)
{
    struct schedule *s = c->schedule;

    if (!s->coll)
        return ALGORITHM_COUNT;
    s->bytes = s->coll->recent[s->sequence % COLL_RECENT].bytes = bytes;
    if (s->coll->commons && s->coll->hosts->count == 1 &&
        (bytes > DVM_COMMONS_BLOCK ||
         (c->kind == COLL_ALLTOALL && bytes * (size_t)s->size > DVM_COMMONS_BLOCK)))
        s->coll->wide_wanted = true;
    return choose(s->coll, c->kind, bytes, !c->starts && !c->keeps);
}

static int check(struct call *c, const void *buffer, size_t count, dvm_type type)
{
    size_t bytes;
    int rc = sink_check_buffer(call_text(c), buffer, count, type, &bytes);

    c->type = (uint32_t)type + 1;
    return rc == DVM_OK ? sink_check_into(call_text(c), count, type) : rc;
}

int call_buffer(struct call *c, const void *buffer, size_t count, size_t blocks,
                dvm_type type)
{
    const char *name = call_text(c);
    size_t all;

    if (buffer == DVM_IN_PLACE)
        return dvm_fail(DVM_ERR_ARG, "%s: DVM_IN_PLACE is not for this buffer of this task", name);
    if (__builtin_mul_overflow(count, blocks, &all))
        return dvm_fail(DVM_ERR_ARG, "%s: %zu elements for each of %zu tasks are more than memory "
                                     "can hold", name, count, blocks);
    return check(c, buffer, all, type);
}

int call_blocks(struct call *c, const struct blocks *b)
{
    size_t most = 0;

    if (!b->counts || !b->offsets)
        return dvm_fail(DVM_ERR_ARG, "%s: counts and offsets must be given, one for each rank",
                        call_text(c));
    for (int r = 0; r < c->group->size; r++) {
        size_t end;

        if (__builtin_add_overflow(b->counts[r], b->offsets[r], &end))
            return dvm_fail(DVM_ERR_ARG, "%s: count and offset of rank %d are more than memory can "
                                         "hold", call_text(c), r);
        if (b->counts[r] > 0 && end > most)
            most = end;
    }
    return check(c, b->base, most, b->type);
}

/* What may be given where in and out would overlap. */
static const char *in_place(enum coll_kind kind)
{
    switch (kind) {
    case COLL_NEIGHBOUR_ALLGATHER:
    case COLL_NEIGHBOUR_ALLGATHERV:
    case COLL_NEIGHBOUR_ALLTOALL:
    case COLL_NEIGHBOUR_ALLTOALLV:
    case COLL_NEIGHBOUR_ALLTOALLW:
        return "";
    case COLL_SCATTER:
    case COLL_SCATTERV:
        return ", or DVM_IN_PLACE as out";
    default:
        return ", or DVM_IN_PLACE as in";
    }
}

int call_apart(const struct call *c, const void *in, size_t in_count, dvm_type in_type,
               const void *out, size_t out_count, dvm_type out_type)
{
    if (sink_apart(in, in_count, in_type, out, out_count, out_type))
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG, "%s: in and out overlap; give two arrays%s", call_text(c),
                    in_place(c->kind));
}

int call_apart_own(const struct call *c, const void *own, size_t count, const struct blocks *all,
                   int place)
{
    int rc = DVM_OK;

    if (own == blocks_at(all, place))
        return DVM_OK;
    if (!all->counts)
        return call_apart(c, own, count, all->type, all->base,
                          all->count * (size_t)c->group->size, all->type);
    for (int r = 0; rc == DVM_OK && r < c->group->size; r++)
        rc = call_apart(c, own, count, all->type, blocks_at(all, r), all->counts[r], all->type);
    return rc;
}
