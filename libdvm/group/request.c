/* request.c: waiting for operations under way: dvm_wait and its kin.
 *
 * The group of a request travels with it (match_group), so that a status can name
 * ranks. A request is freed by the call that reports its end, also when it failed; a
 * persistent one stays, and is not under way then.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "group/context.h"
#include "group/entry.h"
#include "group/group.h"
#include "group/request.h"
#include "group/sink.h"
#include "match/match.h"

#define OPEN_LOOKED 256  /* open receives that are looked at when a task leaves, */
#define OPEN_TOLD 3      /* and of which each is told */
#define PEER_TEXT_MAX 64 /* bytes of "rank 12 (tid 0x40001)" with the NUL */

/* Take the end of a complete request. */
static int finish(struct dvm_request **request, struct dvm_status *status)
{
    struct match_result result;
    bool stays = match_persistent(*request);
    int rc;

    assert(match_complete(*request));
    match_breathe();
    rc = match_finish(*request, status ? &result : NULL);
    if (!stays)
        *request = NULL;
    if (!status)
        return rc;
    result.error = rc;
    sink_status(&result, status);
    return rc;
}

/* Whether there is nothing to wait for. */
static bool is_idle(const struct dvm_request *request)
{
    return !request || match_idle(request);
}

static int no_array(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: the requests are NULL", call);
}

static int no_place(const char *call, const char *what)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for %s", call, what);
}

int request_known(const char *call, const struct dvm_request *request)
{
    if (!request || match_known(request))
        return DVM_OK;
    return dvm_fail(DVM_ERR_REQUEST, "%s: the request is none that a call has made (%p): its "
                                     "variable was never set; begin it with NULL, which is no "
                                     "request", call, (const void *)request);
}

int request_alive(const char *call, const struct dvm_request *request)
{
    if (!match_freed(request))
        return DVM_OK;
    return dvm_fail(DVM_ERR_REQUEST, "%s: the request was ended or freed before; the call that "
                                     "does it sets its place to NULL, so this is a copy of its "
                                     "pointer, or it is twice in the array", call);
}

/* One receive that nobody has waited for. */
static void tell_open(const struct match_open *open)
{
    const struct group *g = group_of_context(open->filter.context);
    char who[PEER_TEXT_MAX] = "anybody", tag[PEER_TEXT_MAX] = "any tag";
    const char *where = site_text(open->site);

    if (open->filter.source != DVM_ANY)
        group_member_text(g, open->filter.source, who, sizeof who);
    if (open->filter.tag != DVM_ANY)
        snprintf(tag, sizeof tag, "tag %d", open->filter.tag);
    error_warn("dvm_finalize: a receive from %s, %s, in %s%s%s%s is still open and is given up; "
               "dvm_wait waits for its message, dvm_cancel takes it back",
               who, tag, g ? group_name(g) : "a freed group", where[0] ? " (called" : "", where,
               where[0] ? ")" : "");
}

void request_tell_open(void)
{
    struct match_open list[OPEN_LOOKED];
    size_t count, own = 0;

    if (error_mode() == DVM_SILENT)
        return;
    count = match_open(list, OPEN_LOOKED);
    count = count < OPEN_LOOKED ? count : OPEN_LOOKED;
    for (size_t i = 0; i < count; i++) {
        /* the library's own are over with what they are for */
        if (!list[i].site || list[i].filter.context & CONTEXT_COLLECTIVE)
            continue;
        if (own++ < OPEN_TOLD)
            tell_open(&list[i]);
    }
    if (own > OPEN_TOLD)
        error_warn("dvm_finalize: %zu%s more receives are open", own - OPEN_TOLD,
                   count == OPEN_LOOKED ? " or" : "");
}

int dvm_wait(struct dvm_request **request, struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();
    size_t index;
    int rc;

    ENTRY_BEGIN();
    if (!request)
        return dvm_leave(no_array("dvm_wait"));
    if (request_known("dvm_wait", *request) != DVM_OK)
        return dvm_leave(DVM_ERR_REQUEST);
    if (is_idle(*request)) {
        sink_status_null(status);
        return dvm_leave(DVM_OK);
    }
    rc = match_complete(*request) ? DVM_OK : request_alive("dvm_wait", *request);
    if (rc == DVM_OK && !match_complete(*request))
        rc = match_wait_call(DVM_BOARD_WAIT, site, 1, request, -1, &index);
    return dvm_leave(rc == DVM_OK ? finish(request, status) : rc);
}

int dvm_test(struct dvm_request **request, int *done, struct dvm_status *status)
{
    int rc = DVM_OK;

    ENTRY_BEGIN();
    if (!request)
        return dvm_leave(no_array("dvm_test"));
    if (!done)
        return dvm_leave(no_place("dvm_test", "whether it is done"));
    if (request_known("dvm_test", *request) != DVM_OK)
        return dvm_leave(DVM_ERR_REQUEST);
    if (is_idle(*request)) {
        sink_status_null(status);
        *done = 1;
        return dvm_leave(DVM_OK);
    }
    if (!match_complete(*request))
        rc = request_alive("dvm_test", *request);
    if (rc == DVM_OK && !match_complete(*request))
        rc = match_progress();
    if (rc != DVM_OK)
        return dvm_leave(rc);
    *done = match_complete(*request);
    return dvm_leave(*done ? finish(request, status) : DVM_OK);
}

