/* header.h: the 40 bytes in front of every frame between two daemons.
 *
 * Little-endian, one ZeroMQ message part, at most LINK_MAX bytes in all:
 *
 *   0  magic 'D'      1  version (1)     2  class          3  flags
 *   4  src slot (2)   6  dst slot (2)
 *   8  src incarnation (8)              16  dst incarnation (8)
 *  24  seq (8)                          32  ack (8)
 *  40  a dvm frame (proto/frame.h), or text, or nothing
 *
 * seq numbers the data frames of one flow (an ordered pair of incarnations and a
 * class) from 1. ack is cumulative: every frame up to it has arrived here. The form
 * of join frames is the same in all versions, so that a refusal can be read.
 */
#ifndef DVMD_LINKS_HEADER_H
#define DVMD_LINKS_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"

#define LINK_VERSION 1
#define LINK_HEADER_BYTES 40
#define LINK_MAX (LINK_HEADER_BYTES + DVM_FRAME_MAX) /* bytes */

enum link_class {
    LINK_CONTROL = 0, /* as CLUSTER_CONTROL */
    LINK_BULK = 1,    /* as CLUSTER_BULK */
    LINK_CLASSES = 2, /* how many flows a pair of daemons has */
    LINK_JOIN = 2     /* no flow: a joiner with a ticket, and the answer to it */
};

enum link_kind {
    LINK_DATA = 0,  /* a frame of the flow, numbered by seq */
    LINK_ACK = 1,   /* nothing but ack; seq: the first frame held beyond a gap, or 0 */
    LINK_HELLO = 2, /* first on a new connection: who speaks; seq 0 */
    LINK_LOOSE = 3, /* a frame outside the flow, sent once (heartbeats); seq 0 */
    LINK_BYE = 4,   /* your incarnation is no member (any more); text behind it */
    LINK_KINDS = 5
};

struct link_header {
    uint8_t class; /* enum link_class */
    uint8_t kind;  /* enum link_kind: the byte "flags" */
    uint16_t src, dst;
    uint64_t src_incarnation, dst_incarnation;
    uint64_t seq, ack;
};

/* Write h into out in wire order. */
void link_header_encode(uint8_t out[LINK_HEADER_BYTES], const struct link_header *h);

/* Read a header from a message of bytes bytes and check it: magic, version, class,
 * kind, slots, size. Returns 0, or DVM_ERR_VERSION or DVM_ERR_PROTOCOL with *h
 * untouched. */
int link_header_decode(struct link_header *h, const uint8_t *in, size_t bytes);

#endif
