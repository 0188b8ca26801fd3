/* quick.c: a whole message straight from its ring, or connection, into the user's buffer.
 *
 * A blocking receive from one task, with nothing posted but receives of words (posted.c) and
 * nothing unexpected, needs no request and no queue: if the next frame of that task's ring is
 * the message, it is copied and its place given back. If it is not here yet, it is looked for
 * again for about as long as a neighbour takes to answer. Whatever is special (another type, a
 * message that does not fit, an announced one, a frame of another kind) is left to the general
 * way, which begins anew; and so is every QUICK_MOST-th receive, lest what else has come waits
 * for ever. The earliest posted receive takes its message in the same way: no receive before it
 * and, as it was posted, no message could be meant instead. A receive that is being posted does
 * so, too, when all before it have: then it is over before it was posted, and windows are
 * received while they come. Those who end such receives hear the others now and then
 * (match_breathe).
 *
 * A blocking receive from a task of another host does the same with its connection, if this task
 * reads that by itself. There each look is a system call, so it looks only where a wait would spin.
 */
#include "lane/bell.h"
#include "match/request.h"
#include "match/spin.h"

#define QUICK_LOOKS 100 /* at the ring, before the general way, which may sleep */
#define FAR_LOOKS 30    /* at a socket, likewise */
#define FAR_PAUSES 16   /* between them: who looks holds the socket, and its sender waits */
#define QUICK_MOST 32   /* receives in a row */

static unsigned row;
static unsigned at_once; /* receives that were over before they were posted, since progress */

static struct ring_wish wish_of(const struct match_small *small)
{
    return (struct ring_wish){.context = small->context, .tag = small->tag,
                              .any_tag = small->tag == DVM_ANY, .type = small->type,
                              .capacity = small->capacity, .buffer = small->buffer};
}

/* Take what is here by one of the two ways of a stream (stream_take_small, stream_take_far). */
static inline bool take_wish(bool (*way)(struct stream *s, struct ring_wish *wish),
                             struct stream *s, struct ring_wish *wish, struct match_small *small)
{
    if (!way(s, wish))
        return false;
    small->came_tag = wish->came_tag;
    small->came = wish->came;
    return true;
}

static bool take(struct stream *s, struct match_small *small)
{
    struct ring_wish wish = wish_of(small);

    return take_wish(stream_take_small, s, &wish, small);
}

/* The stream whose next message this posted receive may take straight from the ring, or NULL. */
static struct stream *stream_for(const struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;
    struct stream *s;

    if (f->source == DVM_ANY || f->any_context || f->accept || r->receive.sink.shape)
        return NULL;
    s = (struct stream *)lane_peer_recent(f->source);
    return s && s->peer.shm.polled && ring_ready(&s->peer.shm.in) ? s : NULL;
}

static void take_posted(void)
{
    struct dvm_request *r;
    struct stream *s;

    /* the earliest has no earlier one to leave the message to */
    while ((r = posted_earliest()) && (s = stream_for(r))) {
        const struct match_sink *sink = &r->receive.sink;
        struct match_small small = {.context = r->receive.filter.context,
                                    .tag = r->receive.filter.tag, .type = sink->type,
                                    .capacity = sink->capacity, .buffer = sink->buffer};

        if (!take(s, &small))
            return;
        posted_remove(r);
        r->result.tag = small.came_tag;
        r->result.bytes = small.came;
        r->result.type = small.type;
        request_complete(r, DVM_OK, NULL);
    }
}

void quick_progress(void)
{
    at_once = 0;
    take_posted();
}

bool quick_many(void)
{
    return at_once >= QUICK_MOST;
}

bool match_irecv_small(int source, struct match_small *small, int group,
                       struct dvm_request **request)
{
    struct stream *s = (struct stream *)lane_peer_recent(source);
    struct dvm_request *r;

    if (!s || !s->peer.shm.polled || !ring_ready(&s->peer.shm.in))
        return false;
    take_posted();
    if (!posted_none() || !unexpected_none() || !gone_none_revoked() ||
        !ring_ready(&s->peer.shm.in) || !(r = request_over(REQUEST_RECEIVE, group)))
        return false;
    if (!take(s, small)) {
        request_free(r);
        return false;
    }
    r->result.context = small->context;
    r->result.source = source;
    r->result.tag = small->came_tag;
    r->result.bytes = small->came;
    r->result.type = small->type;
    at_once++;
    *request = r;
    return true;
}

/* From a task of another host whose connection this one reads by itself. */
static bool recv_far(struct stream *s, struct match_small *small)
{
    struct ring_wish wish = wish_of(small);

    if (!wait_spins_freely())
        return false;
    for (unsigned looks = 0; looks < FAR_LOOKS && !lane_rung_near(); looks++) {
        if (direct_look(&s->peer))
            return direct_looks(&s->peer) && take_wish(stream_take_far, s, &wish, small);
        for (int i = 0; i < FAR_PAUSES; i++)
            wait_pause();
    }
    return false;
}

bool match_recv_small(int source, struct match_small *small)
{
    struct stream *s = (struct stream *)lane_peer_recent(source);
    struct ring_wish wish;

    if (!s || !posted_none() || !unexpected_none() || !gone_none_revoked() ||
        ++row >= QUICK_MOST) {
        row = 0;
        return false;
    }
    if (!s->peer.shm.polled)
        return s->peer.direct && direct_looks(&s->peer) && recv_far(s, small);
    wish = wish_of(small); /* before it is here: then each instruction counts */
    for (unsigned looks = 0; !bell_rung(); looks++) {
        if (ring_ready(&s->peer.shm.in))
            return take_wish(stream_take_small, s, &wish, small);
        if (looks >= QUICK_LOOKS || (looks == 0 && !wait_spins()))
            return false;
        wait_pause();
    }
    return false;
}
