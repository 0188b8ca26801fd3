/* any.c: waits for one of several requests.
 *
 * Each is a condition for match_wait_until (wait.c), and tells the board of the first request
 * that is not complete and of how many there are.
 */
#include "base/error.h"
#include "lane/board.h"
#include "match/request.h"

struct any {
    size_t count, found;
    struct dvm_request *const *requests;
};

static bool any_complete(void *arg)
{
    struct any *any = arg;

    for (size_t i = 0; i < any->count; i++) {
        if (any->requests[i] && any->requests[i]->state == REQUEST_COMPLETE) {
            any->found = i;
            return true;
        }
    }
    return false;
}

struct first {
    struct any any; /* first: for its description */
    unsigned failures;
};

static bool first_complete(void *arg)
{
    const struct first *first = arg;

    return first->any.requests[0]->state == REQUEST_COMPLETE ||
           request_failures != first->failures;
}

/* The first that is not complete, and how many there are. */
static void any_describe(void *arg, struct dvm_wait *wait)
{
    const struct any *any = arg;
    const struct dvm_request *first = NULL;

    for (size_t i = 0; i < any->count; i++) {
        if (!any->requests[i] || any->requests[i]->state == REQUEST_COMPLETE ||
            any->requests[i]->state == REQUEST_IDLE)
            continue;
        first = first ? first : any->requests[i];
        wait->requests++;
    }
    if (first)
        request_describe(first, wait);
}

int match_wait_call(enum dvm_board_call call, uintptr_t site, size_t count,
                    struct dvm_request *const *requests, double timeout, size_t *index)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct any any = {.count = count, .requests = requests};
    int rc = match_wait_until(any_complete, &any, timeout, &subject);

    if (!rc)
        *index = any.found;
    return rc;
}

int match_wait_first(enum dvm_board_call call, uintptr_t site, size_t count,
                     struct dvm_request *const *requests, bool *failed)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct first first = {{.count = count, .requests = requests}, request_failures};
    int rc = match_wait_until(first_complete, &first, -1, &subject);

    *failed = request_failures != first.failures;
    return rc;
}

int match_wait_any(size_t count, struct dvm_request *const *requests, double timeout,
                   size_t *index)
{
    return match_wait_call(DVM_BOARD_NOTHING, 0, count, requests, timeout, index);
}

struct either {
    struct any any; /* first: of one request */
    bool (*other)(void *arg);
    void *arg;
};

static bool either_done(void *arg)
{
    struct either *e = arg;

    return any_complete(&e->any) || e->other(e->arg);
}

int match_wait_or(enum dvm_board_call call, uintptr_t site, struct dvm_request *request,
                  bool (*other)(void *arg), void *arg)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct either either = {
        .any = {.count = 1, .requests = &request}, .other = other, .arg = arg};

    return match_wait_until(either_done, &either, -1, &subject);
}
