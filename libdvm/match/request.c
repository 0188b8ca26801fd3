/* request.c: the life of an operation: made, completed, finished.
 *
 * Requests come from slabs that are freed together at the end, so a program that
 * forgets one leaks nothing of the library. An error keeps its sentence with the
 * request, because the thread that finishes it may not be the one in whose call
 * it failed.
 */
#include "match/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define SLAB_FIRST 16  /* few: most tasks have one or two under way */
#define SLAB_MOST 65536 /* each slab has twice as many as the one before, up to this: so there
                        * are few, and match_known has few to look at */

struct slab {
    struct slab *next;
    size_t count;
    struct dvm_request requests[];
};

static struct slab *slabs; /* the last one, which is the largest, first */
static struct dvm_request *free_requests; /* linked by next */

int request_start(void)
{
    slabs = NULL;
    free_requests = NULL;
    return DVM_OK;
}

/* Most requests do, on the way of every message. */
static inline bool owns_nothing(const struct dvm_request *r)
{
    return !r->text && !r->shape && !r->copy && !r->raw && !r->persistent;
}

static void request_drop(struct dvm_request *r)
{
    if (owns_nothing(r))
        return;
    free(r->text);
    free(r->raw);
    if (r->copy)
        send_copy_drop(r->copy);
    if (r->shape)
        shape_drop(r->shape);
    r->shape = NULL;
    r->text = NULL;
    r->copy = NULL;
    r->raw = NULL;
    if (r->persistent && r->kind == REQUEST_OPERATION)
        r->operation.again->drop(r->operation.own);
    r->persistent = false;
}

void request_stop(void)
{
    while (slabs) {
        struct slab *slab = slabs;

        slabs = slab->next;
        for (size_t i = 0; i < slab->count; i++)
            request_drop(&slab->requests[i]);
        free(slab);
    }
    free_requests = NULL;
}

static bool slab_make(void)
{
    size_t count = !slabs ? SLAB_FIRST : slabs->count < SLAB_MOST ? 2 * slabs->count : SLAB_MOST;
    struct slab *slab = calloc(1, sizeof *slab + count * sizeof slab->requests[0]);

    if (!slab)
        return false;
    slab->next = slabs;
    slab->count = count;
    slabs = slab;
    for (size_t i = 0; i < count; i++) {
        slab->requests[i].next = free_requests;
        free_requests = &slab->requests[i];
    }
    return true;
}

/* Take a free one, which owns nothing; NULL without memory (sentence kept). */
static inline struct dvm_request *take_free(enum request_kind kind, enum request_state state,
                                            int group)
{
    struct dvm_request *r;

    if (!free_requests && !slab_make()) {
        dvm_fail(DVM_ERR_NO_MEMORY, "no memory for one more operation under way");
        return NULL;
    }
    r = free_requests;
    free_requests = r->next;
    r->kind = (uint8_t)kind;
    r->state = (uint8_t)state;
    r->released = false;
    r->group = group;
    return r;
}

struct dvm_request *request_new(enum request_kind kind, int group)
{
    struct dvm_request *r = take_free(kind, REQUEST_ACTIVE, group);

    if (!r)
        return NULL;
    r->link.queue = NULL;
    r->result = (struct match_result){.error = DVM_OK};
    if (kind == REQUEST_SEND) {
        r->send.packed = NULL;
        r->send.stream.stream = NULL;
    }
    return r;
}

struct dvm_request *request_over(enum request_kind kind, int group)
{
    struct dvm_request *r = take_free(kind, REQUEST_COMPLETE, group);

    if (!r)
        return NULL;
    /* one by one: a copy of the whole takes longer */
    r->result.head = NULL;
    r->result.elements = 0;
    r->result.error = DVM_OK;
    r->result.cancelled = false;
    return r;
}

/* Put one that owns nothing to those that take_free takes. */
static inline void put_free(struct dvm_request *r)
{
    r->state = REQUEST_FREED; /* so that who has a copy of the pointer does not free it again */
    r->next = free_requests;
    free_requests = r;
}

void request_free(struct dvm_request *r)
{
    request_drop(r);
    put_free(r);
}

unsigned request_failures;

void request_complete(struct dvm_request *r, int error, const char *text)
{
    assert(r->state != REQUEST_COMPLETE);
    r->state = REQUEST_COMPLETE;
    r->result.error = error;
    if (r->released) {
        request_free(r);
        return;
    }
    if (error) {
        request_failures++;
        r->text = strdup(text ? text : dvm_last_error());
    }
    wait_changed();
}

