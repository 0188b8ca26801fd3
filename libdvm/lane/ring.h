/* ring.h: frames through a ring in shared memory, one producer, one consumer.
 *
 * The layout and the bell are in proto/segment.h. Neither side trusts the other:
 * each counts in private memory and checks what it reads.
 */
#ifndef DVM_LANE_RING_H
#define DVM_LANE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/frame.h"
#include "proto/segment.h"

/* The producer's side. */
struct ring_out {
    struct dvm_ring *ring; /* mapped; owned */
    uint64_t first;        /* what ring->first is */
    uint64_t cells, data;  /* put in since the start: cells, bytes of data */
    uint64_t cells_out, data_out; /* the consumer's words as last read */
    bool wants;            /* what ring->wants_space is */
};

/* The consumer's side. */
struct ring_in {
    struct dvm_ring *ring; /* mapped; owned */
    int producer, consumer;
    uint64_t cells, data;  /* taken out since the start: cells, bytes of data */
    uint64_t cells_told, data_told; /* what the producer was told */
    uint64_t next_data;    /* data, once the cell that was peeked is taken */
    struct dvm_cell cell;  /* copy of the cell that was peeked */
};

/* Make an empty ring, allocated and sealed. *fd receives its descriptor, which the
 * caller closes. Errors: LIMIT, SYSTEM. */
int ring_make(struct ring_out *out, int producer, int consumer, int *fd);

/* Write the header of a ring into zeroed memory of DVM_RING_BYTES. */
void ring_format(struct dvm_ring *ring, int producer, int consumer);

/* Map a ring that another task made, and check seals, size and header. fd stays the
 * caller's. Errors: PROTOCOL, SYSTEM. */
int ring_map(struct ring_in *in, int fd, int producer, int consumer);

/* Map the inbox of another task, checked likewise. Errors: PROTOCOL, SYSTEM. */
int ring_map_inbox(struct dvm_inbox **inbox, int fd, int tid);

/* Unmap; either may be empty. */
void ring_free_out(struct ring_out *out);
void ring_free_in(struct ring_in *in);
void ring_free_inbox(struct dvm_inbox **inbox);

/* Put a frame in. false: there is no room, and the consumer was asked to ring. A
 * payload of more than DVM_RING_PAYLOAD_MAX bytes is the caller's error, and so is a
 * frame whose seq does not follow the last one's. */
bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload);

/* Whether the consumer looks at this ring by itself while it is awake. Asked after
 * ring_put, whose store of the mark and this load are sequentially consistent. */
static inline bool ring_polled(const struct ring_out *out)
{
    return atomic_load(&out->ring->polled) != 0;
}

/* Whether a frame is there: one load. */
static inline bool ring_ready(const struct ring_in *in)
{
    const struct dvm_cell *cell = &in->ring->cells[in->cells % DVM_RING_CELLS];

    return atomic_load(&cell->mark) == (uint32_t)(in->cells + 1);
}

/* Look at the next frame; *payload is valid until ring_take. Returns 1, 0 when the ring
 * is empty, or PROTOCOL when its words make no sense. */
int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload);

/* Give the place of the frame that was peeked back. Returns whether the producer must be
 * rung, because it waits for room. */
bool ring_take(struct ring_in *in);

/* Tell the producer whether this ring is looked at while the consumer is awake. After
 * false the consumer looks once more. */
void ring_poll(struct ring_in *in, bool polled);

#endif
