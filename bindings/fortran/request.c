/* request.c: operations under way.
 *
 * A section that is no single piece of memory is copied when the operation starts; the copy
 * is kept beside the library's request, and goes back into the section, as far as a message
 * has filled it, when the program learns that the operation is over. A persistent request keeps
 * its copies, and fetches what is in the sections with each start.
 */
#include "request.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "procedures.h"
#include "step.h"

struct side {
    struct buffer buffer;
    /* the program's descriptor may be gone by then */
    _Alignas(max_align_t) unsigned char section[sizeof(CFI_CDESC_T(CFI_MAX_RANK))];
};

struct held {
    struct side in, out;
    bool receives; /* out is the buffer of a receive: a message may be shorter */
    bool persistent;
    bool started;  /* of a persistent one: its end was not yet told */
};

static void keep(struct side *s, struct buffer *b)
{
    if (!b || !b->copied)
        return;
    s->buffer = *b;
    memcpy(s->section, b->argument,
           sizeof(CFI_cdesc_t) + (size_t)b->argument->rank * sizeof(CFI_dim_t));
    s->buffer.argument = (const CFI_cdesc_t *)s->section;
    b->copied = 0;
}

/* Keep the copies, if there are any. Returns whether there was memory for it. */
static bool hold(struct request *request, struct buffer *in, struct buffer *out, bool persistent)
{
    struct held *held;

    if (!(in && in->copied) && !(out && out->copied))
        return true;
    held = calloc(1, sizeof *held);
    if (!held)
        return false;
    keep(&held->in, in);
    keep(&held->out, out);
    held->receives = !in;
    held->persistent = persistent;
    request->held = held;
    return true;
}

int request_describe(struct request *request, struct dvm_request *handle, struct buffer *in,
                     struct buffer *out)
{
    *request = (struct request){.handle = handle};
    if (hold(request, in, out, true))
        return DVM_OK;
    dvm_request_free(&request->handle);
    return call_fail(DVM_ERR_NO_MEMORY, "no memory for what is known of a section");
}

int request_hold(struct request *request, struct dvm_request *handle, struct buffer *in,
                 struct buffer *out)
{
    struct dvm_status status;
    int rc;

    *request = (struct request){.handle = handle};
    if (hold(request, in, out, false))
        return DVM_OK;
    rc = dvm_wait(&request->handle, &status);
    if (in)
        buffer_close(in, 0);
    if (out)
        buffer_close(out, rc != DVM_OK ? 0 : in ? BUFFER_UNKNOWN : buffer_came(out, &status));
    return rc;
}

/* How many bytes of the output have changed. */
static size_t changed(const struct held *held, int rc, const struct dvm_status *status)
{
    if (rc != DVM_OK || status->cancelled)
        return 0;
    return held->receives ? buffer_came(&held->out.buffer, status) : BUFFER_UNKNOWN;
}

/* The program learns that the operation is over, if it is: copies go back. rc: its result, which
 * is returned. A request that is not persistent is over when its handle is NULL. */
static int finish(struct request *request, int rc, const struct dvm_status *status)
{
    struct held *held = request->held;

    if (!held || (held->persistent ? !held->started : request->handle != NULL))
        return rc;
    held->started = false;
    buffer_store(&held->out.buffer, changed(held, rc, status));
    if (held->persistent)
        return rc;
    request->held = NULL;
    buffer_close(&held->in.buffer, 0);
    buffer_close(&held->out.buffer, 0);
    free(held);
    return rc;
}

void dvmf_wait(struct request *request, void *status, void *ierror)
{
    struct dvm_status s = {.source = DVM_NULL, .tag = DVM_ANY};
    int rc;

    CALL_BEGIN(ierror);
    rc = finish(request, dvm_wait(&request->handle, &s), &s);
    status_put(status, &s);
    call_end(rc, ierror);
}

