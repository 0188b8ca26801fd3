/* notify.c: WATCH, TASK_WAIT and NOTIFY, the news of a world's dead member from
 * another daemon, and what hosts that come and go mean to local tasks.
 *
 * Waiters of a task live in its record. A wish about a task of another host is
 * kept here, at the daemon of the one who wishes, because the other daemon may be
 * lost together with its task.
 */
#include <stdlib.h>

#include "base/error.h"
#include "daemon/local.h"
#include "daemon/tasks/exit.h"
#include "daemon/tasks/foreign.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/stdio.h"
#include "daemon/tasks/waiters.h"

#define FOR_EVER (-1)

/* Whether a client is known to be gone: those of other hosts are not. */
static bool is_gone(void *arg, int tid)
{
    const struct tasks *t = arg;
    const struct task *task = tasks_find(t, tid);

    return DVM_TID_SLOT(tid) == cluster_self(t->d->cluster) && DVM_TID_N(tid) != 0 &&
           (!task || task->state == DVM_TASK_ENDED);
}

static int add_waiter(struct tasks *t, struct task *task, const struct waiter *w)
{
    waiters_prune(&task->waiters, is_gone, t);
    return waiters_add(&task->waiters, w);
}

void handle_watch(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Watch *m = dvm__pb__watch__unpack(NULL, frame->length, payload);
    struct waiter w = {.kind = WAITER_WATCH, .tid = frame->src};
    int tid = m ? m->tid : 0;
    struct task *task = tasks_find(d->tasks, tid);

    dvm__pb__watch__free_unpacked(m, NULL);
    if (!task || task->state == DVM_TASK_ENDED || task->left || task->told_world ||
        add_waiter(d->tasks, task, &w))
        tasks_tell_gone(d->tasks, frame->src, tid);
}

void handle_task_wait(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__TaskWait *m = dvm__pb__task_wait__unpack(NULL, frame->length, payload);
    struct waiter w = {.kind = WAITER_WAIT, .tid = frame->src, .ref = frame->ref};
    int tid = m ? m->tid : 0, r;
    struct task *task = tasks_find(d->tasks, tid);

    dvm__pb__task_wait__free_unpacked(m, NULL);
    if (!task) {
        daemon_fail(d, frame, DVM_ERR_NO_TASK,
                    "there is no task 0x%x on host %s, or it ended long ago", (unsigned)tid,
                    d->host);
        return;
    }
    if (task->state == DVM_TASK_ENDED) {
        exit_tell(d->tasks, task, &w);
        return;
    }
    r = add_waiter(d->tasks, task, &w);
    if (r)
        daemon_fail(d, frame, r, "too many wait for task 0x%x", (unsigned)tid);
}

/* A wish to hear of the end of one task. */
static int notify_task(struct daemon *d, int tid, const struct waiter *w)
{
    struct task *task = tasks_find(d->tasks, tid);

    if (!DVM_TID_OK(tid))
        return dvm_fail(DVM_ERR_ARG, "0x%x is no tid", (unsigned)tid);
    if (DVM_TID_SLOT(tid) != cluster_self(d->cluster))
        return foreign_notice(d->tasks, tid, w);
    if (!task) {
        exit_notify(d->tasks, w, tid, -1, 0, false);
        return DVM_OK;
    }
    if (task->state == DVM_TASK_ENDED) {
        exit_tell(d->tasks, task, w);
        return DVM_OK;
    }
    return add_waiter(d->tasks, task, w);
}

/* A wish to hear of the end of a host. In wishes about hosts, ref's low half is the
 * slot, or 0 for hosts that join; its high half how many messages are wanted. */
static int notify_host(struct daemon *d, int tid, const struct waiter *w)
{
    struct waiter wish = *w;
    int slot = DVM_TID_SLOT(tid);

    if (!slot)
        return dvm_fail(DVM_ERR_ARG, "0x%x is on no host", (unsigned)tid);
    if (!cluster_host(d->cluster, slot)) {
        exit_notify(d->tasks, w, DVM_TID_DAEMON(slot), -1, 0, true);
        return DVM_OK;
    }
    wish.ref = (uint64_t)slot;
    return waiters_add(&d->tasks->host_notices, &wish);
}

/* Several tids of one host are one wish. */
static int notify_hosts(struct daemon *d, const Dvm__Pb__Notify *m, const struct waiter *w)
{
    bool wished[DVM_SLOT_MAX + 1] = {false};
    int r = DVM_OK;

    for (size_t i = 0; i < m->n_tids && !r; i++) {
        bool *known = &wished[DVM_TID_SLOT(m->tids[i]) & DVM_SLOT_MAX];

        if (!*known)
            r = notify_host(d, m->tids[i], w);
        *known = true;
    }
    return r;
}

