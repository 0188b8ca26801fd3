/* shm.c: the lane between two tasks of one host: a ring in each direction.
 *
 * The sender makes its ring in its pool (lend.c) when lane_improve asks and passes it to the
 * daemon (PAIR_OPEN), which offers it to the peer (PAIR_OFFER) and answers with the peer's inbox
 * (PAIR_READY); until then the stream uses the relay. Frames that came into the
 * ring before the relay's last ones stay in the ring (held), in their order.
 *
 * Bits of the inbox name clients by index, which the daemon reuses, so a bit
 * means: look at the rings of all peers with that index. The rings that spoke last
 * are looked at without a bit while this task is awake.
 */
#include "lane/lane.h"

#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/apart.h"
#include "lane/bell.h"
#include "lane/daemon_link.h"
#include "lane/lend.h"
#include "lane/uplink.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"

#define SHM_PAYLOAD_MAX DVM_RING_PAYLOAD_MAX(DVM_LARGE_DATA)
#define OFFER_FDS 2               /* the pool, then the opener's inbox */
#define READY_FDS 1               /* the peer's inbox */

#define POLLED_MAX 8              /* rings that a task looks at while it is awake */
#define HOME_LOOKS 4              /* looks for room at home after which a pair moves */

/* peers by their index, linked by shm.same_index; empty again when all are forgotten */
static struct peer *by_index[DVM_INDEX_MAX + 1];

/* The rings that spoke last: their producers need not ring while this task is awake. */
static struct {
    struct peer *peers[POLLED_MAX];
    unsigned count, oldest;
    bool may;
    bool alone; /* this task has another byte order than its daemon */
} polled;

static void shm_pair_offer(const struct dvm_frame *frame, const uint8_t *payload,
                           const int *fds, int fd_count);
static void shm_pair_ready(const struct dvm_frame *frame, const uint8_t *payload,
                           const int *fds, int fd_count);

static int shm_start(void)
{
    daemon_link_register(DVM_CTL_PAIR_OFFER, shm_pair_offer);
    daemon_link_register(DVM_CTL_PAIR_READY, shm_pair_ready);
    lend_start(bell_inbox());
    return DVM_OK;
}

static void shm_stop(void)
{
    polled.count = polled.oldest = 0;
}

void shm_polls(bool may)
{
    polled.may = may;
}

void shm_alone(bool alone)
{
    polled.alone = alone;
}

static bool shm_reaches(const struct peer *peer)
{
    return peer->tid >> DVM_TID_N_BITS == lane_self() >> DVM_TID_N_BITS;
}

static void shm_open(struct peer *peer)
{
    Dvm__Pb__PairOpen open = DVM__PB__PAIR_OPEN__INIT;
    uint8_t buffer[DVM_LINE];
    size_t length;
    int fd;

    if (peer->shm.state != SHM_NONE)
        return;
    peer->shm.state = SHM_FAILED;
    copy_start();
    /* without a ring the relay goes on */
    if (lend_home(peer, &fd))
        return;
    open.tid = peer->tid;
    open.at = peer->shm.out.home_at;
    length = dvm__pb__pair_open__pack(&open, buffer);
    assert(length <= sizeof buffer);
    if (!daemon_link_control(DVM_TID_DAEMON(peer->tid >> DVM_TID_N_BITS), DVM_CTL_PAIR_OPEN, 0,
                             buffer, length, &fd, 1))
        peer->shm.state = SHM_OPENING;
}

static void index_remove(struct peer *peer)
{
    struct peer **at = &by_index[peer->shm.index];

    while (*at && *at != peer)
        at = &(*at)->shm.same_index;
    if (*at)
        *at = peer->shm.same_index;
    peer->shm.same_index = NULL;
}

/* Map the peer's inbox, if it is not yet. */
static int inbox_take(struct peer *peer, int fd, uint32_t index)
{
    int rc;

    if (peer->shm.inbox)
        return DVM_OK;
    if (index == DVM_INDEX_DAEMON || index > DVM_INDEX_MAX)
        return dvm_fail(DVM_ERR_PROTOCOL, "tid %#x has no index", peer->tid);
    rc = ring_map_inbox(&peer->shm.inbox, fd, peer->tid);
    if (rc)
        return rc;
    peer->shm.index = index;
    peer->shm.same_index = by_index[index];
    by_index[index] = peer;
    return DVM_OK;
}

