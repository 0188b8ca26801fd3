/* header.c: the link header to and from wire order (header.h).
 *
 * The decoder trusts nothing: it is a fuzz target (tests/fuzz/link_header.c).
 */
#include "daemon/links/header.h"

#include "dvm.h"
#include "proto/wire.h"

#define MAGIC 'D'

void link_header_encode(uint8_t out[LINK_HEADER_BYTES], const struct link_header *h)
{
    out = wire_put(out, MAGIC, 1);
    out = wire_put(out, LINK_VERSION, 1);
    out = wire_put(out, h->class, 1);
    out = wire_put(out, h->kind, 1);
    out = wire_put(out, h->src, 2);
    out = wire_put(out, h->dst, 2);
    out = wire_put(out, h->src_incarnation, 8);
    out = wire_put(out, h->dst_incarnation, 8);
    out = wire_put(out, h->seq, 8);
    wire_put(out, h->ack, 8);
}

int link_header_decode(struct link_header *h, const uint8_t *in, size_t bytes)
{
    struct link_header g;

    if (bytes < LINK_HEADER_BYTES || bytes > LINK_MAX || in[0] != MAGIC)
        return DVM_ERR_PROTOCOL;
    if (in[1] != LINK_VERSION && in[2] != LINK_JOIN)
        return DVM_ERR_VERSION;
    in += 2;
    g.class = (uint8_t)wire_get(&in, 1);
    g.kind = (uint8_t)wire_get(&in, 1);
    g.src = (uint16_t)wire_get(&in, 2);
    g.dst = (uint16_t)wire_get(&in, 2);
    g.src_incarnation = wire_get(&in, 8);
    g.dst_incarnation = wire_get(&in, 8);
    g.seq = wire_get(&in, 8);
    g.ack = wire_get(&in, 8);
    if (g.class > LINK_JOIN || g.kind >= LINK_KINDS || g.src > DVM_SLOT_MAX ||
        g.dst > DVM_SLOT_MAX)
        return DVM_ERR_PROTOCOL;
    if ((g.kind == LINK_DATA) != (g.seq != 0) && g.kind != LINK_ACK && g.class != LINK_JOIN)
        return DVM_ERR_PROTOCOL;
    *h = g;
    return 0;
}
