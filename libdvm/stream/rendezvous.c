/* rendezvous.c: large messages: RTS, CTS, DATA; and the DONE of synchronous ones.
 *
 *     sender                               receiver
 *     RTS ref=S size               ->      a message without bytes
 *                                  <-      CTS ref=S context=R extra=limit
 *     DATA ref=R extra=offset      ->      into the buffer of the receive
 *                                  <-      CTS again, with a higher limit
 *
 * or, when the RTS told where the bytes are (extra) and the lane can copy them:
 *                                  <-      DONE ref=S, after the copy
 * A sender that only waits may help with that copy (lane/both.h).
 *
 * The limit runs one window of the lane ahead of what has come; over shm the ring
 * itself holds the sender back, so everything is allowed at once, as soon as the
 * sender has been seen to use it. S and R are checked ids, and offsets must be in
 * order, so that no peer can write where it may not.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "lane/count.h"
#include "stream/blocks.h"
#include "stream/ids.h"
#include "stream/stream.h"

static struct ids sends, receives;

struct stream *stream_told;

void rendezvous_stop(void)
{
    ids_clear(&sends);
    ids_clear(&receives);
    stream_told = NULL;
}

uint64_t rendezvous_id(struct stream_send *send)
{
    return ids_add(&sends, send);
}

void rendezvous_told(struct stream_send *send)
{
    struct stream *s = send->stream;

    send->told = true;
    if (s->told++)
        return;
    s->next_told = stream_told;
    stream_told = s;
}

/* It is over, or its bytes go otherwise. */
static void tell_less(struct stream_send *send)
{
    struct stream **at = &stream_told;

    if (!send->told)
        return;
    send->told = false;
    if (--send->stream->told)
        return;
    while (*at != send->stream)
        at = &(*at)->next_told;
    *at = send->stream->next_told;
}

bool stream_help(void)
{
    bool helped = false;
    uint64_t ref;

    for (struct stream *s = stream_told; s; s = s->next_told) {
        const struct lane *out = s->peer.out;
        const struct stream_send *send;

        if (!out->copies || !out->copies(&s->peer, &ref))
            continue;
        send = ids_find(&sends, ref);
        if (!send || send->stream != s || !send->told)
            continue;
        out->help(&s->peer, send->bytes, send->size);
        helped = true;
    }
    return helped;
}

void rendezvous_end(struct stream_send *send, int error)
{
    static const size_t lists[] = {
        [SEND_WAITING] = offsetof(struct stream, waiting),
        [SEND_PARKED] = offsetof(struct stream, parked),
        [SEND_MOVING] = offsetof(struct stream, moving),
        [SEND_SENT] = offsetof(struct stream, sent),
    };

    assert(send->state < SEND_OVER);
    send_remove((struct send_list *)((char *)send->stream + lists[send->state]), send);
    tell_less(send);
    if (send->id)
        ids_remove(&sends, send->id);
    send->id = 0;
    if (send->shape)
        stream_piece_over();
    if (send->state != SEND_PARKED || send->rts)
        lane_owed--;
    send->state = SEND_OVER;
    if (send->kept)
        resend_own(send);
    send->done(send, error);
}

static void park(struct stream_send *send, enum send_state from, enum send_state to)
{
    struct stream *s = send->stream;

    assert(send->state == from);
    send_remove(from == SEND_PARKED ? &s->parked : &s->moving, send);
    send->state = (uint8_t)to;
    send_append(to == SEND_PARKED ? &s->parked : to == SEND_SENT ? &s->sent : &s->moving, send);
}

int rendezvous_move(struct stream *s)
{
    struct stream_send *send = s->moving.first;
    uint64_t piece = send->allowed - send->sent;
    struct dvm_frame frame = stream_blank(s, DVM_OP_DATA);
    int rc;

    if (piece > s->peer.payload_max && s->peer.out->widen)
        s->peer.out->widen(&s->peer, piece);
    if (piece > s->peer.payload_max)
        piece = s->peer.payload_max;
    frame.ref = send->peer_ref;
    frame.extra = send->sent;
    frame.size = send->size;
    frame.length = (uint32_t)piece;
    /* what is packed as it goes is not there to be sent again */
    rc = stream_frame(s, &frame, stream_piece(send, send->sent, piece),
                      send->shape ? NULL : send);
    if (rc != LANE_SENT)
        return rc;
    stream_piece_over();
    send->sent += piece;
    count_sent(0, piece);
    if (send->sent == send->size && send->kept)
        park(send, SEND_MOVING, SEND_SENT);
    else if (send->sent == send->size)
        rendezvous_end(send, DVM_OK);
    else if (send->sent == send->allowed)
        park(send, SEND_MOVING, SEND_PARKED);
    return LANE_SENT;
}

