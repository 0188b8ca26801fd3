/* links.c: the implementation of links.h: peers, their flows, and which way a
 * frame takes.
 *
 * What arrives is believed only as far as its connection proves it: the ZAP user of
 * a connection to the ROUTER, or the server key of a DEALER, names the neighbour; a
 * frame of another source is taken only from the relay, one for another host only
 * from its source itself. Incarnations must fit both ways, so nothing of an earlier
 * life of a slot gets through. A removed host that still speaks is told so (BYE).
 */
#include "daemon/links/links.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
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

enum put_result { PUT_SENT, PUT_BLOCKED, PUT_NO_PATH };

/* Whose message it is, as its connection proves. */
struct origin {
    struct peer *peer;       /* the neighbour; NULL: it was removed */
    const uint8_t *route;    /* NULL when it came through a dealer */
    size_t route_bytes;
    int fd;
};

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

/* ---- sending ----------------------------------------------------------------- */

static enum put_result put_dealer(struct dealer *d, zmq_msg_t *msg)
{
    int sent;

    if (!d->up)
        return PUT_NO_PATH;
    sent = zmq_msg_send(msg, pool_zmq(d->socket), ZMQ_DONTWAIT);
    pool_touch(d->socket);
    return sent >= 0 ? PUT_SENT : PUT_BLOCKED;
}

static enum put_result put_route(struct links *l, const uint8_t *id, size_t bytes, zmq_msg_t *msg)
{
    void *zmq = pool_zmq(l->router);
    int sent = zmq_send(zmq, id, bytes, ZMQ_SNDMORE | ZMQ_DONTWAIT);

    if (sent >= 0)
        sent = zmq_msg_send(msg, zmq, ZMQ_DONTWAIT);
    pool_touch(l->router);
    if (sent >= 0)
        return PUT_SENT;
    return errno == EHOSTUNREACH ? PUT_NO_PATH : PUT_BLOCKED;
}

static void connection_update(struct links *l, struct peer *p)
{
    bool connected = p->dealer[LINK_CONTROL].up || p->route[LINK_CONTROL].known;

    if (connected == p->connected || p->removed)
        return;
    p->connected = connected;
    l->events->connection(l->arg, p->slot, connected);
}

/* Over the direct connection. Takes msg when it was sent. */
static enum put_result put_direct(struct links *l, struct peer *p, enum link_class class,
                                  zmq_msg_t *msg)
{
    enum put_result result = put_dealer(&p->dealer[class], msg);

    if (result != PUT_NO_PATH || !p->route[class].known)
        return result;
    result = put_route(l, p->route[class].id, p->route[class].bytes, msg);
    if (result == PUT_NO_PATH)
        p->route[class].known = false;
    return result;
}

static struct peer *relay_for(const struct links *l, const struct peer *p)
{
    return l->relay && l->relay != p->slot && l->relay != l->slot ? l->peers[l->relay] : NULL;
}

static enum put_result put(struct links *l, struct peer *p, enum link_class class, zmq_msg_t *msg)
{
    enum put_result result = put_direct(l, p, class, msg);
    struct peer *relay = relay_for(l, p);

    if (result == PUT_NO_PATH && relay)
        result = put_direct(l, relay, class, msg);
    return result;
}

/* Build and send one link message. head is completed with the current ack. */
static enum put_result put_frame(struct links *l, struct peer *p, struct link_header head,
                                 const void *data, size_t bytes)
{
    zmq_msg_t msg;
    enum put_result result;

    head.src = (uint16_t)l->slot;
    head.dst = (uint16_t)p->slot;
    head.src_incarnation = l->incarnation;
    head.dst_incarnation = p->incarnation;
    head.ack = p->flow[head.class].got;
    if (zmq_msg_init_size(&msg, LINK_HEADER_BYTES + bytes) != 0)
        return PUT_BLOCKED;
    link_header_encode(zmq_msg_data(&msg), &head);
    if (bytes > 0)
        memcpy((uint8_t *)zmq_msg_data(&msg) + LINK_HEADER_BYTES, data, bytes);
    result = put(l, p, head.class, &msg);
    if (result == PUT_SENT)
        flow_ack_sent(&p->flow[head.class], head.kind == LINK_ACK);
    else
        zmq_msg_close(&msg);
    return result;
}

static void want_direct(struct links *l, struct peer *p, uint64_t now)
{
    if (p->connected || p->dial.wanted || !relay_for(l, p))
        return;
    if (l->slot > p->slot) {
        dial_start(l, p, NULL);
    } else if (p->asked_at == 0 || now >= p->asked_at + LINK_CONNECT_MS) {
        p->asked_at = now;
        l->events->want_dial(l->arg, p->slot);
    }
}

