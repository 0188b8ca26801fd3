/* dial.c: connecting to peers, and the options of every TCP socket.
 *
 * A peer has several addresses of which some lead nowhere, or to another host that
 * has the same one (P5): they are tried in turn, and CURVE proves who answered. The
 * control connection goes first, the bulk one follows to the same address. Once it
 * stood ZeroMQ reconnects by itself; when that takes too long, all addresses are
 * tried again. Socket monitors tell of success and of loss at once. What nobody tells
 * is that a way is dead while its ends live (an address was taken from the host, a VPN
 * ended): when a peer is in doubt, another address is tried beside the connection, and
 * replaces it once it stands; so a peer that was only slow loses nothing.
 */
#include "daemon/links/peer.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "dvm.h"

#define DIAL_TRY_MS 3000       /* for one address: a connection and a refused first handshake */
#define DIAL_LOST_MS 5000      /* that ZeroMQ may take to reconnect */
#define DIAL_PAUSE_MS 500      /* before all addresses are tried again, doubled each time */
#define DIAL_PAUSE_DOUBLINGS 6
#define SPARE_TRY_MS 450       /* for another address of a peer in doubt; ends before the
                                * next heartbeat but one, so that those may try another */
#define EVENT_BYTES 6          /* of a monitor: number (2), value (4) */

#define BEAT_MS 5000           /* between ZeroMQ's heartbeats */
#define ROUTER_MAXRT_MS 65000  /* longer than any silence */

/* Only who dialed sends ZeroMQ's heartbeats; the ROUTER answers, and takes the time to
 * live that comes with them. They only tidy up half-open connections (Z6): who is lost is
 * decided before, by daemons' own heartbeats, and a connection that a starved process did
 * not answer on must not look like one that was reset. So they are more patient, and seldom:
 * each wakes a thread on both sides. */
void dial_options(void *zmq, enum dial_use use, uint64_t silence)
{
    int interval = use == DIAL_ROUTER ? 0 : BEAT_MS, patience = interval ? (int)(2 * silence) : 0;
    const struct {
        int option, value;
    } options[] = {
        {ZMQ_SNDHWM, 1000},            /* a second fence only: flows bound the bytes (Z4) */
        {ZMQ_RCVHWM, 1000},
        {ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS}, /* strangers hold nothing for long (Z18, Z24) */
        {ZMQ_HEARTBEAT_IVL, interval},
        {ZMQ_HEARTBEAT_TIMEOUT, patience},
        {ZMQ_HEARTBEAT_TTL, interval + patience},
        {ZMQ_TCP_MAXRT, use == DIAL_ROUTER ? ROUTER_MAXRT_MS : interval + patience},
        {ZMQ_RECONNECT_IVL, 100},
        {ZMQ_RECONNECT_IVL_MAX, 2000}, /* Z19 */
        {ZMQ_CONNECT_TIMEOUT, 2000},
        {ZMQ_BACKLOG, 1024},           /* join storms (Z18) */
        {ZMQ_IPV6, 1},
        {use == DIAL_ROUTER ? ZMQ_ROUTER_MANDATORY : ZMQ_IMMEDIATE, 1}, /* Z1, Z3 */
    };
    int64_t longest = LINK_MAX + 256; /* bytes, with CURVE's own */

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        zmq_setsockopt(zmq, options[i].option, &options[i].value, sizeof(int));
    zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
}

struct pool_socket *dial_monitor(struct links *l, void *zmq, pool_read_f *read, void *arg)
{
    char name[40];
    struct pool_socket *s;
    int unbounded = 0; /* a full monitor would stop ZeroMQ's thread, and with it all sockets */

    snprintf(name, sizeof name, "inproc://monitor-%u", ++l->monitors);
    if (zmq_socket_monitor(zmq, name, ZMQ_EVENT_ALL) != 0)
        return NULL;
    s = pool_open(l->pool, ZMQ_PAIR, read, arg);
    if (s)
        zmq_setsockopt(pool_zmq(s), ZMQ_RCVHWM, &unbounded, sizeof unbounded);
    if (s && zmq_connect(pool_zmq(s), name) != 0) {
        pool_close(s);
        return NULL;
    }
    return s;
}

int dial_event(struct pool_socket *monitor, uint32_t *value)
{
    uint8_t head[EVENT_BYTES], text[8];
    void *zmq = pool_zmq(monitor);
    uint16_t event;

    if (zmq_recv(zmq, head, sizeof head, ZMQ_DONTWAIT) != EVENT_BYTES)
        return 0;
    zmq_recv(zmq, text, sizeof text, ZMQ_DONTWAIT); /* the endpoint: not needed */
    memcpy(&event, head, sizeof event);
    memcpy(value, head + sizeof event, sizeof *value);
    return event;
}

