/* segment.h: the layout of shared memory between tasks of one host.
 *
 * Two kinds of memfd, both fully allocated and then sealed against shrinking
 * and growing (a smaller file would kill its readers with SIGBUS):
 *
 *   inbox   one page a task, made by the daemon: how its owner sleeps, and who
 *           rang. Mapped by the owner, the daemon, and every task that has a
 *           ring to or from the owner.
 *   ring    one per ordered pair of tasks, made by the sending task at first
 *           use: frames in the host's byte order, one producer, one consumer.
 *
 * Every word has one writer, but for the inbox's summary and bitmap, which are
 * set by an atomic or. So a task that dies at any instruction blocks nobody.
 *
 * Ringing (ringer):               Sleeping (owner):
 *   write the frame, tail (rel)     sleep = DVM_ASLEEP (seq_cst)
 *   bits[word] |= bit  (seq_cst)    if summary == 0: futex_wait(&summary, 0)
 *   summary |= 1 << (word / 2)      sleep = DVM_AWAKE
 *   (seq_cst)                       take = exchange(&summary, 0)
 *   if sleep != AWAKE:              for each word in take: exchange(&bits[w], 0)
 *     futex_wake(&summary)
 * The sequentially consistent or and the load of sleep after it pair with the
 * owner's store of sleep and load of summary after it (store-buffer pattern):
 * one of the two sees the other.
 */
#ifndef DVM_PROTO_SEGMENT_H
#define DVM_PROTO_SEGMENT_H

#include <stdatomic.h>
#include <stdint.h>

#define DVM_LINE 64
#define DVM_INBOX_MAGIC 0x44564d49u /* "DVMI" */
#define DVM_RING_MAGIC 0x44564d52u  /* "DVMR" */
#define DVM_SEGMENT_VERSION 1

#define DVM_INBOX_BYTES 4096
#define DVM_INBOX_WORDS 64                         /* of 64 bits */
#define DVM_INDEX_MAX (DVM_INBOX_WORDS * 64 - 1)   /* highest index of a client */
#define DVM_INDEX_DAEMON 0                         /* the daemon's own bit; clients from 1 */

enum dvm_sleep { DVM_AWAKE = 0, DVM_ASLEEP_FUTEX = 1 };

struct dvm_inbox {
    uint32_t magic, version; /* written by the daemon before the segment is passed on */
    int32_t tid;             /* of its owner */
    uint32_t index;          /* the owner's bit */
    uint8_t pad0[DVM_LINE - 16];
    _Atomic uint32_t sleep;  /* written by the owner: enum dvm_sleep */
    uint8_t pad1[DVM_LINE - 4];
    _Atomic uint32_t summary; /* bit b: words 2b and 2b + 1 of bits; the futex */
    uint8_t pad2[DVM_LINE - 4];
    _Atomic uint64_t bits[DVM_INBOX_WORDS]; /* bit i: the client with index i rang */
    uint8_t board[DVM_LINE];  /* written by the owner: what it waits for (reserved) */
};

_Static_assert(sizeof(struct dvm_inbox) <= DVM_INBOX_BYTES, "an inbox is one page");

#define DVM_RING_HEADER 4096
#define DVM_RING_DATA (128 * 1024) /* power of two */
#define DVM_RING_BYTES (DVM_RING_HEADER + DVM_RING_DATA)
/* Longest frame in a ring, header included: several fit, so that both sides work at once. */
#define DVM_RING_FRAME_MAX (DVM_RING_DATA / 4)

struct dvm_ring {
    uint32_t magic, version; /* written by the producer before the ring is offered */
    int32_t producer, consumer; /* tids */
    uint8_t pad0[DVM_LINE - 16];
    _Atomic uint64_t tail;   /* written by the producer: bytes put in since the start */
    _Atomic uint32_t wants_space; /* written by the producer: ring me when you take out */
    uint8_t pad1[DVM_LINE - 12];
    _Atomic uint64_t head;   /* written by the consumer: bytes taken out since the start */
    uint8_t pad2[DVM_LINE - 8];
    /* data at DVM_RING_HEADER: frames, each starting and padded to DVM_LINE */
};

_Static_assert(sizeof(struct dvm_ring) <= DVM_RING_HEADER, "the ring's header has its place");

/* Ring the owner of an inbox: set the bit of the client with this index, and wake
 * the owner if it sleeps. Async-signal-safe. */
void dvm_inbox_ring(struct dvm_inbox *inbox, unsigned index);

#endif
