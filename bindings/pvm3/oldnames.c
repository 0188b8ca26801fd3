/* oldnames.c: what programs of PVM's time use besides pvm3.h: its own helpers, and variables
 * that its library shows. */
#include "bindings/pvm3/oldnames.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#define NOTMPNAM
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/trace/tracer.h"

int pvmdebmask;
struct Pvmtracer pvmctrc;

void pvm3_show_children(void)
{
    pvmctrc = (struct Pvmtracer){
        .trctid = pvm3_option(PvmTraceTid), .trcctx = pvm3_option(PvmTraceContext),
        .trctag = pvm3_option(PvmTraceCode), .outtid = pvm3_option(PvmOutputTid),
        .outctx = pvm3_option(PvmOutputContext), .outtag = pvm3_option(PvmOutputCode),
        .trcbuf = pvm3_option(PvmTraceBuffer), .trcopt = pvm3_option(PvmTraceOptions)};
    memcpy(pvmctrc.tmask, pvm3_trace_mask(PvmTaskChild), sizeof pvmctrc.tmask);
}

void pvmsleep(int seconds)
{
    struct timespec left = {seconds > 0 ? seconds : 0, 0};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

void pvmgetclock(struct timeval *now)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    *now = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
}

char *pvmgetrsh(void)
{
    char *program = getenv("PVM_RSH");

    return program ? program : "ssh";
}

char *pvmgettmp(void)
{
    char *folder = getenv("PVM_TMP");

    return folder ? folder : "/tmp";
}

char *pvmtmpnam(char *name)
{
    static char own[PVMTMPNAMLEN];
    static int count;
    char *place = name ? name : own;

    snprintf(place, PVMTMPNAMLEN, "%.90s/pvmtmp%06d.%d", pvmgettmp(), (int)getpid(), count++);
    return place;
}

int pvm_getfds(int **fds)
{
    static int list[1];
    int rc = pvm3_enter("pvm_getfds");

    if (rc != PvmOk)
        return rc;
    if (!fds)
        return pvm3_fail("pvm_getfds", PvmBadParam, "there is no place for the list");
    rc = dvm_fd();
    if (rc < 0)
        return pvm3_fail_dvm("pvm_getfds", rc);
    list[0] = rc;
    *fds = list;
    return 1;
}

int pvmputenv(char *text)
{
    return putenv(text);
}

int pvmstrtoi(char *text)
{
    return (int)strtol(text, NULL, 0);
}

void i_dump(int how)
{
}

static bool is_in(int tid, const int *tids, int count)
{
    for (int i = 0; i < count; i++)
        if (tids[i] == tid)
            return true;
    return false;
}

/* What they have in the mailbox goes with them. */
int pvmreset(int self, int kill_tasks, char *name, int index)
{
    struct pvmtaskinfo *tasks;
    int count, *kept, kept_count;

    if (!kill_tasks || pvm_getnoresets(&kept, &kept_count) != PvmOk ||
        pvm_tasks(0, &count, &tasks) != PvmOk)
        return PvmOk;
    for (int i = 0; i < count; i++)
        if (tasks[i].ti_tid != self && !is_in(tasks[i].ti_tid, kept, kept_count))
            pvm_kill(tasks[i].ti_tid);
    return PvmOk;
}
