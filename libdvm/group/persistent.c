/* persistent.c: messages that are described once and started often, and the start of all
 * persistent operations; those of collectives are made in coll/.
 *
 * What a start need not do again: checks of the arguments, looking up group and rank, and
 * making a request. Only the group is looked for: it may have been freed meanwhile.
 */
#include "base/error.h"
#include "group/entry.h"
#include "group/peer.h"
#include "group/request.h"
#include "group/sink.h"
#include "match/match.h"

/* With DVM_NULL: it is over at once. */
static int nobody_start(void *own, struct dvm_request *request)
{
    match_done(request, DVM_OK);
    return DVM_OK;
}

static void nobody_drop(void *own)
{
}

static const struct match_again nobody = {nobody_start, nobody_drop};

/* Store a new request, or say that there is none (NULL: memory was short). */
static int keep(struct dvm_request **place, struct dvm_request *request)
{
    if (!request)
        return DVM_ERR_NO_MEMORY;
    *place = request;
    return DVM_OK;
}

static int no_place(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the request", call);
}

static int send_init(enum match_mode mode, const char *call, uintptr_t site, dvm_group group,
                     int dest, int tag, const void *buf, size_t count, dvm_type type,
                     struct dvm_request **request)
{
    struct match_data data;
    struct peer peer;
    int rc = peer_to(&peer, call, group, dest, tag);

    if (rc == DVM_OK)
        rc = sink_data(call, buf, count, type, false, &data);
    if (rc == DVM_OK && !request)
        rc = no_place(call);
    if (rc != DVM_OK)
        return rc;
    if (peer.nobody)
        return keep(request, match_operation_keep(group, peer.group->context, &nobody, NULL));
    return keep(request, match_send_keep(mode, peer.group->context, peer.tid, tag, &data, site,
                                         group));
}

int dvm_send_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                  dvm_type type, struct dvm_request **request)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(send_init(MATCH_STANDARD, "dvm_send_init", site, group, dest, tag, buf,
                               count, type, request));
}

int dvm_bsend_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                   dvm_type type, struct dvm_request **request)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(send_init(MATCH_BUFFERED, "dvm_bsend_init", site, group, dest, tag, buf,
                               count, type, request));
}

int dvm_ssend_init(dvm_group group, int dest, int tag, const void *buf, size_t count,
                   dvm_type type, struct dvm_request **request)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(send_init(MATCH_SYNC, "dvm_ssend_init", site, group, dest, tag, buf, count,
                               type, request));
}

static int recv_init(uintptr_t site, dvm_group group, int source, int tag, void *buf,
                     size_t count, dvm_type type, struct dvm_request **request)
{
    static const char call[] = "dvm_recv_init";
    struct match_filter filter;
    struct match_sink sink;
    struct match_data data;
    struct peer peer;
    int rc = peer_from(&peer, &filter, call, group, source, tag);

    if (rc == DVM_OK)
        rc = sink_data(call, buf, count, type, true, &data);
    if (rc == DVM_OK && !request)
        rc = no_place(call);
    if (rc != DVM_OK)
        return rc;
    if (peer.nobody)
        return keep(request, match_operation_keep(group, peer.group->context, &nobody, NULL));
    sink = sink_make(peer.group, &data, site);
    return keep(request, match_receive_keep(&filter, &sink));
}

int dvm_recv_init(dvm_group group, int source, int tag, void *buf, size_t count, dvm_type type,
                  struct dvm_request **request)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(recv_init(site, group, source, tag, buf, count, type, request));
}

static int start(const char *call, struct dvm_request *request)
{
    if (!request)
        return dvm_fail(DVM_ERR_REQUEST, "%s: the request is NULL; it was freed or never made",
                        call);
    if (request_known(call, request) != DVM_OK || request_alive(call, request) != DVM_OK)
        return DVM_ERR_REQUEST;
    if (!match_idle(request))
        return dvm_fail(DVM_ERR_REQUEST, "%s: the request is %s", call,
                        match_persistent(request)
                            ? "under way; end it with dvm_wait or dvm_test first"
                            : "not persistent, and was started when it was made");
    if (!group_find(match_group(request), call))
        return DVM_ERR_GROUP;
    return match_again(request);
}

int dvm_start(struct dvm_request **request)
{
    ENTRY_BEGIN();
    return dvm_leave(start("dvm_start", request ? *request : NULL));
}

int dvm_startall(size_t count, struct dvm_request **requests)
{
    int rc = DVM_OK;

    ENTRY_BEGIN();
    if (count > 0 && !requests)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_startall: the requests are NULL");
    for (size_t i = 0; rc == DVM_OK && i < count; i++)
        rc = start("dvm_startall", requests[i]);
    return dvm_leave(rc);
}

int dvm_request_free(struct dvm_request **request)
{
    int rc;

    ENTRY_BEGIN();
    if (!request)
        return dvm_leave(no_place("dvm_request_free"));
    if (!*request)
        return dvm_leave(DVM_OK);
    rc = request_known("dvm_request_free", *request);
    rc = rc == DVM_OK ? request_alive("dvm_request_free", *request) : rc;
    if (rc == DVM_OK && !match_idle(*request))
        rc = dvm_fail(DVM_ERR_REQUEST, "dvm_request_free: the operation is under way; end it with "
                                       "dvm_wait or dvm_test%s",
                      match_persistent(*request) ? " first" : ", which free it");
    if (rc == DVM_OK) {
        match_drop(*request);
        *request = NULL;
    }
    return dvm_leave(rc);
}
