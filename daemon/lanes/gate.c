/* gate.c: see gate.h. Of a caller exactly the bytes of a hello are read, so that the task
 * that gets the connection finds all that follows. Callers lie in a list in the order in which they
 * came: its first has the next deadline, so one timer is enough for all. Who hangs up
 * without a word only looked whether somebody listens, and is not spoken of.
 */
#include "daemon/lanes/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/error.h"
#include "base/log.h"
#include "base/pacing.h"

#define ACCEPT_PER_TURN 32
#define BACKLOG 1024
#define REST_SECONDS 0.1 /* after descriptors ran out */
#define WHO_BYTES 64

struct caller {
    struct caller *next, *previous; /* in the order in which they came */
    struct gate *gate;              /* borrowed */
    int fd;                         /* owned */
    ev_io readable;
    double until; /* clock_seconds */
    size_t got;
    struct sockaddr_storage from;
    uint8_t hello[LANE_HELLO_BYTES];
};

struct gate {
    struct ev_loop *loop; /* borrowed */
    struct gate_config config;
    int listening; /* owned, or -1 */
    ev_io acceptable;
    ev_timer rest, deadline;
    struct caller *first, *last; /* owned */
    size_t count;
    uint64_t refused, passed;
};

/* ---- callers ------------------------------------------------------------------------ */

static void hang_up(struct caller *c)
{
    struct gate *g = c->gate;

    *(c->previous ? &c->previous->next : &g->first) = c->next;
    *(c->next ? &c->next->previous : &g->last) = c->previous;
    g->count--;
    ev_io_stop(g->loop, &c->readable);
    close(c->fd);
    free(c);
}

static void write_who(const struct sockaddr_storage *from, char who[WHO_BYTES])
{
    const struct sockaddr_in *four = (const void *)from;
    const struct sockaddr_in6 *six = (const void *)from;
    const void *bytes = &four->sin_addr;
    int family = from->ss_family;

    if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        family = AF_INET;
        bytes = &six->sin6_addr.s6_addr[12];
    } else if (family == AF_INET6) {
        bytes = &six->sin6_addr;
    }
    if ((family != AF_INET && family != AF_INET6) || !inet_ntop(family, bytes, who, WHO_BYTES))
        snprintf(who, WHO_BYTES, "somewhere");
}

/* why: one of a few constants. */
static void refuse(struct caller *c, const char *why)
{
    char who[WHO_BYTES];

    c->gate->refused++;
    write_who(&c->from, who);
    log_warning_of(why, "a connection from %s to the lane port was refused: %s", who, why);
    hang_up(c);
}

static void arm(struct gate *g)
{
    if (ev_is_active(&g->deadline) || !g->first)
        return;
    ev_now_update(g->loop);
    ev_timer_set(&g->deadline, g->first->until - clock_seconds(), 0.0);
    ev_timer_start(g->loop, &g->deadline);
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct gate *g = w->data;
    double now = clock_seconds();

    (void)loop, (void)revents;
    while (g->first && g->first->until <= now)
        refuse(g->first, "it did not prove itself in time");
    arm(g);
}

static void take_hello(struct caller *c)
{
    struct gate *g = c->gate;
    const char *why = g->config.hello(g->config.arg, c->hello, c->fd);

    if (why) {
        refuse(c, why);
        return;
    }
    g->passed++;
    hang_up(c); /* the task has a copy */
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct caller *c = w->data;
    ssize_t n = recv(c->fd, c->hello + c->got, sizeof c->hello - c->got, 0);

    (void)loop, (void)revents;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 && c->got == 0) {
        hang_up(c);
        return;
    }
    if (n <= 0) {
        refuse(c, "it hung up in the middle of its hello");
        return;
    }
    c->got += (size_t)n;
    if (!lane_hello_begins(c->hello, c->got))
        refuse(c, "what it sent is not the protocol of this port");
    else if (c->got == sizeof c->hello)
        take_hello(c);
}

