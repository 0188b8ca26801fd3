/* operator.c: operators of the program's own, and sizes of types. */
#include "array.h"
#include "buffer.h"
#include "procedures.h"

void dvmf_op_create(dvm_op_function *function, const CFI_cdesc_t *commutative, dvm_op *op,
                    void *const *user, void *ierror)
{
    int commutes, rc;

    CALL_BEGIN(ierror);
    rc = logical_get(&commutes, "dvm_op_create", commutative);
    if (rc == DVM_OK)
        rc = dvm_op_create(function, commutes, user ? *user : NULL, op);
    call_end(rc, ierror);
}

void dvmf_op_free(dvm_op *op, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_op_free(op), ierror);
}

void dvmf_reduce_local(const CFI_cdesc_t *left, const CFI_cdesc_t *right, const dvm_op *op,
                       const int64_t *count, const dvm_type *type, void *ierror)
{
    struct buffer l = {.copied = 0}, r = {.copied = 0};
    int rc;

    CALL_BEGIN(ierror);
    rc = buffer_look(&l, "dvm_reduce_local: left", left, type);
    if (rc == DVM_OK)
        rc = buffer_look(&r, "dvm_reduce_local: right", right, type);
    if (rc == DVM_OK && l.type != r.type)
        rc = call_fail(DVM_ERR_ARG, "dvm_reduce_local: left and right are of different types");
    if (rc == DVM_OK)
        rc = buffer_count(&l, count, 1);
    if (rc == DVM_OK)
        rc = buffer_open(&l, l.count);
    if (rc == DVM_OK)
        rc = buffer_open(&r, l.count);
    if (rc == DVM_OK)
        rc = dvm_reduce_local(l.at, r.at, l.count, l.type, *op);
    buffer_close(&l, rc == DVM_OK ? BUFFER_UNKNOWN : 0);
    buffer_close(&r, 0);
    call_end(rc, ierror);
}

void dvmf_type_size(const dvm_type *type, int64_t *bytes, void *ierror)
{
    CALL_BEGIN(ierror);
    *bytes = (int64_t)dvm_type_size(*type);
    call_end(DVM_OK, ierror);
}
