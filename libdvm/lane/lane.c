/* lane.c: which lanes there are, the table of peers, and what goes to whom.
 *
 * Peers live in a list and an open-addressing table by tid; they are made at
 * first sight and freed at the end only, so pointers to them stay valid. The
 * relay is every peer's first lane; the first row of the table that reaches the
 * peer is opened beside it when there is more to send, and takes over when it is
 * ready.
 */
#include "lane/lane.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "lane/lend.h"
#include "lane/uplink.h"

#define PEERS_START 64        /* places of the first table; a power of two */
#define LANE_COMPLAINTS 20    /* sentences about nonsense that one task prints */
#define HASH_MULTIPLIER 0x9e3779b1u

/* best first; the relay is last and always there */
static const struct lane *const lanes[] = {&shm_lane, &direct_lane, &relay_lane};
#define LANES (sizeof lanes / sizeof lanes[0])

static struct {
    int self;
    const struct lane_up *up;
    bool used[LANES];
    struct peer **table; /* places of size, NULL: free */
    size_t size, count;
    struct peer *first, *last;
    int complaints;
} lane;

size_t lane_owed;

/* Whether a list such as "shm,relay" has the name; no list has all. */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    if (!list || !*list)
        return true;
    while (*list) {
        size_t item = strcspn(list, ",");

        if (item == length && strncmp(list, name, item) == 0)
            return true;
        list += item + (list[item] == ',');
    }
    return false;
}

int lane_start(const struct lane_config *config)
{
    const char *list = getenv("DVM_LANES");
    int rc = DVM_OK;

    assert(config->up->peer_size >= sizeof(struct peer));
    lane.self = config->self;
    lane.up = config->up;
    bell_start(config->inbox, config->index);
    board_use(config->inbox);
    uplink_start(config->socket, config->self);
    bell_daemon(config->socket, uplink_rung);
    shm_alone(config->alone);
    if (config->alone && (rc = bell_alone()) != DVM_OK)
        return rc;
    shm_polls(!config->threads);
    direct_polls(!config->threads);
    lane.table = calloc(PEERS_START, sizeof(struct peer *));
    if (!lane.table)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the table of peers");
    lane.size = PEERS_START;
    for (size_t i = 0; i < LANES; i++) {
        lane.used[i] = lanes[i] == &relay_lane ||
                       (listed(list, lanes[i]->name) &&
                        !(config->alone && lanes[i] == &shm_lane));
        /* started in any case: a peer may use what this task does not open */
        if (lanes[i]->start)
            rc = lanes[i]->start();
        if (rc)
            return rc;
    }
    return DVM_OK;
}

void lane_stop(void)
{
    direct_end();
    memset(lane_recent, 0, sizeof lane_recent);
    lend_stop(); /* as it is: peers may still take what lies there */
    for (struct peer *p = lane.first, *next; p; p = next) {
        next = p->next;
        lane_forget(p, false);
        free(p);
    }
    for (size_t i = 0; i < LANES; i++)
        if (lanes[i]->stop)
            lanes[i]->stop();
    uplink_stop();
    board_use(NULL);
    bell_stop();
    free(lane.table);
    memset(&lane, 0, sizeof lane);
    lane_owed = 0;
}

int lane_self(void)
{
    return lane.self;
}

const struct lane_up *lane_up(void)
{
    return lane.up;
}

struct peer *lane_recent[LANE_RECENT];

static size_t peer_place(int tid)
{
    size_t at = ((uint32_t)tid * HASH_MULTIPLIER >> 4) & (lane.size - 1);

    while (lane.table[at] && lane.table[at]->tid != tid)
        at = (at + 1) & (lane.size - 1);
    return at;
}

struct peer *lane_peer_known(int tid)
{
    return lane.table[peer_place(tid)];
}

struct peer *lane_peers(void)
{
    return lane.first;
}

/* Twice the places; at most half of them are ever in use. */
static bool peers_grow(void)
{
    struct peer **bigger = calloc(lane.size * 2, sizeof(struct peer *));

    if (!bigger)
        return false;
    free(lane.table);
    lane.table = bigger;
    lane.size *= 2;
    for (struct peer *p = lane.first; p; p = p->next)
        lane.table[peer_place(p->tid)] = p;
    return true;
}

