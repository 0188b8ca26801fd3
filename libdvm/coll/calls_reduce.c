/* calls_reduce.c: the public reductions. */
#include <stdlib.h>

#include "coll/operand.h"
#include "coll/plain.h"
#include "coll/shared.h"
#include "group/entry.h"
#include "group/sink.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

/* Check what a reduction was given: in has in_blocks of count elements, out has one, and is used
 * by this task where needs_out. DVM_IN_PLACE as in: out is both. Errors: TYPE, OP, ARG. */
static int check(struct call *c, struct reduction *r, size_t in_blocks, bool needs_out)
{
    const char *name = call_text(c);
    bool in_place = r->in == DVM_IN_PLACE && needs_out;
    int rc = call_buffer(c, in_place ? r->out : r->in, r->count, in_blocks, r->type);

    if (rc == DVM_OK && needs_out)
        rc = call_buffer(c, r->out, r->count, 1, r->type);
    if (rc == DVM_OK)
        rc = op_check(name, r->op, r->type);
    if (rc != DVM_OK)
        return rc;
    if (in_place)
        r->in = r->out;
    return needs_out && !in_place ? call_apart(c, r->in, in_blocks * r->count, r->type, r->out,
                                               r->count, r->type)
                                  : DVM_OK;
}

/* A group of one: the result is what it gave. */
static int alone(struct call *c, const struct reduction *r)
{
    call_copy_elements(c, r->out, r->type, r->in, r->type, r->count);
    return call_run(c);
}

/* As call_choose. Pieces have whole elements, of which tasks may give each other's as more and
 * smaller ones to an operator of the user's. */
static enum algorithm choose_for(const struct call *c, size_t bytes, dvm_op op)
{
    enum algorithm algorithm = call_choose(c, bytes);

    bool whole = algorithm == ALGORITHM_PIECES || algorithm == ALGORITHM_PAIRS;

    return whole && op >= DVM_OP_COUNT ? ALGORITHM_COUNT : algorithm;
}

static int reduce(struct call *c, dvm_group group, int root, const void *in, void *out,
                  size_t count, dvm_type type, dvm_op op)
{
    struct reduction r = {in, out, count, type, op};
    struct operand o;
    size_t times;
    int rc;

    rc = call_find(c, group, &root);
    if (rc == DVM_OK)
        rc = check(c, &r, 1, c->group->rank == root);
    if (rc == DVM_OK)
        rc = call_begin(c, (unsigned)root << OP_SIGNATURE_BITS | op_signature(op));
    if (rc != DVM_OK || !c->schedule)
        return rc == DVM_OK ? alone(c, &r) : rc;
    if (operand_open(c, &o, &r, count, c->group->rank == root, &times) != DVM_OK)
        return operand_run(c, &o);
    switch (choose_for(c, count * type_find(type)->size, op)) {
    case ALGORITHM_SHARED:
        rc = reduce_shared(c->schedule, root, &r);
        if (rc == DVM_OK)
            plain_learn(c, root, count, type, op);
        return operand_close(&o, rc);
    case ALGORITHM_HOSTS:
        reduce_hosts(c->schedule, root, &r);
        break;
    case ALGORITHM_PIECES:
        return operand_close(&o, reduce_pieces(c->schedule, root, &r));
    case ALGORITHM_PAIRS:
        return operand_close(&o, reduce_pairs(c->schedule, root, &r));
    case ALGORITHM_STAR:
        reduce_star(c->schedule, root, &r);
        break;
    default:
        reduce_binomial(c->schedule, root, &r);
    }
    return operand_run(c, &o);
}

int dvm_reduce(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type,
               dvm_op op)
{
    ENTRY_BEGIN();
    if (!plain_reduce(group, root, in, out, count, type, op, ENTRY_SITE())) {
        struct call c = CALL(REDUCE);

        return dvm_leave(reduce(&c, group, root, in, out, count, type, op));
    }
    return dvm_leave(DVM_OK);
}

int dvm_ireduce(dvm_group group, int root, const void *in, void *out, size_t count, dvm_type type,
                dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_STARTS(REDUCE, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce(&c, group, root, in, out, count, type, op));
}

int dvm_reduce_init(dvm_group group, int root, const void *in, void *out, size_t count,
                    dvm_type type, dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(REDUCE, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce(&c, group, root, in, out, count, type, op));
}