void rendezvous_cts(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct stream_send *send = ids_find(&sends, frame->ref);

    /* a late one: the send has failed or was revoked meanwhile */
    if (!send)
        return;
    if (send->stream != s || !send->rts || frame->extra > send->size ||
        frame->extra <= send->allowed) {
        lane_complain("dropped a CTS of tid %#x that makes no sense", s->peer.tid);
        return;
    }
    send->allowed = frame->extra;
    send->peer_ref = frame->context;
    tell_less(send);
    if (send->state == SEND_PARKED)
        park(send, SEND_PARKED, SEND_MOVING);
    stream_pump(s);
}

void rendezvous_done(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct stream_send *send = ids_find(&sends, frame->ref);

    if (!send)
        return;
    if (send->stream != s || send->state != SEND_PARKED || send->allowed ||
        !(send->rts || send->sync)) {
        lane_complain("dropped a DONE of tid %#x that makes no sense", s->peer.tid);
        return;
    }
    if (send->rts)
        count_sent(0, send->size); /* the receiver has copied it */
    rendezvous_end(send, DVM_OK);
}

/* Allow one more window. */
static void receive_grant(struct stream_receive *r)
{
    struct stream *s = r->stream;
    uint64_t window = s->in ? s->in->window : relay_lane.window;
    struct dvm_frame frame = stream_blank(s, DVM_OP_CTS);

    if (r->granted == r->size || r->granted - r->received > window / 2)
        return;
    r->granted = r->size - r->received > window ? r->received + window : r->size;
    frame.ref = r->peer_ref;
    frame.context = r->id;
    frame.extra = r->granted;
    stream_note(s, &frame);
}

static void receive_link(struct stream_receive *r)
{
    r->previous = NULL;
    r->next = r->stream->receiving;
    if (r->next)
        r->next->previous = r;
    r->stream->receiving = r;
    lane_owed++;
}

/* The bytes are here, by a copy. */
static void copy_over(struct stream_receive *r, enum choice_way way, bool helped)
{
    if (way == CHOICE_BOTH)
        choice_helped(&r->stream->choice, r->size, helped);
    choice_took(&r->stream->choice, way, r->size, clock_ns() - r->began);
    count_received(0, r->size);
    stream_matched(r->stream, r->peer_ref);
    r->done(r, DVM_OK);
}

/* They cannot be copied: not again, like ways that are so slow. */
static void copy_failed(struct stream_receive *r)
{
    choice_helped(&r->stream->choice, r->size, false);
    choice_took(&r->stream->choice, CHOICE_COPY, r->size, UINT64_MAX);
    choice_took(&r->stream->choice, CHOICE_BOTH, r->size, UINT64_MAX);
}

/* Copy the bytes from the sender's memory, where that is possible and faster. */
static bool receive_copy(struct stream_receive *r)
{
    struct stream *s = r->stream;
    enum both_result result;
    enum choice_way way;

    if (!r->remote || !r->buffer || !s->in || !s->in->copy)
        return false;
    way = choice_next(&s->choice, r->size);
    if (way == CHOICE_RING)
        return false;
    result = s->in->copy(&s->peer, r->peer_ref, r->remote, r->buffer, r->size,
                         way == CHOICE_BOTH);
    switch (result) {
    case BOTH_COPIED:
    case BOTH_HELPED:
        copy_over(r, way, result == BOTH_HELPED);
        return true;
    case BOTH_LEFT:
        s->copying = r;
        s->copies = s->in;
        receive_link(r);
        stream_watch_later(s);
        return true;
    default:
        copy_failed(r);
        return false;
    }
}

/* Have the bytes sent. */
static int receive_ask(struct stream_receive *r)
{
    r->id = ids_add(&receives, r);
    if (!r->id)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to receive %zu bytes from tid %#x",
                        r->size, r->stream->peer.tid);
    receive_link(r);
    receive_grant(r);
    return DVM_OK;
}

