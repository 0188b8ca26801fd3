/* tasks.c: the tasks of the machine: listing, signals, waiting for an end.
 *
 * A task is known by the daemon of its host, which its tid names, so requests go
 * there directly. A host that is lost meanwhile answers by being lost: its tasks
 * are no longer listed, and have ended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/entry.h"
#include "proto/control.h"
#include "proto/control.pb-c.h"
#include "proto/frame.h"
#include "vm/hosts.h"
#include "vm/vm.h"

/* Where a list of tasks grows. */
struct listing {
    struct dvm_task *list;
    size_t max, count;
};

static struct dvm_task task_from(const Dvm__Pb__Task *t, const char *host)
{
    struct dvm_task task = {.tid = t->tid,
                            .parent = t->parent,
                            .rank = (int)t->rank,
                            .world_size = (int)t->world_size,
                            .state = (int)t->state,
                            .pid = t->pid,
                            .age = t->age};
    size_t length = strlen(t->program), room = sizeof task.program - 1;

    snprintf(task.host, sizeof task.host, "%s", t->host[0] ? t->host : host);
    snprintf(task.program, sizeof task.program, "%s",
             t->program + (length > room ? length - room : 0));
    return task;
}

/* Add the tasks of one host. A host that has gone meanwhile has none. */
static int list_host(struct listing *l, const Dvm__Pb__Host *host)
{
    const Dvm__Pb__Tasks ask = DVM__PB__TASKS__INIT;
    Dvm__Pb__TasksReply *reply;
    uint8_t *payload;
    size_t length;
    int rc = vm_ask(DVM_TID_DAEMON((int)host->slot), DVM_CTL_TASKS, &ask.base, VM_ANSWER_SECONDS,
                    DVM_CTL_TASKS_REPLY, &payload, &length);

    if (rc == DVM_ERR_HOST_GONE || rc == DVM_ERR_NO_HOST)
        return DVM_OK;
    if (rc != DVM_OK)
        return rc;
    reply = dvm__pb__tasks_reply__unpack(NULL, length, payload);
    free(payload);
    if (!reply)
        return vm_bad_answer(DVM_CTL_TASKS_REPLY);
    for (size_t i = 0; i < reply->n_tasks; i++) {
        if (reply->tasks[i]->state == DVM_TASK_ENDED || reply->tasks[i]->role > VM_ROLE_TASK)
            continue;
        if (l->count < l->max)
            l->list[l->count] = task_from(reply->tasks[i], host->name);
        l->count++;
    }
    dvm__pb__tasks_reply__free_unpacked(reply, NULL);
    return DVM_OK;
}

static int by_tid(const void *a, const void *b)
{
    const struct dvm_task *x = a, *y = b;

    return (x->tid > y->tid) - (x->tid < y->tid);
}

int dvm_tasks(struct dvm_task *list, size_t max, size_t *count)
{
    struct listing l = {.list = list, .max = max};
    Dvm__Pb__HostsReply *hosts;
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_TASKS, ENTRY_SITE(), 0);
    if (!count || (max > 0 && !list))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_tasks: there is no place for the result"));
    rc = hosts_ask(&hosts);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    for (size_t i = 0; rc == DVM_OK && i < hosts->n_hosts; i++)
        if (hosts->hosts[i]->state != DVM_HOST_LOST)
            rc = list_host(&l, hosts->hosts[i]);
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (max > 0)
        qsort(list, l.count < max ? l.count : max, sizeof *list, by_tid);
    *count = l.count;
    return dvm_leave(DVM_OK);
}

/* Errors that say that the tid's host is not, or no longer, there. */
static bool host_missing(int rc)
{
    return rc == DVM_ERR_HOST_GONE || rc == DVM_ERR_NO_HOST;
}

int dvm_kill(int tid, int signal)
{
    Dvm__Pb__Kill m = DVM__PB__KILL__INIT;
    char sentence[DVM_SENTENCE_MAX];
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_KILL, ENTRY_SITE(), 0);
    rc = vm_check_tid("dvm_kill", tid);
    if (rc == DVM_OK && (signal < 1 || signal > SIGRTMAX))
        rc = dvm_fail(DVM_ERR_ARG, "dvm_kill: %d is no signal; signals are 1 to %d", signal,
                      SIGRTMAX);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    m.tid = tid;
    m.signal = signal;
    rc = vm_ask(DVM_TID_DAEMON(DVM_TID_SLOT(tid)), DVM_CTL_KILL, &m.base, VM_ANSWER_SECONDS,
                DVM_CTL_OK, NULL, NULL);
    if (host_missing(rc)) {
        error_save(sentence);
        rc = dvm_fail(DVM_ERR_NO_TASK, "dvm_kill: tid 0x%x: %s", (unsigned)tid, sentence);
    }
    return dvm_leave(rc);
}

static int take_exit(const uint8_t *payload, size_t length, struct dvm_exit *how)
{
    Dvm__Pb__TaskExit *e = dvm__pb__task_exit__unpack(NULL, length, payload);

    if (!e)
        return vm_bad_answer(DVM_CTL_TASK_EXIT);
    *how = (struct dvm_exit){
        .tid = e->tid, .status = e->status, .signal = e->signal, .lost = e->lost};
    dvm__pb__task_exit__free_unpacked(e, NULL);
    return DVM_OK;
}

int dvm_task_wait(int tid, double timeout, struct dvm_exit *how)
{
    Dvm__Pb__TaskWait m = DVM__PB__TASK_WAIT__INIT;
    char sentence[DVM_SENTENCE_MAX];
    struct dvm_exit result;
    uint8_t *payload;
    size_t length;
    int rc;

    ENTRY_BEGIN();
    daemon_link_asker(DVM_BOARD_TASK_WAIT, ENTRY_SITE(), tid);
    rc = vm_check_tid("dvm_task_wait", tid);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    m.tid = tid;
    rc = vm_ask(DVM_TID_DAEMON(DVM_TID_SLOT(tid)), DVM_CTL_TASK_WAIT, &m.base,
                timeout < 0 ? -1 : timeout, DVM_CTL_TASK_EXIT, &payload, &length);
    if (rc == DVM_OK) {
        rc = take_exit(payload, length, &result);
        free(payload);
    } else if (rc == DVM_ERR_HOST_GONE) {
        result = (struct dvm_exit){.tid = tid, .status = -1, .lost = 1};
        rc = DVM_OK;
    } else if (rc == DVM_ERR_NO_HOST) {
        error_save(sentence);
        rc = dvm_fail(DVM_ERR_NO_TASK, "dvm_task_wait: tid 0x%x: %s", (unsigned)tid, sentence);
    } else if (rc == DVM_ERR_TIMEOUT) {
        dvm_fail(rc, "dvm_task_wait: tid 0x%x has not ended within %g s", (unsigned)tid, timeout);
    }
    if (rc == DVM_OK && how)
        *how = result;
    return dvm_leave(rc);
}
