/* message.c: the blocking and nonblocking send and receive functions.
 *
 * Each public function does the same: enter, check what the user gave, hand bytes
 * and tids to the matcher, leave. What is checked here is never checked again
 * below.
 */
#include <assert.h>

#include "base/error.h"
#include "group/entry.h"
#include "group/message.h"
#include "group/peer.h"
#include "group/route.h"
#include "group/sink.h"
#include "match/match.h"
#include "proto/segment.h"
#include "type/type.h"

/* The arguments that all sends have. */
struct outgoing {
    const char *call;
    dvm_group group;
    int dest, tag;
    const void *buf;
    size_t count;
    dvm_type type;
    uintptr_t site;
};

static int no_place(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the request", call);
}

/* Check a send. */
static int prepare(const struct outgoing *o, struct peer *peer, struct match_data *data)
{
    int rc = peer_to(peer, o->call, o->group, o->dest, o->tag);

    return rc == DVM_OK ? sink_data(o->call, o->buf, o->count, o->type, false, data) : rc;
}

static int send_now(enum match_mode mode, const struct outgoing *o)
{
    struct match_data data;
    struct peer peer;
    int rc = prepare(o, &peer, &data);

    if (rc != DVM_OK || peer.nobody)
        return rc;
    route_learn(peer.group, o->dest, o->type);
    return match_send_data(mode, peer.group->context, peer.tid, o->tag, &data, o->site, o->group);
}

int message_to_each(const char *call, uintptr_t site, const int *tids, size_t tid_count, int tag,
                    const void *buf, size_t count, dvm_type type)
{
    struct outgoing o = {call, DVM_UNIVERSE, 0, tag, buf, count, type, site};
    int rc = DVM_OK;

    match_share_begin();
    for (size_t i = 0; rc == DVM_OK && i < tid_count; i++) {
        o.dest = tids[i];
        rc = send_now(MATCH_BUFFERED, &o);
        if (rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE || rc == DVM_ERR_NO_TASK ||
            rc == DVM_ERR_NO_HOST)
            rc = DVM_OK;
    }
    match_share_end();
    return rc;
}

static int send_start(enum match_mode mode, const struct outgoing *o,
                      struct dvm_request **request)
{
    struct match_data data;
    struct peer peer;
    int rc = prepare(o, &peer, &data);

    if (rc == DVM_OK && !request)
        rc = no_place(o->call);
    if (rc == DVM_OK && peer.nobody)
        *request = NULL;
    if (rc != DVM_OK || peer.nobody)
        return rc;
    route_learn(peer.group, o->dest, o->type);
    return match_isend_data(mode, peer.group->context, peer.tid, o->tag, &data, o->site, o->group,
                            request);
}

#define SHORT_WAY_MOST 4096 /* bytes of a message that the short way is tried for */

/* A short message that needs no waiting, with a group, rank and type that were used lately.
 * false: nothing was done. */
static bool send_small(dvm_group group, int dest, int tag, const void *buf, size_t count,
                       dvm_type type)
{
    const struct route *r = route_find(group, dest, type);

    return r && r->to && tag >= 0 && buf && count <= SHORT_WAY_MOST &&
           count * r->size <= SHORT_WAY_MOST &&
           match_send_small(r->to, r->context, tag, buf, count * r->size, r->code);
}

/* The same with a request. */
static bool isend_small(dvm_group group, int dest, int tag, const void *buf, size_t count,
                        dvm_type type, struct dvm_request **request)
{
    const struct route *r = route_find(group, dest, type);

    return r && r->to && request && tag >= 0 && buf && count <= SHORT_WAY_MOST &&
           count * r->size <= SHORT_WAY_MOST &&
           match_isend_small(r->to, r->context, tag, buf, count * r->size, r->code, group,
                             request);
}

int dvm_send(dvm_group group, int dest, int tag, const void *buf, size_t count, dvm_type type)
{
    ENTRY_BEGIN();
    if (!send_small(group, dest, tag, buf, count, type)) {
        const struct outgoing o = {"dvm_send", group, dest, tag, buf, count, type, ENTRY_SITE()};

        return dvm_leave(send_now(MATCH_STANDARD, &o));
    }
    return dvm_leave(DVM_OK);
}

