/* direct_out.c: frames onto a connection.
 *
 * A plain frame goes by one sendmsg straight from where the user has its bytes; a sealed one
 * is encrypted into the buffer and goes from there. What the socket does not take stays in
 * the buffer, which holds the rest of one frame; until that is gone the next frame has to
 * wait (LANE_AGAIN).
 *
 * Who was told to wait waits for the bell's word that there is room. So only that word ends
 * the watch: an acknowledgement that goes in between finds the room, too, but tells nobody.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lane/direct.h"
#include "proto/wire.h"

#define SMALL_MAX 2048 /* bytes of a payload that is copied behind its header */

enum { BROKEN = -1 };

static bool room(struct direct_out *out)
{
    if (!out->buffer)
        out->buffer = malloc(DIRECT_RECORD_MAX);
    return out->buffer;
}

/* Be told when the socket takes more, or no longer. */
static void watch(struct direct *d, bool wanted)
{
    if (d->out.watched == wanted)
        return;
    d->out.watched = wanted;
    lane_owed += wanted ? 1 : -1;
    direct_watch(d);
}

/* Returns bytes written, 0 when there is no room, or BROKEN. */
static ssize_t write_some(struct direct *d, struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t wrote;

    do
        wrote = count == 1 ? send(d->fd, parts->iov_base, parts->iov_len,
                                  d->out.flags)
                           : sendmsg(d->fd, &message, d->out.flags);
    while (wrote < 0 && errno == EINTR);
    if (wrote >= 0)
        return wrote;
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 0 : BROKEN;
}

int direct_out_flush(struct direct *d)
{
    struct direct_out *out = &d->out;

    if (out->from < out->to) {
        struct iovec part = {out->buffer + out->from, out->to - out->from};
        ssize_t wrote = write_some(d, &part, 1);

        if (wrote < 0)
            return BROKEN;
        out->from += (size_t)wrote;
    }
    if (out->from == out->to)
        return LANE_SENT;
    watch(d, true);
    return LANE_AGAIN;
}

int direct_out_room(struct direct *d)
{
    int rc = direct_out_flush(d);

    if (rc == LANE_SENT)
        watch(d, false);
    return rc;
}

/* Keep what was not written of two parts. */
static void keep(struct direct_out *out, const struct iovec *parts, size_t wrote)
{
    out->from = out->to = 0;
    for (int i = 0; i < 2; i++) {
        size_t skip = wrote < parts[i].iov_len ? wrote : parts[i].iov_len;

        if (skip < parts[i].iov_len)
            memcpy(out->buffer + out->to, (const uint8_t *)parts[i].iov_base + skip,
                   parts[i].iov_len - skip);
        out->to += parts[i].iov_len - skip;
        wrote -= skip;
    }
}

static int put_plain(struct direct *d, uint8_t *head, const void *payload, size_t length)
{
    struct iovec parts[2] = {{head, DIRECT_HEAD}, {(void *)(uintptr_t)payload, length}};
    ssize_t wrote;

    if (length <= SMALL_MAX) {
        if (length)
            memcpy(head + DIRECT_HEAD, payload, length);
        parts[0].iov_len += length;
        parts[1].iov_len = 0;
    }
    wrote = write_some(d, parts, parts[1].iov_len ? 2 : 1);

    if (wrote == (ssize_t)(DIRECT_HEAD + length))
        return LANE_SENT;
    if (wrote < 0 || (wrote > 0 && !room(&d->out)))
        return BROKEN;
    watch(d, true);
    if (wrote == 0)
        return LANE_AGAIN;
    keep(&d->out, parts, (size_t)wrote);
    return LANE_SENT;
}

static int put_sealed(struct direct *d, const uint8_t *head, const void *payload, size_t length)
{
    struct direct_out *out = &d->out;
    int rc;

    if (!room(out))
        return BROKEN;
    out->from = 0;
    out->to = seal_put(out->seal, out->buffer, head, DIRECT_HEAD, payload, length);
    if (out->to == 0)
        return BROKEN;
    /* it is numbered by its nonce: whatever the socket takes, it is on its way */
    rc = direct_out_flush(d);
    seal_prepare(out->seal); /* while the record travels */
    return rc == BROKEN ? BROKEN : LANE_SENT;
}

/* Whether the next part of the same message follows at once: then the end of this one need not be
 * a packet of its own. Whole parts only, as the others may end where the receiver's grant does. */
static bool goes_on(const struct dvm_frame *frame)
{
    return frame->op == DVM_OP_DATA && frame->length == DVM_PAYLOAD_MAX &&
           frame->extra + frame->length < frame->size;
}

int direct_out_put(struct direct *d, const struct dvm_frame *frame, const void *payload)
{
    uint8_t head[DIRECT_HEAD + SMALL_MAX];
    int rc;

    assert(frame->length <= DVM_PAYLOAD_MAX);
    if (d->out.from < d->out.to) {
        rc = direct_out_flush(d);
        if (rc != LANE_SENT)
            return rc;
    }
    d->out.flags = MSG_DONTWAIT | MSG_NOSIGNAL | (goes_on(frame) ? MSG_MORE : 0);
    dvm_frame_encode(head, frame);
    wire_put(head + DVM_FRAME_BYTES, lane_up()->taken(d->peer), 8);
    if (d->out.seal)
        return put_sealed(d, head, payload, frame->length);
    return put_plain(d, head, payload, frame->length);
}

void direct_out_free(struct direct_out *out)
{
    lane_owed -= out->watched;
    free(out->buffer);
    seal_free(out->seal);
    memset(out, 0, sizeof *out);
}
