/* probe.c: looking at messages before they are received, and receiving those that
 * were taken out of the queue. */
#include "base/error.h"
#include "group/entry.h"
#include "group/peer.h"
#include "group/sink.h"
#include "match/match.h"
#include "type/type.h"

/* What is taken from DVM_NULL: a message of nothing, which is received at once. */
static char empty;
#define NOBODYS ((struct dvm_message *)(void *)&empty)

/* The four probes: wait or not, take or not. */
static int probe(const char *call, dvm_group group, int source, int tag, bool wait, uintptr_t site,
                 int *found, struct dvm_message **message, struct dvm_status *status)
{
    struct match_filter filter;
    struct match_result result;
    struct peer peer;
    bool there = true;
    int rc = peer_from(&peer, &filter, call, group, source, tag);

    if (rc != DVM_OK)
        return rc;
    if (peer.nobody) {
        sink_status_null(status);
        if (message)
            *message = NOBODYS;
    } else {
        rc = match_probe(&filter, wait, message != NULL, site, &there, message, &result);
        if (rc != DVM_OK)
            return rc;
        if (there)
            sink_status(&result, status);
        else if (message)
            *message = NULL;
    }
    if (found)
        *found = there;
    return DVM_OK;
}

int dvm_probe(dvm_group group, int source, int tag, struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(probe("dvm_probe", group, source, tag, true, site, NULL, NULL, status));
}

int dvm_iprobe(dvm_group group, int source, int tag, int *found, struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(probe("dvm_iprobe", group, source, tag, false, site, found, NULL, status));
}

int dvm_mprobe(dvm_group group, int source, int tag, struct dvm_message **message,
               struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    if (!message)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_mprobe: there is no place for the message"));
    return dvm_leave(probe("dvm_mprobe", group, source, tag, true, site, NULL, message, status));
}

int dvm_improbe(dvm_group group, int source, int tag, int *found, struct dvm_message **message,
                struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    if (!message)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_improbe: there is no place for the message"));
    return dvm_leave(
        probe("dvm_improbe", group, source, tag, false, site, found, message, status));
}

int dvm_mrecv(struct dvm_message **message, void *buf, size_t count, dvm_type type,
              struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();
    struct match_result result = {0};
    struct match_sink sink;
    struct match_data data;
    int rc;

    ENTRY_BEGIN();
    if (!message || !*message)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_mrecv: the message is NULL; it was received "
                                               "before or never taken by dvm_mprobe"));
    rc = sink_data("dvm_mrecv", buf, count, type, true, &data);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (*message == NOBODYS) {
        *message = NULL;
        sink_status_null(status);
        return dvm_leave(DVM_OK);
    }
    sink = sink_make(NULL, &data, site);
    rc = match_mrecv(message, &sink, &result);
    result.error = rc;
    sink_status(&result, status);
    return dvm_leave(rc);
}
