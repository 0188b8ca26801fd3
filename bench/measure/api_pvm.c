/* api_pvm.c: the measurements with PVM 3: direct routes, and its quickest calls, pvm_psend
 * and pvm_precv. The first task, started by hand with BENCH_TASKS in its environment,
 * spawns the others, on the host BENCH_HOST where that is set, and tells each its rank.
 *
 * Two reductions in a row may take each other's contributions (pvm_reduce receives from
 * anybody), so each is followed by a barrier, as PVM's manual advises.
 */
#include <pvm3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

enum { TASKS_MAX = 256, TAG_BEGIN = 900001, TAG_BCAST, TAG_REDUCE };
static char group[] = "measure";
static int tids[TASKS_MAX], tasks, me, root;

static int sure(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: error %d of PVM\n", what, result);
        exit(1);
    }
    return result;
}

static void spawn_others(char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *wish = getenv("BENCH_TASKS"), *host = getenv("BENCH_HOST");
    int i;

    tasks = wish ? atoi(wish) : 2;
    if (tasks < 1 || tasks > TASKS_MAX)
        sure(PvmBadParam, "BENCH_TASKS");
    if (tasks > 1 && pvm_spawn((char *)(slash ? slash + 1 : argv[0]), argv + 1,
                               host ? PvmTaskHost : PvmTaskDefault, (char *)(host ? host : ""),
                               tasks - 1, tids + 1) != tasks - 1)
        sure(PvmSysErr, "pvm_spawn");
    for (i = 1; i < tasks; i++) {
        pvm_initsend(PvmDataRaw);
        pvm_pkint(&i, 1, 1);
        pvm_pkint(&tasks, 1, 1);
        pvm_pkint(tids, tasks, 1);
        sure(pvm_send(tids[i], TAG_BEGIN), "pvm_send");
    }
}

static void start(int *argc, char ***argv, int *rank, int *size)
{
    (void)argc;
    tids[0] = sure(pvm_mytid(), "pvm_mytid");
    pvm_setopt(PvmRoute, PvmRouteDirect);
    if (pvm_parent() < 0) {
        spawn_others(*argv);
    } else {
        sure(pvm_recv(pvm_parent(), TAG_BEGIN), "pvm_recv");
        pvm_upkint(&me, 1, 1);
        pvm_upkint(&tasks, 1, 1);
        pvm_upkint(tids, tasks, 1);
    }
    sure(pvm_joingroup(group), "pvm_joingroup");
    sure(pvm_freezegroup(group, tasks), "pvm_freezegroup");
    root = sure(pvm_getinst(group, tids[0]), "pvm_getinst");
    *rank = me;
    *size = tasks;
}

static void barrier(void)
{
    sure(pvm_barrier(group, tasks), "pvm_barrier");
}

static void end(void)
{
    barrier();
    pvm_lvgroup(group);
    pvm_exit();
}

static void send(int to, int tag, const void *buf, size_t bytes)
{
    sure(pvm_psend(tids[to], tag, (char *)buf, (int)bytes, PVM_BYTE), "pvm_psend");
}

static void receive(int from, int tag, void *buf, size_t bytes)
{
    sure(pvm_precv(tids[from], tag, buf, (int)bytes, PVM_BYTE, NULL, NULL, NULL), "pvm_precv");
}

static void send_window(int to, int tag, const void *buf, size_t bytes)
{
    size_t i;

    for (i = 0; i < WINDOW; i++)
        send(to, tag, (const char *)buf + i * bytes, bytes);
}

static void receive_window(int from, int tag, void *buf, size_t bytes)
{
    size_t i;

    for (i = 0; i < WINDOW; i++)
        receive(from, tag, (char *)buf + i * bytes, bytes);
}

static void bcast(void *buf, size_t bytes)
{
    if (me == 0) {
        pvm_initsend(PvmDataInPlace);
        pvm_pkbyte(buf, (int)bytes, 1);
        sure(pvm_bcast(group, TAG_BCAST), "pvm_bcast");
    } else {
        receive(0, TAG_BCAST, buf, bytes);
    }
}

static void reduce(double *in, double *out, size_t count)
{
    memcpy(out, in, count * sizeof *in);
    sure(pvm_reduce(PvmSum, out, (int)count, PVM_DOUBLE, TAG_REDUCE, group, root), "pvm_reduce");
    barrier();
}

static void allreduce(double *in, double *out, size_t count)
{
    reduce(in, out, count);
    bcast(out, count * sizeof *out);
}

const struct api api = {
    start, end, send, receive, send_window, receive_window,
    barrier, bcast, reduce, allreduce, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL,
};
