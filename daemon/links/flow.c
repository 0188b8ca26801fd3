/* flow.c: the implementation of flow.h.
 *
 * The sender keeps one list: frames that were sent come first, then those that
 * were not. `again` walks over sent ones that go out once more, `fresh` marks the
 * first of the others. Resending is go-back-N: at most one window goes out twice,
 * and the receiver's early list makes a filled gap cheap. The timer is a last
 * resort, for losses that neither end nor the relay between them could notice.
 */
#include "daemon/links/flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void flow_init(struct flow *f, size_t window)
{
    memset(f, 0, sizeof *f);
    f->window = window;
    f->resend_at = f->ack_at = f->waits_since = FLOW_NEVER;
    f->resend_ms = FLOW_RESEND_FIRST_MS;
}

static void list_free(struct flow_frame *frame)
{
    while (frame) {
        struct flow_frame *next = frame->next;

        free(frame);
        frame = next;
    }
}

void flow_free(struct flow *f)
{
    list_free(f->head);
    list_free(f->early);
    flow_init(f, f->window);
}

struct flow_frame *flow_frame_create(size_t bytes)
{
    struct flow_frame *frame = malloc(sizeof *frame + bytes);

    if (frame) {
        frame->next = NULL;
        frame->seq = 0;
        frame->bytes = (uint32_t)bytes;
    }
    return frame;
}

void flow_push(struct flow *f, struct flow_frame *frame)
{
    frame->next = NULL;
    frame->seq = ++f->last;
    if (f->tail)
        f->tail->next = frame;
    else
        f->head = frame;
    f->tail = frame;
    f->bytes += frame->bytes;
    if (!f->fresh)
        f->fresh = frame;
}

const struct flow_frame *flow_peek(const struct flow *f)
{
    if (f->again && f->again->seq < f->again_end)
        return f->again;
    if (f->fresh && (f->window == 0 || f->unacked == 0 ||
                     f->unacked + f->fresh->bytes <= f->window))
        return f->fresh;
    return NULL;
}

void flow_sent(struct flow *f, uint64_t now)
{
    const struct flow_frame *frame = flow_peek(f);

    assert(frame);
    if (frame == f->fresh) {
        f->fresh = frame->next;
        f->sent = frame->seq;
        f->unacked += frame->bytes;
    } else {
        f->again = frame->next;
        f->resent++;
    }
    if (f->resend_at == FLOW_NEVER)
        f->resend_at = now + f->resend_ms;
    if (f->waits_since == FLOW_NEVER)
        f->waits_since = now;
    assert(f->sent <= f->last && f->unacked <= f->bytes);
}

static void again_all(struct flow *f, uint64_t now)
{
    if (f->sent == f->acked) {
        f->resend_at = FLOW_NEVER;
        return;
    }
    f->again = f->head;
    f->again_end = f->sent + 1;
    f->resend_at = now + f->resend_ms;
}

void flow_rewind(struct flow *f, uint64_t now)
{
    f->resend_ms = f->acked ? FLOW_RESEND_MS : FLOW_RESEND_FIRST_MS;
    again_all(f, now);
}

/* Forget what has arrived. */
static void drop_acked(struct flow *f, uint64_t ack)
{
    while (f->head && f->head->seq <= ack) {
        struct flow_frame *frame = f->head;

        assert(frame != f->fresh);
        f->head = frame->next;
        if (f->again == frame)
            f->again = frame->next;
        f->bytes -= frame->bytes;
        f->unacked -= frame->bytes;
        free(frame);
    }
    if (!f->head)
        f->tail = NULL;
    f->acked = ack;
}

void flow_ack(struct flow *f, uint64_t now, uint64_t ack, uint64_t early)
{
    if (ack > f->sent)
        return; /* not of this flow: whoever says so is wrong */
    if (ack > f->acked) {
        drop_acked(f, ack);
        f->resend_ms = FLOW_RESEND_MS;
        f->resend_at = f->sent == f->acked ? FLOW_NEVER : now + f->resend_ms;
        f->waits_since = f->sent == f->acked ? FLOW_NEVER : now;
    }
    if (early <= ack + 1 || early > f->sent || ack < f->acked)
        return;
    if (f->filled == ack + 1 && now < f->filled_at + FLOW_FILL_MS)
        return;
    f->filled = ack + 1;
    f->filled_at = now;
    f->again = f->head;
    f->again_end = early;
}

enum flow_verdict flow_check(struct flow *f, uint64_t now, uint64_t seq, size_t bytes)
{
    if (f->ack_at == FLOW_NEVER)
        f->ack_at = now + FLOW_ACK_DELAY_MS;
    if (seq <= f->got) {
        f->duplicates++;
        f->ack_frames++;
        return FLOW_DROP;
    }
    if (seq == f->got + 1) {
        f->got = seq;
        f->ack_frames++;
        f->ack_bytes += bytes;
        return FLOW_NEXT;
    }
    if (f->early_frames >= FLOW_EARLY_FRAMES || f->early_bytes + bytes > FLOW_EARLY_BYTES)
        return FLOW_DROP;
    return FLOW_EARLY;
}

void flow_keep(struct flow *f, struct flow_frame *frame)
{
    struct flow_frame **at = &f->early;

    if (f->early_tail && f->early_tail->seq < frame->seq)
        at = &f->early_tail->next;
    while (*at && (*at)->seq < frame->seq)
        at = &(*at)->next;
    if (*at && (*at)->seq == frame->seq) {
        f->duplicates++;
        free(frame);
        return;
    }
    frame->next = *at;
    *at = frame;
    if (!frame->next)
        f->early_tail = frame;
    f->early_frames++;
    f->early_bytes += frame->bytes;
}

struct flow_frame *flow_early(struct flow *f, uint64_t now)
{
    while (f->early && f->early->seq <= f->got + 1) {
        struct flow_frame *frame = f->early;

        f->early = frame->next;
        if (!f->early)
            f->early_tail = NULL;
        frame->next = NULL;
        f->early_frames--;
        f->early_bytes -= frame->bytes;
        if (flow_check(f, now, frame->seq, frame->bytes) == FLOW_NEXT)
            return frame;
        free(frame); /* it came again, in turn, meanwhile */
    }
    return NULL;
}

bool flow_ack_due(const struct flow *f, uint64_t now)
{
    return f->ack_at != FLOW_NEVER && (now >= f->ack_at || f->ack_frames >= FLOW_ACK_FRAMES ||
                                       f->ack_bytes >= FLOW_ACK_BYTES);
}

void flow_ack_sent(struct flow *f, bool alone)
{
    if (!alone && f->early)
        return; /* the gap has yet to be told */
    f->ack_at = FLOW_NEVER;
    f->ack_frames = 0;
    f->ack_bytes = 0;
}

uint64_t flow_gap(const struct flow *f)
{
    return f->early ? f->early->seq : 0;
}

uint64_t flow_deadline(const struct flow *f)
{
    return f->ack_at < f->resend_at ? f->ack_at : f->resend_at;
}

void flow_tick(struct flow *f, uint64_t now)
{
    if (now < f->resend_at)
        return;
    f->resend_ms = f->resend_ms * 2 > FLOW_RESEND_MAX_MS ? FLOW_RESEND_MAX_MS : f->resend_ms * 2;
    again_all(f, now);
}