/* A wish to hear of count new hosts: slot 0, and how many more messages. */
static int notify_new(struct daemon *d, int count, const struct waiter *w)
{
    struct waiter wish = *w;

    if (count == 0)
        return DVM_OK;
    wish.ref = (uint64_t)(uint32_t)count << 32;
    return waiters_add(&d->tasks->host_notices, &wish);
}

static int notify(struct daemon *d, const Dvm__Pb__Notify *m, const struct waiter *w)
{
    int r = DVM_OK;

    if (m->what == DVM_HOST_NEW)
        return notify_new(d, m->count, w);
    if (m->what == DVM_HOST_DOWN)
        return notify_hosts(d, m, w);
    if (m->what != DVM_TASK_EXIT)
        return dvm_fail(DVM_ERR_ARG, "there is no event %u to be notified of", m->what);
    for (size_t i = 0; i < m->n_tids && !r; i++)
        r = notify_task(d, m->tids[i], w);
    return r;
}

void handle_notify(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Notify *m = dvm__pb__notify__unpack(NULL, frame->length, payload);
    struct waiter w = {.kind = WAITER_NOTICE, .tid = frame->src};
    int r = DVM_ERR_PROTOCOL;

    dvm_fail(DVM_ERR_NO_MEMORY, "no more notifications can be kept");
    if (m) {
        w.tag = m->tag;
        r = notify(d, m, &w);
    }
    if (r)
        daemon_fail(d, frame, r, "%s", m ? dvm_last_error() : "a NOTIFY that cannot be read");
    else
        daemon_ok(d, frame);
    dvm__pb__notify__free_unpacked(m, NULL);
}

/* The news came before the LAUNCH of its world: it waits in the seats of those that
 * are reserved for it. */
static void tell_reserved(struct daemon *d, const Dvm__Pb__Gone *m)
{
    const struct task *task;
    size_t at = 0;

    while ((task = table_next(&d->tasks->by_tid, &at)))
        if (task->state == TASK_RESERVED && task->reserved_for == m->world)
            daemon_tell(d, CLUSTER_BULK, task->tid, DVM_CTL_GONE, &m->base);
}

/* A member of a world that has tasks here has ended: they are told. */
void handle_gone(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Gone *m = dvm__pb__gone__unpack(NULL, frame->length, payload);
    const struct world *w = m ? table_get(&d->tasks->worlds, m->world) : NULL;
    int self = cluster_self(d->cluster);

    if (m && !w)
        tell_reserved(d, m);
    for (int i = 0; w && i < w->count; i++) {
        const struct task *task =
            DVM_TID_SLOT(w->tids[i]) == self ? tasks_find(d->tasks, w->tids[i]) : NULL;

        if (task && task->tid != m->tid && task->state != DVM_TASK_ENDED && !task->left)
            daemon_tell(d, CLUSTER_BULK, task->tid, DVM_CTL_GONE, &m->base);
    }
    dvm__pb__gone__free_unpacked(m, NULL);
}

void tasks_tell_missing(struct tasks *t, int tid)
{
    const struct task *task = tasks_find(t, tid);
    const struct world *w = task ? task->world : NULL;
    bool here[DVM_SLOT_MAX + 1] = {false};
    size_t count;
    const struct cluster_host *hosts = cluster_hosts(t->d->cluster, &count);

    for (size_t i = 0; i < count; i++)
        here[hosts[i].slot] = true;
    for (int i = 0; w && i < w->count; i++)
        if (!here[DVM_TID_SLOT(w->tids[i])])
            daemon_tell_host_gone(t->d, tid, w->tids[i]);
}

void tasks_host_up(struct tasks *t, const struct cluster_host *host)
{
    struct waiters *w = &t->host_notices;

    for (size_t i = 0; i < w->count; i++) {
        struct waiter *wish = &w->list[i];
        int left = (int)(int32_t)(wish->ref >> 32);

        if ((uint32_t)wish->ref != 0 || left == 0)
            continue;
        exit_notify(t, wish, DVM_TID_DAEMON(host->slot), -1, 0, false);
        if (left != FOR_EVER)
            wish->ref = (uint64_t)(uint32_t)(left - 1) << 32;
    }
}

/* Reserved for a spawn that the lost daemon will not go on with. */
static void forget_reserved(struct tasks *t, int slot)
{
    struct task *task;
    size_t at = 0;

    while ((task = table_next(&t->by_tid, &at)))
        if (task->state == TASK_RESERVED && task->origin == slot)
            task->started = -2 * TASKS_RESERVE_SECONDS; /* the next tidying takes it */
}

void tasks_host_down(struct tasks *t, const struct cluster_host *host, bool lost)
{
    struct waiters *w = &t->host_notices;

    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].ref == (uint64_t)host->slot) {
            exit_notify(t, &w->list[i], DVM_TID_DAEMON(host->slot), -1, 0, lost);
            w->list[i].ref = 0; /* spent: as a wish for no more new hosts */
        }
    forget_reserved(t, host->slot);
}
