/* calls_machine.c: traced calls about tasks, hosts and the mailbox. */
#include <stdio.h>

#include <pvm3.h>

#include "bindings/pvm3/trace/fields.h"

static int least_0(int rc)
{
    return rc > 0 ? rc : 0;
}

TRACED(mytid, MYTID, (void), (), NOTHING, INT(MT, rc))
TRACED(parent, PARENT, (void), (), NOTHING, INT(PT, rc))
TRACED(siblings, SIBLINGS, (int **tids), (tids), NOTHING,
       INTS(SIB, rc > 0 ? *tids : NULL, rc))
TRACED(spawn, SPAWN,
       (char *task, char **argv, int flag, char *where, int count, int *tids),
       (task, argv, flag, where, count, tids),
       TEXT(SE, task) TEXT(SW, where) INT(SF, flag) INT(SC, count),
       INT(CC, rc) INTS(STL, tids, least_0(rc)))
TRACED(kill, KILL, (int tid), (tid), INT(TT, tid), INT(CC, rc))
TRACED(sendsig, SENDSIG, (int tid, int signum), (tid, signum), INT(TT, tid) INT(SN, signum),
       INT(CC, rc))
TRACED(tasks, TASKS, (int where, int *count, struct pvmtaskinfo **list), (where, count, list),
       INT(TW, where), INT(CC, rc) INT(TNT, at(count, rc, 0)))
TRACED(pstat, PSTAT, (int tid), (tid), INT(TT, tid), INT(TST, rc))

TRACED(config, CONFIG, (int *hosts, int *archs, struct pvmhostinfo **list), (hosts, archs, list),
       NOTHING, INT(NH, at(hosts, rc, 0)) INT(NA, at(archs, rc, 0)) INT(CC, rc))
TRACED(mstat, MSTAT, (char *host), (host), TEXT(HN, host), INT(HS, rc))
TRACED(archcode, ARCHCODE, (char *arch), (arch), TEXT(AN, arch), INT(AC, rc))
TRACED(addhosts, ADDHOSTS, (char **names, int count, int *infos), (names, count, infos),
       TEXTS(HNL, names, count), INT(CC, rc))
TRACED(delhosts, DELHOSTS, (char **names, int count, int *infos), (names, count, infos),
       TEXTS(HNL, names, count), INT(CC, rc))
TRACED(notify, NOTIFY, (int what, int tag, int count, int *tids), (what, tag, count, tids),
       INT(NE, what) INT(NMC, tag) INTS(NTL, tids, what == PvmHostAdd ? 0 : count), INT(CC, rc))
TRACED(tickle, TICKLE, (int count, int *args, int *nresults, int *results),
       (count, args, nresults, results), INTS(TA, args, count),
       INT(CC, rc) INTS(TR, results, at(nresults, rc, 0)))
TRACED(getopt, GETOPT, (int what), (what), INT(OPT, what), INT(OPV, rc))
TRACED(setopt, SETOPT, (int what, int value), (what, value), INT(OPT, what) INT(OPV, value),
       INT(OPV, rc))
TRACED(getfds, GETFDS, (int **fds), (fds), NOTHING,
       INT(CC, rc) INTS(FDS, rc > 0 ? *fds : NULL, rc))
TRACED_AS(false, int, start_pvmd, START_PVMD, (int argc, char **argv, int block),
          (argc, argv, block), (INT(BF, block) TEXTS(AS, argv, argc)), (INT(CC, rc)))

TRACED(putinfo, PUTINFO, (char *name, int id, int flags), (name, id, flags),
       TEXT(CN, name) INT(CI, -1) INT(CF, flags) INT(CD, id), INT(CC, rc))
TRACED(recvinfo, GETINFO, (char *name, int index, int flags), (name, index, flags),
       TEXT(CN, name) INT(CI, index) INT(CF, flags),
       INT(CC, rc < 0 ? rc : index) INT(CR, rc < 0 ? -1 : rc))
TRACED(delinfo, DELINFO, (char *name, int index, int flags), (name, index, flags),
       TEXT(CN, name) INT(CI, index) INT(CF, flags), INT(CC, rc))
TRACED(getmboxinfo, GETMBOXINFO, (char *pattern, int *count, struct pvmmboxinfo **classes),
       (pattern, count, classes), TEXT(CN, pattern), INT(CC, rc))
TRACED(insert, INSERT, (char *name, int index, int value), (name, index, value),
       TEXT(CN, name) INT(CI, index) INT(CD, value), INT(CC, rc))
TRACED(lookup, LOOKUP, (char *name, int index, int *value), (name, index, value),
       TEXT(CN, name) INT(CI, index), INT(CC, rc))
TRACED(delete, DELETE, (char *name, int index), (name, index), TEXT(CN, name) INT(CI, index),
       INT(CC, rc))

TRACED(reg_hoster, REG_HOSTER, (void), (), NOTHING, INT(CC, rc))
TRACED(reg_tasker, REG_TASKER, (void), (), NOTHING, INT(CC, rc))
TRACED(reg_rm, REG_RM, (struct pvmhostinfo **hosts), (hosts), NOTHING, INT(CC, rc))
TRACED(reg_tracer, REG_TRACER,
       (int trace_context, int trace_tag, int output_context, int output_tag, char *mask,
        int buffer, int options),
       (trace_context, trace_tag, output_context, output_tag, mask, buffer, options),
       INT(TRC, trace_context) INT(TRT, trace_tag) INT(TRX, output_context) INT(TRO, output_tag)
           TEXT(TRM, mask) INT(TRB, buffer) INT(TRL, options),
       INT(CC, rc))

/* Of an end of the task or of all, only the beginning can be told. */
extern __typeof__(pvm_exit) pvm3_plain_exit __attribute__((visibility("hidden")));
extern __typeof__(pvm_halt) pvm3_plain_halt __attribute__((visibility("hidden")));

static void tell_of_end(int kind)
{
    if (pvm3_tracing && pvm3_trace_enter(false))
        pvm3_trace_event(kind | TEV_EVENT_ENTRY, FIELDS(NOTHING));
    if (pvm3_tracing)
        pvm3_trace_leave();
}

int pvm_exit(void)
{
    tell_of_end(TEV_EXIT);
    return pvm3_plain_exit();
}

int pvm_halt(void)
{
    tell_of_end(TEV_HALT);
    return pvm3_plain_halt();
}
