/* own.c: events of the program's own: what it packs with PvmDataTrace carries its types, and
 * goes to the tracer, wherever that is, when it is sent to PVM_TRACE_TID. */
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/trace/tracer.h"

static const int types[] = {
    [PVM_STR] = TEV_DATA_BYTE,     [PVM_BYTE] = TEV_DATA_BYTE,     [PVM_SHORT] = TEV_DATA_SHORT,
    [PVM_INT] = TEV_DATA_INT,      [PVM_FLOAT] = TEV_DATA_FLOAT,   [PVM_CPLX] = TEV_DATA_CPLX,
    [PVM_DOUBLE] = TEV_DATA_DOUBLE, [PVM_DCPLX] = TEV_DATA_DCPLX,  [PVM_LONG] = TEV_DATA_LONG,
    [PVM_USHORT] = TEV_DATA_USHORT, [PVM_UINT] = TEV_DATA_UINT,    [PVM_ULONG] = TEV_DATA_ULONG,
};

void pvm3_trace_own_begin(struct pvm3_buffer *b)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    b->own_event = true;
    pvm3_put_int(b, TEV_MARK_USER_EVENT_RECORD);
    pvm3_put_int(b, TEV_USER_DEFINED);
    pvm3_put_text(b, pvmtevinfo[TEV_USER_DEFINED].name);
    pvm3_put_int(b, (int)now.tv_sec);
    pvm3_put_int(b, (int)now.tv_usec);
}

void pvm3_trace_own_item(struct pvm3_buffer *b, int type, long count)
{
    pvm3_put_int(b, types[type] | (count == 1 ? TEV_DATA_SCALAR : TEV_DATA_ARRAY));
    if (count != 1)
        pvm3_put_int(b, (int)count);
}

int pvm3_trace_own_send(const char *call)
{
    struct pvm3_buffer *b = pvm3_sending(), *copy;

    if (!b)
        return pvm3_fail(call, PvmNoBuf, "there is no send buffer; pvm_initsend makes one");
    if (!pvm3_trace_wanted() ||
        !TEV_MASK_CHECK(pvm3_trace_mask(PvmTaskSelf), TEV_USER_DEFINED))
        return PvmOk;
    if (!b->own_event)
        return pvm3_fail(call, PvmBadParam, "an event is packed with PvmDataTrace");
    copy = pvm3_buffer_make(PvmDataDefault, b->bytes);
    if (!copy || !pvm3_put_message(copy, b)) {
        pvm3_buffer_free(copy);
        return pvm3_fail(call, PvmNoMem, NULL);
    }
    pvm3_put_int(copy, TEV_MARK_USER_EVENT_RECORD_END);
    pvm3_trace_send(copy, false);
    return PvmOk;
}
