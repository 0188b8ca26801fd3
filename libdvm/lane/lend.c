/* lend.c: homes and slots for the neighbours of this task; see lend.h.
 *
 * A pair gets a slot when its home is full again and again, or a message is too long
 * for it, and goes home when nothing was sent for REST_NS, or when another pair wants
 * the memory and nothing was sent since the last that wanted. What a task may lend is
 * its share of the host's memory, which its daemon writes into its inbox.
 *
 * A slot is used again when its consumer has said that it is out, or is dead. One that
 * has called dvm_finalize may still be at work when that is told: what it had waits until
 * it, or its daemon, says that it is over.
 */
#include "lane/lend.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "lane/ringpool.h"

#define REST_NS UINT64_C(1000000000) /* a slot that was not used for so long is given back */
/* Share (bytes) from which slots are large: 15 tasks, which have 1/15 of DVM_POOL_HOST each,
 * can lend a large one to each of the 14 others; 16 could not, and would take them from each
 * other again and again. */
#define LARGE_FROM ((1u << 20) + 1)
/* What tasks may have in common, beside their slots: so many parts of their shares. */
#define COMMON_PART 3
#define COMMON_OF 8

static struct {
    struct ringpool pool;
    const struct dvm_inbox *own;
    struct peer *first;       /* with something to look after, by lend.next */
    _Atomic uint64_t due;     /* when to look, clock_ns; 0: never */
} lends;

void lend_start(const struct dvm_inbox *own)
{
    lends.own = own;
    lends.first = NULL;
    atomic_store_explicit(&lends.due, 0, memory_order_relaxed);
}

void lend_stop(void)
{
    ringpool_close(&lends.pool);
    lends.own = NULL;
}

static void list_add(struct peer *peer)
{
    struct lend *lend = &peer->shm.lend;

    if (lend->listed)
        return;
    lend->listed = true;
    lend->next = lends.first;
    lends.first = peer;
}

static void list_remove(struct peer *peer)
{
    struct peer **at = &lends.first;

    if (!peer->shm.lend.listed)
        return;
    while (*at != peer)
        at = &(*at)->shm.lend.next;
    *at = peer->shm.lend.next;
    peer->shm.lend.listed = false;
}

int lend_home(struct peer *peer, int *fd)
{
    uint64_t at;
    int rc = ringpool_open(&lends.pool);

    if (!rc)
        rc = ringpool_home(&lends.pool, &at);
    if (rc)
        return rc;
    ring_format(ringpool_ring(&lends.pool, at), DVM_HOME_CELLS, lane_self(), peer->tid);
    copy_tell(ringpool_ring(&lends.pool, at));
    ring_begin(&peer->shm.out, ringpool_ring(&lends.pool, at), at);
    *fd = lends.pool.fd;
    return DVM_OK;
}

static void slot_back(struct peer *peer)
{
    struct lend *lend = &peer->shm.lend;

    if (lend->at)
        ringpool_lend_back(&lends.pool, RINGPOOL_SLOT, lend->at, lend->bytes);
    lend->at = 0;
    lend->returning = false;
}

void lend_look(struct peer *peer)
{
    struct lend *lend = &peer->shm.lend;

    if (!lend->returning || !ring_left(ringpool_ring(&lends.pool, lend->at), lend->end))
        return;
    slot_back(peer);
    list_remove(peer);
}

/* The pair goes home: its slot is free when the peer has seen that. */
static void go_home(struct peer *peer)
{
    struct lend *lend = &peer->shm.lend;
    struct ring_out *out = &peer->shm.out;

    lend->end = out->now.cells + 1; /* with the cell that says so */
    lend->returning = true;
    ring_move_home(out);
    lane_widened(peer, out->now.payload_max, out->now.payload_max);
    shm_ring(peer);
}

