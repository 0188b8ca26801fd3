/* path.c: which way a message takes, and what a flow does when its path comes or goes.
 *
 * The direct connection comes first: our DEALER, or the peer's connection to our
 * ROUTER; then the relay. A refusal by ZeroMQ (its queue is full) is tried again a few
 * milliseconds later; no path at all waits for one to come up. A change of path resends
 * what is unacknowledged, and the receiver drops what it had.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/links/peer.h"
#include "dvm.h"

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

enum put_result path_put_route(struct links *l, const uint8_t *id, size_t bytes, zmq_msg_t *msg)
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

void path_update(struct links *l, struct peer *p)
{
    bool connected = p->dealer[LINK_CONTROL].up || p->route[LINK_CONTROL].known;

    if (connected == p->connected || p->removed)
        return;
    p->connected = connected;
    l->events->connection(l->arg, p->slot, connected);
}

/* Bulk takes the control connection as long as it has none of its own. */
static struct dealer *dealer_for(struct peer *p, enum link_class class)
{
    return &p->dealer[p->dealer[class].up ? class : LINK_CONTROL];
}

/* Over the direct connection. Takes msg when it was sent. */
enum put_result path_put_direct(struct links *l, struct peer *p, enum link_class class,
                                  zmq_msg_t *msg)
{
    size_t bytes = zmq_msg_size(msg);
    enum put_result result = put_dealer(dealer_for(p, class), msg);
    bool lost = false;

    if (result == PUT_NO_PATH && p->route[class].known) {
        result = path_put_route(l, p->route[class].id, p->route[class].bytes, msg);
        lost = result == PUT_NO_PATH;
    }
    if (result == PUT_SENT && class == LINK_BULK)
        bulk_carried(l, p, bytes);
    if (lost) {
        p->route[class].known = false;
        p->probe_at = links_now(); /* the timer reports it: here a caller may be at work */
        links_arm(l, p->probe_at);
    }
    return result;
}

static struct peer *relay_for(const struct links *l, const struct peer *p)
{
    return l->relay && l->relay != p->slot && l->relay != l->slot ? l->peers[l->relay] : NULL;
}

static enum put_result put(struct links *l, struct peer *p, enum link_class class, zmq_msg_t *msg)
{
    enum put_result result = path_put_direct(l, p, class, msg);
    struct peer *relay = relay_for(l, p);

    if (result == PUT_NO_PATH && relay)
        result = path_put_direct(l, relay, class, msg);
    return result;
}

