/* stream.c: the order of frames, both ways.
 *
 * Out: a message waits in a list until there is credit, room in the lane, and
 * nothing before it; frames of the stream's own (CTS, DONE, CREDIT) need no
 * credit and go first; DATA of rendezvous takes turns with new messages. Numbers
 * are given when a frame goes, so they have no holes.
 *
 * In: a frame is handled when all before it were. One that comes too early, by
 * a new lane, stays in that lane if it can keep it, else in a short list here.
 */
#include "stream/stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lane/count.h"
#include "stream/blocks.h"

#define EARLY_MAX 256 /* frames of one peer that may have overtaken others */
#define STREAM_SETTLES 2 /* frames for a peer after which it gets the best lane */
#define STREAM_LOOKS 256 /* frames between looks whether there is a better one; a power of 2 */

/* A frame of the stream's own that waits for room. */
struct note {
    struct note *next;
    struct dvm_frame frame;
};

struct early {
    struct early *next;
    struct dvm_frame frame;
    uint8_t payload[];
};

static const struct stream_up *upper;

const struct stream_up *stream_up(void)
{
    return upper;
}

/* ---- lists ------------------------------------------------------------------ */

void send_append(struct send_list *list, struct stream_send *send)
{
    send->next = NULL;
    send->previous = list->last;
    if (list->last)
        list->last->next = send;
    else
        list->first = send;
    list->last = send;
    list->count++;
    list->bytes += send->size;
}

void send_remove(struct send_list *list, struct stream_send *send)
{
    if (send->previous)
        send->previous->next = send->next;
    else
        list->first = send->next;
    if (send->next)
        send->next->previous = send->previous;
    else
        list->last = send->previous;
    list->count--;
    list->bytes -= send->size;
}

/* ---- out -------------------------------------------------------------------- */

struct dvm_frame stream_blank(const struct stream *s, enum dvm_frame_op op)
{
    return (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = (uint8_t)op,
                              .src = lane_self(), .dst = s->peer.tid};
}

/* There is more than one frame for this peer: be told of its end, and have the best
 * lane. A pair that exchanges one word in all (a worker that reports, a barrier)
 * costs neither. */
static void stream_settle(struct stream *s)
{
    stream_watch(s);
    lane_improve(&s->peer);
}

int stream_frame(struct stream *s, struct dvm_frame *frame, const void *payload,
                 struct stream_send *send)
{
    const struct lane *out = s->peer.out;
    int rc;

    frame->seq = s->send_seq + 1;
    rc = out->breaks ? resend_frame(s, frame, payload, send)
                     : out->send(&s->peer, frame, payload);
    if (rc == LANE_SENT && ++s->send_seq % STREAM_LOOKS == STREAM_SETTLES)
        stream_settle(s);
    if (rc == LANE_AGAIN)
        s->peer.blocked = true;
    return rc;
}

static void stream_open(struct stream *s)
{
    s->opened = true;
    /* a connection may have come from the other side */
    if (!s->peer.out)
        lane_open(&s->peer);
}

/* Send the notes that wait. Returns as a lane's send. */
static int notes_flush(struct stream *s)
{
    while (s->notes) {
        struct note *note = s->notes;
        int rc = stream_frame(s, &note->frame, NULL, NULL);

        if (rc != LANE_SENT)
            return rc;
        s->notes = note->next;
        if (!s->notes)
            s->last_note = NULL;
        blocks_put(note, sizeof *note);
        lane_owed--;
    }
    return LANE_SENT;
}

void stream_note(struct stream *s, const struct dvm_frame *frame)
{
    struct dvm_frame copy = *frame;
    struct note *note;

    if (s->gone)
        return;
    if (!s->opened)
        stream_open(s);
    if (!s->notes && !s->peer.blocked && stream_frame(s, &copy, NULL, NULL) == LANE_SENT)
        return;
    note = blocks_get(sizeof *note);
    if (!note) {
        lane_complain("no memory for a word to tid %#x", s->peer.tid);
        return;
    }
    note->frame = *frame;
    note->next = NULL;
    if (s->last_note)
        s->last_note->next = note;
    else
        s->notes = note;
    s->last_note = note;
    lane_owed++;
}

/* A piece of a message that is packed as it goes. */
static struct {
    _Alignas(DVM_LINE) uint8_t bytes[DVM_PAYLOAD_MAX];
    const struct stream_send *send; /* whose; NULL: nobody's */
    uint64_t at;
    size_t size;
} piece;

