/* request.c: operations under way.
 *
 * A section that is no single piece of memory is copied when the operation starts; the copy
 * is kept beside the library's request, and goes back into the section, as far as a message
 * has filled it, when the program learns that the operation is over.
 */
#include "request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct side {
    struct buffer buffer;
    /* the program's descriptor may be gone by then */
    _Alignas(max_align_t) unsigned char section[sizeof(CFI_CDESC_T(CFI_MAX_RANK))];
};

struct held {
    struct side in, out;
    bool receives; /* out is the buffer of a receive: a message may be shorter */
};

static void keep(struct side *s, struct buffer *b)
{
    if (!b || !b->copied)
        return;
    s->buffer = *b;
    memcpy(s->section, b->argument,
           sizeof(CFI_cdesc_t) + (size_t)b->argument->rank * sizeof(CFI_dim_t));
    s->buffer.argument = (const CFI_cdesc_t *)s->section;
    b->copied = 0;
}

int request_hold(struct request *request, struct dvm_request *handle, struct buffer *in,
                 struct buffer *out)
{
    struct dvm_status status;
    struct held *held;
    int rc;

    *request = (struct request){.handle = handle};
    if (!(in && in->copied) && !(out && out->copied))
        return DVM_OK;
    held = calloc(1, sizeof *held);
    if (held) {
        keep(&held->in, in);
        keep(&held->out, out);
        held->receives = !in;
        request->held = held;
        return DVM_OK;
    }
    rc = dvm_wait(&request->handle, &status);
    if (in)
        buffer_close(in, 0);
    if (out)
        buffer_close(out, rc != DVM_OK ? 0 : in ? BUFFER_UNKNOWN : buffer_came(out, &status));
    return rc;
}
