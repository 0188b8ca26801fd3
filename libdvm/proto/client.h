/* client.h: a console's connection to one daemon.
 *
 * A console says HELLO on the daemon's local socket and becomes a client with a
 * tid. Through its daemon it may ask any daemon of the machine: requests are
 * addressed by tid, answers carry the request's number (frame.ref). Nothing here
 * is thread-safe. Errors leave their sentence in dvm_last_error().
 */
#ifndef DVM_PROTO_CLIENT_H
#define DVM_PROTO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "dvm.h"
#include "proto/control.h"
#include "proto/frame.h"

/* Longest control message, all its frames together, bytes. */
#define CLIENT_MESSAGE_MAX (32 * 1024 * 1024)
/* How long a daemon of this computer may take to say WELCOME, seconds. */
#define CLIENT_WELCOME_SECONDS 30.0

struct client; /* opaque */

/* What the daemon said in its WELCOME. */
struct client_info {
    int tid;         /* this console's own */
    int slot;        /* of the daemon it talks to */
    int coordinator; /* slot of the coordinator */
    char host[DVM_NAME_MAX];
    char machine[DVM_NAME_MAX];
    char version[16];
};

/* Say HELLO on a connected socket, wait for WELCOME, and make a client of it.
 * Takes fd in any case. program: for display. owner: the daemon is private and
 * ends with this connection. Errors: VERSION, REFUSED (the daemon's sentence),
 * TIMEOUT, LOST_DAEMON, PROTOCOL, NO_MEMORY, SYSTEM. */
int client_open(struct client **out, int fd, const char *program, bool owner);

/* Close the connection and free the client. Accepts NULL; keeps errno. */
void client_close(struct client *c);

/* The descriptor to poll for input; owned by the client. After POLLIN call
 * client_receive with timeout 0 until it returns TIMEOUT. */
int client_fd(const struct client *c);

/* What WELCOME said; valid as long as the client. */
const struct client_info *client_info(const struct client *c);

/* Whether the daemon has said that it ends, and why: it was not lost. */
bool client_dismissed(const struct client *c);

/* Send a control message (NULL: without payload) to a tid. A message over one
 * frame goes in several. *ref, unless ref is NULL, receives the number that the
 * answer will carry. Waits while the daemon does not read. Errors: LOST_DAEMON,
 * LIMIT (over CLIENT_MESSAGE_MAX), NO_MEMORY, TIMEOUT. */
int client_send(struct client *c, int dst, int type, const ProtobufCMessage *message,
                uint64_t *ref);

/* Receive the next control message, waiting at most timeout seconds (0: do not
 * wait; negative: for ever). *payload: frame->length bytes, valid until the next
 * call. Errors: TIMEOUT, LOST_DAEMON, PROTOCOL, NO_MEMORY. */
int client_receive(struct client *c, struct dvm_frame *frame, const uint8_t **payload,
                   double timeout);

/* Ask and wait for the answer, at most timeout seconds; messages that answer
 * something else are dropped. want: the type of the answer. *frame and *payload
 * as of client_receive. Errors: those of client_send and client_receive; what a
 * FAIL says, with its sentence; HOST_GONE when dst's host goes down meanwhile. */
int client_call(struct client *c, int dst, int type, const ProtobufCMessage *message, int want,
                struct dvm_frame *frame, const uint8_t **payload, double timeout);

/* Turn the payload of a FAIL or REFUSE into an error: returns its code and keeps
 * its sentence. PROTOCOL when it is none. */
int client_failure(const uint8_t *payload, size_t length);

#endif
