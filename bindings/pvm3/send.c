/* send.c: pvm_send, pvm_mcast, pvm_psend.
 *
 * All send by dvm_bsend, which never waits for the receiver: PVM's programs rely on that. An
 * array that pvm_psend sends in the base context travels under its own type, so that a task
 * that is no PVM program can receive it as that; everything else has a header (codec.h).
 */
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "dvm_binding.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/roles/roles.h"
#include "bindings/pvm3/send.h"
#include "bindings/pvm3/trace/trace.h"

static int check_tag(const char *call, int tag)
{
    if (tag < 0)
        return pvm3_fail(call, PvmBadParam, "tag %d; tags are 0 or more", tag);
    return PvmOk;
}

static int check_tid(const char *call, int tid)
{
    if (!PVM3_TID_OK(tid) && !pvm3_option(PvmResvTids))
        return pvm3_fail(call, PvmBadParam, "0x%x is no task's tid", (unsigned)tid);
    return PvmOk;
}

/* Whether nobody gets what is sent to a tid: PvmResvTids lets a program send to others than
 * tasks, and PVM's daemons drop what they do not know. */
static bool is_dropped(int tid)
{
    return !PVM3_TID_OK(tid);
}

/* A message to a task that has ended is dropped, as in PVM. */
static int sent(const char *call, int rc)
{
    if (rc == DVM_OK || rc == DVM_ERR_NO_TASK || rc == DVM_ERR_TASK_GONE ||
        rc == DVM_ERR_HOST_GONE || rc == DVM_ERR_NO_HOST)
        return PvmOk;
    return pvm3_fail_dvm(call, rc);
}

int pvm3_send_bytes(const char *call, int tid, int tag, const unsigned char *all, size_t bytes)
{
    if (is_dropped(tid))
        return PvmOk;
    return sent(call, dvm_bsend(DVM_UNIVERSE, tid, tag, all, bytes, DVM_BYTE));
}

/* The send buffer's bytes with a header of the context in force. */
static int make_ready(const char *call, unsigned char **all, size_t *bytes, bool *owned)
{
    struct pvm3_buffer *b = pvm3_sending();

    if (!b)
        return pvm3_fail(call, PvmNoBuf, "there is no send buffer; pvm_initsend makes one");
    b->ctx = pvm3_context();
    b->src = pvm3_self();
    pvm3_header_write(b, b->data);
    *all = pvm3_buffer_gather(b, owned);
    *bytes = PVM3_HEADER + b->bytes;
    return *all ? PvmOk : pvm3_fail(call, PvmNoMem, NULL);
}

/* Whether a message is one array in place, in the base context: it needs neither a header nor
 * a copy here. */
static bool is_one_array(const struct pvm3_buffer *b, int tag)
{
    return b && b->encoding == PvmDataInPlace && b->piece_count == 1 && b->wid == 0 &&
           pvm3_context() == PvmBaseContext && !pvm3_reserved_tag(tag);
}

static int send_array(const char *call, int tid, int tag)
{
    struct pvm3_buffer *b = pvm3_sending();
    const struct pvm3_piece *p = &b->pieces[0];

    b->tag = tag;
    b->src = pvm3_self();
    if (is_dropped(tid))
        return PvmOk;
    return sent(call, dvm_bsend(DVM_UNIVERSE, tid, tag, p->data, p->bytes / dvm_type_size(p->type),
                                p->type));
}

