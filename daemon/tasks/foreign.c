/* foreign.c: see foreign.h. */
#include "daemon/tasks/foreign.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/tasks/exit.h"
#include "daemon/tasks/kill.h"
#include "daemon/tasks/stdio.h"

struct wish {
    int about;
    struct waiter waiter;
};

static void ask(struct tasks *t, int tid, daemon_answer_f *done, void *arg)
{
    Dvm__Pb__TaskWait m = DVM__PB__TASK_WAIT__INIT;

    m.tid = tid;
    daemon_ask(t->d, DVM_TID_SLOT(tid), DVM_CTL_TASK_WAIT, &m.base, done, arg);
}

static void watched_ended(struct daemon *d, void *arg, int type, const uint8_t *payload,
                          size_t length)
{
    int tid = *(int *)arg;
    struct task *task;
    size_t at = 0;

    free(table_take(&d->tasks->foreign, (uint64_t)tid));
    if (d->ending)
        return;
    while ((task = table_next(&d->tasks->by_tid, &at))) {
        if (!task->spawned || task->state == DVM_TASK_ENDED)
            continue;
        if (task->sink == tid)
            stdio_sink_gone(d->tasks, task);
        if (task->owner == tid)
            kill_task(d->tasks, task, SIGKILL, "what it was attached to has ended");
    }
}

int foreign_watch(struct tasks *t, int tid)
{
    int *arg;

    if (table_get(&t->foreign, (uint64_t)tid))
        return DVM_OK;
    arg = malloc(sizeof *arg);
    if (!arg || table_put(&t->foreign, (uint64_t)tid, arg)) {
        free(arg);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to watch 0x%x", (unsigned)tid);
    }
    *arg = tid;
    ask(t, tid, watched_ended, arg);
    return DVM_OK;
}

static void wish_ended(struct daemon *d, void *arg, int type, const uint8_t *payload,
                       size_t length)
{
    struct wish *wish = arg;
    Dvm__Pb__TaskExit *m = NULL;
    Dvm__Pb__Fail *fail = NULL;
    bool lost = false;

    if (type == DVM_CTL_TASK_EXIT)
        m = dvm__pb__task_exit__unpack(NULL, length, payload);
    else
        fail = dvm__pb__fail__unpack(NULL, length, payload);
    if (fail)
        lost = fail->code == DVM_ERR_HOST_GONE;
    if (!d->ending)
        exit_notify(d->tasks, &wish->waiter, wish->about, m ? m->status : -1,
                    m ? m->signal : 0, lost);
    dvm__pb__task_exit__free_unpacked(m, NULL);
    dvm__pb__fail__free_unpacked(fail, NULL);
    free(wish);
}

int foreign_notice(struct tasks *t, int tid, const struct waiter *w)
{
    struct wish *wish = malloc(sizeof *wish);

    if (!wish)
        return DVM_ERR_NO_MEMORY;
    *wish = (struct wish){tid, *w};
    ask(t, tid, wish_ended, wish);
    return DVM_OK;
}
