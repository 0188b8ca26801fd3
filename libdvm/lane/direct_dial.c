/* direct_dial.c: how a pair of tasks gets its connection.
 *
 * Of a pair the task with the lower tid dials; the other asks it to. The one that dials asks
 * the peer's daemon (LANE_OPEN, with a key that only those two and their daemons know), tries
 * the addresses that come back one after the other, and proves itself with a hello; the
 * daemon there passes the socket to the peer (LANE_OFFER), which answers on it.
 *
 * Nothing waits here: each step goes on when its event comes, and frames take the relay
 * meanwhile. Deadlines are looked at when there is something to send. Until the hello has
 * gone this is owed (lane_owed): the daemon there has little patience with a silent caller,
 * the program may compute for long.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/pacing.h"
#include "lane/bell.h"
#include "lane/daemon_link.h"
#include "lane/direct.h"
#include "proto/control.h"

#define DIAL_REF (UINT64_C(1) << 62) /* marks the ref of a LANE_OPEN; the tid is below */
#define ASK_NS UINT64_C(10000000000)  /* for the daemon's answer */
#define CONNECT_NS UINT64_C(2500000000) /* for one address */
#define ANSWER_NS UINT64_C(60000000000) /* for the peer, which may be busy with other things */
#define WANT_NS UINT64_C(3000000000)  /* before the peer is asked again */
#define OPEN_BYTES 96                 /* of a packed LaneOpen, at most */

static void next_address(struct direct *d);

/* ---- asking ------------------------------------------------------------------------ */

/* Ask the peer to dial. */
static void want(struct direct *d)
{
    Dvm__Pb__LaneWant request = DVM__PB__LANE_WANT__INIT;
    uint8_t buffer[OPEN_BYTES];

    request.tid = d->peer->tid;
    d->again = clock_ns() + (WANT_NS << d->failures);
    daemon_link_control(DVM_TID_DAEMON(d->peer->tid >> DVM_TID_N_BITS), DVM_CTL_LANE_WANT,
                        DIAL_REF | (uint32_t)d->peer->tid, buffer,
                        dvm__pb__lane_want__pack(&request, buffer), NULL, 0);
}

void direct_dial(struct direct *d)
{
    Dvm__Pb__LaneOpen open = DVM__PB__LANE_OPEN__INIT;
    uint8_t buffer[OPEN_BYTES];
    size_t length;

    if (d->peer->tid < lane_self()) {
        want(d);
        return;
    }
    if (!seal_random(&d->id, sizeof d->id) || !seal_random(d->key, sizeof d->key) ||
        !seal_random(d->nonce, sizeof d->nonce)) {
        direct_fail(d, "the system gives no random numbers");
        return;
    }
    direct_become(d, DIRECT_ASKED);
    d->deadline = clock_ns() + ASK_NS;
    open.tid = d->peer->tid;
    open.id = d->id;
    open.key.data = d->key;
    open.key.len = sizeof d->key;
    length = dvm__pb__lane_open__pack(&open, buffer);
    assert(length <= sizeof buffer);
    daemon_link_control(DVM_TID_DAEMON(d->peer->tid >> DVM_TID_N_BITS), DVM_CTL_LANE_OPEN,
                        DIAL_REF | (uint32_t)d->peer->tid, buffer, length, NULL, 0);
}

/* The record that an answer of the daemon of slot is about. */
static struct direct *asked_of(const struct dvm_frame *frame)
{
    int tid = (int)(uint32_t)frame->ref;
    struct peer *peer;

    if (!(frame->ref & DIAL_REF) || frame->ref >> 63 || !DVM_TID_OK(tid) ||
        DVM_TID_DAEMON(tid >> DVM_TID_N_BITS) != frame->src)
        return NULL;
    peer = lane_peer_known(tid);
    return peer ? peer->direct : NULL;
}

static void on_fail(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                    int fd_count)
{
    struct direct *d = asked_of(frame);
    Dvm__Pb__Fail *fail;

    /* the refusal of a LANE_WANT changes nothing: it is asked for seldom */
    if (!d || d->state != DIRECT_ASKED)
        return;
    fail = dvm__pb__fail__unpack(NULL, frame->length, payload);
    direct_fail(d, fail && *fail->text ? fail->text : "its daemon has refused");
    dvm__pb__fail__free_unpacked(fail, NULL);
}

static void on_ready(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                     int fd_count)
{
    struct direct *d = asked_of(frame);
    Dvm__Pb__LaneReady *ready;

    if (!d || d->state != DIRECT_ASKED)
        return;
    ready = dvm__pb__lane_ready__unpack(NULL, frame->length, payload);
    if (!ready || ready->id != d->id || ready->security < LANE_PLAIN ||
        ready->security > LANE_ENCRYPTED) {
        dvm__pb__lane_ready__free_unpacked(ready, NULL);
        direct_fail(d, "its daemon's answer makes no sense");
        return;
    }
    d->ready = ready;
    d->address = 0;
    snprintf(d->reason, sizeof d->reason, "its host has no address for lanes");
    next_address(d);
}

