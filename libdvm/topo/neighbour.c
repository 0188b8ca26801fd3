/* neighbour.c: collectives among neighbours: each task gives to its destinations and takes
 * from its sources; neighbours that are not there (DVM_NULL) are passed over.
 *
 * Algorithm: all messages at once, receives first. Cost: a message for each neighbour each
 * way, all under way together; what a task gives to itself is copied. Used always: who has
 * few neighbours has nothing to win by passing on.
 *
 * Which of several messages between the same two tasks is which follows from their order.
 * In a graph, edges between the same two tasks are taken in the order of both lists. In a
 * grid, what goes in the negative direction comes from the positive one: in a ring of two,
 * where both neighbours are the same task, that decides. Source: MPI 4.0, section 8.6.
 */
#include <stdlib.h>

#include "coll/calls.h"
#include "group/entry.h"
#include "group/sink.h"
#include "topo/topology.h"
#include "type/derived.h"

/* What one side of an exchange has for each neighbour. */
struct side {
    const void *base;
    const size_t *counts, *offsets; /* by place; NULL: count elements each, one behind the other */
    size_t count;
    const dvm_type *types;          /* by place, offsets are bytes then; NULL: type */
    dvm_type type;
    bool one;                       /* all neighbours get the same block */
    bool lists, wide;               /* counts and offsets must be given; types, too */
};

static dvm_type type_at(const struct side *s, int place)
{
    return s->types ? s->types[place] : s->type;
}

static size_t count_at(const struct side *s, int place)
{
    return s->counts ? s->counts[place] : s->count;
}

/* Where the block of a place begins, in bytes. */
static ptrdiff_t offset_at(const struct side *s, int place)
{
    if (s->types)
        return (ptrdiff_t)s->offsets[place];
    return (ptrdiff_t)(s->one       ? 0
                       : s->offsets ? s->offsets[place]
                                    : s->count * (size_t)place) *
           derived_distance(s->type);
}

static const char *block_at(const struct side *s, int place)
{
    return (const char *)s->base + offset_at(s, place);
}

/* In a grid places 2d and 2d + 1 are the two directions of dimension d. */
static int source_place(const struct topology *t, int place)
{
    return t->kind == DVM_CART ? place ^ 1 : place;
}

/* ---- checks ------------------------------------------------------------------------------- */

static int check_block(const char *call, const struct side *s, int place, size_t *end)
{
    size_t bytes;
    int rc = sink_check_buffer(call, "", count_at(s, place), type_at(s, place), &bytes);

    if (rc == DVM_OK)
        rc = sink_check_into(call, count_at(s, place), type_at(s, place));
    if (rc == DVM_OK && __builtin_add_overflow(offset_at(s, place), bytes, end))
        rc = dvm_fail(DVM_ERR_ARG, "%s: count and offset of neighbour %d are more than memory can "
                                   "hold", call, place);
    if (rc == DVM_OK && bytes == 0)
        *end = 0;
    return rc;
}

/* Check the blocks of one side, for the neighbours that there are. given: of in. */
static int check_side(const char *call, const struct side *s, bool given, const int *ranks,
                      int count)
{
    int rc = DVM_OK;
    size_t end;

    if (s->base == DVM_IN_PLACE)
        return dvm_fail(DVM_ERR_ARG, "%s: DVM_IN_PLACE is not for neighbours; in and out must be "
                                     "different buffers", call);
    if (count > 0 && ((s->lists && (!s->counts || !s->offsets)) || (s->wide && !s->types)))
        return dvm_fail(DVM_ERR_ARG, "%s: counts, offsets and types must be given, one of each for "
                                     "each neighbour", call);
    if (!s->wide && !type_find(s->type))
        return sink_check_buffer(call, "", 0, s->type, &end);
    for (int i = 0; rc == DVM_OK && i < count; i++) {
        if (ranks[i] == DVM_NULL)
            continue;
        rc = check_block(call, s, i, &end);
        if (rc == DVM_OK && end > 0 && !s->base)
            rc = dvm_fail(DVM_ERR_ARG, "%s: %s is NULL, but there is something %s neighbour %d "
                                       "(rank %d)", call, given ? "in" : "out",
                          given ? "for" : "from", i, ranks[i]);
    }
    return rc;
}

/* ---- the exchange --------------------------------------------------------------------------- */

/* Check, or then copy, what this task gives to itself: the nth time it stands among its
 * destinations to the nth time it stands among its sources. */
