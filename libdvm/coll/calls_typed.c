/* calls_typed.c: alltoallw: everybody to everybody, with counts, offsets in bytes and types of
 * their own for each rank.
 *
 * Algorithm: all messages at once, as alltoall_spread.c, and for the same reason: what others
 * exchange is not known here, so all can agree on nothing but one. What a task gives to itself
 * is copied. With DVM_IN_PLACE blocks are packed before anything is received, and sent from
 * there.
 */
#include "coll/calls.h"
#include "group/entry.h"
#include "group/sink.h"
#include "type/derived.h"

/* What a task has for all ranks. */
struct side {
    const void *base;
    const size_t *counts, *offsets;
    const dvm_type *types;
};

static void *block_at(const struct side *s, int rank)
{
    return (char *)(uintptr_t)s->base + s->offsets[rank];
}

static size_t bytes_of(const struct side *s, int rank)
{
    return s->counts[rank] * type_find(s->types[rank])->size;
}

static int check_side(const struct call *c, const struct side *s, bool into)
{
    const char *name = call_text(c);
    size_t bytes;
    int rc = DVM_OK;

    if (s->base == DVM_IN_PLACE)
        return dvm_fail(DVM_ERR_ARG, "%s: DVM_IN_PLACE is for in only", name);
    if (!s->counts || !s->offsets || !s->types)
        return dvm_fail(DVM_ERR_ARG, "%s: counts, offsets and types must be given, one of each for "
                                     "each rank", name);
    for (int r = 0; rc == DVM_OK && r < c->group->size; r++) {
        rc = sink_check_buffer(name, s->base, s->counts[r], s->types[r], &bytes);
        if (rc == DVM_OK && into)
            rc = sink_check_into(name, s->counts[r], s->types[r]);
    }
    return rc;
}

/* What this task gives to itself must be what it takes. */
static int check_own(const struct call *c, const struct side *in, const struct side *out)
{
    int me = c->group->rank;

    if (bytes_of(in, me) == bytes_of(out, me))
        return DVM_OK;
    return dvm_fail(DVM_ERR_TRUNCATE, "%s: rank %d gives itself %zu bytes and takes %zu",
                    call_text(c), me, bytes_of(in, me), bytes_of(out, me));
}

/* Send a copy of the block, since what comes takes its place. */
static void send_copy(struct call *c, const struct side *in, int rank)
{
    struct schedule *s = c->schedule;
    void *copy = schedule_space(s, bytes_of(in, rank));
    dvm_type type;
    size_t each;
    int rc = derived_packed(derived_known(in->types[rank]), &type, &each);

    if (rc != DVM_OK)
        s->rc = rc;
    if (rc != DVM_OK || !copy)
        return;
    call_copy_elements(c, copy, type, block_at(in, rank), in->types[rank], in->counts[rank]);
    schedule_send(s, rank, copy, in->counts[rank] * each, type);
}

static void append(struct call *c, const struct side *in, const struct side *out, bool in_place)
{
    struct schedule *s = c->schedule;
    int n = s->size, me = s->rank;

    for (int i = 1; in_place && i < n; i++)
        send_copy(c, in, (me + i) % n);
    for (int i = 1; i < n; i++) {
        int from = (me - i + n) % n;

        schedule_receive(s, from, block_at(out, from), out->counts[from], out->types[from]);
    }
    for (int i = 1; !in_place && i < n; i++) {
        int to = (me + i) % n;

        schedule_send(s, to, block_at(in, to), in->counts[to], in->types[to]);
    }
}

static int alltoallw(struct call *c, dvm_group group, struct side *in, const struct side *out)
{
    bool in_place = in->base == DVM_IN_PLACE;
    int rc = call_find(c, group, NULL), me;

    if (in_place)
        *in = *out;
    if (rc == DVM_OK)
        rc = check_side(c, in, false);
    if (rc == DVM_OK)
        rc = check_side(c, out, true);
    if (rc == DVM_OK)
        rc = check_own(c, in, out);
    for (int r = 0; rc == DVM_OK && !in_place && r < c->group->size; r++)
        if (in->counts[r] > 0 && out->counts[r] > 0)
            rc = call_apart(c, block_at(in, r), in->counts[r], in->types[r], block_at(out, r),
                            out->counts[r], out->types[r]);
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK)
        return rc;
    me = c->group->rank;
    if (!in_place && bytes_of(in, me) > 0)
        call_copy_elements(c, block_at(out, me), out->types[me], block_at(in, me), in->types[me],
                           in->counts[me]);
    if (c->schedule)
        append(c, in, out, in_place);
    return call_run(c);
}

int dvm_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                  const size_t *in_offsets, const dvm_type *in_types, void *out,
                  const size_t *out_counts, const size_t *out_offsets, const dvm_type *out_types)
{
    struct side from = {in, in_counts, in_offsets, in_types};
    const struct side to = {out, out_counts, out_offsets, out_types};
    struct call c = CALL(ALLTOALLW);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, &from, &to));
}

int dvm_ialltoallw(dvm_group group, const void *in, const size_t *in_counts,
                   const size_t *in_offsets, const dvm_type *in_types, void *out,
                   const size_t *out_counts, const size_t *out_offsets,
                   const dvm_type *out_types, struct dvm_request **request)
{
    struct side from = {in, in_counts, in_offsets, in_types};
    const struct side to = {out, out_counts, out_offsets, out_types};
    struct call c = CALL_STARTS(ALLTOALLW, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, &from, &to));
}

int dvm_alltoallw_init(dvm_group group, const void *in, const size_t *in_counts,
                       const size_t *in_offsets, const dvm_type *in_types, void *out,
                       const size_t *out_counts, const size_t *out_offsets,
                       const dvm_type *out_types, struct dvm_request **request)
{
    struct side from = {in, in_counts, in_offsets, in_types};
    const struct side to = {out, out_counts, out_offsets, out_types};
    struct call c = CALL_KEEPS(ALLTOALLW, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, &from, &to));
}
