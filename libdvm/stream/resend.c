/* resend.c: nothing is lost when a connection breaks.
 *
 * A lane that may break (lane.breaks) has frames in sockets of both hosts that are gone with
 * the connection. So each frame that it took is kept here until the peer has acknowledged it:
 * small ones as a copy, the data of a rendezvous as a reference to the user's buffer, which
 * is given back only then. Lanes that do not break pay one test a frame.
 *
 * The number up to which frames were taken in stands before each frame of such a lane. One
 * that has nothing to send tells it by an ACK: after RESEND_FRAMES or RESEND_BYTES, when a
 * rendezvous is complete, and when it is asked to, because the other side has kept too much or
 * wants to leave.
 *
 *     one side notices                          the other
 *     lane lost; RESUME extra=taken  -- relay ->  gives its connection up, too
 *                                    <- relay --  RESUME extra=taken
 *     sends again what follows that              sends again what follows that
 *
 * Each break makes one RESUME each way, and the relay keeps their order: so a side that waits
 * for one takes the next as the answer, and a side that does not takes it as the news.
 * Nothing new is sent before what was kept is on its way, so numbers stay in order. Whatever
 * comes twice has an old number and is dropped.
 */
#include <assert.h>
#include <string.h>

#include "dvm.h"
#include "stream/blocks.h"
#include "stream/stream.h"

#define RESEND_MAX ((size_t)2 << 20)  /* bytes of copies that are kept of one stream */
#define RESEND_FRAMES 128             /* taken in since the last word about that */
#define RESEND_BYTES ((size_t)1 << 20)

/* A frame that may have to be sent again. */
struct kept {
    struct kept *next;
    struct dvm_frame frame;
    struct stream_send *send; /* whose buffer has the payload; NULL: it is here */
    bool lacking;             /* there was no memory for it: it cannot be sent again */
    uint8_t payload[];
};

static size_t kept_bytes(const struct kept *k)
{
    return sizeof *k + (k->send || k->lacking ? 0 : k->frame.length);
}

static const uint8_t *kept_payload(const struct kept *k)
{
    return k->send ? k->send->bytes + k->frame.extra : k->payload;
}

static void drop_first(struct stream *s)
{
    struct resend *r = &s->resend;
    struct kept *k = r->first;

    r->first = k->next;
    if (!r->first)
        r->last = NULL;
    if (r->again == k)
        r->again = k->next;
    r->bytes -= kept_bytes(k);
    blocks_put(k, kept_bytes(k));
}

/* Take the first one out, whose buffer may be given back. */
static void release_first(struct stream *s)
{
    struct stream_send *send = s->resend.first->send;

    drop_first(s);
    if (send && --send->kept == 0 && send->state == SEND_SENT)
        rendezvous_end(send, DVM_OK);
}

void resend_clear(struct stream *s)
{
    while (s->resend.first) {
        if (s->resend.first->send)
            s->resend.first->send->kept--;
        drop_first(s);
    }
    s->resend = (struct resend){0};
}

/* ---- words about what was taken in -------------------------------------------------- */

/* Tell the peer, or be told. */
static void tell(struct stream *s, uint8_t flags)
{
    struct dvm_frame frame = stream_blank(s, DVM_OP_ACK);
    int rc;

    if (s->gone || !s->peer.out || !s->peer.out->breaks)
        return;
    frame.flags = flags;
    rc = s->peer.out->send(&s->peer, &frame, NULL);
    if (rc == LANE_SENT) {
        s->resend.frames = 0;
        s->resend.came = 0;
        s->resend.due = false;
        s->resend.asked |= flags & DVM_FLAG_WANT;
    } else {
        s->resend.due = true;
        s->peer.blocked = true;
    }
}

void resend_ask(struct stream *s)
{
    if (s->resend.first && !s->resend.asked)
        tell(s, DVM_FLAG_WANT);
}

void resend_came(struct stream *s, const struct dvm_frame *frame)
{
    s->resend.frames++;
    s->resend.came += DVM_FRAME_BYTES + frame->length;
    if (s->resend.frames >= RESEND_FRAMES || s->resend.came >= RESEND_BYTES)
        tell(s, 0);
}

void resend_soon(struct stream *s)
{
    s->resend.came = RESEND_BYTES;
}

void resend_ack(struct stream *s, const struct dvm_frame *frame)
{
    if (frame->flags & DVM_FLAG_WANT)
        tell(s, 0);
}

void resend_acknowledged(struct stream *s, uint64_t number)
{
    struct resend *r = &s->resend;

    if (number <= r->acknowledged || s->gone)
        return;
    if (number > s->send_seq) {
        lane_up()->broken(&s->peer, DVM_ERR_PROTOCOL, "acknowledged what was not sent");
        return;
    }
    r->acknowledged = number;
    r->asked = false;
    while (r->first && r->first->frame.seq <= number)
        release_first(s);
    if (r->full && !s->gone) {
        r->full = false;
        s->peer.blocked = false;
        stream_pump(s);
    }
}

