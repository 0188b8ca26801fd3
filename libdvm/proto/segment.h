/* segment.h: the layout of shared memory between tasks of one host.
 *
 * Two kinds of memfd, sealed against shrinking and growing (a smaller file would
 * kill its readers with SIGBUS):
 *
 *   inbox   one page a task, made by the daemon: how its owner sleeps, and who
 *           rang. Mapped by the owner, the daemon, and every task that has a
 *           ring to or from the owner.
 *   pool    one a task that has sent something to a neighbour, made by it: the
 *           rings to its neighbours. Mapped by them, too. Of its size only what is
 *           in use has memory: allocated before it is used, given back after.
 *
 * Every word has one writer, but for the inbox's summary and bitmap, which are
 * set by an atomic or. So a task that dies at any instruction blocks nobody.
 *
 * A ring has cells of one cache line and a data region. A frame is one cell; a
 * small message is inside it, so that it costs one line's way from core to core,
 * a longer one lies in the data region in one piece. The cell's mark, written
 * last, is its number, counted from 1 for ever: the consumer looks at the mark of
 * the cell that comes next, and nothing else is needed to see that it is there.
 * What was consumed is published in steps, so that this word seldom moves.
 *
 * An ordered pair has a small ring of its own, its home, as long as both live. When
 * there is traffic the producer lends it a slot of the pool with a large ring, and
 * the pair moves there: the last cell that is written at home says where it goes on
 * (DVM_CELL_MOVE). When the traffic is over a last cell in the slot says: at home.
 * One cell of each ring is kept free for this, so that a move never waits.
 *
 *   producer                              consumer
 *     clear the slot's head and cells       sees the mark [M], checks the place
 *     write MOVE, mark (seq_cst) [M]        at home: polled = 0
 *     from here on cells go there           cells_out = all (seq_cst) [O]
 *                                           from here on looks there
 *     sees that cells_out is all [O]:       what was a slot: rings the producer
 *     what was a slot is free
 *
 * A slot is free, too, when the consumer has died, or says that it has left (left in
 * its inbox), or its daemon says that it has ended (over): nobody writes there then.
 * The daemon bounds what a task may lend (share).
 *
 * A consumer that is awake looks at some rings by itself (polled). Otherwise:
 *
 * Ringing (producer):               Sleeping (owner of the inbox):
 *   write the cell, mark (seq_cst)    sleep = DVM_ASLEEP (seq_cst)
 *   if polled and sleep is AWAKE      if summary == 0 and no polled ring has a
 *     (seq_cst): done                   cell: futex_wait(&summary, 0)
 *   bits[word] |= bit  (seq_cst)      sleep = DVM_AWAKE
 *   summary |= 1 << (word / 2)        take = exchange(&summary, 0)
 *   (seq_cst)                         for each word in take:
 *   if sleep is FUTEX:                  exchange(&bits[w], 0)
 *     futex_wake(&summary)          No longer polling a ring:
 *   if sleep is EPOLL:                polled = 0 (seq_cst), look once more
 *     a datagram to its bell
 *
 * An owner that looks at descriptors sleeps in epoll instead of the futex: over its
 * socket to the daemon, what else it watches, and its bell, an AF_UNIX datagram
 * socket with an abstract name. The name is a random number that stands in the
 * inbox, and so is the key that a datagram must hold to be taken: only who has the
 * inbox can ring. A full queue is as good as one datagram more. The daemon sends
 * none, since it rings behind what it wrote into the socket. Who cannot reach the
 * bell (it is in another network namespace) has the daemon ring.
 *
 * Each is the store-buffer pattern: of the one who writes his word and reads the
 * other's, and the other, at least one sees what the other wrote. polled is read in
 * the ring that the cell went to; behind a move that is the new ring's, which is 0
 * until the consumer has come there.
 */
#ifndef DVM_PROTO_SEGMENT_H
#define DVM_PROTO_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "proto/board.h"

#define DVM_LINE 64

/* Write a mark, before words are read that say whether somebody sleeps: those reads are no older.
 * A store and a fence. A sequentially consistent store, which is an exchange on some processors,
 * would be seen later: it waits until what was written before it is seen, and a fence behind it
 * does not keep the mark back. */
