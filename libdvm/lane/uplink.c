/* uplink.c: the SOCK_SEQPACKET socket to the daemon: one datagram a frame.
 *
 * Writing blocks when it must (the daemon always reads). Reading never does: it
 * happens when the daemon rang, until the socket is empty. A closed or reset
 * connection is remembered as lost and reported by whoever waits next; nothing
 * else is decided here.
 */
#include "lane/uplink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/lane.h"
#include "proto/passed.h"

#define AGAIN_MS 1 /* pause before descriptors that the system does not carry now are sent again */

static struct {
    int socket;
    int self;
    bool lost;
    int code;                   /* of that, 0: LOST_DAEMON */
    char why[DVM_SENTENCE_MAX]; /* it was lost, if that is known */
} uplink_state = {.socket = -1};

/* One frame as it comes; frames are handled one after the other. */
static _Alignas(DVM_FRAME_BYTES) uint8_t buffer[DVM_FRAME_MAX];

void uplink_start(int socket, int self)
{
    assert(socket >= 0);
    uplink_state.socket = socket;
    uplink_state.self = self;
    uplink_state.lost = false;
    uplink_state.code = 0;
    uplink_state.why[0] = '\0';
}

void uplink_stop(void)
{
    if (uplink_state.socket >= 0) {
        shutdown(uplink_state.socket, SHUT_RDWR);
        close(uplink_state.socket);
    }
    uplink_state.socket = -1;
    daemon_link_reset();
}

void uplink_forked(void)
{
    /* no shutdown: that would end the real task's connection */
    if (uplink_state.socket >= 0)
        close(uplink_state.socket);
    uplink_state.socket = -1;
    uplink_state.lost = true;
}

int uplink_self(void)
{
    return uplink_state.self;
}

bool uplink_lost(void)
{
    return uplink_state.lost;
}

void uplink_refused(const char *text)
{
    snprintf(uplink_state.why, sizeof uplink_state.why,
             "the daemon of this host has cut this task off: %s", text);
    /* it was the last frame: the end of the connection may come a moment later */
    uplink_state.lost = true;
}

int uplink_fail(void)
{
    if (uplink_state.why[0])
        return dvm_fail(uplink_state.code ? uplink_state.code : DVM_ERR_LOST_DAEMON, "%s",
                        uplink_state.why);
    return dvm_fail(DVM_ERR_LOST_DAEMON,
                    "the daemon of this host has closed the connection: it ended or was "
                    "halted; see its log");
}

/* Whether a failed write may be tried again; waits for room if that is missing. The
 * descriptors that a user's packets carry and nobody has received yet may be no more than one
 * process may have open (ETOOMANYREFS): tasks that all meet their peers at the same time reach
 * that when their daemon is busy. It is the daemon that receives them. */
static bool write_again(void)
{
    struct pollfd room = {.fd = uplink_state.socket, .events = POLLOUT};

    if (errno == EINTR)
        return true;
    if (errno == ETOOMANYREFS) /* nothing tells when there are fewer */
        return poll(NULL, 0, AGAIN_MS) == 0 || errno == EINTR;
    if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
        return false;
    return poll(&room, 1, -1) >= 0 || errno == EINTR;
}

/* A frame with a number of its own is missing now: nothing can follow it. */
static int bad_memory(const void *payload, size_t length)
{
    snprintf(uplink_state.why, sizeof uplink_state.why,
             "%zu bytes of a message at %p cannot be read: its address or its count is wrong",
             length, payload);
    uplink_state.code = DVM_ERR_ARG;
    return uplink_fail();
}

int uplink_send(const struct dvm_frame *frame, const void *payload, const int *fds, int fd_count)
{
    uint8_t head[DVM_FRAME_BYTES];
    union passed_room space;
    struct iovec parts[2] = {{head, sizeof head}, {(void *)(uintptr_t)payload, frame->length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = frame->length ? 2 : 1};

    assert(frame->length <= DVM_PAYLOAD_MAX && fd_count <= PASSED_MAX);
    if (uplink_state.lost)
        return uplink_fail();
    dvm_frame_encode(head, frame);
    passed_put(&message, &space, fds, fd_count);
    while (sendmsg(uplink_state.socket, &message, MSG_NOSIGNAL) < 0) {
        if (write_again())
            continue;
        uplink_state.lost = true;
        return errno == EFAULT ? bad_memory(payload, frame->length) : uplink_fail();
    }
    return DVM_OK;
}

/* What came with a frame found no place, and whoever sent it relies on its arrival: this
 * task can no longer tell what it misses. */
static void out_of_files(void)
{
    uplink_state.lost = true;
    snprintf(uplink_state.why, sizeof uplink_state.why,
             "this task has no descriptor left for the shared memory that another one offers; "
             "it may have %ld: close some, or raise the limit (ulimit -n)",
             sysconf(_SC_OPEN_MAX));
}

static void handle(ssize_t bytes, int flags, const int *fds, int fd_count)
{
    struct dvm_frame frame;

    if (flags & MSG_CTRUNC) {
        out_of_files();
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    } else if ((flags & MSG_TRUNC) || dvm_frame_decode(&frame, buffer, (size_t)bytes)) {
        lane_complain("dropped %zd bytes from the daemon that are no frame", bytes);
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    } else if (frame.op == DVM_OP_CONTROL) {
        daemon_link_dispatch(&frame, buffer + DVM_FRAME_BYTES, fds, fd_count);
    } else {
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
        relay_frame(&frame, buffer + DVM_FRAME_BYTES);
    }
}

/* Read one frame. Returns false when there is none. */
static bool read_one(void)
{
    union passed_room space;
    struct iovec part = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fds[PASSED_MAX];
    ssize_t got;

    passed_expect(&message, &space);
    /* ECONNRESET is told once, when the daemon ended with frames of ours unread; what
     * it had sent before can still be read */
    do
        got = recvmsg(uplink_state.socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        uplink_state.lost = true;
        return false;
    }
    handle(got, message.msg_flags, fds, passed_take(&message, fds, PASSED_MAX));
    return true;
}

void uplink_rung(void)
{
    while (!uplink_state.lost && read_one())
        continue;
}
