/* operator.c: the public functions on operators: what is checked of them; op_user.c keeps them.
 * Reductions of a group are in coll/.
 */
#include <stdint.h>
#include <stdlib.h>

#include "group/entry.h"
#include "group/sink.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

int dvm_op_create(dvm_op_function *function, int commutative, void *user, dvm_op *op)
{
    ENTRY_BEGIN();
    if (!function || !op)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_op_create: %s",
                                  function ? "there is no place for the operator"
                                           : "the function is NULL"));
    return dvm_leave(op_user_add(&(struct op_function){function, user}, commutative != 0, op));
}

int dvm_op_free(dvm_op *op)
{
    ENTRY_BEGIN();
    if (!op)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_op_free: the place of the operator is NULL"));
    if (*op == DVM_OP_NONE)
        return dvm_leave(DVM_OK);
    if (!op_user(*op).call)
        return dvm_leave(dvm_fail(DVM_ERR_OP, "dvm_op_free: %d (%s) was not made by "
                                              "dvm_op_create, or was freed already", *op,
                                  op_name(*op)));
    op_user_remove(*op);
    *op = DVM_OP_NONE;
    return dvm_leave(DVM_OK);
}

/* Elements of a derived type and a built-in operator: those of its only basic type. */
static int combine_derived(const char *call, void *left, const void *right, size_t count,
                           dvm_type type, dvm_op op)
{
    struct derived *d = derived_known(type);
    char *packed = malloc(2 * count * d->size + 1), *other = packed + count * d->size;
    dvm_type only;
    size_t times;
    int rc = derived_packed(d, &only, &times);

    if (rc == DVM_OK && !packed)
        rc = dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for two copies of %zu bytes", call,
                      count * d->size);
    if (rc == DVM_OK) {
        derived_copy(packed, only, left, type, count);
        derived_copy(other, only, right, type, count);
        op_apply(op, NULL, only, packed, other, count * times);
        derived_copy(left, type, packed, only, count * times);
    }
    free(packed);
    return rc;
}

static int combine(void *left, const void *right, size_t count, dvm_type type, dvm_op op)
{
    static const char call[] = "dvm_reduce_local";
    const struct op_function own = op_user(op);
    size_t bytes;
    int rc = sink_check_buffer(call, left, count, type, &bytes);

    if (rc == DVM_OK)
        rc = sink_check_buffer(call, right, count, type, &bytes);
    if (rc == DVM_OK)
        rc = sink_check_into(call, count, type);
    if (rc == DVM_OK)
        rc = op_check(call, op, type);
    if (rc == DVM_OK && !own.call && !type_basic(type))
        return combine_derived(call, left, right, count, type, op);
    if (rc == DVM_OK && type_basic(type) && count > 0 &&
        (uintptr_t)left < (uintptr_t)right + bytes && (uintptr_t)right < (uintptr_t)left + bytes)
        rc = dvm_fail(DVM_ERR_ARG, "%s: left and right overlap; give two arrays", call);
    if (rc == DVM_OK && count > 0)
        op_apply(op, &own, type, left, right, count);
    return rc;
}

int dvm_reduce_local(void *left, const void *right, size_t count, dvm_type type, dvm_op op)
{
    ENTRY_BEGIN();
    return dvm_leave(combine(left, right, count, type, op));
}