/* Send what a flow has and its path takes. */
static void pump(struct links *l, struct peer *p, enum link_class class)
{
    struct flow *f = &p->flow[class];
    const struct flow_frame *frame;
    uint64_t now = links_now();

    if (p->blocked_until[class] > now)
        return;
    p->blocked_until[class] = 0;
    while ((frame = flow_peek(f)) != NULL) {
        struct link_header head = {.class = class, .kind = LINK_DATA, .seq = frame->seq};
        enum put_result result = put_frame(l, p, head, frame->data, frame->bytes);

        if (result == PUT_BLOCKED) {
            p->blocked_until[class] = now + LINK_RETRY_MS;
            links_arm(l, p->blocked_until[class]);
        }
        if (result != PUT_SENT)
            break;
        flow_sent(f, now);
    }
    links_arm(l, flow_deadline(f));
}

static void send_ack(struct links *l, struct peer *p, enum link_class class, uint64_t now)
{
    struct flow *f = &p->flow[class];
    struct link_header head = {.class = class, .kind = LINK_ACK, .seq = flow_gap(f)};

    switch (put_frame(l, p, head, NULL, 0)) {
    case PUT_SENT:
        break;
    case PUT_BLOCKED:
        f->ack_at = now + FLOW_ACK_DELAY_MS;
        links_arm(l, f->ack_at);
        break;
    case PUT_NO_PATH:
        f->ack_at = FLOW_NEVER; /* what comes again is acknowledged again */
        break;
    }
}

/* ---- paths that come and go ---------------------------------------------------- */

static void path_up(struct links *l, struct peer *p, enum link_class class)
{
    flow_rewind(&p->flow[class], links_now());
    p->blocked_until[class] = 0;
    if (class == LINK_CONTROL)
        connection_update(l, p);
    if (!p->removed)
        pump(l, p, class);
}

void links_dealer_up(struct dealer *d)
{
    struct link_header hello = {.class = d->class, .kind = LINK_HELLO};

    d->up = true;
    put_frame(d->links, d->peer, hello, NULL, 0);
    path_up(d->links, d->peer, d->class);
}

void links_dealer_down(struct dealer *d)
{
    d->up = false;
    if (d->class == LINK_CONTROL)
        connection_update(d->links, d->peer);
}

/* A message came from a peer over a connection to our ROUTER: the way back. */
static void route_learn(struct links *l, const struct origin *o, enum link_class class)
{
    struct route *r = &o->peer->route[class];

    r->fd = o->fd;
    if (r->known && r->bytes == o->route_bytes && memcmp(r->id, o->route, r->bytes) == 0)
        return;
    if (o->route_bytes > sizeof r->id)
        return;
    memcpy(r->id, o->route, o->route_bytes);
    r->bytes = o->route_bytes;
    r->known = true;
    path_up(l, o->peer, class);
}

/* A connection to our ROUTER broke. The monitor names only its descriptor, which the
 * next connection may have by now: a wrong guess is put right by the next message. */
static void route_lost(struct links *l, int fd)
{
    for (int slot = 1; slot <= l->highest; slot++) {
        struct peer *p = l->peers[slot];

        for (int class = 0; p && class < LINK_CLASSES; class++)
            if (p->route[class].known && p->route[class].fd == fd) {
                p->route[class].known = false;
                l->counts.reconnects++;
                if (class == LINK_CONTROL)
                    connection_update(l, p);
                p = l->peers[slot];
                if (!p)
                    break;
            }
    }
}

static bool on_router_event(void *arg)
{
    struct links *l = arg;
    uint32_t value;
    int event = dial_event(l->router_monitor, &value);

    if (!event)
        return false;
    if (event == ZMQ_EVENT_DISCONNECTED) {
        links_enter(l);
        route_lost(l, (int)value);
        links_leave(l);
    }
    return true;
}

/* ---- receiving ---------------------------------------------------------------- */

static void deliver(struct links *l, struct peer *p, enum link_class class, const uint8_t *bytes,
                    size_t n)
{
    struct dvm_frame frame;

    if (dvm_frame_decode(&frame, bytes, n) != 0) {
        l->counts.dropped++;
        log_warning("a frame from the host of slot %d is malformed", p->slot);
        return;
    }
    l->events->frame(l->arg, p->slot, class, &frame, bytes + DVM_FRAME_BYTES);
}

static void keep_early(struct links *l, struct peer *p, const struct link_header *h,
                       const uint8_t *bytes, size_t n)
{
    struct flow_frame *frame = flow_frame_create(n);

    if (!frame) {
        l->counts.dropped++;
        return; /* it will come again */
    }
    frame->seq = h->seq;
    memcpy(frame->data, bytes, n);
    flow_keep(&p->flow[h->class], frame);
}

