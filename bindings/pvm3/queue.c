/* queue.c: taking messages in, keeping them, finding them. */
#include "bindings/pvm3/queue.h"

#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/handler.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/notify.h"
#include "bindings/pvm3/roles/roles.h"
#include "bindings/pvm3/roles/tasker.h"

static struct pvm3_buffer *first, *last;
static unsigned long taken; /* how many were taken out */
static int (*match)(int bufid, int tid, int tag); /* the program's; NULL: the usual */

void pvm3_queue_put(struct pvm3_buffer *b)
{
    b->queued = true;
    b->following = NULL;
    b->before = last;
    if (last)
        last->following = b;
    else
        first = b;
    last = b;
}

void pvm3_queue_take(struct pvm3_buffer *b)
{
    if (b->before)
        b->before->following = b->following;
    else
        first = b->following;
    if (b->following)
        b->following->before = b->before;
    else
        last = b->before;
    b->queued = false;
    b->next = 0; /* somebody may have looked into it */
    taken++;
}

void pvm3_queue_clear(void)
{
    while (first) {
        struct pvm3_buffer *b = first;

        pvm3_queue_take(b);
        pvm3_buffer_free(b);
    }
}

/* Receive a message that was taken from DVM into a buffer. Elements of several types stay as
 * they came: the program unpacks each as what it is. */
static int receive(struct dvm_message **message, const struct dvm_status *status, int unlike,
                   struct pvm3_buffer **made)
{
    bool mixed = status->type == DVM_TYPE_MIXED;
    dvm_type type = mixed ? DVM_BYTE : status->type;
    /* what is packed has its header in the header's place */
    size_t ahead = status->type == DVM_BYTE ? PVM3_HEADER : 0;
    size_t size = mixed ? status->bytes : status->count * dvm_type_size(type);
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataRaw, size);
    int rc;

    *made = NULL;
    if (!b)
        return DVM_ERR_NO_MEMORY;
    rc = dvm_mrecv(message, pvm3_buffer_data(b) - ahead, mixed ? size : status->count, type, NULL);
    if (rc != DVM_OK) {
        pvm3_buffer_free(b);
        return rc;
    }
    b->bytes = size;
    if (ahead && pvm3_header_read(b, b->data, size))
        b->bytes -= PVM3_HEADER;
    else if (ahead)
        memmove(pvm3_buffer_data(b), b->data, size);
    else
        b->packed = 0;
    if (mixed && unlike) {
        b->foreign = true;
        b->stored = (unsigned char)~pvm3_representation(); /* how is not known, only that */
    }
    *made = b;
    return DVM_OK;
}

/* Whether a message that comes is what is wanted, and an array that goes straight to the
 * program's memory: nothing else may see it. Nothing in the queue is wanted. */
static bool fits_place(const struct pvm3_wanted *wanted, const struct dvm_status *status)
{
    return wanted->place && status->type == wanted->type && status->count <= wanted->count &&
           status->count > 0 && (wanted->tid == -1 || wanted->tid == status->source) &&
           (wanted->tag == -1 || wanted->tag == status->tag) && !wanted->internal && !match &&
           (wanted->ctx == PVM3_ANY_CONTEXT || wanted->ctx == PvmBaseContext) &&
           !pvm3_reserved_tag(status->tag) && !pvm3_handlers_there();
}

/* Receive it so; its buffer has everything but the bytes. */
static int receive_placed(struct dvm_message **message, const struct dvm_status *status,
                          void *place, struct pvm3_buffer **made)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataRaw, 0);
    int rc = b ? dvm_mrecv(message, place, status->count, status->type, NULL)
               : DVM_ERR_NO_MEMORY;

    *made = b;
    if (rc != DVM_OK) {
        pvm3_buffer_free(b);
        return rc;
    }
    b->bytes = status->count * dvm_type_size(status->type);
    b->placed = true;
    b->packed = 0;
    return DVM_OK;
}