static int own(struct call *c, bool copy, struct topology *t, const struct side *in,
               const struct side *out)
{
    const int *sources = topology_sources(t), *destinations = topology_destinations(t);
    int me = c->group->rank, from = -1;

    for (int i = 0; i < t->sources; i++) {
        int to = source_place(t, i);
        size_t given, wanted;

        if (sources[to] != me)
            continue;
        do
            from++;
        while (destinations[from] != me);
        given = count_at(in, from) * type_find(type_at(in, from))->size;
        wanted = count_at(out, to) * type_find(type_at(out, to))->size;
        if (given != wanted)
            return dvm_fail(DVM_ERR_TRUNCATE, "%s: rank %d gives itself %zu bytes and takes %zu",
                            call_text(c), me, given, wanted);
        if (copy)
            call_copy_elements(c, (void *)(uintptr_t)block_at(out, to), type_at(out, to),
                               block_at(in, from), type_at(in, from), count_at(in, from));
    }
    return DVM_OK;
}

static void append(struct schedule *s, struct topology *t, const struct side *in,
                   const struct side *out)
{
    const int *sources = topology_sources(t), *destinations = topology_destinations(t);

    for (int i = 0; i < t->sources; i++) {
        int place = source_place(t, i);

        if (sources[place] != DVM_NULL && sources[place] != s->rank)
            schedule_receive(s, sources[place], (void *)(uintptr_t)block_at(out, place),
                             count_at(out, place), type_at(out, place));
    }
    for (int i = 0; i < t->destinations; i++)
        if (destinations[i] != DVM_NULL && destinations[i] != s->rank)
            schedule_send(s, destinations[i], block_at(in, i), count_at(in, i), type_at(in, i));
}

/* What goes to a neighbour does not lie where what comes from the one at the same place goes,
 * which is what happens when in and out are the same. */
static int check_apart(const struct call *c, struct topology *t, const struct side *in,
                       const struct side *out)
{
    const int *sources = topology_sources(t), *destinations = topology_destinations(t);
    int rc = DVM_OK;

    for (int i = 0; rc == DVM_OK && i < t->sources && i < t->destinations; i++)
        if (sources[i] != DVM_NULL && destinations[i] != DVM_NULL && count_at(in, i) > 0 &&
            count_at(out, i) > 0)
            rc = call_apart(c, block_at(in, i), count_at(in, i), type_at(in, i),
                            block_at(out, i), count_at(out, i), type_at(out, i));
    return rc;
}

static int exchange(struct call *c, dvm_group group, const struct side *in,
                    const struct side *out)
{
    const char *call = call_text(c);
    struct topology *t = NULL;
    int rc = call_find(c, group, NULL);

    if (rc == DVM_OK && !(t = topology_find(group, call, NULL)))
        rc = DVM_ERR_GROUP;
    if (rc == DVM_OK)
        rc = check_side(call, in, true, topology_destinations(t), t->destinations);
    if (rc == DVM_OK)
        rc = check_side(call, out, false, topology_sources(t), t->sources);
    if (rc == DVM_OK)
        rc = check_apart(c, t, in, out);
    if (rc == DVM_OK)
        rc = own(c, false, t, in, out);
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK)
        return rc;
    own(c, true, t, in, out);
    if (c->schedule)
        append(c->schedule, t, in, out);
    return call_run(c);
}

/* ---- the public calls ----------------------------------------------------------------------- */

static int allgather(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                     dvm_type type)
{
    const struct side from = {.base = in, .count = count, .type = type, .one = true};
    const struct side to = {.base = out, .count = count, .type = type};

    return exchange(c, group, &from, &to);
}

int dvm_neighbour_allgather(dvm_group group, const void *in, void *out, size_t count,
                            dvm_type type)
{
    struct call c = CALL(NEIGHBOUR_ALLGATHER);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
}

