/* record.c: events as messages. All is XDR, whatever the program packs. */
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/send.h"
#include "bindings/pvm3/trace/trace.h"

static void put_data(struct pvm3_buffer *b, const struct pvm3_field *f)
{
    const char *const *texts = f->data;

    switch (f->type) {
    case TEV_DATA_STRING:
        pvm3_put_text(b, f->data);
        return;
    case TEV_DATA_STRING | TEV_DATA_ARRAY:
        for (int i = 0; i < f->count; i++)
            pvm3_put_text(b, texts[i] ? texts[i] : "");
        return;
    case TEV_DATA_LONG:
        pvm3_encode(b, pvm3_type_find(PVM_LONG), f->data, 1, 1);
        return;
    default:
        pvm3_put_ints(b, f->data, (size_t)f->count);
    }
}

void pvm3_trace_fields(struct pvm3_buffer *b, const struct pvm3_field *fields, bool described)
{
    for (; fields->type != TEV_DATA_NULL; fields++) {
        struct pvm3_field f = *fields;

        f.count = f.count > 0 ? f.count : 0;
        if (described) {
            pvm3_put_int(b, f.did);
            pvm3_put_int(b, f.type);
        }
        if (f.type & TEV_DATA_ARRAY)
            pvm3_put_int(b, f.count);
        put_data(b, &f);
    }
}

void pvm3_trace_head(struct pvm3_buffer *b, int event, int tid, bool described)
{
    struct timeval now;
    int seconds, micro;
    const struct pvm3_field head[] = {{TEV_DID_TS, TEV_DATA_INT, 1, &seconds},
                                      {TEV_DID_TU, TEV_DATA_INT, 1, &micro},
                                      {TEV_DID_TID, TEV_DATA_INT, 1, &tid},
                                      {0}};

    gettimeofday(&now, NULL);
    seconds = (int)now.tv_sec;
    micro = (int)now.tv_usec;
    pvm3_put_int(b, described ? TEV_MARK_EVENT_DESC : TEV_MARK_EVENT_RECORD);
    pvm3_put_int(b, event);
    if (described)
        pvm3_put_text(b, pvmtevinfo[event & ~(TEV_EVENT_ENTRY | TEV_EVENT_EXIT)].name);
    pvm3_trace_fields(b, head, described);
}

void pvm3_trace_send(struct pvm3_buffer *b, bool first)
{
    b->ctx = pvm3_option(PvmSelfTraceContext);
    b->src = pvm3_self();
    b->packed = first ? PVM3_PACKED_TRACED : PVM3_PACKED;
    pvm3_header_write(b, b->data);
    pvm3_send_bytes("pvm_send", pvm3_option(PvmSelfTraceTid), pvm3_option(PvmSelfTraceCode),
                    b->data, PVM3_HEADER + b->bytes);
    pvm3_buffer_free(b);
}