/* Look at all that is lent, as if time had passed; most: of those that go home. */
static void look_all(unsigned most)
{
    struct peer *next;

    for (struct peer *peer = lends.first; peer; peer = next) {
        struct lend *lend = &peer->shm.lend;
        struct dvm_inbox *inbox = peer->shm.inbox;

        next = lend->next;
        if (lend->parting) {
            if (atomic_load(&inbox->left) || atomic_load(&inbox->over))
                lend_forget(peer, false);
        } else if (lend->returning) {
            lend_look(peer);
        } else if (lend->seen == peer->shm.out.now.cells && most > 0) {
            most--;
            go_home(peer);
        } else {
            lend->seen = peer->shm.out.now.cells;
        }
    }
}

/* Whether there is something to look at later: whoever leaves a slot rings. */
static bool may_rest(void)
{
    for (const struct peer *peer = lends.first; peer; peer = peer->shm.lend.next)
        if (!peer->shm.lend.returning || peer->shm.lend.parting)
            return true;
    return false;
}

/* Look again after a while, if that is of use. */
static void set_due(void)
{
    atomic_store_explicit(&lends.due, may_rest() ? clock_ns() + REST_NS : 0,
                          memory_order_relaxed);
}

/* There is something more to look at. */
static void look_later(void)
{
    if (!atomic_load_explicit(&lends.due, memory_order_relaxed))
        set_due();
}

void lend_widen(struct peer *peer)
{
    struct lend *lend = &peer->shm.lend;
    uint32_t share = atomic_load_explicit(&lends.own->share, memory_order_relaxed);
    bool large = share >= LARGE_FROM;
    uint32_t cells = large ? DVM_LARGE_CELLS : DVM_MIDDLE_CELLS;
    uint32_t data = large ? DVM_LARGE_DATA : DVM_MIDDLE_DATA;
    uint64_t at;

    lend_look(peer);
    if (lend->at || lend->parting)
        return;
    at = ringpool_lend(&lends.pool, RINGPOOL_SLOT, DVM_RING_BYTES(cells, data), share);
    if (!at) {
        look_all(1); /* for the next time */
        return;
    }
    lend->at = at;
    lend->bytes = (uint32_t)DVM_RING_BYTES(cells, data);
    lend->seen = 0;
    ring_format(ringpool_ring(&lends.pool, at), cells, lane_self(), peer->tid);
    ring_move(&peer->shm.out, ringpool_ring(&lends.pool, at), at, cells, data);
    lane_widened(peer, peer->shm.out.now.payload_max, peer->shm.out.now.payload_max);
    list_add(peer);
    look_later();
}

uint64_t lend_memory(size_t bytes, int tasks, uint8_t **base)
{
    size_t share = atomic_load_explicit(&lends.own->share, memory_order_relaxed);
    size_t common = share / COMMON_OF * COMMON_PART * (size_t)tasks;

    if (ringpool_open(&lends.pool))
        return 0;
    *base = lends.pool.base;
    return ringpool_lend(&lends.pool, RINGPOOL_COMMON, bytes, common > share ? common : share);
}

void lend_memory_back(uint64_t at, size_t bytes)
{
    if (lends.pool.base)
        ringpool_lend_back(&lends.pool, RINGPOOL_COMMON, at, bytes);
}

void lend_forget(struct peer *peer, bool left)
{
    struct shm_pair *shm = &peer->shm;

    if (left && shm->out.now.ring && shm->inbox) {
        shm->lend.parting = true;
        list_add(peer);
        look_later();
        return;
    }
    if (shm->out.now.ring && lends.pool.base) {
        slot_back(peer);
        ringpool_home_back(&lends.pool, shm->out.home_at);
    }
    list_remove(peer);
    shm->out = (struct ring_out){.home_at = 0};
    shm->lend = (struct lend){.at = 0};
    ring_free_inbox(&shm->inbox);
}

void lend_rest(void)
{
    uint64_t due = atomic_load_explicit(&lends.due, memory_order_relaxed);

    if (!lends.first || !due || clock_ns() < due)
        return;
    look_all(UINT32_MAX);
    set_due();
}

double lend_rest_seconds(void)
{
    uint64_t due = atomic_load_explicit(&lends.due, memory_order_relaxed), now;

    if (!due)
        return -1;
    now = clock_ns();
    return now < due ? (double)(due - now) / CLOCK_NS_PER_SECOND : 0;
}
