/* collective_calls.c: the collectives that return when they are over. */
#include "collective.h"
#include "procedures.h"

void dvmf_barrier(const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_barrier(group_or_world(group)), ierror);
}

void dvmf_bcast(const CFI_cdesc_t *buf, const void *root, const int64_t *count,
                const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_bcast, .out = buf,
        .root = root, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_reduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                 const void *root, const int64_t *count, const dvm_type *type,
                 const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce, .in = in,
        .out = out, .op = op, .root = root, .count = count, .type = type, .group = group}),
        ierror);
}

void dvmf_allreduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allreduce, .in = in,
        .out = out, .op = op, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_reduce_scatter_block(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce_scatter_block,
        .in = in, .out = out, .op = op, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_reduce_scatter(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const CFI_cdesc_t *counts, const dvm_op *op, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce_scatter, .in = in,
        .out = out, .in_counts = counts, .out_counts = counts, .op = op, .type = type,
        .group = group}), ierror);
}

void dvmf_scan(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
               const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scan, .in = in, .out = out,
        .op = op, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_exscan(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                 const int64_t *count, const dvm_type *type, const dvm_group *group,
                 void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_exscan, .in = in,
        .out = out, .op = op, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_gather(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const void *root,
                 const int64_t *count, const dvm_type *type, const dvm_group *group,
                 void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_gather, .in = in,
        .out = out, .root = root, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_gatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const CFI_cdesc_t *counts,
                  const CFI_cdesc_t *offsets, const void *root, const int64_t *count,
                  const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_gatherv, .in = in,
        .out = out, .out_counts = counts, .out_offsets = offsets, .root = root, .count = count,
        .type = type, .group = group}), ierror);
}

void dvmf_scatter(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const void *root,
                  const int64_t *count, const dvm_type *type, const dvm_group *group,
                  void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scatter, .in = in,
        .out = out, .root = root, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_scatterv(const CFI_cdesc_t *in, const CFI_cdesc_t *counts, const CFI_cdesc_t *offsets,
                  const CFI_cdesc_t *out, const void *root, const int64_t *count,
                  const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scatterv, .in = in,
        .in_counts = counts, .in_offsets = offsets, .out = out, .root = root, .count = count,
        .type = type, .group = group}), ierror);
}

void dvmf_allgather(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const int64_t *count,
        const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allgather, .in = in,
        .out = out, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_allgatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const CFI_cdesc_t *counts,
        const CFI_cdesc_t *offsets, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allgatherv, .in = in,
        .out = out, .out_counts = counts, .out_offsets = offsets, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_alltoall(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const int64_t *count,
                  const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_alltoall, .in = in,
        .out = out, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_alltoallv(const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts,
        const CFI_cdesc_t *in_offsets, const CFI_cdesc_t *out, const CFI_cdesc_t *out_counts,
        const CFI_cdesc_t *out_offsets, const dvm_type *type, const dvm_group *group,
        void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_alltoallv, .in = in,
        .in_counts = in_counts, .in_offsets = in_offsets, .out = out, .out_counts = out_counts,
        .out_offsets = out_offsets, .type = type, .group = group}), ierror);
}

void dvmf_neighbour_allgather(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_allgather,
        .in = in, .out = out, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_neighbour_allgatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const CFI_cdesc_t *counts, const CFI_cdesc_t *offsets, const int64_t *count,
        const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_allgatherv,
        .in = in, .out = out, .out_counts = counts, .out_offsets = offsets, .count = count,
        .type = type, .group = group}), ierror);
}

void dvmf_neighbour_alltoall(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_alltoall,
        .in = in, .out = out, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_neighbour_alltoallv(const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts,
        const CFI_cdesc_t *in_offsets, const CFI_cdesc_t *out, const CFI_cdesc_t *out_counts,
        const CFI_cdesc_t *out_offsets, const dvm_type *type, const dvm_group *group,
        void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_alltoallv,
        .in = in, .in_counts = in_counts, .in_offsets = in_offsets, .out = out,
        .out_counts = out_counts, .out_offsets = out_offsets, .type = type, .group = group}),
        ierror);
}
