/* calls_data.c: the public collectives that move data: barrier, broadcast, gather, scatter. */
#include "coll/calls.h"
#include "coll/plain.h"
#include "coll/shared.h"
#include "group/entry.h"
#include "type/type.h"

int call_barrier(struct call *c, dvm_group group)
{
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK || !c->schedule)
        return rc == DVM_OK ? call_run(c) : rc;
    switch (call_choose(c, 0)) {
    case ALGORITHM_SHARED:
        rc = barrier_shared(c->schedule);
        if (rc == DVM_OK)
            plain_learn_barrier(c);
        return rc;
    case ALGORITHM_HOSTS:
        barrier_hosts(c->schedule);
        break;
    case ALGORITHM_STAR:
        barrier_star(c->schedule);
        break;
    default:
        barrier_dissemination(c->schedule);
    }
    return call_run(c);
}

int dvm_barrier(dvm_group group)
{
    ENTRY_BEGIN();
    if (!plain_barrier(group, ENTRY_SITE())) {
        struct call c = CALL(BARRIER);

        return dvm_leave(call_barrier(&c, group));
    }
    return dvm_leave(DVM_OK);
}

int dvm_ibarrier(dvm_group group, struct dvm_request **request)
{
    struct call c = CALL_STARTS(BARRIER, request);

    ENTRY_BEGIN();
    return dvm_leave(call_barrier(&c, group));
}

int dvm_barrier_init(dvm_group group, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(BARRIER, request);

    ENTRY_BEGIN();
    return dvm_leave(call_barrier(&c, group));
}

static int bcast(struct call *c, dvm_group group, int root, void *buf, size_t count,
                 dvm_type type)
{
    int rc;

    rc = call_find(c, group, &root);
    if (rc == DVM_OK)
        rc = call_buffer(c, buf, count, 1, type);
    if (rc == DVM_OK)
        rc = call_begin(c, (unsigned)root);
    if (rc != DVM_OK || !c->schedule)
        return rc == DVM_OK ? call_run(c) : rc;
    switch (call_choose(c, count * type_find(type)->size)) {
    case ALGORITHM_SHARED:
        rc = bcast_shared(c->schedule, root, buf, count, type);
        if (rc == DVM_OK)
            plain_learn(c, root, count, type, 0);
        return rc;
    case ALGORITHM_HOSTS:
        bcast_hosts(c->schedule, root, buf, count, type);
        break;
    case ALGORITHM_PIECES:
        return bcast_pieces(c->schedule, root, buf, count, type);
    case ALGORITHM_STAR:
        bcast_star(c->schedule, root, buf, count, type);
        break;
    case ALGORITHM_SCATTER_RING:
        bcast_scatter_ring(c->schedule, root, buf, count, type);
        break;
    default:
        bcast_binomial(c->schedule, root, buf, count, type);
    }
    return call_run(c);
}

int dvm_bcast(dvm_group group, int root, void *buf, size_t count, dvm_type type)
{
    ENTRY_BEGIN();
    if (!plain_bcast(group, root, buf, count, type, ENTRY_SITE())) {
        struct call c = CALL(BCAST);

        return dvm_leave(bcast(&c, group, root, buf, count, type));
    }
    return dvm_leave(DVM_OK);
}

int dvm_ibcast(dvm_group group, int root, void *buf, size_t count, dvm_type type,
               struct dvm_request **request)
{
    struct call c = CALL_STARTS(BCAST, request);

    ENTRY_BEGIN();
    return dvm_leave(bcast(&c, group, root, buf, count, type));
}

int dvm_bcast_init(dvm_group group, int root, void *buf, size_t count, dvm_type type,
                   struct dvm_request **request)
{
    struct call c = CALL_KEEPS(BCAST, request);

    ENTRY_BEGIN();
    return dvm_leave(bcast(&c, group, root, buf, count, type));
}

