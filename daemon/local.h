/* local.h: the clients of this host: tasks and consoles on the local socket.
 *
 * Each local tid has a seat from the moment it exists (for a spawned task, from
 * its reservation): frames for it wait there until a connection takes the seat.
 * Connections come and go; a seat is closed when its task has ended.
 */
#ifndef DVMD_LOCAL_H
#define DVMD_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/daemon.h"

/* Versions of the protocol with clients that this daemon speaks. */
#define LOCAL_PROTOCOL_MIN 1
#define LOCAL_PROTOCOL_MAX 1
/* A connection that has not said HELLO by then is closed, seconds. */
#define LOCAL_HELLO_SECONDS 20.0 /* it may get no core for a while */
#define LOCAL_LATE_SECONDS 0.5 /* a timer that comes so late says that the daemon stood still */
/* Bytes that may wait for one client; past it it is cut off. */
#define LOCAL_QUEUE_MAX ((size_t)192 << 20)
/* What is read from one client before others have their turn. */
#define LOCAL_TURN_FRAMES 64
#define LOCAL_TURN_BYTES (512 << 10)
/* Bytes that may wait for another host's daemon; past it nothing is read from a client that
 * sends there, and it is looked again after so many seconds. */
#define LOCAL_AWAY_MAX ((size_t)64 << 20)
#define LOCAL_AWAY_SECONDS 0.005
/* What a task that has ended may have sent: more comes from something else that
 * holds its socket, bytes. */
#define LOCAL_DRAIN_BYTES ((size_t)64 << 20)
/* How long farewells may take at the end, milliseconds. */
#define LOCAL_FAREWELL_MS 300

extern const struct handler local_handlers[];

/* Listen in the folder of d. Errors: those of runtime_listen, NO_MEMORY. */
int local_create(struct local **out, struct daemon *d);

/* Tell all clients why (REFUSE with CLOSING), flush for a short time, close all.
 * Accepts NULL. */
void local_destroy(struct local *l, const char *why);

/* Make the seat of a new tid. Error: NO_MEMORY. */
int local_seat_open(struct local *l, int tid, enum role role);

/* Close it: its connection is cut, senders of task frames that waited there are
 * told GONE. Nothing happens if there is none. */
void local_seat_close(struct local *l, int tid);

/* The task called LEAVE, or its enrolled process ended: the seat takes no task
 * frames any more, control still. */
void local_seat_left(struct local *l, int tid);

/* Read what a task sent before it ended. */
void local_drain(struct local *l, int tid);

/* Put a frame into the seat of its dst. fds stay the caller's. Errors: NO_TASK
 * (no seat, or it takes no such frames any more), NO_MEMORY. */
int local_deliver(struct local *l, const struct dvm_frame *frame, const uint8_t *payload,
                  const int *fds, int fd_count);

/* Send a control message of this daemon to all connected clients. */
void local_broadcast(struct local *l, int type, const ProtobufCMessage *message);

/* The role of a local client, or 0. */
unsigned local_role(const struct local *l, int tid);

/* The inbox of a local task, mapped; NULL if it has none: it never enrolled. */
struct dvm_inbox;
const struct dvm_inbox *local_inbox(const struct local *l, int tid);

/* Descriptors that came with the client's frame that is being handled; borrowed. */
const int *local_passed(const struct local *l, int *count);

#endif
