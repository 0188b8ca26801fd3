/* direct_in.c: frames from a connection.
 *
 * Bytes come into a buffer that holds two of the longest frames, and frames are handed up
 * from there. The payload of a plain frame that has not come whole is read to where it
 * belongs, if the stream knows that already (into): so large messages are copied by the
 * kernel alone. A sealed frame is decrypted to there.
 *
 * What comes is the peer's word: lengths are checked before they are believed, and source
 * and destination must be the pair's. Where a payload goes is asked anew for each part,
 * because what waits for it may be given up meanwhile.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lane/direct.h"
#include "proto/wire.h"

#define STRAIGHT_LEAST 4096 /* bytes still to come for which a read of their own pays */
#define LENGTH_AT 56        /* of a header: where length is (proto/frame.c) */

static const char nonsense[] = "wrote nonsense";

/* ---- reading ---------------------------------------------------------------------- */

static ssize_t read_parts(struct direct *d, struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t got;

    do
        got = count == 1 ? recv(d->fd, parts->iov_base, parts->iov_len, MSG_DONTWAIT)
                         : recvmsg(d->fd, &message, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got == 0)
        errno = 0;
    return -1;
}

/* The rest of a payload, and what follows: no more than a header, if that is another part
 * of the same message, so that its bytes can go straight, too. */
static ssize_t fill_straight(struct direct *d)
{
    struct direct_in *in = &d->in;
    uint8_t *to = lane_up()->into(d->peer, &in->frame);
    size_t rest = in->frame.length - in->got;
    bool last = in->frame.extra + in->frame.length >= in->frame.size;
    struct iovec parts[2] = {{to ? to + in->got : in->buffer, rest},
                             {in->buffer, last ? DIRECT_IN_BYTES : DIRECT_HEAD}};
    ssize_t got;

    assert(in->from == in->to);
    in->from = in->to = 0;
    /* bytes that nobody wants any more lie where nothing else does */
    got = read_parts(d, parts, to ? 2 : 1);
    if (got > 0) {
        in->filled = !last && (size_t)got == rest + (to ? DIRECT_HEAD : 0);
        in->to = (size_t)got > rest ? (size_t)got - rest : 0;
        in->got += (size_t)got - in->to;
    }
    return got;
}

static ssize_t fill_buffer(struct direct *d)
{
    struct direct_in *in = &d->in;
    struct iovec part;
    size_t here;
    ssize_t got;

    if (in->from == in->to)
        in->from = in->to = 0;
    if (in->from && DIRECT_IN_BYTES - in->from < DIRECT_RECORD_MAX) {
        memmove(in->buffer, in->buffer + in->from, in->to - in->from);
        in->to -= in->from;
        in->from = 0;
    }
    part = (struct iovec){in->buffer + in->to, DIRECT_IN_BYTES - in->to};
    if (part.iov_len == 0)
        return 0;
    /* a large message is under way: its payload shall not come in here */
    here = in->to - in->from;
    if (!in->seal && here < DIRECT_HEAD && lane_up()->awaits(d->peer))
        part.iov_len = DIRECT_HEAD - here;
    got = read_parts(d, &part, 1);
    in->filled = got > 0 && (size_t)got == part.iov_len;
    if (got > 0)
        in->to += (size_t)got;
    return got;
}

long direct_in_fill(struct direct *d)
{
    long got = d->in.straight ? fill_straight(d) : fill_buffer(d);

    if (got > 0)
        d->in.fresh = true;
    else
        d->in.filled = false;
    /* nothing is here: time for what the next record needs in any case */
    if (got == 0 && d->in.seal)
        seal_prepare(d->in.seal);
    return got;
}

/* ---- handing up ------------------------------------------------------------------- */

/* A header that came in clear, or out of a record of text bytes (0: not known). */
static bool read_head(struct direct *d, const uint8_t *head, size_t text, struct dvm_frame *frame,
                      uint64_t *taken)
{
    const uint8_t *at = head + LENGTH_AT;
    uint64_t length = wire_get(&at, 4);

    if (length > DVM_PAYLOAD_MAX || (text && text != SEAL_TEXT(DIRECT_HEAD + length)) ||
        dvm_frame_decode(frame, head, DVM_FRAME_BYTES + length) ||
        frame->src != d->peer->tid || frame->dst != lane_self())
        return false;
    at = head + DVM_FRAME_BYTES;
    *taken = wire_get(&at, 8);
    return true;
}

/* The word of the lane's own frames. */
static void end_frame(struct direct *d, const struct dvm_frame *frame)
{
    if (frame->op == DVM_OP_ACK && frame->flags & DVM_FLAG_END)
        d->ended = true;
}

static enum lane_taken hand_up(struct direct *d, const struct dvm_frame *frame, uint64_t taken,
                               const uint8_t *payload)
{
    enum lane_taken result;

    result = lane_deliver(&direct_lane, d->peer, frame, payload);
    if (result == LANE_HELD || d->gone)
        return result;
    lane_up()->acknowledged(d->peer, taken);
    end_frame(d, frame);
    return result;
}

enum step { STEP_MORE, STEP_OVER, STEP_NONSENSE };