/* A message has come: receive it, let handlers have it, or keep it. */
static int take_in(const struct pvm3_wanted *wanted, struct dvm_message **message,
                   const struct dvm_status *status, int unlike)
{
    struct pvm3_buffer *b;
    int rc = fits_place(wanted, status) ? receive_placed(message, status, wanted->place, &b)
                                        : receive(message, status, unlike, &b);

    /* its sender's host was lost in the middle of it, and there is no message: PVM's programs
     * learn of that by pvm_notify */
    if (rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE)
        return DVM_OK;
    if (rc != DVM_OK)
        return rc;
    b->src = status->source;
    b->tag = status->tag;
    b->dst = pvm3_self();
    if (b->ctx == PVM3_TO_PROGRAM || b->ctx == PVM3_TO_LIBRARY)
        pvm3_role_translate(b);
    if (b->tag == PVM3_START_TAG && PVM3_TID_LOCAL(b->src) == 0)
        pvm3_tasker_translate(b);
    if (pvm3_reserved_tag(b->tag) && !b->packed && !pvm3_notify_translate(b)) {
        pvm3_buffer_free(b); /* of a wish that was taken back */
        return DVM_OK;
    }
    if (b->traced)
        pvm3_notify_traced(b->src, b->tag, b->ctx);
    pvm3_queue_put(b);
    pvm3_handle(b);
    return DVM_OK;
}

/* Take in one message. Returns DVM_ERR_TIMEOUT when none has come. */
static int take_one(const struct pvm3_wanted *wanted, double timeout)
{
    struct dvm_message *message;
    struct dvm_status status;
    int tid = wanted->tid < -1 ? -1 : wanted->tid, tag = wanted->tag < -1 ? -1 : wanted->tag;
    int unlike, rc = dvm_binding_take(tid, tag, timeout, wanted->site, &message, &status,
                                      &unlike);

    return rc == DVM_OK ? take_in(wanted, &message, &status, unlike) : rc;
}

/* 1 when the message fits, 0, or the negative word of the program's function. */
static int fits(struct pvm3_buffer *b, const struct pvm3_wanted *wanted)
{
    if (PVM3_INTERNAL(b->ctx) != wanted->internal)
        return 0;
    if (match && !wanted->internal)
        return pvm3_buffer_name(b) ? match(b->id, wanted->tid, wanted->tag) : PvmNoMem;
    return (wanted->tid == -1 || wanted->tid == b->src) &&
           (wanted->tag == -1 || wanted->tag == b->tag) &&
           (wanted->ctx == PVM3_ANY_CONTEXT || wanted->ctx == b->ctx);
}

/* Look through the queue from *at on, which is NULL at its end afterwards. */
static int search(struct pvm3_buffer *at, const struct pvm3_wanted *wanted,
                  struct pvm3_buffer **found)
{
    int rc = 0;

    while (at) {
        struct pvm3_buffer *next = at->following;

        rc = fits(at, wanted);
        if (rc)
            break;
        at = next;
    }
    *found = rc > 0 ? at : NULL;
    return rc < 0 ? rc : PvmOk;
}

int pvm3_queue_find(const char *call, const struct pvm3_wanted *wanted, double timeout,
                    struct pvm3_buffer **found)
{
    const double end = timeout > 0 ? dvm_wtime() + timeout : 0;
    struct pvm3_buffer *from = first;
    bool late = false; /* it ends then, also if messages come that are not wanted */
    int rc;

    for (;;) {
        struct pvm3_buffer *seen;
        unsigned long before = taken;
        double left = timeout > 0 ? end - dvm_wtime() : timeout;

        rc = search(from, wanted, found);
        if (rc != PvmOk || *found || late)
            return rc;
        seen = last;
        late = timeout > 0 && left <= 0;
        rc = take_one(wanted, late ? 0 : left);
        if (rc == DVM_ERR_TIMEOUT)
            return PvmOk;
        if (rc != DVM_OK)
            return pvm3_fail_dvm(call, rc);
        /* a handler may have taken out what was seen before */
        from = seen && taken == before ? seen->following : first;
    }
}

int (*pvm_recvf(int (*new_match)(int bufid, int tid, int tag)))(int bufid, int tid, int tag)
{
    int (*old)(int, int, int) = match;

    match = new_match;
    return old;
}