int stream_receive(struct stream_receive *r)
{
    assert(r->size && !r->stream->gone);
    r->received = r->granted = 0;
    r->id = 0;
    r->began = clock_ns();
    return receive_copy(r) ? DVM_OK : receive_ask(r);
}

static void dropped(struct stream_receive *r, int error)
{
    blocks_put(r, sizeof *r);
}

void stream_discard(struct stream *s, uint64_t ref, size_t size)
{
    struct stream_receive *r = blocks_get(sizeof *r);

    if (!r || s->gone) {
        blocks_put(r, sizeof *r);
        return;
    }
    *r = (struct stream_receive){.stream = s, .size = size, .peer_ref = ref, .done = dropped};
    if (stream_receive(r))
        blocks_put(r, sizeof *r);
}

static void receive_unlink(struct stream_receive *r)
{
    if (r->previous)
        r->previous->next = r->next;
    else
        r->stream->receiving = r->next;
    if (r->next)
        r->next->previous = r->previous;
    lane_owed--;
}

static void receive_end(struct stream_receive *r, int error)
{
    receive_unlink(r);
    if (r->id)
        ids_remove(&receives, r->id);
    r->id = 0;
    r->done(r, error);
}

void rendezvous_copied(struct stream *s, enum both_result result)
{
    struct stream_receive *r = s->copying;
    int rc;

    if (!r)
        return;
    s->copying = NULL;
    receive_unlink(r);
    if (result != BOTH_FAILED) {
        copy_over(r, CHOICE_BOTH, true);
        return;
    }
    copy_failed(r);
    rc = receive_ask(r);
    if (rc)
        r->done(r, rc);
}

/* The peer may be writing into the buffer of this receive: not any more. */
static void copy_end(struct stream_receive *r)
{
    struct stream *s = r->stream;

    if (s->copying != r)
        return;
    s->copying = NULL;
    if (!s->gone)
        s->copies->copy_end(&s->peer);
}

void stream_receive_forget(struct stream_receive *r)
{
    struct stream *s = r->stream;
    struct stream_receive *heir;

    if (s->copying == r) {
        copy_end(r);
        receive_unlink(r);
        stream_matched(s, r->peer_ref);
        return;
    }
    heir = blocks_get(sizeof *heir);
    receive_unlink(r);
    if (!heir) {
        /* the sender's data will be dropped one by one, and complained about */
        ids_remove(&receives, r->id);
        return;
    }
    *heir = *r;
    heir->buffer = NULL;
    heir->take = NULL;
    heir->done = dropped;
    ids_replace(&receives, r->id, heir);
    receive_link(heir);
}

void stream_send_abort(struct stream_send *send, int error)
{
    rendezvous_end(send, error);
}

/* The receive that a frame of DATA belongs to; NULL: none, or it makes no sense. */
static struct stream_receive *receive_of(struct stream *s, const struct dvm_frame *frame)
{
    struct stream_receive *r = ids_find(&receives, frame->ref);

    if (!r || r->stream != s || frame->extra != r->received || frame->length == 0 ||
        frame->length > r->granted - r->received)
        return NULL;
    return r;
}

uint8_t *rendezvous_into(struct stream *s, const struct dvm_frame *frame)
{
    struct stream_receive *r = receive_of(s, frame);

    return r && r->buffer ? r->buffer + r->received : NULL;
}

void rendezvous_data(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct stream_receive *r = receive_of(s, frame);

    if (!r) {
        lane_complain("dropped data of tid %#x that nobody waits for", s->peer.tid);
        return;
    }
    /* a lane may have put it there already (into) */
    if (r->buffer && payload != r->buffer + r->received)
        memcpy(r->buffer + r->received, payload, frame->length);
    else if (r->take)
        r->take(r, payload, frame->length);
    r->received += frame->length;
    count_received(0, frame->length);
    if (r->received == r->size && r->remote)
        choice_took(&s->choice, CHOICE_RING, r->size, clock_ns() - r->began);
    if (r->received == r->size) {
        resend_soon(s);
        receive_end(r, DVM_OK);
    } else {
        receive_grant(r);
    }
}

void rendezvous_fail(struct stream *s, int code)
{
    while (s->receiving) {
        copy_end(s->receiving);
        receive_end(s->receiving, code);
    }
}

void stream_matched(struct stream *s, uint64_t ref)
{
    struct dvm_frame frame = stream_blank(s, DVM_OP_DONE);

    frame.ref = ref;
    stream_note(s, &frame);
}