const uint8_t *stream_piece(const struct stream_send *send, uint64_t at, size_t bytes)
{
    if (!send->shape)
        return send->bytes + at;
    /* the lane had no room for it the last time */
    if (piece.send == send && piece.at == at && piece.size == bytes)
        return piece.bytes;
    assert(bytes <= sizeof piece.bytes);
    send->shape->pack(send->shape, send->bytes, at, piece.bytes, bytes);
    piece.send = send;
    piece.at = at;
    piece.size = bytes;
    return piece.bytes;
}

void stream_piece_over(void)
{
    piece.send = NULL;
}

static struct dvm_frame frame_of(const struct stream *s, const struct stream_send *send,
                                 bool eager)
{
    struct dvm_frame frame = stream_blank(s, eager ? DVM_OP_EAGER : DVM_OP_RTS);

    frame.flags = send->sync ? DVM_FLAG_SYNC : 0;
    frame.tag = send->tag;
    frame.context = send->context;
    frame.size = send->size;
    frame.ref = send->id;
    /* the receiver may copy the bytes itself, and says DONE then */
    if (!eager && s->peer.out->copy && !send->shape)
        frame.extra = (uint64_t)(uintptr_t)send->bytes;
    frame.length = eager ? (uint32_t)send->size : DVM_FRAME_HEAD(send->type);
    frame.type = send->type;
    return frame;
}

static uint64_t send_cost(const struct stream *s, const struct stream_send *send)
{
    return STREAM_HEADER_COST +
           (send->size <= s->peer.eager_max ? send->size : DVM_FRAME_HEAD(send->type));
}

enum stream_waits stream_waits(const struct stream_send *send)
{
    const struct stream *s = send->stream;

    if (send->state == SEND_PARKED)
        return STREAM_WAITS_MATCH;
    if (send->state != SEND_WAITING)
        return STREAM_WAITS_BYTES;
    if (!s->peer.out || s->peer.blocked || s->notes)
        return STREAM_WAITS_ROOM;
    return s->credit - s->spent < send_cost(s, s->waiting.first) ? STREAM_WAITS_CREDIT
                                                                 : STREAM_WAITS_ROOM;
}

/* Whether a message of this size goes whole. */
static bool goes_whole(struct stream *s, size_t size)
{
    if (__builtin_expect(size <= s->peer.eager_max, 1))
        return true;
    if (size > s->peer.out->eager_max || !s->peer.out->widen)
        return false;
    s->peer.out->widen(&s->peer, size);
    return size <= s->peer.eager_max;
}

/* Send the first waiting message, as EAGER or RTS, if credit allows. Returns as a
 * lane's send; AGAIN also for want of credit. */
static int send_begin(struct stream *s)
{
    struct stream_send *send = s->waiting.first;
    bool eager = goes_whole(s, send->size);
    uint64_t cost = STREAM_HEADER_COST + (eager ? send->size : DVM_FRAME_HEAD(send->type));
    struct dvm_frame frame;
    int rc;

    if (!eager || send->sync)
        stream_settle(s);
    if (s->credit - s->spent < cost)
        return LANE_AGAIN;
    if ((!eager || send->sync) && !send->id) {
        send->id = rendezvous_id(send);
        if (!send->id) {
            rendezvous_end(send, DVM_ERR_NO_MEMORY);
            return LANE_SENT;
        }
    }
    frame = frame_of(s, send, eager);
    rc = stream_frame(s, &frame, stream_piece(send, 0, frame.length), NULL);
    if (rc != LANE_SENT)
        return rc;
    stream_piece_over();
    s->spent += cost;
    count_sent(1, eager ? send->size : 0);
    send->rts = !eager;
    if (frame.extra)
        rendezvous_told(send);
    if (eager && !send->sync) {
        rendezvous_end(send, DVM_OK);
        return LANE_SENT;
    }
    send_remove(&s->waiting, send);
    send->state = SEND_PARKED;
    send_append(&s->parked, send);
    if (eager)
        lane_owed--; /* its match is all that it waits for */
    return LANE_SENT;
}

void stream_pump(struct stream *s)
{
    bool moved = true;

    while (moved && !s->gone && !s->peer.blocked) {
        moved = false;
        if ((s->resend.again || s->resend.due) && resend_again(s) != LANE_SENT)
            return;
        if (notes_flush(s) != LANE_SENT)
            return;
        if (s->waiting.first)
            moved = send_begin(s) == LANE_SENT;
        if (s->moving.first && !s->peer.blocked)
            moved |= rendezvous_move(s) == LANE_SENT;
    }
}

