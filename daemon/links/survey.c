/* survey.c: the implementation of survey.h over dealers as dial.c makes them.
 *
 * ZeroMQ's monitor tells of a connection and its handshake, not of why there is none; so
 * where it failed a plain connect finds out the reason. That is made only then: where
 * somebody listens it would look like a stranger in the other daemon's log.
 */
#include "daemon/links/survey.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "daemon/links/address.h"
#include "daemon/links/peer.h"

#define STAGGER_S 0.25     /* after which the next address is tried, too */
#define HANDSHAKES 2       /* failed ones that prove that it is somebody else */
#define AT_ONCE_MS 700     /* in which somebody else refuses; later it was only slow */
#define PATIENCE_S 4.0     /* more for one that accepts connections: it may be short of CPU */
#define MS_PER_SECOND 1000.0
#define NS_PER_US 1000
#define NS_PER_MS 1000000

struct try {
    struct survey *survey;
    struct dealer dealer;
    ev_io io; /* of the plain connect */
    int fd;   /* likewise, or -1 */
    int net;  /* ZeroMQ's, as its monitor told; to look at only */
    bool begun, ended, connected;
    unsigned refusals; /* handshakes that failed */
    uint64_t since;    /* ns */
    uint64_t stood;    /* ns: when its connection came up last */
    struct survey_result result;
};

struct survey {
    struct links *links; /* borrowed */
    survey_f *done;
    void *arg; /* borrowed */
    struct ticket host; /* whose key is a copy: wiped at the end */
    size_t next, pending;
    bool patient; /* the limit was moved */
    ev_timer limit, stagger;
    ev_timer finish; /* done is called from the loop, never out of survey_start */
    struct try tries[TICKET_ADDRESSES];
};

static void try_close(struct try *t)
{
    struct ev_loop *loop = t->survey->links->loop;

    if (!t->begun)
        return;
    dial_close(&t->dealer);
    ev_io_stop(loop, &t->io);
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void survey_cancel(struct survey *s)
{
    struct ev_loop *loop;

    if (!s)
        return;
    loop = s->links->loop;
    for (size_t i = 0; i < s->host.addresses; i++)
        try_close(&s->tries[i]);
    ev_timer_stop(loop, &s->limit);
    ev_timer_stop(loop, &s->stagger);
    ev_timer_stop(loop, &s->finish);
    key_wipe(&s->host.key);
    free(s);
}

size_t survey_look(const struct survey *s, struct survey_result *list)
{
    for (size_t i = 0; i < s->host.addresses; i++) {
        const struct try *t = &s->tries[i];

        list[i] = t->result;
        if (t->begun && !t->ended)
            list[i].result = t->refusals ? DVM_PROBE_STRANGER : DVM_PROBE_SILENT;
    }
    return s->host.addresses;
}

static void on_finish(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct survey *s = w->data;
    struct survey_result list[TICKET_ADDRESSES];
    size_t count = survey_look(s, list);
    survey_f *done = s->done;
    void *arg = s->arg;

    (void)loop, (void)revents;
    survey_cancel(s);
    done(arg, list, count);
}

/* Call done, from the loop. */
static void finish(struct survey *s)
{
    if (ev_is_active(&s->finish))
        return;
    ev_timer_set(&s->finish, 0.0, 0.0);
    ev_timer_start(s->links->loop, &s->finish);
}

static void begin_next(struct survey *s);

static void try_end(struct try *t, enum dvm_probe result)
{
    struct survey *s = t->survey;

    if (t->ended)
        return;
    t->ended = true;
    t->result.result = result;
    try_close(t);
    s->pending--;
    if (result == DVM_PROBE_GOOD || (s->pending == 0 && s->next == s->host.addresses))
        finish(s);
    else
        begin_next(s);
}

/* ---- why there is no connection ---------------------------------------------------- */

static void judge_errno(struct try *t, int error)
{
    static const struct {
        int error;
        enum dvm_probe result;
    } rows[] = {
        {ECONNREFUSED, DVM_PROBE_REFUSED}, {ECONNRESET, DVM_PROBE_REFUSED},
        {ENETUNREACH, DVM_PROBE_NO_ROUTE}, {EHOSTUNREACH, DVM_PROBE_NO_ROUTE},
        {EADDRNOTAVAIL, DVM_PROBE_NO_ROUTE}, {EACCES, DVM_PROBE_NO_ROUTE},
        {EPERM, DVM_PROBE_NO_ROUTE}, {EAFNOSUPPORT, DVM_PROBE_NO_ROUTE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error)
            try_end(t, rows[i].result);
    /* else ZeroMQ goes on trying until time is over */
}

static void on_plain(struct ev_loop *loop, ev_io *w, int revents)
{
    struct try *t = w->data;
    int error = 0;
    socklen_t size = sizeof error;

    (void)revents;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    ev_io_stop(loop, w);
    close(t->fd);
    t->fd = -1;
    judge_errno(t, error);
}

static void ask_why(struct try *t)
{
    struct sockaddr_storage to;
    socklen_t size;
    int error = 0;

    if (t->fd >= 0 || !endpoint_socket(t->result.address, &to, &size))
        return;
    t->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0)
        return;
    error = connect(t->fd, (struct sockaddr *)&to, size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        ev_io_set(&t->io, t->fd, EV_WRITE);
        ev_io_start(t->survey->links->loop, &t->io);
        return;
    }
    close(t->fd);
    t->fd = -1;
    judge_errno(t, error);
}

/* ---- trying -------------------------------------------------------------------------- */

/* What TCP knows of the way. */
static uint32_t round_trip(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_rtt;
}

static void take_event(struct try *t, int event, uint32_t value)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        t->connected = true;
        t->stood = clock_ns();
        t->net = (int)value;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        t->result.ready_us = (uint32_t)((clock_ns() - t->since) / NS_PER_US);
        t->result.rtt_us = round_trip(t->net);
        try_end(t, DVM_PROBE_GOOD);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_DISCONNECTED:
        if (t->stood && clock_ns() - t->stood < AT_ONCE_MS * (uint64_t)NS_PER_MS)
            t->refusals++;
        t->stood = 0; /* more than one event may tell of an end */
        if (t->refusals == HANDSHAKES)
            try_end(t, DVM_PROBE_STRANGER);
        break;
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED:
        if (!t->connected)
            ask_why(t);
        break;
    default:
        break;
    }
}

