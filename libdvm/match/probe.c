/* probe.c: looking at messages before they are received, and taking them. */
#include <assert.h>

#include "base/error.h"
#include "lane/board.h"
#include "match/request.h"

struct search {
    const struct match_filter *filter;
    const struct match_filter *wanted; /* what the board is to say */
    struct dvm_message *found;
    int error; /* why nothing can come any more */
};

static bool search(void *arg)
{
    struct search *s = arg;

    s->error = s->filter->any_context ? DVM_OK : gone_revoked(s->filter->context);
    if (s->error)
        return true;
    s->found = unexpected_find(s->filter);
    if (!s->found)
        s->error = gone_check(s->filter);
    return s->found || s->error;
}

static void search_describe(void *arg, struct dvm_wait *wait)
{
    const struct match_filter *f = ((const struct search *)arg)->wanted;

    wait->why = DVM_BOARD_MESSAGE;
    wait->peer = f->source;
    wait->tag = f->tag;
    wait->context = f->context;
}

/* Have the end of the source told, as a receive would. */
static void watch_source(const struct match_filter *filter)
{
    struct stream *s;

    if (filter->source == DVM_ANY || filter->source == lane_self())
        return;
    s = stream_of(filter->source);
    if (s)
        stream_watch_later(s);
}

int match_probe(const struct match_filter *filter, bool wait, bool take, uintptr_t site,
                bool *found, struct dvm_message **message, struct match_result *result)
{
    const struct board_subject subject = {.call = take ? DVM_BOARD_MPROBE : DVM_BOARD_PROBE,
                                          .site = site, .describe = search_describe};
    struct search s = {.filter = filter, .wanted = filter};
    int rc = DVM_OK;

    watch_source(filter);
    if (!search(&s))
        rc = match_wait_until(search, &s, wait ? -1 : 0, &subject);
    if (rc == DVM_ERR_TIMEOUT && !wait) {
        *found = false;
        return DVM_OK;
    }
    if (rc || s.error)
        return rc ? rc : s.error;
    *found = true;
    if (result)
        *result = s.found->in.what;
    if (take) {
        unexpected_take(s.found);
        *message = s.found;
    }
    return DVM_OK;
}

int match_take(const struct match_filter *filter, const struct match_filter *wanted,
               double timeout, uintptr_t site, struct dvm_message **message,
               struct match_result *result)
{
    const struct board_subject subject = {.call = DVM_BOARD_MPROBE, .site = site,
                                          .describe = search_describe};
    struct search s = {.filter = filter, .wanted = wanted};
    int rc = DVM_OK;

    if (!search(&s))
        rc = match_wait_until(search, &s, timeout, &subject);
    if (rc || s.error)
        return rc ? rc : s.error;
    *result = s.found->in.what;
    unexpected_take(s.found);
    *message = s.found;
    return DVM_OK;
}

bool match_peek(const struct match_filter *filter, struct match_result *result)
{
    const struct dvm_message *m = unexpected_find(filter);

    if (m)
        *result = m->in.what;
    return m;
}

int match_mrecv(struct dvm_message **message, const struct match_sink *sink,
                struct match_result *result)
{
    struct dvm_request *r = request_new(REQUEST_RECEIVE, sink->group);
    struct dvm_message *m = *message;

    if (!r)
        return DVM_ERR_NO_MEMORY;
    assert(m->taken);
    r->receive.sink = *sink;
    r->shape = shape_hold(sink->shape);
    /* a message that was not delivered stays, unless its bytes never come */
    if (deliver(r, &m->in) || (!m->in.whole && m->in.stream->gone)) {
        unexpected_free(m);
        *message = NULL;
    }
    return match_wait_as(DVM_BOARD_MRECV, sink->site, r, result);
}
