/* direct.c: the lane between two tasks of different hosts: a TCP connection of their own.
 *
 * A connection is one record a peer, kept from the first try to the peer's end. Frames that
 * were written may not have arrived when it breaks, so the stream keeps them (breaks) and is
 * told (lost); the relay takes over at once, and another connection is tried later, each time
 * after a longer pause.
 *
 * A task that is awake reads from the sockets that spoke last by itself (POLLED_MAX), for the
 * latency of a spinning TCP; all others, and all while it sleeps, are watched by the bell.
 * Nothing is taken down in the middle of a write or a frame: trouble is noted, and dealt with
 * at the next direct_poll.
 */
#include "lane/direct.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pacing.h"
#include "dvm.h"
#include "lane/apart.h"
#include "lane/bell.h"
#include "lane/count.h"
#include "lane/slice.h"

#define DIRECT_EAGER_MAX (63 * 1024)          /* as the relay's, which may have to resend it */
#define DIRECT_WINDOW (UINT64_C(4) << 20)     /* of a rendezvous: what the relay may inherit */
#define POLLED_MAX 4                          /* sockets that a task reads from while it spins */
#define LOOK_EVERY 4                          /* looks at memory between looks at sockets */
#define LOOK_ALL 256                          /* polls between looks at all sockets */
#define ASIDE_AFTER 16                        /* reads in a row without the bell until it has one
                                               * socket less to look at */
#define READS_MAX 64                          /* of one socket before others have a turn */
#define AGAIN_NS UINT64_C(50000000)           /* pause after the first failure; doubles */
#define AGAIN_DOUBLES 10                      /* so often */
#define STEADY_NS UINT64_C(10000000000)       /* a connection of this age was no failure */
#define DEAD_MS 20000                         /* bytes unacknowledged for so long: it is broken */
#define FAR_US 5000                           /* a round trip that no cluster has */
#define IDLE_SECONDS 15                       /* before an idle connection is probed */
#define PROBE_SECONDS 5
#define PROBES 3

static struct {
    struct direct *first;
    struct direct *polled[POLLED_MAX];
    unsigned count, oldest;
    bool may;           /* poll */
    bool talk;          /* DVM_LANES_TALK=1 */
    bool troubled;      /* some record has trouble */
    unsigned looks, polls;
    unsigned ready;     /* connections that stand */
} all;

static bool direct_reaches(const struct peer *peer)
{
    return peer->tid >> DVM_TID_N_BITS != lane_self() >> DVM_TID_N_BITS &&
           DVM_TID_N(peer->tid) != 0;
}

/* Say what becomes of connections, to who asks for it. */
static void talk(const struct direct *d, const char *what, const char *why)
{
    if (all.talk)
        fprintf(stderr, "dvm: tid %#x: %s with tid %#x%s%s\n", lane_self(), what, d->peer->tid,
                *why ? ": " : "", why);
}

static int direct_start(void)
{
    const char *text = getenv("DVM_LANES_TALK");

    all.talk = text && strcmp(text, "1") == 0;
    direct_dial_start();
    return DVM_OK;
}

void direct_polls(bool may)
{
    all.may = may;
}

struct direct *direct_of(struct peer *peer)
{
    struct direct *d = peer->direct;

    if (d)
        return d;
    d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->peer = peer;
    d->fd = -1;
    d->next = all.first;
    all.first = d;
    peer->direct = d;
    return d;
}

static void poll_less(struct direct *d)
{
    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i] == d)
            all.polled[i] = all.polled[--all.count];
}

/* The place of the next in turn that nobody must look at; -1: there is none. One with bytes
 * that were read and not handed up stays: its socket is empty, so the bell would not tell. */
static int stalest(void)
{
    for (unsigned i = 0; i < POLLED_MAX; i++) {
        unsigned place = all.oldest++ % POLLED_MAX;

        if (!all.polled[place]->in.fresh)
            return (int)place;
    }
    return -1;
}

static void poll_more(struct direct *d)
{
    int victim;

    if (!all.may)
        return;
    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i] == d)
            return;
    if (all.count < POLLED_MAX)
        all.polled[all.count++] = d;
    else if ((victim = stalest()) >= 0)
        all.polled[victim] = d;
}

