/* outbox.h: packets that wait for a SOCK_SEQPACKET socket to take them, in order,
 * each with up to PASSED_MAX descriptors. Never blocks. */
#ifndef DVMD_OUTBOX_H
#define DVMD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/passed.h"

struct outbox_packet; /* outbox.c */

/* All zero is an empty outbox. */
struct outbox {
    struct outbox_packet *first, *last; /* owned */
    size_t bytes;                       /* that wait */
};

/* Send a packet of count parts on fd (nonblocking), or keep it when older ones
 * wait, the socket is full, or fd is -1. fds stay the caller's: what must wait
 * is duplicated. *sent says whether it is with the kernel already. Errors:
 * NO_MEMORY, LIMIT (out of descriptors), LOST_DAEMON (the other side is gone). */
int outbox_put(struct outbox *o, int fd, const struct iovec *parts, int count, const int *fds,
               int fd_count, bool *sent);

/* Send what the socket takes. *sent: how many packets went. Errors: LOST_DAEMON. */
int outbox_flush(struct outbox *o, int fd, size_t *sent);

/* Look at the waiting packets in order, for each its bytes. */
void outbox_each(const struct outbox *o, void (*look)(void *arg, const uint8_t *, size_t),
                 void *arg);

/* Move all packets of other behind those of o. */
void outbox_append(struct outbox *o, struct outbox *other);

/* Drop all that waits. */
void outbox_clear(struct outbox *o);

#endif