/* ---- dialing ----------------------------------------------------------------------- */

/* Begin to connect to an endpoint. Returns the socket, or -1 and why not. */
static int dial(const char *endpoint, const char **why)
{
    struct sockaddr_storage address;
    socklen_t length;
    char text[ENDPOINT_BYTES];
    int fd;

    if (!endpoint_resolve(endpoint, text) || !endpoint_socket(text, &address, &length)) {
        *why = "no address that can be reached from this host";
        return -1;
    }
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        pacing_avoid(fd);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&address, length) && errno != EINPROGRESS)) {
        *why = strerror(errno);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Remember what became of the address that is tried. */
static void tried(struct direct *d, const char *why)
{
    snprintf(d->reason, sizeof d->reason, "%s: %s",
             endpoint_shown(d->ready->addresses[d->address]), why);
    d->address++;
}

/* The address that was tried is of no use. */
static void address_failed(struct direct *d, const char *why)
{
    tried(d, why);
    bell_unwatch(d->fd);
    close(d->fd);
    d->fd = -1;
    next_address(d);
}

/* Try addresses until one may work. */
static void next_address(struct direct *d)
{
    const char *why = "its socket cannot be watched";
    char text[DIRECT_REASON];

    while (d->address < d->ready->n_addresses) {
        d->fd = dial(d->ready->addresses[d->address], &why);
        if (d->fd >= 0 && !bell_watch(d->fd, EPOLLOUT, direct_event, d)) {
            direct_become(d, DIRECT_DIALING);
            d->deadline = clock_ns() + CONNECT_NS;
            return;
        }
        tried(d, why);
        if (d->fd >= 0)
            close(d->fd);
        d->fd = -1;
    }
    snprintf(text, sizeof text, "%s", d->reason);
    direct_fail(d, text);
}

/* It is connected: say who this is. */
static void greet(struct direct *d)
{
    struct lane_hello hello = {.ciphers = seal_ciphers(), .id = d->id, .src = lane_self(),
                               .dst = d->peer->tid};
    uint8_t bytes[LANE_HELLO_BYTES];

    memcpy(hello.nonce, d->nonce, sizeof hello.nonce);
    lane_hello_encode(bytes, &hello);
    if (!seal_mac(bytes + LANE_HELLO_SIGNED, d->key, bytes, LANE_HELLO_SIGNED)) {
        direct_fail(d, "libcrypto.so.3 makes no HMAC");
        return;
    }
    /* a new socket has room for it */
    if (send(d->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof bytes) {
        address_failed(d, strerror(errno));
        return;
    }
    direct_become(d, DIRECT_GREETING);
    d->deadline = clock_ns() + ANSWER_NS;
    bell_rewatch(d->fd, EPOLLIN);
}

/* Returns NULL, or what is wrong with the answer. */
static const char *check_answer(struct direct *d, const uint8_t *bytes, struct lane_answer *answer)
{
    uint8_t covered[LANE_ANSWER_SIGNED], mac[SEAL_MAC_BYTES];

    if (lane_answer_decode(answer, bytes, LANE_ANSWER_BYTES) || answer->id != d->id)
        return "what answers there is no task of this machine";
    lane_answer_signed(covered, bytes, d->nonce);
    if (!seal_mac(mac, d->key, covered, sizeof covered) || !seal_same(mac, answer->mac))
        return "what answers there cannot prove that it is the task";
    if (d->ready->security == LANE_ENCRYPTED && seal_choose(answer->cipher) != answer->cipher)
        return "it wants a cipher that this task has not offered";
    return NULL;
}

static void read_answer(struct direct *d)
{
    uint8_t bytes[LANE_ANSWER_BYTES], salt[2 * LANE_NONCE_BYTES];
    struct lane_answer answer;
    const char *wrong;
    ssize_t got;

    /* it is taken whole: what follows it belongs to the lane */
    got = recv(d->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        direct_fail(d, got ? strerror(errno) : "the other side has closed it without an answer");
        return;
    }
    if (got < (ssize_t)sizeof bytes || recv(d->fd, bytes, sizeof bytes, MSG_DONTWAIT) != got)
        return;
    wrong = check_answer(d, bytes, &answer);
    if (wrong) {
        direct_fail(d, wrong);
        return;
    }
    memcpy(salt, d->nonce, LANE_NONCE_BYTES);
    memcpy(salt + LANE_NONCE_BYTES, answer.nonce, LANE_NONCE_BYTES);
    if (!direct_use(d, d->ready->security, answer.cipher, salt, true))
        direct_fail(d, "no memory for it");
}

void direct_dial_look(struct direct *d, uint32_t events)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (d->state == DIRECT_GREETING) {
        read_answer(d);
        return;
    }
    if (d->state != DIRECT_DIALING)
        return;
    if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &length) || error)
        address_failed(d, strerror(error ? error : errno));
    else
        greet(d);
}

