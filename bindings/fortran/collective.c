/* collective.c: the collectives that return when they are over. */
#include "pair.h"

void dvmf_barrier(const dvm_group *group, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_barrier(group_or_world(group)), ierror);
}

void dvmf_bcast(const CFI_cdesc_t *buf, const void *root, const int64_t *count,
                const dvm_type *type, const dvm_group *group, void *ierror)
{
    struct pair p;
    int rc;

    CALL_BEGIN(ierror);
    rc = pair_open(&p, &(struct pair_shape){.in_unused = true, .out = buf,
                                            .out_name = "dvm_bcast: buf", .count = count,
                                            .type = type, .group = group});
    if (rc == DVM_OK)
        rc = dvm_bcast(p.group, integer(root), p.out.at, p.count, p.type);
    call_end(pair_close(&p, rc), ierror);
}

void dvmf_reduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                 const void *root, const int64_t *count, const dvm_type *type,
                 const dvm_group *group, void *ierror)
{
    struct pair p;
    int rc;

    CALL_BEGIN(ierror);
    rc = pair_open(&p, &(struct pair_shape){.in = in, .in_name = "dvm_reduce: in", .out = out,
                                            .out_name = "dvm_reduce: out",
                                            .out_unused = !pair_is_root(group, root),
                                            .count = count, .type = type, .group = group});
    if (rc == DVM_OK)
        rc = dvm_reduce(p.group, integer(root), p.in.at, p.out.at, p.count, p.type, *op);
    call_end(pair_close(&p, rc), ierror);
}

void dvmf_allreduce(const CFI_cdesc_t *in, const CFI_cdesc_t *out, const dvm_op *op,
                    const int64_t *count, const dvm_type *type, const dvm_group *group,
                    void *ierror)
{
    struct pair p;
    int rc;

    CALL_BEGIN(ierror);
    rc = pair_open(&p, &(struct pair_shape){.in = in, .in_name = "dvm_allreduce: in", .out = out,
                                            .out_name = "dvm_allreduce: out", .count = count,
                                            .type = type, .group = group});
    if (rc == DVM_OK)
        rc = dvm_allreduce(p.group, p.in.at, p.out.at, p.count, p.type, *op);
    call_end(pair_close(&p, rc), ierror);
}