static int all_known(const char *call, size_t count, struct dvm_request *const *requests)
{
    size_t strange = match_strange(count, requests);

    if (strange == count)
        return DVM_OK;
    return dvm_fail(DVM_ERR_REQUEST, "%s: request %zu of the array is none that a call has made "
                                     "(%p): its place was never set; begin it with NULL, which is "
                                     "no request",
                    call, strange, (void *)requests[strange]);
}

static bool all_idle(size_t count, struct dvm_request *const *requests)
{
    for (size_t i = 0; i < count; i++)
        if (!is_idle(requests[i]))
            return false;
    return true;
}

int dvm_waitany(size_t count, struct dvm_request **requests, size_t *index,
                struct dvm_status *status)
{
    uintptr_t site = ENTRY_SITE();
    size_t place;
    int rc = DVM_OK;

    ENTRY_BEGIN();
    if (count > 0 && !requests)
        return dvm_leave(no_array("dvm_waitany"));
    if (!index)
        return dvm_leave(no_place("dvm_waitany", "the index"));
    if (all_known("dvm_waitany", count, requests) != DVM_OK)
        return dvm_leave(DVM_ERR_REQUEST);
    if (all_idle(count, requests)) {
        sink_status_null(status);
        *index = (size_t)DVM_NULL;
        return dvm_leave(DVM_OK);
    }
    for (size_t i = 0; rc == DVM_OK && i < count; i++)
        if (requests[i])
            rc = request_alive("dvm_waitany", requests[i]);
    if (rc == DVM_OK)
        rc = match_wait_call(DVM_BOARD_WAITANY, site, count, requests, -1, &place);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    *index = place;
    return dvm_leave(finish(&requests[place], status));
}

/* What has come of a dvm_waitall. */
struct ends {
    int first;     /* the first error in the order of the array, DVM_OK for none */
    size_t place;  /* where it was */
    char sentence[DVM_SENTENCE_MAX]; /* of that error */
};

/* End a request that is complete; one that is none (rc) is only taken out of the array. */
static int end_one(int rc, struct dvm_request **request, struct dvm_status *status)
{
    if (rc == DVM_OK)
        return finish(request, status);
    *request = NULL;
    sink_status_null(status);
    if (status)
        status->error = rc;
    return rc;
}

/* End every request from a place on that is complete; without all, up to the first that is not.
 * Returns the place of the first that is left; count: none is. */
static size_t sweep(size_t from, size_t count, struct dvm_request **requests,
                    struct dvm_status *statuses, bool all, struct ends *ends)
{
    size_t left = count;

    if (!statuses) {
        match_breathe();
        from = match_finish_plain(from, count, requests);
    }
    for (size_t i = from; i < count && (all || left == count); i++) {
        int rc;

        if (is_idle(requests[i]))
            continue;
        rc = match_complete(requests[i]) ? DVM_OK : request_alive("dvm_waitall", requests[i]);
        if (rc == DVM_OK && !match_complete(requests[i])) {
            left = left < i ? left : i;
            continue;
        }
        rc = end_one(rc, &requests[i], statuses ? &statuses[i] : NULL);
        if (rc != DVM_OK && (ends->first == DVM_OK || i < ends->place)) {
            ends->first = rc;
            ends->place = i;
            error_save(ends->sentence);
        }
    }
    return left;
}

int dvm_waitall(size_t count, struct dvm_request **requests, struct dvm_status *statuses)
{
    uintptr_t site = ENTRY_SITE();
    struct ends ends = {.first = DVM_OK};
    size_t from = 0;
    bool all = true; /* at first, and when something has failed: it may be any */

    ENTRY_BEGIN();
    if (count > 0 && !requests)
        return dvm_leave(no_array("dvm_waitall"));
    if (all_known("dvm_waitall", count, requests) != DVM_OK)
        return dvm_leave(DVM_ERR_REQUEST);
    for (size_t i = 0; statuses && i < count; i++)
        if (is_idle(requests[i]))
            sink_status_null(&statuses[i]);
    while ((from = sweep(from, count, requests, statuses, all, &ends)) < count) {
        int rc;

        /* where an error is fatal anyway, it is told at once and not behind a wait
         * that it may have made endless */
        if (ends.first != DVM_OK && error_mode() == DVM_FATAL)
            break;
        rc = match_wait_first(DVM_BOARD_WAITALL, site, count - from, requests + from, &all);
        if (rc != DVM_OK)
            return dvm_leave(rc);
    }
    if (ends.first != DVM_OK)
        dvm_fail(ends.first, "%s", ends.sentence);
    return dvm_leave(ends.first);
}

int dvm_cancel(struct dvm_request *request)
{
    int rc;

    ENTRY_BEGIN();
    if (!request)
        return dvm_leave(dvm_fail(DVM_ERR_REQUEST, "dvm_cancel: the request is NULL; it was "
                                                   "complete or never started"));
    rc = request_known("dvm_cancel", request);
    rc = rc == DVM_OK ? request_alive("dvm_cancel", request) : rc;
    return dvm_leave(rc == DVM_OK ? match_cancel(request) : rc);
}

int dvm_fd(void)
{
    int fd;

    ENTRY_BEGIN();
    fd = match_descriptor();
    dvm_leave(fd < 0 ? fd : DVM_OK);
    return fd;
}