void direct_dial_late(struct direct *d)
{
    enum direct_state before = d->state;
    struct pollfd socket = {.fd = d->fd, .events = POLLIN | POLLOUT};

    if (clock_ns() < d->deadline)
        return;
    /* this task may have been busy: what it has not looked at is not late */
    if (before != DIRECT_ASKED && poll(&socket, 1, 0) > 0)
        direct_dial_look(d, (uint32_t)socket.revents);
    if (d->state != before || clock_ns() < d->deadline)
        return;
    if (d->state == DIRECT_DIALING)
        address_failed(d, "no answer (is the port open in the firewall?)");
    else
        direct_fail(d, d->state == DIRECT_ASKED ? "its daemon did not answer in time"
                                                : "the task there did not answer in time");
}

/* ---- being dialed ------------------------------------------------------------------ */

static void on_want(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                    int fd_count)
{
    Dvm__Pb__LaneWant *wanted = dvm__pb__lane_want__unpack(NULL, frame->length, payload);
    struct peer *peer = NULL;

    if (wanted && DVM_TID_OK(wanted->tid) && wanted->tid > lane_self() &&
        lane_used(&direct_lane) && direct_lane.reaches(&(struct peer){.tid = wanted->tid}))
        peer = lane_peer(wanted->tid);
    dvm__pb__lane_want__free_unpacked(wanted, NULL);
    if (peer)
        direct_lane.open(peer);
}

/* Write the answer. Returns whether that is done. */
static bool answer_offer(struct direct *d, uint8_t cipher, uint8_t nonce[LANE_NONCE_BYTES])
{
    struct lane_answer answer = {.cipher = cipher, .id = d->id};
    uint8_t bytes[LANE_ANSWER_BYTES], covered[LANE_ANSWER_SIGNED];

    if (!seal_random(answer.nonce, sizeof answer.nonce))
        return false;
    memcpy(nonce, answer.nonce, LANE_NONCE_BYTES);
    lane_answer_encode(bytes, &answer);
    lane_answer_signed(covered, bytes, d->nonce);
    return seal_mac(bytes + LANE_ANSWER_HEAD, d->key, covered, sizeof covered) &&
           send(d->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof bytes;
}

/* The record for an offered connection; NULL: it is not wanted. */
static struct direct *offered(const Dvm__Pb__LaneOffer *offer)
{
    struct peer *peer;
    struct direct *d;
    const char *why;

    if (offer->key.len != LANE_KEY_BYTES || offer->nonce.len != LANE_NONCE_BYTES ||
        !DVM_TID_OK(offer->tid) || offer->tid >= lane_self() ||
        offer->security < LANE_PLAIN || offer->security > LANE_ENCRYPTED ||
        !direct_lane.reaches(&(struct peer){.tid = offer->tid}) || !lane_used(&direct_lane) ||
        !seal_load(&why))
        return NULL;
    peer = lane_peer(offer->tid);
    d = peer ? direct_of(peer) : NULL;
    if (!d || d->taking)
        return NULL;
    /* who dials anew has lost the one before */
    if (d->state != DIRECT_NONE)
        direct_fail(d, "the other side has opened another one");
    return d;
}

static bool take_offer(struct direct *d, const Dvm__Pb__LaneOffer *offer)
{
    uint8_t salt[2 * LANE_NONCE_BYTES], cipher = 0;

    if (offer->security == LANE_ENCRYPTED) {
        cipher = seal_choose((uint8_t)offer->ciphers);
        if (!cipher)
            return false;
    }
    d->id = offer->id;
    memcpy(d->key, offer->key.data, sizeof d->key);
    memcpy(d->nonce, offer->nonce.data, sizeof d->nonce);
    memcpy(salt, d->nonce, LANE_NONCE_BYTES);
    return answer_offer(d, cipher, salt + LANE_NONCE_BYTES) &&
           !bell_watch(d->fd, EPOLLIN, direct_event, d) &&
           direct_use(d, offer->security, cipher, salt, false);
}

static void on_offer(const struct dvm_frame *frame, const uint8_t *payload, const int *fds,
                     int fd_count)
{
    Dvm__Pb__LaneOffer *offer = dvm__pb__lane_offer__unpack(NULL, frame->length, payload);
    struct direct *d = NULL;

    if (offer && fd_count == 1 && DVM_TID_DAEMON(lane_self() >> DVM_TID_N_BITS) == frame->src)
        d = offered(offer);
    if (d) {
        d->fd = fds[0];
        if (!take_offer(d, offer))
            direct_fail(d, "a connection that was offered cannot be used");
    }
    for (int i = d ? 1 : 0; i < fd_count; i++)
        close(fds[i]);
    dvm__pb__lane_offer__free_unpacked(offer, NULL);
}

void direct_dial_start(void)
{
    daemon_link_register(DVM_CTL_FAIL, on_fail);
    daemon_link_register(DVM_CTL_LANE_READY, on_ready);
    daemon_link_register(DVM_CTL_LANE_OFFER, on_offer);
    daemon_link_register(DVM_CTL_LANE_WANT, on_want);
}
