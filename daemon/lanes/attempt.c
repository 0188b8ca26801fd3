/* attempt.c: whether this daemon reaches the lane port of another host (dvm doctor).
 *
 * It asks as a task does, with LANE_OPEN, but for the daemon itself, which then answers a
 * hello by itself and hangs up. So the MACs prove that the right host is there, and all that
 * a task needs has been tried. The addresses are tried in their order, the next one when the
 * one before has failed or has not answered for a moment. The answer to LANE_OPEN may come
 * when nobody waits for it any more, so it finds its attempt by number.
 */
#include "daemon/lanes.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/lanes/lanes.h"
#include "daemon/lanes/mac.h"
#include "proto/control.pb-c.h"

#define STAGGER_S 0.25  /* after which the next address is tried, too */
#define LIMIT_S 2.5     /* for all of it */
#define PATIENCE_S 4.0  /* more where somebody takes the connection: he may be short of CPU */

struct call {
    struct lanes_attempt *attempt;
    ev_io io;
    int fd; /* owned, or -1 */
    bool ended, connected;
    size_t got;
    uint8_t answer[LANE_ANSWER_BYTES];
    struct lanes_tried tried;
};

struct lanes_attempt {
    struct lanes_attempt *next_of_all;
    struct lanes *lanes; /* borrowed */
    uintptr_t number;
    int slot;
    lanes_done_f *done;
    void *arg; /* borrowed */
    struct lane_hello hello;
    uint8_t key[LANE_KEY_BYTES];
    ev_timer stagger, limit;
    ev_timer finish; /* done is called from the loop */
    bool patient;    /* the limit was moved */
    size_t count, begun, pending;
    struct call calls[CLUSTER_ADDRESSES];
    char why[DVM_SENTENCE_MAX];
};

static void call_close(struct call *c)
{
    ev_io_stop(c->attempt->lanes->d->loop, &c->io);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void lanes_attempt_cancel(struct lanes_attempt *a)
{
    struct lanes_attempt **at;
    struct ev_loop *loop;

    if (!a)
        return;
    loop = a->lanes->d->loop;
    for (at = &a->lanes->attempts; *at != a; at = &(*at)->next_of_all)
        ;
    *at = a->next_of_all;
    for (size_t i = 0; i < a->begun; i++)
        call_close(&a->calls[i]);
    ev_timer_stop(loop, &a->stagger);
    ev_timer_stop(loop, &a->limit);
    ev_timer_stop(loop, &a->finish);
    explicit_bzero(a, sizeof *a);
    free(a);
}

size_t lanes_attempt_look(const struct lanes_attempt *a, struct lanes_tried *list, char *why)
{
    for (size_t i = 0; i < a->count; i++) {
        list[i] = a->calls[i].tried;
        if (i < a->begun && !a->calls[i].ended)
            list[i].result = DVM_PROBE_SILENT;
    }
    memcpy(why, a->why, sizeof a->why);
    return a->count;
}

static void finish(struct lanes_attempt *a)
{
    if (!ev_is_active(&a->finish))
        ev_timer_start(a->lanes->d->loop, &a->finish);
}

static void on_finish(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct lanes_attempt *a = w->data;

    (void)loop, (void)revents;
    a->done(a->arg); /* looks and cancels */
}

static void on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct lanes_attempt *a = w->data;
    bool connected = a->count == 0 && !a->why[0]; /* the daemon has not answered yet */

    (void)revents;
    for (size_t i = 0; i < a->begun; i++)
        connected = connected || (a->calls[i].connected && !a->calls[i].ended);
    if (!connected || a->patient) {
        if (a->count == 0 && !a->why[0])
            snprintf(a->why, sizeof a->why, "its daemon did not answer in time");
        finish(a);
        return;
    }
    a->patient = true;
    ev_timer_set(w, PATIENCE_S, 0.0);
    ev_timer_start(loop, w);
}

/* ---- one address ------------------------------------------------------------------------ */

static void begin_next(struct lanes_attempt *a);

static void call_end(struct call *c, enum dvm_probe result)
{
    struct lanes_attempt *a = c->attempt;

    c->ended = true;
    c->tried.result = result;
    call_close(c);
    a->pending--;
    if (result == DVM_PROBE_GOOD || (a->pending == 0 && a->begun == a->count))
        finish(a);
    else
        begin_next(a);
}

static enum dvm_probe result_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
        return DVM_PROBE_REFUSED;
    case ETIMEDOUT:
        return DVM_PROBE_SILENT;
    default:
        return DVM_PROBE_NO_ROUTE;
    }
}

static bool is_right(const struct call *c)
{
    const struct lanes_attempt *a = c->attempt;
    uint8_t bytes[LANE_ANSWER_SIGNED];
    struct lane_answer answer;

    if (lane_answer_decode(&answer, c->answer, sizeof c->answer) || answer.id != a->hello.id)
        return false;
    lane_answer_signed(bytes, c->answer, a->hello.nonce);
    return mac_check(answer.mac, a->key, bytes, sizeof bytes);
}

static void on_answer(struct ev_loop *loop, ev_io *w, int revents)
{
    struct call *c = w->data;
    ssize_t n = recv(c->fd, c->answer + c->got, sizeof c->answer - c->got, 0);

    (void)loop, (void)revents;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->got += n > 0 ? (size_t)n : 0;
    if (n <= 0)
        call_end(c, DVM_PROBE_STRANGER);
    else if (c->got == sizeof c->answer)
        call_end(c, is_right(c) ? DVM_PROBE_GOOD : DVM_PROBE_STRANGER);
}

