/* wrong.c: wrong calls, each with the code that PVM 3.4.6 returns for it.
 *
 * The numbers were taken from PVM's library; "wrong --pvm", linked with it, holds them to it.
 * Where DVM says something else on purpose, BUT has its code, PVM's, and why. Prints a line for
 * each call that returns neither, and how many returned what they should.
 */
#include <stdio.h>
#include <string.h>

#include <pvm3.h>

#define NO_TASK (0x40000 | 9999)
#define NO_HOST 0x7fc0000
#define NO_TYPE 99
#define ANYTHING 12345678

#define IS(code, call) check(code, code, (int)(call), #call)
#define BUT(code, of_pvm, why, call) check(code, of_pvm, (int)(call), #call " (" why ")")
#define WRONG(call) IS(PvmBadParam, call)

static int self, with_pvm, right, all;
static int value, other, none[2];

static void check(int code, int of_pvm, int rc, const char *call)
{
    const int wanted = with_pvm ? of_pvm : code;

    all++;
    right += rc == wanted || wanted == ANYTHING;
    if (rc != wanted && wanted != ANYTHING)
        printf("wrong: %s is %d, not %d\n", call, rc, wanted);
}

static void tasks(void)
{
    struct pvmtaskinfo *list;
    struct pvmhostinfo *hosts;
    int archs;

    WRONG(pvm_kill(0));
    WRONG(pvm_kill(-1));
    WRONG(pvm_kill((int)0x80040000));
    WRONG(pvm_sendsig(0, 9));
    WRONG(pvm_sendsig(-1, 9));
    BUT(PvmBadParam, PvmOk, "PVM sends what is no signal, and hears of nothing",
        pvm_sendsig(NO_TASK, -1));
    IS(PvmOk, pvm_kill(NO_TASK));
    WRONG(pvm_pstat(0));
    WRONG(pvm_pstat(-1));
    IS(PvmOk, pvm_pstat(self));
    IS(PvmNoTask, pvm_pstat(NO_TASK));
    IS(PvmNoTask, pvm_pstat(NO_HOST | 1));
    IS(PvmNoHost, pvm_mstat("nosuch"));
    WRONG(pvm_mstat(""));
    WRONG(pvm_mstat(NULL));
    IS(PvmNoHost, pvm_tasks(-1, &value, &list));
    IS(PvmNoHost, pvm_tasks(NO_HOST, &value, &list));
    IS(PvmOk, pvm_tasks(self, &value, &list));
    IS(PvmOk, pvm_config(NULL, NULL, NULL));
    IS(PvmOk, pvm_config(&value, &archs, &hosts));
    IS(PvmNotFound, pvm_archcode("XX"));
    WRONG(pvm_archcode(NULL));
    IS(0x3ffc0000, pvm_tidtohost(-1));
    IS(0, pvm_tidtohost(0));
    IS(PvmNoParent, pvm_parent());
}

static void events(void)
{
    WRONG(pvm_notify(0, 1, 1, none));
    WRONG(pvm_notify(99, 1, 1, none));
    WRONG(pvm_notify(PvmTaskExit, 1, 0, none));
    WRONG(pvm_notify(PvmTaskExit, 1, -1, none));
    WRONG(pvm_notify(PvmTaskExit, -1, 1, &self));
    WRONG(pvm_notify(PvmTaskExit, 1, 1, none));
    IS(PvmOk, pvm_notify(PvmHostAdd, 1, 0, NULL));
    BUT(PvmBadParam, PvmOk, "0 is no host, and no event ever comes",
        pvm_notify(PvmHostDelete, 1, 1, none));
}

static void options(void)
{
    WRONG(pvm_setopt(0, 1));
    WRONG(pvm_setopt(99, 1));
    WRONG(pvm_getopt(0));
    WRONG(pvm_getopt(99));
    WRONG(pvm_getopt(PvmPollType));
    IS(PvmNotImpl, pvm_setopt(PvmPollType, 1));
    WRONG(pvm_setopt(PvmRoute, 77));
    WRONG(pvm_setopt(PvmFragSize, 1));
    WRONG(pvm_setopt(PvmFragSize, 1 << 21));
    WRONG(pvm_setopt(PvmTraceOptions, 9));
    WRONG(pvm_setopt(PvmSelfTraceOptions, -1));
    WRONG(pvm_setopt(PvmOutputTid, -5));
    WRONG(pvm_setopt(PvmOutputTid, 0x40000));
    WRONG(pvm_setopt(PvmOutputTid, NO_HOST | 1));
    WRONG(pvm_setopt(PvmTraceTid, -5));
    WRONG(pvm_setopt(PvmTraceTid, 1));
    IS(0, pvm_setopt(PvmTraceTid, self));
    IS(self, pvm_setopt(PvmTraceTid, 0));
    IS(0, pvm_setopt(PvmSelfTraceTid, -5));
    IS(-5, pvm_setopt(PvmSelfTraceTid, 0));
    IS(PvmNotImpl, pvm_setopt(PvmSelfTraceContext, 1));
    IS(PvmNotImpl, pvm_setopt(PvmSelfOutputContext, 1));
    IS(1, pvm_setopt(PvmShowTids, 7));
    IS(0, pvm_setopt(PvmTraceBuffer, -1));
    IS(-1, pvm_setopt(PvmTraceBuffer, 0));
    IS(0, pvm_setopt(PvmOutputCode, -1));
    IS(-1, pvm_setopt(PvmOutputCode, 0));
}

