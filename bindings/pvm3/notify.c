/* notify.c: pvm_notify.
 *
 * Each wish has a tag of its own in DVM (queue.h); when its events come, they get the tag and
 * the context that the program gave, and PVM's contents: one tid; for hosts that joined, how
 * many, and their tids.
 */
#include "bindings/pvm3/notify.h"

#include <limits.h>
#include <string.h>

#include "dvm.h"
#include <pvm3.h>

#include "bindings/pvm3/codec.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/queue.h"

#define SPENT (-1)
#define EVENT_INTS 4 /* of an event of DVM: tid, status, signal, lost */

/* Wishes of the same event, tag and context share a place. */
static struct wish {
    int what; /* PvmTaskExit...; 0: free; SPENT: taken back, and its events may still come */
    int tag, ctx;
    int left; /* events of a PvmHostAdd, negative: for ever */
} wishes[PVM3_EVENT_WISHES];

static int find_wish(int what, int tag)
{
    int spare = -1;

    for (int i = 0; i < PVM3_EVENT_WISHES; i++) {
        const struct wish *w = &wishes[i];

        if (w->what == what && w->tag == tag && w->ctx == pvm3_context())
            return i;
        if (w->what == 0 && spare < 0)
            spare = i;
    }
    return spare;
}

static void put_ints(struct pvm3_buffer *b, const int *values, size_t count)
{
    b->encoding = PvmDataDefault;
    b->bytes = b->next = 0;
    b->packed = 1;
    pvm3_encode(b, pvm3_type_find(PVM_INT), values, count, 1); /* shorter than it was */
}

bool pvm3_notify_translate(struct pvm3_buffer *b)
{
    struct wish *w = &wishes[b->tag - PVM3_EVENT_TAG];
    int event[EVENT_INTS], host[2];

    if (w->what <= 0 ||
        pvm3_decode(b, pvm3_type_find(PVM_INT), event, EVENT_INTS, 1) != PvmOk)
        return false;
    if (w->what == PvmHostAdd && w->left == 0)
        return false;
    b->tag = w->tag;
    b->ctx = w->ctx;
    b->src = PVM3_TID_HOST(pvm3_self());
    if (w->what == PvmHostAdd) {
        host[0] = 1;
        host[1] = PVM3_TID_HOST(event[0]);
        w->left -= w->left > 0;
        put_ints(b, host, 2);
        return true;
    }
    event[0] = w->what == PvmHostDelete ? PVM3_TID_HOST(event[0]) : event[0];
    put_ints(b, event, 1);
    return true;
}

/* Cancelled events come at once. */
static int complete_now(const char *call, int tag, const int *tids, int count)
{
    for (int i = 0; i < count; i++) {
        struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 2 * sizeof(int));

        if (!b)
            return pvm3_fail(call, PvmNoMem, NULL);
        put_ints(b, &tids[i], 1);
        b->tag = tag;
        b->ctx = pvm3_context();
        b->src = PVM3_TID_HOST(pvm3_self());
        pvm3_queue_put(b);
    }
    return PvmOk;
}

static int cancel(const char *call, int what, int tag, int count, const int *tids)
{
    int place = find_wish(what, tag);

    if (place < 0 || wishes[place].what != what)
        return pvm3_fail(call, PvmNotFound, "no such event was asked for");
    wishes[place].what = SPENT;
    return what == PvmHostAdd ? PvmOk : complete_now(call, tag, tids, count);
}

static int check(const char *call, int what, int count, const int *tids)
{
    if (what == PvmRouteAdd || what == PvmRouteDelete)
        return pvm3_fail(call, PvmNotImpl, "ways between tasks come and go by themselves and are "
                         "not told of");
    if (what < PvmTaskExit || what > PvmHostAdd)
        return pvm3_fail(call, PvmBadParam, "%d is no event", what);
    if (what != PvmHostAdd && (count < 1 || !tids))
        return pvm3_fail(call, PvmBadParam, "%d tids%s", count, tids ? "" : " in NULL");
    for (int i = 0; what != PvmHostAdd && i < count; i++)
        if (what == PvmTaskExit ? !PVM3_TID_OK(tids[i]) : PVM3_TID_HOST(tids[i]) == 0)
            return pvm3_fail(call, PvmBadParam, "0x%x is no %s tid", (unsigned)tids[i],
                             what == PvmTaskExit ? "task's" : "host's");
    return PvmOk;
}

int pvm_notify(int what, int tag, int count, int *tids)
{
    static const char call[] = "pvm_notify";
    static const int events[] = {[PvmTaskExit] = DVM_TASK_EXIT, [PvmHostDelete] = DVM_HOST_DOWN,
                                 [PvmHostAdd] = DVM_HOST_NEW};
    int rc = pvm3_enter(call), kind = what & ~PvmNotifyCancel, place;

    if (rc == PvmOk)
        rc = check(call, kind, count, tids);
    if (rc == PvmOk && tag < 0)
        rc = pvm3_fail(call, PvmBadParam, "tag %d; tags are 0 or more", tag);
    if (rc != PvmOk)
        return rc;
    if (what & PvmNotifyCancel)
        return cancel(call, kind, tag, count, tids);
    place = find_wish(kind, tag);
    if (place < 0)
        return pvm3_fail(call, PvmOutOfRes, "%d different events are the most", PVM3_EVENT_WISHES);
    if (kind == PvmHostAdd && wishes[place].what == kind) {
        wishes[place].left = count; /* events come already */
        return PvmOk;
    }
    wishes[place] = (struct wish){kind, tag, pvm3_context(), count};
    rc = dvm_notify(events[kind], kind == PvmHostAdd ? NULL : tids,
                    kind == PvmHostAdd ? -1 : count, PVM3_EVENT_TAG + place);
    return rc == DVM_OK ? PvmOk : pvm3_fail_dvm(call, rc);
}
