/* group_task.c: see group_task.h. */
#include "tests/support/group_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "group/group.h"
#include "lane/daemon_link.h"
#include "match/match.h"
#include "match/request.h"
#include "proto/control.h"

#define WORLD_CONTEXT UINT64_C(0x4000000000002) /* as the daemon of slot 1 makes it */
#define SECONDS 100.0                           /* for messages, and for LEAVE, to go */

struct wrapped {
    fake_task_f *task;
    void *arg;
};

/* What dvm_finalize does before the layers stop. */
static int leave(int self)
{
    struct daemon_answer answer = {0};
    int rc;

    if (!wait_threaded())
        service_take(); /* the last call may have left progress to that thread */
    rc = match_flush(SECONDS, 0);
    if (rc == DVM_OK)
        rc = daemon_link_request(DVM_TID_DAEMON(DVM_TID_SLOT(self)), DVM_CTL_LEAVE, NULL, 0,
                                 SECONDS, &answer);
    free(answer.payload);
    if (rc != DVM_OK)
        fake_complain(__FILE__, __LINE__, "leaving");
    return rc;
}

static int wrapper(const struct fake_task *me)
{
    const struct wrapped *w = me->arg;
    const struct fake_task inner = {me->rank, me->count, me->tids, w->arg};
    int rc;

    if (group_start(me->tids[me->rank], WORLD_CONTEXT, me->tids, me->count, me->rank)) {
        fake_complain(__FILE__, __LINE__, "group_start");
        return 1;
    }
    rc = w->task(&inner);
    if (rc == 0)
        rc = leave(me->tids[me->rank]);
    group_stop();
    return rc;
}

int group_run(int count, fake_task_f *task, void *arg, const struct fake_options *options)
{
    struct wrapped w = {task, arg};

    return fake_run(count, wrapper, &w, options);
}

bool group_said(const char *text)
{
    if (strstr(dvm_last_error(), text))
        return true;
    fprintf(stderr, "\"%s\" is not in \"%s\"\n", text, dvm_last_error());
    return false;
}

bool group_meet(const struct fake_task *me)
{
    int x;

    for (int i = 1; me->rank == 0 && i < me->count; i++)
        if (dvm_recv(DVM_WORLD, i, 1, &x, 1, DVM_INT, NULL) || x != i)
            return false;
    for (int i = 1; me->rank == 0 && i < me->count; i++)
        if (dvm_send(DVM_WORLD, i, 2, &i, 1, DVM_INT))
            return false;
    return me->rank == 0 || (!dvm_send(DVM_WORLD, 0, 1, &me->rank, 1, DVM_INT) &&
                             !dvm_recv(DVM_WORLD, 0, 2, &x, 1, DVM_INT, NULL));
}
