/* links.c: the implementation of links.h: life, time, peers. What arrives is in
 * input.c, which way a message takes in path.c, connecting in dial.c and join.c.
 *
 * One timer serves all peers: it is set to the earliest deadline that anybody named
 * (links_arm), and when it fires every peer is looked at. Peers that go while their
 * messages are being read are freed afterwards.
 */
#include "daemon/links/links.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/join.h"
#include "base/log.h"
#include "daemon/links/address.h"
#include "daemon/links/peer.h"
#include "dvm.h"

#define NS_PER_MS 1000000
#define MS_PER_SECOND 1000.0
#define PORT_TRIES 20
#define FDS_PER_DIAL 16  /* sockets, monitors, connections of a dialed peer */
#define FDS_SPARED 1024  /* for everything else */
#define FLUSH_STEP_MS 10

uint64_t links_now(void)
{
    return clock_ns() / NS_PER_MS;
}

/* ---- time ------------------------------------------------------------------ */

void links_arm(struct links *l, uint64_t at)
{
    uint64_t now;

    if (at >= l->armed)
        return;
    l->armed = at;
    now = links_now();
    ev_timer_stop(l->loop, &l->timer);
    ev_now_update(l->loop);
    ev_timer_set(&l->timer, at > now ? (double)(at - now) / MS_PER_SECOND : 0.0, 0.0);
    ev_timer_start(l->loop, &l->timer);
}

void links_enter(struct links *l)
{
    l->depth++;
}

void links_leave(struct links *l)
{
    assert(l->depth > 0);
    if (--l->depth > 0)
        return;
    while (l->dead) {
        struct peer *p = l->dead;

        l->dead = p->next_dead;
        free(p);
    }
}

/* ---- timer -------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A direct path on which nothing is acknowledged is left for the relay; returns when to
 * look again, ms. */
static uint64_t stall_tick(struct links *l, struct peer *p, const struct flow *f, uint64_t now)
{
    uint64_t at;

    if (!p->connected || f->waits_since == FLOW_NEVER)
        return FLOW_NEVER;
    at = f->waits_since + l->silence / LINK_STALLS_PER_SILENCE;
    if (now < at)
        return at;
    path_abandon(l, p, now);
    return FLOW_NEVER;
}

static uint64_t peer_tick(struct links *l, struct peer *p, uint64_t now)
{
    uint64_t next;

    if (p->probe_at && p->probe_at <= now)
        path_probe(l, p);
    if (p->removed)
        return FLOW_NEVER;
    next = earlier(dial_tick(l, p, now), bulk_tick(l, p, now));
    if (p->probe_at)
        next = earlier(next, p->probe_at);
    for (int class = 0; class < LINK_CLASSES; class++) {
        struct flow *f = &p->flow[class];

        if (f->ack_at <= now)
            path_ack(l, p, class, now);
        flow_tick(f, now);
        path_pump(l, p, class);
        if (p->connected && f->resend_at != FLOW_NEVER && f->resend_ms >= LINK_DOUBT_MS)
            dial_doubt(l, p, now);
        next = earlier(next, stall_tick(l, p, f, now));
        next = earlier(next, flow_deadline(f));
        if (p->blocked_until[class])
            next = earlier(next, p->blocked_until[class]);
    }
    return next;
}

static void tick(struct links *l)
{
    uint64_t now = links_now(), next = trim_tick(l, now);

    l->armed = FLOW_NEVER;
    links_enter(l);
    for (int slot = 1; slot <= l->highest; slot++)
        if (l->peers[slot])
            next = earlier(next, peer_tick(l, l->peers[slot], now));
    links_leave(l);
    l->armed = FLOW_NEVER;
    /* never at once again: what is due now was done now */
    if (next != FLOW_NEVER)
        links_arm(l, next > now ? next : now + 1);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop, (void)revents;
    tick(w->data);
}

bool links_flush(struct links *l, int ms)
{
    uint64_t end = links_now() + (uint64_t)ms;

    for (;;) {
        bool empty = true;

        for (int slot = 1; slot <= l->highest; slot++)
            for (int class = 0; l->peers[slot] && class < LINK_CLASSES; class++)
                empty = empty && l->peers[slot]->flow[class].bytes == 0;
        if (empty || links_now() >= end)
            return empty;
        pool_wait(l->pool, FLUSH_STEP_MS);
        tick(l);
    }
}

