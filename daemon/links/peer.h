/* peer.h: what the files of links/ share; nobody else includes it. */
#ifndef DVMD_LINKS_PEER_H
#define DVMD_LINKS_PEER_H

#include <ev.h>
#include <zmq.h>

#include "daemon/links/door.h"
#include "daemon/links/flow.h"
#include "daemon/links/links.h"
#include "daemon/links/socket.h"
#include "daemon/links/zap.h"

#define ROUTE_BYTES 16       /* longest routing id that libzmq makes up itself, and some */
#define GONE_KEPT 64         /* hosts whose end is remembered with its reason */
#define WHY_BYTES 160
#define LINK_RETRY_MS 3      /* after ZeroMQ took no more */
#define LINK_CONNECT_MS 5000 /* between two CONNECTs to the same peer */
#define LINK_RELAY_COST 1024 /* units a frame costs on the relay, besides its bytes */
#define LINK_RELAY_MAX 65536 /* units after which a direct connection is worth its price */
#define LINK_BULK_MIN 65536  /* likewise of bulk, after which it gets a connection of its own */
#define LINK_BULK_QUIET_MS 60000 /* without bulk, and that connection is closed */
#define LINK_HANDSHAKE_MS 1500 /* that ZeroMQ gives a handshake */
#define LINK_PROBE_MS 100    /* after a connection broke, a look at what replaced it */
#define LINK_DOUBT_MS (4 * FLOW_RESEND_MS) /* pause between resends that says: in vain */
#define LINK_SILENCE_MS 3000 /* until links_silence says otherwise */
#define LINK_STALLS_PER_SILENCE 2 /* so long without an answer, and a direct path is left */

/* A connection of a peer to our ROUTER, as its messages show it. ZeroMQ makes the
 * id, anew for each connection: so a peer that reconnects cannot clash with its own
 * old connection (Z5). */
struct route {
    bool known;
    uint8_t id[ROUTE_BYTES];
    size_t bytes;
    int fd;
};

struct peer;

struct dealer {
    struct links *links;
    struct peer *peer; /* NULL while joining */
    enum link_class class;
    struct pool_socket *socket, *monitor;
    bool up;
    bool taken; /* by the other computer; not by its daemon yet */
};

/* Where dialing stands. */
struct dial {
    bool wanted;
    bool first;      /* the next try is at first_address */
    char first_address[TICKET_ADDRESS_BYTES];
    size_t next;     /* address to try next */
    unsigned rounds; /* in vain */
    uint64_t at;     /* ms: give up this try, or start the next */
    char current[TICKET_ADDRESS_BYTES];
};

/* Another way to a peer in doubt: a control connection that is being tried beside the
 * one in use, or the one that it has replaced. */
struct spare {
    struct dealer dealer;
    bool old;       /* it was replaced */
    char address[TICKET_ADDRESS_BYTES];
    size_t next;    /* address to try next */
    uint64_t until; /* ms: then it was in vain */
};

struct peer {
    int slot;
    uint64_t incarnation;
    uint8_t key[KEY_BYTES];
    char address[TICKET_ADDRESSES][TICKET_ADDRESS_BYTES];
    size_t addresses;
    struct flow flow[LINK_CLASSES];
    struct route route[LINK_CLASSES];
    struct dealer dealer[LINK_CLASSES];
    struct dial dial;
    struct spare spare;
    uint64_t blocked_until[LINK_CLASSES]; /* ms; 0: not blocked */
    size_t relayed;                       /* what the relay carried for us, in cost units */
    size_t bulk_units;                    /* carried by the control connection, see bulk.c */
    uint64_t bulk_at;                     /* ms: when bulk went or came last */
    uint64_t asked_at;                    /* when want_dial was called last */
    uint64_t probe_at;                    /* ms: when to look whether the route is alive; 0 */
    uint64_t shun_until;                  /* ms: its route was left for the relay */
    bool connected;
    bool removed;
    struct peer *next_dead;
};

struct gone {
    uint64_t incarnation;
    char why[WHY_BYTES];
};

struct links {
    struct ev_loop *loop; /* borrowed */
    struct pool *pool;
    struct zap *zap;
    struct pool_socket *router, *router_monitor;
    struct door *door; /* of the router */
    const struct links_events *events; /* borrowed */
    void *arg;
    struct key_pair key;
    char bind[TICKET_ADDRESS_BYTES]; /* "" for all */
    int port;
    int slot, relay;
    uint64_t silence; /* ms: the time after which a host is lost */
    uint64_t incarnation;
    struct peer *peers[DVM_SLOT_MAX + 1];
    int highest; /* slot in use */
    struct peer *dead;
    unsigned depth; /* of reading: peers are freed when it is 0 */
    struct gone gone[GONE_KEPT];
    unsigned gone_next;
    ev_timer timer;
    uint64_t armed; /* ms, FLOW_NEVER when the timer is off */
    struct links_counts counts;
    uint64_t trim_at;  /* ms: when the heap is trimmed; 0: it was */
    unsigned monitors; /* made so far, for their names */
    unsigned dials;    /* peers being dialed or connected to */
    unsigned dials_max;
};

