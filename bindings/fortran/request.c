/* request.c: operations under way.
 *
 * A section that is no single piece of memory is copied when the operation starts; the copy
 * is kept beside the library's request, and goes back into the section, as far as a message
 * has filled it, when the program learns that the operation is over.
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

int request_hold(struct request *request, struct dvm_request *handle, struct buffer *in,
                 struct buffer *out)
{
    struct dvm_status status;
    struct held *held;
    int rc;

    *request = (struct request){.handle = handle};
    if (!(in && in->copied) && !(out && out->copied))
        return DVM_OK;
    held = calloc(1, sizeof *held);
    if (held) {
        keep(&held->in, in);
        keep(&held->out, out);
        held->receives = !in;
        request->held = held;
        return DVM_OK;
    }
    rc = dvm_wait(&request->handle, &status);
    if (in)
        buffer_close(in, 0);
    if (out)
        buffer_close(out, rc != DVM_OK ? 0 : in ? BUFFER_UNKNOWN : buffer_came(out, &status));
    return rc;
}

/* If the operation is over (its handle is NULL) copies go back. rc: its result, returned. */
static int finish(struct request *request, int rc, const struct dvm_status *status)
{
    struct held *held = request->held;

    if (request->handle || !held)
        return rc;
    request->held = NULL;
    buffer_close(&held->in.buffer, 0);
    if (rc != DVM_OK || status->cancelled)
        buffer_close(&held->out.buffer, 0);
    else
        buffer_close(&held->out.buffer, held->receives ? buffer_came(&held->out.buffer, status)
                                                       : BUFFER_UNKNOWN);
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
    rc = finish(request, rc, &s);
    if (over)
        status_put(status, &s);
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

void dvmf_start(struct request *request, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_start(&request->handle), ierror);
}

void dvmf_startall(const CFI_cdesc_t *requests, void *ierror)
{
    size_t count = (size_t)requests->dim[0].extent;
    int rc = DVM_OK;

    CALL_BEGIN(ierror);
    for (size_t i = 0; rc == DVM_OK && i < count; i++)
        rc = dvm_start(&request_at(requests, i)->handle);
    call_end(rc, ierror);
}

void dvmf_request_free(struct request *request, void *ierror)
{
    CALL_BEGIN(ierror);
    call_end(dvm_request_free(&request->handle), ierror);
}