/* ---- life ------------------------------------------------------------------- */

/* One try to listen; returns 0 or an errno. */
static int listen_once(struct links *l, int wanted)
{
    char endpoint[TICKET_ADDRESS_BYTES + 16];
    const char *format = strchr(l->bind, ':') ? "tcp://[%s]:%d" : "tcp://%s:%d";
    int port = address_port_pair(l->bind[0] ? l->bind : NULL, wanted);

    if (port < 0)
        return errno;
    snprintf(endpoint, sizeof endpoint, format, l->bind[0] ? l->bind : "*", port);
    if (zmq_bind(pool_zmq(l->router), endpoint) != 0)
        return errno;
    l->port = port;
    return 0;
}

/* How many descriptors there may be, the soft limit raised to the hard one. */
static size_t files_allowed(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return SIZE_MAX;
    if (r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
        getrlimit(RLIMIT_NOFILE, &r);
    }
    return r.rlim_cur == RLIM_INFINITY ? SIZE_MAX : (size_t)r.rlim_cur;
}

static int open_router(struct links *l, int wanted, char *error, size_t size)
{
    int server = 1, failed = 0;
    void *zmq;

    l->router = pool_open(l->pool, ZMQ_ROUTER, input_router_read, l);
    if (!l->router) {
        snprintf(error, size, "no ZeroMQ socket could be made: %s", zmq_strerror(errno));
        return DVM_ERR_LIMIT;
    }
    zmq = pool_zmq(l->router);
    dial_options(zmq, DIAL_ROUTER, l->silence);
    zmq_setsockopt(zmq, ZMQ_CURVE_SERVER, &server, sizeof server);
    zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, l->key.secret, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
    l->router_monitor = dial_monitor(l, zmq, path_on_router_event, l);
    for (int i = 0; i < PORT_TRIES; i++) {
        failed = listen_once(l, wanted);
        if (!failed || wanted)
            break;
    }
    pool_touch(l->router);
    if (!failed && l->router_monitor)
        l->door = door_create(l->port, files_allowed(), LINK_HANDSHAKE_MS);
    if (l->door)
        return 0;
    if (!failed)
        failed = ENOMEM;
    join_mark(failed == EADDRNOTAVAIL ? JOIN_BIND : wanted ? JOIN_PORT : JOIN_LIMIT);
    if (wanted)
        snprintf(error, size, "cannot listen on port %d (and reserve %d) of %s: %s%s", wanted,
                 wanted + 1, l->bind[0] ? l->bind : "this host", zmq_strerror(failed),
                 failed == EACCES && wanted < IPPORT_RESERVED ? "; those below 1024 are root's"
                                                              : "");
    else
        snprintf(error, size, "cannot listen on any port of %s: %s",
                 l->bind[0] ? l->bind : "this host", zmq_strerror(failed));
    return DVM_ERR_SYSTEM;
}

/* Direct connections are bounded by descriptors (Z13), and by ZeroMQ's table of sockets. */
static unsigned dials_allowed(void)
{
    size_t files = files_allowed();

    if (files >= FDS_SPARED + FDS_PER_DIAL * (size_t)POOL_PEERS)
        return POOL_PEERS;
    return files > FDS_SPARED ? (unsigned)(files - FDS_SPARED) / FDS_PER_DIAL : 1;
}

int links_create(struct links **out, struct ev_loop *loop, const char *bind, int port,
                 const struct links_events *events, void *arg, char *error, size_t size)
{
    struct links *l = calloc(1, sizeof *l);
    int code = DVM_ERR_NO_MEMORY;

    snprintf(error, size, "no memory for the links to other hosts");
    if (!l)
        return code;
    l->loop = loop;
    l->events = events;
    l->arg = arg;
    l->armed = FLOW_NEVER;
    l->silence = LINK_SILENCE_MS;
    l->dials_max = dials_allowed();
    snprintf(l->bind, sizeof l->bind, "%s", bind ? bind : "");
    ev_timer_init(&l->timer, on_timer, 0.0, 0.0);
    l->timer.data = l;
    l->pool = pool_create(loop);
    if (l->pool)
        l->zap = zap_create(l->pool);
    if (l->zap) {
        code = key_create(&l->key);
        snprintf(error, size, "this libzmq has no CURVE encryption; install one that has");
    }
    if (code == 0)
        code = open_router(l, port, error, size);
    if (code != 0) {
        links_destroy(l);
        return code;
    }
    *out = l;
    return 0;
}

