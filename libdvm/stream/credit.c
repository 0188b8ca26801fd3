/* credit.c: how many bytes of messages a receiver must be ready to hold.
 *
 * Both sides count cost units since the stream began. The sender's spent never
 * passes credit; the receiver raises it (CREDIT, a running limit) to consumed +
 * window when half a window was consumed. A window starts small, doubles with
 * each CREDIT while there is traffic, up to STREAM_CREDIT_PAIR; the sum of all is
 * kept below STREAM_CREDIT_TOTAL, and with so many peers that the first windows alone would use
 * that up, below twice those.
 *
 * What is granted is never less than the largest message, lest a sender waits
 * with one while the receiver waits for half a window to be used.
 *
 * A receiver that is about to sleep may be waiting for just the message that its
 * credit holds back behind others. So it first lets starved senders have more, as
 * far as the total allows.
 */
#include <stdlib.h>

#include "stream/stream.h"

static struct {
    uint64_t total;   /* most that all windows may be together */
    uint64_t granted; /* what they are */
    uint64_t streams; /* that have one */
    bool asked;       /* the user has said how much */
    struct stream *starved;
    bool told;        /* that the total is used up */
} credit;

void credit_start(void)
{
    const char *text = getenv("DVM_CREDIT_BYTES");
    char *end = NULL;
    unsigned long long bytes = text ? strtoull(text, &end, 10) : 0;

    credit.total = text && *text && !*end && bytes ? bytes : STREAM_CREDIT_TOTAL;
    credit.asked = credit.total != STREAM_CREDIT_TOTAL;
    credit.granted = credit.streams = 0;
    credit.starved = NULL;
    credit.told = false;
}

void credit_open(struct stream *s)
{
    s->credit = s->granted = s->window = STREAM_CREDIT_START;
    credit.granted += s->window;
    credit.streams++;
}

void credit_close(struct stream *s)
{
    credit.granted -= s->window;
    credit.streams -= s->window > 0;
    s->window = 0;
}

/* Most that all windows may be now. What starts is known to both sides without a word, so there
 * must be more than that for those who wait. */
static uint64_t credit_limit(void)
{
    uint64_t starts = 2 * credit.streams * STREAM_CREDIT_START;

    return !credit.asked && starts > credit.total ? starts : credit.total;
}

/* Make the window larger by itself, no further than most. */
static void credit_double(struct stream *s, uint64_t most)
{
    if (s->window * 2 > most || credit.granted + s->window > credit_limit())
        return;
    credit.granted += s->window;
    s->window *= 2;
}

static void credit_tell(struct stream *s)
{
    struct dvm_frame frame = stream_blank(s, DVM_OP_CREDIT);

    s->granted = s->consumed + s->window;
    frame.extra = s->granted;
    stream_note(s, &frame);
}

/* Whether the sender may hold back a message that is as large as it may be. */
static bool credit_short(const struct stream *s)
{
    size_t largest = s->in ? s->in->eager_max : relay_lane.eager_max;

    return s->granted - s->came < STREAM_HEADER_COST + largest;
}

void stream_consumed(struct stream *s, uint64_t cost)
{
    s->consumed += cost;
    if (s->gone || (s->consumed + s->window - s->granted < s->window / 2 && !credit_short(s)))
        return;
    credit_double(s, STREAM_CREDIT_PAIR);
    credit_tell(s);
}

void credit_look(struct stream *s)
{
    if (s->starved || s->consumed == s->came || !credit_short(s))
        return;
    s->starved = true;
    s->next_starved = credit.starved;
    credit.starved = s;
}

/* Say once why a sender is held back although this task waits. */
static void credit_used_up(struct stream *s)
{
    if (!credit.told)
        lane_complain("note: messages wait here unreceived and use up the limit of %llu bytes; "
                      "tid %#x and others are held back until some are received "
                      "(DVM_CREDIT_BYTES raises the limit)",
                      (unsigned long long)credit_limit(), s->peer.tid);
    credit.told = true;
}

void stream_grant_starved(void)
{
    struct stream *list = credit.starved, *next;

    credit.starved = NULL;
    for (struct stream *s = list; s; s = next) {
        uint64_t before = s->window;

        next = s->next_starved;
        s->starved = false;
        if (s->gone)
            continue;
        credit_double(s, UINT64_MAX);
        if (s->window != before)
            credit_tell(s);
        else
            credit_used_up(s);
        /* once more before the next sleep, if that was not enough */
        credit_look(s);
    }
}

void credit_frame(struct stream *s, const struct dvm_frame *frame, const uint8_t *payload)
{
    if (frame->extra > s->credit) {
        s->credit = frame->extra;
        stream_pump(s);
    }
}
