/* op.h: the operators of reductions. */
#ifndef DVM_TYPE_OP_H
#define DVM_TYPE_OP_H

#include <stddef.h>

#include "dvm.h"

/* "DVM_SUM" and the like, "an operator of dvm_op_create"; "an unknown operator" for what is
 * none. */
const char *op_name(dvm_op op);

/* An operator of the user's: its function, and what that is given. */
struct op_function {
    dvm_op_function *call; /* NULL: none of the user's */
    void *user;
};

/* Check that the operator exists and can be used with the type (which exists); the user's
 * own can be with all, the others with derived types of one basic type that fits. call: the
 * public function, for the sentence. Error: OP. */
int op_check(const char *call, dvm_op op, dvm_type type);

/* left[i] = left[i] op right[i] for count elements of this host's type. The pair was
 * checked; the arrays do not overlap. Integers wrap around; a minimum or maximum
 * with a NaN is a NaN. The type is a basic one where the operator is not the user's; own,
 * which may be NULL, is that, and may be freed by now; elements of derived_operand are shown to
 * it in their own form. */
void op_apply(dvm_op op, const struct op_function *own, dvm_type type, void *left,
              const void *right, size_t count);

/* The same with a built-in operator, and the results to another place, which may also be that of
 * left or of right. */
void op_apply_to(dvm_op op, dvm_type type, void *to, const void *left, const void *right,
                 size_t count);

/* What it calls for that: good for any number of calls. NULL: it does more than that, or the
 * operator is the user's. */
typedef void op_loop(void *to, const void *left, const void *right, size_t count);
op_loop *op_plain(dvm_op op, dvm_type type);

#define OP_SIGNATURE_BITS 4

/* A number of so many bits for what all tasks must give alike: of a built-in operator its own, of
 * the user's whether it is commutative, since their handles differ from task to task. */
unsigned op_signature(dvm_op op);

/* Such a number in words; it has no more bits than that. */
const char *op_word(unsigned signature);

/* ---- op_user.c: operators of the user's ---------------------------------------------- */

/* The function of one; none for a built-in one and for what is no operator. */
struct op_function op_user(dvm_op op);

/* Whether it is commutative; it exists. */
int op_user_commutative(dvm_op op);

/* Make one. Errors: LIMIT, NO_MEMORY. */
int op_user_add(const struct op_function *function, int commutative, dvm_op *op);

/* Forget one, which exists. */
void op_user_remove(dvm_op op);

/* Call one with elements of a type, which are those of derived_operand where it is one. */
void op_user_apply(const struct op_function *function, dvm_type type, void *left,
                   const void *right, size_t count);

/* Forget all: the task's life is over. */
void op_user_stop(void);

#endif
