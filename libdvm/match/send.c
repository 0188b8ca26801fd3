/* send.c: starting sends.
 *
 * A small message that credit and lane take at once needs no request at all.
 * Buffered sends keep a copy in a request of their own, which nobody waits for;
 * the copies are counted, and past DVM_BSEND_BYTES the sender waits. Messages to
 * this task itself go straight to the matcher and are copied when no receive is
 * posted, so that a send to oneself never waits.
 */
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lane/board.h"
#include "match/request.h"

#define PACKED_MAX 4096 /* bytes of a message that is packed for one try to send it at once */
#define WHOLE_MAX ((size_t)16 << 20) /* of one that is packed in one piece for a neighbour */
#define SPARE_MAX ((size_t)8 << 20)  /* of the memory for that, and for copies, which is kept */
#define SPARE_WASTE 4 /* it serves what has at least that part of its size */
#define BSEND_BYTES ((size_t)512 << 20) /* of copies a task keeps; DVM_BSEND_BYTES */

static struct {
    size_t kept;  /* bytes of copies */
    size_t limit;
    bool told;    /* that the limit was reached */
} buffered;

/* A copy of a message, for one send or for several (match_share_begin). */
struct send_copy {
    size_t users;
    max_align_t bytes[];
};

/* While one message is sent to many. */
static struct {
    bool on;
    const void *buffer; /* of what the copy is, */
    size_t bytes;
    struct send_copy *copy; /* and it, with a use for this; NULL: none was needed yet */
} sharing;

/* A message as the user gave it. */
struct outgoing {
    enum match_mode mode;
    uint64_t context;
    int dest, tag;
    const void *buffer;
    size_t bytes;
    uint32_t type;
    uintptr_t site;
    int group;
    struct shape *shape;
};

void send_start(void)
{
    const char *text = getenv("DVM_BSEND_BYTES");
    char *end = NULL;
    unsigned long long bytes = text ? strtoull(text, &end, 10) : 0;

    buffered.limit = text && *text && !*end && bytes ? (size_t)bytes : BSEND_BYTES;
    buffered.kept = 0;
    buffered.told = false;
}

/* Memory for packed messages and copies: one piece is kept for the next, since to have pages
 * from the kernel anew costs as much as filling them. */
static struct {
    void *bytes; /* NULL: in use, or none */
    size_t size;
} spare;

static void *packed_get(size_t size)
{
    void *bytes = spare.bytes;

    if (!bytes || spare.size < size || spare.size / SPARE_WASTE > size)
        return malloc(size);
    spare.bytes = NULL;
    return bytes;
}

static void packed_put(void *bytes)
{
    size_t size = malloc_usable_size(bytes);

    if (size > SPARE_MAX || (spare.bytes && spare.size >= size)) {
        free(bytes);
        return;
    }
    free(spare.bytes);
    spare.bytes = bytes;
    spare.size = size;
}

void send_stop(void)
{
    free(spare.bytes);
    spare.bytes = NULL;
}

void send_copy_drop(struct send_copy *copy)
{
    if (--copy->users == 0)
        packed_put(copy);
}

void match_share_begin(void)
{
    sharing.on = true;
}

void match_share_end(void)
{
    if (sharing.copy)
        send_copy_drop(sharing.copy);
    sharing.copy = NULL;
    sharing.on = false;
}

static void on_sent(struct stream_send *record, int error)
{
    struct dvm_request *r = (struct dvm_request *)((char *)record - offsetof(struct dvm_request,
                                                                            send.stream));

    if (r->copy) {
        buffered.kept -= record->size;
        send_copy_drop(r->copy);
        r->copy = NULL;
    }
    if (r->send.packed)
        packed_put(r->send.packed);
    r->send.packed = NULL;
    request_complete(r, error, record->stream->gone ? record->stream->gone_text : NULL);
}

