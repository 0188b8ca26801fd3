/* notify.c: pvm_notify.
 *
 * Each wish has a tag of its own in DVM (queue.h); when its events come, they get the tag and
 * the context that the program gave, and PVM's contents: one tid; for hosts that joined, how
 * many, and their tids.
 */
#include "bindings/pvm3/notify.h"

#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/roles/roles.h"
#include "bindings/pvm3/trace/trace.h"

#define SPENT (-1)
#define TRACED 1000 /* the end of a traced task, for a tracer; no event of PVM's */
#define ROLE_INTS 6  /* of SM_TASKX: tid, status, seconds and microseconds twice */
#define EVENT_INTS 4 /* of an event of DVM: tid, status, signal, lost */

/* Wishes of the same event, tag and context share a place. It is free again when nothing is
 * wished for and all events have come that DVM was asked for. */
static struct wish {
    int what; /* PvmTaskExit...; 0: free; SPENT: PvmHostAdd, taken back */
    int tag, ctx;
    int left;    /* events of a PvmHostAdd, negative: for ever */
    int *tids;   /* of others: whose end is to be told; owned */
    size_t count, room;
    size_t open; /* events that DVM was asked for, and that have not come */
} wishes[PVM3_EVENT_WISHES];

void pvm3_notify_forget(void)
{
    for (int i = 0; i < PVM3_EVENT_WISHES; i++) {
        free(wishes[i].tids);
        wishes[i] = (struct wish){0};
    }
}

static int *find_tid(const struct wish *w, int tid)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->tids[i] == tid)
            return &w->tids[i];
    return NULL;
}

/* Take a tid out. false: it is not wished for. */
static bool take_tid(struct wish *w, int tid)
{
    int *place = find_tid(w, tid);

    if (place)
        *place = w->tids[--w->count];
    return place;
}

/* Put tids in. false: no memory. */
static bool add_tids(struct wish *w, const int *tids, size_t count)
{
    int *larger;

    if (w->room - w->count < count) {
        larger = realloc(w->tids, 2 * (w->count + count) * sizeof *larger);
        if (!larger)
            return false;
        w->tids = larger;
        w->room = 2 * (w->count + count);
    }
    for (size_t i = 0; i < count; i++)
        w->tids[w->count++] = w->what == PvmHostDelete ? PVM3_TID_HOST(tids[i]) : tids[i];
    return true;
}

static void free_if_over(struct wish *w)
{
    if (w->what == PvmHostAdd || w->what == SPENT || w->count > 0 || w->open > 0)
        return;
    free(w->tids);
    *w = (struct wish){0};
}

static int find_wish(int what, int tag, int ctx)
{
    int spare = -1;

    for (int i = 0; i < PVM3_EVENT_WISHES; i++) {
        const struct wish *w = &wishes[i];

        if (w->what == what && w->tag == tag && w->ctx == ctx)
            return i;
        if (w->what == 0 && spare < 0)
            spare = i;
    }
    return spare;
}

/* Ints in the place of what is in the message; that is longer. */
static void put_ints(struct pvm3_buffer *b, const int *values, size_t count)
{
    pvm3_put_anew(b);
    pvm3_put_ints(b, values, count);
}

/* A host has joined. false: it is not to be told. */
static bool take_host(struct wish *w, struct pvm3_buffer *b, int tid)
{
    int host[] = {1, PVM3_TID_HOST(tid)};

    if (w->left == 0)
        return false;
    w->left -= w->left > 0;
    put_ints(b, host, 2);
    return true;
}

/* A task or a host has ended. A resource manager is told the status as wait() has it, too, and
 * the time that the task has used, which nobody knows here. */
static bool take_end(struct wish *w, struct pvm3_buffer *b, const int event[EVENT_INTS])
{
    int words[ROLE_INTS] = {event[0], event[2] > 0 ? event[2] : event[1] * 256}, tid = event[0];
    bool wished, traced = w->what == TRACED, status = w->tag == SM_TASKX;

    tid = w->what == PvmHostDelete ? PVM3_TID_HOST(tid) : tid;
    w->open -= w->open > 0;
    wished = take_tid(w, tid);
    free_if_over(w);
    words[0] = tid;
    if (wished && traced)
        pvm3_trace_death(b, tid, words[1]);
    else if (wished)
        put_ints(b, words, status ? ROLE_INTS : 1);
    return wished;
}