int dial_open(struct dealer *d, const char *address, const uint8_t *server,
              const struct key_pair *own, pool_read_f *read, pool_read_f *on_event)
{
    char endpoint[TICKET_ADDRESS_BYTES + 8];
    void *zmq;

    d->up = d->taken = false;
    d->socket = pool_open(d->links->pool, ZMQ_DEALER, read, d);
    if (!d->socket)
        return DVM_ERR_SYSTEM;
    zmq = pool_zmq(d->socket);
    dial_options(zmq, DIAL_DEALER, d->links->silence);
    zmq_setsockopt(zmq, ZMQ_CURVE_SERVERKEY, server, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_CURVE_PUBLICKEY, own->public, KEY_BYTES);
    zmq_setsockopt(zmq, ZMQ_CURVE_SECRETKEY, own->secret, KEY_BYTES);
    d->monitor = dial_monitor(d->links, zmq, on_event, d);
    snprintf(endpoint, sizeof endpoint, "tcp://%s", address);
    if (!d->monitor || zmq_connect(zmq, endpoint) != 0) {
        dial_close(d);
        return DVM_ERR_SYSTEM;
    }
    pool_touch(d->socket);
    return 0;
}

void dial_close(struct dealer *d)
{
    if (d->socket && pool_zmq(d->socket))
        zmq_socket_monitor(pool_zmq(d->socket), NULL, 0);
    pool_close(d->monitor);
    pool_close(d->socket);
    d->monitor = d->socket = NULL;
    d->up = d->taken = false;
}

static bool on_event(void *arg);

void dial_bulk(struct peer *p)
{
    struct dealer *bulk = &p->dealer[LINK_BULK];

    p->bulk_at = links_now();
    if (!bulk->socket &&
        dial_open(bulk, p->dial.current, p->key, &bulk->links->key, input_dealer_read, on_event))
        log_warning("no socket for bulk to the host of slot %d: %s", p->slot, zmq_strerror(errno));
}

/* Where a turn through the addresses of a peer goes on: behind the one in use, which so
 * comes last. */
static void begin_turn(struct peer *p)
{
    p->spare.next = 0;
    for (size_t i = 0; i < p->addresses; i++)
        if (strcmp(p->address[i], p->dial.current) == 0)
            p->spare.next = i + 1;
}

/* The other way answers: it is the connection from now on. The old one stays for a
 * moment: closed at once, it might be missed before the other one is known there. */
static void adopt_spare(struct links *l, struct peer *p)
{
    struct spare *spare = &p->spare;
    struct dealer *control = &p->dealer[LINK_CONTROL], old = *control;
    bool bulk = p->dealer[LINK_BULK].socket;

    log_info("the host of slot %d is not heard at %s any more, but over a new connection at %s",
             p->slot, p->dial.current, spare->address);
    *control = spare->dealer;
    spare->dealer = old;
    spare->dealer.up = false;
    spare->old = true;
    pool_owner(control->socket, control);
    pool_owner(control->monitor, control);
    pool_owner(spare->dealer.socket, &spare->dealer);
    pool_owner(spare->dealer.monitor, &spare->dealer);
    spare->until = links_now() + SPARE_TRY_MS;
    links_arm(l, spare->until);
    l->counts.reconnects++;
    memcpy(p->dial.current, spare->address, sizeof p->dial.current);
    begin_turn(p);
    p->dial.rounds = 0;
    if (bulk) {
        dial_close(&p->dealer[LINK_BULK]);
        dial_bulk(p);
    }
    path_dealer_up(control);
}

/* The control connection, which is not up: it is taken, or broke before it came up. */
static void before_up(struct links *l, struct dealer *d, int event)
{
    bool was = d->taken;

    d->taken = event == ZMQ_EVENT_CONNECTED;
    if (d->peer->connected || d->peer->removed || d->taken == was)
        return;
    if (!d->taken)
        l->events->connection(l->arg, d->peer->slot, false);
    else if (l->events->taken)
        l->events->taken(l->arg, d->peer->slot);
}