int dvm_bsend(dvm_group group, int dest, int tag, const void *buf, size_t count, dvm_type type)
{
    const struct outgoing o = {"dvm_bsend", group, dest, tag, buf, count, type, ENTRY_SITE()};

    ENTRY_BEGIN();
    return dvm_leave(send_now(MATCH_BUFFERED, &o));
}

int dvm_ssend(dvm_group group, int dest, int tag, const void *buf, size_t count, dvm_type type)
{
    const struct outgoing o = {"dvm_ssend", group, dest, tag, buf, count, type, ENTRY_SITE()};

    ENTRY_BEGIN();
    return dvm_leave(send_now(MATCH_SYNC, &o));
}

int dvm_isend(dvm_group group, int dest, int tag, const void *buf, size_t count, dvm_type type,
              struct dvm_request **request)
{
    ENTRY_BEGIN();
    if (!isend_small(group, dest, tag, buf, count, type, request)) {
        const struct outgoing o = {"dvm_isend", group, dest, tag, buf, count, type, ENTRY_SITE()};

        return dvm_leave(send_start(MATCH_STANDARD, &o, request));
    }
    return dvm_leave(DVM_OK);
}

int dvm_issend(dvm_group group, int dest, int tag, const void *buf, size_t count, dvm_type type,
               struct dvm_request **request)
{
    const struct outgoing o = {"dvm_issend", group, dest, tag, buf, count, type, ENTRY_SITE()};

    ENTRY_BEGIN();
    return dvm_leave(send_start(MATCH_SYNC, &o, request));
}

/* What receive_prepare does, with a group, rank and type that were used lately. false: nothing
 * was done. */
static bool receive_known(dvm_group group, int source, int tag, void *buf, size_t count,
                          dvm_type type, uintptr_t site, struct match_filter *filter,
                          struct match_sink *sink)
{
    const struct route *r = route_find(group, source, type);

    if (!r || tag < DVM_ANY || !buf || count > SIZE_MAX / DVM_LINE)
        return false;
    *filter = (struct match_filter){.context = r->context, .source = r->from, .tag = tag};
    *sink = sink_basic(group, buf, count * r->size, r->code, site);
    return true;
}

/* Check a receive; filter and sink are for the matcher. */
static int receive_prepare(const char *call, dvm_group group, int source, int tag, void *buf,
                           size_t count, dvm_type type, uintptr_t site, struct peer *peer,
                           struct match_filter *filter, struct match_sink *sink)
{
    struct match_data data;
    int rc = peer_from(peer, filter, call, group, source, tag);

    if (rc == DVM_OK)
        rc = sink_data(call, buf, count, type, true, &data);
    if (rc == DVM_OK)
        *sink = sink_make(peer->group, &data, site);
    return rc;
}

/* A small message that is here or comes at once, likewise. */
static bool recv_small(dvm_group group, int source, int tag, void *buf, size_t count,
                       dvm_type type, struct dvm_status *status)
{
    const struct route *r = route_find(group, source, type);
    struct match_small small;

    if (!r || tag < DVM_ANY || !buf || count > SIZE_MAX / DVM_LINE)
        return false;
    small = (struct match_small){.context = r->context, .tag = tag, .type = r->code,
                                 .capacity = count * r->size, .buffer = buf};
    if (!match_recv_small(r->from, &small))
        return false;
    if (status)
        *status = (struct dvm_status){.source = source, .tag = small.came_tag, .type = type,
                                      .bytes = small.came, .count = small.came / r->size};
    return true;
}

int dvm_recv(dvm_group group, int source, int tag, void *buf, size_t count, dvm_type type,
             struct dvm_status *status)
{
    struct match_filter filter;
    struct match_result result;
    struct match_sink sink;
    struct peer peer;
    int rc;

    ENTRY_BEGIN();
    if (recv_small(group, source, tag, buf, count, type, status))
        return dvm_leave(DVM_OK);
    rc = receive_prepare("dvm_recv", group, source, tag, buf, count, type, ENTRY_SITE(), &peer,
                         &filter, &sink);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (peer.nobody) {
        sink_status_null(status);
        return dvm_leave(DVM_OK);
    }
    if (source != DVM_ANY)
        route_learn(peer.group, source, type);
    result = (struct match_result){.context = filter.context, .source = peer.tid, .tag = tag};
    rc = match_recv(&filter, &sink, status ? &result : NULL);
    if (status) {
        result.error = rc;
        sink_status(&result, status);
    }
    return dvm_leave(rc);
}