int dvm_ineighbour_allgather(dvm_group group, const void *in, void *out, size_t count,
                             dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_STARTS(NEIGHBOUR_ALLGATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
}

int dvm_neighbour_allgather_init(dvm_group group, const void *in, void *out, size_t count,
                                 dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(NEIGHBOUR_ALLGATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(allgather(&c, group, in, out, count, type));
}

static int allgatherv(struct call *c, dvm_group group, const void *in, size_t count, void *out,
                      const size_t *counts, const size_t *offsets, dvm_type type)
{
    const struct side from = {.base = in, .count = count, .type = type, .one = true};
    const struct side to = {.base = out, .counts = counts, .offsets = offsets, .type = type,
                            .lists = true};

    return exchange(c, group, &from, &to);
}

int dvm_neighbour_allgatherv(dvm_group group, const void *in, size_t count, void *out,
                             const size_t *counts, const size_t *offsets, dvm_type type)
{
    struct call c = CALL(NEIGHBOUR_ALLGATHERV);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

int dvm_ineighbour_allgatherv(dvm_group group, const void *in, size_t count, void *out,
                              const size_t *counts, const size_t *offsets, dvm_type type,
                              struct dvm_request **request)
{
    struct call c = CALL_STARTS(NEIGHBOUR_ALLGATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

int dvm_neighbour_allgatherv_init(dvm_group group, const void *in, size_t count, void *out,
                                  const size_t *counts, const size_t *offsets, dvm_type type,
                                  struct dvm_request **request)
{
    struct call c = CALL_KEEPS(NEIGHBOUR_ALLGATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(allgatherv(&c, group, in, count, out, counts, offsets, type));
}

static int alltoall(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                    dvm_type type)
{
    const struct side from = {.base = in, .count = count, .type = type};
    const struct side to = {.base = out, .count = count, .type = type};

    return exchange(c, group, &from, &to);
}

int dvm_neighbour_alltoall(dvm_group group, const void *in, void *out, size_t count,
                           dvm_type type)
{
    struct call c = CALL(NEIGHBOUR_ALLTOALL);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
}

int dvm_ineighbour_alltoall(dvm_group group, const void *in, void *out, size_t count,
                            dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_STARTS(NEIGHBOUR_ALLTOALL, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
}

int dvm_neighbour_alltoall_init(dvm_group group, const void *in, void *out, size_t count,
                                dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(NEIGHBOUR_ALLTOALL, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoall(&c, group, in, out, count, type));
}

static int alltoallv(struct call *c, dvm_group group, const void *in, const size_t *in_counts,
                     const size_t *in_offsets, void *out, const size_t *out_counts,
                     const size_t *out_offsets, dvm_type type)
{
    const struct side from = {.base = in, .counts = in_counts, .offsets = in_offsets,
                              .type = type, .lists = true};
    const struct side to = {.base = out, .counts = out_counts, .offsets = out_offsets,
                            .type = type, .lists = true};

    return exchange(c, group, &from, &to);
}

int dvm_neighbour_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                            const size_t *in_offsets, void *out, const size_t *out_counts,
                            const size_t *out_offsets, dvm_type type)
{
    struct call c = CALL(NEIGHBOUR_ALLTOALLV);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}

int dvm_ineighbour_alltoallv(dvm_group group, const void *in, const size_t *in_counts,
                             const size_t *in_offsets, void *out, const size_t *out_counts,
                             const size_t *out_offsets, dvm_type type,
                             struct dvm_request **request)
{
    struct call c = CALL_STARTS(NEIGHBOUR_ALLTOALLV, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}

int dvm_neighbour_alltoallv_init(dvm_group group, const void *in, const size_t *in_counts,
                                 const size_t *in_offsets, void *out, const size_t *out_counts,
                                 const size_t *out_offsets, dvm_type type,
                                 struct dvm_request **request)
{
    struct call c = CALL_KEEPS(NEIGHBOUR_ALLTOALLV, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallv(&c, group, in, in_counts, in_offsets, out, out_counts,
                               out_offsets, type));
}

static int alltoallw(struct call *c, dvm_group group, const void *in, const size_t *in_counts,
                     const size_t *in_offsets, const dvm_type *in_types, void *out,
                     const size_t *out_counts, const size_t *out_offsets,
                     const dvm_type *out_types)
{
    const struct side from = {.base = in, .counts = in_counts, .offsets = in_offsets,
                              .types = in_types, .lists = true, .wide = true};
    const struct side to = {.base = out, .counts = out_counts, .offsets = out_offsets,
                            .types = out_types, .lists = true, .wide = true};

    return exchange(c, group, &from, &to);
}

int dvm_neighbour_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                            const size_t *in_offsets, const dvm_type *in_types, void *out,
                            const size_t *out_counts, const size_t *out_offsets,
                            const dvm_type *out_types)
{
    struct call c = CALL(NEIGHBOUR_ALLTOALLW);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, in, in_counts, in_offsets, in_types, out, out_counts,
                               out_offsets, out_types));
}

int dvm_ineighbour_alltoallw(dvm_group group, const void *in, const size_t *in_counts,
                             const size_t *in_offsets, const dvm_type *in_types, void *out,
                             const size_t *out_counts, const size_t *out_offsets,
                             const dvm_type *out_types, struct dvm_request **request)
{
    struct call c = CALL_STARTS(NEIGHBOUR_ALLTOALLW, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, in, in_counts, in_offsets, in_types, out, out_counts,
                               out_offsets, out_types));
}

int dvm_neighbour_alltoallw_init(dvm_group group, const void *in, const size_t *in_counts,
                                 const size_t *in_offsets, const dvm_type *in_types, void *out,
                                 const size_t *out_counts, const size_t *out_offsets,
                                 const dvm_type *out_types, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(NEIGHBOUR_ALLTOALLW, request);

    ENTRY_BEGIN();
    return dvm_leave(alltoallw(&c, group, in, in_counts, in_offsets, in_types, out, out_counts,
                               out_offsets, out_types));
}
