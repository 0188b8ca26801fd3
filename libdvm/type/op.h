/* op.h: the operators of reductions. */
#ifndef DVM_TYPE_OP_H
#define DVM_TYPE_OP_H

#include <stddef.h>

#include "dvm.h"

/* "DVM_SUM" and the like, "an operator of dvm_op_create"; "an unknown operator" for what is
 * none. */
const char *op_name(dvm_op op);

/* Check that the operator exists and can be used with the type (which exists); the user's
 * own can be with all. call: the public function, for the sentence. Error: OP. */
int op_check(const char *call, dvm_op op, dvm_type type);

/* left[i] = left[i] op right[i] for count elements of this host's type. The pair was
 * checked; the arrays do not overlap. Integers wrap around; a minimum or maximum
 * with a NaN is a NaN. user: NULL, or the function of an operator of the user's, which may be
 * freed by now. */
void op_apply(dvm_op op, dvm_op_function *user, dvm_type type, void *left, const void *right,
              size_t count);

#define OP_SIGNATURE_BITS 4

/* A number of so many bits for what all tasks must give alike: of a built-in operator its own, of
 * the user's whether it is commutative, since their handles differ from task to task. */
unsigned op_signature(dvm_op op);

/* ---- op_user.c: operators of the user's ---------------------------------------------- */

/* The function of one; NULL for a built-in one and for none. */
dvm_op_function *op_user(dvm_op op);

/* Whether it is commutative; it exists. */
int op_user_commutative(dvm_op op);

/* Make one. Errors: LIMIT, NO_MEMORY. */
int op_user_add(dvm_op_function *function, int commutative, dvm_op *op);

/* Forget one, which exists. */
void op_user_remove(dvm_op op);

/* Forget all: the task's life is over. */
void op_user_stop(void);

#endif
