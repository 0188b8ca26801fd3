/* connection.c: one connection on the local socket.
 *
 * The socket keeps packets, so one recvmsg is one frame. The daemon always reads
 * and never waits: what a client sends is handled at once, what it does not take
 * waits in its seat. Each client may have a bounded number of frames read per
 * turn of the loop, so that a flood of one does not starve the others.
 * A handler may close the very connection that is being read: closed connections
 * are freed before the loop sleeps, not at once.
 * EOF means only that the client left; the end of a task is told by the keeper
 * or its pidfd. A console is its connection.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/local/seat.h"
#include "daemon/tasks.h"
#include "proto/control.pb-c.h"

#define REFUSE_MAX (DVM_FRAME_BYTES + DVM_SENTENCE_MAX + 32) /* bytes of a packet */

static void on_readable(struct ev_loop *loop, ev_io *w, int revents);
static void on_writable(struct ev_loop *loop, ev_io *w, int revents);
static void on_hello_late(struct ev_loop *loop, ev_timer *w, int revents);
static void on_again(struct ev_loop *loop, ev_timer *w, int revents);

int connection_accept(struct local *l, int fd, pid_t pid, uid_t uid)
{
    struct connection *c = calloc(1, sizeof *c);

    if (!c)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for another connection");
    *c = (struct connection){.next = l->clients, .local = l, .fd = fd, .pid = pid, .uid = uid,
                             .last = l->spare < 0,
                             .hello_by = clock_seconds() + LOCAL_HELLO_SECONDS};
    if (l->clients)
        l->clients->previous = c;
    l->clients = c;
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&c->hello, on_hello_late, LOCAL_HELLO_SECONDS, 0.0);
    ev_timer_init(&c->again, on_again, LOCAL_AWAY_SECONDS, LOCAL_AWAY_SECONDS);
    c->readable.data = c->writable.data = c->hello.data = c->again.data = c;
    ev_io_start(l->d->loop, &c->readable);
    ev_timer_start(l->d->loop, &c->hello);
    return DVM_OK;
}

void connection_close(struct connection *c)
{
    struct local *l = c->local;

    if (c->fd < 0)
        return;
    ev_io_stop(l->d->loop, &c->readable);
    ev_io_stop(l->d->loop, &c->writable);
    ev_timer_stop(l->d->loop, &c->hello);
    ev_timer_stop(l->d->loop, &c->again);
    close(c->fd);
    c->fd = -1;
    if (c->last)
        local_spare(l);
    if (c->seat) {
        c->seat->client = NULL;
        c->seat = NULL;
    }
    if (c->previous)
        c->previous->next = c->next;
    else
        l->clients = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->previous = NULL;
    c->next = l->graveyard;
    l->graveyard = c;
}

/* The connection has ended by itself, or must end: tell who has to know. A task may be
 * asleep: nothing else tells it that its socket is closed. */
static void hang_up(struct connection *c)
{
    struct daemon *d = c->local->d;
    struct seat *s = c->seat;
    int tid = s ? s->tid : 0;
    bool owner = c->owner;

    connection_close(c);
    if (s && s->inbox)
        dvm_inbox_ring(s->inbox, DVM_INDEX_DAEMON);
    if (tid) {
        daemon_route_client_gone(d, tid);
        tasks_disconnected(d->tasks, tid);
    }
    if (owner && d->is_private)
        tasks_owner_gone(d->tasks, tid);
}

/* A REFUSE as one packet; its bytes. Takes no memory. */
static size_t put_refuse(const struct local *l, int dst, int code, const char *text,
                         uint8_t bytes[REFUSE_MAX])
{
    Dvm__Pb__Refuse refuse = DVM__PB__REFUSE__INIT;
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(cluster_self(l->d->cluster)), .dst = dst,
                          .tag = DVM_CTL_REFUSE};

    refuse.code = code;
    refuse.text = (char *)(uintptr_t)text;
    f.length = (uint32_t)dvm__pb__refuse__pack(&refuse, bytes + DVM_FRAME_BYTES);
    assert(DVM_FRAME_BYTES + f.length <= REFUSE_MAX);
    f.size = f.length;
    dvm_frame_encode(bytes, &f);
    return DVM_FRAME_BYTES + f.length;
}