static void buffers(void)
{
    struct pvmminfo info;

    WRONG(pvm_initsend(-1));
    WRONG(pvm_initsend(3));
    WRONG(pvm_initsend(77));
    WRONG(pvm_mkbuf(-1));
    WRONG(pvm_mkbuf(9));
    WRONG(pvm_freebuf(-1));
    IS(PvmOk, pvm_freebuf(0));
    IS(PvmNoSuchBuf, pvm_freebuf(12345));
    WRONG(pvm_setsbuf(-1));
    IS(PvmNoSuchBuf, pvm_setsbuf(12345));
    WRONG(pvm_setrbuf(-1));
    IS(PvmNoSuchBuf, pvm_setrbuf(12345));
    WRONG(pvm_bufinfo(-1, NULL, NULL, NULL));
    WRONG(pvm_bufinfo(0, NULL, NULL, NULL));
    IS(PvmNoSuchBuf, pvm_bufinfo(12345, NULL, NULL, NULL));
    WRONG(pvm_getminfo(-1, &info));
    IS(PvmNoSuchBuf, pvm_getminfo(12345, &info));
    WRONG(pvm_setminfo(0, &info));
}

static void packing(void)
{
    pvm_setsbuf(0);
    IS(PvmNoBuf, pvm_send(self, 1));
    IS(PvmNoBuf, pvm_pkint(&value, 1, 1));
    IS(PvmNoBuf, pvm_upkint(&value, 1, 1));
    IS(PvmNoBuf, pvm_mcast(&self, 1, 1));
    IS(PvmNoSuchBuf, pvm_pkmesg(1));
    IS(PvmNoSuchBuf, pvm_pkmesgbody(1));
    IS(PvmNoBuf, pvm_upkmesg());
    IS(PvmNoBuf, pvm_pkstr("x"));
    pvm_initsend(PvmDataDefault);
    WRONG(pvm_pkint(&value, -1, 1));
    IS(PvmOk, pvm_pkint(&value, 0, 1));
    IS(PvmOk, pvm_pkint(&value, 1, 0));
    IS(PvmOk, pvm_pkint(NULL, 0, 1));
    WRONG(pvm_pkmesg(-1));
    IS(PvmNoSuchBuf, pvm_pkmesg(12345));
    IS(PvmNoSuchBuf, pvm_pkmesgbody(12345));
    BUT(PvmBadParam, PvmNoBuf, "DVM reads the format first", pvm_unpackf("%q"));
    WRONG(pvm_packf("%q"));
    IS(PvmOk, pvm_packf("%d", 1));
}

static void sending(void)
{
    WRONG(pvm_send(0, 1));
    WRONG(pvm_send(-1, 1));
    WRONG(pvm_send(self, -1));
    WRONG(pvm_send((int)0x80000000, 1));
    WRONG(pvm_send((int)0x80040000, 1));
    WRONG(pvm_send(0x40000, 1));
    IS(PvmOk, pvm_send(NO_TASK, 1));
    WRONG(pvm_mcast(&self, -1, 1));
    IS(PvmOk, pvm_mcast(&self, 0, 1));
    WRONG(pvm_mcast(none, 2, 1));
    WRONG(pvm_mcast(&self, 1, -1));
    BUT(PvmBadParam, PvmOk, "PVM sends an array of -1 elements",
        pvm_psend(self, 1, &value, -1, PVM_INT));
    WRONG(pvm_psend(self, 1, &value, 1, NO_TYPE));
    WRONG(pvm_psend(self, 1, &value, 1, -1));
    WRONG(pvm_psend(self, -1, &value, 1, PVM_INT));
    WRONG(pvm_psend(0, 1, &value, 1, PVM_INT));
    IS(PvmNotImpl, pvm_psend(self, 1, &value, 1, PVM_STR));
    IS(PvmOk, pvm_psend(self, 1, NULL, 0, PVM_INT));
}