static void peer_free(struct links *l, struct peer *p)
{
    for (int class = 0; class < LINK_CLASSES; class++) {
        dial_close(&p->dealer[class]);
        l->counts.resent += p->flow[class].resent;
        l->counts.duplicates += p->flow[class].duplicates;
        flow_free(&p->flow[class]);
    }
    dial_close(&p->spare.dealer);
    if (p->dial.wanted)
        l->dials--;
    p->removed = true;
    l->peers[p->slot] = NULL;
    if (l->depth == 0) {
        free(p);
        return;
    }
    p->next_dead = l->dead;
    l->dead = p;
}

void links_destroy(struct links *l)
{
    if (!l)
        return;
    assert(l->depth == 0);
    for (int slot = 1; slot <= l->highest; slot++)
        if (l->peers[slot])
            peer_free(l, l->peers[slot]);
    ev_timer_stop(l->loop, &l->timer);
    if (l->router)
        zmq_socket_monitor(pool_zmq(l->router), NULL, 0);
    zap_destroy(l->zap);
    pool_destroy(l->pool);
    door_destroy(l->door);
    key_wipe(&l->key);
    free(l);
}

void links_identity(struct links *l, int slot, uint64_t incarnation)
{
    l->slot = slot;
    l->incarnation = incarnation;
}

void links_silence(struct links *l, uint64_t ms)
{
    l->silence = ms;
}

int links_port(const struct links *l)
{
    return l->port;
}

const uint8_t *links_key(const struct links *l)
{
    return l->key.public;
}

size_t links_addresses(const struct links *l, char out[][TICKET_ADDRESS_BYTES])
{
    return address_list(l->bind[0] ? l->bind : NULL, l->port, out);
}

void links_ticket(struct links *l, const uint8_t key[KEY_BYTES], bool allow)
{
    char user[ZAP_USER_BYTES] = "t ";

    for (int i = 0; i < KEY_BYTES; i++)
        snprintf(user + 2 + 2 * i, 3, "%02x", key[i]);
    if (!allow)
        zap_deny(l->zap, key);
    else if (zap_allow(l->zap, key, user) != 0)
        log_warning("no memory to let in a ticket");
}

/* ---- peers -------------------------------------------------------------------- */

int links_peer_add(struct links *l, const struct links_peer *info)
{
    struct peer *p;
    char user[ZAP_USER_BYTES];

    assert(info->slot > 0 && info->slot <= DVM_SLOT_MAX && info->slot != l->slot);
    assert(info->addresses <= TICKET_ADDRESSES);
    if (l->peers[info->slot])
        return DVM_ERR_EXISTS;
    p = calloc(1, sizeof *p);
    if (!p)
        return DVM_ERR_NO_MEMORY;
    p->slot = info->slot;
    p->incarnation = info->incarnation;
    memcpy(p->key, info->key, KEY_BYTES);
    for (size_t i = 0; i < info->addresses; i++)
        p->addresses += endpoint_resolve(info->address[i], p->address[p->addresses]);
    flow_init(&p->flow[LINK_CONTROL], 0);
    flow_init(&p->flow[LINK_BULK], FLOW_BULK_WINDOW);
    for (int class = 0; class < LINK_CLASSES; class++)
        p->dealer[class] = (struct dealer){.links = l, .peer = p, .class = class};
    p->spare.dealer = p->dealer[LINK_CONTROL];
    snprintf(user, sizeof user, "h %d %" PRIx64, p->slot, p->incarnation);
    if (zap_allow(l->zap, p->key, user) != 0) {
        free(p);
        return DVM_ERR_NO_MEMORY;
    }
    trim_later(l, links_now());
    l->peers[p->slot] = p;
    if (p->slot > l->highest)
        l->highest = p->slot;
    return 0;
}

void links_peer_remove(struct links *l, int slot, const char *why)
{
    struct peer *p = l->peers[slot];
    struct gone *g;

    if (!p)
        return;
    /* a last acknowledgement, so that its goodbye need not wait for one */
    for (int class = 0; class < LINK_CLASSES; class++)
        if (p->flow[class].ack_at != FLOW_NEVER)
            path_ack(l, p, class, links_now());
    /* its key stays listed: refused by ZAP it could never learn why */
    g = &l->gone[l->gone_next++ % GONE_KEPT];
    if (g->incarnation)
        log_debug("a host that left long ago is forgotten");
    g->incarnation = p->incarnation;
    snprintf(g->why, sizeof g->why, "%s", why);
    trim_later(l, links_now());
    peer_free(l, p);
}