void dvmf_test(struct request *request, const CFI_cdesc_t *done, void *status, void *ierror)
{
    struct dvm_status s = {.source = DVM_NULL, .tag = DVM_ANY};
    int over = 0, rc;

    CALL_BEGIN(ierror);
    rc = logical_check("dvm_test", done);
    if (rc == DVM_OK)
        rc = dvm_test(&request->handle, &over, &s);
    if (over) {
        rc = finish(request, rc, &s);
        status_put(status, &s);
    }
    if (rc == DVM_OK)
        logical_put(done, over);
    call_end(rc, ierror);
}

/* A place of an array of requests. */
static struct request *request_at(const CFI_cdesc_t *requests, size_t i)
{
    return step_to(requests, i);
}

/* Their handles, one behind the other; NULL when there is no memory. */
static struct dvm_request **handles_of(const CFI_cdesc_t *requests, size_t count)
{
    struct dvm_request **handles = malloc((count + 1) * sizeof *handles);

    for (size_t i = 0; handles && i < count; i++)
        handles[i] = request_at(requests, i)->handle;
    return handles;
}

static int no_memory(const char *call)
{
    return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for the list of requests", call);
}

void dvmf_waitany(const CFI_cdesc_t *requests, void *index, void *status, void *ierror)
{
    size_t count = (size_t)requests->dim[0].extent, place = (size_t)DVM_NULL;
    struct dvm_status s = {.source = DVM_NULL, .tag = DVM_ANY};
    struct dvm_request **handles = handles_of(requests, count);
    int rc;

    CALL_BEGIN(ierror);
    rc = handles ? dvm_waitany(count, handles, &place, &s) : no_memory("dvm_waitany");
    if (place < count) {
        request_at(requests, place)->handle = handles[place];
        rc = finish(request_at(requests, place), rc, &s);
        status_put(status, &s);
    }
    if (handles)
        integer_put(index, place < count ? (int)place + 1 : 0);
    free(handles);
    call_end(rc, ierror);
}

void dvmf_waitall(const CFI_cdesc_t *requests, const CFI_cdesc_t *statuses, void *ierror)
{
    size_t count = (size_t)requests->dim[0].extent;
    struct dvm_request **handles = handles_of(requests, count);
    struct dvm_status *list = calloc(count + 1, sizeof *list);
    int rc;

    CALL_BEGIN(ierror);
    rc = handles && list ? dvm_waitall(count, handles, list) : no_memory("dvm_waitall");
    for (size_t i = 0; handles && list && i < count; i++) {
        request_at(requests, i)->handle = handles[i];
        finish(request_at(requests, i), list[i].error, &list[i]);
        if (statuses && (CFI_index_t)i < statuses->dim[0].extent)
            status_put(step_to(statuses, i), &list[i]);
    }
    free(handles);
    free(list);
    call_end(rc, ierror);
}

void dvmf_cancel(struct request *request, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_cancel(request->handle), ierror);
}

/* Start one, with what is in its sections now. A receive has nothing to fetch; a collective may
 * have its input in its output. */
static int start(struct request *request)
{
    struct held *held = request->held;
    int rc;

    if (held && !held->started) {
        buffer_load(&held->in.buffer);
        if (!held->receives)
            buffer_load(&held->out.buffer);
    }
    rc = dvm_start(&request->handle);
    if (held && rc == DVM_OK)
        held->started = true;
    return rc;
}

void dvmf_start(struct request *request, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(start(request), ierror);
}

void dvmf_startall(const CFI_cdesc_t *requests, void *ierror)
{
    size_t count = (size_t)requests->dim[0].extent;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    for (size_t i = 0; rc == DVM_OK && i < count; i++)
        rc = start(request_at(requests, i));
    call_end(rc, ierror);
}

void dvmf_request_free(struct request *request, void *ierror)
{
    struct held *held = request->held;
    int rc;

    CALL_BEGIN(ierror);
    rc = dvm_request_free(&request->handle);
    if (rc == DVM_OK && held && !request->handle) {
        request->held = NULL;
        buffer_close(&held->in.buffer, 0);
        buffer_close(&held->out.buffer, 0);
        free(held);
    }
    call_end(rc, ierror);
}
