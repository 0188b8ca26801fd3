/* unpack.c: pvm_upk...: taking items from the receive buffer.
 *
 * Whatever a message holds, no byte behind its end is read and none behind a string's place
 * is written that the sender did not say.
 */
#include <stdlib.h>
#include <string.h>

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/buffer/pack.h"

static int no_buffer(const char *call)
{
    return pvm3_fail(call, PvmNoBuf, "there is no receive buffer; pvm_recv makes one");
}

static int told(const char *call, int rc, const struct pvm3_type *t, long count)
{
    const struct pvm3_buffer *b = pvm3_receiving();

    if (rc == PvmNoData)
        return pvm3_fail(call, rc, "%ld x %s are asked for, and %zu of the message's %zu bytes "
                         "are left", count, t->name, b->bytes - b->next, b->bytes);
    if (rc == PvmBadMsg)
        return pvm3_fail(call, rc, "raw data of a host that stores numbers in another way; send "
                         "them with PvmDataDefault");
    return rc;
}

int pvm3_unpack(const char *call, int type, void *data, long count, long stride)
{
    const struct pvm3_type *t = pvm3_type_find(type);
    struct pvm3_buffer *b = pvm3_receiving();
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (!b)
        return no_buffer(call);
    if (count < 0 || (!data && count > 0))
        return pvm3_fail(call, PvmBadParam, "%ld items%s", count, data ? "" : " to NULL");
    return told(call, pvm3_decode(b, t, data, (size_t)count, stride), t, count);
}

int pvm3_unpack_text(const char *call, char *text, long room)
{
    struct pvm3_buffer *b = pvm3_receiving();
    const size_t before = b ? b->next : 0;
    int length, rc = pvm3_unpack(call, PVM_INT, &length, 1, 1);

    if (rc != PvmOk)
        return rc;
    if (!text || length < 0 || (room && length > room))
        rc = pvm3_fail(call, text ? PvmBadMsg : PvmBadParam, "a string of %d bytes%s", length,
                       text ? "" : " to NULL");
    else
        rc = pvm3_unpack(call, PVM_BYTE, text, length, 1);
    if (rc != PvmOk)
        b->next = before;
    return rc;
}

#define UNPACK(name, ctype, type)                                        \
    int pvm_upk##name(ctype *data, int count, int stride)                \
    {                                                                    \
        return pvm3_unpack("pvm_upk" #name, type, data, count, stride);  \
    }

PVM3_ITEMS(UNPACK)

int pvm_upkstr(char *text)
{
    return pvm3_unpack_text("pvm_upkstr", text, 0);
}

/* Take the nested message whose head was read into inner. */
static int take_nested(const char *call, const int head[PVM3_NESTED], struct pvm3_buffer *inner)
{
    int rc = pvm3_unpack(call, PVM_BYTE, inner->data, PVM3_HEADER + (long)head[2], 1);

    if (rc != PvmOk)
        return rc;
    inner->bytes = (size_t)head[2];
    if (!pvm3_header_read(inner, inner->data, PVM3_HEADER + inner->bytes))
        return pvm3_fail(call, PvmBadMsg, "what comes next is no message");
    inner->tag = head[0];
    inner->src = head[1];
    return PvmOk;
}

int pvm_upkmesg(void)
{
    static const char call[] = "pvm_upkmesg";
    struct pvm3_buffer *b = pvm3_receiving(), *inner = NULL;
    const size_t before = b ? b->next : 0;
    int head[PVM3_NESTED], rc = pvm3_unpack(call, PVM_INT, head, PVM3_NESTED, 1);

    if (rc != PvmOk)
        return rc;
    if (head[2] < 0 || (size_t)head[2] > b->bytes)
        rc = pvm3_fail(call, PvmBadMsg, "what comes next is no message");
    else if (!(inner = pvm3_buffer_make(PvmDataDefault, (size_t)head[2])))
        rc = pvm3_fail(call, PvmNoMem, NULL);
    else
        rc = take_nested(call, head, inner);
    if (rc == PvmOk && pvm3_buffer_name(inner))
        return inner->id;
    pvm3_buffer_free(inner);
    b->next = before;
    return rc == PvmOk ? pvm3_fail(call, PvmNoMem, NULL) : rc;
}
