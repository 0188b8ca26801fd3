/* frame.h: the 64-byte header in front of everything that DVM sends.
 *
 * The same header is used on the socket between a task and its daemon and between
 * daemons (there behind a link header), where its integers are little-endian; in
 * shared memory its fields lie in a cell of one cache line (segment.h). Frames
 * are routed by dst alone: a tid, or slot << 18 for the daemon of that slot.
 */
#ifndef DVM_PROTO_FRAME_H
#define DVM_PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define DVM_FRAME_VERSION 1
#define DVM_FRAME_BYTES 64
/* Longest frame on a socket or a link, header included, bytes. */
#define DVM_FRAME_MAX 65536
#define DVM_PAYLOAD_MAX (DVM_FRAME_MAX - DVM_FRAME_BYTES)

/* What the receiving stream, or daemon, does with a frame. */
enum dvm_frame_op {
    DVM_OP_CONTROL = 1, /* a protobuf message; tag is its number (control.h) */
    DVM_OP_EAGER = 2,   /* a whole message */
    DVM_OP_RTS = 3,     /* rendezvous: a message of size bytes waits; ref names it, extra is
                         * its address at the sender, or 0 */
    DVM_OP_CTS = 4,     /* ref (from RTS) may send bytes up to extra; context is the
                         * receiver's ref */
    DVM_OP_DATA = 5,    /* bytes of a rendezvous: ref is the receiver's, extra the offset */
    DVM_OP_DONE = 6,    /* the message with ref was matched (synchronous), or copied (RTS) */
    DVM_OP_CREDIT = 7,  /* the sender may have sent up to extra cost units in all */
    DVM_OP_ACK = 8,     /* nothing but what stands before each frame of a direct lane: up to
                         * which number frames were taken in; seq is 0 */
    DVM_OP_RESUME = 9   /* the direct lane broke: frames up to number extra were taken in,
                         * send the others again; seq is 0 */
};

/* Whom a message is for, once it is complete. */
enum dvm_frame_kind {
    DVM_KIND_MESSAGE = 0, /* the matcher */
    DVM_KIND_HANDLER = 1, /* a message handler (reserved) */
    DVM_KIND_NOTIFY = 2,  /* the matcher; made by a daemon */
    DVM_KIND_ONESIDED = 3,/* reserved */
    DVM_KIND_REVOKE = 4   /* reserved */
};

enum dvm_frame_flags {
    DVM_FLAG_SYNC = 1,    /* answer with DONE when matched */
    DVM_FLAG_REPLY = 2,   /* control: answers the request with the same ref */
    DVM_FLAG_WANT = 4,    /* ACK: answer with another one */
    DVM_FLAG_END = 8      /* ACK: the last frame of this connection, which is over */
};

struct dvm_frame {
    uint8_t version;  /* DVM_FRAME_VERSION */
    uint8_t op;       /* enum dvm_frame_op */
    uint8_t kind;     /* enum dvm_frame_kind */
    uint8_t flags;    /* enum dvm_frame_flags */
    int32_t src;      /* tid of the sender */
    int32_t dst;      /* tid of the receiver */
    int32_t tag;      /* the message's tag; number of a control message */
    uint64_t seq;     /* number of this frame in its stream, from 1; 0 in control */
    uint64_t context; /* of the message; see group/context.h */
    uint64_t size;    /* bytes of the whole message */
    uint64_t ref;     /* see the op; control: number of the request */
    uint64_t extra;   /* see the op */
    uint32_t length;  /* bytes of payload behind this header */
    uint32_t type;    /* type code: id | representation << 8 | head << 16 (type/type.h) */
};

/* So many bytes at the beginning of a message say what its elements are; an RTS has them. */
#define DVM_FRAME_HEAD(type) ((uint32_t)((type) >> 16))

_Static_assert(sizeof(struct dvm_frame) == DVM_FRAME_BYTES, "the header has no holes");

/* tids: slot << 18 | n. n = 0 is the daemon of the slot. */
#define DVM_TID_N_BITS 18
#define DVM_TID_N_MASK 0x3ffff
#define DVM_TID_MAKE(slot, n) (((slot) << DVM_TID_N_BITS) | (n))
#define DVM_TID_N(tid) ((tid) & DVM_TID_N_MASK)
#define DVM_TID_DAEMON(slot) ((slot) << DVM_TID_N_BITS)
#define DVM_SLOT_MAX 4095
#define DVM_TID_OK(tid) ((tid) > 0 && (tid) <= 0x3fffffff && ((tid) >> DVM_TID_N_BITS) > 0)

/* Write f into out in wire order. */
void dvm_frame_encode(uint8_t out[DVM_FRAME_BYTES], const struct dvm_frame *f);

/* Read a header from in and check it against bytes, the size of the whole frame
 * as received (header included): version, op, tids, length. Returns 0, or
 * DVM_ERR_VERSION or DVM_ERR_PROTOCOL with *f untouched. */
int dvm_frame_decode(struct dvm_frame *f, const uint8_t *in, size_t bytes);

#endif
