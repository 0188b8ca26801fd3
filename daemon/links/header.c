/* header.c: the link header to and from wire order (header.h).
 *
 * Bytes are written one by one so that the code is the same on every host. The
 * decoder trusts nothing: it is a fuzz target (tests/fuzz/link_header.c).
 */
#include "daemon/links/header.h"

#include "dvm.h"

#define MAGIC 'D'

static uint8_t *put(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    return out + bytes;
}

static uint64_t get(const uint8_t **in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)(*in)[i] << (8 * i);
    *in += bytes;
    return value;
}

void link_header_encode(uint8_t out[LINK_HEADER_BYTES], const struct link_header *h)
{
    out = put(out, MAGIC, 1);
    out = put(out, LINK_VERSION, 1);
    out = put(out, h->class, 1);
    out = put(out, h->kind, 1);
    out = put(out, h->src, 2);
    out = put(out, h->dst, 2);
    out = put(out, h->src_incarnation, 8);
    out = put(out, h->dst_incarnation, 8);
    out = put(out, h->seq, 8);
    put(out, h->ack, 8);
}

int link_header_decode(struct link_header *h, const uint8_t *in, size_t bytes)
{
    struct link_header g;

    if (bytes < LINK_HEADER_BYTES || bytes > LINK_MAX || in[0] != MAGIC)
        return DVM_ERR_PROTOCOL;
    if (in[1] != LINK_VERSION && in[2] != LINK_JOIN)
        return DVM_ERR_VERSION;
    in += 2;
    g.class = (uint8_t)get(&in, 1);
    g.kind = (uint8_t)get(&in, 1);
    g.src = (uint16_t)get(&in, 2);
    g.dst = (uint16_t)get(&in, 2);
    g.src_incarnation = get(&in, 8);
    g.dst_incarnation = get(&in, 8);
    g.seq = get(&in, 8);
    g.ack = get(&in, 8);
    if (g.class > LINK_JOIN || g.kind >= LINK_KINDS || g.src > DVM_SLOT_MAX ||
        g.dst > DVM_SLOT_MAX)
        return DVM_ERR_PROTOCOL;
    if ((g.kind == LINK_DATA) != (g.seq != 0) && g.kind != LINK_ACK && g.class != LINK_JOIN)
        return DVM_ERR_PROTOCOL;
    *h = g;
    return 0;
}