/* A gather or scatter: at the root all blocks, elsewhere and there this task's own. */
struct rooted {
    int root;
    void *own; /* DVM_IN_PLACE at the root: it is in its place among all */
    size_t count;
    struct blocks all;
    bool varying; /* blocks of unlike sizes */
};

static int rooted_check(struct call *c, struct rooted *r)
{
    bool at_root = c->group->rank == r->root;
    bool in_place = at_root && r->own == DVM_IN_PLACE;
    int rc = DVM_OK;

    if (at_root)
        rc = r->varying ? call_blocks(c, &r->all)
                        : call_buffer(c, r->all.base, r->count, (size_t)c->group->size,
                                      r->all.type);
    if (rc == DVM_OK && !in_place)
        rc = call_buffer(c, r->own, r->count, 1, r->all.type);
    if (rc == DVM_OK && at_root && r->varying && !in_place && r->count != r->all.counts[r->root])
        rc = dvm_fail(DVM_ERR_TRUNCATE, "%s: the root's own block has %zu elements, but its count "
                                        "says %zu", call_text(c), r->count,
                      r->all.counts[r->root]);
    if (rc == DVM_OK && at_root && !in_place)
        rc = call_apart_own(c, r->own, r->count, &r->all, r->root);
    if (rc == DVM_OK && in_place) {
        r->own = blocks_at(&r->all, r->root);
        r->count = blocks_count(&r->all, r->root);
    }
    return rc;
}

/* The root's own block to its place. */
static void rooted_copy(struct call *c, const struct rooted *r, bool gathers)
{
    void *place = blocks_at(&r->all, r->root);

    call_copy_elements(c, gathers ? place : r->own, r->all.type, gathers ? r->own : place,
                       r->all.type, r->count);
}

/* In a group of one the block is copied. */
static int rooted_run(struct call *c, dvm_group group, struct rooted *r)
{
    bool gathers = c->kind == COLL_GATHER || c->kind == COLL_GATHERV;
    enum algorithm algorithm = ALGORITHM_LINEAR;
    int rc = call_find(c, group, &r->root);

    if (rc == DVM_OK)
        rc = rooted_check(c, r);
    if (rc == DVM_OK)
        rc = call_begin(c, (unsigned)r->root);
    if (rc != DVM_OK)
        return rc;
    if (c->schedule && !r->varying) /* else only the root knows all sizes */
        algorithm = call_choose(c, r->count * type_find(r->all.type)->size);
    if (!c->schedule) {
        rooted_copy(c, r, gathers);
    } else if (algorithm == ALGORITHM_SHARED) {
        if (c->group->rank == r->root)
            rooted_copy(c, r, gathers);
        return gathers ? gather_shared(c->schedule, r->root, r->own, &r->all)
                       : scatter_shared(c->schedule, r->root, r->own, &r->all);
    } else if (gathers) {
        (algorithm == ALGORITHM_HOSTS ? gather_hosts : gather_linear)(c->schedule, r->root, r->own,
                                                                      r->count, &r->all);
    } else {
        (algorithm == ALGORITHM_HOSTS ? scatter_hosts : scatter_linear)(
            c->schedule, r->root, r->own, r->count, &r->all);
    }
    return call_run(c);
}

static int gather(struct call *c, dvm_group group, int root, const void *in, void *out,
                  size_t count, dvm_type type)
{
    return rooted_run(c, group, &(struct rooted){
        .root = root, .own = (void *)(uintptr_t)in, .count = count,
        .all = {.base = out, .count = count, .type = type}});
}

int dvm_gather(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type)
{
    struct call c = CALL(GATHER);

    ENTRY_BEGIN();
    return dvm_leave(gather(&c, group, root, in, out, count, type));
}

