/* client.c: the console's side of the daemon's local socket.
 *
 * The socket is SOCK_SEQPACKET: one packet is one frame. A control message that
 * does not fit into one frame travels as several with the same src, tag and
 * ref, in order; size says how long the whole is and extra where each part
 * begins. The parts of one message are never mixed with other frames of the
 * same sender's socket write, so one buffer is enough to put it together.
 * Descriptors that the daemon passes (a task's inbox) are of no use to a
 * console and are closed.
 */
#include "proto/client.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"
#include "proto/passed.h"

/* How long a send may wait for a daemon that does not read, seconds. */
#define SEND_SECONDS 20
#define ROLE_CONSOLE_NUMBER 2 /* Hello.role */
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
/* dvm_version_text() is the library's; the console does not link it */
#define VERSION_TEXT                                                                         \
    TEXT(DVM_VERSION_MAJOR) "." TEXT(DVM_VERSION_MINOR) "." TEXT(DVM_VERSION_PATCH)

struct client {
    int fd;
    uint64_t refs; /* the last number given to a request */
    bool reset;    /* the daemon closed the connection without reading all */
    char why[DVM_SENTENCE_MAX]; /* it ended, by its last word; "": it has said nothing */
    struct client_info info;
    uint8_t packet[DVM_FRAME_MAX];
    uint8_t *parts;          /* owned: a message of several frames */
    size_t parts_room;
    size_t parts_used;       /* bytes of it that came; 0: none under way */
    struct dvm_frame parts_frame; /* header of its first frame */
};

int client_fd(const struct client *c)
{
    return c->fd;
}

const struct client_info *client_info(const struct client *c)
{
    return &c->info;
}

void client_close(struct client *c)
{
    int saved = errno;

    if (!c)
        return;
    close(c->fd);
    free(c->parts);
    free(c);
    errno = saved;
}

static int lost(const struct client *c, int saved)
{
    if (c->why[0])
        return dvm_fail(DVM_ERR_LOST_DAEMON, "the daemon of host %s has ended: %s", c->info.host,
                        c->why);
    errno = saved;
    return dvm_fail_errno(DVM_ERR_LOST_DAEMON,
                          "the connection to the daemon of host %s was lost (its log says why)",
                          c->info.host[0] ? c->info.host : "this computer");
}

static int receive_now(struct client *c, struct dvm_frame *frame, const uint8_t **payload);

/* The daemon does not read any more: it may have said why. Returns an error. */
static int last_word(struct client *c, int error)
{
    const uint8_t *payload;
    struct dvm_frame frame;
    int r;

    do {
        r = receive_now(c, &frame, &payload);
        if (r == DVM_OK && frame.tag == DVM_CTL_REFUSE) /* before it was welcome */
            return client_failure(payload, frame.length);
    } while (r == DVM_OK);
    return r == DVM_ERR_TIMEOUT ? lost(c, error) : r;
}

static int send_packet(struct client *c, const struct dvm_frame *f, const uint8_t *payload)
{
    uint8_t header[DVM_FRAME_BYTES];
    struct iovec part[2] = {{header, sizeof header}, {(void *)(uintptr_t)payload, f->length}};
    struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};
    ssize_t sent;

    dvm_frame_encode(header, f);
    do
        sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return DVM_OK;
    if (errno == EAGAIN)
        return dvm_fail(DVM_ERR_TIMEOUT,
                        "the daemon of host %s has not read for %d s; is it stopped?",
                        c->info.host, SEND_SECONDS);
    return last_word(c, errno);
}

