/* life.c: a task's beginning and end.
 *
 * Whatever call comes first enrols. A program that ends without pvm_exit leaves as if it had
 * called it, so that what it sent just before arrives; in PVM that could be lost.
 */
#include "bindings/pvm3/life.h"

#include <stdlib.h>
#include <unistd.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/catchout.h"
#include "bindings/pvm3/context.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/notify.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/spawn.h"
#include "bindings/pvm3/trace/trace.h"

static int self;        /* this task's tid, 0: none */
static int *siblings;   /* of its spawn, itself included */
static int sibling_count;
static pid_t left_at_exit; /* the process for which leave is called at exit */

int pvm3_self(void)
{
    return self;
}

static void leave(void)
{
    if (self && dvm_initialized() && left_at_exit == getpid())
        pvm_exit();
}

static int learn_siblings(void)
{
    int size = 1;

    free(siblings);
    if (dvm_group_size(DVM_WORLD, &size) != DVM_OK)
        size = 1;
    siblings = malloc((size_t)size * sizeof *siblings);
    if (!siblings)
        return DVM_ERR_NO_MEMORY;
    siblings[0] = self;
    sibling_count = size;
    return size > 1 ? dvm_group_tids(DVM_WORLD, siblings, size) : DVM_OK;
}

static int enrol(void)
{
    int rc = DVM_OK;

    dvm_errors(DVM_SILENT);
    if (!dvm_initialized())
        rc = dvm_init(NULL, NULL);
    if (rc == DVM_OK) {
        self = dvm_self();
        rc = self < 0 ? self : learn_siblings();
    }
    if (rc != DVM_OK) {
        self = 0;
        return rc;
    }
    pvm3_inherit();
    if (left_at_exit != getpid() && atexit(leave) == 0)
        left_at_exit = getpid();
    pvm3_trace_begin();
    return DVM_OK;
}

static int begin(void)
{
    /* of a parent before fork, or of the task that this process was */
    pvm3_queue_clear();
    pvm3_notify_forget();
    pvm3_catchout_forget();
    return enrol();
}

bool pvm3_enrolled(void)
{
    return (self != 0 && dvm_initialized()) || begin() == DVM_OK;
}

int pvm3_enter(const char *call)
{
    int rc;

    if (__builtin_expect(self != 0, 1) && dvm_initialized())
        return PvmOk;
    rc = begin();
    if (rc == DVM_OK)
        return PvmOk;
    return pvm3_fail(call, rc == DVM_ERR_NO_MEMORY ? PvmNoMem : PvmSysErr, "%s",
                     dvm_last_error());
}

int pvm_mytid(void)
{
    int rc = pvm3_enter("pvm_mytid");

    return rc == PvmOk ? self : rc;
}

int pvm_exit(void)
{
    if (!self || !dvm_initialized())
        return PvmOk;
    pvm3_catchout_end();
    pvm3_trace_end();
    dvm_finalize();
    self = 0;
    pvm3_queue_clear();
    return PvmOk;
}

void pvmendtask(void)
{
    self = 0;
}

int pvm_parent(void)
{
    int rc = pvm3_enter("pvm_parent");

    if (rc != PvmOk)
        return rc;
    rc = dvm_parent();
    if (rc < 0)
        return pvm_errno = PvmNoParent; /* an answer rather than a mistake: not told */
    if (pvm3_no_spawn_parent())
        return pvm_errno = PvmParentNotSet;
    return rc;
}

int pvm_siblings(int **tids)
{
    int rc = pvm3_enter("pvm_siblings"), told_count = 0, *told;

    if (rc != PvmOk)
        return rc;
    if (!tids)
        return pvm3_fail("pvm_siblings", PvmBadParam, "there is no place for the list");
    told = pvm3_manager_siblings(dvm_parent(), &told_count);
    if (told) {
        free(siblings);
        siblings = told;
        sibling_count = told_count;
    }
    *tids = siblings;
    return sibling_count;
}

char *pvm_version(void)
{
    return (char *)(uintptr_t)PVM_VER;
}
