/* cluster_state.h: what the cluster_*.c files share; nobody else includes it. */
#ifndef DVMD_CLUSTER_STATE_H
#define DVMD_CLUSTER_STATE_H

#include <ev.h>

#include "daemon/cluster.h"
#include "daemon/links/links.h"
#include "daemon/machine/machine.h"
#include "daemon/machine/tickets.h"

/* Versions of the protocol between daemons that this one speaks. */
#define CLUSTER_PROTOCOL_MIN 1
#define CLUSTER_PROTOCOL_MAX 1

/* A request that is answered later. */
struct waiting {
    struct waiting *next;
    uint64_t token;
    struct dvm_frame request;
};

struct cluster {
    struct ev_loop *loop; /* borrowed */
    struct cluster_events events;
    void *arg; /* borrowed */
    char machine_name[DVM_NAME_MAX];
    char bind[MACHINE_ADDRESS_BYTES]; /* "" for all */
    int port, port_most; /* range of control ports, 0: any */
    const char *port_from; /* where that was said, borrowed */
    enum setting_lane_security lane_security; /* of the machine */
    struct machine *machine;
    struct links *links;     /* NULL while this host is alone and invited nobody */
    struct tickets *tickets;
    struct cluster_host *list; /* owned, in order of slots */
    size_t count;
    uint64_t version;        /* of the machine, when list was made */
    ev_timer timer;          /* for the machine's deadline */
    uint64_t armed;
    bool draining, closing;
    struct waiting *waiting; /* owned */
    uint64_t next_token;
    struct machine_message partial; /* a MEMBERS that came in parts so far */
    struct rejoin *rejoin;          /* owned; NULL while this host is a member */
    struct probing *probing;        /* owned; requests PROBE that are at work */
    unsigned probings;              /* so many have there been */
};

/* ---- cluster.c ---- */
uint64_t cluster_now(void); /* ms */
/* Do what the machine decided; to be called after each event. */
void cluster_drain(struct cluster *c);
/* Open the links on the first free pair of the range of ports. Returns 0 or an error
 * with a sentence. */
int cluster_open_links(struct cluster *c, char *error, size_t size);
/* Start ZeroMQ, once. Returns 0 or an error with a sentence. */
int cluster_listen(struct cluster *c, char *error, size_t size);
/* Send a control message of this daemon to the daemon of another slot. */
void cluster_tell(struct cluster *c, int slot, int type, const void *payload, size_t length);
/* Answer a client's request, wherever it lives. */
void cluster_answer(struct cluster *c, const struct dvm_frame *request, int type);
/* What this host says of itself. */
void cluster_describe(const struct cluster_config *config, struct machine_host *out);
struct cluster *cluster_new(struct ev_loop *loop, const struct cluster_config *config,
                            const struct cluster_events *events, void *arg);
extern const struct links_events cluster_links_events;

/* ---- cluster_join.c ---- */
/* A joiner's REGISTER. */
void cluster_on_join(void *arg, const struct links_joiner *joiner, const struct dvm_frame *frame,
                     const uint8_t *payload);
/* Make a ticket. text: TICKET_TEXT_BYTES. Returns 0 or an error with a sentence. */
int cluster_invite(struct cluster *c, unsigned uses, double seconds, char *text, char *error,
                   size_t size);
/* Let who has a key (KEY_BYTES; NULL: nobody) join once, within seconds, as if it were a ticket's.
 * text receives the offer by which such keys are made. Errors as above; EXISTS: a known key. */
int cluster_admit(struct cluster *c, const uint8_t *key, double seconds, char *text, char *error,
                  size_t size);

/* Ask with REGISTER; on success *out is what REGISTERED said and address (of
 * TICKET_ADDRESS_BYTES) where it came from. Blocks for at most timeout seconds. */
struct cluster_register;
struct cluster_registered;
int cluster_ask(struct cluster *c, const struct cluster_register *r, const struct ticket *t,
                double timeout, struct cluster_registered *out, char *address, char *error,
                size_t size);
/* Links to the members that REGISTERED named, and a connection to the coordinator.
 * Returns 0 or an error with a sentence. */
int cluster_enter(struct cluster *c, int coordinator, const char *address, char *error,
                  size_t size);

/* ---- cluster_rejoin.c ---- */
/* MACHINE_DO_AWAY and MACHINE_DO_REJOIN. */
void cluster_away(struct cluster *c, const char *why);
void cluster_rejoin(struct cluster *c);
void cluster_rejoin_free(struct rejoin *r); /* accepts NULL */

/* ---- cluster_probe.c ---- */
/* PROBE, a handler. */
struct daemon;
void cluster_on_probe(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload);
/* Drop all that are at work, without an answer. */
void cluster_probe_stop(struct cluster *c);

/* ---- cluster_message.c ---- */
/* Whether a control message is one between daemons that the cluster handles itself. */
bool cluster_message_own(int type);
/* Read one; false when it is malformed. *more: parts follow. */
bool cluster_message_read(int type, const uint8_t *payload, size_t length,
                          struct machine_message *out, bool *more);
/* Give each packed part of a message to send, in order. */
typedef void cluster_message_send_f(void *arg, int type, const void *payload, size_t length);
void cluster_message_write(const struct machine_message *msg, cluster_message_send_f *send,
                           void *arg);

struct cluster_register {
    unsigned protocol_min, protocol_max;
    struct machine_host host;
    uint8_t nonce[MACHINE_NONCE_BYTES];
    int lane_security_least; /* enum setting_lane_security, -1: none */
};
struct cluster_registered {
    unsigned protocol;
    int slot, coordinator;
    uint64_t log_index, silence_ms, rejoin_ms;
    enum setting_lane_security lane_security;
    char machine[DVM_NAME_MAX];
    struct machine_host *hosts; /* owned */
    size_t count;
};
/* Pack into malloc'd memory: its size in *length, or NULL. */
uint8_t *cluster_register_write(const struct cluster_register *r, size_t *length);
bool cluster_register_read(const uint8_t *payload, size_t length, struct cluster_register *out);
uint8_t *cluster_registered_write(const struct cluster_registered *r, size_t *length);
bool cluster_registered_read(const uint8_t *payload, size_t length,
                             struct cluster_registered *out);
/* join: the enum join_code of it; reading notes it with join_mark. */
uint8_t *cluster_refuse_write(int code, int join, const char *text, size_t *length);
bool cluster_refuse_read(const uint8_t *payload, size_t length, int *code, char *text,
                         size_t size);

#endif
