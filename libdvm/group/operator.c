/* operator.c: the public functions on operators: what is checked of them; op_user.c keeps them.
 * Reductions of a group are in coll/.
 */
#include <stdint.h>

#include "group/entry.h"
#include "group/sink.h"
#include "type/op.h"
#include "type/type.h"

int dvm_op_create(dvm_op_function *function, int commutative, dvm_op *op)
{
    ENTRY_BEGIN();
    if (!function || !op)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_op_create: %s",
                                  function ? "there is no place for the operator"
                                           : "the function is NULL"));
    return dvm_leave(op_user_add(function, commutative != 0, op));
}

int dvm_op_free(dvm_op *op)
{
    ENTRY_BEGIN();
    if (!op)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_op_free: the place of the operator is NULL"));
    if (*op == DVM_OP_NONE)
        return dvm_leave(DVM_OK);
    if (!op_user(*op))
        return dvm_leave(dvm_fail(DVM_ERR_OP, "dvm_op_free: %d (%s) was not made by "
                                              "dvm_op_create, or was freed already", *op,
                                  op_name(*op)));
    op_user_remove(*op);
    *op = DVM_OP_NONE;
    return dvm_leave(DVM_OK);
}

static int combine(void *left, const void *right, size_t count, dvm_type type, dvm_op op)
{
    static const char call[] = "dvm_reduce_local";
    size_t bytes;
    int rc = sink_check_buffer(call, left, count, type, &bytes);

    if (rc == DVM_OK)
        rc = sink_check_buffer(call, right, count, type, &bytes);
    if (rc == DVM_OK && !type_basic(type))
        rc = dvm_fail(DVM_ERR_UNSUPPORTED, "%s: it takes a basic type, not one that was made of "
                                           "others", call);
    if (rc == DVM_OK)
        rc = op_check(call, op, type);
    if (rc == DVM_OK && count > 0 && (uintptr_t)left < (uintptr_t)right + bytes &&
        (uintptr_t)right < (uintptr_t)left + bytes)
        rc = dvm_fail(DVM_ERR_ARG, "%s: left and right overlap; give two arrays", call);
    if (rc == DVM_OK && count > 0)
        op_apply(op, op_user(op), type, left, right, count);
    return rc;
}

int dvm_reduce_local(void *left, const void *right, size_t count, dvm_type type, dvm_op op)
{
    ENTRY_BEGIN();
    return dvm_leave(combine(left, right, count, type, op));
}
