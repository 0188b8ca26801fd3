/* input.c: what arrives, and how far it is believed.
 *
 * The ZAP user of a connection to the ROUTER, or the server key of a DEALER, names the
 * neighbour. A frame of another source is taken only from the relay, one for another
 * host only from its source itself, and incarnations must fit both ways, so nothing of
 * an earlier life of a slot gets through. A removed host that speaks is told so (BYE).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/links/peer.h"
#include "dvm.h"

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
        path_ack(l, p, h->class, now);
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
    path_pump(l, p, h->class);
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
    if (path_put_direct(l, to, h->class, &msg) == PUT_SENT) {
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
    if (path_put_route(l, o->route, o->route_bytes, &msg) != PUT_SENT)
        zmq_msg_close(&msg);
}

static void take_bye(struct links *l, const uint8_t *text, size_t n)
{
    char why[WHY_BYTES];

    snprintf(why, sizeof why, "%.*s", (int)(n < sizeof why ? n : sizeof why - 1),
             (const char *)text);
    l->events->bye(l->arg, why);
}

void input_take(struct links *l, const struct origin *o, const uint8_t *bytes, size_t n)
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
        path_learn(l, o, h.class);
    if (h.class == LINK_BULK)
        bulk_carried(l, o->peer, n);
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

/* A question to join, of a joiner whose key is proved. */
static void input_join(struct links *l, const struct links_joiner *joiner, const uint8_t *bytes,
                       size_t n)
{
    struct link_header h;
    struct dvm_frame frame;

    if (link_header_decode(&h, bytes, n) != 0 || h.class != LINK_JOIN ||
        dvm_frame_decode(&frame, bytes + LINK_HEADER_BYTES, n - LINK_HEADER_BYTES) != 0 ||
        frame.op != DVM_OP_CONTROL) {
        l->counts.dropped++;
        return;
    }
    l->events->join(l->arg, joiner, &frame, bytes + LINK_HEADER_BYTES + DVM_FRAME_BYTES);
}

static void input_ticket(struct links *l, const char *key, const struct origin *o,
                         const uint8_t *bytes, size_t n)
{
    uint8_t ticket[KEY_BYTES];
    struct links_joiner joiner = {o->route, o->route_bytes, ticket, 0, 0};

    for (int i = 0; i < KEY_BYTES; i++)
        if (sscanf(key + 2 * i, "%2" SCNx8, &ticket[i]) != 1)
            return;
    input_join(l, &joiner, bytes, n);
}

/* What came over a connection with the key of a member, or of one that was. */
static void input_member(struct links *l, struct origin *o, int slot, uint64_t incarnation,
                         const uint8_t *bytes, size_t n)
{
    struct peer *p = slot > 0 && slot <= DVM_SLOT_MAX ? l->peers[slot] : NULL;
    struct links_joiner joiner = {o->route, o->route_bytes, NULL, slot, incarnation};
    struct link_header h;

    o->peer = p && p->incarnation == incarnation ? p : NULL;
    if (link_header_decode(&h, bytes, n) == 0 && h.class == LINK_JOIN)
        input_join(l, &joiner, bytes, n);
    else
        input_take(l, o, bytes, n);
}

void input_user(struct links *l, const char *user, struct origin *o, const uint8_t *bytes, size_t n)
{
    uint64_t incarnation;
    int slot;

    if (!user) {
        l->counts.dropped++;
    } else if (sscanf(user, "h %d %" SCNx64, &slot, &incarnation) == 2) {
        input_member(l, o, slot, incarnation, bytes, n);
    } else if (user[0] == 't' && strlen(user) == 2 + 2 * KEY_BYTES) {
        input_ticket(l, user + 2, o, bytes, n);
    }
}

/* A message of a key that is let in. Its connection may be news: then the monitor, which
 * ZeroMQ told first, is read first. */
static void let_in(struct links *l, int fd)
{
    if (door_let_in(l->door, fd))
        return;
    while (path_on_router_event(l))
        ;
    pool_touch(l->router_monitor);
    door_let_in(l->door, fd);
}

static void drop_rest(zmq_msg_t *msg, void *zmq)
{
    while (zmq_msg_more(msg) && zmq_msg_recv(msg, zmq, ZMQ_DONTWAIT) >= 0)
        ;
}

bool input_router_read(void *arg)
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
        if (zmq_msg_recv(&body, zmq, ZMQ_DONTWAIT) >= 0 && !zmq_msg_more(&body)) {
            o.fd = zmq_msg_get(&body, ZMQ_SRCFD);
            let_in(l, o.fd);
            input_user(l, zmq_msg_gets(&body, "User-Id"), &o, zmq_msg_data(&body),
                       zmq_msg_size(&body));
        }
        links_leave(l);
        drop_rest(&body, zmq);
        zmq_msg_close(&body);
    }
    zmq_msg_close(&id);
    return got;
}

bool input_dealer_read(void *arg)
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
            input_take(l, &o, zmq_msg_data(&body), zmq_msg_size(&body));
            links_leave(l);
        } else {
            drop_rest(&body, zmq);
        }
    }
    zmq_msg_close(&body);
    return got;
}