/* Build and send one link message. head is completed with the current ack. */
enum put_result path_put_frame(struct links *l, struct peer *p, struct link_header head,
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

/* A connection costs both sides a handshake and heartbeats: a few frames, such as the
 * news of a death that every daemon tells every other, are not worth one. */
void path_want_direct(struct links *l, struct peer *p, size_t bytes)
{
    uint64_t now = links_now();

    if (p->connected || p->dial.wanted || !relay_for(l, p))
        return;
    p->relayed += LINK_RELAY_COST + bytes;
    if (p->relayed < LINK_RELAY_MAX)
        return;
    if (l->slot > p->slot) {
        dial_start(l, p, NULL);
    } else if (p->asked_at == 0 || now >= p->asked_at + LINK_CONNECT_MS) {
        p->asked_at = now;
        l->events->want_dial(l->arg, p->slot);
    }
}

/* Send what a flow has and its path takes. */
void path_pump(struct links *l, struct peer *p, enum link_class class)
{
    struct flow *f = &p->flow[class];
    const struct flow_frame *frame;
    uint64_t now = links_now();

    if (p->blocked_until[class] > now)
        return;
    p->blocked_until[class] = 0;
    while ((frame = flow_peek(f)) != NULL) {
        struct link_header head = {.class = class, .kind = LINK_DATA, .seq = frame->seq};
        enum put_result result = path_put_frame(l, p, head, frame->data, frame->bytes);

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

void path_ack(struct links *l, struct peer *p, enum link_class class, uint64_t now)
{
    struct flow *f = &p->flow[class];
    struct link_header head = {.class = class, .kind = LINK_ACK, .seq = flow_gap(f)};

    switch (path_put_frame(l, p, head, NULL, 0)) {
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
        path_update(l, p);
    if (!p->removed)
        path_pump(l, p, class);
}

static void say_hello(struct links *l, struct peer *p, enum link_class class)
{
    struct link_header hello = {.class = class, .kind = LINK_HELLO};

    path_put_frame(l, p, hello, NULL, 0);
    path_up(l, p, class);
}

void path_share(struct links *l, struct peer *p)
{
    if (!p->removed && p->dealer[LINK_CONTROL].up && !p->dealer[LINK_BULK].up)
        say_hello(l, p, LINK_BULK);
}

void path_dealer_up(struct dealer *d)
{
    d->up = true;
    pool_refresh(d->socket); /* else the word below may find no connection */
    say_hello(d->links, d->peer, d->class);
    path_share(d->links, d->peer);
}

void path_dealer_down(struct dealer *d)
{
    d->up = false;
    if (d->class == LINK_CONTROL)
        path_update(d->links, d->peer);
    else
        path_share(d->links, d->peer);
}

/* A message came from a peer over a connection to our ROUTER: the way back. */
void path_learn(struct links *l, const struct origin *o, enum link_class class)
{
    struct route *r = &o->peer->route[class];

    if (links_now() < o->peer->shun_until)
        return;
    r->fd = o->fd;
    if (r->known && r->bytes == o->route_bytes && memcmp(r->id, o->route, r->bytes) == 0)
        return;
    if (o->route_bytes > sizeof r->id)
        return;
    memcpy(r->id, o->route, o->route_bytes);
    r->bytes = o->route_bytes;
    r->known = true;
    o->peer->probe_at = links_now() + LINK_PROBE_MS; /* see route_lost */
    links_arm(l, o->peer->probe_at);
    path_up(l, o->peer, class);
}

void path_abandon(struct links *l, struct peer *p, uint64_t now)
{
    const struct peer *relay = relay_for(l, p);

    if (!relay || !relay->connected)
        return;
    log_debug("nothing is acknowledged over the connection with slot %d: back to the relay",
              p->slot);
    l->counts.reconnects++;
    p->shun_until = now + l->silence;
    p->relayed = 0;
    if (p->dial.wanted)
        dial_pause(l, p, now);
    for (int class = 0; class < LINK_CLASSES; class++) {
        p->route[class].known = false;
        p->blocked_until[class] = 0;
        if (p->flow[class].waits_since != FLOW_NEVER)
            p->flow[class].waits_since = now;
        flow_rewind(&p->flow[class], now);
    }
    path_update(l, p);
}

void path_probe(struct links *l, struct peer *p)
{
    p->probe_at = 0;
    /* a send to a route that is dead is refused, and takes the route away */
    for (int class = 0; class < LINK_CLASSES; class++)
        if (p->route[class].known)
            path_ack(l, p, class, links_now());
    p->probe_at = 0;
    path_update(l, p);
}

/* A connection to our ROUTER broke. The monitor names only its descriptor, which the
 * next connection may have by now: a wrong guess is put right by the next message. On
 * the other hand messages of the dead connection may still be unread, and bring its
 * route back to life: so whatever route is learned is probed a little later. */
static void route_lost(struct links *l, int fd)
{
    for (int slot = 1; slot <= l->highest; slot++) {
        struct peer *p = l->peers[slot];

        for (int class = 0; p && class < LINK_CLASSES; class++)
            if (p->route[class].known && p->route[class].fd == fd) {
                p->route[class].known = false;
                p->probe_at = links_now() + LINK_PROBE_MS;
                links_arm(l, p->probe_at);
                l->counts.reconnects++;
                if (class == LINK_CONTROL)
                    path_update(l, p);
                p = l->peers[slot];
                if (!p)
                    break;
            }
    }
}

bool path_on_router_event(void *arg)
{
    struct links *l = arg;
    uint32_t value;
    int event = dial_event(l->router_monitor, &value);

    if (!event)
        return false;
    door_event(l->door, event, value, links_now());
    if (event == ZMQ_EVENT_DISCONNECTED) {
        links_enter(l);
        route_lost(l, (int)value);
        links_leave(l);
    }
    return true;
}