bool stream_send_now(struct stream *s, uint64_t context, int tag, const void *bytes, size_t size,
                     uint32_t type)
{
    struct dvm_frame frame;

    if (!s->opened || s->gone || s->peer.blocked || s->waiting.first || s->notes ||
        s->credit - s->spent < STREAM_HEADER_COST + size || !goes_whole(s, size))
        return false;
    if (size <= DVM_CELL_INLINE && s->peer.out == &shm_lane &&
        shm_put(&s->peer, context, tag, bytes, size, type)) {
        s->send_seq++;
        s->spent += STREAM_HEADER_COST + size;
        count_sent(1, size);
        return true;
    }
    frame = stream_blank(s, DVM_OP_EAGER);
    frame.tag = tag;
    frame.context = context;
    frame.size = size;
    frame.length = (uint32_t)size;
    frame.type = type;
    if (stream_frame(s, &frame, bytes, NULL) != LANE_SENT)
        return false;
    s->spent += STREAM_HEADER_COST + size;
    count_sent(1, size);
    return true;
}

void stream_send(struct stream_send *send)
{
    struct stream *s = send->stream;

    send->id = send->peer_ref = send->sent = send->allowed = 0;
    send->rts = send->told = false;
    send->kept = 0;
    send->state = SEND_WAITING;
    send_append(&s->waiting, send);
    lane_owed++;
    if (s->gone) {
        rendezvous_end(send, s->gone_code);
        return;
    }
    if (!s->opened)
        stream_open(s);
    stream_pump(s);
}

/* ---- in --------------------------------------------------------------------- */

static void on_message(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    bool eager = frame->op == DVM_OP_EAGER;

    uint32_t head = DVM_FRAME_HEAD(frame->type);

    if (frame->kind != DVM_KIND_MESSAGE || head > SHAPE_HEAD_MAX || frame->size < head ||
        (eager ? frame->size != frame->length : frame->length != head || frame->size == head)) {
        lane_complain("dropped a message of tid %#x that makes no sense", s->peer.tid);
        return;
    }
    s->came += stream_cost(frame);
    if (s->came > s->granted) {
        s->came -= stream_cost(frame);
        lane_complain("dropped a message of tid %#x, which has no credit", s->peer.tid);
        return;
    }
    count_received(1, frame->length);
    upper->message(s, frame, payload);
    credit_look(s);
}

bool stream_take_small(struct stream *s, struct ring_wish *wish)
{
    uint64_t cost, left = s->granted - s->came;

    wish->seq = s->recv_seq + 1;
    wish->credit = left - STREAM_HEADER_COST;
    if (s->early || left < STREAM_HEADER_COST + DVM_CELL_INLINE ||
        !shm_take_small(&s->peer, wish))
        return false;
    cost = STREAM_HEADER_COST + wish->came;
    s->recv_seq++;
    s->in = &shm_lane;
    s->came += cost;
    count_received(1, wish->came);
    stream_consumed(s, cost);
    return true;
}

/* What a caller waits for while frames of that stream are handed up. */
static struct {
    const struct stream *stream; /* NULL: nobody does */
    struct ring_wish *wish;
} wished;

bool stream_take_far(struct stream *s, struct ring_wish *wish)
{
    bool granted;

    wished.stream = s;
    wished.wish = wish;
    direct_take(&s->peer);
    granted = wished.stream == NULL;
    wished.stream = NULL;
    return granted;
}

/* Put the next frame where it is wished for, if it is that. */
static bool grant(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct ring_wish *wish = wished.wish;
    uint64_t cost = stream_cost(frame);

    if (frame->op != DVM_OP_EAGER || frame->kind != DVM_KIND_MESSAGE || frame->flags != 0 ||
        frame->context != wish->context || (frame->tag != wish->tag && !wish->any_tag) ||
        frame->type != wish->type || frame->size != frame->length ||
        frame->length > wish->capacity || s->came + cost > s->granted)
        return false;
    memcpy(wish->buffer, payload, frame->length);
    wish->came_tag = frame->tag;
    wish->came = frame->length;
    wished.stream = NULL;
    s->recv_seq++;
    s->came += cost;
    count_received(1, frame->length);
    stream_consumed(s, cost);
    return true;
}