void connection_turn_away(struct local *l, int fd, int code)
{
    uint8_t bytes[REFUSE_MAX];
    size_t size = put_refuse(l, 0, code, dvm_last_error(), bytes);

    log_error("%s", dvm_last_error());
    if (send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_debug("it is gone already");
    close(fd);
}

void connection_refuse(struct connection *c, int code, const char *format, ...)
{
    char text[DVM_SENTENCE_MAX];
    uint8_t bytes[REFUSE_MAX];
    size_t size;
    va_list ap;

    if (c->fd < 0 || c->cut)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    log_warning("client of process %d refused: %s", (int)c->pid, text);
    size = put_refuse(c->local, c->seat ? c->seat->tid : 0, code, text, bytes);
    /* the last try to tell: a full socket means that nobody reads */
    if (send(c->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 && c->seat && c->seat->inbox)
        dvm_inbox_ring(c->seat->inbox, DVM_INDEX_DAEMON);
    c->cut = c->eof = true;
    ev_feed_event(c->local->d->loop, &c->readable, EV_READ);
}

void connection_flush(struct connection *c)
{
    struct seat *s = c->seat;
    size_t sent;
    int r;

    if (!s || c->eof)
        return;
    r = outbox_flush(&s->waiting, c->fd, &sent);
    if (sent && s->inbox)
        dvm_inbox_ring(s->inbox, DVM_INDEX_DAEMON);
    if (r)
        c->eof = true;
    if (s->waiting.first && !c->eof)
        ev_io_start(c->local->d->loop, &c->writable);
    else
        ev_io_stop(c->local->d->loop, &c->writable);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    connection_flush(w->data);
}

/* Whether the time for HELLO is not over: the loop's clock is behind in a long turn, and a
 * daemon that has not run for a while, as its client perhaps, begins anew. */
static bool has_time(struct connection *c)
{
    double now = clock_seconds(), late = now - c->hello_by;

    if (late >= 0 && late < LOCAL_LATE_SECONDS)
        return false;
    if (late >= 0)
        c->hello_by = now + LOCAL_HELLO_SECONDS;
    ev_timer_set(&c->hello, c->hello_by - now, 0.0);
    ev_timer_start(c->local->d->loop, &c->hello);
    return true;
}

static void read_some(struct connection *c, size_t bytes, int frames, bool drain);

/* HELLO may be there: what is to be read is looked at after timers. */
static void on_hello_late(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct connection *c = w->data;

    read_some(c, LOCAL_TURN_BYTES, 1, false);
    if (c->fd >= 0 && !c->seat && !c->cut && !has_time(c))
        connection_refuse(c, DVM_ERR_TIMEOUT, "no HELLO came within %g s", LOCAL_HELLO_SECONDS);
}

/* Whether more waits for the daemon of a host than should. */
static bool is_crowded(const struct connection *c, int slot)
{
    return cluster_queued(c->local->d->cluster, slot) > LOCAL_AWAY_MAX;
}

/* Handle one packet. */
static void take(struct connection *c, const uint8_t *packet, size_t size)
{
    struct dvm_frame f;
    int r = dvm_frame_decode(&f, packet, size);

    if (r == DVM_ERR_VERSION) {
        connection_refuse(c, r, "frames of version %u are not understood, only version %d: the "
                      "program and its daemon are of different releases", packet[0],
                      DVM_FRAME_VERSION);
    } else if (r) {
        connection_refuse(c, r, "a packet of %zu bytes is no frame", size);
    } else if (!c->seat) {
        hello_take(c, &f, packet + DVM_FRAME_BYTES);
    } else if (f.src != c->seat->tid) {
        connection_refuse(c, DVM_ERR_PROTOCOL, "task 0x%x sent a frame as if it were 0x%x",
                      (unsigned)c->seat->tid, (unsigned)f.src);
    } else if (f.op != DVM_OP_CONTROL && f.kind == DVM_KIND_NOTIFY) {
        /* for these there is neither credit nor order: only daemons make them */
        connection_refuse(c, DVM_ERR_PROTOCOL, "task 0x%x sent a notify message of its own making",
                          (unsigned)c->seat->tid);
    } else if (!DVM_TID_OK(f.dst)) {
        connection_refuse(c, DVM_ERR_PROTOCOL, "task 0x%x sent a frame to 0x%x, which is no tid",
                      (unsigned)c->seat->tid, (unsigned)f.dst);
    } else {
        c->away = is_crowded(c, DVM_TID_SLOT(f.dst)) ? DVM_TID_SLOT(f.dst) : 0;
        daemon_route(c->local->d, f.op == DVM_OP_CONTROL ? CLUSTER_CONTROL : CLUSTER_BULK, &f,
                     packet + DVM_FRAME_BYTES);
    }
}

/* Receive and handle one packet: its size, 0 at EOF, -1 when there is none. */
static ssize_t read_packet(struct connection *c)
{
    /* one byte more than a frame may have shows that a packet is too long; read
     * again only after the frame was handled, so one buffer serves all clients
     * unless a handler reads another client: then it has its own */
    uint8_t packet[DVM_FRAME_MAX + 1];
    int fds[PASSED_MAX], *outer = c->local->passed, outer_count = c->local->passed_count;
    union passed_room room;
    struct iovec part = {packet, sizeof packet};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;

    passed_expect(&m, &room);
    do /* ECONNRESET is told once before what was sent earlier can be read */
        got = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got <= 0)
        return got;
    c->local->passed = fds;
    c->local->passed_count = passed_take(&m, fds, PASSED_MAX);
    c->local->passed_lost = (m.msg_flags & MSG_CTRUNC) != 0;
    take(c, packet, (size_t)got);
    for (int i = 0; i < c->local->passed_count; i++)
        close(fds[i]);
    c->local->passed = outer;
    c->local->passed_count = outer_count;
    return got;
}

/* drain: also what another host does not take at this moment. */
static void read_some(struct connection *c, size_t bytes, int frames, bool drain)
{
    size_t total = 0;

    for (int i = 0; i < frames && total < bytes && c->fd >= 0 && (drain || !c->away); i++) {
        ssize_t got = c->cut ? 0 : read_packet(c);

        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            hang_up(c);
            return;
        }
        total += (size_t)got;
    }
}

void connection_read(struct connection *c, size_t bytes, int frames)
{
    read_some(c, bytes, frames, true);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct connection *c = w->data;

    if (is_crowded(c, c->away))
        return;
    c->away = 0;
    ev_timer_stop(loop, w);
    ev_io_start(loop, &c->readable);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct connection *c = w->data;

    read_some(c, LOCAL_TURN_BYTES, LOCAL_TURN_FRAMES, false);
    if (c->fd < 0 || !c->away)
        return;
    ev_io_stop(loop, w);
    ev_timer_again(loop, &c->again);
}
