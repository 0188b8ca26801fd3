/* lanes.c: LANE_OPEN and LANE_WANT, and what becomes of a hello; see lanes.h.
 *
 * An opening is remembered until its hello comes, which is good once: the entry goes before
 * the connection is passed on, so a copy of the same bytes finds nothing. A hello with a
 * wrong MAC leaves it: who guesses cannot take it away from whom it belongs to. Tasks that
 * have not enrolled yet find the connection in their seat, like any frame.
 */
#include "daemon/lanes/lanes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/lanes/expected.h"
#include "daemon/lanes/gate.h"
#include "daemon/lanes/mac.h"
#include "daemon/local.h"
#include "proto/control.pb-c.h"

#define NS_PER_MS 1000000
#define OFFER_MAX 256 /* bytes of a packed LaneOffer */

static uint64_t now_ms(void)
{
    return clock_ns() / NS_PER_MS;
}

static uint32_t security_of(const struct daemon *d)
{
    return (uint32_t)cluster_lane_security(d->cluster) + 1;
}

/* ---- the hello ----------------------------------------------------------------------- */

/* Pass a connection to the task that is called. Returns an error of local_deliver. */
static int offer(struct daemon *d, const struct expected_lane *lane, struct lane_hello *h, int fd)
{
    Dvm__Pb__LaneOffer m = DVM__PB__LANE_OFFER__INIT;
    uint8_t bytes[OFFER_MAX];
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(cluster_self(d->cluster)), .dst = lane->to,
                          .tag = DVM_CTL_LANE_OFFER};
    int r;

    m.tid = lane->from;
    m.id = lane->id;
    m.key = (ProtobufCBinaryData){sizeof lane->key, (uint8_t *)(uintptr_t)lane->key};
    m.nonce = (ProtobufCBinaryData){sizeof h->nonce, h->nonce};
    m.security = security_of(d);
    m.ciphers = h->ciphers;
    f.length = (uint32_t)dvm__pb__lane_offer__pack(&m, bytes);
    f.size = f.length;
    r = local_deliver(d->local, &f, bytes, &fd, 1);
    explicit_bzero(bytes, sizeof bytes);
    return r;
}

/* Another daemon looks whether this port is reached (attempt.c): it is answered as a task
 * answers. Its entry stays, so that each of the addresses may be tried. */
static const char *answer_daemon(const struct expected_lane *lane, const struct lane_hello *h,
                                 int fd)
{
    struct lane_answer a = {.id = lane->id};
    uint8_t bytes[LANE_ANSWER_BYTES], signed_bytes[LANE_ANSWER_SIGNED];

    if (getrandom(a.nonce, sizeof a.nonce, 0) != sizeof a.nonce)
        return "the system has no random numbers";
    lane_answer_encode(bytes, &a);
    lane_answer_signed(signed_bytes, bytes, h->nonce);
    if (!mac_make(bytes + LANE_ANSWER_HEAD, lane->key, signed_bytes, sizeof signed_bytes) ||
        send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof bytes)
        return "it could not be answered";
    return NULL;
}

static const char *on_hello(void *arg, const uint8_t bytes[LANE_HELLO_BYTES], int fd)
{
    struct lanes *l = arg;
    const struct expected_lane *found;
    struct expected_lane lane;
    struct lane_hello h;
    int r = lane_hello_decode(&h, bytes, LANE_HELLO_BYTES);

    if (r)
        return r == DVM_ERR_VERSION ? "its hello is of another version"
                                    : "its hello is malformed";
    found = expected_find(l->expected, h.id, now_ms());
    if (!found)
        return "it was not announced, or not any more";
    if (found->from != h.src || found->to != h.dst)
        return "its hello names other tasks than were announced";
    if (!mac_check(h.mac, found->key, bytes, LANE_HELLO_SIGNED))
        return "its hello is not signed with the key that was announced";
    if (DVM_TID_N(found->to) == 0)
        return answer_daemon(found, &h, fd);
    lane = *found;
    expected_drop(l->expected, h.id);
    r = offer(l->d, &lane, &h, fd);
    explicit_bzero(&lane, sizeof lane);
    return !r ? NULL : r == DVM_ERR_NO_TASK ? "the task that it calls has ended"
                                            : "it could not be passed on to the task";
}

/* ---- what tasks ask for ---------------------------------------------------------------- */

/* Whether a task of another host asks about one of this host, or a daemon about this one;
 * else it is told why not, if it wants an answer. */
static bool may_ask(struct daemon *d, const struct dvm_frame *frame, int tid)
{
    bool shared = DVM_TID_SLOT(frame->src) == cluster_self(d->cluster);
    bool there = DVM_TID_N(frame->src) == 0
                     ? tid == DVM_TID_DAEMON(cluster_self(d->cluster))
                     : local_role(d->local, tid) == ROLE_TASK;

    if (!shared && there)
        return true;
    if (frame->ref && shared)
        daemon_fail(d, frame, DVM_ERR_UNSUPPORTED, "tasks 0x%x and 0x%x share host %s, and need "
                    "no lane of their own", (unsigned)frame->src, (unsigned)tid, d->host);
    else if (frame->ref)
        daemon_fail(d, frame, DVM_ERR_NO_TASK, "there is no task 0x%x on host %s (any more)",
                    (unsigned)tid, d->host);
    return false;
}

