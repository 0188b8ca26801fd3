/* links.h: frames to and from the other daemons.
 *
 * One ROUTER is bound on the control port; to a peer that this side dials there are
 * two DEALERs, control and bulk. Between every two members run two reliable ordered
 * flows (flow.h), end to end: over the direct connection when there is one, else
 * through the relay (the coordinator), which passes link frames on by slot. So a
 * change of path loses and doubles nothing. Who is a member is machine/'s matter: it
 * adds and removes peers here. All callbacks come from the loop's thread, out of
 * reading, timers or links_flush; only want_dial comes from within links_send.
 */
#ifndef DVMD_LINKS_LINKS_H
#define DVMD_LINKS_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/links/header.h"
#include "daemon/links/ticket.h"

struct ev_loop;
struct links;

/* Whom to answer: valid inside the callback. */
struct links_joiner {
    const uint8_t *route;
    size_t route_bytes;
    const uint8_t *ticket; /* public key of the ticket, KEY_BYTES; NULL: it is, or was, */
    int slot;              /* this member, by its own key */
    uint64_t incarnation;
};

struct links_events {
    /* A frame for this host from the daemon of a slot; once and in order of its class. */
    void (*frame)(void *arg, int slot, enum link_class class, const struct dvm_frame *frame,
                  const uint8_t *payload);
    /* Something came from the work loop of a peer. */
    void (*heard)(void *arg, int slot);
    /* The direct connection with a peer came up or was lost. */
    void (*connection)(void *arg, int slot, bool up);
    /* The lost one was dialed again and the peer's computer has taken it; the daemon has not said
     * a word yet. When it breaks, too, connection is false once more. NULL: nobody asks. */
    void (*taken)(void *arg, int slot);
    /* A control message of a joiner, who has proved a ticket that is listed, or the key of
     * a member, present or former. */
    void (*join)(void *arg, const struct links_joiner *joiner, const struct dvm_frame *frame,
                 const uint8_t *payload);
    /* The relay says that this host is no member (any more). */
    void (*bye)(void *arg, const char *why);
    /* This host would like the daemon of a slot to dial it: send it CONNECT. */
    void (*want_dial)(void *arg, int slot);
};

struct links_peer {
    int slot;
    uint64_t incarnation;
    const uint8_t *key;                              /* KEY_BYTES, copied */
    const char (*address)[TICKET_ADDRESS_BYTES];     /* copied */
    size_t addresses;
};

/* Start ZeroMQ, make this daemon's key and listen on bind (NULL: all) and port (0:
 * any; an even one, whose neighbour is free too). Errors: SYSTEM, NO_MEMORY, LIMIT,
 * with a sentence in error. */
int links_create(struct links **out, struct ev_loop *loop, const char *bind, int port,
                 const struct links_events *events, void *arg, char *error, size_t size);

/* Drops what was not sent. Accepts NULL. */
void links_destroy(struct links *l);

/* This host's own place in the machine; before peers are added. */
void links_identity(struct links *l, int slot, uint64_t incarnation);

/* The time after which a silent host is lost, ms: what is found out here is found out
 * before. Connections that stand keep what they had. */
void links_silence(struct links *l, uint64_t ms);

/* The control port, this daemon's public key (KEY_BYTES, borrowed), its addresses. */
int links_port(const struct links *l);
const uint8_t *links_key(const struct links *l);
size_t links_addresses(const struct links *l, char out[][TICKET_ADDRESS_BYTES]);

/* Let in who proves the secret of a ticket's public key (allow), or no longer. */
void links_ticket(struct links *l, const uint8_t key[KEY_BYTES], bool allow);

/* Ask for admission with a ticket: send a control message (type, payload) to all of
 * its addresses until one answers, for at most timeout seconds; blocks. On success
 * *type and *answer (malloc'd, *length bytes) are the answer and address (room for
 * TICKET_ADDRESS_BYTES) the one that gave it. Errors: TICKET (the key is not known
 * there), TIMEOUT, NO_MEMORY, SYSTEM, with a sentence. */
int links_join(struct links *l, const struct ticket *t, double timeout, int *type,
               const void *payload, size_t payload_bytes, uint8_t **answer, size_t *length,
               char *address, char *error, size_t size);

/* Answer a joiner. */
void links_answer(struct links *l, const struct links_joiner *joiner, int type,
                  const void *payload, size_t length);

/* A host is a member from now on: its key is let in. Errors: NO_MEMORY, EXISTS. */
int links_peer_add(struct links *l, const struct links_peer *info);

/* It no longer is. If it speaks again it is told why (copied). */
void links_peer_remove(struct links *l, int slot, const char *why);

/* How to ask the host of a slot to be let in again: its key, its addresses (that in use
 * first), and this daemon's own key. False when there is no such peer. */
bool links_way_back(const struct links *l, int slot, struct ticket *out);

/* No host is a member any more, as far as this one knows: all peers go, without a word. */
void links_forget(struct links *l);

/* Whose daemon passes on frames for peers without a direct connection. 0: nobody's. */
void links_relay(struct links *l, int slot);

/* Connect to a peer, at first to address (NULL: its own list), and stay connected. */
void links_dial(struct links *l, int slot, const char *address);

/* Nothing is heard of a peer though its connection stands: perhaps only the way is dead,
 * because an interface or its address has gone, which nobody reports. If this side
 * dialed, another of its addresses is tried beside the old connection, which goes on
 * until the other stands; each further call tries the next one, and a new connection to
 * the same address when its turn comes. */
void links_doubt(struct links *l, int slot);

/* Queue a frame for the daemon of a slot. Errors: NO_HOST, NO_MEMORY. */
int links_send(struct links *l, int slot, enum link_class class, const struct dvm_frame *frame,
               const void *payload);

/* Send a control frame once, now, in no order; it may be lost. */
void links_send_loose(struct links *l, int slot, const struct dvm_frame *frame,
                      const void *payload);

/* Whether there is a direct connection with a peer. */
bool links_connected(const struct links *l, int slot);

/* The address at which this side has dialed a peer, "" where the peer did. */
const char *links_dialed(const struct links *l, int slot);

/* Bytes not yet acknowledged or sent. */
size_t links_queued(const struct links *l, int slot, enum link_class class);

/* Run the sockets, without the loop, until every flow is acknowledged (to be called
 * with ms > 0) or ms milliseconds have passed. Returns whether all are. */
bool links_flush(struct links *l, int ms);

/* For tests and the log. */
struct links_counts {
    uint64_t resent, duplicates, dropped, forwarded, reconnects;
};
void links_counts(const struct links *l, struct links_counts *out);

#endif
