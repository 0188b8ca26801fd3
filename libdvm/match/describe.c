/* describe.c: what an operation that is under way waits for, for the board. */
#include "lane/board.h"
#include "match/request.h"

static const uint8_t send_why[] = {
    [STREAM_WAITS_MATCH] = DVM_BOARD_MATCH,
    [STREAM_WAITS_CREDIT] = DVM_BOARD_CREDIT,
    [STREAM_WAITS_ROOM] = DVM_BOARD_ROOM,
    [STREAM_WAITS_BYTES] = DVM_BOARD_BYTES,
};

static void describe_send(const struct dvm_request *r, struct dvm_wait *wait)
{
    const struct stream_send *send = &r->send.stream;

    if (!wait->call) {
        wait->call = send->sync ? DVM_BOARD_SSEND : DVM_BOARD_SEND;
        wait->site = r->send.site;
    }
    wait->why = send->stream ? send_why[stream_waits(send)] : DVM_BOARD_MATCH;
    wait->peer = send->stream ? send->stream->peer.tid : r->result.source;
    wait->tag = r->result.tag;
    wait->context = r->result.context;
    wait->bytes = r->result.bytes;
}

static void describe_receive(const struct dvm_request *r, struct dvm_wait *wait)
{
    bool posted = r->state == REQUEST_POSTED;

    if (!wait->call) {
        wait->call = DVM_BOARD_RECV;
        wait->site = r->receive.sink.site;
    }
    wait->why = posted ? DVM_BOARD_MESSAGE : DVM_BOARD_BYTES;
    wait->peer = r->result.source;
    wait->tag = r->result.tag;
    wait->context = r->result.context;
    wait->bytes = posted ? r->receive.sink.capacity : r->result.bytes;
}

void request_describe(const struct dvm_request *r, struct dvm_wait *wait)
{
    if (r->kind == REQUEST_SEND)
        describe_send(r, wait);
    else if (r->kind == REQUEST_OPERATION)
        *wait = (struct dvm_wait){.call = wait->call, .site = wait->site,
                                  .requests = wait->requests, .why = DVM_BOARD_MESSAGE,
                                  .peer = DVM_ANY, .tag = DVM_ANY,
                                  .context = r->result.context};
    else
        describe_receive(r, wait);
    if (dvm_board_collective(wait->call))
        wait->tag = DVM_ANY; /* it is the library's own */
}

/* Of the messages of a stream that are on their way the one to be told of. */
static const struct stream_send *first_send(const struct stream *s)
{
    if (s->waiting.first)
        return s->waiting.first;
    return s->moving.first ? s->moving.first : s->parked.first;
}

void flush_describe(void *arg, struct dvm_wait *wait)
{
    const struct stream *s = stream_first();
    const struct stream_send *send;

    while (s && stream_idle(s))
        s = stream_next(s);
    send = s ? first_send(s) : NULL;
    wait->why = send ? send_why[stream_waits(send)] : DVM_BOARD_BYTES;
    wait->peer = s ? s->peer.tid : DVM_ANY;
    wait->tag = send ? send->tag : DVM_ANY;
    wait->context = send ? send->context : 0;
    if (s)
        stream_unsent(s, &wait->bytes);
}

/* A wait for a word. */
struct word_wait {
    uint64_t context;
    bool (*done)(void *arg);
    int (*peer)(void *arg);
    void *arg;
};

static bool word_done(void *arg)
{
    const struct word_wait *w = arg;

    return w->done(w->arg);
}

static void word_describe(void *arg, struct dvm_wait *wait)
{
    const struct word_wait *w = arg;

    wait->why = DVM_BOARD_MESSAGE;
    wait->peer = w->peer(w->arg);
    wait->tag = DVM_ANY;
    wait->context = w->context;
}

int match_wait_word(enum dvm_board_call call, uintptr_t site, uint64_t context,
                    bool (*done)(void *arg), int (*peer)(void *arg), void *arg)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = word_describe};
    struct word_wait w = {context, done, peer, arg};

    return match_wait_until(word_done, &w, -1, &subject);
}