/* Send a packed message in as many frames as it needs. */
static int send_packed(struct client *c, int dst, int type, const uint8_t *bytes, size_t size,
                       uint64_t ref)
{
    size_t at = 0;

    do {
        size_t left = size - at;
        struct dvm_frame f = {.version = DVM_FRAME_VERSION,
                              .op = DVM_OP_CONTROL,
                              .src = c->info.tid,
                              .dst = dst,
                              .tag = type,
                              .size = size,
                              .ref = ref,
                              .extra = at,
                              .length = left < DVM_PAYLOAD_MAX ? (uint32_t)left : DVM_PAYLOAD_MAX};
        int r = send_packet(c, &f, left ? bytes + at : NULL);

        if (r)
            return r;
        at += f.length;
    } while (at < size);
    return DVM_OK;
}

int client_send(struct client *c, int dst, int type, const ProtobufCMessage *message,
                uint64_t *ref)
{
    size_t size = message ? protobuf_c_message_get_packed_size(message) : 0;
    uint8_t *bytes = NULL;
    int r;

    if (size > CLIENT_MESSAGE_MAX)
        return dvm_fail(DVM_ERR_LIMIT, "a request of %zu bytes is over the limit of %d", size,
                        CLIENT_MESSAGE_MAX);
    if (size) {
        bytes = malloc(size);
        if (!bytes)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a request of %zu bytes", size);
        protobuf_c_message_pack(message, bytes);
    }
    r = send_packed(c, dst, type, bytes, size, ++c->refs);
    free(bytes);
    if (!r && ref)
        *ref = c->refs;
    return r;
}

/* Take one packet from the socket without waiting. Errors: TIMEOUT when there is none. */
static int receive_packet(struct client *c, struct dvm_frame *frame)
{
    union passed_room room;
    struct iovec part = {c->packet, sizeof c->packet};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1};
    ssize_t got = 0;

    passed_expect(&m, &room);
    do {
        /* a reset is told before what was sent until then, which is still there */
        c->reset = c->reset || (got < 0 && errno == ECONNRESET);
        got = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && (errno == EINTR || (errno == ECONNRESET && !c->reset)));
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return DVM_ERR_TIMEOUT;
    if (got <= 0)
        return lost(c, got < 0 ? errno : ECONNRESET);
    passed_take(&m, NULL, 0); /* a console has no use for them */
    if (dvm_frame_decode(frame, c->packet, (size_t)got) || frame->op != DVM_OP_CONTROL)
        return dvm_fail(DVM_ERR_PROTOCOL,
                        "the daemon sent %zd bytes that are no control message; do dvm and dvmd "
                        "have the same version?",
                        got);
    return DVM_OK;
}

static int wait_readable(const struct client *c, double deadline)
{
    for (;;) {
        double left = deadline - clock_seconds();
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int ms = deadline < 0 ? -1 : left <= 0 ? 0 : (int)(left * 1e3) + 1;
        int ready = poll(&p, 1, ms);

        if (ready > 0)
            return DVM_OK;
        if (ready == 0)
            return DVM_ERR_TIMEOUT;
        if (errno != EINTR)
            return dvm_fail_errno(DVM_ERR_SYSTEM, "waiting for the daemon");
    }
}

bool client_dismissed(const struct client *c)
{
    return c->why[0] != '\0';
}

/* A REFUSE to a client that was welcome: the daemon ends, and says why. */
static int closing(struct client *c, const uint8_t *payload, size_t length)
{
    client_failure(payload, length);
    snprintf(c->why, sizeof c->why, "%s", dvm_last_error());
    return lost(c, 0);
}

static int parts_reserve(struct client *c, size_t size)
{
    uint8_t *more;

    if (size <= c->parts_room)
        return DVM_OK;
    more = realloc(c->parts, size);
    if (!more)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for an answer of %zu bytes", size);
    c->parts = more;
    c->parts_room = size;
    return DVM_OK;
}

/* Put a part to its message. Returns 1 when the message is complete, 0 when more
 * is to come, or an error. */
