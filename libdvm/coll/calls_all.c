/* calls_all.c: the public collectives in which everybody gives to everybody: allgather and
 * alltoall.
 */
#include "coll/calls.h"
#include "coll/plain.h"
#include "coll/shared.h"
#include "group/entry.h"
#include "type/derived.h"

#define UNLIKE_MOST 4 /* times what blocks have, that pieces of the longest may come to */

/* This task's block is put into its place, unless it is there. */
static void put_own(struct call *c, const struct blocks *all, const void *in)
{
    int rank = c->group->rank;

    if (in != DVM_IN_PLACE)
        call_copy_elements(c, blocks_at(all, rank), all->type, in, all->type,
                           blocks_count(all, rank));
}

/* Room for blocks as those of a derived type, without gaps: elements of its packed form, one
 * behind the other. No base: no memory, as the schedule knows. */
static struct blocks packed_room(struct call *c, const struct blocks *like)
{
    struct schedule *s = c->schedule;
    size_t n = (size_t)s->size, all = 0, each = 1;
    struct blocks b = {.type = DVM_BYTE};
    int rc = derived_packed(derived_known(like->type), &b.type, &each);
    size_t *counts = like->counts ? schedule_space(s, 2 * n * sizeof *counts) : NULL;

    if (rc != DVM_OK)
        s->rc = rc;
    b.count = like->count * each;
    b.counts = counts;
    b.offsets = counts ? counts + n : NULL;
    for (size_t r = 0; counts && r < n; r++) {
        counts[r] = like->counts[r] * each;
        counts[n + r] = all * each;
        all += like->counts[r];
    }
    b.base = schedule_space(s, blocks_all(like, s->size) * type_find(like->type)->size);
    return b;
}

/* From such a room to where the blocks belong, as steps; but that of one rank (DVM_NULL: none). */
static void unpack(struct schedule *s, const struct blocks *all, const struct blocks *packed,
                   int but)
{
    schedule_round(s);
    for (int r = 0; r < s->size; r++)
        if (r != but)
            schedule_copy_between(s, blocks_at(all, r), all->type, blocks_at(packed, r),
                                  packed->type, blocks_count(packed, r));
}

/* By an algorithm that turns blocks about as bytes. */
static void gather_turned(struct schedule *s, const struct blocks *all, enum algorithm algorithm)
{
    if (algorithm == ALGORITHM_HOSTS)
        allgather_hosts(s, all);
    else
        allgather_bruck(s, all);
}

/* The same where elements have gaps, at this task or only at others: all must take part in one
 * algorithm, and see the same bytes. */
static void gather_packed(struct call *c, const struct blocks *all, enum algorithm algorithm)
{
    struct schedule *s = c->schedule;
    struct blocks packed = packed_room(c, all);

    if (!packed.base)
        return;
    schedule_copy_between(s, blocks_at(&packed, s->rank), packed.type, blocks_at(all, s->rank),
                          all->type, blocks_count(all, s->rank));
    gather_turned(s, &packed, algorithm);
    unpack(s, all, &packed, s->rank);
}

/* With the algorithm for the longest block: what is put in the place of others is as long. */
static int gather_all(struct call *c, const struct blocks *all)
{
    size_t most = blocks_most(all, c->group->size);
    enum algorithm algorithm = call_choose(c, most * type_find(all->type)->size);
    int rc;

    if (algorithm == ALGORITHM_PIECES &&
        most * (size_t)c->group->size > UNLIKE_MOST * blocks_all(all, c->group->size))
        algorithm = ALGORITHM_RING;
    switch (algorithm) {
    case ALGORITHM_SHARED:
        rc = allgather_shared(c->schedule, all);
        if (rc == DVM_OK && c->kind == COLL_ALLGATHER)
            plain_learn_blocks(c, all->count, all->type);
        return rc;
    case ALGORITHM_HOSTS:
    case ALGORITHM_BRUCK:
        if (type_basic(all->type))
            gather_turned(c->schedule, all, algorithm);
        else
            gather_packed(c, all, algorithm);
        break;
    case ALGORITHM_PIECES:
        return allgather_pieces(c->schedule, all);
    case ALGORITHM_STAR:
        allgather_star(c->schedule, all);
        break;
    default:
        allgather_ring(c->schedule, all);
    }
    return call_run(c);
}

static int allgather(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                     dvm_type type)
{
    const struct blocks all = {.base = out, .count = count, .type = type};
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_buffer(c, in, count, 1, type);
    if (rc == DVM_OK)
        rc = call_buffer(c, out, count, (size_t)c->group->size, type);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_apart_own(c, in, count, &all, c->group->rank);
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK)
        return rc;
    put_own(c, &all, in);
    if (!c->schedule)
        return call_run(c);
    return gather_all(c, &all);
}