/* A payload that went straight is complete? */
static enum step take_straight(struct direct *d)
{
    struct direct_in *in = &d->in;
    uint8_t *to;

    if (in->got < in->frame.length)
        return STEP_OVER;
    in->straight = false;
    to = lane_up()->into(d->peer, &in->frame);
    /* its place cannot be known to a frame that comes too early */
    hand_up(d, &in->frame, in->taken, to ? to : in->buffer);
    return STEP_MORE;
}

/* Whether the rest of this payload is worth reading to where it belongs. */
static bool go_straight(struct direct *d, const struct dvm_frame *frame, uint64_t taken,
                        size_t here)
{
    struct direct_in *in = &d->in;
    uint8_t *to;

    if (frame->length - here < STRAIGHT_LEAST)
        return false;
    to = lane_up()->into(d->peer, frame);
    if (!to)
        return false;
    memcpy(to, in->buffer + in->from + DIRECT_HEAD, here);
    in->frame = *frame;
    in->taken = taken;
    in->got = here;
    in->from = in->to = 0;
    in->straight = true;
    return true;
}

static enum step take_plain(struct direct *d)
{
    struct direct_in *in = &d->in;
    size_t here = in->to - in->from;
    struct dvm_frame frame;
    uint64_t taken;

    if (here < DIRECT_HEAD)
        return STEP_OVER;
    if (!read_head(d, in->buffer + in->from, 0, &frame, &taken))
        return STEP_NONSENSE;
    if (here < DIRECT_HEAD + frame.length) {
        go_straight(d, &frame, taken, here - DIRECT_HEAD);
        return STEP_OVER;
    }
    if (hand_up(d, &frame, taken, in->buffer + in->from + DIRECT_HEAD) == LANE_HELD) {
        d->held = true;
        return STEP_OVER;
    }
    in->from += DIRECT_HEAD + frame.length;
    return STEP_MORE;
}

/* Decrypt the record of text bytes at from, in one piece in its place or, if it is long, to
 * where its payload belongs. Returns where that is; NULL: it does not open. */
static const uint8_t *open_record(struct direct *d, size_t text, struct dvm_frame *frame,
                                  uint64_t *taken)
{
    struct direct_in *in = &d->in;
    uint8_t *record = in->buffer + in->from, *head = record + SEAL_HEAD_BYTES;
    uint8_t *payload = head + DIRECT_HEAD, *to = NULL;
    size_t first = text < DIRECT_HEAD + STRAIGHT_LEAST ? text : DIRECT_HEAD;

    if (!seal_begin(in->seal) || !seal_text(in->seal, head, head, first) ||
        !read_head(d, head, text, frame, taken))
        return NULL;
    if (first < text) {
        size_t end = DIRECT_HEAD + frame->length;

        to = lane_up()->into(d->peer, frame);
        if (!seal_text(in->seal, to ? to : payload, payload, frame->length) ||
            !seal_text(in->seal, head + end, head + end, text - end))
            return NULL;
    }
    return seal_end(in->seal, head + text) ? to ? to : payload : NULL;
}

/* A record was opened, but came too early: it waits in the clear as the frame in. */
static enum step take_opened(struct direct *d)
{
    struct direct_in *in = &d->in;
    const uint8_t *payload = in->buffer + in->from + SEAL_HEAD_BYTES + DIRECT_HEAD;

    if (hand_up(d, &in->frame, in->taken, payload) == LANE_HELD)
        return STEP_OVER;
    d->held = false;
    in->from += SEAL_TEXT(DIRECT_HEAD + in->frame.length) + SEAL_MORE;
    return STEP_MORE;
}

static enum step take_sealed(struct direct *d)
{
    struct direct_in *in = &d->in;
    size_t here = in->to - in->from, text;
    const uint8_t *payload;

    if (here < SEAL_HEAD_BYTES)
        return STEP_OVER;
    text = seal_length(in->buffer + in->from);
    if (text < DIRECT_HEAD || text > DIRECT_TEXT_MAX || text % SEAL_BLOCK)
        return STEP_NONSENSE;
    if (here < text + SEAL_MORE)
        return STEP_OVER;
    payload = open_record(d, text, &in->frame, &in->taken);
    if (!payload)
        return STEP_NONSENSE;
    if (hand_up(d, &in->frame, in->taken, payload) == LANE_HELD) {
        d->held = true;
        return STEP_OVER;
    }
    in->from += text + SEAL_MORE;
    return STEP_MORE;
}

static enum step take_one(struct direct *d)
{
    if (d->in.straight)
        return take_straight(d);
    if (!d->in.seal) {
        d->held = false;
        return take_plain(d);
    }
    return d->held ? take_opened(d) : take_sealed(d);
}

const char *direct_in_take(struct direct *d)
{
    enum step step = STEP_MORE;

    d->in.fresh = false;
    while (step == STEP_MORE && !d->gone && !d->ended && d->state == DIRECT_READY)
        step = take_one(d);
    return step == STEP_NONSENSE ? nonsense : NULL;
}

void direct_in_free(struct direct_in *in)
{
    free(in->buffer);
    seal_free(in->seal);
    memset(in, 0, sizeof *in);
}