static void (*const handlers[])(struct stream *s, const struct dvm_frame *frame,
                                const uint8_t *payload) = {
    [DVM_OP_EAGER] = on_message,
    [DVM_OP_RTS] = on_message,
    [DVM_OP_CTS] = rendezvous_cts,
    [DVM_OP_DATA] = rendezvous_data,
    [DVM_OP_DONE] = rendezvous_done,
    [DVM_OP_CREDIT] = credit_frame,
};

static void handle(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    s->recv_seq++;
    if (frame->op < sizeof handlers / sizeof handlers[0] && handlers[frame->op])
        handlers[frame->op](s, frame, payload);
    else
        lane_complain("dropped a frame of tid %#x with the unknown op %d", s->peer.tid,
                      frame->op);
}

/* Keep a frame until those before it have come. */
static void early_keep(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct early **at = &s->early;
    struct early *early;

    while (*at && (*at)->frame.seq < frame->seq)
        at = &(*at)->next;
    if (*at && (*at)->frame.seq == frame->seq)
        return;
    early = s->early_count < EARLY_MAX ? blocks_get(sizeof *early + frame->length) : NULL;
    if (!early) {
        lane_complain("dropped a frame of tid %#x that came too early", s->peer.tid);
        return;
    }
    early->frame = *frame;
    memcpy(early->payload, payload, frame->length);
    early->next = *at;
    *at = early;
    s->early_count++;
}

/* Take the first early frame out. */
static void early_drop(struct stream *s)
{
    struct early *early = s->early;

    s->early = early->next;
    s->early_count--;
    blocks_put(early, sizeof *early + early->frame.length);
}

/* Frames of the stream's that have no number. Returns whether it was one. */
static bool unnumbered(struct stream *s, const struct lane *lane, const struct dvm_frame *frame)
{
    if (frame->seq != 0 || s->gone)
        return false;
    if (frame->op == DVM_OP_ACK && lane->breaks)
        resend_ack(s, frame);
    else if (frame->op == DVM_OP_RESUME && !lane->breaks && !lane->holds)
        resend_resume(s, frame);
    else
        return false;
    return true;
}

static enum lane_taken on_frame(struct peer *peer, const struct lane *lane,
                                const struct dvm_frame *frame, const uint8_t *payload)
{
    struct stream *s = (struct stream *)peer;

    if (frame->kind == DVM_KIND_NOTIFY && frame->seq == 0 && !lane->holds) {
        upper->notice(frame, payload);
        return LANE_TAKEN;
    }
    if (s->gone || frame->seq <= s->recv_seq) {
        unnumbered(s, lane, frame);
        return LANE_TAKEN;
    }
    if (frame->seq != s->recv_seq + 1) {
        if (lane->holds)
            return LANE_HELD;
        early_keep(s, frame, payload);
        return LANE_TAKEN;
    }
    s->in = lane;
    if (wished.stream != s || !grant(s, frame, payload))
        handle(s, frame, payload);
    if (lane->breaks && !s->gone)
        resend_came(s, frame);
    while (s->early && s->early->frame.seq <= s->recv_seq + 1) {
        if (s->early->frame.seq == s->recv_seq + 1)
            handle(s, &s->early->frame, s->early->payload);
        early_drop(s);
    }
    return LANE_TAKEN;
}

/* ---- life ------------------------------------------------------------------- */

static void on_made(struct peer *peer)
{
    credit_open((struct stream *)peer);
    stream_watch_made((struct stream *)peer);
}

static void on_writable(struct peer *peer)
{
    struct stream *s = (struct stream *)peer;

    /* a new connection does not help: what the old one has lost is not known yet */
    if (s->resend.resumes)
        peer->blocked = true;
    else
        stream_pump(s);
}

static uint64_t on_taken(const struct peer *peer)
{
    return ((const struct stream *)peer)->recv_seq;
}

static void on_acknowledged(struct peer *peer, uint64_t number)
{
    resend_acknowledged((struct stream *)peer, number);
}

static uint8_t *on_into(struct peer *peer, const struct dvm_frame *frame)
{
    struct stream *s = (struct stream *)peer;

    if (s->gone || frame->op != DVM_OP_DATA || frame->seq != s->recv_seq + 1)
        return NULL;
    return rendezvous_into(s, frame);
}

static bool on_awaits(const struct peer *peer)
{
    return ((const struct stream *)peer)->receiving != NULL;
}

static void on_copied(struct peer *peer, enum both_result result)
{
    rendezvous_copied((struct stream *)peer, result);
}

static void on_lost(struct peer *peer, bool leaves)
{
    resend_lost((struct stream *)peer, leaves);
}