/* A copy of the message; NULL, with the sentence kept, without memory. */
static struct send_copy *copy_of(const struct outgoing *o)
{
    bool shares = sharing.on && !o->shape;
    struct send_copy *copy;

    if (shares && sharing.copy && sharing.buffer == o->buffer && sharing.bytes == o->bytes) {
        sharing.copy->users++;
        return sharing.copy;
    }
    copy = packed_get(sizeof *copy + o->bytes);
    if (!copy) {
        dvm_fail(DVM_ERR_NO_MEMORY, "no memory to keep a copy of %zu bytes", o->bytes);
        return NULL;
    }
    copy->users = 1;
    if (o->shape)
        o->shape->pack(o->shape, o->buffer, 0, copy->bytes, o->bytes);
    else if (o->bytes)
        memcpy(copy->bytes, o->buffer, o->bytes);
    if (shares && !sharing.copy) {
        copy->users++;
        sharing.copy = copy;
        sharing.buffer = o->buffer;
        sharing.bytes = o->bytes;
    }
    return copy;
}

/* To this task itself. local: the request of a synchronous send, or NULL. */
static int send_self(const struct outgoing *o, struct dvm_request *local)
{
    struct incoming in = {.what = {.context = o->context, .source = o->dest, .tag = o->tag,
                                   .bytes = o->bytes, .type = o->type},
                          .whole = true, .local = local, .payload = o->buffer};
    struct send_copy *packed = o->shape ? copy_of(o) : NULL;
    bool delivered;

    if (o->shape && !packed)
        return DVM_ERR_NO_MEMORY;
    if (packed)
        in.payload = (const uint8_t *)packed->bytes;
    if (DVM_FRAME_HEAD(o->type))
        in.what.head = in.payload;
    delivered = deliver_arrival(&in);
    if (packed)
        send_copy_drop(packed);
    if (delivered)
        return DVM_OK;
    return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a message of %zu bytes to this task itself",
                    o->bytes);
}

static struct dvm_request *send_request(const struct outgoing *o)
{
    struct dvm_request *r = request_new(REQUEST_SEND, o->group);

    if (r)
        r->result = (struct match_result){.context = o->context, .source = lane_self(),
                                          .tag = o->tag, .bytes = o->bytes, .type = o->type};
    if (r) {
        r->send.site = o->site;
        r->shape = shape_hold(o->shape);
    }
    return r;
}

/* Whether a message with a shape is better packed in one piece: a neighbour can copy that at
 * once, which is faster where both do not have a core. */
static bool packs_whole(const struct outgoing *o, const struct stream *s)
{
    const struct lane *out = s->peer.out;

    return o->shape && out && out->copy && o->bytes > out->eager_max && o->bytes <= WHOLE_MAX;
}

static void send_stream(const struct outgoing *o, struct stream *s, struct dvm_request *r)
{
    void *piece = r->copy ? r->copy->bytes : NULL;

    if (!piece && packs_whole(o, s) && (piece = packed_get(o->bytes))) {
        o->shape->pack(o->shape, o->buffer, 0, piece, o->bytes);
        r->send.packed = piece;
    }
    r->send.stream = (struct stream_send){
        .stream = s, .context = o->context, .bytes = piece ? piece : o->buffer,
        .shape = piece ? NULL : o->shape,
        .size = o->bytes, .tag = o->tag, .type = o->type, .sync = o->mode == MATCH_SYNC,
        .done = on_sent};
    stream_send(&r->send.stream);
}

/* Start what was not over at once; r completes with it. */
static void send_long(const struct outgoing *o, struct stream *s, struct dvm_request *r)
{
    int rc = DVM_OK;

    if (s)
        send_stream(o, s, r);
    else
        rc = send_self(o, r);
    if (rc)
        request_complete(r, rc, NULL);
}

static bool has_room(void *arg)
{
    size_t bytes = *(const size_t *)arg;

    return buffered.kept == 0 || buffered.kept + bytes <= buffered.limit;
}

