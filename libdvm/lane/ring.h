/* ring.h: frames through a ring in shared memory, one producer, one consumer.
 *
 * The layout, the move from a ring to another, and the bell are in proto/segment.h.
 * Neither side trusts the other: each counts in private memory and checks what it reads.
 */
#ifndef DVM_LANE_RING_H
#define DVM_LANE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/frame.h"
#include "proto/segment.h"

/* One ring as its producer knows it. */
struct ring_put_side {
    struct dvm_ring *ring; /* NULL: none */
    uint8_t *bytes;        /* its data region */
    uint32_t mask;         /* its cells - 1 */
    uint32_t payload_max;  /* bytes of a frame's payload */
    uint64_t cells, data;  /* put in since the start: cells, bytes of data */
    uint64_t cells_out, data_out; /* the consumer's words as last read */
    uint64_t data_size;
    bool wants;            /* what ring->wants_space is */
};

/* The producer's side of a pair. */
struct ring_out {
    struct ring_put_side now;  /* where frames go */
    struct ring_put_side home; /* while now is another one */
    uint64_t home_at;      /* place of home in the pool */
    uint64_t frames, first; /* put in all; seq of the first */
    unsigned looks;        /* how often room was looked for at home, since it was moved there */
};

/* One ring as its consumer knows it. */
struct ring_take_side {
    struct dvm_ring *ring; /* NULL: none */
    const uint8_t *bytes;
    uint32_t mask, payload_max;
    uint64_t cells, data;  /* taken out since the start: cells, bytes of data */
    uint64_t cells_told, data_told; /* what the producer was told */
    uint64_t data_size;
};

/* The consumer's side of a pair. */
struct ring_in {
    struct ring_take_side now, home; /* as in ring_out */
    uint8_t *base;         /* the producer's pool, mapped; owned */
    uint64_t home_at;
    uint64_t frames;       /* taken in all */
    uint64_t first;        /* seq of the first */
    uint64_t next_data;    /* data, once the cell that was peeked is taken */
    int producer, consumer;
    bool polled;           /* what ring->polled is where frames are taken */
    bool returned;         /* a slot was left: the caller rings the producer, and resets it */
};

/* Write an empty ring into memory of DVM_RING_BYTES(cells, data). */
void ring_format(struct dvm_ring *ring, uint32_t cells, int producer, int consumer);

/* Begin to put into a home, formatted, at a place of the producer's pool. */
void ring_begin(struct ring_out *out, struct dvm_ring *home, uint64_t home_at);

/* Go on in another ring, formatted, at that place: the pair is at home, and then it is
 * not. The caller rings as after ring_put. */
void ring_move(struct ring_out *out, struct dvm_ring *to, uint64_t at, uint32_t cells,
               uint32_t data);

/* Go on at home. The left ring is free when ring_left says so. */
void ring_move_home(struct ring_out *out);

/* Whether frames go into another ring than the home. */
static inline bool ring_is_away(const struct ring_out *out)
{
    return out->home.ring != NULL;
}

/* Whether the consumer has taken all, up to cells, of a ring that was left. */
bool ring_left(const struct dvm_ring *ring, uint64_t cells);

/* Take out of a home, formatted, at a place of a pool. */
void ring_take_from(struct ring_in *in, uint8_t *base, uint64_t at, int producer, int consumer);

/* Map the pool of another task, and take the ring at a place for the home of its pair with
 * this one: seals, size, place and head are checked. fd stays the caller's. Errors:
 * PROTOCOL, SYSTEM. */
int ring_map(struct ring_in *in, int fd, uint64_t at, int producer, int consumer);

/* Map the inbox of another task, checked likewise. Errors: PROTOCOL, SYSTEM. */
int ring_map_inbox(struct dvm_inbox **inbox, int fd, int tid);

/* Unmap; either may be empty. */
void ring_free_in(struct ring_in *in);
void ring_free_inbox(struct dvm_inbox **inbox);

/* Put a frame in. false: there is no room, and the consumer was asked to ring. A payload
 * of more than now.payload_max bytes is the caller's error, and so is a frame whose seq
 * does not follow the last one's. */
bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload);

/* The same for an EAGER frame of a whole message of at most DVM_CELL_INLINE bytes, without
 * flags: the way of most messages. false: not now, ring_put may do better. */
bool ring_put_small(struct ring_out *out, uint64_t context, int tag, const void *bytes,
                    size_t size, uint32_t type);

/* Whether the consumer looks at this ring by itself while it is awake. Asked after
 * ring_put, whose store of the mark and this load are sequentially consistent. */
static inline bool ring_polled(const struct ring_out *out)
{
    return atomic_load(&out->now.ring->polled) != 0;
}

/* Whether a cell is there: one load. */
static inline bool ring_ready(const struct ring_in *in)
{
    const struct dvm_cell *cell = &in->now.ring->cells[in->now.cells & in->now.mask];

    return atomic_load(&cell->mark) == (uint32_t)(in->now.cells + 1);
}

/* Look at the next frame; *payload is valid until ring_take, but what it says may still
 * be changed by a producer that is not sane. Returns 1, 0 when the ring is empty, or
 * PROTOCOL when its words make no sense. */
int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload);

/* A whole message that the consumer would take, and what it was. */
struct ring_wish {
    uint64_t context, seq;
    int tag;           /* or any_tag */
    bool any_tag;
    uint32_t type;     /* exactly */
    size_t capacity;   /* most, bytes */
    uint64_t credit;   /* most of what is not in its cell */
    void *buffer;
    int came_tag;
    uint32_t came;     /* bytes */
};

enum ring_taken { RING_NONE, RING_TAKEN, RING_TAKEN_RING /* the producer must be rung */ };

/* Take the next frame, if it is just what is wished for: an EAGER message without
 * flags, in its cell or behind. RING_NONE: it is not, and nothing was done; ring_peek tells. */
enum ring_taken ring_take_small(struct ring_in *in, struct ring_wish *wish);

/* Give the place of the frame that was peeked back. Returns whether the producer must be
 * rung, because it waits for room. */
bool ring_take(struct ring_in *in);

/* Tell the producer whether this ring is looked at while the consumer is awake. After
 * false the consumer looks once more. */
void ring_poll(struct ring_in *in, bool polled);

#endif