/* ---- keeping ------------------------------------------------------------------------ */

int resend_frame(struct stream *s, struct dvm_frame *frame, const void *payload,
                 struct stream_send *send)
{
    struct resend *r = &s->resend;
    size_t copy = send ? 0 : frame->length;
    struct kept *k;
    int rc;

    if (r->bytes + copy > RESEND_MAX) {
        r->full = true;
        resend_ask(s);
        return LANE_AGAIN;
    }
    k = blocks_get(sizeof *k + copy);
    /* without memory it takes the way on which nothing is lost */
    if (!k)
        return relay_lane.send(&s->peer, frame, payload);
    rc = s->peer.out->send(&s->peer, frame, payload);
    if (rc != LANE_SENT) {
        blocks_put(k, sizeof *k + copy);
        return rc;
    }
    k->frame = *frame;
    k->next = NULL;
    k->send = send;
    k->lacking = false;
    if (send)
        send->kept++;
    else if (copy)
        memcpy(k->payload, payload, copy);
    if (r->last)
        r->last->next = k;
    else
        r->first = k;
    r->last = k;
    r->bytes += kept_bytes(k);
    r->frames = 0;
    r->came = 0;
    return LANE_SENT;
}

/* The buffer of k's payload is given back: a copy in its place. */
static struct kept *copied(struct resend *r, struct kept *k)
{
    struct kept *copy = blocks_get(sizeof *copy + k->frame.length);

    if (!copy) {
        k->lacking = true;
        k->send = NULL;
        return k;
    }
    *copy = *k;
    memcpy(copy->payload, kept_payload(k), k->frame.length);
    copy->send = NULL;
    r->bytes += kept_bytes(copy) - kept_bytes(k);
    if (r->last == k)
        r->last = copy;
    if (r->again == k)
        r->again = copy;
    blocks_put(k, kept_bytes(k));
    return copy;
}

void resend_own(struct stream_send *send)
{
    struct resend *r = &send->stream->resend;

    for (struct kept **at = &r->first; *at && send->kept; at = &(*at)->next) {
        if ((*at)->send != send)
            continue;
        *at = copied(r, *at);
        send->kept--;
    }
    assert(send->kept == 0);
}

/* ---- after a break ------------------------------------------------------------------ */

int resend_again(struct stream *s)
{
    struct resend *r = &s->resend;
    int rc = LANE_SENT;

    if (r->due)
        tell(s, 0);
    if (!r->again)
        return s->peer.blocked ? LANE_AGAIN : LANE_SENT;
    /* whatever a completion starts waits for its turn */
    s->peer.blocked = true;
    while (r->again && rc == LANE_SENT && !s->gone) {
        struct kept *k = r->again;

        if (k->lacking) {
            lane_up()->broken(&s->peer, DVM_ERR_PROTOCOL,
                              "has lost what this task has no copy of");
            return LANE_AGAIN;
        }
        rc = s->peer.out->send(&s->peer, &k->frame, kept_payload(k));
        if (rc != LANE_SENT)
            break;
        r->again = k->next;
        if (!s->peer.out->breaks) {
            assert(k == r->first);
            release_first(s);
        }
    }
    if (rc == LANE_SENT && !s->gone)
        s->peer.blocked = false;
    return rc;
}

/* Send what was kept once more, and then whatever waits. */
static void start_again(struct stream *s)
{
    s->resend.again = s->resend.first;
    s->resend.full = s->resend.asked = s->resend.due = false;
    s->peer.blocked = false;
    stream_pump(s);
}

void resend_lost(struct stream *s, bool leaves)
{
    struct dvm_frame frame = stream_blank(s, DVM_OP_RESUME);

    if (s->gone)
        return;
    if (leaves) {
        start_again(s);
        return;
    }
    /* the answer never comes when the peer has ended, or ends before it reads this */
    stream_watch(s);
    s->resend.resumes++;
    s->resend.again = NULL;
    s->peer.blocked = true;
    frame.extra = s->recv_seq;
    relay_lane.send(&s->peer, &frame, NULL);
}

void resend_resume(struct stream *s, const struct dvm_frame *frame)
{
    struct resend *r = &s->resend;

    /* news; and when there is nothing that could break here, it wants its answer all the same */
    if (r->resumes == 0 && !lane_break(&s->peer) && !s->gone)
        resend_lost(s, false);
    if (s->gone || r->resumes == 0 || --r->resumes)
        return;
    if (frame->extra > s->send_seq || frame->extra < r->acknowledged) {
        lane_up()->broken(&s->peer, DVM_ERR_PROTOCOL, "has lost count of what was sent to it");
        return;
    }
    r->full = false;
    resend_acknowledged(s, frame->extra);
    if (!s->gone)
        start_again(s);
}

void resend_hand_over(struct stream *s)
{
    if (!s->resend.first || s->gone || s->resend.resumes)
        return;
    lane_open(&s->peer);
    start_again(s);
}
