/* door.c: the implementation of door.h.
 *
 * The connections are ZeroMQ's, in another thread: their descriptors may be closed, and
 * their numbers given again, at any moment. So a caller is cut off through a copy of its
 * descriptor, taken when its event is read and looked at: a number that meanwhile means
 * something else is no connection to this port, or one whose own event is still to come.
 * shutdown() on the copy ends the connection, and ZeroMQ closes it.
 *
 * The monitor tells why a handshake failed in an event without a descriptor, right
 * before the one that says which connection has ended.
 */
#include "daemon/links/door.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/log.h"

#define PATIENCE_PART 0.9 /* of the handshake interval; who hung up sooner did so itself */

/* Which list a connection is in. */
enum place { OUTSIDE, CUT_OFF, INSIDE, PLACES };

struct caller {
    struct caller *next, *previous; /* of its list, in the order in which they came */
    enum place place;
    int fd;
    int copy; /* -1: it could not be had, or is not needed any more */
    uint64_t since;
    char address[INET6_ADDRSTRLEN];
};

struct door {
    int port, patience_ms;
    size_t most;
    struct caller **by_fd; /* owned, as are they; NULL: no connection */
    size_t room;
    struct {
        struct caller *first, *last;
        size_t count;
    } lists[PLACES];
    int failure;     /* event of the handshake that failed last, 0: none */
    uint32_t detail; /* its value */
    size_t silent;   /* handshakes that succeeded, without a message yet */
    uint64_t refused;
};

struct door *door_create(int port, size_t files, int patience_ms)
{
    struct door *d = calloc(1, sizeof *d);
    size_t share = files / DOOR_FILES_SHARE / DOOR_FILES_EACH;

    if (!d)
        return NULL;
    d->port = port;
    d->patience_ms = patience_ms;
    d->most = share < DOOR_CALLERS ? share : DOOR_CALLERS;
    return d;
}

static struct caller *find(const struct door *d, int fd)
{
    return fd >= 0 && (size_t)fd < d->room ? d->by_fd[fd] : NULL;
}

/* Make room for a descriptor. False without memory, or when it is none. */
static bool make_room(struct door *d, int fd)
{
    size_t room = d->room ? d->room : 64;
    struct caller **more;

    if (fd < 0)
        return false;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == d->room)
        return true;
    more = realloc(d->by_fd, room * sizeof(struct caller *));
    if (!more)
        return false;
    memset(more + d->room, 0, (room - d->room) * sizeof(struct caller *));
    d->by_fd = more;
    d->room = room;
    return true;
}

static void take_out(struct door *d, struct caller *c)
{
    *(c->previous ? &c->previous->next : &d->lists[c->place].first) = c->next;
    *(c->next ? &c->next->previous : &d->lists[c->place].last) = c->previous;
    d->lists[c->place].count--;
}

static void put_last(struct door *d, struct caller *c, enum place place)
{
    c->place = place;
    c->next = NULL;
    c->previous = d->lists[place].last;
    *(c->previous ? &c->previous->next : &d->lists[place].first) = c;
    d->lists[place].last = c;
    d->lists[place].count++;
}

static void drop_copy(struct caller *c)
{
    if (c->copy >= 0)
        close(c->copy);
    c->copy = -1;
}

static void forget(struct door *d, struct caller *c)
{
    d->by_fd[c->fd] = NULL;
    take_out(d, c);
    drop_copy(c);
    free(c);
}

void door_destroy(struct door *d)
{
    if (!d)
        return;
    for (int place = 0; place < PLACES; place++)
        while (d->lists[place].first)
            forget(d, d->lists[place].first);
    free(d->by_fd);
    free(d);
}

/* The port of an address, and its numeric text. 0 for another family. */
static int read_address(const struct sockaddr_storage *a, char text[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *four = (const void *)a;
    const struct sockaddr_in6 *six = (const void *)a;

    if (a->ss_family == AF_INET && inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN))
        return ntohs(four->sin_port);
    if (a->ss_family != AF_INET6 || !inet_ntop(AF_INET6, &six->sin6_addr, text, INET6_ADDRSTRLEN))
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], text, INET6_ADDRSTRLEN);
    return ntohs(six->sin6_port);
}