void gate_admit(struct gate *g, int fd, const struct sockaddr_storage *from)
{
    bool low = g->config.low && g->config.low(g->config.arg, fd);
    struct caller *c = low ? NULL : calloc(1, sizeof *c);
    int yes = 1;

    if (!c) {
        log_warning("a connection to the lane port was not taken: %s",
                    low ? "too many files are open" : "there is no memory");
        close(fd);
        return;
    }
    /* the answer to the hello, and all small messages, are not to wait for others */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->gate = g;
    c->fd = fd;
    c->from = *from;
    c->until = clock_seconds() + g->config.patience;
    c->previous = g->last;
    *(g->last ? &g->last->next : &g->first) = c;
    g->last = c;
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    c->readable.data = c;
    ev_io_start(g->loop, &c->readable);
    if (++g->count > g->config.callers)
        refuse(g->first, "too many wait to prove themselves, and it has waited longest");
    arm(g);
}

/* ---- the port ----------------------------------------------------------------------- */

static void on_rested(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct gate *g = w->data;

    (void)revents;
    ev_io_start(loop, &g->acceptable);
}

/* Nobody can be taken: those who have waited longest make room, in a moment. */
static void rest(struct gate *g)
{
    log_warning("a connection to the lane port could not be taken: %s", strerror(errno));
    if (g->first)
        refuse(g->first, "too many files are open, and it has waited longest");
    ev_io_stop(g->loop, &g->acceptable);
    ev_timer_set(&g->rest, REST_SECONDS, 0.0);
    ev_timer_start(g->loop, &g->rest);
}

static void on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct gate *g = w->data;

    (void)loop, (void)revents;
    for (int i = 0; i < ACCEPT_PER_TURN; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int fd = accept4(g->listening, (struct sockaddr *)&from, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            gate_admit(g, fd, &from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            rest(g);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

struct gate *gate_create(struct ev_loop *loop, const struct gate_config *config)
{
    struct gate *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->loop = loop;
    g->config = *config;
    g->listening = -1;
    ev_io_init(&g->acceptable, on_acceptable, -1, EV_READ);
    ev_timer_init(&g->rest, on_rested, 0.0, 0.0);
    ev_timer_init(&g->deadline, on_deadline, 0.0, 0.0);
    g->acceptable.data = g->rest.data = g->deadline.data = g;
    return g;
}

void gate_destroy(struct gate *g)
{
    if (!g)
        return;
    while (g->first)
        hang_up(g->first);
    ev_timer_stop(g->loop, &g->rest);
    ev_timer_stop(g->loop, &g->deadline);
    ev_io_stop(g->loop, &g->acceptable);
    if (g->listening >= 0)
        close(g->listening);
    free(g);
}

/* A listening socket, or -1 with errno. */
static int listen_at(const struct sockaddr *a, socklen_t size)
{
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1, no = 0, saved;

    if (fd < 0)
        return -1;
    if (a->sa_family == AF_INET6) /* "all addresses" are those of IPv4, too */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    pacing_avoid(fd);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, a, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* All addresses of both families; of IPv4 alone where the kernel has no IPv6. */
static int listen_all(int port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    int fd = listen_at((struct sockaddr *)&six, sizeof six);

    return fd >= 0 || errno == EADDRINUSE ? fd : listen_at((struct sockaddr *)&four, sizeof four);
}

static int listen_on(const char *bind, int port)
{
    char text[ENDPOINT_BYTES];
    struct sockaddr_storage a;
    socklen_t size;

    if (!bind)
        return listen_all(port);
    snprintf(text, sizeof text, strchr(bind, ':') ? "[%s]:%d" : "%s:%d", bind, port);
    if (endpoint_socket(text, &a, &size))
        return listen_at((struct sockaddr *)&a, size);
    errno = EADDRNOTAVAIL;
    return -1;
}

int gate_listen(struct gate *g, const char *bind, int port)
{
    int fd = listen_on(bind, port);

    if (fd < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "the lane port %d cannot be opened", port);
    g->listening = fd;
    ev_io_set(&g->acceptable, fd, EV_READ);
    ev_io_start(g->loop, &g->acceptable);
    return DVM_OK;
}

size_t gate_callers(const struct gate *g)
{
    return g->count;
}

uint64_t gate_refused(const struct gate *g)
{
    return g->refused;
}

uint64_t gate_passed(const struct gate *g)
{
    return g->passed;
}
