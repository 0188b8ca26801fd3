/* calls_all.c: the public collectives in which everybody gives to everybody: allgather and
 * alltoall.
 */
#include "coll/calls.h"
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

/* With the algorithm for the longest block: what is put in the place of others is as long. */
static int gather_all(struct call *c, const struct blocks *all)
{
    size_t most = blocks_most(all, c->group->size);
    enum algorithm algorithm = call_choose(c, most * type_find(all->type)->size);

    /* these turn blocks about as bytes */
    if ((algorithm == ALGORITHM_BRUCK || algorithm == ALGORITHM_HOSTS) && !type_basic(all->type))
        algorithm = ALGORITHM_RING;
    if (algorithm == ALGORITHM_PIECES &&
        most * (size_t)c->group->size > UNLIKE_MOST * blocks_all(all, c->group->size))
        algorithm = ALGORITHM_RING;
    switch (algorithm) {
    case ALGORITHM_SHARED:
        return allgather_shared(c->schedule, all);
    case ALGORITHM_HOSTS:
        allgather_hosts(c->schedule, all);
        break;
    case ALGORITHM_PIECES:
        return allgather_pieces(c->schedule, all);
    case ALGORITHM_STAR:
        allgather_star(c->schedule, all);
        break;
    case ALGORITHM_BRUCK:
        allgather_bruck(c->schedule, all);
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
    struct call c = CALL(ALLGATHER);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
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

/* The same for a derived type: elements of its packed form, one behind the other. */
static struct blocks copy_packed(struct call *c, const struct blocks *out)
{
    struct schedule *s = c->schedule;
    size_t *counts = schedule_space(s, 2 * (size_t)s->size * sizeof *counts), all = 0, each = 1;
    struct blocks in = {.counts = counts, .type = DVM_BYTE};
    int rc = derived_packed(derived_known(out->type), &in.type, &each);

    if (rc != DVM_OK)
        s->rc = rc;
    for (int r = 0; counts && r < s->size; r++) {
        counts[r] = blocks_count(out, r) * each;
        counts[s->size + r] = all * each;
        all += blocks_count(out, r);
    }
    in.offsets = counts ? counts + s->size : NULL;
    in.base = schedule_space(s, all * type_find(out->type)->size);
    for (int r = 0; counts && in.base && r < s->size; r++)
        call_copy_elements(c, blocks_at(&in, r), in.type, blocks_at(out, r), out->type,
                           blocks_count(out, r));
    return in;
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
    case ALGORITHM_PIECES:
        call_copy_elements(c, blocks_at(out, me), out->type, blocks_at(in, me), in->type,
                           blocks_count(in, me));
        return alltoall_pieces(c->schedule, in, out);
    case ALGORITHM_HOSTS:
        if (type_basic(in->type) && type_basic(out->type))
            alltoall_hosts(c->schedule, in, out);
        else
            alltoall_spread(c->schedule, in, out);
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
    struct call c = CALL(ALLTOALL);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
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