static void take_data(struct links *l, struct peer *p, const struct link_header *h,
                      const uint8_t *bytes, size_t n)
{
    struct flow *f = &p->flow[h->class];
    uint64_t now = links_now();
    struct flow_frame *frame;

    switch (flow_check(f, now, h->seq, n)) {
    case FLOW_NEXT:
        deliver(l, p, h->class, bytes, n);
        while (!p->removed && (frame = flow_early(f, now)) != NULL) {
            deliver(l, p, h->class, frame->data, frame->bytes);
            free(frame);
        }
        break;
    case FLOW_EARLY:
        keep_early(l, p, h, bytes, n);
        break;
    case FLOW_DROP:
        break;
    }
    if (!p->removed && flow_ack_due(f, now))
        send_ack(l, p, h->class, now);
}

static void take(struct links *l, struct peer *p, const struct link_header *h,
                 const uint8_t *bytes, size_t n)
{
    struct flow *f = &p->flow[h->class];

    l->events->heard(l->arg, p->slot);
    if (p->removed)
        return;
    flow_ack(f, links_now(), h->ack, h->kind == LINK_ACK ? h->seq : 0);
    if (h->kind == LINK_DATA)
        take_data(l, p, h, bytes, n);
    else if (h->kind == LINK_LOOSE)
        deliver(l, p, h->class, bytes, n);
    if (p->removed)
        return;
    pump(l, p, h->class);
}

static void forward(struct links *l, const struct origin *o, const struct link_header *h,
                    const uint8_t *bytes, size_t n)
{
    struct peer *to = l->peers[h->dst];
    zmq_msg_t msg;

    if (!to || to == o->peer || to->incarnation != h->dst_incarnation ||
        h->src != o->peer->slot || h->src_incarnation != o->peer->incarnation ||
        zmq_msg_init_size(&msg, n) != 0) {
        l->counts.dropped++;
        return;
    }
    memcpy(zmq_msg_data(&msg), bytes, n);
    if (put_direct(l, to, h->class, &msg) == PUT_SENT) {
        l->counts.forwarded++;
        return;
    }
    l->counts.dropped++; /* its sender will notice and send it again */
    zmq_msg_close(&msg);
}

static void say_bye(struct links *l, const struct origin *o, const struct link_header *h)
{
    const char *why = "it is no member of the machine";
    struct link_header bye = {.class = h->class, .kind = LINK_BYE, .src = (uint16_t)l->slot,
                              .dst = h->src, .src_incarnation = l->incarnation,
                              .dst_incarnation = h->src_incarnation};
    zmq_msg_t msg;

    for (int i = 0; i < GONE_KEPT; i++)
        if (l->gone[i].incarnation == h->src_incarnation)
            why = l->gone[i].why;
    if (h->kind == LINK_BYE || zmq_msg_init_size(&msg, LINK_HEADER_BYTES + strlen(why)) != 0)
        return;
    link_header_encode(zmq_msg_data(&msg), &bye);
    memcpy((uint8_t *)zmq_msg_data(&msg) + LINK_HEADER_BYTES, why, strlen(why));
    if (put_route(l, o->route, o->route_bytes, &msg) != PUT_SENT)
        zmq_msg_close(&msg);
}

static void take_bye(struct links *l, const uint8_t *text, size_t n)
{
    char why[WHY_BYTES];

    snprintf(why, sizeof why, "%.*s", (int)(n < sizeof why ? n : sizeof why - 1),
             (const char *)text);
    l->events->bye(l->arg, why);
}

/* One link message from a member, or from one that was removed. */
static void input(struct links *l, const struct origin *o, const uint8_t *bytes, size_t n)
{
    struct link_header h;
    struct peer *from;

    if (link_header_decode(&h, bytes, n) != 0 || h.class == LINK_JOIN) {
        l->counts.dropped++;
        return;
    }
    if (!o->peer) {
        say_bye(l, o, &h);
        return;
    }
    if (o->route)
        route_learn(l, o, h.class);
    if (o->peer->removed)
        return;
    if (h.dst != l->slot) {
        forward(l, o, &h, bytes, n);
        return;
    }
    from = l->peers[h.src];
    if (!from || from->incarnation != h.src_incarnation || h.dst_incarnation != l->incarnation ||
        (from != o->peer && o->peer->slot != l->relay)) {
        l->counts.dropped++;
        return;
    }
    bytes += LINK_HEADER_BYTES;
    n -= LINK_HEADER_BYTES;
    if (h.kind != LINK_BYE)
        take(l, from, &h, bytes, n);
    else if (from->slot == l->relay)
        take_bye(l, bytes, n);
}