/* Whose message it is, as its connection proves. */
struct origin {
    struct peer *peer;       /* the neighbour; NULL: it was removed */
    const uint8_t *route;    /* NULL when it came through a dealer */
    size_t route_bytes;
    int fd;
};

/* ---- links.c ---- */
uint64_t links_now(void);                       /* ms */
void links_arm(struct links *l, uint64_t at);   /* see to it that links_tick runs at ms */
void links_enter(struct links *l);              /* before code that may call back */
void links_leave(struct links *l);

/* ---- path.c ---- */
enum put_result { PUT_SENT, PUT_BLOCKED, PUT_NO_PATH };
/* Send msg, and take it when the result is SENT: to a connection of our ROUTER; over
 * the direct connection with a peer. */
enum put_result path_put_route(struct links *l, const uint8_t *id, size_t bytes, zmq_msg_t *msg);
enum put_result path_put_direct(struct links *l, struct peer *p, enum link_class class,
                                zmq_msg_t *msg);
/* Build and send one link message by the best way; head gets its addresses and ack. */
enum put_result path_put_frame(struct links *l, struct peer *p, struct link_header head,
                               const void *data, size_t bytes);
/* Send what a flow has and its path takes. */
void path_pump(struct links *l, struct peer *p, enum link_class class);
/* Send an acknowledgement by itself. */
void path_ack(struct links *l, struct peer *p, enum link_class class, uint64_t now);
/* See to a direct connection with a peer that has much traffic; bytes: of one frame. */
void path_want_direct(struct links *l, struct peer *p, size_t bytes);
/* Report the direct connection when it came or went. */
void path_update(struct links *l, struct peer *p);
void path_learn(struct links *l, const struct origin *o, enum link_class class);
/* The direct connection answers nothing, though it stands: the relay carries from now on.
 * Nothing happens where there is no relay to take over. */
void path_abandon(struct links *l, struct peer *p, uint64_t now);
/* Whether a connection that was just reported broken is really back; see route_lost. */
void path_probe(struct links *l, struct peer *p);
/* From now on bulk takes the control connection with a peer that this side dialed. */
void path_share(struct links *l, struct peer *p);
void path_dealer_up(struct dealer *d);
void path_dealer_down(struct dealer *d);
bool path_on_router_event(void *arg); /* pool_read_f of the ROUTER's monitor */

/* ---- input.c ---- */
bool input_router_read(void *arg); /* pool_read_f of the ROUTER */
bool input_dealer_read(void *arg); /* pool_read_f of a dealer with a peer */
/* One link message of n bytes over a connection with a member (o->peer). */
void input_take(struct links *l, const struct origin *o, const uint8_t *bytes, size_t n);
/* One over a connection to the ROUTER, with the user text that zap gave it: a member's,
 * "h SLOT INCARNATION", or a ticket's, "t KEY". NULL: none. */
void input_user(struct links *l, const char *user, struct origin *o, const uint8_t *bytes,
                size_t n);

/* ---- bulk.c ---- */
/* A bulk message of bytes bytes went to, or came from, a neighbour. */
void bulk_carried(struct links *l, struct peer *p, size_t bytes);
/* Close a peer's bulk connection that is quiet; returns when to look again, ms. */
uint64_t bulk_tick(struct links *l, struct peer *p, uint64_t now);

/* ---- trim.c ---- */
/* Memory comes and goes: give back what is free when that has been over for a minute.
 * now: links_now. */
void trim_later(struct links *l, uint64_t now);
/* Do it when it is time; returns when to look again, ms. */
uint64_t trim_tick(struct links *l, uint64_t now);

/* ---- dial.c ---- */
/* Set what our TCP sockets have in common, by what they are for. silence: ms. */
enum dial_use { DIAL_ROUTER, DIAL_DEALER };
void dial_options(void *zmq, enum dial_use use, uint64_t silence);
/* Open a DEALER to an address: the key of its server, and our own. monitored: dealer
 * events go to on_event. Returns 0 or DVM_ERR_SYSTEM. */
int dial_open(struct dealer *d, const char *address, const uint8_t *server,
              const struct key_pair *own, pool_read_f *read, pool_read_f *on_event);
void dial_close(struct dealer *d);
/* Read one event of a monitor socket: its number, or 0 for none; *value its value. */
int dial_event(struct pool_socket *monitor, uint32_t *value);
/* Start a monitor on zmq. */
struct pool_socket *dial_monitor(struct links *l, void *zmq, pool_read_f *read, void *arg);
/* Open the bulk connection beside the control connection, unless there is one. */
void dial_bulk(struct peer *p);
void dial_start(struct links *l, struct peer *p, const char *address);
/* The connection with a peer that this side dialed stands but seems dead; see
 * links_doubt. Nothing happens while another address is being tried. */
void dial_doubt(struct links *l, struct peer *p, uint64_t now);
/* Close the connection that this side dialed, and dial again later. */
void dial_pause(struct links *l, struct peer *p, uint64_t now);
/* Go on with dialing; returns when to call again, ms. */
uint64_t dial_tick(struct links *l, struct peer *p, uint64_t now);

#endif