/* The offered ring is of no use, as the last sentence says: the peer writes there from now on, so
 * its messages are lost. */
static void offer_lost(struct peer *peer, int rc)
{
    char why[DVM_SENTENCE_MAX], sentence[DVM_SENTENCE_MAX];

    error_save(sentence);
    if (rc == DVM_ERR_UNSUPPORTED)
        snprintf(why, sizeof why, "has another byte order than this task, so they share no memory: "
                                  "start all tasks with DVM_LANES=relay or DVM_LANES=direct");
    else
        snprintf(why, sizeof why, "offered memory for its messages that cannot be used here: %s%s",
                 sentence, rc == DVM_ERR_NO_MEMORY
                               ? "; raise this task's limit of memory (ulimit -v)" : "");
    lane_up()->broken(peer, rc, why);
}

static int offer_take(const Dvm__Pb__PairOffer *offer, const int *fds, int fd_count,
                      struct peer **out)
{
    struct peer *peer;
    int rc;

    if (fd_count != OFFER_FDS || !DVM_TID_OK(offer->tid) || offer->tid == lane_self())
        return dvm_fail(DVM_ERR_PROTOCOL, "an offered ring came without its parts");
    peer = lane_peer(offer->tid);
    if (!peer)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a peer");
    if (peer->shm.in.base)
        return dvm_fail(DVM_ERR_EXISTS, "tid %#x offered a second ring", offer->tid);
    rc = inbox_take(peer, fds[1], offer->index);
    /* the daemon's inbox of this task is of no use to it either (vm/hello.c) */
    if (!rc && polled.alone)
        rc = DVM_ERR_UNSUPPORTED;
    if (!rc)
        rc = ring_map(&peer->shm.in, fds[0], offer->at, offer->tid, lane_self());
    if (rc) {
        offer_lost(peer, rc); /* which complains */
    } else {
        copy_learn(&peer->shm.source, peer->shm.in.now.ring);
        *out = peer;
    }
    return DVM_OK;
}

static void shm_drain(struct peer *peer);

static void shm_pair_offer(const struct dvm_frame *frame, const uint8_t *payload,
                           const int *fds, int fd_count)
{
    Dvm__Pb__PairOffer *offer = dvm__pb__pair_offer__unpack(NULL, frame->length, payload);
    struct peer *peer = NULL;

    if (!offer || DVM_TID_N(frame->src) != 0)
        lane_complain("an offer of a ring makes no sense");
    else if (offer_take(offer, fds, fd_count, &peer))
        lane_complain("%s", dvm_last_error());
    dvm__pb__pair_offer__free_unpacked(offer, NULL);
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
    /* the first bells may have rung before the ring was known here */
    if (peer)
        shm_drain(peer);
}

static int ready_take(const Dvm__Pb__PairReady *ready, const int *fds, int fd_count,
                      struct peer **out)
{
    struct peer *peer = lane_peer_known(ready->tid);
    int rc;

    /* a word that its end has overtaken */
    if (peer && peer->shm.state == SHM_FAILED)
        return DVM_OK;
    if (!peer || fd_count != READY_FDS || peer->shm.state != SHM_OPENING)
        return dvm_fail(DVM_ERR_PROTOCOL, "a ring that nobody opened is ready");
    rc = inbox_take(peer, fds[0], ready->index);
    if (!rc)
        *out = peer;
    return rc;
}

static void shm_pair_ready(const struct dvm_frame *frame, const uint8_t *payload,
                           const int *fds, int fd_count)
{
    Dvm__Pb__PairReady *ready = dvm__pb__pair_ready__unpack(NULL, frame->length, payload);
    struct peer *peer = NULL;

    if (!ready || DVM_TID_N(frame->src) != 0)
        lane_complain("the daemon's word about a ring makes no sense");
    else if (ready_take(ready, fds, fd_count, &peer))
        lane_complain("%s", dvm_last_error());
    dvm__pb__pair_ready__free_unpacked(ready, NULL);
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
    if (peer) {
        peer->shm.state = SHM_READY;
        lane_widened(peer, peer->shm.out.now.payload_max, peer->shm.out.now.payload_max);
        lane_opened(peer, &shm_lane);
    }
}