/* Somebody who has not taken what was sent to him with dvm_bsend. */
static void room_describe(void *arg, struct dvm_wait *wait)
{
    flush_describe(arg, wait);
    wait->why = DVM_BOARD_COPIES;
    wait->bytes = *(const size_t *)arg;
}

/* Wait until one more copy may be kept. */
static int wait_room(const struct outgoing *o)
{
    const struct board_subject subject = {
        .call = DVM_BOARD_BSEND, .site = o->site, .describe = room_describe};
    size_t bytes = o->bytes;

    if (has_room(&bytes))
        return DVM_OK;
    if (!buffered.told)
        fprintf(stderr, "dvm: tid %#x: buffered sends hold %zu bytes that their receivers do "
                "not take; the next waits for room (DVM_BSEND_BYTES raises the limit)\n",
                lane_self(), buffered.kept);
    buffered.told = true;
    return match_wait_until(has_room, &bytes, -1, &subject);
}

/* Keep a copy of a message and send that. */
static int send_copy(const struct outgoing *o, struct stream *s)
{
    int rc = wait_room(o);
    struct dvm_request *r = rc ? NULL : send_request(o);

    if (!r)
        return rc ? rc : DVM_ERR_NO_MEMORY;
    r->copy = copy_of(o);
    if (!r->copy) {
        request_free(r);
        return DVM_ERR_NO_MEMORY;
    }
    buffered.kept += o->bytes;
    match_release(r);
    send_stream(o, s, r);
    return DVM_OK;
}

/* Whatever must be known before a message to another task can go. */
static int send_check(const struct outgoing *o, struct stream **out)
{
    int rc = gone_revoked(o->context);
    struct stream *s;

    if (rc)
        return rc;
    *out = NULL;
    if (o->dest == lane_self())
        return DVM_OK;
    if (!DVM_TID_OK(o->dest) || DVM_TID_N(o->dest) == 0)
        return dvm_fail(DVM_ERR_NO_TASK, "%#x is no task's id", o->dest);
    s = stream_of(o->dest);
    if (!s)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to send to tid %#x", o->dest);
    if (s->gone)
        return dvm_fail(s->gone_code, "%s", s->gone_text);
    *out = s;
    return DVM_OK;
}

/* Send a message at once, if that is possible; a short one with a shape is packed for it. */
static bool send_now(const struct outgoing *o, struct stream *s)
{
    static uint8_t packed[PACKED_MAX];

    if (!o->shape)
        return stream_send_now(s, o->context, o->tag, o->buffer, o->bytes, o->type);
    if (o->bytes > sizeof packed)
        return false;
    o->shape->pack(o->shape, o->buffer, 0, packed, o->bytes);
    return stream_send_now(s, o->context, o->tag, packed, o->bytes, o->type);
}

/* Send what needs no waiting: *over says whether that was all. */
static int send_short(const struct outgoing *o, struct stream *s, bool *over)
{
    *over = true;
    if (o->mode == MATCH_SYNC) {
        *over = false;
    } else if (!s) {
        return send_self(o, NULL);
    } else if (!send_now(o, s)) {
        if (o->mode == MATCH_BUFFERED)
            return send_copy(o, s);
        *over = false;
    }
    return DVM_OK;
}

struct match_way *match_way(int dest)
{
    bool possible = dest != lane_self() && DVM_TID_OK(dest) && DVM_TID_N(dest) != 0;

    return possible ? (struct match_way *)stream_known(dest) : NULL;
}

bool match_send_small(struct match_way *way, uint64_t context, int tag, const void *buffer,
                      size_t bytes, uint32_t type)
{
    return gone_none_revoked() &&
           stream_send_now((struct stream *)way, context, tag, buffer, bytes, type);
}