struct peer *lane_peer(int tid)
{
    size_t at = peer_place(tid);
    struct peer *p = lane.table[at];

    if (p) {
        lane_recent[(unsigned)tid % LANE_RECENT] = p;
        return p;
    }
    if (lane.count * 2 >= lane.size && !peers_grow())
        return NULL;
    p = calloc(1, lane.up->peer_size);
    if (!p)
        return NULL;
    p->tid = tid;
    lane.table[peer_place(tid)] = p;
    lane.count++;
    if (lane.last)
        lane.last->next = p;
    else
        lane.first = p;
    lane.last = p;
    lane.up->made(p);
    return p;
}

void lane_open(struct peer *peer)
{
    peer->out = &relay_lane;
    lane_widened(peer, relay_lane.eager_max, relay_lane.payload_max);
}

void lane_widened(struct peer *peer, size_t eager_max, size_t payload_max)
{
    peer->eager_max = eager_max;
    peer->payload_max = payload_max;
}

void lane_improve(struct peer *peer)
{
    for (size_t i = 0; i < LANES; i++) {
        if (!lane.used[i] || !lanes[i]->reaches(peer))
            continue;
        lanes[i]->open(peer);
        return;
    }
}

bool lane_used(const struct lane *which)
{
    for (size_t i = 0; i < LANES; i++)
        if (lanes[i] == which)
            return lane.used[i];
    return false;
}

void lane_opened(struct peer *peer, const struct lane *better)
{
    peer->out = better;
    if (!better->widen) /* else it has said so itself */
        lane_widened(peer, better->eager_max, better->payload_max);
    peer->blocked = false;
    lane.up->writable(peer);
}

enum lane_taken lane_deliver(const struct lane *from, struct peer *peer,
                             const struct dvm_frame *frame, const uint8_t *payload)
{
    return lane.up->frame(peer, from, frame, payload);
}

static void rung(unsigned index)
{
    if (index == DVM_INDEX_DAEMON)
        uplink_rung();
    else
        shm_rung(index);
}

static bool polled_ready(void)
{
    return shm_ready() || direct_pending();
}

bool lane_rung(void)
{
    return lane_rung_near() || direct_ready();
}

bool lane_rung_near(void)
{
    return bell_rung() || shm_ready();
}

bool lane_unseen(void)
{
    return direct_unseen();
}

bool lane_answers(void)
{
    return !bell_watching() || direct_answers();
}

void lane_part(bool idle)
{
    if (!shm_part(idle) && idle)
        direct_part();
}

void lane_sleep(double seconds)
{
    double most = lend_rest_seconds();

    bell_sleep(most >= 0 && (seconds < 0 || seconds > most) ? most : seconds, polled_ready);
}

void lane_rest(void)
{
    lend_rest();
}

bool lane_arm(void)
{
    return bell_arm(polled_ready);
}

int lane_progress(void)
{
    if (bell_rung())
        bell_take(rung);
    shm_poll();
    direct_poll();
    return uplink_lost() ? uplink_fail() : DVM_OK;
}

int lane_check(void)
{
    uplink_rung();
    return uplink_lost() ? uplink_fail() : DVM_OK;
}

void lane_forked(void)
{
    uplink_forked();
    bell_forked();
    direct_forked();
}

void lane_drain(struct peer *peer)
{
    for (size_t i = 0; i < LANES; i++)
        if (lanes[i]->drain)
            lanes[i]->drain(peer);
}

void lane_forget(struct peer *peer, bool left)
{
    for (size_t i = 0; i < LANES; i++)
        if (lanes[i]->forget)
            lanes[i]->forget(peer, left);
    peer->out = NULL;
}

void lane_complain(const char *format, ...)
{
    char text[DVM_SENTENCE_MAX];
    va_list ap;

    if (lane.complaints++ >= LANE_COMPLAINTS)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "dvm: tid %#x: %s\n", lane.self, text);
}