static void on_broken(struct peer *peer, int code, const char *why)
{
    char text[DVM_SENTENCE_MAX];

    snprintf(text, sizeof text, "tid %#x %s", peer->tid, why);
    lane_complain("%s", text);
    stream_gone((struct stream *)peer, code, text, false);
}

static const struct lane_up lane_calls = {
    .peer_size = sizeof(struct stream),
    .made = on_made,
    .frame = on_frame,
    .writable = on_writable,
    .broken = on_broken,
    .taken = on_taken,
    .acknowledged = on_acknowledged,
    .into = on_into,
    .awaits = on_awaits,
    .lost = on_lost,
    .copied = on_copied,
};

int stream_start(const struct lane_config *config, const struct stream_up *up)
{
    struct lane_config mine = *config;

    upper = up;
    mine.up = &lane_calls;
    credit_start();
    choice_start();
    stream_watch_start(up);
    return lane_start(&mine);
}

static void fail_list(struct send_list *list, int code)
{
    while (list->first)
        rendezvous_end(list->first, code);
}

/* Fail what is under way and free what waits. */
static void stream_close(struct stream *s, int code)
{
    resend_clear(s);
    /* the bytes have all gone, as they have by a lane that does not tell */
    fail_list(&s->sent, DVM_OK);
    fail_list(&s->waiting, code);
    fail_list(&s->parked, code);
    fail_list(&s->moving, code);
    rendezvous_fail(s, code);
    while (s->early)
        early_drop(s);
    while (s->notes) {
        struct note *note = s->notes;

        s->notes = note->next;
        blocks_put(note, sizeof *note);
        lane_owed--;
    }
    s->last_note = NULL;
}

void stream_stop(void)
{
    for (struct stream *s = stream_first(); s; s = stream_next(s)) {
        stream_close(s, DVM_ERR_CLOSING);
        free(s->gone_text);
    }
    stream_watch_stop();
    rendezvous_stop();
    lane_stop();
    blocks_clear();
}

struct stream *stream_of(int tid)
{
    struct peer *peer = lane_peer_recent(tid);

    return (struct stream *)(peer ? peer : lane_peer(tid));
}

struct stream *stream_known(int tid)
{
    return (struct stream *)lane_peer_known(tid);
}

struct stream *stream_first(void)
{
    return (struct stream *)lane_peers();
}

struct stream *stream_next(const struct stream *s)
{
    return (struct stream *)s->peer.next;
}

bool stream_gone(struct stream *s, int code, const char *text, bool left)
{
    if (s->gone)
        return false;
    /* what it sent before its end counts */
    lane_drain(&s->peer);
    if (s->gone)
        return false;
    s->gone = true;
    s->left = left;
    s->gone_code = code;
    s->gone_text = strdup(text);
    stream_close(s, code);
    credit_close(s);
    lane_forget(&s->peer, left);
    upper->gone(s);
    return true;
}

static void revoke_list(struct send_list *list, uint64_t context, int code)
{
    struct stream_send *next;

    for (struct stream_send *send = list->first; send; send = next) {
        next = send->next;
        if (send->context == context)
            rendezvous_end(send, code);
    }
}

void stream_revoke(uint64_t context, int code)
{
    for (struct stream *s = stream_first(); s; s = stream_next(s)) {
        revoke_list(&s->waiting, context, code);
        revoke_list(&s->parked, context, code);
        revoke_list(&s->moving, context, code);
        revoke_list(&s->sent, context, code);
    }
}

size_t stream_unsent(const struct stream *s, uint64_t *bytes)
{
    /* asked before each sleep of a wait, with a million messages in the first list */
    size_t count = s->waiting.count + s->moving.count;

    *bytes += s->waiting.bytes + s->moving.bytes;
    for (const struct stream_send *send = s->parked.first; send; send = send->next)
        if (send->rts) {
            count++;
            *bytes += send->size;
        }
    return count;
}

bool stream_went(const struct stream *s)
{
    uint64_t bytes = 0;

    return !s->notes && !s->resend.resumes && !s->waiting.first && stream_unsent(s, &bytes) == 0;
}

bool stream_idle(const struct stream *s)
{
    return !s->resend.first && stream_went(s);
}

void stream_settle_up(void)
{
    for (struct stream *s = stream_first(); s; s = stream_next(s))
        resend_ask(s);
}

void stream_hand_over(void)
{
    for (struct stream *s = stream_first(); s; s = stream_next(s))
        resend_hand_over(s);
}
