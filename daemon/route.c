/* route.c: moves frames to where their dst lives, and control messages to their
 * handlers.
 *
 * A control message that does not fit into one frame travels as several with the
 * same src, tag and ref; size is its whole length and extra where a part begins.
 * They are put together here, for this daemon only; a client does it for itself.
 * Requests of this daemon are numbered; each is answered exactly once, if need be
 * by the loss of the host that was asked.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/former.h"
#include "daemon/lanes.h"
#include "daemon/local.h"
#include "daemon/names.h"
#include "daemon/table.h"
#include "daemon/tasks.h"
#include "daemon/watch.h"
#include "proto/control.pb-c.h"

#define MESSAGE_MAX (32u << 20)  /* bytes of a control message */
#define BOOK_MAX (96u << 20)     /* and of one with a book of names and answers to many asks */
#define PARTS_TOTAL (128u << 20) /* bytes of all half messages together */
#define REF_BITS 32

/* A request of this daemon that has no answer yet. */
struct open_request {
    uint64_t ref;
    int slot;
    daemon_answer_f *done;
    void *arg;
};

/* A message of which some frames have come. */
struct parts {
    uint64_t key;
    uint64_t ref;
    int src, tag;
    size_t have;
    size_t size;
    uint8_t bytes[];
};

struct route {
    struct handler rows[DVM_CTL_END];
    uint64_t refs;
    struct table open;  /* struct open_request, owned */
    struct table parts; /* struct parts, owned */
    size_t parts_bytes;
    struct former former;
};

static void add_rows(struct route *r, const struct handler *rows)
{
    for (; rows->function; rows++) {
        assert(rows->type > 0 && rows->type < DVM_CTL_END && !r->rows[rows->type].function);
        r->rows[rows->type] = *rows;
    }
}

int daemon_route_open(struct daemon *d)
{
    struct route *r = calloc(1, sizeof *r);

    if (!r)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the router");
    add_rows(r, local_handlers);
    add_rows(r, lanes_handlers);
    add_rows(r, tasks_handlers);
    add_rows(r, cluster_handlers);
    add_rows(r, config_handlers);
    add_rows(r, watch_handlers);
    add_rows(r, names_handlers);
    d->route = r;
    return DVM_OK;
}

static int self_tid(const struct daemon *d)
{
    return DVM_TID_DAEMON(cluster_self(d->cluster));
}

/* ---- sending ------------------------------------------------------------------ */

static void send_control(struct daemon *d, enum cluster_class class, struct dvm_frame *f,
                         const uint8_t *payload, size_t length)
{
    f->version = DVM_FRAME_VERSION;
    f->op = DVM_OP_CONTROL;
    f->src = self_tid(d);
    f->size = length;
    f->extra = 0;
    do {
        size_t left = length - f->extra;

        f->length = left < DVM_PAYLOAD_MAX ? (uint32_t)left : DVM_PAYLOAD_MAX;
        daemon_route(d, class, f, left ? payload + f->extra : NULL);
        f->extra += f->length;
    } while (f->extra < length);
}

void daemon_control(struct daemon *d, enum cluster_class class, int dst, int type,
                    const void *payload, size_t length)
{
    struct dvm_frame f = {.dst = dst, .tag = type};

    send_control(d, class, &f, payload, length);
}

void daemon_reply(struct daemon *d, const struct dvm_frame *request, int type,
                  const void *payload, size_t length)
{
    struct dvm_frame f = {.dst = request->src, .tag = type, .ref = request->ref,
                          .flags = DVM_FLAG_REPLY};

    send_control(d, CLUSTER_CONTROL, &f, payload, length);
}

/* A message packed in malloc'd memory; NULL when there is none. */
static uint8_t *pack(const ProtobufCMessage *message, size_t *length)
{
    uint8_t *bytes;

    *length = message ? protobuf_c_message_get_packed_size(message) : 0;
    bytes = malloc(*length + 1);
    if (bytes && message)
        protobuf_c_message_pack(message, bytes);
    if (!bytes)
        log_error("no memory for a message of %zu bytes", *length);
    return bytes;
}

void daemon_tell(struct daemon *d, enum cluster_class class, int dst, int type,
                 const ProtobufCMessage *message)
{
    size_t length;
    uint8_t *bytes = pack(message, &length);

    if (bytes)
        daemon_control(d, class, dst, type, bytes, length);
    free(bytes);
}