static int allreduce(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                     dvm_type type, dvm_op op)
{
    struct reduction r = {in, out, count, type, op};
    struct operand o;
    size_t times;
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK)
        rc = check(c, &r, 1, true);
    if (rc == DVM_OK)
        rc = call_begin(c, op_signature(op));
    if (rc != DVM_OK || !c->schedule)
        return rc == DVM_OK ? alone(c, &r) : rc;
    if (operand_open(c, &o, &r, count, true, &times) != DVM_OK)
        return operand_run(c, &o);
    switch (choose_for(c, count * type_find(type)->size, op)) {
    case ALGORITHM_SHARED:
        rc = allreduce_shared(c->schedule, &r);
        if (rc == DVM_OK)
            plain_learn(c, 0, count, type, op);
        return operand_close(&o, rc);
    case ALGORITHM_HOSTS:
        allreduce_hosts(c->schedule, &r);
        break;
    case ALGORITHM_PIECES:
        return operand_close(&o, allreduce_pieces(c->schedule, &r));
    case ALGORITHM_PAIRS:
        return operand_close(&o, allreduce_pairs(c->schedule, &r));
    case ALGORITHM_STAR:
        allreduce_star(c->schedule, &r);
        break;
    case ALGORITHM_DOUBLING:
        allreduce_doubling(c->schedule, &r);
        break;
    default:
        allreduce_scatter_gather(c->schedule, &r);
    }
    return operand_run(c, &o);
}

int dvm_allreduce(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                  dvm_op op)
{
    ENTRY_BEGIN();
    if (!plain_allreduce(group, in, out, count, type, op, ENTRY_SITE())) {
        struct call c = CALL(ALLREDUCE);

        return dvm_leave(allreduce(&c, group, in, out, count, type, op));
    }
    return dvm_leave(DVM_OK);
}

int dvm_iallreduce(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                   dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_STARTS(ALLREDUCE, request);

    ENTRY_BEGIN();
    return dvm_leave(allreduce(&c, group, in, out, count, type, op));
}

int dvm_allreduce_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                       dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(ALLREDUCE, request);

    ENTRY_BEGIN();
    return dvm_leave(allreduce(&c, group, in, out, count, type, op));
}

static int scan(struct call *c, dvm_group group, const void *in, void *out, size_t count,
                dvm_type type, dvm_op op)
{
    struct reduction r = {in, out, count, type, op};
    int rc = call_find(c, group, NULL);
    struct operand o;
    size_t times;
    bool out_here;

    if (rc == DVM_OK)
        rc = check(c, &r, 1, true);
    if (rc == DVM_OK)
        rc = call_begin(c, op_signature(op));
    if (rc != DVM_OK)
        return rc;
    if (!c->schedule)
        return c->kind == COLL_EXSCAN ? call_run(c) : alone(c, &r);
    out_here = c->kind == COLL_SCAN || c->group->rank > 0;
    if (operand_open(c, &o, &r, count, out_here, &times) != DVM_OK)
        return operand_run(c, &o);
    switch (call_choose(c, count * type_find(type)->size)) {
    case ALGORITHM_SHARED:
        return operand_close(&o, scan_shared(c->schedule, &r, c->kind == COLL_SCAN));
    case ALGORITHM_HOSTS:
        scan_hosts(c->schedule, &r, c->kind == COLL_SCAN);
        break;
    default:
        scan_doubling(c->schedule, &r, c->kind == COLL_SCAN);
    }
    return operand_run(c, &o);
}

int dvm_scan(dvm_group group, const void *in, void *out, size_t count, dvm_type type, dvm_op op)
{
    struct call c = CALL(SCAN);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

int dvm_iscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type, dvm_op op,
              struct dvm_request **request)
{
    struct call c = CALL_STARTS(SCAN, request);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

int dvm_scan_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                  dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(SCAN, request);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

int dvm_exscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type, dvm_op op)
{
    struct call c = CALL(EXSCAN);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

int dvm_iexscan(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_STARTS(EXSCAN, request);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

int dvm_exscan_init(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                    dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(EXSCAN, request);

    ENTRY_BEGIN();
    return dvm_leave(scan(&c, group, in, out, count, type, op));
}

/* The steps of a reduction of blocks. */
static void scatter_steps(struct call *c, const struct blocks *in, void *out, dvm_op op)
{
    size_t bytes = blocks_most(in, c->group->size) * type_find(in->type)->size;

    if (call_choose(c, bytes) == ALGORITHM_HOSTS)
        reduce_scatter_hosts(c->schedule, in, out, op);
    else
        reduce_scatter_spread(c->schedule, in, out, op);
}

static int reduce_scatter_block(struct call *c, dvm_group group, const void *in, void *out,
                                size_t count, dvm_type type, dvm_op op)
{
    struct reduction r = {in, out, count, type, op};
    struct operand o;
    size_t times;
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK)
        rc = check(c, &r, (size_t)c->group->size, true);
    if (rc == DVM_OK)
        rc = call_begin(c, op_signature(op));
    if (rc != DVM_OK || !c->schedule)
        return rc == DVM_OK ? alone(c, &r) : rc;
    if (operand_open(c, &o, &r, count * (size_t)c->group->size, true, &times) == DVM_OK)
        scatter_steps(c, &(const struct blocks){.base = (void *)(uintptr_t)r.in, .count = r.count,
                                                .type = r.type}, r.out, op);
    return operand_run(c, &o);
}

int dvm_reduce_scatter_block(dvm_group group, const void *in, void *out, size_t count,
                             dvm_type type, dvm_op op)
{
    struct call c = CALL(REDUCE_SCATTER_BLOCK);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter_block(&c, group, in, out, count, type, op));
}