static bool on_event(void *arg)
{
    struct dealer *d = arg;
    struct links *l = d->links;
    struct peer *p = d->peer;
    uint32_t value;
    int event = dial_event(d->monitor, &value);

    if (!event)
        return false;
    links_enter(l);
    if (d == &p->spare.dealer) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && !p->spare.old)
            adopt_spare(l, p);
    } else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && !d->up) {
        if (d->class == LINK_CONTROL) {
            p->dial.rounds = 0;
            begin_turn(p);
        }
        path_dealer_up(d);
    } else if (event == ZMQ_EVENT_DISCONNECTED && d->up) {
        if (d->class == LINK_CONTROL) {
            p->dial.at = links_now() + DIAL_LOST_MS;
            links_arm(l, p->dial.at);
        }
        l->counts.reconnects++;
        path_dealer_down(d);
    } else if (d->class == LINK_CONTROL && !d->up &&
               (event == ZMQ_EVENT_CONNECTED || event == ZMQ_EVENT_DISCONNECTED)) {
        before_up(l, d, event);
    }
    links_leave(l);
    return true;
}

/* The address to try now. */
static const char *choose(struct dial *dial, struct peer *p)
{
    if (dial->first) {
        dial->first = false;
        return dial->first_address;
    }
    return p->address[dial->next++ % p->addresses];
}

static void try_next(struct links *l, struct peer *p, uint64_t now)
{
    struct dial *dial = &p->dial;
    struct dealer *control = &p->dealer[LINK_CONTROL];

    snprintf(dial->current, sizeof dial->current, "%s", choose(dial, p));
    dial->at = now + DIAL_TRY_MS;
    if (dial_open(control, dial->current, p->key, &l->key, input_dealer_read, on_event))
        log_warning("no socket for the host of slot %d: %s", p->slot, zmq_strerror(errno));
}

void dial_start(struct links *l, struct peer *p, const char *address)
{
    struct dial *dial = &p->dial;

    if (dial->wanted || (p->addresses == 0 && !address) || l->dials >= l->dials_max)
        return;
    l->dials++;
    dial->wanted = true;
    if (address) {
        dial->first = true;
        snprintf(dial->first_address, sizeof dial->first_address, "%s", address);
    }
    try_next(l, p, links_now());
    links_arm(l, dial->at);
}

/* ---- a second way ------------------------------------------------------------- */

/* The address of the peer whose turn it is; that in use counts, too: perhaps only this
 * one connection is dead, in the table of some firewall. */
static const char *another(struct peer *p)
{
    return p->addresses ? p->address[p->spare.next++ % p->addresses] : p->dial.current;
}

void dial_doubt(struct links *l, struct peer *p, uint64_t now)
{
    struct spare *spare = &p->spare;

    if (!p->dealer[LINK_CONTROL].up || spare->dealer.socket)
        return;
    snprintf(spare->address, sizeof spare->address, "%s", another(p));
    spare->old = false;
    spare->until = now + SPARE_TRY_MS;
    links_arm(l, spare->until);
    if (dial_open(&spare->dealer, spare->address, p->key, &l->key, input_dealer_read, on_event))
        log_warning("no socket for the host of slot %d: %s", p->slot, zmq_strerror(errno));
}

static uint64_t spare_tick(struct spare *spare, uint64_t now)
{
    if (!spare->dealer.socket)
        return FLOW_NEVER;
    if (now < spare->until)
        return spare->until;
    dial_close(&spare->dealer);
    return FLOW_NEVER;
}

void dial_pause(struct links *l, struct peer *p, uint64_t now)
{
    for (int class = 0; class < LINK_CLASSES; class++)
        dial_close(&p->dealer[class]);
    dial_close(&p->spare.dealer);
    if (p->dial.rounds < DIAL_PAUSE_DOUBLINGS)
        p->dial.rounds++;
    p->dial.at = now + ((uint64_t)DIAL_PAUSE_MS << p->dial.rounds);
    links_arm(l, p->dial.at);
}

uint64_t dial_tick(struct links *l, struct peer *p, uint64_t now)
{
    struct dial *dial = &p->dial;
    uint64_t spare_at = spare_tick(&p->spare, now);

    if (!dial->wanted || p->dealer[LINK_CONTROL].up)
        return spare_at;
    if (now < dial->at)
        return dial->at < spare_at ? dial->at : spare_at;
    if (p->dealer[LINK_CONTROL].socket) {
        dial_close(&p->dealer[LINK_CONTROL]);
        dial_close(&p->dealer[LINK_BULK]);
        if (p->addresses == 0) {
            dial->first = true;
        } else if (dial->next >= p->addresses) {
            dial->next = 0;
            if (dial->rounds < DIAL_PAUSE_DOUBLINGS)
                dial->rounds++;
            dial->at = now + ((uint64_t)DIAL_PAUSE_MS << dial->rounds);
            return dial->at;
        }
    }
    try_next(l, p, now);
    return dial->at;
}