void daemon_answer(struct daemon *d, enum cluster_class class, const struct dvm_frame *request,
                   int type, const ProtobufCMessage *message)
{
    struct dvm_frame f = {.dst = request->src, .tag = type, .ref = request->ref,
                          .flags = DVM_FLAG_REPLY};
    size_t length;
    uint8_t *bytes = pack(message, &length);

    if (bytes)
        send_control(d, class, &f, bytes, length);
    free(bytes);
}

void daemon_ok(struct daemon *d, const struct dvm_frame *request)
{
    daemon_reply(d, request, DVM_CTL_OK, NULL, 0);
}

void daemon_fail(struct daemon *d, const struct dvm_frame *request, int code,
                 const char *format, ...)
{
    Dvm__Pb__Fail fail = DVM__PB__FAIL__INIT;
    char text[DVM_SENTENCE_MAX];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    log_debug("%s of 0x%x failed: %s", dvm_control_name(request->tag), (unsigned)request->src,
              text);
    fail.code = code;
    fail.text = text;
    daemon_answer(d, CLUSTER_CONTROL, request, DVM_CTL_FAIL, &fail.base);
}

/* ---- requests ------------------------------------------------------------------- */

/* End a request with a FAIL made here. */
static void fail_request(struct daemon *d, struct open_request *o, int code, const char *text)
{
    Dvm__Pb__Fail fail = DVM__PB__FAIL__INIT;
    uint8_t bytes[DVM_SENTENCE_MAX + 32];

    fail.code = code;
    fail.text = (char *)(uintptr_t)text;
    o->done(d, o->arg, DVM_CTL_FAIL, bytes, dvm__pb__fail__pack(&fail, bytes));
    free(o);
}

void daemon_request(struct daemon *d, int slot, int type, const void *payload, size_t length,
                    daemon_answer_f *done, void *arg)
{
    struct open_request *o = malloc(sizeof *o);
    struct dvm_frame f = {.dst = DVM_TID_DAEMON(slot), .tag = type, .ref = ++d->route->refs};

    if (!o || table_put(&d->route->open, f.ref, o)) {
        log_error("no memory for a request; the daemon cannot go on");
        abort();
    }
    *o = (struct open_request){f.ref, slot, done, arg};
    send_control(d, CLUSTER_CONTROL, &f, payload, length);
}

void daemon_ask(struct daemon *d, int slot, int type, const ProtobufCMessage *message,
                daemon_answer_f *done, void *arg)
{
    size_t length;
    uint8_t *bytes = pack(message, &length);

    daemon_request(d, slot, type, bytes, bytes ? length : 0, done, arg);
    free(bytes);
}

static void take_answer(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct open_request *o = table_get(&d->route->open, frame->ref);

    /* this daemon itself answers for a host that cannot be reached */
    if (!o || DVM_TID_N(frame->src) != 0 ||
        (DVM_TID_SLOT(frame->src) != o->slot && frame->src != self_tid(d))) {
        log_debug("an answer %s of 0x%x to nothing that was asked",
                  dvm_control_name(frame->tag), (unsigned)frame->src);
        return;
    }
    table_take(&d->route->open, frame->ref);
    o->done(d, o->arg, frame->tag, payload, frame->length);
    free(o);
}

static struct open_request *find_open(const struct route *r, int slot)
{
    struct open_request *o;
    size_t at = 0;

    while ((o = table_next(&r->open, &at)))
        if (slot == 0 || o->slot == slot)
            return o;
    return NULL;
}

static void drop_parts(struct route *r, int src, int slot)
{
    struct parts *p;
    size_t at = 0;

    while ((p = table_next(&r->parts, &at))) {
        if (p->src != src && DVM_TID_SLOT(p->src) != slot)
            continue;
        table_take(&r->parts, p->key);
        r->parts_bytes -= p->size;
        free(p);
        at = 0; /* taking one out moves others */
    }
}

void daemon_route_client_gone(struct daemon *d, int tid)
{
    drop_parts(d->route, tid, 0);
}