/* PVM lets these be sent to daemons, and drops what no daemon knows. */
static void sending_to_reserved(void)
{
    IS(0, pvm_setopt(PvmResvTids, 1));
    IS(PvmOk, pvm_send(-5, 1));
    IS(PvmOk, pvm_send(0x40000000, 1));
    IS(PvmOk, pvm_mcast(none, 2, 1));
    IS(PvmOk, pvm_psend(0x40000, 1, &value, 1, PVM_INT));
    BUT(PvmBadParam, PvmOk, "DVM has no tags below 0", pvm_send(NO_TASK, -7));
    WRONG(pvm_notify(PvmTaskExit, 1, 1, none));
    WRONG(pvm_kill((int)0x80040000));
    WRONG(pvm_pstat((int)0x80040000));
    IS(1, pvm_setopt(PvmResvTids, 0));
}

#define NEVER "in PVM it fits no message, for ever; its pages say PvmBadParam"

static void receiving(void)
{
    struct timeval before = {-1, 0}, just_before = {0, -1}, soon = {0, 1000};

    WRONG(pvm_precv(self, 1, &value, 1, NO_TYPE, NULL, NULL, NULL));
    WRONG(pvm_precv(self, 1, &value, 1, -1, NULL, NULL, NULL));
    BUT(PvmBadParam, 0, "its page says PvmBadParam", pvm_trecv(-1, 5, &before));
    BUT(PvmBadParam, 0, "its page says PvmBadParam", pvm_trecv(-1, 5, &just_before));
    BUT(PvmBadParam, 0, NEVER, pvm_trecv(-2, 5, &soon));
    BUT(PvmBadParam, 0, NEVER, pvm_nrecv(-2, 5));
    BUT(PvmBadParam, 0, NEVER, pvm_nrecv(self, -2));
    BUT(PvmBadParam, 0, NEVER, pvm_probe(-2, 5));
    BUT(PvmBadParam, 0, NEVER, pvm_probe(self, -2));
    IS(0, pvm_nrecv(0, 77));
    IS(0, pvm_probe(0x40000, 77));
    BUT(PvmBadParam, 9, NEVER, pvm_addmhf(-2, 1, 1, NULL));
    WRONG(pvm_delmhf(-1));
    IS(PvmNotFound, pvm_delmhf(77));
}

static void names(void)
{
    struct pvmmboxinfo *list;

    IS(0, pvm_setcontext(0));
    IS(PvmNotFound, pvm_freecontext(77));
    IS(PvmNotFound, pvm_freecontext(-1));
    BUT(PvmNotFound, ANYTHING, "PVM returns what lies in its memory", pvm_freecontext(0));
    IS(PvmNotFound, pvm_recvinfo("no", 0, 0));
    WRONG(pvm_recvinfo("", 0, 0));
    WRONG(pvm_recvinfo("no", -1, 0));
    IS(PvmNotFound, pvm_delinfo("no", 0, 0));
    WRONG(pvm_delinfo("", 0, 0));
    WRONG(pvm_delinfo("no", -1, 0));
    IS(PvmOk, pvm_getmboxinfo("no", &value, &list));
    IS(PvmNotFound, pvm_lookup("no", 0, &value));
    IS(PvmNotFound, pvm_lookup("no", -1, &value));
    WRONG(pvm_lookup("", 0, &value));
    IS(PvmNotFound, pvm_delete("no", 0));
    WRONG(pvm_delete("no", -1));
    WRONG(pvm_insert("x", -2, 1));
    WRONG(pvm_insert("", 0, 1));
}

static void hosts_and_programs(void)
{
    char *hosts[] = {"nosuch.invalid"};
    int tid = 0;

    WRONG(pvm_addhosts(hosts, 0, &tid));
    WRONG(pvm_addhosts(hosts, -1, &tid));
    WRONG(pvm_delhosts(hosts, 0, &tid));
    WRONG(pvm_delhosts(hosts, -1, &tid));
    IS(0, pvm_delhosts(hosts, 1, &tid));
    IS(PvmNoHost, tid);
    WRONG(pvm_spawn("no", NULL, 0, "", 0, &tid));
    WRONG(pvm_spawn("no", NULL, 0, "", -1, &tid));
    IS(0, pvm_spawn("", NULL, 0, "", 1, &tid));
    IS(PvmNoFile, tid);
    IS(0, pvm_spawn("no", NULL, PvmTaskArch, "XX", 1, &tid));
    IS(PvmNoHost, tid);
    IS(0, pvm_spawn("no", NULL, PvmTaskHost, "XX", 1, &tid));
    IS(PvmNoHost, tid);
    IS(0, pvm_spawn("no", NULL, 0, "", 1, &tid));
    IS(PvmNoFile, tid);
    BUT(PvmBadParam, 0, "there are no such flags", pvm_spawn("no", NULL, 9999, "", 1, &tid));
    IS(PvmOk, pvm_export("x"));
    IS(PvmOk, pvm_unexport("y"));
    WRONG(pvm_tickle(0, none, &value, none));
    WRONG(pvm_tickle(11, none, &value, none));
}