static void input_join(struct links *l, const char *key, const struct origin *o,
                       const uint8_t *bytes, size_t n)
{
    uint8_t ticket[KEY_BYTES];
    struct links_joiner joiner = {o->route, o->route_bytes, ticket};
    struct link_header h;
    struct dvm_frame frame;

    for (int i = 0; i < KEY_BYTES; i++)
        if (sscanf(key + 2 * i, "%2" SCNx8, &ticket[i]) != 1)
            return;
    if (link_header_decode(&h, bytes, n) != 0 || h.class != LINK_JOIN ||
        dvm_frame_decode(&frame, bytes + LINK_HEADER_BYTES, n - LINK_HEADER_BYTES) != 0 ||
        frame.op != DVM_OP_CONTROL) {
        l->counts.dropped++;
        return;
    }
    l->events->join(l->arg, &joiner, &frame, bytes + LINK_HEADER_BYTES + DVM_FRAME_BYTES);
}

/* The user text that zap gave the connection: "h SLOT INCARNATION" or "t KEY". */
static void input_router(struct links *l, struct origin *o, zmq_msg_t *body)
{
    const char *user = zmq_msg_gets(body, "User-Id");
    const uint8_t *bytes = zmq_msg_data(body);
    uint64_t incarnation;
    int slot;

    o->fd = zmq_msg_get(body, ZMQ_SRCFD);
    if (!user) {
        l->counts.dropped++;
    } else if (sscanf(user, "h %d %" SCNx64, &slot, &incarnation) == 2) {
        struct peer *p = slot > 0 && slot <= DVM_SLOT_MAX ? l->peers[slot] : NULL;

        o->peer = p && p->incarnation == incarnation ? p : NULL;
        input(l, o, bytes, zmq_msg_size(body));
    } else if (user[0] == 't' && strlen(user) == 2 + 2 * KEY_BYTES) {
        input_join(l, user + 2, o, bytes, zmq_msg_size(body));
    }
}

static void drop_rest(zmq_msg_t *msg, void *zmq)
{
    while (zmq_msg_more(msg) && zmq_msg_recv(msg, zmq, ZMQ_DONTWAIT) >= 0)
        ;
}

static bool on_router(void *arg)
{
    struct links *l = arg;
    void *zmq = pool_zmq(l->router);
    zmq_msg_t id, body;
    bool got;

    zmq_msg_init(&id);
    got = zmq_msg_recv(&id, zmq, ZMQ_DONTWAIT) >= 0;
    if (got && zmq_msg_more(&id)) {
        struct origin o = {NULL, zmq_msg_data(&id), zmq_msg_size(&id), -1};

        zmq_msg_init(&body);
        links_enter(l);
        if (zmq_msg_recv(&body, zmq, ZMQ_DONTWAIT) >= 0 && !zmq_msg_more(&body))
            input_router(l, &o, &body);
        links_leave(l);
        drop_rest(&body, zmq);
        zmq_msg_close(&body);
    }
    zmq_msg_close(&id);
    return got;
}

bool links_dealer_read(void *arg)
{
    struct dealer *d = arg;
    struct links *l = d->links;
    void *zmq = pool_zmq(d->socket);
    struct origin o = {d->peer, NULL, 0, -1};
    zmq_msg_t body;
    bool got;

    zmq_msg_init(&body);
    got = zmq_msg_recv(&body, zmq, ZMQ_DONTWAIT) >= 0;
    if (got) {
        bool more = zmq_msg_more(&body);

        if (!more) {
            links_enter(l);
            input(l, &o, zmq_msg_data(&body), zmq_msg_size(&body));
            links_leave(l);
        } else {
            drop_rest(&body, zmq);
        }
    }
    zmq_msg_close(&body);
    return got;
}

