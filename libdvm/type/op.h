/* op.h: the operators of reductions. */
#ifndef DVM_TYPE_OP_H
#define DVM_TYPE_OP_H

#include <stddef.h>

#include "dvm.h"

/* "DVM_SUM" and the like; "an unknown operator" for what is none. */
const char *op_name(dvm_op op);

/* Check that the operator exists and can be used with the type (which exists).
 * call: the public function, for the sentence. Error: OP. */
int op_check(const char *call, dvm_op op, dvm_type type);

/* left[i] = left[i] op right[i] for count elements of this host's type. The pair was
 * checked; the arrays do not overlap. Integers wrap around; a minimum or maximum
 * with a NaN is a NaN. */
void op_apply(dvm_op op, dvm_type type, void *left, const void *right, size_t count);

#endif
