/* collective_starts.c: the collectives that go on while the program does. */
#include "collective.h"
#include "procedures.h"

void dvmf_ibarrier(struct request *request, const dvm_group *group, void *ierror)
{
    struct dvm_request *handle;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_ibarrier(group_or_world(group), &handle);
    if (rc == DVM_OK)
        rc = request_hold(request, handle, NULL, NULL);
    call_end(rc, ierror);
}

void dvmf_ibcast(const CFI_cdesc_t *buf, const void *root, struct request *request,
                 const int64_t *count, const dvm_type *type, const dvm_group *group,
                 void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_bcast, .out = buf,
        .root = root, .request = request, .count = count, .type = type, .group = group}),
        ierror);
}

void dvmf_ireduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                  const void *root, struct request *request, const int64_t *count,
                  const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce, .in = in,
        .out = out, .op = op, .root = root, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_iallreduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
        struct request *request, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allreduce, .in = in,
        .out = out, .op = op, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_ireduce_scatter_block(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
        struct request *request, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce_scatter_block,
        .in = in, .out = out, .op = op, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_ireduce_scatter(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const CFI_cdesc_t *counts, const dvm_op *op, struct request *request,
        const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_reduce_scatter, .in = in,
        .out = out, .in_counts = counts, .out_counts = counts, .op = op, .request = request,
        .type = type, .group = group}), ierror);
}

void dvmf_iscan(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                struct request *request, const int64_t *count, const dvm_type *type,
                const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scan, .in = in, .out = out,
        .op = op, .request = request, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_iexscan(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                  struct request *request, const int64_t *count, const dvm_type *type,
                  const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_exscan, .in = in,
        .out = out, .op = op, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_igather(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const void *root,
                  struct request *request, const int64_t *count, const dvm_type *type,
                  const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_gather, .in = in,
        .out = out, .root = root, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_igatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const CFI_cdesc_t *counts,
                  const CFI_cdesc_t *offsets, const void *root, struct request *request,
                  const int64_t *count, const dvm_type *type, const dvm_group *group,
                  void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_gatherv, .in = in,
        .out = out, .out_counts = counts, .out_offsets = offsets, .root = root,
        .request = request, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_iscatter(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const void *root,
                  struct request *request, const int64_t *count, const dvm_type *type,
                  const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scatter, .in = in,
        .out = out, .root = root, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_iscatterv(const CFI_cdesc_t *in, const CFI_cdesc_t *counts,
        const CFI_cdesc_t *offsets, const CFI_cdesc_t *out, const void *root,
        struct request *request, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_scatterv, .in = in,
        .in_counts = counts, .in_offsets = offsets, .out = out, .root = root,
        .request = request, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_iallgather(const CFI_cdesc_t *in, const CFI_cdesc_t *out, struct request *request,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allgather, .in = in,
        .out = out, .request = request, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_iallgatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const CFI_cdesc_t *counts,
        const CFI_cdesc_t *offsets, struct request *request, const int64_t *count,
        const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_allgatherv, .in = in,
        .out = out, .out_counts = counts, .out_offsets = offsets, .request = request,
        .count = count, .type = type, .group = group}), ierror);
}

void dvmf_ialltoall(const CFI_cdesc_t *in, const CFI_cdesc_t *out, struct request *request,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_alltoall, .in = in,
        .out = out, .request = request, .count = count, .type = type, .group = group}), ierror);
}

void dvmf_ialltoallv(const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts,
        const CFI_cdesc_t *in_offsets, const CFI_cdesc_t *out, const CFI_cdesc_t *out_counts,
        const CFI_cdesc_t *out_offsets, struct request *request, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_alltoallv, .in = in,
        .in_counts = in_counts, .in_offsets = in_offsets, .out = out, .out_counts = out_counts,
        .out_offsets = out_offsets, .request = request, .type = type, .group = group}), ierror);
}

void dvmf_ineighbour_allgather(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        struct request *request, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_allgather,
        .in = in, .out = out, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_ineighbour_allgatherv(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        const CFI_cdesc_t *counts, const CFI_cdesc_t *offsets, struct request *request,
        const int64_t *count, const dvm_type *type, const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_allgatherv,
        .in = in, .out = out, .out_counts = counts, .out_offsets = offsets, .request = request,
        .count = count, .type = type, .group = group}), ierror);
}

void dvmf_ineighbour_alltoall(const CFI_cdesc_t *in, const CFI_cdesc_t *out,
        struct request *request, const int64_t *count, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_alltoall,
        .in = in, .out = out, .request = request, .count = count, .type = type,
        .group = group}), ierror);
}

void dvmf_ineighbour_alltoallv(const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts,
        const CFI_cdesc_t *in_offsets, const CFI_cdesc_t *out, const CFI_cdesc_t *out_counts,
        const CFI_cdesc_t *out_offsets, struct request *request, const dvm_type *type,
        const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(collective_do(&(struct collective){.kind = &collective_neighbour_alltoallv,
        .in = in, .in_counts = in_counts, .in_offsets = in_offsets, .out = out,
        .out_counts = out_counts, .out_offsets = out_offsets, .request = request, .type = type,
        .group = group}), ierror);
}