int dvm_igather(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type,
                struct dvm_request **request)
{
    struct call c = CALL_STARTS(GATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(gather(&c, group, root, in, out, count, type));
}

int dvm_gather_init(dvm_group group, int root, const void *in, void *out, size_t count,
                    dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(GATHER, request);

    ENTRY_BEGIN();
    return dvm_leave(gather(&c, group, root, in, out, count, type));
}

static int gatherv(struct call *c, dvm_group group, int root, const void *in, size_t count,
                   void *out, const size_t *counts, const size_t *offsets, dvm_type type)
{
    return rooted_run(c, group, &(struct rooted){
        .root = root, .own = (void *)(uintptr_t)in, .count = count, .varying = true,
        .all = {.base = out, .counts = counts, .offsets = offsets, .type = type}});
}

int dvm_gatherv(dvm_group group, int root, const void *in, size_t count, void *out,
                const size_t *counts, const size_t *offsets, dvm_type type)
{
    struct call c = CALL(GATHERV);

    ENTRY_BEGIN();
    return dvm_leave(gatherv(&c, group, root, in, count, out, counts, offsets, type));
}

int dvm_igatherv(dvm_group group, int root, const void *in, size_t count, void *out,
                 const size_t *counts, const size_t *offsets, dvm_type type,
                 struct dvm_request **request)
{
    struct call c = CALL_STARTS(GATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(gatherv(&c, group, root, in, count, out, counts, offsets, type));
}

int dvm_gatherv_init(dvm_group group, int root, const void *in, size_t count, void *out,
                     const size_t *counts, const size_t *offsets, dvm_type type,
                     struct dvm_request **request)
{
    struct call c = CALL_KEEPS(GATHERV, request);

    ENTRY_BEGIN();
    return dvm_leave(gatherv(&c, group, root, in, count, out, counts, offsets, type));
}

static int scatter(struct call *c, dvm_group group, int root, const void *in, void *out,
                   size_t count, dvm_type type)
{
    return rooted_run(c, group, &(struct rooted){
        .root = root, .own = out, .count = count,
        .all = {.base = (void *)(uintptr_t)in, .count = count, .type = type}});
}

int dvm_scatter(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type)
{
    struct call c = CALL(SCATTER);

    ENTRY_BEGIN();
    return dvm_leave(scatter(&c, group, root, in, out, count, type));
}

int dvm_iscatter(dvm_group group, int root, const void *in, void *out, size_t count,
                 dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_STARTS(SCATTER, request);

    ENTRY_BEGIN();
    return dvm_leave(scatter(&c, group, root, in, out, count, type));
}

int dvm_scatter_init(dvm_group group, int root, const void *in, void *out, size_t count,
                     dvm_type type, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(SCATTER, request);

    ENTRY_BEGIN();
    return dvm_leave(scatter(&c, group, root, in, out, count, type));
}

static int scatterv(struct call *c, dvm_group group, int root, const void *in,
                    const size_t *counts, const size_t *offsets, void *out, size_t count,
                    dvm_type type)
{
    return rooted_run(c, group, &(struct rooted){
        .root = root, .own = out, .count = count, .varying = true,
        .all = {.base = (void *)(uintptr_t)in, .counts = counts, .offsets = offsets,
                .type = type}});
}

int dvm_scatterv(dvm_group group, int root, const void *in, const size_t *counts,
                 const size_t *offsets, void *out, size_t count, dvm_type type)
{
    struct call c = CALL(SCATTERV);

    ENTRY_BEGIN();
    return dvm_leave(scatterv(&c, group, root, in, counts, offsets, out, count, type));
}

int dvm_iscatterv(dvm_group group, int root, const void *in, const size_t *counts,
                  const size_t *offsets, void *out, size_t count, dvm_type type,
                  struct dvm_request **request)
{
    struct call c = CALL_STARTS(SCATTERV, request);

    ENTRY_BEGIN();
    return dvm_leave(scatterv(&c, group, root, in, counts, offsets, out, count, type));
}

int dvm_scatterv_init(dvm_group group, int root, const void *in, const size_t *counts,
                      const size_t *offsets, void *out, size_t count, dvm_type type,
                      struct dvm_request **request)
{
    struct call c = CALL_KEEPS(SCATTERV, request);

    ENTRY_BEGIN();
    return dvm_leave(scatterv(&c, group, root, in, counts, offsets, out, count, type));
}
