/* frame.c: the frame header to and from wire order (wire.h).
 *
 * Decoding checks everything that a router or receiver relies on: version, op,
 * both tids and that length agrees with the bytes that came.
 */
#include "proto/frame.h"

#include "dvm.h"
#include "proto/control.h"
#include "proto/wire.h"

void dvm_frame_encode(uint8_t out[DVM_FRAME_BYTES], const struct dvm_frame *f)
{
    out = wire_put(out, f->version, 1);
    out = wire_put(out, f->op, 1);
    out = wire_put(out, f->kind, 1);
    out = wire_put(out, f->flags, 1);
    out = wire_put(out, (uint32_t)f->src, 4);
    out = wire_put(out, (uint32_t)f->dst, 4);
    out = wire_put(out, (uint32_t)f->tag, 4);
    out = wire_put(out, f->seq, 8);
    out = wire_put(out, f->context, 8);
    out = wire_put(out, f->size, 8);
    out = wire_put(out, f->ref, 8);
    out = wire_put(out, f->extra, 8);
    out = wire_put(out, f->length, 4);
    wire_put(out, f->type, 4);
}

int dvm_frame_decode(struct dvm_frame *f, const uint8_t *in, size_t bytes)
{
    struct dvm_frame g;

    if (bytes < DVM_FRAME_BYTES)
        return DVM_ERR_PROTOCOL;
    g.version = (uint8_t)wire_get(&in, 1);
    if (g.version != DVM_FRAME_VERSION)
        return DVM_ERR_VERSION;
    g.op = (uint8_t)wire_get(&in, 1);
    g.kind = (uint8_t)wire_get(&in, 1);
    g.flags = (uint8_t)wire_get(&in, 1);
    g.src = (int32_t)(uint32_t)wire_get(&in, 4);
    g.dst = (int32_t)(uint32_t)wire_get(&in, 4);
    g.tag = (int32_t)(uint32_t)wire_get(&in, 4);
    g.seq = wire_get(&in, 8);
    g.context = wire_get(&in, 8);
    g.size = wire_get(&in, 8);
    g.ref = wire_get(&in, 8);
    g.extra = wire_get(&in, 8);
    g.length = (uint32_t)wire_get(&in, 4);
    g.type = (uint32_t)wire_get(&in, 4);
    if (g.op < DVM_OP_CONTROL || g.op > DVM_OP_RESUME || g.src < 0 || g.dst < 0 ||
        g.length != bytes - DVM_FRAME_BYTES)
        return DVM_ERR_PROTOCOL;
    *f = g;
    return 0;
}

const char *dvm_control_name(int type)
{
    switch (type) {
#define NAME_(name, number)                                                              \
    case number:                                                                         \
        return #name;
        DVM_CONTROL_LIST(NAME_)
#undef NAME_
    default:
        return "?";
    }
}