void shm_ring_daemon(struct peer *peer)
{
    Dvm__Pb__Ring ring = DVM__PB__RING__INIT;
    uint8_t buffer[DVM_LINE];

    ring.tid = peer->tid;
    daemon_link_control(DVM_TID_DAEMON(peer->tid >> DVM_TID_N_BITS), DVM_CTL_RING, 0, buffer,
                        dvm__pb__ring__pack(&ring, buffer), NULL, 0);
}

void shm_ring(struct peer *peer)
{
    bell_core();
    if (!dvm_inbox_ring(peer->shm.inbox, bell_index()))
        shm_ring_daemon(peer);
}

static int shm_send(struct peer *peer, const struct dvm_frame *frame, const void *payload)
{
    struct ring_out *out = &peer->shm.out;

    assert(peer->shm.state == SHM_READY);
    if (__builtin_expect(out->looks >= HOME_LOOKS, 0) && !ring_is_away(out)) {
        out->looks = 0;
        lend_widen(peer);
    }
    if (!ring_put(out, frame, payload)) {
        if (ring_is_away(out))
            return LANE_AGAIN;
        lend_widen(peer);
        if (!ring_put(out, frame, payload))
            return LANE_AGAIN;
    }
    /* pairs with the consumer's stores when it goes to sleep or stops to poll */
    if (!ring_polled(out) || atomic_load(&peer->shm.inbox->sleep) != DVM_AWAKE)
        shm_ring(peer);
    return LANE_SENT;
}

bool shm_put(struct peer *peer, uint64_t context, int tag, const void *bytes, size_t size,
             uint32_t type)
{
    struct ring_out *out = &peer->shm.out;

    if (!ring_put_small(out, context, tag, bytes, size, type))
        return false;
    if (!ring_polled(out) || atomic_load(&peer->shm.inbox->sleep) != DVM_AWAKE)
        shm_ring(peer);
    return true;
}

bool shm_take_small(struct peer *peer, struct ring_wish *wish)
{
    enum ring_taken taken;

    if (peer->shm.held)
        return false;
    taken = ring_take_small(&peer->shm.in, wish);
    if (taken == RING_TAKEN_RING)
        shm_ring(peer);
    return taken != RING_NONE;
}

/* No longer look at the ring of this peer without being rung. */
static void poll_less(struct peer *peer)
{
    if (!peer->shm.polled)
        return;
    peer->shm.polled = false;
    for (unsigned i = 0; i < polled.count; i++) {
        if (polled.peers[i] != peer)
            continue;
        polled.peers[i] = polled.peers[--polled.count];
        break;
    }
    if (peer->shm.in.base)
        ring_poll(&peer->shm.in, false);
}

/* One frame from the ring. Returns false when there is none to take now. */
static bool shm_take(struct peer *peer)
{
    struct ring_in *in = &peer->shm.in;
    struct dvm_frame frame;
    const uint8_t *payload;
    int rc = ring_peek(in, &frame, &payload);

    if (in->returned) {
        in->returned = false;
        shm_ring(peer);
    }
    if (rc == 0)
        return false;
    if (rc < 0) {
        poll_less(peer);
        ring_free_in(in);
        lane_up()->broken(peer, DVM_ERR_PROTOCOL, "wrote nonsense into its ring");
        return false;
    }
    if (lane_deliver(&shm_lane, peer, &frame, payload) == LANE_HELD) {
        peer->shm.held = true;
        return false;
    }
    if (in->base && ring_take(in))
        shm_ring(peer);
    return true;
}

/* Returns whether a frame came. */
static bool shm_take_all(struct peer *peer)
{
    bool took = false;

    peer->shm.held = false;
    while (peer->shm.in.base && shm_take(peer))
        took = true;
    return took;
}

/* Look at the ring of this peer from now on, and no longer at the oldest if there
 * are too many. */
static void poll_more(struct peer *peer)
{
    struct peer *old;

    if (!polled.may || peer->shm.polled || !peer->shm.in.base)
        return;
    if (polled.count == POLLED_MAX) {
        old = polled.peers[polled.oldest++ % POLLED_MAX];
        poll_less(old);
        shm_take_all(old); /* what came before its producer knew */
    }
    /* taking frames may have freed the ring, or made another one polled */
    if (polled.count == POLLED_MAX || peer->shm.polled || !peer->shm.in.base)
        return;
    polled.peers[polled.count++] = peer;
    peer->shm.polled = true;
    ring_poll(&peer->shm.in, true);
}

