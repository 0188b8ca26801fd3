/* operands.h: the arguments of reductions. */
#ifndef DVM_COLL_OPERANDS_H
#define DVM_COLL_OPERANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"

struct operands {
    const void *in;
    void *out;
    size_t count, bytes; /* bytes: of either array; set by operands_check */
    dvm_type type;
    dvm_op op;
};

/* Check the arguments and compute bytes. needs_out: out is used by this task.
 * Errors: TYPE, OP, ARG. */
int operands_check(struct operands *o, const char *call, bool needs_out);

#endif