int dvm_allgather(dvm_group group, const void *in, void *out, size_t count, dvm_type type)
{
    ENTRY_BEGIN();
    if (!plain_allgather(group, in, out, count, type, ENTRY_SITE())) {
        struct call c = CALL(ALLGATHER);

        return dvm_leave(allgather(&c, group, in, out, count, type));
    }
    return dvm_leave(DVM_OK);
}

int dvm_iallgather(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                   struct dvm_request **request)
{
    struct call c = CALL_STARTS(ALLGATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
}

int dvm_allgather_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                       struct dvm_request **request)
{
    struct call c = CALL_KEEPS(ALLGATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
}

static int allgatherv(struct call *c, dvm_group group, const void *in, size_t count, void *out,
                      const size_t *counts, const size_t *offsets, dvm_type type)
{
    const struct blocks all = {.base = out, .counts = counts, .offsets = offsets, .type = type};
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK)
        rc = call_blocks(c, &all);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_buffer(c, in, count, 1, type);
    if (rc == DVM_OK && in != DVM_IN_PLACE && count != counts[c->group->rank])
        rc = dvm_fail(DVM_ERR_TRUNCATE, "%s: rank %d gives %zu elements, but its counts say %zu "
                                        "for it", call_text(c), c->group->rank, count,
                      counts[c->group->rank]);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_apart_own(c, in, count, &all, c->group->rank);
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK)
        return rc;
    put_own(c, &all, in);
    if (!c->schedule)
        return call_run(c);
    return gather_all(c, &all);
}