static void say_hello(struct call *c)
{
    struct lanes_attempt *a = c->attempt;
    uint8_t bytes[LANE_HELLO_BYTES];
    const char *why;

    c->connected = true;
    mac_load(&why);
    lane_hello_encode(bytes, &a->hello);
    if (!mac_make(bytes + LANE_HELLO_SIGNED, a->key, bytes, LANE_HELLO_SIGNED) ||
        send(c->fd, bytes, sizeof bytes, MSG_NOSIGNAL) != (ssize_t)sizeof bytes) {
        call_end(c, DVM_PROBE_STRANGER);
        return;
    }
    ev_io_init(&c->io, on_answer, c->fd, EV_READ);
    ev_io_start(a->lanes->d->loop, &c->io);
}

static void on_connected(struct ev_loop *loop, ev_io *w, int revents)
{
    struct call *c = w->data;
    int error = 0;
    socklen_t size = sizeof error;

    (void)revents;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    ev_io_stop(loop, w);
    if (error)
        call_end(c, result_of(error));
    else
        say_hello(c);
}

static void begin_next(struct lanes_attempt *a)
{
    struct sockaddr_storage to;
    socklen_t size;
    struct call *c;
    int error = EADDRNOTAVAIL;

    if (a->begun == a->count || ev_is_active(&a->finish))
        return;
    c = &a->calls[a->begun++];
    a->pending++;
    ev_timer_again(a->lanes->d->loop, &a->stagger);
    if (endpoint_socket(c->tried.address, &to, &size))
        c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd >= 0)
        error = connect(c->fd, (struct sockaddr *)&to, size) == 0 ? 0 : errno;
    ev_io_init(&c->io, on_connected, c->fd, EV_WRITE);
    if (error == 0 || error == EINPROGRESS)
        ev_io_start(a->lanes->d->loop, &c->io);
    else
        call_end(c, result_of(error));
}

static void on_stagger(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct lanes_attempt *a = w->data;

    (void)revents;
    if (a->begun == a->count)
        ev_timer_stop(loop, w);
    begin_next(a);
}

/* ---- the whole -------------------------------------------------------------------------- */

/* Addresses that mean nothing here are left out. */
static void take_addresses(struct lanes_attempt *a, const Dvm__Pb__LaneReady *m)
{
    for (size_t i = 0; i < m->n_addresses && a->count < CLUSTER_ADDRESSES; i++) {
        struct call *c = &a->calls[a->count];

        c->attempt = a;
        c->fd = -1;
        ev_io_init(&c->io, on_connected, -1, 0);
        c->io.data = c;
        a->count += endpoint_resolve(m->addresses[i], c->tried.address);
    }
    if (a->count == 0)
        snprintf(a->why, sizeof a->why, "it offers no address that means anything there");
}

static void on_ready(struct daemon *d, void *arg, int type, const uint8_t *payload, size_t length)
{
    struct lanes_attempt *a = d->lanes ? d->lanes->attempts : NULL;
    Dvm__Pb__LaneReady *m = NULL;
    Dvm__Pb__Fail *fail = NULL;

    while (a && a->number != (uintptr_t)arg)
        a = a->next_of_all;
    if (!a)
        return;
    if (type == DVM_CTL_LANE_READY)
        m = dvm__pb__lane_ready__unpack(NULL, length, payload);
    else if (type == DVM_CTL_FAIL)
        fail = dvm__pb__fail__unpack(NULL, length, payload);
    if (m)
        take_addresses(a, m);
    else
        snprintf(a->why, sizeof a->why, "%s", fail && fail->text ? fail->text
                                                                 : "its answer cannot be read");
    dvm__pb__lane_ready__free_unpacked(m, NULL);
    dvm__pb__fail__free_unpacked(fail, NULL);
    if (a->count > 0)
        begin_next(a);
    else
        finish(a);
}

struct lanes_attempt *lanes_attempt_start(struct lanes *l, int slot, lanes_done_f *done, void *arg)
{
    Dvm__Pb__LaneOpen m = DVM__PB__LANE_OPEN__INIT;
    struct lanes_attempt *a = calloc(1, sizeof *a);
    struct ev_loop *loop = l->d->loop;

    if (!a)
        return NULL;
    *a = (struct lanes_attempt){.lanes = l, .number = ++l->numbers, .slot = slot, .done = done,
                                .arg = arg, .next_of_all = l->attempts};
    l->attempts = a;
    ev_now_update(loop);
    ev_timer_init(&a->stagger, on_stagger, STAGGER_S, STAGGER_S);
    ev_timer_init(&a->limit, on_limit, LIMIT_S, 0.0);
    ev_timer_init(&a->finish, on_finish, 0.0, 0.0);
    a->stagger.data = a->limit.data = a->finish.data = a;
    a->hello.src = DVM_TID_DAEMON(cluster_self(l->d->cluster));
    a->hello.dst = DVM_TID_DAEMON(slot);
    if (getrandom(a->key, sizeof a->key, 0) != sizeof a->key ||
        getrandom(&a->hello.id, sizeof a->hello.id, 0) != sizeof a->hello.id ||
        getrandom(a->hello.nonce, sizeof a->hello.nonce, 0) != sizeof a->hello.nonce) {
        lanes_attempt_cancel(a);
        return NULL;
    }
    m.tid = a->hello.dst;
    m.id = a->hello.id;
    m.key = (ProtobufCBinaryData){sizeof a->key, a->key};
    ev_timer_start(loop, &a->limit);
    daemon_ask(l->d, slot, DVM_CTL_LANE_OPEN, &m.base, on_ready, (void *)a->number);
    return a;
}
