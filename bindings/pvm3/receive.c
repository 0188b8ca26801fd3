/* receive.c: pvm_recv and its kin. */
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include <stdio.h>
#include <string.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/buffer/pack.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/roles/roles.h"

#define MICROSECONDS 1e6
#define SITE() __builtin_return_address(0)

/* Whether what a receive asks for can be: -1 is any. */
static int check(const char *call, int tid, int tag)
{
    if (tag < -1 && !pvm3_role_tag(tag))
        return pvm3_fail(call, PvmBadParam, "tag %d; it is 0 or more, or -1 for any", tag);
    if (tid < -1 && tid != PVM3_DAEMON)
        return pvm3_fail(call, PvmBadParam, "0x%x is no task's tid; -1 is for any",
                         (unsigned)tid);
    return PvmOk;
}

static int find_wanted(const char *call, struct pvm3_wanted *wanted, double timeout,
                       struct pvm3_buffer **b)
{
    int rc = pvm3_enter(call);

    *b = NULL;
    if (rc == PvmOk)
        rc = check(call, wanted->tid, wanted->tag);
    wanted->ctx = pvm3_context();
    return rc == PvmOk ? pvm3_queue_find(call, wanted, timeout, b) : rc;
}

static int find(const char *call, int tid, int tag, double timeout, const void *site,
                struct pvm3_buffer **b)
{
    struct pvm3_wanted wanted = {.tid = tid, .tag = tag, .site = site};

    return find_wanted(call, &wanted, timeout, b);
}

static int receive(const char *call, int tid, int tag, double timeout, const void *site)
{
    struct pvm3_buffer *b;
    int rc = find(call, tid, tag, timeout, site, &b);

    if (rc != PvmOk || !b)
        return rc;
    pvm3_queue_take(b);
    rc = pvm3_receive_into(b);
    if (rc > 0)
        return rc;
    pvm3_queue_put(b);
    return pvm3_fail(call, rc, NULL);
}

int pvm_recv(int tid, int tag)
{
    return receive("pvm_recv", tid, tag, -1, SITE());
}

int pvm_nrecv(int tid, int tag)
{
    return receive("pvm_nrecv", tid, tag, 0, SITE());
}

int pvm_trecv(int tid, int tag, struct timeval *timeout)
{
    if (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0))
        return pvm3_fail("pvm_trecv", PvmBadParam, "a time of less than nothing");
    return receive("pvm_trecv", tid, tag,
                   timeout ? (double)timeout->tv_sec + (double)timeout->tv_usec / MICROSECONDS
                           : -1,
                   SITE());
}

int pvm_probe(int tid, int tag)
{
    struct pvm3_buffer *b;
    int rc = find("pvm_probe", tid, tag, 0, SITE(), &b);

    if (rc != PvmOk || !b)
        return rc;
    rc = pvm3_buffer_name(b);
    return rc ? rc : pvm3_fail("pvm_probe", PvmNoMem, NULL);
}

/* The elements of a message, as many as fit, whether they were packed or sent as an array. */
static int copy_out(const char *call, struct pvm3_buffer *b, void *data, int count, int type)
{
    const struct pvm3_type *t = pvm3_type_find(type);
    size_t item = pvm3_encoded(b->encoding, t, 1), most;

    if (t->wire == 1 || b->encoding != PvmDataDefault) {
        most = t->size * (size_t)t->scalars * (size_t)count;
        if (b->foreign && t->size > 1)
            return pvm3_fail(call, PvmBadMsg, "raw data of a host that stores numbers in another "
                             "way");
        memcpy(data, pvm3_buffer_data(b), most < b->bytes ? most : b->bytes);
        return PvmOk;
    }
    most = b->bytes / item;
    return pvm3_decode(b, t, data, most < (size_t)count ? most : (size_t)count, 1);
}

/* Bytes of the message's elements here. */
static int array_bytes(const struct pvm3_buffer *b, const struct pvm3_type *t)
{
    if (b->encoding != PvmDataDefault || t->wire == 1)
        return (int)b->bytes;
    return (int)(b->bytes / (size_t)t->wire * t->size);
}

int pvm_precv(int tid, int tag, void *data, int count, int type, int *atid, int *atag, int *alen)
{
    static const char call[] = "pvm_precv";
    const struct pvm3_type *t = pvm3_type_find(type);
    struct pvm3_wanted wanted = {.tid = tid, .tag = tag, .site = SITE()};
    struct pvm3_buffer *b;
    int rc;

    if (!t || count < 0 || (count > 0 && !data) || type == PVM_STR)
        return pvm3_fail(call, type == PVM_STR ? PvmNotImpl : PvmBadParam,
                         "%d elements of type %d%s", count, type, data ? "" : " at NULL");
    wanted.place = data;
    wanted.count = (size_t)count;
    wanted.type = t->type;
    rc = find_wanted(call, &wanted, -1, &b);
    if (rc != PvmOk)
        return rc;
    pvm3_queue_take(b);
    if (!b->placed)
        rc = copy_out(call, b, data, count, type);
    if (atid)
        *atid = b->src;
    if (atag)
        *atag = b->tag;
    if (alen)
        *alen = array_bytes(b, t);
    pvm3_buffer_free(b);
    return rc;
}
