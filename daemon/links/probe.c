/* probe.c: the implementation of probe.h: one non-blocking connect an address. A refusal
 * counts only where the daemon was reached before: the other addresses may be those of
 * this very host (P5), which refuses without meaning anything by it. */
#include "base/endpoint.h"
#include "daemon/links/probe.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/links/address.h"

#define MS_PER_SECOND 1000.0

struct attempt {
    ev_io io;
    struct probe *probe;
    int fd; /* -1: none, or it has failed */
};

struct probe {
    struct ev_loop *loop; /* borrowed */
    probe_f *done;
    void *arg; /* borrowed */
    ev_timer timer; /* also for what is known before the loop has turned */
    enum probe_result result;
    size_t count, pending;
    struct attempt attempts[TICKET_ADDRESSES];
};

void probe_cancel(struct probe *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        ev_io_stop(p->loop, &p->attempts[i].io);
        if (p->attempts[i].fd >= 0)
            close(p->attempts[i].fd);
    }
    ev_timer_stop(p->loop, &p->timer);
    free(p);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct probe *p = w->data;
    probe_f *done = p->done;
    void *arg = p->arg;
    enum probe_result result = p->result;

    (void)loop, (void)revents;
    probe_cancel(p);
    done(arg, result);
}

static void decide(struct probe *p, enum probe_result result)
{
    p->result = result;
    ev_timer_stop(p->loop, &p->timer);
    ev_timer_set(&p->timer, 0.0, 0.0);
    ev_timer_start(p->loop, &p->timer);
}

/* What came of a connect: error is 0 or an errno. */
static void finish(struct attempt *a, int error)
{
    struct probe *p = a->probe;

    p->pending--;
    ev_io_stop(p->loop, &a->io);
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
    if (p->result != PROBE_SILENT)
        return; /* decided already */
    if (error == 0)
        decide(p, PROBE_ANSWERED);
    else if (a == p->attempts && (error == ECONNREFUSED || error == ECONNRESET))
        decide(p, PROBE_REFUSED);
    else if (p->pending == 0)
        decide(p, PROBE_SILENT);
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
    struct attempt *a = w->data;
    int error = 0;
    socklen_t size = sizeof error;

    (void)loop, (void)revents;
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    finish(a, error);
}

static void begin(struct attempt *a, const char *text)
{
    struct sockaddr_storage to;
    socklen_t size;
    int error = EINVAL;

    if (endpoint_socket(text, &to, &size))
        a->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (a->fd >= 0)
        error = connect(a->fd, (struct sockaddr *)&to, size) == 0 ? 0 : errno;

    if (error == EINPROGRESS) {
        ev_io_set(&a->io, a->fd, EV_WRITE);
        ev_io_start(a->probe->loop, &a->io);
    } else {
        finish(a, error);
    }
}

struct probe *probe_start(struct ev_loop *loop, const char (*address)[TICKET_ADDRESS_BYTES],
                          size_t count, int ms, probe_f *done, void *arg)
{
    struct probe *p = calloc(1, sizeof *p);

    assert(count <= TICKET_ADDRESSES);
    if (!p)
        return NULL;
    p->loop = loop;
    p->done = done;
    p->arg = arg;
    p->count = p->pending = count;
    ev_now_update(loop);
    ev_timer_init(&p->timer, on_timer, ms / MS_PER_SECOND, 0.0);
    p->timer.data = p;
    ev_timer_start(loop, &p->timer);
    for (size_t i = 0; i < count; i++) {
        p->attempts[i].probe = p;
        p->attempts[i].fd = -1;
        ev_io_init(&p->attempts[i].io, on_io, 0, EV_WRITE);
        p->attempts[i].io.data = &p->attempts[i];
    }
    for (size_t i = 0; i < count; i++)
        begin(&p->attempts[i], address[i]);
    return p;
}