bool pvm3_notify_translate(struct pvm3_buffer *b)
{
    struct wish *w = &wishes[b->tag - PVM3_EVENT_TAG];
    int event[EVENT_INTS];

    if (w->what <= 0 ||
        pvm3_decode(b, pvm3_type_find(PVM_INT), event, EVENT_INTS, 1) != PvmOk)
        return false;
    b->tag = w->tag;
    b->ctx = w->ctx;
    b->src = pvm3_role_tag(b->tag) ? PVM3_DAEMON : PVM3_TID_HOST(pvm3_self());
    return w->what == PvmHostAdd ? take_host(w, b, event[0]) : take_end(w, b, event);
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
    int place = find_wish(what, tag, pvm3_context());

    if (place < 0 || wishes[place].what != what)
        return pvm3_fail(call, PvmNotFound, "no such event was asked for");
    if (what == PvmHostAdd) {
        wishes[place].what = SPENT;
        return PvmOk;
    }
    for (int i = 0; i < count; i++)
        take_tid(&wishes[place], what == PvmHostDelete ? PVM3_TID_HOST(tids[i]) : tids[i]);
    return complete_now(call, tag, tids, count); /* the place stays until DVM's events came */
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

/* For ever: DVM takes no such wish back. */
static int wish_for_hosts(struct wish *w, int count, int tag)
{
    int rc = dvm_notify(DVM_HOST_NEW, NULL, -1, tag);

    w->left = count;
    w->what = rc == DVM_OK ? PvmHostAdd : 0;
    return rc;
}

/* The events may come before DVM has answered. For PVM a host that is named twice is two events,
 * for DVM several tids of a host in one call are one: so hosts are asked for one by one. */
static int wish_for_ends(struct wish *w, const int *tids, size_t count, int tag)
{
    bool hosts = w->what == PvmHostDelete;
    size_t step = hosts ? 1 : count;
    int rc = add_tids(w, tids, count) ? DVM_OK : DVM_ERR_NO_MEMORY;

    for (size_t at = 0; at < count && rc == DVM_OK; at += step) {
        w->open += step;
        rc = dvm_notify(hosts ? DVM_HOST_DOWN : DVM_TASK_EXIT, &tids[at], (int)step, tag);
    }
    free_if_over(w);
    return rc;
}

void pvm3_notify_traced(int tid, int tag, int ctx)
{
    int place = find_wish(TRACED, tag, ctx);
    struct wish *w = place < 0 ? NULL : &wishes[place];

    if (!w)
        return;
    if (w->what == 0)
        *w = (struct wish){.what = TRACED, .tag = tag, .ctx = ctx};
    wish_for_ends(w, &tid, 1, PVM3_EVENT_TAG + place);
}

int pvm3_notify_role(int what, int tag, const int *tids, int count)
{
    int place = find_wish(what, tag, PvmBaseContext);
    struct wish *w = place >= 0 ? &wishes[place] : NULL;

    if (!w)
        return DVM_ERR_LIMIT;
    if (w->what == 0)
        *w = (struct wish){.what = what, .tag = tag, .ctx = PvmBaseContext};
    return wish_for_ends(w, tids, (size_t)count, PVM3_EVENT_TAG + place);
}

/* Leave the wish to the resource manager. false: there is none. */
static bool wish_of_manager(const char *call, int what, int tag, int count, const int *tids)
{
    struct pvm3_buffer *b = pvm3_manager() ? pvm3_buffer_make(PvmDataDefault, 0) : NULL;
    const int words[] = {what, pvm3_context(), tag, count};
    bool told;

    if (!b)
        return false;
    pvm3_put_ints(b, words, 4);
    if ((what & ~PvmNotifyCancel) != PvmHostAdd)
        pvm3_put_ints(b, tids, (size_t)count);
    told = pvm3_manager_tell(call, SM_NOTIFY, b);
    pvm3_buffer_free(b);
    return told;
}

int pvm_notify(int what, int tag, int count, int *tids)
{
    static const char call[] = "pvm_notify";
    int rc = pvm3_enter(call), kind = what & ~PvmNotifyCancel, place;
    struct wish *w;

    if (rc == PvmOk)
        rc = check(call, kind, count, tids);
    if (rc == PvmOk && tag < 0)
        rc = pvm3_fail(call, PvmBadParam, "tag %d; tags are 0 or more", tag);
    if (rc != PvmOk)
        return rc;
    if (wish_of_manager(call, what, tag, count, tids))
        return PvmOk;
    if (what & PvmNotifyCancel)
        return cancel(call, kind, tag, count, tids);
    place = find_wish(kind, tag, pvm3_context());
    if (place < 0)
        return pvm3_fail(call, PvmOutOfRes, "%d different events are the most", PVM3_EVENT_WISHES);
    w = &wishes[place];
    if (kind == PvmHostAdd && w->what == kind) {
        w->left = count; /* events come already */
        return PvmOk;
    }
    if (w->what == 0)
        *w = (struct wish){.what = kind, .tag = tag, .ctx = pvm3_context()};
    rc = kind == PvmHostAdd ? wish_for_hosts(w, count, PVM3_EVENT_TAG + place)
                            : wish_for_ends(w, tids, (size_t)count, PVM3_EVENT_TAG + place);
    return rc == DVM_OK ? PvmOk : pvm3_fail_dvm(call, rc);
}