static bool on_event(void *arg)
{
    struct dealer *d = arg;
    struct try *t = (struct try *)(void *)((char *)d - offsetof(struct try, dealer));
    uint32_t value;
    int event = dial_event(d->monitor, &value);

    if (!event)
        return false;
    take_event(t, event, value);
    return true;
}

/* Nobody has a reason to speak: what comes is dropped. */
static bool on_message(void *arg)
{
    struct dealer *d = arg;
    char byte;

    return zmq_recv(pool_zmq(d->socket), &byte, sizeof byte, ZMQ_DONTWAIT) >= 0;
}

static void begin_next(struct survey *s)
{
    struct try *t;

    if (s->next == s->host.addresses || ev_is_active(&s->finish))
        return;
    t = &s->tries[s->next++];
    s->pending++;
    t->begun = true;
    t->since = clock_ns();
    ev_io_init(&t->io, on_plain, -1, 0);
    t->io.data = t;
    t->dealer.links = s->links;
    ev_timer_again(s->links->loop, &s->stagger);
    if (dial_open(&t->dealer, t->result.address, s->host.server, &s->host.key, on_message,
                  on_event) != 0)
        try_end(t, DVM_PROBE_NO_ROUTE);
}

static void on_stagger(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct survey *s = w->data;

    (void)revents;
    if (s->next == s->host.addresses)
        ev_timer_stop(loop, w);
    begin_next(s);
}

static void on_limit(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct survey *s = w->data;
    bool accepted = false;

    (void)revents;
    for (size_t i = 0; i < s->host.addresses; i++)
        accepted = accepted || (s->tries[i].connected && !s->tries[i].ended);
    if (!accepted || s->patient) {
        finish(s);
        return;
    }
    s->patient = true;
    ev_timer_set(w, PATIENCE_S, 0.0);
    ev_timer_start(loop, w);
}

struct survey *survey_start(struct links *l, const struct ticket *host, int ms, survey_f *done,
                            void *arg)
{
    struct survey *s = calloc(1, sizeof *s);

    assert(host->addresses <= TICKET_ADDRESSES);
    if (!s)
        return NULL;
    s->links = l;
    s->done = done;
    s->arg = arg;
    s->host = *host;
    ev_now_update(l->loop);
    ev_timer_init(&s->limit, on_limit, ms / MS_PER_SECOND, 0.0);
    ev_timer_init(&s->stagger, on_stagger, STAGGER_S, STAGGER_S);
    ev_timer_init(&s->finish, on_finish, 0.0, 0.0);
    s->limit.data = s->stagger.data = s->finish.data = s;
    for (size_t i = 0; i < host->addresses; i++) {
        s->tries[i].survey = s;
        s->tries[i].fd = -1;
        memcpy(s->tries[i].result.address, host->address[i], TICKET_ADDRESS_BYTES);
    }
    ev_timer_start(l->loop, &s->limit);
    begin_next(s);
    if (host->addresses == 0)
        finish(s);
    return s;
}