int pvm_send(int tid, int tag)
{
    static const char call[] = "pvm_send";
    unsigned char *all;
    size_t bytes;
    bool owned;
    int rc = pvm3_enter(call);

    if (tid == PVM_TRACE_TID && tag == PVM_TRACE_CODE && rc == PvmOk)
        return pvm3_trace_own_send(call);
    if (rc == PvmOk && pvm3_role_tag(tag))
        return pvm3_role_send(call, tid, tag);
    if (rc == PvmOk)
        rc = check_tid(call, tid);
    if (rc == PvmOk)
        rc = check_tag(call, tag);
    if (rc == PvmOk && is_one_array(pvm3_sending(), tag))
        return send_array(call, tid, tag);
    if (rc == PvmOk)
        rc = make_ready(call, &all, &bytes, &owned);
    if (rc != PvmOk)
        return rc;
    pvm3_sending()->tag = tag;
    rc = pvm3_send_bytes(call, tid, tag, all, bytes);
    if (owned)
        pvm3_buffer_free_bytes(all, bytes - PVM3_HEADER);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Sort tids, and leave out this task's own, those of no task, and what stands there twice.
 * Returns how many are left. */
static size_t each_once(int *tids, size_t count)
{
    size_t kept = 0;

    qsort(tids, count, sizeof *tids, by_number);
    for (size_t i = 0; i < count; i++)
        if (tids[i] != pvm3_self() && !is_dropped(tids[i]) &&
            (kept == 0 || tids[i] != tids[kept - 1]))
            tids[kept++] = tids[i];
    return kept;
}

/* The message, as it is sent, to each of these; all is what make_ready made, NULL: one array. */
static int send_to_each(const char *call, const int *tids, size_t count, int tag,
                        const unsigned char *all, size_t bytes)
{
    const struct pvm3_piece *p = pvm3_sending()->pieces;

    if (all)
        return sent(call, dvm_binding_send_each(tids, count, tag, all, bytes, DVM_BYTE));
    return sent(call, dvm_binding_send_each(tids, count, tag, p->data,
                                            p->bytes / dvm_type_size(p->type), p->type));
}

int pvm3_mcast(const char *call, const int *tids, int count, int tag)
{
    unsigned char *all = NULL;
    size_t bytes = 0;
    bool owned = false;
    int *sorted, rc = PvmOk;

    if (!is_one_array(pvm3_sending(), tag))
        rc = make_ready(call, &all, &bytes, &owned);
    if (rc != PvmOk)
        return rc;
    sorted = malloc(((size_t)count + 1) * sizeof *sorted);
    if (sorted) {
        memcpy(sorted, tids, (size_t)count * sizeof *sorted);
        rc = send_to_each(call, sorted, each_once(sorted, (size_t)count), tag, all, bytes);
    } else {
        rc = pvm3_fail(call, PvmNoMem, NULL);
    }
    free(sorted);
    if (owned)
        pvm3_buffer_free_bytes(all, bytes - PVM3_HEADER);
    return rc;
}

int pvm_mcast(int *tids, int count, int tag)
{
    static const char call[] = "pvm_mcast";
    int rc = pvm3_enter(call);

    if (rc == PvmOk && (count < 0 || (count > 0 && !tids)))
        rc = pvm3_fail(call, PvmBadParam, "%d tids%s", count, tids ? "" : " in NULL");
    if (rc == PvmOk)
        rc = check_tag(call, tag);
    for (int i = 0; rc == PvmOk && i < count; i++)
        rc = check_tid(call, tids[i]);
    return rc == PvmOk ? pvm3_mcast(call, tids, count, tag) : rc;
}

/* The elements of an array as a message with a header, for contexts but the base. */
static int psend_with_header(const char *call, int tid, int tag, const void *data, size_t count,
                             const struct pvm3_type *t)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataRaw, 0);
    int rc = b ? pvm3_encode(b, t, data, count, 1) : PvmNoMem;

    if (rc != PvmOk) {
        pvm3_buffer_free(b);
        return pvm3_fail(call, rc, NULL);
    }
    b->ctx = pvm3_context();
    b->packed = 0;
    pvm3_header_write(b, b->data);
    rc = pvm3_send_bytes(call, tid, tag, b->data, PVM3_HEADER + b->bytes);
    pvm3_buffer_free(b);
    return rc;
}

int pvm_psend(int tid, int tag, void *data, int count, int type)
{
    static const char call[] = "pvm_psend";
    const struct pvm3_type *t = pvm3_type_find(type);
    int rc = pvm3_enter(call);

    if (rc == PvmOk)
        rc = check_tid(call, tid);
    if (rc == PvmOk)
        rc = check_tag(call, tag);
    if (rc == PvmOk && type == PVM_STR)
        rc = pvm3_fail(call, PvmNotImpl, "PVM_STR is not for pvm_psend; send its bytes");
    if (rc == PvmOk && (!t || count < 0 || (count > 0 && !data)))
        rc = pvm3_fail(call, PvmBadParam, "%d elements of type %d%s", count, type,
                       data ? "" : " at NULL");
    if (rc != PvmOk || is_dropped(tid))
        return rc;
    if (pvm3_context() != PvmBaseContext || pvm3_reserved_tag(tag))
        return psend_with_header(call, tid, tag, data, (size_t)count, t);
    return sent(call, dvm_bsend(DVM_UNIVERSE, tid, tag, data, (size_t)count, t->type));
}