int dvm_allgatherv(dvm_group group, const void *in, size_t count, void *out, const size_t *counts,
                   const size_t *offsets, dvm_type type)
{
    struct call c = CALL(ALLGATHERV);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

int dvm_iallgatherv(dvm_group group, const void *in, size_t count, void *out,
                    const size_t *counts, const size_t *offsets, dvm_type type,
                    struct dvm_request **request)
{
    struct call c = CALL_STARTS(ALLGATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

int dvm_allgatherv_init(dvm_group group, const void *in, size_t count, void *out,
                        const size_t *counts, const size_t *offsets, dvm_type type,
                        struct dvm_request **request)
{
    struct call c = CALL_KEEPS(ALLGATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

/* What is sent, without gaps. */
static struct blocks copy_packed(struct call *c, const struct blocks *from)
{
    struct blocks in = packed_room(c, from);

    for (int r = 0; in.base && r < c->schedule->size; r++)
        call_copy_elements(c, blocks_at(&in, r), in.type, blocks_at(from, r), from->type,
                           blocks_count(from, r));
    return in;
}

/* By two levels, which know elements without gaps. */
static void exchange_hosts(struct call *c, const struct blocks *in, const struct blocks *out)
{
    struct blocks from = type_basic(in->type) ? *in : copy_packed(c, in);
    struct blocks to = type_basic(out->type) ? *out : packed_room(c, out);

    if (c->schedule->rc != DVM_OK)
        return;
    alltoall_hosts(c->schedule, &from, &to);
    if (to.base != out->base)
        unpack(c->schedule, out, &to, DVM_NULL);
}

/* What is sent when in and out are the same: a copy of out's blocks, as the schedule's memory. */
static struct blocks copy_blocks(struct call *c, const struct blocks *out)
{
    struct schedule *s = c->schedule;
    size_t size = type_find(out->type)->size, most = 0;
    struct blocks in = *out;

    for (int r = 0; r < s->size; r++) {
        size_t end = out->offsets ? out->offsets[r] + out->counts[r]
                                  : out->count * (size_t)(r + 1);

        if (end > most)
            most = end;
    }
    in.base = schedule_space(s, most * size);
    if (in.base)
        call_copy(c, in.base, out->base, most * size);
    return in;
}

/* bytes: of one block, as all members know it; SIZE_MAX: they do not. */
static int exchange(struct call *c, struct blocks *in, const struct blocks *out, size_t bytes)
{
    enum algorithm algorithm = ALGORITHM_SPREAD;
    int rc = call_begin(c, 0), me = c->group->rank;

    if (rc != DVM_OK)
        return rc;
    if (!c->schedule) {
        if (in->base != DVM_IN_PLACE)
            call_copy_elements(c, blocks_at(out, 0), out->type, blocks_at(in, 0), out->type,
                               blocks_count(out, 0));
        return call_run(c);
    }
    if (in->base == DVM_IN_PLACE)
        *in = type_basic(out->type) ? copy_blocks(c, out) : copy_packed(c, out);
    if (bytes != SIZE_MAX && c->schedule->rc == DVM_OK)
        algorithm = call_choose(c, bytes);
    switch (algorithm) {
    case ALGORITHM_SHARED:
        call_copy_elements(c, blocks_at(out, me), out->type, blocks_at(in, me), in->type,
                           blocks_count(in, me));
        rc = alltoall_shared(c->schedule, in, out);
        if (rc == DVM_OK && c->kind == COLL_ALLTOALL)
            plain_learn_blocks(c, out->count, out->type);
        return rc;
    case ALGORITHM_PIECES:
        return alltoall_pieces(c->schedule, in, out);
    case ALGORITHM_HOSTS:
        exchange_hosts(c, in, out);
        break;
    case ALGORITHM_PAIRWISE:
        alltoall_pairwise(c->schedule, in, out);
        break;
    default:
        alltoall_spread(c->schedule, in, out);
    }
    return call_run(c);
}

static int alltoall(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                    dvm_type type)
{
    struct blocks from = {.base = (void *)(uintptr_t)in, .count = count, .type = type};
    const struct blocks to = {.base = out, .count = count, .type = type};
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_buffer(c, in, count, (size_t)c->group->size, type);
    if (rc == DVM_OK)
        rc = call_buffer(c, out, count, (size_t)c->group->size, type);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_apart(c, in, count * (size_t)c->group->size, type, out,
                        count * (size_t)c->group->size, type);
    if (rc == DVM_OK)
        rc = exchange(c, &from, &to, count * type_find(type)->size);
    return rc;
}

int dvm_alltoall(dvm_group group, const void *in, void *out, size_t count, dvm_type type)
{
    ENTRY_BEGIN();
    if (!plain_alltoall(group, in, out, count, type, ENTRY_SITE())) {
        struct call c = CALL(ALLTOALL);

        return dvm_leave(alltoall(&c, group, in, out, count, type));
    }
    return dvm_leave(DVM_OK);
}

int dvm_ialltoall(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                  struct dvm_request **request)
{
    struct call c = CALL_STARTS(ALLTOALL, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
}

int dvm_alltoall_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                      struct dvm_request **request)
{
    struct call c = CALL_KEEPS(ALLTOALL, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
}

static int alltoallv(struct call *c, dvm_group group, const void *in, const size_t *in_counts,
                     const size_t *in_offsets, void *out, const size_t *out_counts,
                     const size_t *out_offsets, dvm_type type)
{
    struct blocks from = {.base = (void *)(uintptr_t)in, .counts = in_counts,
                          .offsets = in_offsets, .type = type};
    const struct blocks to = {
        .base = out, .counts = out_counts, .offsets = out_offsets, .type = type};
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK && in != DVM_IN_PLACE)
        rc = call_blocks(c, &from);
    if (rc == DVM_OK)
        rc = call_blocks(c, &to);
    if (rc == DVM_OK && in != DVM_IN_PLACE &&
        in_counts[c->group->rank] != out_counts[c->group->rank])
        rc = dvm_fail(DVM_ERR_TRUNCATE, "%s: rank %d gives itself %zu elements and takes %zu",
                      call_text(c), c->group->rank, in_counts[c->group->rank],
                      out_counts[c->group->rank]);
    for (int r = 0; rc == DVM_OK && in != DVM_IN_PLACE && r < c->group->size; r++)
        if (in_counts[r] > 0 && out_counts[r] > 0)
            rc = call_apart(c, blocks_at(&from, r), in_counts[r], type, blocks_at(&to, r),
                            out_counts[r], type);
    if (rc == DVM_OK)
        rc = exchange(c, &from, &to, SIZE_MAX);
    return rc;
}

int dvm_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                  const size_t *in_offsets, void *out, const size_t *out_counts,
                  const size_t *out_offsets, dvm_type type)
{
    struct call c = CALL(ALLTOALLV);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}

int dvm_ialltoallv(dvm_group group, const void *in, const size_t *in_counts,
                   const size_t *in_offsets, void *out, const size_t *out_counts,
                   const size_t *out_offsets, dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_STARTS(ALLTOALLV, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}

int dvm_alltoallv_init(dvm_group group, const void *in, const size_t *in_counts,
                       const size_t *in_offsets, void *out, const size_t *out_counts,
                       const size_t *out_offsets, dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(ALLTOALLV, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}
