/* receive.c: starting, cancelling and giving up receives. */
#include <assert.h>

#include "base/error.h"
#include "match/request.h"

/* Nothing that fits is here: wait for it, if it can come. */
static int post(struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;
    int rc;

    if (f->source != DVM_ANY && f->source != lane_self()) {
        struct stream *s = (struct stream *)lane_peer_recent(f->source);

        s = s ? s : stream_of(f->source);

        if (!s)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to receive from tid %#x", f->source);
        stream_watch_later(s);
    }
    /* now: a stream of a lost host is gone as soon as it is made */
    rc = gone_check(f);
    if (!rc)
        posted_add(r);
    return rc;
}

/* Receive an unexpected message, or post. */
static void start(struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;
    int rc = f->any_context ? DVM_OK : gone_revoked(f->context);
    struct dvm_message *m;

    if (rc) {
        request_complete(r, rc, NULL);
        return;
    }
    m = unexpected_none() ? NULL : unexpected_find(f);
    if (m) {
        if (deliver(r, &m->in))
            unexpected_free(m);
        return;
    }
    rc = post(r);
    if (rc)
        request_complete(r, rc, NULL);
}

int match_irecv(const struct match_filter *filter, const struct match_sink *sink,
                struct dvm_request **request)
{
    struct dvm_request *r = request_new(REQUEST_RECEIVE, sink->group);

    if (!r)
        return DVM_ERR_NO_MEMORY;
    r->receive.filter = *filter;
    r->receive.sink = *sink;
    r->shape = shape_hold(sink->shape);
    r->result = (struct match_result){.context = filter->context, .source = filter->source,
                                      .tag = filter->tag};
    start(r);
    *request = r;
    return DVM_OK;
}

struct dvm_request *match_receive_keep(const struct match_filter *filter,
                                       const struct match_sink *sink)
{
    struct dvm_request *r = request_new(REQUEST_RECEIVE, sink->group);

    if (!r)
        return NULL;
    r->persistent = true;
    r->state = REQUEST_IDLE;
    r->receive.filter = *filter;
    r->receive.sink = *sink;
    r->shape = shape_hold(sink->shape);
    return r;
}

void request_receive_again(struct dvm_request *r)
{
    const struct match_filter *f = &r->receive.filter;

    r->link.queue = NULL;
    r->result =
        (struct match_result){.context = f->context, .source = f->source, .tag = f->tag};
    start(r);
}

void request_abandon(struct dvm_request *r)
{
    if (r->kind == REQUEST_OPERATION) {
        match_release(r); /* who runs it knows it */
        return;
    }
    if (r->state == REQUEST_ACTIVE && r->kind == REQUEST_SEND && r->send.stream.stream)
        stream_send_abort(&r->send.stream, DVM_ERR_CANCELLED);
    else if (r->state == REQUEST_ACTIVE && r->kind == REQUEST_SEND)
        unexpected_forget(r);
    else if (r->state == REQUEST_ACTIVE)
        stream_receive_forget(&r->receive.stream);
    else if (r->state == REQUEST_POSTED)
        posted_remove(r);
    request_free(r);
}

int match_wait_as(enum dvm_board_call call, uintptr_t site, struct dvm_request *r,
                  struct match_result *result)
{
    size_t index;
    int rc = r->state == REQUEST_COMPLETE ? DVM_OK
                                          : match_wait_call(call, site, 1, &r, -1, &index);

    if (!rc)
        return match_finish(r, result);
    /* the buffer is the caller's again: nothing may be written there any more */
    request_abandon(r);
    return rc;
}

int match_wait(struct dvm_request *r, struct match_result *result)
{
    return match_wait_as(DVM_BOARD_NOTHING, 0, r, result);
}

int match_recv(const struct match_filter *filter, const struct match_sink *sink,
               struct match_result *result)
{
    struct dvm_request *r;
    int rc = match_irecv(filter, sink, &r);

    return rc ? rc : match_wait(r, result);
}

int match_cancel(struct dvm_request *r)
{
    if (r->state == REQUEST_IDLE)
        return dvm_fail(DVM_ERR_REQUEST, "dvm_cancel: the request is persistent and was not "
                                         "started");
    if (r->kind == REQUEST_OPERATION)
        return dvm_fail(DVM_ERR_REQUEST,
                        "dvm_cancel: a collective cannot be cancelled: others take part in it");
    if (r->kind != REQUEST_RECEIVE)
        return dvm_fail(DVM_ERR_REQUEST,
                        "dvm_cancel: a send cannot be cancelled: what was sent cannot be taken "
                        "back");
    if (r->state != REQUEST_POSTED)
        return DVM_OK;
    posted_remove(r);
    r->result.cancelled = true;
    request_complete(r, DVM_OK, NULL);
    return DVM_OK;
}