static int add_part(struct client *c, const struct dvm_frame *f)
{
    const struct dvm_frame *first = &c->parts_frame;
    bool fits = c->parts_used == 0 ||
                (f->src == first->src && f->tag == first->tag && f->ref == first->ref &&
                 f->size == first->size);
    int r;

    if (!fits || f->extra != c->parts_used || f->size > CLIENT_MESSAGE_MAX ||
        f->length > f->size - f->extra || f->length == 0) {
        c->parts_used = 0;
        return dvm_fail(DVM_ERR_PROTOCOL, "a part of a long %s message is out of place",
                        dvm_control_name(f->tag));
    }
    r = parts_reserve(c, f->size);
    if (r)
        return r;
    if (c->parts_used == 0)
        c->parts_frame = *f;
    memcpy(c->parts + f->extra, c->packet + DVM_FRAME_BYTES, f->length);
    c->parts_used += f->length;
    return c->parts_used == f->size;
}

/* The next message if all of it is there. Errors: TIMEOUT when it is not. */
static int receive_now(struct client *c, struct dvm_frame *frame, const uint8_t **payload)
{
    for (;;) {
        int r = receive_packet(c, frame);

        if (r)
            return r;
        if (frame->tag == DVM_CTL_REFUSE && c->info.tid)
            return closing(c, c->packet + DVM_FRAME_BYTES, frame->length);
        if (frame->size <= frame->length) {
            *payload = c->packet + DVM_FRAME_BYTES;
            return DVM_OK;
        }
        r = add_part(c, frame);
        if (r < 0)
            return r;
        if (r > 0) {
            *frame = c->parts_frame;
            frame->length = (uint32_t)c->parts_used;
            *payload = c->parts;
            c->parts_used = 0;
            return DVM_OK;
        }
    }
}

int client_receive(struct client *c, struct dvm_frame *frame, const uint8_t **payload,
                   double timeout)
{
    double deadline = timeout < 0 ? -1 : clock_seconds() + timeout;

    for (;;) {
        int r = receive_now(c, frame, payload);

        if (r != DVM_ERR_TIMEOUT || timeout == 0)
            return r;
        r = wait_readable(c, deadline);
        if (r)
            return r;
    }
}

int client_failure(const uint8_t *payload, size_t length)
{
    Dvm__Pb__Fail *fail = dvm__pb__fail__unpack(NULL, length, payload);
    int code;

    if (!fail)
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon refused, in a form that is not known");
    code = fail->code < 0 ? fail->code : DVM_ERR_REFUSED;
    dvm_fail(code, "%s", fail->text && fail->text[0] ? fail->text : dvm_error_text(code));
    dvm__pb__fail__free_unpacked(fail, NULL);
    return code;
}

/* Whether a HOST_EVENT says that the host of slot is down; keeps the sentence. */
static int host_down(const uint8_t *payload, size_t length, int slot)
{
    Dvm__Pb__HostEvent *e = dvm__pb__host_event__unpack(NULL, length, payload);
    int r = DVM_OK;

    if (e && e->event != DVM_EVENT_HOST_JOINED && e->host && (int)e->host->slot == slot)
        r = dvm_fail(DVM_ERR_HOST_GONE, "host %s %s%s%s", e->host->name,
                     e->event == DVM_EVENT_HOST_LEFT ? "has left the machine" : "was lost",
                     e->reason[0] ? ": " : "", e->reason);
    if (e)
        dvm__pb__host_event__free_unpacked(e, NULL);
    return r;
}

/* What a message means to a call that waits for ref: 1 its answer, 0 nothing, or
 * an error. */
static int judge(const struct dvm_frame *f, const uint8_t *payload, uint64_t ref, int want,
                 int slot)
{
    if (f->tag == DVM_CTL_HOST_EVENT)
        return host_down(payload, f->length, slot);
    if (!(f->flags & DVM_FLAG_REPLY) || f->ref != ref)
        return 0;
    if (f->tag == DVM_CTL_FAIL)
        return client_failure(payload, f->length);
    if (f->tag == want)
        return 1;
    return dvm_fail(DVM_ERR_PROTOCOL, "the daemon answered with %s instead of %s",
                    dvm_control_name(f->tag), dvm_control_name(want));
}

