/* deliver.c: a message and a receive meet.
 *
 * The receive's sink is asked first, before a byte moves: a message that it
 * cannot take stays as it was, and the receive fails. A whole message is then
 * copied or converted; of an announced one (RTS) the bytes are sent for, straight
 * into the user's buffer when they need no conversion.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/request.h"

void (*match_on_word)(const struct match_result *what);

static bool closing; /* the task leaves: what arrives is dropped */

void deliver_open(bool receives)
{
    closing = !receives;
}

bool deliver_fits(const struct match_filter *f, const struct match_result *what)
{
    return (f->any_context || f->context == what->context) &&
           (f->source == DVM_ANY || f->source == what->source) &&
           (f->tag == DVM_ANY || f->tag == what->tag) &&
           (!f->accept ||
            f->accept(f->accept_arg, what->source, what->tag, what->bytes, what->type));
}

enum { CONVERT = 1, TAKE = 2 }; /* instead of a plain copy: see match_sink.check */

/* As match_sink.check. */
static int ask_sink(const struct match_sink *sink, struct match_result *what)
{
    int how = sink->check ? sink->check(sink, what) : DVM_OK;

    assert(how <= TAKE && (how != CONVERT || sink->convert) && (how != TAKE || sink->take));
    if (how == DVM_OK && what->bytes > sink->capacity)
        return dvm_fail(DVM_ERR_TRUNCATE,
                        "tid %#x sent %zu bytes, tag %d; this task posted %zu bytes (called "
                        "from %#lx); the message stays and can be received again",
                        what->source, what->bytes, what->tag, sink->capacity,
                        (unsigned long)sink->site);
    return how;
}

void deliver_consumed(const struct incoming *in)
{
    if (in->local)
        request_complete(in->local, DVM_OK, NULL);
    if (!in->stream)
        return;
    /* an RTS is answered by its CTS */
    if (in->sync && in->whole)
        stream_matched(in->stream, in->ref);
    stream_consumed(in->stream, in->cost);
}

void deliver_discard(const struct incoming *in)
{
    if (!in->whole && !in->stream->gone)
        stream_discard(in->stream, in->ref, in->what.bytes);
    deliver_consumed(in);
}

static void on_received(struct stream_receive *record, int error);

struct dvm_request *deliver_request(struct stream_receive *record)
{
    if (record->done != on_received)
        return NULL;
    return (struct dvm_request *)((char *)record - offsetof(struct dvm_request, receive.stream));
}

static void on_received(struct stream_receive *record, int error)
{
    struct dvm_request *r = deliver_request(record);
    const char *text = error ? record->stream->gone_text : NULL;

    if (!error && r->raw)
        error = r->receive.sink.convert(&r->receive.sink, &r->result, r->raw);
    free(r->raw);
    r->raw = NULL;
    request_complete(r, error, text);
}

static void on_piece(struct stream_receive *record, const uint8_t *bytes, size_t size)
{
    const struct dvm_request *r = deliver_request(record);

    r->receive.sink.take(&r->receive.sink, &r->result, record->received, bytes, size);
}

/* Have the bytes of an announced message sent. */
static int fetch(struct dvm_request *r, const struct incoming *in, int how)
{
    struct stream *s = in->stream;
    int rc;

    if (s->gone)
        return dvm_fail(s->gone_code, "%s", s->gone_text);
    if (how == CONVERT) {
        r->raw = malloc(in->what.bytes);
        if (!r->raw)
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the %zu bytes of a message",
                            in->what.bytes);
    }
    r->receive.stream = (struct stream_receive){
        .stream = s, .take = how == TAKE ? on_piece : NULL,
        .buffer = how == CONVERT ? r->raw : how == TAKE ? NULL : r->receive.sink.buffer,
        .size = in->what.bytes, .peer_ref = in->ref, .remote = in->remote,
        .done = on_received};
    rc = stream_receive(&r->receive.stream);
    if (rc) {
        free(r->raw);
        r->raw = NULL;
    }
    return rc;
}

bool deliver(struct dvm_request *r, const struct incoming *in)
{
    const struct match_sink *sink = &r->receive.sink;
    int how, rc;

    assert(r->state == REQUEST_ACTIVE);
    r->result = in->what;
    how = ask_sink(sink, &r->result);
    rc = how < 0 ? how : DVM_OK;
    r->result.head = NULL;
    if (!rc && !in->whole) {
        rc = fetch(r, in, how);
        if (!rc) {
            deliver_consumed(in);
            return true;
        }
    }
    if (rc) {
        request_complete(r, rc, NULL);
        return false;
    }
    if (how == TAKE)
        sink->take(sink, &in->what, 0, in->payload, in->what.bytes);
    else if (how == CONVERT)
        rc = sink->convert(sink, &in->what, in->payload);
    else if (in->what.bytes)
        memcpy(sink->buffer, in->payload, in->what.bytes);
    request_complete(r, rc, NULL);
    deliver_consumed(in);
    return true;
}

bool deliver_arrival(const struct incoming *in)
{
    struct dvm_request *r;

    if (closing || gone_revoked(in->what.context)) {
        deliver_discard(in);
        return true;
    }
    while ((r = posted_find(&in->what))) {
        posted_remove(r);
        if (deliver(r, in))
            return true;
    }
    /* a thread may wait in a probe */
    wait_changed();
    if (!unexpected_add(in))
        return false;
    if (in->what.context & MATCH_WORDS && in->what.tag > 0 && match_on_word)
        match_on_word(&in->what);
    return true;
}

/* A message that somebody sent arrived. */
static void arrival(const struct incoming *in)
{
    if (deliver_arrival(in))
        return;
    lane_complain("no memory for a message of %zu bytes from tid %#x: it is lost",
                  in->what.bytes, in->what.source);
    deliver_discard(in);
}

static struct match_result result_of(const struct dvm_frame *frame, const uint8_t *payload)
{
    uint32_t head = DVM_FRAME_HEAD(frame->type);

    return (struct match_result){.context = frame->context, .source = frame->src,
                                 .tag = frame->tag, .bytes = frame->size,
                                 .type = frame->type, .error = DVM_OK,
                                 .head = head && head <= frame->length ? payload : NULL};
}

void deliver_message(struct stream *stream, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    struct incoming in = {.what = result_of(frame, payload), .stream = stream, .ref = frame->ref,
                          .remote = frame->op == DVM_OP_RTS ? frame->extra : 0,
                          .cost = stream_cost(frame), .whole = frame->op == DVM_OP_EAGER,
                          .sync = frame->flags & DVM_FLAG_SYNC, .payload = payload};

    arrival(&in);
}

void deliver_notice(const struct dvm_frame *frame, const uint8_t *payload)
{
    struct incoming in = {.what = result_of(frame, payload), .whole = true, .payload = payload};
    struct stream *s = stream_known(frame->src);

    if (frame->op != DVM_OP_EAGER || frame->size != frame->length) {
        lane_complain("dropped a notice that makes no sense");
        return;
    }
    /* what the ended task sent comes before the word of its end */
    if (s)
        lane_drain(&s->peer);
    arrival(&in);
}