static void tell_ready(struct lanes *l, const struct dvm_frame *frame, uint64_t id)
{
    Dvm__Pb__LaneReady m = DVM__PB__LANE_READY__INIT;
    char text[CLUSTER_ADDRESSES][ENDPOINT_BYTES], *pointers[CLUSTER_ADDRESSES];

    m.id = id;
    m.n_addresses = cluster_addresses(l->d->cluster, l->port, text);
    for (size_t i = 0; i < m.n_addresses; i++)
        pointers[i] = text[i];
    m.addresses = pointers;
    m.port = (uint32_t)l->port;
    m.security = security_of(l->d);
    daemon_answer(l->d, CLUSTER_CONTROL, frame, DVM_CTL_LANE_READY, &m.base);
}

static void expect(struct lanes *l, const struct dvm_frame *frame, const Dvm__Pb__LaneOpen *m)
{
    struct expected_lane lane = {.id = m->id, .from = frame->src, .to = m->tid};
    struct daemon *d = l->d;
    int r;

    memcpy(lane.key, m->key.data, sizeof lane.key);
    r = expected_add(l->expected, &lane, now_ms());
    explicit_bzero(&lane, sizeof lane);
    if (!r)
        tell_ready(l, frame, m->id);
    else if (r == DVM_ERR_LIMIT)
        daemon_fail(d, frame, r, "host %s expects %d connections between tasks already; ask again "
                    "in some seconds", d->host, LANES_EXPECTED);
    else
        daemon_fail(d, frame, r, "host %s cannot expect a connection of task 0x%x: %s", d->host,
                    (unsigned)frame->src, r == DVM_ERR_EXISTS ? "one with this id is expected "
                                                                "already" : dvm_error_text(r));
}

static void on_open(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__LaneOpen *m = dvm__pb__lane_open__unpack(NULL, frame->length, payload);
    const char *why;

    if (!m || m->key.len != LANE_KEY_BYTES)
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a LANE_OPEN that cannot be read");
    else if (!may_ask(d, frame, m->tid))
        ; /* it was told */
    else if (d->lanes->port == 0)
        daemon_fail(d, frame, DVM_ERR_UNSUPPORTED, "host %s takes no connections between tasks: "
                    "its lane port is not open (its log says why)", d->host);
    else if (!mac_load(&why))
        daemon_fail(d, frame, DVM_ERR_UNSUPPORTED, "host %s takes no connections between tasks: %s",
                    d->host, why);
    else
        expect(d->lanes, frame, m);
    if (m && m->key.len > 0) /* without bytes it has no address */
        explicit_bzero(m->key.data, m->key.len);
    dvm__pb__lane_open__free_unpacked(m, NULL);
}

static void on_want(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__LaneWant *m = dvm__pb__lane_want__unpack(NULL, frame->length, payload);
    int tid = m ? m->tid : 0;

    if (!m) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a LANE_WANT that cannot be read");
    } else if (may_ask(d, frame, tid)) {
        m->tid = frame->src;
        daemon_tell(d, CLUSTER_CONTROL, tid, DVM_CTL_LANE_WANT, &m->base);
        if (frame->ref)
            daemon_ok(d, frame);
    }
    dvm__pb__lane_want__free_unpacked(m, NULL);
}

const struct handler lanes_handlers[] = {
    {DVM_CTL_LANE_OPEN, on_open, ROLE_TASK | ROLE_DAEMON},
    {DVM_CTL_LANE_WANT, on_want, ROLE_TASK},
    {0, NULL, 0},
};

static bool is_low(void *arg, int fd)
{
    const struct lanes *l = arg;

    return daemon_files_low(l->d, fd);
}

/* ---- life ----------------------------------------------------------------------------- */

int lanes_create(struct lanes **out, struct daemon *d)
{
    struct lanes *l = calloc(1, sizeof *l);
    size_t share = d->files > 0 ? (size_t)d->files / LANES_CALLERS_SHARE : LANES_CALLERS;
    struct gate_config config = {.callers = share < LANES_CALLERS ? share : LANES_CALLERS,
                                 .low = is_low, .patience = LANES_HELLO_SECONDS,
                                 .hello = on_hello, .arg = l};

    if (l) {
        l->d = d;
        l->expected = expected_create(LANES_EXPECTED, LANES_EXPECTED_MS);
        l->gate = gate_create(d->loop, &config);
    }
    if (!l || !l->expected || !l->gate) {
        lanes_destroy(l);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for direct lanes");
    }
    *out = l;
    return DVM_OK;
}

void lanes_destroy(struct lanes *l)
{
    if (!l)
        return;
    while (l->attempts)
        lanes_attempt_cancel(l->attempts);
    gate_destroy(l->gate);
    expected_destroy(l->expected);
    free(l);
}

void lanes_listen(struct lanes *l, const char *bind, int port)
{
    if (gate_listen(l->gate, bind[0] ? bind : NULL, port)) {
        log_warning("%s; what tasks of other hosts send goes through the daemons",
                    dvm_last_error());
        return;
    }
    l->port = port;
    log_debug("lane port %d is open", port);
}