int client_call(struct client *c, int dst, int type, const ProtobufCMessage *message, int want,
                struct dvm_frame *frame, const uint8_t **payload, double timeout)
{
    double deadline = clock_seconds() + timeout;
    uint64_t ref;
    int r = client_send(c, dst, type, message, &ref);

    while (!r) {
        double left = deadline - clock_seconds();

        r = client_receive(c, frame, payload, left > 0 ? left : 0);
        if (r == DVM_ERR_TIMEOUT)
            return dvm_fail(r, "no answer to %s from host number %d within %.0f s",
                            dvm_control_name(type), dst >> DVM_TID_N_BITS, timeout);
        if (!r)
            r = judge(frame, *payload, ref, want, dst >> DVM_TID_N_BITS);
    }
    return r > 0 ? DVM_OK : r;
}

static int take_welcome(struct client *c, const uint8_t *payload, size_t length)
{
    Dvm__Pb__Welcome *w = dvm__pb__welcome__unpack(NULL, length, payload);

    /* tid and slots become parts of addresses */
    if (!w || !DVM_TID_OK(w->tid) || w->slot < 1 || w->slot > DVM_SLOT_MAX ||
        w->coordinator > DVM_SLOT_MAX) {
        dvm__pb__welcome__free_unpacked(w, NULL);
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon's WELCOME cannot be read");
    }
    c->info.tid = w->tid;
    c->info.slot = (int)w->slot;
    c->info.coordinator = w->coordinator ? (int)w->coordinator : 1;
    snprintf(c->info.host, sizeof c->info.host, "%s", w->host);
    snprintf(c->info.machine, sizeof c->info.machine, "%s", w->machine);
    snprintf(c->info.version, sizeof c->info.version, "%s", w->version);
    dvm__pb__welcome__free_unpacked(w, NULL);
    return DVM_OK;
}

static int greet(struct client *c, const char *program, bool owner)
{
    Dvm__Pb__Hello hello = DVM__PB__HELLO__INIT;
    struct dvm_frame frame;
    const uint8_t *payload;
    int r;

    hello.protocol_min = hello.protocol_max = DVM_FRAME_VERSION;
    hello.role = ROLE_CONSOLE_NUMBER;
    hello.pid = getpid();
    hello.program = (char *)(uintptr_t)program;
    hello.version = (char *)(uintptr_t)VERSION_TEXT;
    hello.owner = owner;
    r = client_send(c, 0, DVM_CTL_HELLO, &hello.base, NULL);
    if (!r)
        r = client_receive(c, &frame, &payload, CLIENT_WELCOME_SECONDS);
    if (r == DVM_ERR_TIMEOUT)
        return dvm_fail(r, "the daemon did not answer within %.0f s; is it stopped? (find it with: "
                        "pgrep -a dvmd, end it with: kill -9 PID)",
                        CLIENT_WELCOME_SECONDS);
    if (r)
        return r;
    if (frame.tag == DVM_CTL_WELCOME)
        return take_welcome(c, payload, frame.length);
    if (frame.tag == DVM_CTL_REFUSE || frame.tag == DVM_CTL_FAIL)
        return client_failure(payload, frame.length);
    return dvm_fail(DVM_ERR_PROTOCOL, "the daemon answered HELLO with %s",
                    dvm_control_name(frame.tag));
}

int client_open(struct client **out, int fd, const char *program, bool owner)
{
    struct timeval limit = {.tv_sec = SEND_SECONDS};
    struct client *c = calloc(1, sizeof *c);
    int r;

    assert(out && fd >= 0);
    if (!c) {
        close(fd);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a connection to the daemon");
    }
    c->fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    r = greet(c, program, owner);
    if (r) {
        client_close(c);
        return r;
    }
    *out = c;
    return DVM_OK;
}
