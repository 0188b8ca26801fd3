/* operands.c: checking what a reduction was given. */
#include "coll/operands.h"

#include <stdint.h>

#include "base/error.h"
#include "group/sink.h"
#include "type/op.h"

int operands_check(struct operands *o, const char *call, bool needs_out)
{
    uintptr_t in = (uintptr_t)o->in, out = (uintptr_t)o->out;
    int rc = sink_check_buffer(call, o->in, o->count, o->type, &o->bytes);

    if (rc == DVM_OK && needs_out)
        rc = sink_check_buffer(call, o->out, o->count, o->type, &o->bytes);
    if (rc == DVM_OK)
        rc = op_check(call, o->op, o->type);
    if (rc == DVM_OK && needs_out && o->count > 0 && in < out + o->bytes && out < in + o->bytes)
        rc = dvm_fail(DVM_ERR_ARG, "%s: in and out overlap; give two arrays", call);
    return rc;
}
