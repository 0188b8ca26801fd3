/* collective_starts.c: the collectives that go on while the program does, and those that are
 * described once and started often. The two forms of a collective have the same arguments, so
 * a line here makes both: dvmf_iNAME and dvmf_NAME_init.
 */
#include "collective.h"
#include "procedures.h"

/* the arguments that all end with, and with a count */
#define TAIL const dvm_type *type, const dvm_group *group, void *ierror
#define COUNT struct request *request, const int64_t *count, TAIL
#define SIDES const CFI_cdesc_t *in, const CFI_cdesc_t *out
#define LIST const CFI_cdesc_t *counts, const CFI_cdesc_t *offsets
#define LISTS                                                                              \
    const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts, const CFI_cdesc_t *in_offsets,    \
        const CFI_cdesc_t *out, const CFI_cdesc_t *out_counts,                             \
        const CFI_cdesc_t *out_offsets, struct request *request, TAIL

/* FORMS(NAME, ARGUMENTS, WHAT THEY ARE TO THE COLLECTIVE...) */
#define FORMS(name, arguments, ...)                                                        \
    FORM(dvmf_i##name, name, false, arguments, __VA_ARGS__)                                \
    FORM(dvmf_##name##_init, name, true, arguments, __VA_ARGS__)
#define FORM(function, name, often, arguments, ...)                                        \
    void function arguments                                                                \
    {                                                                                      \
        CALL_BEGIN(ierror);                                                                \
        call_end(collective_do(&(struct collective){.kind = &collective_##name,            \
            .request = request, .describes = often, .type = type, .group = group,          \
            __VA_ARGS__}), ierror);                                                        \
    }

#define BOTH .in = in, .out = out
#define BY_LISTS                                                                           \
    BOTH, .in_counts = in_counts, .in_offsets = in_offsets, .out_counts = out_counts,      \
        .out_offsets = out_offsets

FORMS(bcast, (const CFI_cdesc_t *buf, const void *root, COUNT),
      .out = buf, .root = root, .count = count)
FORMS(reduce, (SIDES, const dvm_op *op, const void *root, COUNT),
      BOTH, .op = op, .root = root, .count = count)
FORMS(allreduce, (SIDES, const dvm_op *op, COUNT), BOTH, .op = op, .count = count)
FORMS(reduce_scatter_block, (SIDES, const dvm_op *op, COUNT), BOTH, .op = op, .count = count)
FORMS(reduce_scatter, (SIDES, const CFI_cdesc_t *counts, const dvm_op *op,
                       struct request *request, TAIL),
      BOTH, .in_counts = counts, .out_counts = counts, .op = op)
FORMS(scan, (SIDES, const dvm_op *op, COUNT), BOTH, .op = op, .count = count)
FORMS(exscan, (SIDES, const dvm_op *op, COUNT), BOTH, .op = op, .count = count)
FORMS(gather, (SIDES, const void *root, COUNT), BOTH, .root = root, .count = count)
FORMS(gatherv, (SIDES, LIST, const void *root, COUNT),
      BOTH, .out_counts = counts, .out_offsets = offsets, .root = root, .count = count)
FORMS(scatter, (SIDES, const void *root, COUNT), BOTH, .root = root, .count = count)
FORMS(scatterv, (const CFI_cdesc_t *in, LIST, const CFI_cdesc_t *out, const void *root, COUNT),
      BOTH, .in_counts = counts, .in_offsets = offsets, .root = root, .count = count)
FORMS(allgather, (SIDES, COUNT), BOTH, .count = count)
FORMS(allgatherv, (SIDES, LIST, COUNT),
      BOTH, .out_counts = counts, .out_offsets = offsets, .count = count)
FORMS(alltoall, (SIDES, COUNT), BOTH, .count = count)
FORMS(alltoallv, (LISTS), BY_LISTS)
FORMS(neighbour_allgather, (SIDES, COUNT), BOTH, .count = count)
FORMS(neighbour_allgatherv, (SIDES, LIST, COUNT),
      BOTH, .out_counts = counts, .out_offsets = offsets, .count = count)
FORMS(neighbour_alltoall, (SIDES, COUNT), BOTH, .count = count)
FORMS(neighbour_alltoallv, (LISTS), BY_LISTS)

/* A barrier has nothing but its group. */
static void barrier(int (*function)(dvm_group, struct dvm_request **), struct request *request,
                    const dvm_group *group, void *ierror)
{
    struct dvm_request *handle;
    int rc = function(group_or_world(group), &handle);

    if (rc == DVM_OK)
        *request = (struct request){.handle = handle};
    call_end(rc, ierror);
}

void dvmf_ibarrier(struct request *request, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    barrier(dvm_ibarrier, request, group, ierror);
}

void dvmf_barrier_init(struct request *request, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    barrier(dvm_barrier_init, request, group, ierror);
}
