/* collective_kinds.c: the library's collectives, each in the form that waits, the one that
 * starts and the one that describes, and what sides they have.
 */
#include "collective.h"

/* what all are given */
#define IN c->from.buffer.at
#define OUT c->to.buffer.at
#define N c->units
#define T c->element
#define ROOT c->root_rank
#define OP *c->op
#define IN_COUNTS c->from.list.counts
#define IN_OFFSETS c->from.list.offsets
#define OUT_COUNTS c->to.list.counts
#define OUT_OFFSETS c->to.list.offsets

/* KIND(NAME, IN, OUT, ROOT, NEIGHBOURS, ARGUMENTS...): the arguments behind the group */
#define KIND(name, in_parts, out_parts, root_has, of_neighbours, ...)                      \
    static int call_##name(struct collective *c, struct dvm_request **handle)              \
    {                                                                                      \
        if (c->describes)                                                                  \
            return dvm_##name##_init(c->in_group, __VA_ARGS__, handle);                    \
        return handle ? dvm_i##name(c->in_group, __VA_ARGS__, handle)                      \
                      : dvm_##name(c->in_group, __VA_ARGS__);                              \
    }                                                                                      \
    const struct collective_kind collective_##name = {                                     \
        .in_name = "dvm_" #name ": in",                                                    \
        .out_name = PARTS_##in_parts ? "dvm_" #name ": out" : "dvm_" #name ": buf",         \
        .in = PARTS_##in_parts,                                                            \
        .out = PARTS_##out_parts,                                                          \
        .root = root_has,                                                                  \
        .neighbours = of_neighbours,                                                       \
        .call = call_##name,                                                               \
    };

KIND(bcast, NONE, ONE, ROOT_NONE, false, ROOT, OUT, N, T)
KIND(reduce, ONE, ONE, ROOT_HAS_OUT, false, ROOT, IN, OUT, N, T, OP)
KIND(allreduce, ONE, ONE, ROOT_NONE, false, IN, OUT, N, T, OP)
KIND(reduce_scatter_block, EACH, ONE, ROOT_NONE, false, IN, OUT, N, T, OP)
KIND(reduce_scatter, SUM, MINE, ROOT_NONE, false, IN, OUT, OUT_COUNTS, T, OP)
KIND(scan, ONE, ONE, ROOT_NONE, false, IN, OUT, N, T, OP)
KIND(exscan, ONE, ONE, ROOT_NONE, false, IN, OUT, N, T, OP)
KIND(gather, ONE, EACH, ROOT_HAS_OUT, false, ROOT, IN, OUT, N, T)
KIND(gatherv, ONE, LIST, ROOT_HAS_OUT, false, ROOT, IN, N, OUT, OUT_COUNTS, OUT_OFFSETS, T)
KIND(scatter, EACH, ONE, ROOT_HAS_IN, false, ROOT, IN, OUT, N, T)
KIND(scatterv, LIST, ONE, ROOT_HAS_IN, false, ROOT, IN, IN_COUNTS, IN_OFFSETS, OUT, N, T)
KIND(allgather, ONE, EACH, ROOT_NONE, false, IN, OUT, N, T)
KIND(allgatherv, ONE, LIST, ROOT_NONE, false, IN, N, OUT, OUT_COUNTS, OUT_OFFSETS, T)
KIND(alltoall, EACH, EACH, ROOT_NONE, false, IN, OUT, N, T)
KIND(alltoallv, LIST, LIST, ROOT_NONE, false, IN, IN_COUNTS, IN_OFFSETS, OUT, OUT_COUNTS,
     OUT_OFFSETS, T)
KIND(neighbour_allgather, ONE, EACH, ROOT_NONE, true, IN, OUT, N, T)
KIND(neighbour_allgatherv, ONE, LIST, ROOT_NONE, true, IN, N, OUT, OUT_COUNTS, OUT_OFFSETS,
     T)
KIND(neighbour_alltoall, EACH, EACH, ROOT_NONE, true, IN, OUT, N, T)
KIND(neighbour_alltoallv, LIST, LIST, ROOT_NONE, true, IN, IN_COUNTS, IN_OFFSETS, OUT,
     OUT_COUNTS, OUT_OFFSETS, T)
