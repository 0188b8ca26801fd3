/* pack.c: pvm_pk...: putting items into the send buffer. */
#include "bindings/pvm3/buffer/pack.h"

#include <string.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/trace/trace.h"

static int no_buffer(const char *call)
{
    return pvm3_fail(call, PvmNoBuf, "there is no send buffer; pvm_initsend makes one");
}

int pvm3_pack(const char *call, int type, const void *data, long count, long stride)
{
    struct pvm3_buffer *b = pvm3_sending();
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (!b)
        return no_buffer(call);
    if (count < 0)
        return pvm3_fail(call, PvmBadParam, "%ld items", count);
    if (!data && count > 0)
        return pvm3_fail(call, PvmBadParam, "the array is NULL");
    if (b->own_event)
        pvm3_trace_own_item(b, type, count);
    rc = pvm3_encode(b, pvm3_type_find(type), data, (size_t)count, stride);
    if (rc == PvmNotImpl)
        return pvm3_fail(call, rc, "with PvmDataInPlace the stride is 1, not %ld", stride);
    return rc == PvmOk ? rc : pvm3_fail(call, rc, "no room for %ld items", count);
}

int pvm3_pack_text(const char *call, const char *text)
{
    struct pvm3_buffer *b = pvm3_sending();
    int rc = pvm3_enter(call), length;

    if (rc != PvmOk)
        return rc;
    if (!b)
        return no_buffer(call);
    if (!text)
        return pvm3_fail(call, PvmBadParam, "the string is NULL");
    length = (int)strlen(text) + 1;
    if (b->own_event) /* which says how long it is */
        return pvm3_pack(call, PVM_STR, text, length - 1, 1);
    if (b->encoding == PvmDataInPlace) /* its length has no place in the program */
        return pvm3_fail(call, PvmNotImpl, "a string cannot be sent in place; use pvm_pkbyte");
    rc = pvm3_pack(call, PVM_INT, &length, 1, 1);
    return rc == PvmOk ? pvm3_pack(call, PVM_BYTE, text, length, 1) : rc;
}

#define PACK(name, ctype, type)                                        \
    int pvm_pk##name(ctype *data, int count, int stride)               \
    {                                                                  \
        return pvm3_pack("pvm_pk" #name, type, data, count, stride);   \
    }

PVM3_ITEMS(PACK)

int pvm_pkstr(char *text)
{
    return pvm3_pack_text("pvm_pkstr", text);
}

/* The buffer of the caller's that is to go into the send buffer. */
static int whole_message(const char *call, int bufid, struct pvm3_buffer **b)
{
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    *b = pvm3_buffer_find(bufid);
    if (bufid < 0 || (*b && *b == pvm3_sending()))
        return pvm3_fail(call, PvmBadParam, "buffer %d cannot be put into the send buffer", bufid);
    if (!*b) /* asked before the send buffer, as PVM does */
        return pvm3_fail(call, PvmNoSuchBuf, "there is no buffer %d", bufid);
    return pvm3_sending() ? PvmOk : no_buffer(call);
}

/* Tag, sender and length; then its header and its bytes. */
int pvm_pkmesg(int bufid)
{
    static const char call[] = "pvm_pkmesg";
    struct pvm3_buffer *b = NULL;
    int rc = whole_message(call, bufid, &b), head[PVM3_NESTED];
    unsigned char *all;
    bool owned;

    if (rc != PvmOk)
        return rc;
    if (pvm3_sending()->encoding == PvmDataInPlace)
        return pvm3_fail(call, PvmNotImpl, "not with PvmDataInPlace");
    if (b->foreign)
        return pvm3_fail(call, PvmBadMsg, "raw data of a host that stores numbers in another way");
    all = pvm3_buffer_gather(b, &owned);
    if (!all)
        return pvm3_fail(call, PvmNoMem, NULL);
    pvm3_header_write(b, all);
    head[0] = b->tag;
    head[1] = b->src;
    head[2] = (int)b->bytes;
    rc = pvm3_pack(call, PVM_INT, head, PVM3_NESTED, 1);
    if (rc == PvmOk)
        rc = pvm3_pack(call, PVM_BYTE, all, (long)(PVM3_HEADER + b->bytes), 1);
    if (owned)
        pvm3_buffer_free_bytes(all, b->bytes);
    return rc;
}

int pvm_pkmesgbody(int bufid)
{
    static const char call[] = "pvm_pkmesgbody";
    struct pvm3_buffer *b = NULL, *to = pvm3_sending();
    int rc = whole_message(call, bufid, &b);
    unsigned char *place;

    if (rc != PvmOk)
        return rc;
    if (b->encoding != to->encoding || b->foreign)
        return pvm3_fail(call, PvmMismatch, "buffer %d has another encoding than the send buffer",
                         bufid);
    if (b->encoding == PvmDataInPlace) {
        for (size_t i = 0; i < b->piece_count; i++)
            if (!pvm3_buffer_add_piece(to, b->pieces[i].data, b->pieces[i].bytes,
                                       b->pieces[i].type))
                return pvm3_fail(call, PvmNoMem, NULL);
        return PvmOk;
    }
    place = pvm3_buffer_add(to, b->bytes);
    if (!place)
        return pvm3_fail(call, PvmNoMem, NULL);
    memcpy(place, pvm3_buffer_data(b), b->bytes);
    return PvmOk;
}