static inline void dvm_mark(_Atomic uint32_t *mark, uint32_t value)
{
#ifdef __SANITIZE_THREAD__ /* it does not know fences */
    atomic_store(mark, value);
#else
    atomic_store_explicit(mark, value, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
#endif
}
#define DVM_INBOX_MAGIC 0x44564d49u /* "DVMI" */
#define DVM_RING_MAGIC 0x44564d52u  /* "DVMR" */
#define DVM_SEGMENT_VERSION 6

#define DVM_INBOX_BYTES 4096
#define DVM_INBOX_WORDS 64                         /* of 64 bits */
#define DVM_INDEX_MAX (DVM_INBOX_WORDS * 64 - 1)   /* highest index of a client */
#define DVM_INDEX_DAEMON 0                         /* the daemon's own bit; clients from 1 */

enum dvm_sleep { DVM_AWAKE = 0, DVM_ASLEEP_FUTEX = 1, DVM_ASLEEP_EPOLL = 2 };

/* What a task has sent and received since it enrolled, for those who look at it: words
 * written by their task alone, read by its daemon. Messages to itself do not count. */
struct dvm_counters {
    _Atomic uint64_t sent_messages, sent_bytes;
    _Atomic uint64_t received_messages, received_bytes;
    uint8_t pad[DVM_LINE - 32];
};

_Static_assert(sizeof(struct dvm_counters) == DVM_LINE, "counters have a line of their own");

struct dvm_inbox {
    uint32_t magic, version; /* written by the daemon before the segment is passed on */
    int32_t tid;             /* of its owner */
    uint32_t index;          /* the owner's bit */
    _Atomic uint32_t share;  /* written by the daemon: bytes of slots the owner may lend */
    _Atomic uint32_t over;   /* written by the daemon: 1 when the owner has ended */
    uint8_t pad0[DVM_LINE - 24];
    _Atomic uint32_t sleep;  /* written by the owner: enum dvm_sleep */
    _Atomic uint32_t left;   /* written by the owner: 1 when it touches no ring any more */
    /* written by the owner before it first sleeps in epoll, and read behind sleep */
    _Atomic uint64_t bell;     /* names its datagram socket */
    _Atomic uint64_t bell_key; /* what a datagram holds, in the host's byte order */
    _Atomic uint32_t core;     /* written by the owner: 1 + where it ran when it last rang */
    uint8_t pad1[DVM_LINE - 28];
    _Atomic uint32_t summary; /* bit b: words 2b and 2b + 1 of bits; the futex */
    uint8_t pad2[DVM_LINE - 4];
    _Atomic uint64_t bits[DVM_INBOX_WORDS]; /* bit i: the client with index i rang */
    struct dvm_board board;   /* written by the owner: what it waits for */
    struct dvm_counters counters; /* written by the owner */
};

_Static_assert(sizeof(struct dvm_inbox) <= DVM_INBOX_BYTES, "an inbox is one page");

#define DVM_CELL_INLINE 32     /* bytes of a message that fit into its cell */
#define DVM_CELL_MOVE 0xff     /* op of the cell behind which the pair moves; no frame's */

struct dvm_cell {
    _Atomic uint32_t mark; /* low half of the cell's number; written last */
    uint8_t op, kind, flags;
    uint8_t inside;        /* 1: length bytes of payload are in bytes; size is length */
    uint32_t length;       /* of the payload */
    uint32_t type;
    int32_t tag;
    uint32_t pad; /* the producer writes here to have the line; nobody reads it */
    uint64_t context;
    union {
        uint8_t bytes[DVM_CELL_INLINE];
        struct {
            uint64_t size, ref, extra; /* as in struct dvm_frame */
            uint64_t at;               /* where the payload begins, counted in data bytes */
        };
    };
};

_Static_assert(sizeof(struct dvm_cell) == DVM_LINE, "a cell is one cache line");

/* Head of a ring; its cells follow, then its data, each payload beginning on a line. */
struct dvm_ring {
    uint32_t magic, version;    /* written by the producer before the ring is offered */
    int32_t producer, consumer; /* tids */
    uint64_t first;             /* written by the producer before the first cell: its seq */
    int32_t pid;                /* of the producer, 0: its memory is not to be read */
    _Atomic uint32_t wants_space; /* written by the producer: ring me when you take out */
    uint64_t cookie, cookie_at; /* a number of the producer's and where it has it */
    /* of a home, for a large message that both copy: written by the producer (lane/both.c) */
    _Atomic uint64_t both_back, both_done;
    _Atomic uint64_t cells_out; /* written by the consumer: cells taken since the start */
    _Atomic uint64_t data_out;  /* written by the consumer: data bytes given back */
    /* and by the consumer: that it copies, the message's ref, where it shall be */
    _Atomic uint64_t both_front, both_ref, both_to;
    uint8_t pad1[DVM_LINE - 40];
    _Atomic uint32_t polled;    /* written by the consumer: it looks here while awake */
    uint8_t pad2[DVM_LINE - 4];
    struct dvm_cell cells[];
};

#define DVM_RING_HEAD (3 * DVM_LINE)

/* both_back, both_done and both_front: the number of an offer in the bits from DVM_BOTH_NUMBER
 * on (0: none), then a flag, then pages of 4 KiB of the message. */
#define DVM_BOTH_NUMBER 32
#define DVM_BOTH_OVER 0x80000000u /* both_done: the producer does no more for this offer */
#define DVM_BOTH_RING 0x80000000u /* both_front: the consumer is to be rung then */

_Static_assert(sizeof(struct dvm_ring) == DVM_RING_HEAD, "a head is three lines");

/* Bytes of a ring; cells and data (bytes) are powers of two. Longest payload of a frame:
 * several fit, so that both sides work at once. */
#define DVM_RING_BYTES(cells, data) (DVM_RING_HEAD + (size_t)(cells) * DVM_LINE + (size_t)(data))
#define DVM_RING_PAYLOAD_MAX(data) ((data) / 4)

#define DVM_HOME_CELLS 8
#define DVM_HOME_DATA 256
#define DVM_HOME_BYTES DVM_RING_BYTES(DVM_HOME_CELLS, DVM_HOME_DATA)
#define DVM_LARGE_CELLS 128          /* of a ring in a slot */
#define DVM_LARGE_DATA (64 * 1024)
#define DVM_MIDDLE_CELLS 32          /* the same where many tasks share the memory */
#define DVM_MIDDLE_DATA (8 * 1024)

/* A pool: homes at multiples of DVM_HOME_BYTES, then slots of whole pages. */
#define DVM_POOL_PAGE 4096
#define DVM_POOL_HOMES 4096          /* as many as there are clients of a host */
#define DVM_POOL_SLOTS_AT (DVM_POOL_HOMES * DVM_HOME_BYTES)
#define DVM_POOL_SLOT_PAGES 2048     /* 8 MiB */
#define DVM_POOL_BYTES (DVM_POOL_SLOTS_AT + (size_t)DVM_POOL_SLOT_PAGES * DVM_POOL_PAGE)
#define DVM_POOL_HOST (16u << 20)    /* bytes of slots that all tasks of a host may lend */

_Static_assert(DVM_POOL_SLOTS_AT % DVM_POOL_PAGE == 0, "slots begin on a page");

/* Ring the owner of an inbox: set the bit of the client with this index, and wake
 * the owner if it sleeps. Returns false when its bell cannot be reached from here and
 * the daemon must be asked. The daemon itself need not look at that: what it has
 * written into the owner's socket wakes the owner. Async-signal-safe. */
bool dvm_inbox_ring(struct dvm_inbox *inbox, unsigned index);

/* Send a datagram to the owner's bell, which must have been made: it wakes who sleeps in
 * epoll, and nothing else. Returns false when it did not get there. */
bool dvm_inbox_nudge(struct dvm_inbox *inbox);

/* Make the address of an owner's bell; returns its length. */
unsigned dvm_bell_address(uint64_t bell, struct sockaddr_un *address);

/* In a child after fork: it rings with a socket of its own. Async-signal-safe. */
void dvm_inbox_forked(void);

#endif