int dvm_ireduce_scatter_block(dvm_group group, const void *in, void *out, size_t count,
                              dvm_type type, dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_STARTS(REDUCE_SCATTER_BLOCK, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter_block(&c, group, in, out, count, type, op));
}

int dvm_reduce_scatter_block_init(dvm_group group, const void *in, void *out, size_t count,
                                  dvm_type type, dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(REDUCE_SCATTER_BLOCK, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter_block(&c, group, in, out, count, type, op));
}

/* Offsets of blocks that lie one behind the other, and their sum. */
static int offsets_of(const struct call *c, const size_t *counts, size_t *offsets, size_t *all)
{
    *all = 0;
    for (int r = 0; r < c->group->size; r++) {
        offsets[r] = *all;
        if (__builtin_add_overflow(*all, counts[r], all))
            return dvm_fail(DVM_ERR_ARG, "%s: the counts are more than memory can hold",
                            call_text(c));
    }
    return DVM_OK;
}

/* All blocks' steps; places: offsets of size blocks, and room for as many counts. */
static int scatter_blocks(struct call *c, struct reduction *r, size_t all, const size_t *counts,
                          size_t *places)
{
    size_t *mine = places + c->group->size, times;
    struct operand o;

    if (operand_open(c, &o, r, all, true, &times) != DVM_OK)
        return operand_run(c, &o);
    for (int i = 0; i < c->group->size; i++) {
        mine[i] = counts[i] * times;
        places[i] *= times;
    }
    scatter_steps(c, &(const struct blocks){.base = (void *)(uintptr_t)r->in, .counts = mine,
                                            .offsets = places, .type = r->type}, r->out, r->op);
    return operand_run(c, &o);
}

static int reduce_scatter(struct call *c, dvm_group group, const void *in, void *out,
                          const size_t *counts, dvm_type type, dvm_op op)
{
    struct reduction r = {in, out, 0, type, op};
    size_t *offsets = NULL, all = 0;
    int rc;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK && !counts)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_reduce_scatter: counts must be given, one for each rank");
    if (rc == DVM_OK && !(offsets = malloc(2 * (size_t)c->group->size * sizeof *offsets)))
        rc = dvm_fail(DVM_ERR_NO_MEMORY, "dvm_reduce_scatter: no memory is left for offsets");
    if (rc == DVM_OK)
        rc = offsets_of(c, counts, offsets, &all);
    if (rc == DVM_OK) /* the whole of in, of which out has one block */
        rc = check(c, &(struct reduction){in == DVM_IN_PLACE ? out : in, NULL, all, type, op},
                   1, false);
    if (rc == DVM_OK) {
        r.count = counts[c->group->rank];
        rc = check(c, &(struct reduction){DVM_IN_PLACE, out, r.count, type, op}, 1, true);
    }
    if (rc == DVM_OK)
        rc = call_begin(c, op_signature(op));
    r.in = in == DVM_IN_PLACE ? out : in;
    if (rc == DVM_OK)
        rc = c->schedule ? scatter_blocks(c, &r, all, counts, offsets) : alone(c, &r);
    free(offsets);
    return rc;
}

int dvm_reduce_scatter(dvm_group group, const void *in, void *out, const size_t *counts,
                       dvm_type type, dvm_op op)
{
    struct call c = CALL(REDUCE_SCATTER);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter(&c, group, in, out, counts, type, op));
}

int dvm_ireduce_scatter(dvm_group group, const void *in, void *out, const size_t *counts,
                        dvm_type type, dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_STARTS(REDUCE_SCATTER, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter(&c, group, in, out, counts, type, op));
}

int dvm_reduce_scatter_init(dvm_group group, const void *in, void *out, const size_t *counts,
                            dvm_type type, dvm_op op, struct dvm_request **request)
{
    struct call c = CALL_KEEPS(REDUCE_SCATTER, request);

    ENTRY_BEGIN();
    return dvm_leave(reduce_scatter(&c, group, in, out, counts, type, op));
}