/* Whether the peer has done its part of a copy that was left to it. */
static void look_copied(struct peer *peer)
{
    enum both_result result;

    if (!peer->shm.take.left)
        return;
    result = both_look(&peer->shm.take);
    if (result != BOTH_LEFT)
        lane_up()->copied(peer, result);
}

static void shm_drain(struct peer *peer)
{
    look_copied(peer);
    if (shm_take_all(peer))
        poll_more(peer);
}

bool shm_ready(void)
{
    for (unsigned i = 0; i < polled.count; i++)
        if (!polled.peers[i]->shm.held && ring_ready(&polled.peers[i]->shm.in))
            return true;
    return false;
}

bool shm_part(bool idle)
{
    uint32_t here = (uint32_t)sched_getcpu() + 1;

    for (unsigned i = 0; i < polled.count; i++) {
        const struct dvm_inbox *inbox = polled.peers[i]->shm.inbox;

        if (inbox && atomic_load_explicit(&inbox->core, memory_order_relaxed) == here &&
            (idle || atomic_load_explicit(&inbox->sleep, memory_order_relaxed) == DVM_AWAKE))
            return apart_leave();
    }
    return false;
}

void shm_poll(void)
{
    for (unsigned i = 0; i < polled.count; i++)
        if (!polled.peers[i]->shm.held && ring_ready(&polled.peers[i]->shm.in))
            shm_take_all(polled.peers[i]);
}

void shm_rung(unsigned index)
{
    struct peer *next;

    for (struct peer *peer = by_index[index]; peer; peer = next) {
        next = peer->shm.same_index;
        if (peer->shm.in.base)
            shm_drain(peer);
        lend_look(peer);
        if (peer->blocked) {
            peer->blocked = false;
            lane_up()->writable(peer);
        }
    }
}

static enum both_result shm_copy(struct peer *peer, uint64_t ref, uint64_t from, void *to,
                                 size_t bytes, bool ask)
{
    struct ring_in *in = &peer->shm.in;

    if (ask && !peer->shm.take.left && in->base)
        return both_take(&peer->shm.take, in->home.ring ? in->home.ring : in->now.ring,
                         &peer->shm.source, ref, from, to, bytes);
    return copy_read(&peer->shm.source, from, to, bytes) ? BOTH_COPIED : BOTH_FAILED;
}

static void shm_copy_end(struct peer *peer)
{
    if (peer->shm.take.left)
        both_withdraw(&peer->shm.take);
}

static struct dvm_ring *home_out(struct peer *peer)
{
    struct ring_out *out = &peer->shm.out;

    return out->home.ring ? out->home.ring : out->now.ring;
}

static bool shm_copies(struct peer *peer, uint64_t *ref)
{
    const struct dvm_ring *home = home_out(peer);

    return home && both_offered(&peer->shm.give, home, ref);
}

static void shm_help(struct peer *peer, const void *from, size_t bytes)
{
    if (both_give(&peer->shm.give, home_out(peer), &peer->shm.source, from, bytes))
        shm_ring(peer);
}

static void shm_widen(struct peer *peer, size_t bytes)
{
    if (!ring_is_away(&peer->shm.out) && bytes > peer->shm.out.now.payload_max)
        lend_widen(peer);
}

static void shm_forget(struct peer *peer, bool left)
{
    poll_less(peer);
    if (peer->shm.inbox)
        index_remove(peer);
    ring_free_in(&peer->shm.in);
    lend_forget(peer, left);
    peer->shm.source = (struct copy_source){0};
    peer->shm.take.left = false;
    peer->shm.held = false;
    peer->shm.state = SHM_FAILED;
}

const struct lane shm_lane = {
    .name = "shm",
    .payload_max = SHM_PAYLOAD_MAX,
    .eager_max = SHM_PAYLOAD_MAX,
    .window = UINT64_MAX,
    .holds = true,
    .start = shm_start,
    .stop = shm_stop,
    .reaches = shm_reaches,
    .open = shm_open,
    .send = shm_send,
    .widen = shm_widen,
    .copy = shm_copy,
    .copy_end = shm_copy_end,
    .copies = shm_copies,
    .help = shm_help,
    .drain = shm_drain,
    .forget = shm_forget,
};