void direct_become(struct direct *d, enum direct_state state)
{
    lane_owed += state == DIRECT_ASKED || state == DIRECT_DIALING;
    lane_owed -= d->state == DIRECT_ASKED || d->state == DIRECT_DIALING;
    all.ready += state == DIRECT_READY;
    all.ready -= d->state == DIRECT_READY;
    d->state = state;
}

/* Close the socket and forget what belongs to it. */
static void shut(struct direct *d)
{
    poll_less(d);
    if (d->fd >= 0) {
        bell_unwatch(d->fd);
        close(d->fd);
    }
    d->fd = -1;
    direct_become(d, DIRECT_NONE);
    d->trouble = NULL;
    d->held = d->deaf = d->ended = false;
    direct_out_free(&d->out);
    direct_in_free(&d->in);
    dvm__pb__lane_ready__free_unpacked(d->ready, NULL);
    d->ready = NULL;
    explicit_bzero(d->key, sizeof d->key);
}

static void record_free(struct direct *d)
{
    struct direct **at = &all.first;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free(d);
}

/* ---- opening ---------------------------------------------------------------------- */

static void direct_open(struct peer *peer)
{
    struct direct *d = direct_of(peer);
    const char *why;
    uint64_t now;

    if (!d || d->state == DIRECT_READY)
        return;
    now = clock_ns();
    if (d->state != DIRECT_NONE) {
        direct_dial_late(d);
        return;
    }
    if (now < d->again)
        return;
    if (seal_load(&why))
        direct_dial(d);
    else
        direct_fail(d, why);
}

static void set_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MS},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS},
        {IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS},
        {IPPROTO_TCP, TCP_KEEPCNT, PROBES},
    };

    /* a socket that refuses one of them works all the same */
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof options[i].value);
}

/* The keys of both directions. */
static bool use_keys(struct direct *d, uint8_t cipher, const uint8_t *salt, bool dialed)
{
    uint8_t out[SEAL_KEY_BYTES], in[SEAL_KEY_BYTES];
    bool good;

    good = seal_derive(out, d->key, salt, 2 * LANE_NONCE_BYTES,
                       dialed ? LANE_INFO_TO_ACCEPTER : LANE_INFO_TO_DIALER) &&
           seal_derive(in, d->key, salt, 2 * LANE_NONCE_BYTES,
                       dialed ? LANE_INFO_TO_DIALER : LANE_INFO_TO_ACCEPTER);
    if (good) {
        d->out.seal = seal_new(cipher, out, true);
        d->in.seal = seal_new(cipher, in, false);
    }
    explicit_bzero(out, sizeof out);
    explicit_bzero(in, sizeof in);
    return d->out.seal && d->in.seal;
}

bool direct_use(struct direct *d, uint32_t security, uint8_t cipher,
                const uint8_t salt[2 * LANE_NONCE_BYTES], bool dialed)
{
    if (security == LANE_ENCRYPTED && !use_keys(d, cipher, salt, dialed))
        return false;
    d->in.buffer = malloc(DIRECT_IN_BYTES);
    if (!d->in.buffer)
        return false;
    set_options(d->fd);
    pacing_allow(d->fd, FAR_US);
    slice_shorten();
    direct_become(d, DIRECT_READY);
    d->since = clock_ns();
    d->reason[0] = '\0';
    explicit_bzero(d->key, sizeof d->key);
    poll_more(d);
    talk(d, d->out.seal ? "encrypted connection" : "connection", "");
    lane_opened(d->peer, &direct_lane);
    return true;
}

/* ---- the end of a connection ------------------------------------------------------- */

void direct_fail(struct direct *d, const char *why)
{
    struct peer *peer = d->peer;
    bool was_ready = d->state == DIRECT_READY;
    uint64_t now = clock_ns();

    snprintf(d->reason, sizeof d->reason, "%s", why);
    talk(d, was_ready ? "no more connection" : "no connection", d->reason);
    shut(d);
    if (was_ready && now - d->since > STEADY_NS)
        d->failures = 0;
    d->again = now + (AGAIN_NS << d->failures);
    if (d->failures < AGAIN_DOUBLES)
        d->failures++;
    if (!was_ready)
        return;
    if (peer->out == &direct_lane)
        lane_open(peer);
    lane_up()->lost(peer, false);
}

