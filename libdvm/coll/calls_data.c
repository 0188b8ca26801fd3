/* calls_data.c: the public collectives that move data: barrier, broadcast, gather, scatter. */
#include <string.h>

#include "coll/calls.h"
#include "group/entry.h"
#include "type/type.h"

int dvm_barrier(dvm_group group)
{
    struct call c = {.kind = COLL_BARRIER, .site = ENTRY_SITE()};
    int rc;

    ENTRY_BEGIN();
    rc = call_find(&c, group, NULL);
    if (rc == DVM_OK)
        rc = call_begin(&c, 0);
    if (rc != DVM_OK || !c.schedule)
        return dvm_leave(rc);
    if (call_choose(&c, 0) == ALGORITHM_STAR)
        barrier_star(c.schedule);
    else
        barrier_dissemination(c.schedule);
    return dvm_leave(schedule_run(c.schedule));
}

int dvm_bcast(dvm_group group, int root, void *buf, size_t count, dvm_type type)
{
    struct call c = {.kind = COLL_BCAST, .site = ENTRY_SITE()};
    int rc;

    ENTRY_BEGIN();
    rc = call_find(&c, group, &root);
    if (rc == DVM_OK)
        rc = call_buffer(&c, buf, count, 1, type);
    if (rc == DVM_OK)
        rc = call_begin(&c, (unsigned)root);
    if (rc != DVM_OK || !c.schedule)
        return dvm_leave(rc);
    switch (call_choose(&c, count * type_find(type)->size)) {
    case ALGORITHM_STAR:
        bcast_star(c.schedule, root, buf, count, type);
        break;
    case ALGORITHM_SCATTER_RING:
        bcast_scatter_ring(c.schedule, root, buf, count, type);
        break;
    default:
        bcast_binomial(c.schedule, root, buf, count, type);
    }
    return dvm_leave(schedule_run(c.schedule));
}

/* A gather or scatter: at the root all blocks, elsewhere and there this task's own. */
struct rooted {
    int root;
    void *own; /* DVM_IN_PLACE at the root: it is in its place among all */
    size_t count;
    struct blocks all;
    bool varying; /* blocks of unlike sizes */
};

static int rooted_check(const struct call *c, struct rooted *r)
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
                                        "says %zu", coll_call(c->kind), r->count,
                      r->all.counts[r->root]);
    if (rc == DVM_OK && in_place) {
        r->own = blocks_at(&r->all, r->root);
        r->count = blocks_count(&r->all, r->root);
    }
    return rc;
}

/* In a group of one the block is copied. */
static int rooted_run(enum coll_kind kind, uintptr_t site, dvm_group group, struct rooted *r)
{
    struct call c = {.kind = kind, .site = site};
    bool gathers = kind == COLL_GATHER || kind == COLL_GATHERV;
    int rc = call_find(&c, group, &r->root);

    if (rc == DVM_OK)
        rc = rooted_check(&c, r);
    if (rc == DVM_OK)
        rc = call_begin(&c, (unsigned)r->root);
    if (rc != DVM_OK)
        return rc;
    if (!c.schedule) {
        void *place = blocks_at(&r->all, 0);

        if (r->count > 0)
            memmove(gathers ? place : r->own, gathers ? r->own : place,
                    r->count * type_find(r->all.type)->size);
        return DVM_OK;
    }
    if (gathers)
        gather_linear(c.schedule, r->root, r->own, r->count, &r->all);
    else
        scatter_linear(c.schedule, r->root, r->own, r->count, &r->all);
    return schedule_run(c.schedule);
}

int dvm_gather(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type)
{
    struct rooted r = {.root = root, .own = (void *)(uintptr_t)in, .count = count,
                       .all = {.base = out, .count = count, .type = type}};
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(rooted_run(COLL_GATHER, site, group, &r));
}

int dvm_gatherv(dvm_group group, int root, const void *in, size_t count, void *out,
                const size_t *counts, const size_t *offsets, dvm_type type)
{
    struct rooted r = {.root = root, .own = (void *)(uintptr_t)in, .count = count, .varying = true,
                       .all = {.base = out, .counts = counts, .offsets = offsets, .type = type}};
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(rooted_run(COLL_GATHERV, site, group, &r));
}

int dvm_scatter(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type)
{
    struct rooted r = {.root = root, .own = out, .count = count,
                       .all = {.base = (void *)(uintptr_t)in, .count = count, .type = type}};
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(rooted_run(COLL_SCATTER, site, group, &r));
}

int dvm_scatterv(dvm_group group, int root, const void *in, const size_t *counts,
                 const size_t *offsets, void *out, size_t count, dvm_type type)
{
    struct rooted r = {.root = root, .own = out, .count = count, .varying = true,
                       .all = {.base = (void *)(uintptr_t)in, .counts = counts,
                               .offsets = offsets, .type = type}};
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(rooted_run(COLL_SCATTERV, site, group, &r));
}