static void groups(void)
{
    IS(PvmNullGroup, pvm_joingroup(NULL));
    IS(PvmNullGroup, pvm_joingroup(""));
    IS(PvmNullGroup, pvm_lvgroup(NULL));
    IS(PvmNoGroup, pvm_lvgroup("zz"));
    IS(PvmNullGroup, pvm_gsize(NULL));
    IS(PvmNoGroup, pvm_gsize("zz"));
    IS(PvmNoGroup, pvm_getinst("zz", self));
    IS(PvmNullGroup, pvm_getinst(NULL, self));
    IS(PvmNoGroup, pvm_gettid("zz", 0));
    IS(PvmNullGroup, pvm_gettid(NULL, 0));
    IS(PvmNoGroup, pvm_barrier("zz", 1));
    IS(PvmNullGroup, pvm_barrier(NULL, 1));
    IS(PvmNoGroup, pvm_bcast("zz", 1));
    IS(PvmNullGroup, pvm_bcast(NULL, 1));
    IS(PvmNoGroup, pvm_freezegroup("zz", 1));
    IS(0, pvm_joingroup("g"));
    IS(PvmDupGroup, pvm_joingroup("g"));
    IS(PvmNotInGroup, pvm_getinst("g", 0));
    BUT(PvmNotInGroup, 1, "PVM takes -1 for a free place", pvm_getinst("g", -1));
    IS(PvmNoInst, pvm_gettid("g", -1));
    IS(PvmNoInst, pvm_gettid("g", 5));
    IS(PvmMismatch, pvm_barrier("g", 0));
    IS(PvmMismatch, pvm_barrier("g", -2));
    IS(PvmNoInst, pvm_bcast("g", -1));
}

static void collectives(void)
{
    WRONG(pvm_reduce(PvmSum, &value, 1, NO_TYPE, 1, "g", 0));
    BUT(PvmBadParam, PvmOk, "with more than one member PVM crashes",
        pvm_reduce(NULL, &value, 1, PVM_INT, 1, "g", 0));
    WRONG(pvm_reduce(PvmSum, &value, -1, PVM_INT, 1, "g", 0));
    IS(PvmNoInst, pvm_reduce(PvmSum, &value, 1, PVM_INT, 1, "g", 9));
    BUT(PvmBadParam, PvmOk, "with more than one member PVM says so, too",
        pvm_reduce(PvmSum, &value, 1, PVM_INT, -1, "g", 0));
    IS(PvmNoGroup, pvm_reduce(PvmSum, &value, 1, PVM_INT, 1, "zz", 0));
    WRONG(pvm_gather(&other, &value, -1, PVM_INT, 1, "g", 0));
    WRONG(pvm_gather(NULL, &value, 1, PVM_INT, 1, "g", 0));
    WRONG(pvm_gather(&other, &value, 1, NO_TYPE, 1, "g", 0));
    WRONG(pvm_scatter(&other, &value, -1, PVM_INT, 1, "g", 0));
    WRONG(pvm_scatter(&other, NULL, 1, PVM_INT, 1, "g", 0));
    WRONG(pvm_scatter(&other, &value, 1, NO_TYPE, 1, "g", 0));
    IS(PvmOk, pvm_lvgroup("g"));
    IS(PvmNoGroup, pvm_lvgroup("g"));
}

/* What DVM cannot do says why. With PVM it would be done. */
static void not_there(void)
{
    int tid = 0;

    pvm_setopt(PvmAutoErr, 1);
    WRONG(pvm_reg_tracer(1, 1, 1, 1, NULL, 0, 0));
    IS(PvmNotImpl, pvm_tickle(1, none, &value, none));
    IS(PvmNotImpl, pvm_notify(PvmRouteAdd, 1, 1, &self));
    IS(PvmNotImpl, pvm_spawn("no", NULL, PvmTaskDebug, "", 1, &tid));
}

int main(int argc, char **argv)
{
    with_pvm = argc > 1 && strcmp(argv[1], "--pvm") == 0;
    self = pvm_mytid();
    pvm_setopt(PvmAutoErr, 0);
    tasks();
    events();
    options();
    buffers();
    packing();
    sending();
    sending_to_reserved();
    receiving();
    names();
    hosts_and_programs();
    groups();
    collectives();
    if (!with_pvm)
        not_there();
    printf("wrong: %d of %d calls\n", right, all);
    pvm_exit();
    return right != all;
}