void daemon_route_host_down(struct daemon *d, int slot, const char *name, bool lost,
                            const char *why)
{
    struct open_request *o;
    char text[DVM_SENTENCE_MAX];

    former_note(&d->route->former, slot, name, lost, why);
    snprintf(text, sizeof text, "host %s %s%s%s", name, lost ? "was lost" : "has left the machine",
             why[0] ? ": " : "", why);
    drop_parts(d->route, 0, slot);
    while ((o = find_open(d->route, slot))) {
        table_take(&d->route->open, o->ref);
        fail_request(d, o, DVM_ERR_HOST_GONE, text);
    }
}

void daemon_route_close(struct daemon *d)
{
    struct route *r = d->route;
    struct open_request *o;
    struct parts *p;
    size_t at = 0;

    if (!r)
        return;
    while ((o = find_open(r, 0))) {
        table_take(&r->open, o->ref);
        fail_request(d, o, DVM_ERR_CLOSING, "the machine is being stopped");
    }
    former_clear(&r->former);
    while ((p = table_next(&r->parts, &at)))
        free(p);
    table_free(&r->open);
    table_free(&r->parts);
    d->route = NULL;
    free(r);
}

/* ---- receiving -------------------------------------------------------------------- */

static unsigned role_of(const struct daemon *d, int tid)
{
    if (DVM_TID_N(tid) == 0)
        return ROLE_DAEMON;
    if (DVM_TID_SLOT(tid) == cluster_self(d->cluster))
        return local_role(d->local, tid);
    return ROLE_CLIENT; /* its own daemon knows which */
}

static void handle(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    const struct handler *row;

    if (frame->flags & DVM_FLAG_REPLY) {
        take_answer(d, frame, payload);
        return;
    }
    row = frame->tag > 0 && frame->tag < DVM_CTL_END ? &d->route->rows[frame->tag] : NULL;
    if (row && row->function && (row->roles & role_of(d, frame->src))) {
        row->function(d, frame, payload);
        return;
    }
    log_warning("0x%x sent %s (%d), which is not for this daemon to answer",
                (unsigned)frame->src, dvm_control_name(frame->tag), frame->tag);
    if (frame->ref)
        daemon_fail(d, frame, DVM_ERR_UNSUPPORTED, "the daemon of host %s does not answer %s "
                    "(%d) of 0x%x", d->host, dvm_control_name(frame->tag), frame->tag,
                    (unsigned)frame->src);
}

static size_t message_max(const struct dvm_frame *f)
{
    return f->tag == DVM_CTL_NAMES_COPY && DVM_TID_N(f->src) == 0 ? BOOK_MAX : MESSAGE_MAX;
}

/* The half message that a frame belongs to, new with its first frame. */
static struct parts *parts_of(struct route *r, const struct dvm_frame *f)
{
    uint64_t key = (uint64_t)(uint32_t)f->src << REF_BITS ^ f->ref ^ (uint64_t)f->tag << 56;
    struct parts *p = table_get(&r->parts, key);

    if (p && (p->src != f->src || p->tag != f->tag || p->ref != f->ref))
        return NULL; /* refs are the clients' to choose: this one hits another's key */
    if (p && f->extra == 0) { /* a new message where the end of the last never came */
        drop_parts(r, f->src, 0);
        p = NULL;
    }
    if (p || f->extra != 0 || f->size > message_max(f) ||
        r->parts_bytes + f->size > PARTS_TOTAL)
        return p;
    p = malloc(sizeof *p + f->size);
    if (!p || table_put(&r->parts, key, p)) {
        free(p);
        return NULL;
    }
    *p = (struct parts){.key = key, .ref = f->ref, .src = f->src, .tag = f->tag,
                        .size = f->size};
    r->parts_bytes += f->size;
    return p;
}

/* Take a frame of a longer message; handle it when it is whole. */
static void collect(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct parts *p = parts_of(d->route, frame);
    struct dvm_frame whole = *frame;

    if (!p || frame->extra != p->have || frame->size != p->size ||
        frame->length > p->size - p->have) {
        log_warning("a part of %s of 0x%x does not fit to those before",
                    dvm_control_name(frame->tag), (unsigned)frame->src);
        if (frame->ref && !(frame->flags & DVM_FLAG_REPLY) && frame->extra == 0)
            daemon_fail(d, frame, DVM_ERR_LIMIT, "a request of %llu bytes is too long",
                        (unsigned long long)frame->size);
        return;
    }
    memcpy(p->bytes + p->have, payload, frame->length);
    p->have += frame->length;
    if (p->have < p->size)
        return;
    table_take(&d->route->parts, p->key);
    d->route->parts_bytes -= p->size;
    whole.length = (uint32_t)p->size;
    whole.extra = 0;
    handle(d, &whole, p->bytes);
    free(p);
}