struct dvm_request *match_operation(int group, uint64_t context)
{
    struct dvm_request *r = request_new(REQUEST_OPERATION, group);

    if (!r)
        return NULL;
    r->result = (struct match_result){.context = context, .source = DVM_NULL, .tag = DVM_ANY};
    lane_owed++; /* others wait for this task's part in it */
    return r;
}

void match_done(struct dvm_request *operation, int error)
{
    lane_owed--;
    request_complete(operation, error, NULL);
}

/* A persistent one is as before its start. */
static void request_rest(struct dvm_request *r)
{
    free(r->text);
    r->text = NULL;
    free(r->raw);
    r->raw = NULL;
    r->state = REQUEST_IDLE;
}

struct dvm_request *match_operation_keep(int group, uint64_t context,
                                         const struct match_again *again, void *own)
{
    struct dvm_request *r = request_new(REQUEST_OPERATION, group);

    if (!r)
        return NULL;
    r->persistent = true;
    r->state = REQUEST_IDLE;
    r->operation = (struct request_operation){again, own};
    r->result = (struct match_result){.context = context, .source = DVM_NULL, .tag = DVM_ANY};
    return r;
}

static int operation_again(struct dvm_request *r)
{
    int rc;

    lane_owed++;
    rc = r->operation.again->start(r->operation.own, r);
    if (rc != DVM_OK) {
        lane_owed--;
        r->state = REQUEST_IDLE;
    }
    return rc;
}

int match_again(struct dvm_request *r)
{
    assert(match_idle(r));
    r->state = REQUEST_ACTIVE;
    r->result.error = DVM_OK;
    if (r->kind == REQUEST_OPERATION)
        return operation_again(r);
    if (r->kind == REQUEST_SEND)
        request_send_again(r);
    else
        request_receive_again(r);
    return DVM_OK;
}

void match_drop(struct dvm_request *request)
{
    assert(match_idle(request));
    request_free(request);
}

bool match_persistent(const struct dvm_request *request)
{
    return request->persistent;
}

bool match_idle(const struct dvm_request *request)
{
    return request->state == REQUEST_IDLE;
}

/* Whether a pointer, whatever it is, is that of a request of a slab. */
static inline bool is_of(const struct slab *slab, const struct dvm_request *request)
{
    /* of a pointer to elsewhere it is very large */
    uintptr_t at = (uintptr_t)request - (uintptr_t)slab->requests;

    return at < slab->count * sizeof slab->requests[0] && at % sizeof slab->requests[0] == 0;
}

bool match_known(const struct dvm_request *request)
{
    for (const struct slab *slab = slabs; slab; slab = slab->next)
        if (is_of(slab, request))
            return true;
    return false;
}

size_t match_strange(size_t count, struct dvm_request *const *requests)
{
    const struct slab *largest = slabs; /* most are of that: without a call for each */
    size_t i = 0;

    while (i < count && (!requests[i] || (largest && is_of(largest, requests[i])) ||
                         match_known(requests[i])))
        i++;
    return i;
}

bool match_freed(const struct dvm_request *request)
{
    return request->state == REQUEST_FREED;
}

bool match_complete(const struct dvm_request *request)
{
    return request->state == REQUEST_COMPLETE;
}

int match_group(const struct dvm_request *request)
{
    return request->group;
}

int match_finish(struct dvm_request *request, struct match_result *result)
{
    int error = request->result.error;

    assert(request->state == REQUEST_COMPLETE);
    if (result)
        *result = request->result;
    if (error)
        dvm_fail(error, "%s", request->text ? request->text : dvm_error_text(error));
    if (request->persistent)
        request_rest(request);
    else
        request_free(request);
    return error;
}

size_t match_finish_plain(size_t from, size_t count, struct dvm_request **requests)
{
    for (; from < count; from++) {
        struct dvm_request *r = requests[from];

        if (!r)
            continue;
        if (r->state != REQUEST_COMPLETE || r->result.error || !owns_nothing(r))
            break;
        put_free(r);
        requests[from] = NULL;
    }
    return from;
}

void match_release(struct dvm_request *request)
{
    if (request->state == REQUEST_COMPLETE)
        request_free(request);
    else
        request->released = true;
}