/* ---- timer -------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t peer_tick(struct links *l, struct peer *p, uint64_t now)
{
    uint64_t next = dial_tick(l, p, now);

    for (int class = 0; class < LINK_CLASSES; class++) {
        struct flow *f = &p->flow[class];

        if (f->ack_at <= now)
            send_ack(l, p, class, now);
        flow_tick(f, now);
        pump(l, p, class);
        next = earlier(next, flow_deadline(f));
        if (p->blocked_until[class])
            next = earlier(next, p->blocked_until[class]);
    }
    return next;
}

static void tick(struct links *l)
{
    uint64_t now = links_now(), next = FLOW_NEVER;

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

bool links_await(struct links *l, int slot, int ms)
{
    uint64_t end = links_now() + (uint64_t)ms;

    while (!links_connected(l, slot) && links_now() < end) {
        pool_wait(l->pool, FLUSH_STEP_MS);
        tick(l);
    }
    return links_connected(l, slot);
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

static int open_router(struct links *l, int wanted, char *error, size_t size)
{
    int server = 1, failed = 0;
    void *zmq;

    l->router = pool_open(l->pool, ZMQ_ROUTER, on_router, l);
    if (!l->router) {
        snprintf(error, size, "no ZeroMQ socket could be made: %s", zmq_strerror(errno));
        return DVM_ERR_LIMIT;
    }
    zmq = pool_zmq(l->router);
    dial_options(zmq, true);
    zmq_setsockopt(zmq, ZMQ_CURVE_SERVER, &server, sizeof server);
    zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, l->key.secret, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
    l->router_monitor = dial_monitor(l, zmq, on_router_event, l);
    for (int i = 0; i < PORT_TRIES; i++) {
        failed = listen_once(l, wanted);
        if (!failed || wanted)
            break;
    }
    pool_touch(l->router);
    if (!failed && l->router_monitor)
        return 0;
    if (wanted)
        snprintf(error, size, "cannot listen on port %d (and reserve %d) of %s: %s", wanted,
                 wanted + 1, l->bind[0] ? l->bind : "this host", zmq_strerror(failed));
    else
        snprintf(error, size, "cannot listen on any port of %s: %s",
                 l->bind[0] ? l->bind : "this host", zmq_strerror(failed));
    return DVM_ERR_SYSTEM;
}

/* Room for descriptors: raise the soft limit, and bound direct connections by it (Z13). */
static unsigned dials_allowed(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return DVM_SLOT_MAX;
    if (r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
        getrlimit(RLIMIT_NOFILE, &r);
    }
    if (r.rlim_cur >= (rlim_t)FDS_SPARED + (rlim_t)FDS_PER_DIAL * DVM_SLOT_MAX)
        return DVM_SLOT_MAX;
    return r.rlim_cur > FDS_SPARED ? (unsigned)(r.rlim_cur - FDS_SPARED) / FDS_PER_DIAL : 1;
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
    key_wipe(&l->key);
    free(l);
}

void links_identity(struct links *l, int slot, uint64_t incarnation)
{
    l->slot = slot;
    l->incarnation = incarnation;
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
    p->addresses = info->addresses;
    for (size_t i = 0; i < info->addresses; i++)
        memcpy(p->address[i], info->address[i], TICKET_ADDRESS_BYTES);
    flow_init(&p->flow[LINK_CONTROL], 0);
    flow_init(&p->flow[LINK_BULK], FLOW_BULK_WINDOW);
    for (int class = 0; class < LINK_CLASSES; class++)
        p->dealer[class] = (struct dealer){.links = l, .peer = p, .class = class};
    snprintf(user, sizeof user, "h %d %" PRIx64, p->slot, p->incarnation);
    if (zap_allow(l->zap, p->key, user) != 0) {
        free(p);
        return DVM_ERR_NO_MEMORY;
    }
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
            send_ack(l, p, class, links_now());
    /* its key stays listed: refused by ZAP it could never learn why */
    g = &l->gone[l->gone_next++ % GONE_KEPT];
    if (g->incarnation)
        log_debug("a host that left long ago is forgotten");
    g->incarnation = p->incarnation;
    snprintf(g->why, sizeof g->why, "%s", why);
    peer_free(l, p);
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

int links_send(struct links *l, int slot, enum link_class class, const struct dvm_frame *frame,
               const void *payload)
{
    struct peer *p = slot > 0 && slot <= DVM_SLOT_MAX ? l->peers[slot] : NULL;
    struct flow_frame *f;

    assert(class < LINK_CLASSES && frame->length <= DVM_PAYLOAD_MAX);
    if (!p)
        return DVM_ERR_NO_HOST;
    f = flow_frame_create(DVM_FRAME_BYTES + frame->length);
    if (!f)
        return DVM_ERR_NO_MEMORY;
    dvm_frame_encode(f->data, frame);
    if (frame->length > 0)
        memcpy(f->data + DVM_FRAME_BYTES, payload, frame->length);
    flow_push(&p->flow[class], f);
    pump(l, p, class);
    want_direct(l, p, links_now());
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
    put_frame(l, l->peers[slot], head, bytes, DVM_FRAME_BYTES + frame->length);
}

bool links_connected(const struct links *l, int slot)
{
    return slot > 0 && slot <= DVM_SLOT_MAX && l->peers[slot] && l->peers[slot]->connected;
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