static bool is_task_frame(const struct dvm_frame *f)
{
    return f->op >= DVM_OP_EAGER && f->op <= DVM_OP_DATA;
}

static const char *whom(const struct daemon *d, int slot, char text[FORMER_TEXT_MAX])
{
    static const struct former nobody;

    return former_text(d->route ? &d->route->former : &nobody, slot, text);
}

/* What became of a host that is not in the machine any more; NULL: not known. */
static const char *fate_of(const struct daemon *d, int slot)
{
    return d->route ? former_fate(&d->route->former, slot) : NULL;
}

void daemon_tell_host_gone(struct daemon *d, int to, int tid)
{
    Dvm__Pb__Gone gone = DVM__PB__GONE__INIT;
    char text[DVM_SENTENCE_MAX], host[FORMER_TEXT_MAX];

    snprintf(text, sizeof text, "%s of task 0x%x is not in the machine",
             whom(d, DVM_TID_SLOT(tid), host), (unsigned)tid);
    gone.tid = tid;
    gone.code = DVM_ERR_HOST_GONE;
    gone.status = -1;
    gone.text = text;
    daemon_tell(d, CLUSTER_BULK, to, DVM_CTL_GONE, &gone.base);
}

static void bounce_watch(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Watch *m = dvm__pb__watch__unpack(NULL, frame->length, payload);

    if (m)
        daemon_tell_host_gone(d, frame->src, m->tid);
    dvm__pb__watch__free_unpacked(m, NULL);
}

/* A frame that cannot be delivered: its sender must not wait. */
static void bounce(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload,
                   int code)
{
    int slot = DVM_TID_SLOT(frame->dst);
    const char *fate = DVM_TID_N(frame->dst) == 0 ? fate_of(d, slot) : NULL;
    char text[FORMER_TEXT_MAX];

    if (DVM_TID_N(frame->dst) == 0)
        whom(d, slot, text);
    else
        snprintf(text, sizeof text, "task 0x%x", (unsigned)frame->dst);
    if (frame->op == DVM_OP_CONTROL && frame->tag == DVM_CTL_WATCH) {
        bounce_watch(d, frame, payload);
    } else if (frame->op == DVM_OP_CONTROL && frame->ref && !(frame->flags & DVM_FLAG_REPLY)) {
        daemon_fail(d, frame, code == DVM_ERR_NO_TASK ? code : DVM_ERR_HOST_GONE,
                    "%s cannot be reached: %s%s", text, fate ? "it " : "",
                    fate ? fate : dvm_error_text(code));
    } else if (is_task_frame(frame) && slot == cluster_self(d->cluster)) {
        tasks_tell_gone(d->tasks, frame->src, frame->dst);
    } else if (is_task_frame(frame)) {
        daemon_tell_host_gone(d, frame->src, frame->dst);
    } else {
        log_debug("%s from 0x%x to 0x%x was dropped: %s",
                  frame->op == DVM_OP_CONTROL ? dvm_control_name(frame->tag) : "a frame",
                  (unsigned)frame->src, (unsigned)frame->dst, dvm_error_text(code));
    }
}

void daemon_route(struct daemon *d, enum cluster_class class, const struct dvm_frame *frame,
                  const uint8_t *payload)
{
    int r;

    if (DVM_TID_SLOT(frame->dst) != cluster_self(d->cluster)) {
        r = cluster_send(d->cluster, DVM_TID_SLOT(frame->dst), class, frame, payload);
    } else if (DVM_TID_N(frame->dst) != 0) {
        r = local_deliver(d->local, frame, payload, NULL, 0);
    } else if (frame->op != DVM_OP_CONTROL || !d->route) {
        r = DVM_ERR_NO_TASK;
    } else {
        r = DVM_OK;
        if (frame->size > frame->length)
            collect(d, frame, payload);
        else
            handle(d, frame, payload);
    }
    if (r)
        bounce(d, frame, payload, r);
}