/* The peer has finished with it, in order. */
static void finish(struct direct *d)
{
    struct peer *peer = d->peer;

    shut(d);
    d->again = clock_ns() + (AGAIN_NS << AGAIN_DOUBLES);
    if (peer->out == &direct_lane)
        lane_open(peer);
    lane_up()->lost(peer, true);
}

static void note_trouble(struct direct *d, const char *why)
{
    if (!d->trouble)
        d->trouble = why;
    all.troubled = true;
}

void direct_watch(struct direct *d)
{
    d->deaf = d->held;
    bell_rewatch(d->fd, (d->held ? 0 : EPOLLIN) | (d->out.watched ? EPOLLOUT : 0));
}

/* Hand up what is here. */
static void take(struct direct *d)
{
    const char *wrong;

    if (d->taking || d->state != DIRECT_READY)
        return;
    d->taking = true;
    wrong = direct_in_take(d);
    d->taking = false;
    if (d->gone) {
        record_free(d);
        return;
    }
    if (wrong)
        note_trouble(d, wrong);
    else if (d->ended)
        finish(d);
    else if (d->held != d->deaf && d->state == DIRECT_READY)
        direct_watch(d);
}

/* Read from the socket and hand up, reads times at most: while there seems to be more; or
 * to_end, until nothing is left. */
static void read_all(struct peer *peer, int reads, bool to_end)
{
    struct direct *d = peer->direct;

    if (d && d->in.fresh)
        take(d);
    /* each frame that is handed up may end the connection */
    while ((d = peer->direct) && d->state == DIRECT_READY && !d->held && !d->taking &&
           reads-- > 0) {
        long got = direct_in_fill(d);
        bool more = got > 0 && (to_end || d->in.filled);

        if (got < 0)
            note_trouble(d, errno ? strerror(errno) : "the other side has closed it");
        take(d);
        if (!more)
            break;
    }
}

static void deal_with_trouble(void)
{
    struct direct *next;

    all.troubled = false;
    for (struct direct *d = all.first; d; d = next) {
        const char *why = d->trouble;

        next = d->next;
        if (!why || d->taking) {
            all.troubled |= why != NULL;
            continue;
        }
        /* what has come counts */
        read_all(d->peer, INT32_MAX, true);
        if (d->peer->direct == d && d->state == DIRECT_READY)
            direct_fail(d, why);
        next = all.first;
    }
}

bool lane_break(struct peer *peer)
{
    struct direct *d = peer->direct;

    if (!d || d->state != DIRECT_READY)
        return false;
    note_trouble(d, "the other side has given it up");
    if (!d->taking)
        deal_with_trouble();
    return true;
}

/* ---- while it stands --------------------------------------------------------------- */

static int direct_send(struct peer *peer, const struct dvm_frame *frame, const void *payload)
{
    struct direct *d = peer->direct;
    int rc;

    assert(d && d->state == DIRECT_READY);
    if (d->trouble)
        return LANE_AGAIN;
    rc = direct_out_put(d, frame, payload);
    if (rc >= 0)
        return rc;
    note_trouble(d, errno ? strerror(errno) : "it cannot be written to");
    return LANE_AGAIN;
}

static void look_out(struct direct *d)
{
    struct peer *peer = d->peer;

    if (direct_out_room(d) < 0)
        note_trouble(d, strerror(errno));
    else if (d->out.from == d->out.to && peer->blocked && peer->out == &direct_lane) {
        peer->blocked = false;
        lane_up()->writable(peer);
    }
}

void direct_event(void *arg, uint32_t events)
{
    struct direct *d = arg;
    struct peer *peer = d->peer;

    if (d->state != DIRECT_READY) {
        direct_dial_look(d, events);
        return;
    }
    if (events & EPOLLOUT)
        look_out(d);
    d->in.spun = 0;
    if (events & ~(uint32_t)EPOLLOUT) {
        read_all(peer, READS_MAX, false);
        if (peer->direct && peer->direct->state == DIRECT_READY)
            poll_more(peer->direct);
    }
    if (all.troubled)
        deal_with_trouble();
}

/* Whether there is something to do without a look at the sockets, which the bell has. */
bool direct_pending(void)
{
    if (!all.may)
        return false;
    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i]->in.fresh)
            return true;
    return all.troubled;
}

bool direct_unseen(void)
{
    if (!all.may)
        return false;
    if (all.ready > all.count)
        return true;
    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i]->out.watched)
            return true;
    return false;
}

