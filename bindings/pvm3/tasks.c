/* tasks.c: the calls about tasks that run. */
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/list.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/roles/roles.h"

#define TASKS_FEW 64
#define FLAG_CONNECTED 4 /* of ti_flag, as PVM's console shows it ("c") */

static struct pvmtaskinfo *shown; /* what pvm_tasks has given last */
static size_t shown_count;

static int give_tasks(void *list, size_t room, size_t *count)
{
    return dvm_tasks(list, room, count);
}

/* All tasks; *list is the caller's to free. */
static int all_tasks(struct dvm_task **list, size_t *count)
{
    int rc;

    *list = pvm3_whole_list(give_tasks, sizeof **list, count, &rc);
    return rc;
}

static void forget_shown(void)
{
    for (size_t i = 0; i < shown_count; i++)
        free(shown[i].ti_a_out);
    free(shown);
    shown = NULL;
    shown_count = 0;
}

static int by_tid(const void *a, const void *b)
{
    const struct pvmtaskinfo *x = a, *y = b;

    return (x->ti_tid > y->ti_tid) - (x->ti_tid < y->ti_tid);
}

/* Keep those that where asks for. false: no memory. */
static bool show(const struct dvm_task *tasks, size_t count, int where)
{
    forget_shown();
    shown = calloc(count ? count : 1, sizeof *shown);
    for (size_t i = 0; shown && i < count; i++) {
        const struct dvm_task *t = &tasks[i];
        const char *slash = strrchr(t->program, '/');

        if (t->state == DVM_TASK_ENDED ||
            (where && where != (PVM3_TID_LOCAL(where) ? t->tid : PVM3_TID_HOST(t->tid))))
            continue;
        shown[shown_count] = (struct pvmtaskinfo){
            .ti_tid = t->tid, .ti_ptid = t->parent, .ti_host = PVM3_TID_HOST(t->tid),
            .ti_flag = FLAG_CONNECTED, .ti_a_out = strdup(slash ? slash + 1 : t->program),
            .ti_pid = t->pid};
        if (!shown[shown_count++].ti_a_out)
            return false;
    }
    if (shown)
        qsort(shown, shown_count, sizeof *shown, by_tid);
    return shown;
}

/* Show what the resource manager says. false: there is none. */
static bool ask_manager(const char *call, int where, int *rc)
{
    struct pvm3_buffer *b = pvm3_manager() ? pvm3_buffer_make(PvmDataDefault, 0) : NULL, *got;
    size_t room = 0;

    if (!b)
        return false;
    pvm3_put_int(b, where);
    got = pvm3_manager_ask(call, SM_TASK, b);
    pvm3_buffer_free(b);
    if (!got)
        return false;
    forget_shown();
    *rc = pvm3_get_int(got);
    while (*rc >= 0 && got->next < got->bytes) {
        struct pvmtaskinfo *larger = shown;

        if (shown_count == room) {
            room = 2 * room + TASKS_FEW;
            larger = realloc(shown, room * sizeof *shown);
        }
        if (!larger)
            break;
        shown = larger;
        larger = &shown[shown_count++];
        larger->ti_tid = pvm3_get_int(got);
        larger->ti_ptid = pvm3_get_int(got);
        larger->ti_host = pvm3_get_int(got);
        larger->ti_flag = pvm3_get_int(got);
        larger->ti_a_out = pvm3_get_text(got);
        larger->ti_pid = pvm3_get_int(got);
    }
    pvm3_buffer_free(got);
    *rc = *rc < 0 ? pvm3_fail(call, *rc, "so says the resource manager") : PvmOk;
    return true;
}

int pvm_tasks(int where, int *ntask, struct pvmtaskinfo **list)
{
    static const char call[] = "pvm_tasks";
    struct dvm_task *tasks;
    size_t count;
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (where && !pvm3_host_is_there(PVM3_TID_HOST(where)))
        return pvm3_fail(call, PVM3_TID_HOST(where) ? PvmNoHost : PvmBadParam,
                         "0x%x is neither a host nor a task", (unsigned)where);
    if (!ask_manager(call, where, &rc)) {
        rc = all_tasks(&tasks, &count);
        if (rc != DVM_OK)
            return pvm3_fail_dvm(call, rc);
        rc = show(tasks, count, where) ? PvmOk : pvm3_fail(call, PvmNoMem, NULL);
        free(tasks);
    }
    if (rc != PvmOk)
        return rc;
    if (ntask)
        *ntask = (int)shown_count;
    if (list)
        *list = shown;
    return PvmOk;
}

int pvm_pstat(int tid)
{
    static const char call[] = "pvm_pstat";
    int rc = pvm3_enter(call);
    struct dvm_task *tasks;
    bool runs = false;
    size_t count;

    if (rc != PvmOk)
        return rc;
    if (!PVM3_TID_OK(tid))
        return pvm3_fail(call, PvmBadParam, "0x%x is no task's tid", (unsigned)tid);
    rc = all_tasks(&tasks, &count);
    if (rc != DVM_OK)
        return pvm3_fail_dvm(call, rc);
    for (size_t i = 0; i < count; i++)
        runs = runs || (tasks[i].tid == tid && tasks[i].state != DVM_TASK_ENDED);
    free(tasks);
    return runs ? PvmOk : (pvm_errno = PvmNoTask); /* an answer: not told */
}

static int signal_task(const char *call, int tid, int signum)
{
    int rc = pvm3_enter(call);

    if (rc != PvmOk)
        return rc;
    if (!PVM3_TID_OK(tid))
        return pvm3_fail(call, PvmBadParam, "0x%x is no task's tid", (unsigned)tid);
    rc = dvm_kill(tid, signum);
    if (rc == DVM_OK || rc == DVM_ERR_NO_TASK || rc == DVM_ERR_TASK_GONE)
        return PvmOk; /* one that has ended is as it should be */
    return pvm3_fail_dvm(call, rc);
}

int pvm_kill(int tid)
{
    return signal_task("pvm_kill", tid, SIGTERM);
}

int pvm_sendsig(int tid, int signum)
{
    return signal_task("pvm_sendsig", tid, signum);
}
