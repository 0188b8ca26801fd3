/* operand.h: reductions on derived types, for algorithms that know elements without gaps only. */
#ifndef DVM_COLL_OPERAND_H
#define DVM_COLL_OPERAND_H

#include "coll/calls.h"

/* Where the operands of a reduction were before they lost their gaps. */
struct operand {
    bool copied;       /* there are copies, or nothing else is set: */
    void *out;         /* where the result belongs; NULL: not needed here */
    dvm_type type;     /* of what type it is there, */
    const void *from;  /* and where it comes from, as count of packed */
    dvm_type packed;
    size_t count;
    void *memory;      /* of the copies, owned; NULL: the schedule's */
};

/* Make a checked reduction, in a call that has begun, one of elements without gaps: of a basic
 * type, or as derived_operand gives them. r->count becomes theirs; *times receives how many of
 * them one of the old ones is. all: old elements in r->in; out: r->out is this task's result.
 * Errors: NO_MEMORY, LIMIT, with which the schedule fails when it is run. */
int operand_open(struct call *c, struct operand *o, struct reduction *r, size_t all, bool out,
                 size_t *times);

/* As call_run, with the result where it belongs. */
int operand_run(struct call *c, struct operand *o);

/* The same behind an algorithm that has run already, with rc. Returns rc. */
int operand_close(struct operand *o, int rc);

#endif