/* The same with a request. */
static bool irecv_small(dvm_group group, int source, int tag, void *buf, size_t count,
                        dvm_type type, struct dvm_request **request)
{
    const struct route *r = route_find(group, source, type);
    struct match_small small;

    if (!r || tag < DVM_ANY || !buf || !request || count > SIZE_MAX / DVM_LINE)
        return false;
    small = (struct match_small){.context = r->context, .tag = tag, .type = r->code,
                                 .capacity = count * r->size, .buffer = buf};
    return match_irecv_small(r->from, &small, group, request);
}

int dvm_irecv(dvm_group group, int source, int tag, void *buf, size_t count, dvm_type type,
              struct dvm_request **request)
{
    uintptr_t site = ENTRY_SITE();
    struct match_filter filter;
    struct match_sink sink;
    struct peer peer;
    int rc;

    ENTRY_BEGIN();
    if (irecv_small(group, source, tag, buf, count, type, request))
        return dvm_leave(DVM_OK);
    if (request && receive_known(group, source, tag, buf, count, type, site, &filter, &sink))
        return dvm_leave(match_irecv(&filter, &sink, request));
    rc = receive_prepare("dvm_irecv", group, source, tag, buf, count, type, site, &peer, &filter,
                         &sink);
    if (rc == DVM_OK && !request)
        rc = no_place("dvm_irecv");
    if (rc == DVM_OK && peer.nobody)
        *request = NULL;
    if (rc != DVM_OK || peer.nobody)
        return dvm_leave(rc);
    if (source != DVM_ANY)
        route_learn(peer.group, source, type);
    return dvm_leave(match_irecv(&filter, &sink, request));
}

/* End the receive of a dvm_sendrecv whose send failed; the send's sentence stays. */
static int drop_receive(struct dvm_request *receive, int rc)
{
    char sentence[DVM_SENTENCE_MAX];

    if (!receive)
        return rc;
    error_save(sentence);
    match_cancel(receive);
    match_wait(receive, NULL);
    return dvm_fail(rc, "%s", sentence);
}

/* Finish the receive of a dvm_sendrecv. */
static int finish_receive(struct dvm_request *receive, uintptr_t site, struct dvm_status *status)
{
    struct match_result result = {0};
    int rc;

    if (!receive) {
        sink_status_null(status);
        return DVM_OK;
    }
    rc = match_wait_as(DVM_BOARD_SENDRECV, site, receive, &result);
    result.error = rc;
    sink_status(&result, status);
    return rc;
}

/* Refuse what is sent out of the place that is received into: a small message would go well, a
 * large one be spoilt. Derived types may lie between each other. */
static int check_apart(const struct outgoing *o, const void *to, size_t count, dvm_type type)
{
    if (o->dest == DVM_NULL || !type_basic(o->type) || !type_basic(type) ||
        sink_apart(o->buf, o->count, o->type, to, count, type))
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG, "%s: what is sent and what is received overlap; give two arrays, "
                                 "or send with dvm_bsend, which copies, and then receive",
                    o->call);
}

int dvm_sendrecv(dvm_group group, int dest, int sendtag, const void *sendbuf, size_t sendcount,
                 dvm_type sendtype, int source, int recvtag, void *recvbuf, size_t recvcount,
                 dvm_type recvtype, struct dvm_status *status)
{
    const struct outgoing o = {"dvm_sendrecv", group,    dest,        sendtag,
                               sendbuf,        sendcount, sendtype,   ENTRY_SITE()};
    struct dvm_request *receive = NULL;
    struct match_filter filter;
    struct match_sink sink;
    struct peer peer;
    int rc;

    ENTRY_BEGIN();
    rc = receive_prepare(o.call, group, source, recvtag, recvbuf, recvcount, recvtype, o.site,
                         &peer, &filter, &sink);
    if (rc == DVM_OK && !peer.nobody)
        rc = check_apart(&o, recvbuf, recvcount, recvtype);
    if (rc == DVM_OK && !peer.nobody)
        rc = match_irecv(&filter, &sink, &receive);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    rc = send_now(MATCH_STANDARD, &o);
    rc = rc == DVM_OK ? finish_receive(receive, o.site, status) : drop_receive(receive, rc);
    return dvm_leave(rc);
}