bool links_way_back(const struct links *l, int slot, struct ticket *out)
{
    const struct peer *p = l->peers[slot];

    if (!p)
        return false;
    *out = (struct ticket){.key = l->key};
    memcpy(out->server, p->key, KEY_BYTES);
    if (p->dial.current[0])
        memcpy(out->address[out->addresses++], p->dial.current, TICKET_ADDRESS_BYTES);
    for (size_t i = 0; i < p->addresses && out->addresses < TICKET_ADDRESSES; i++)
        if (strcmp(p->address[i], p->dial.current) != 0)
            memcpy(out->address[out->addresses++], p->address[i], TICKET_ADDRESS_BYTES);
    return true;
}

void links_forget(struct links *l)
{
    for (int slot = 1; slot <= l->highest; slot++)
        if (l->peers[slot])
            peer_free(l, l->peers[slot]);
    l->relay = 0;
}

void links_relay(struct links *l, int slot)
{
    l->relay = slot;
}

void links_dial(struct links *l, int slot, const char *address)
{
    if (slot > 0 && slot <= DVM_SLOT_MAX && l->peers[slot] && !l->peers[slot]->connected)
        dial_start(l, l->peers[slot], address);
}

void links_doubt(struct links *l, int slot)
{
    if (links_connected(l, slot))
        dial_doubt(l, l->peers[slot], links_now());
}

int links_send(struct links *l, int slot, enum link_class class, const struct dvm_frame *frame,
               const void *payload)
{
    struct peer *p = slot > 0 && slot <= DVM_SLOT_MAX ? l->peers[slot] : NULL;
    struct flow_frame *f;
    size_t bytes = DVM_FRAME_BYTES + frame->length;

    assert(class < LINK_CLASSES && frame->length <= DVM_PAYLOAD_MAX);
    if (!p)
        return DVM_ERR_NO_HOST;
    f = flow_frame_create(bytes);
    if (!f)
        return DVM_ERR_NO_MEMORY;
    dvm_frame_encode(f->data, frame);
    if (frame->length > 0)
        memcpy(f->data + DVM_FRAME_BYTES, payload, frame->length);
    flow_push(&p->flow[class], f);
    path_pump(l, p, class);
    path_want_direct(l, p, bytes);
    return 0;
}

void links_send_loose(struct links *l, int slot, const struct dvm_frame *frame,
                      const void *payload)
{
    struct link_header head = {.class = LINK_CONTROL, .kind = LINK_LOOSE};
    uint8_t bytes[DVM_FRAME_MAX];

    if (slot < 1 || slot > DVM_SLOT_MAX || !l->peers[slot] || frame->length > DVM_PAYLOAD_MAX)
        return;
    dvm_frame_encode(bytes, frame);
    if (frame->length > 0)
        memcpy(bytes + DVM_FRAME_BYTES, payload, frame->length);
    path_put_frame(l, l->peers[slot], head, bytes, DVM_FRAME_BYTES + frame->length);
}

bool links_connected(const struct links *l, int slot)
{
    return slot > 0 && slot <= DVM_SLOT_MAX && l->peers[slot] && l->peers[slot]->connected;
}

const char *links_dialed(const struct links *l, int slot)
{
    return links_connected(l, slot) && l->peers[slot]->dealer[LINK_CONTROL].up
               ? l->peers[slot]->dial.current
               : "";
}

size_t links_queued(const struct links *l, int slot, enum link_class class)
{
    return slot > 0 && slot <= DVM_SLOT_MAX && l->peers[slot] ? l->peers[slot]->flow[class].bytes
                                                              : 0;
}

void links_counts(const struct links *l, struct links_counts *out)
{
    *out = l->counts;
    for (int slot = 1; slot <= l->highest; slot++)
        for (int class = 0; l->peers[slot] && class < LINK_CLASSES; class++) {
            out->resent += l->peers[slot]->flow[class].resent;
            out->duplicates += l->peers[slot]->flow[class].duplicates;
        }
}