/* Take a copy of the caller's descriptor, if it still is a connection to this port. */
static void take_copy(const struct door *d, struct caller *c)
{
    struct sockaddr_storage here, there;
    socklen_t size = sizeof here;
    char text[INET6_ADDRSTRLEN];

    snprintf(c->address, sizeof c->address, "somewhere");
    c->copy = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    if (c->copy < 0)
        return;
    if (getsockname(c->copy, (struct sockaddr *)&here, &size) == 0 &&
        read_address(&here, text) == d->port) {
        size = sizeof there;
        if (getpeername(c->copy, (struct sockaddr *)&there, &size) == 0 &&
            read_address(&there, c->address))
            return;
    }
    drop_copy(c);
}

/* why: one of a few constants. */
static void refuse(struct door *d, const struct caller *c, const char *why)
{
    d->refused++;
    log_warning_of(why, "a connection from %s was refused: %s", c->address, why);
}

static void cut_off(struct door *d, struct caller *c)
{
    take_out(d, c);
    put_last(d, c, CUT_OFF);
    if (c->copy >= 0)
        shutdown(c->copy, SHUT_RDWR);
    drop_copy(c);
    refuse(d, c, "too many wait to prove themselves, and it has waited longest");
}

static void came(struct door *d, int fd, uint64_t now)
{
    struct caller *c = find(d, fd);

    if (c)
        forget(d, c); /* its end was not told */
    c = make_room(d, fd) ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return; /* it is only not counted */
    d->by_fd[fd] = c;
    c->fd = fd;
    c->since = now;
    put_last(d, c, OUTSIDE);
    take_copy(d, c);
    if (d->lists[OUTSIDE].count > d->most)
        cut_off(d, d->lists[OUTSIDE].first);
}

static const char *protocol_error(uint32_t detail)
{
    static const struct {
        uint32_t detail;
        const char *words;
    } rows[] = {
        {ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC, "what it sent is encrypted for another machine"},
        {ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, "it does not encrypt"},
        {ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE, "its keys do not belong to this connection"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].detail == detail)
            return rows[i].words;
    return "its handshake is malformed";
}

/* Why a connection ended before it was let in; NULL: it hung up by itself, as those do
 * that only look whether somebody listens, or found a better way. */
static const char *reason(struct door *d, const struct caller *c, uint64_t now)
{
    switch (d->failure) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return protocol_error(d->detail);
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return "its key is not known in this machine (or not yet)";
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return (double)(now - c->since) < d->patience_ms * PATIENCE_PART
                   ? NULL
                   : "it did not prove itself in time";
    default:
        if (d->silent == 0)
            return "what it sent is not the protocol of this port";
        d->silent--;
        return NULL;
    }
}

static void ended(struct door *d, int fd, uint64_t now)
{
    struct caller *c = find(d, fd);
    const char *why = c && c->place == OUTSIDE ? reason(d, c, now) : NULL;

    d->failure = 0;
    if (!c)
        return;
    if (why)
        refuse(d, c, why);
    forget(d, c);
}

void door_event(struct door *d, int event, uint32_t value, uint64_t now)
{
    switch (event) {
    case ZMQ_EVENT_ACCEPTED:
        came(d, (int)value, now);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        d->failure = event;
        d->detail = value;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        d->silent++;
        break;
    case ZMQ_EVENT_DISCONNECTED:
        ended(d, (int)value, now);
        break;
    case ZMQ_EVENT_ACCEPT_FAILED:
        log_warning("a connection could not be taken: %s", zmq_strerror((int)value));
        break;
    default:
        break;
    }
}

bool door_let_in(struct door *d, int fd)
{
    struct caller *c = find(d, fd);

    if (!c)
        return false;
    if (c->place != OUTSIDE)
        return true;
    drop_copy(c);
    take_out(d, c);
    put_last(d, c, INSIDE);
    if (d->silent > 0)
        d->silent--;
    return true;
}

size_t door_callers(const struct door *d)
{
    return d->lists[OUTSIDE].count;
}

uint64_t door_refused(const struct door *d)
{
    return d->refused;
}
