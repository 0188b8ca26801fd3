/* socket.c: the implementation of socket.h.
 *
 * ZMQ_FD is edge-triggered and says only "look at ZMQ_EVENTS"; any send or receive
 * may swallow the edge. So: the descriptor's watcher, and pool_touch, mark a socket
 * as to be looked at. Before the loop blocks (prepare) the marked ones are asked,
 * and if one has messages an idle watcher keeps the loop from blocking. After it
 * (check) each marked socket is read up to its budget; what is left stays marked,
 * so one busy socket cannot starve clients and timers.
 */
#include "daemon/links/socket.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <stddef.h>
#include <stdlib.h>
#include <zmq.h>

#define SOCKET_LINGER_MS 100 /* for last words, when a daemon ends (Z9) */
#define SOCKETS_A_PEER 9 /* a direct link: control, bulk, a spare; each and its monitor's two */
#define SOCKETS_SPARED 32

struct pool_socket {
    struct pool *pool;
    struct pool_socket *next;        /* of all */
    struct pool_socket *next_marked; /* of the marked */
    void *zmq;                       /* NULL once closed */
    pool_read_f *read;
    void *arg; /* borrowed */
    ev_io io;
    bool marked;
};

struct pool {
    struct ev_loop *loop; /* borrowed */
    void *context;
    struct pool_socket *all;
    struct pool_socket *marked;
    bool reading; /* closed sockets stay in memory until it ends */
    bool garbage;
    ev_prepare prepare;
    ev_check check;
    ev_idle idle;
};

static void mark(struct pool_socket *s)
{
    if (s->marked)
        return;
    s->marked = true;
    s->next_marked = s->pool->marked;
    s->pool->marked = s;
}

static bool has_messages(const struct pool_socket *s)
{
    int events = 0;
    size_t size = sizeof events;

    return s->zmq && zmq_getsockopt(s->zmq, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN);
}

static void sweep(struct pool *p)
{
    struct pool_socket **at = &p->all;

    p->garbage = false;
    while (*at) {
        struct pool_socket *s = *at;

        if (s->zmq || s->marked) {
            p->garbage = p->garbage || !s->zmq;
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

/* Read the marked sockets; a new list is built of what is left. */
static void read_marked(struct pool *p)
{
    struct pool_socket *list = p->marked;

    if (p->reading)
        return;
    p->reading = true;
    p->marked = NULL;
    while (list) {
        struct pool_socket *s = list;
        int n = 0;

        list = s->next_marked;
        s->marked = false;
        while (has_messages(s)) {
            if (n++ == SOCKET_BUDGET) {
                mark(s);
                break;
            }
            if (!s->read(s->arg))
                break;
        }
    }
    p->reading = false;
    if (p->garbage)
        sweep(p);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct pool *p = w->data;

    (void)revents;
    for (struct pool_socket *s = p->marked; s; s = s->next_marked)
        if (has_messages(s)) {
            ev_idle_start(loop, &p->idle);
            return;
        }
}

static void on_check(struct ev_loop *loop, ev_check *w, int revents)
{
    struct pool *p = w->data;

    (void)revents;
    ev_idle_stop(loop, &p->idle);
    read_marked(p);
}

static void on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
    (void)loop, (void)w, (void)revents;
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
    (void)loop, (void)revents;
    mark(w->data);
}

struct pool *pool_create(struct ev_loop *loop)
{
    struct pool *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->loop = loop;
    p->context = zmq_ctx_new();
    if (!p->context) {
        free(p);
        return NULL;
    }
    zmq_ctx_set(p->context, ZMQ_MAX_SOCKETS, SOCKETS_A_PEER * POOL_PEERS + SOCKETS_SPARED);
    zmq_ctx_set(p->context, ZMQ_BLOCKY, 0);
    zmq_ctx_set(p->context, ZMQ_IPV6, 1);
    ev_prepare_init(&p->prepare, on_prepare);
    ev_check_init(&p->check, on_check);
    ev_idle_init(&p->idle, on_idle);
    /* descriptors first (their watchers only mark), then reading */
    ev_set_priority(&p->check, EV_MINPRI);
    p->prepare.data = p->check.data = p;
    ev_prepare_start(loop, &p->prepare);
    ev_check_start(loop, &p->check);
    return p;
}

void pool_destroy(struct pool *p)
{
    if (!p)
        return;
    assert(!p->reading);
    p->reading = true; /* so that closing does not free under the loop */
    for (struct pool_socket *s = p->all; s; s = s->next)
        pool_close(s);
    p->reading = false;
    for (struct pool_socket *s = p->all; s; s = s->next)
        s->marked = false;
    p->marked = NULL;
    sweep(p);
    ev_prepare_stop(p->loop, &p->prepare);
    ev_check_stop(p->loop, &p->check);
    ev_idle_stop(p->loop, &p->idle);
    zmq_ctx_shutdown(p->context);
    while (zmq_ctx_term(p->context) != 0 && errno == EINTR)
        ;
    free(p);
}

void *pool_context(const struct pool *p)
{
    return p->context;
}

struct pool_socket *pool_open(struct pool *p, int type, pool_read_f *read, void *arg)
{
    struct pool_socket *s = calloc(1, sizeof *s);
    int fd, linger = SOCKET_LINGER_MS;
    size_t size = sizeof fd;

    if (!s)
        return NULL;
    s->pool = p;
    s->read = read;
    s->arg = arg;
    s->zmq = zmq_socket(p->context, type);
    if (!s->zmq || zmq_getsockopt(s->zmq, ZMQ_FD, &fd, &size) != 0) {
        int saved = errno;

        if (s->zmq)
            zmq_close(s->zmq);
        free(s);
        errno = saved;
        return NULL;
    }
    zmq_setsockopt(s->zmq, ZMQ_LINGER, &linger, sizeof linger);
    ev_io_init(&s->io, on_io, fd, EV_READ);
    s->io.data = s;
    ev_io_start(p->loop, &s->io);
    s->next = p->all;
    p->all = s;
    mark(s);
    return s;
}

void pool_close(struct pool_socket *s)
{
    if (!s || !s->zmq)
        return;
    ev_io_stop(s->pool->loop, &s->io);
    zmq_close(s->zmq);
    s->zmq = NULL;
    s->pool->garbage = true;
    if (!s->pool->reading && !s->marked)
        sweep(s->pool);
}

void *pool_zmq(const struct pool_socket *s)
{
    return s->zmq;
}

void pool_owner(struct pool_socket *s, void *arg)
{
    if (s)
        s->arg = arg;
}

void pool_refresh(struct pool_socket *s)
{
    has_messages(s); /* asking for ZMQ_EVENTS does it */
    mark(s);
}

void pool_touch(struct pool_socket *s)
{
    mark(s);
}

void pool_wait(struct pool *p, int ms)
{
    size_t count = 0, n = 0;
    zmq_pollitem_t *items;

    for (struct pool_socket *s = p->all; s; s = s->next)
        count++;
    items = calloc(count + 1, sizeof *items);
    if (!items)
        return;
    for (struct pool_socket *s = p->all; s; s = s->next)
        if (s->zmq)
            items[n++] = (zmq_pollitem_t){.socket = s->zmq, .events = ZMQ_POLLIN};
    zmq_poll(items, (int)n, ms);
    free(items);
    for (struct pool_socket *s = p->all; s; s = s->next)
        mark(s);
    read_marked(p);
}