bool match_isend_small(struct match_way *way, uint64_t context, int tag, const void *buffer,
                       size_t bytes, uint32_t type, int group, struct dvm_request **request)
{
    struct dvm_request *r;

    if (!gone_none_revoked() || !(r = request_over(REQUEST_SEND, group)))
        return false; /* the general way says why */
    if (!stream_send_now((struct stream *)way, context, tag, buffer, bytes, type)) {
        request_free(r);
        return false;
    }
    r->result.context = context;
    r->result.source = lane_self();
    r->result.tag = tag;
    r->result.bytes = bytes;
    r->result.type = type;
    *request = r;
    return true;
}

/* Start what a request is for; it completes with that. */
static void send_begin(const struct outgoing *o, struct dvm_request *r)
{
    struct stream *s;
    bool over = true;
    int rc = send_check(o, &s);

    if (!rc)
        rc = send_short(o, s, &over);
    if (over)
        request_complete(r, rc, NULL);
    else
        send_long(o, s, r);
}

struct dvm_request *match_send_keep(enum match_mode mode, uint64_t context, int dest, int tag,
                                    const struct match_data *data, uintptr_t site, int group)
{
    const struct outgoing o = {mode, context, dest, tag, data->buffer, data->bytes, data->type,
                               site, group, data->shape};
    struct dvm_request *r = send_request(&o);

    if (!r)
        return NULL;
    r->persistent = true;
    r->state = REQUEST_IDLE;
    r->send.mode = mode;
    r->send.dest = dest;
    r->send.buffer = data->buffer;
    return r;
}

void request_send_again(struct dvm_request *r)
{
    const struct outgoing o = {r->send.mode,     r->result.context, r->send.dest,
                               r->result.tag,    r->send.buffer,    r->result.bytes,
                               r->result.type,   r->send.site,      r->group,
                               r->shape};

    r->send.stream.stream = NULL;
    send_begin(&o, r);
}

static int send_start_one(const struct outgoing *o, struct dvm_request **request)
{
    struct stream *s;
    bool over;
    int rc;

    if (request) {
        struct dvm_request *r = send_request(o);

        if (!r)
            return DVM_ERR_NO_MEMORY;
        *request = r;
        send_begin(o, r);
        return DVM_OK;
    }
    rc = send_check(o, &s); /* buffered: it is over at once */
    return rc ? rc : send_short(o, s, &over);
}

int match_isend_data(enum match_mode mode, uint64_t context, int dest, int tag,
                     const struct match_data *data, uintptr_t site, int group,
                     struct dvm_request **request)
{
    const struct outgoing o = {mode, context, dest, tag, data->buffer, data->bytes, data->type,
                               site, group, data->shape};

    return send_start_one(&o, request);
}

int match_isend(enum match_mode mode, uint64_t context, int dest, int tag, const void *buffer,
                size_t bytes, uint32_t type, uintptr_t site, int group,
                struct dvm_request **request)
{
    const struct outgoing o = {mode, context, dest, tag, buffer, bytes, type, site, group, NULL};

    return send_start_one(&o, request);
}

static int send_whole(const struct outgoing *o)
{
    struct dvm_request *r;
    struct stream *s;
    bool over;
    int rc = send_check(o, &s);

    if (!rc)
        rc = send_short(o, s, &over);
    if (rc || over)
        return rc;
    r = send_request(o);
    if (!r)
        return DVM_ERR_NO_MEMORY;
    send_long(o, s, r);
    return match_wait(r, NULL);
}

int match_send_data(enum match_mode mode, uint64_t context, int dest, int tag,
                    const struct match_data *data, uintptr_t site, int group)
{
    const struct outgoing o = {mode, context, dest, tag, data->buffer, data->bytes, data->type,
                               site, group, data->shape};

    return send_whole(&o);
}

int match_send(enum match_mode mode, uint64_t context, int dest, int tag, const void *buffer,
               size_t bytes, uint32_t type, uintptr_t site, int group)
{
    const struct outgoing o = {mode, context, dest, tag, buffer, bytes, type, site, group, NULL};

    return send_whole(&o);
}
