/* ring.h: frames through a ring in shared memory, one producer, one consumer.
 *
 * The layout and the bell are in proto/segment.h. Neither side trusts the other:
 * each keeps its own word in private memory and checks what it reads.
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
    uint64_t tail;         /* what ring->tail is */
    uint64_t head;         /* ring->head as last read */
    bool wants;            /* what ring->wants_space is */
};

/* The consumer's side. */
struct ring_in {
    struct dvm_ring *ring; /* mapped; owned */
    uint64_t head;         /* what ring->head is */
    uint64_t tail;         /* ring->tail as last read */
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
 * payload of more than RING_PAYLOAD_MAX bytes is the caller's error. */
#define RING_PAYLOAD_MAX (DVM_RING_FRAME_MAX - DVM_FRAME_BYTES)
bool ring_put(struct ring_out *out, const struct dvm_frame *frame, const void *payload);

/* Look at the next frame: the header is copied, *payload points into the ring until
 * ring_take. Returns 1, 0 when the ring is empty, or PROTOCOL when its words make no
 * sense. */
int ring_peek(struct ring_in *in, struct dvm_frame *frame, const uint8_t **payload);

/* Give the place of the frame that was peeked back. length: of its payload. */
void ring_take(struct ring_in *in, uint32_t length);

/* After taking: whether the producer must be rung, because it waits for room. */
bool ring_wanted(struct ring_in *in);

#endif
