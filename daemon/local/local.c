/* local.c: the local socket and what concerns all clients; see local.h.
 *
 * Who may connect is decided by the kernel's word (SO_PEERCRED): this user and
 * root. When descriptors run out, the one in reserve lets one more client in at a time,
 * to be refused in words; while it is in use accepting rests for a moment instead of
 * turning in circles.
 */
#include "daemon/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/local/seat.h"
#include "daemon/memory.h"
#include "daemon/tasks.h"

#define ACCEPT_PER_TURN 32
#define REST_SECONDS 0.1
#define SOCKET_ROOM (1 << 20) /* send buffer asked for, bytes; the kernel may give less */
#define POLL_MS 5

static void accept_one(struct local *l, int fd)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t size = sizeof who;
    int room = SOCKET_ROOM;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) ||
        (who.uid != geteuid() && who.uid != 0)) {
        log_warning("process %d of user %d was refused: the machine is of user %d",
                    (int)who.pid, (int)who.uid, (int)geteuid());
        close(fd);
        local_spare(l);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (connection_accept(l, fd, who.pid, who.uid)) {
        connection_turn_away(l, fd, DVM_ERR_NO_MEMORY);
        local_spare(l);
    }
}

static void on_rested(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct local *l = w->data;

    ev_io_start(loop, &l->acceptable);
}

void local_spare(struct local *l)
{
    if (l->spare < 0)
        l->spare = fcntl(l->listening, F_DUPFD_CLOEXEC, 0);
}

/* Nobody can be accepted: rest. */
static void rest(struct local *l)
{
    ev_io_stop(l->d->loop, &l->acceptable);
    ev_timer_set(&l->rest, REST_SECONDS, 0.0);
    ev_timer_start(l->d->loop, &l->rest);
}

/* No descriptor was left for a client. True when one more can be let in. */
static bool use_spare(struct local *l)
{
    daemon_fail_files(l->d, "take another client");
    if (!l->full)
        log_warning("%s", dvm_last_error());
    l->full = true; /* said once until it is over */
    if (l->spare < 0)
        return false;
    close(l->spare);
    l->spare = -1;
    return true;
}

static void on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct local *l = w->data;

    for (int i = 0; i < ACCEPT_PER_TURN; i++) {
        int fd = accept4(l->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            l->full = l->full && l->spare < 0;
            accept_one(l, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            if (use_spare(l))
                continue;
            rest(l);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void bury(struct local *l)
{
    while (l->graveyard) {
        struct connection *c = l->graveyard;

        l->graveyard = c->next;
        free(c);
    }
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
    bury(w->data);
    memory_low(); /* what is free now fills the reserve: the next turn may need it */
}

int local_create(struct local **out, struct daemon *d)
{
    struct local *l = calloc(1, sizeof *l);
    int r;

    if (!l)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the local socket");
    l->d = d;
    r = runtime_listen(d->folder, &l->listening);
    if (r) {
        free(l);
        return r;
    }
    l->spare = -1;
    local_spare(l);
    ev_io_init(&l->acceptable, on_acceptable, l->listening, EV_READ);
    ev_timer_init(&l->rest, on_rested, REST_SECONDS, 0.0);
    ev_prepare_init(&l->bury, on_prepare);
    l->acceptable.data = l->rest.data = l->bury.data = l;
    ev_io_start(d->loop, &l->acceptable);
    ev_prepare_start(d->loop, &l->bury);
    *out = l;
    return DVM_OK;
}

static bool anything_waits(struct local *l)
{
    bool any = false;

    for (struct connection *c = l->clients; c; c = c->next) {
        connection_flush(c);
        any = any || (c->seat && c->seat->waiting.first && !c->eof);
    }
    return any;
}

void local_destroy(struct local *l, const char *why)
{
    double deadline = clock_seconds() + LOCAL_FAREWELL_MS / 1000.0;
    size_t at = 0;
    struct seat *s;

    if (!l)
        return;
    l->ending = true;
    while (anything_waits(l) && clock_seconds() < deadline)
        poll(NULL, 0, POLL_MS);
    while (l->clients) {
        struct connection *c = l->clients;

        connection_refuse(c, DVM_ERR_CLOSING, "%s", why);
        connection_close(c);
    }
    bury(l);
    while ((s = table_next(&l->seats, &at)))
        seat_free(l, s);
    table_free(&l->seats);
    ev_io_stop(l->d->loop, &l->acceptable);
    ev_timer_stop(l->d->loop, &l->rest);
    ev_prepare_stop(l->d->loop, &l->bury);
    close(l->listening);
    if (l->spare >= 0)
        close(l->spare);
    free(l);
}

void local_broadcast(struct local *l, int type, const ProtobufCMessage *message)
{
    size_t at = 0;
    struct seat *s;

    while ((s = table_next(&l->seats, &at)))
        if (s->client)
            daemon_tell(l->d, CLUSTER_CONTROL, s->tid, type, message);
}

unsigned local_role(const struct local *l, int tid)
{
    const struct seat *s = seat_find(l, tid);

    return s ? s->role : 0;
}

const struct dvm_inbox *local_inbox(const struct local *l, int tid)
{
    const struct seat *s = seat_find(l, tid);

    return s ? s->inbox : NULL;
}

const int *local_passed(const struct local *l, int *count)
{
    *count = l->passed_count;
    return l->passed;
}

static void on_leave(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    tasks_left(d->tasks, frame->src);
    daemon_ok(d, frame);
}

const struct handler local_handlers[] = {
    {DVM_CTL_LEAVE, on_leave, ROLE_TASK},
    {DVM_CTL_PAIR_OPEN, pair_open, ROLE_TASK},
    {DVM_CTL_RING, pair_ring, ROLE_TASK},
    {0, NULL, 0},
};