bool direct_answers(void)
{
    if (!all.may || all.count == 0 || direct_unseen())
        return false;
    for (unsigned i = 0; i < all.count; i++)
        if (apart_shared(all.polled[i]->fd))
            return false;
    return true;
}

void direct_part(void)
{
    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i]->state == DIRECT_READY && apart_shared(all.polled[i]->fd)) {
            apart_leave();
            return;
        }
}

/* Look at the socket. Returns whether there is something to do. */
static bool look_in(struct direct *d)
{
    long got = direct_in_fill(d);

    if (got < 0)
        note_trouble(d, errno ? strerror(errno) : "the other side has closed it");
    /* bytes that the bell knew nothing of */
    if (got > 0 && ++d->in.spun % ASIDE_AFTER == 0 && !d->out.watched)
        bell_aside(d->fd);
    return got != 0;
}

bool direct_ready(void)
{
    if (!all.may)
        return false;
    if (all.troubled)
        return true;
    if (!all.count || all.looks++ % LOOK_EVERY != 0)
        return false;
    for (unsigned i = 0; i < all.count; i++) {
        struct direct *d = all.polled[i];

        if (d->state != DIRECT_READY || d->held || d->trouble)
            continue;
        if (d->in.fresh || look_in(d))
            return true;
    }
    return false;
}

bool direct_looks(const struct peer *peer)
{
    const struct direct *d = peer->direct;

    for (unsigned i = 0; i < all.count; i++)
        if (all.polled[i] == d)
            return all.may && d->state == DIRECT_READY && !d->held && !d->trouble && !d->taking;
    return false;
}

bool direct_look(struct peer *peer)
{
    return peer->direct->in.fresh || look_in(peer->direct);
}

void direct_take(struct peer *peer)
{
    struct direct *d = peer->direct;
    bool more = d->in.filled;

    take(d);
    if (more)
        read_all(peer, READS_MAX, false);
}

static void poll_fresh(void)
{
    for (unsigned i = 0; i < all.count;) {
        struct direct *d = all.polled[i];

        if (d->in.fresh)
            direct_take(d->peer);
        /* one that has ended meanwhile has left its place to another */
        i += i < all.count && all.polled[i] == d;
    }
}

void direct_poll(void)
{
    if (!all.first)
        return;
    poll_fresh();
    /* a task that always finds something in its rings never sleeps */
    if (all.may && ++all.polls % LOOK_ALL == 0)
        bell_look();
    if (all.troubled)
        deal_with_trouble();
}

void direct_release(struct peer *peer)
{
    struct direct *d = peer->direct;

    if (d->held)
        take(d);
}

static void direct_drain(struct peer *peer)
{
    struct direct *d = peer->direct;

    if (d && d->state == DIRECT_READY)
        read_all(peer, INT32_MAX, true);
}

static void direct_forget(struct peer *peer, bool left)
{
    struct direct *d = peer->direct;

    if (!d)
        return;
    shut(d);
    peer->direct = NULL;
    d->gone = true;
    if (!d->taking)
        record_free(d);
}

/* Say that nothing more comes, so that the end of the connection is none of trouble. */
static void say_end(struct direct *d)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_ACK,
                              .flags = DVM_FLAG_END, .src = lane_self(), .dst = d->peer->tid};

    if (d->state == DIRECT_READY && !d->trouble && !d->gone)
        direct_out_put(d, &frame, NULL);
}

void direct_end(void)
{
    for (struct direct *d = all.first; d; d = d->next)
        say_end(d);
}

static void direct_stop(void)
{
    memset(&all, 0, sizeof all);
}

void direct_forked(void)
{
    for (struct direct *d = all.first; d; d = d->next) {
        /* no shutdown: that would end the real task's connection */
        if (d->fd >= 0)
            close(d->fd);
        d->fd = -1;
        d->state = DIRECT_NONE;
    }
    all.count = all.ready = 0;
}

const struct lane direct_lane = {
    .name = "direct",
    .payload_max = DVM_PAYLOAD_MAX,
    .eager_max = DIRECT_EAGER_MAX,
    .window = DIRECT_WINDOW,
    .holds = true,
    .breaks = true,
    .start = direct_start,
    .stop = direct_stop,
    .reaches = direct_reaches,
    .open = direct_open,
    .send = direct_send,
    .drain = direct_drain,
    .forget = direct_forget,
};
