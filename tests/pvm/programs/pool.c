/* pool.c: a master, its workers, and what PVM promises about them.
 *
 * pool WORKERS: spawns itself, gives each worker the list of all, lets them pass a sum round,
 * takes answers from anybody, and looks at hosts, tasks, events and contexts on the way.
 * Prints a line for each part; the same ones on PVM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>
#include <pvmproto.h>
#include <pvmtev.h>

/* what PVM's own programs use besides */
extern int pvmmyctx;
extern struct Pvmtracer pvmctrc;
extern char *pvmnametag(int tag, int *found);

#define WORKERS_MOST 64
enum { WORK = 1, RING, ANSWER, GONE, NEVER, SECRET, LATE, HANDLED };

static int check(int good, const char *what)
{
    if (!good) {
        printf("pool: WRONG: %s\n", what);
        exit(1);
    }
    return good;
}

static int handled;

static int take(int bufid)
{
    int value = 0, tag = 0;

    pvm_bufinfo(bufid, NULL, &tag, NULL);
    pvm_upkint(&value, 1, 1);
    handled += tag == HANDLED ? value : 1000;
    return 0;
}

/* ---- a worker ----------------------------------------------------------------- */

static void work(int parent)
{
    int tids[WORKERS_MOST], count = 0, me = 0, sum = 0, *siblings, ctx;
    char word[32] = "";

    pvm_recv(parent, WORK);
    pvm_upkint(&count, 1, 1);
    pvm_upkint(tids, count, 1);
    pvm_upkstr(word);
    check(strcmp(word, "some words") == 0, "the words of the work");
    while (tids[me] != pvm_mytid())
        me++;
    check(pvm_siblings(&siblings) == count, "the number of siblings");

    /* round the ring: each adds itself */
    if (me > 0) {
        pvm_recv(tids[me - 1], RING);
        pvm_upkint(&sum, 1, 1);
    }
    sum += me;
    pvm_initsend(PvmDataRaw);
    pvm_pkint(&sum, 1, 1);
    pvm_send(me + 1 < count ? tids[me + 1] : parent, RING);

    /* the answer in another context, which only who is in it gets */
    ctx = pvm_setcontext(7);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&me, 1, 1);
    pvm_send(parent, SECRET);
    pvm_setcontext(ctx);
    pvm_psend(parent, ANSWER, &me, 1, PVM_INT);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&me, 1, 1);
    pvm_send(parent, HANDLED);
    if (me == 0)
        pvm_recv(parent, NEVER); /* until it is killed */
}

static void shown(void)
{
    int found = 7;

    check(strcmp(pvmnametag(SM_STTASK, &found), "SM_STTASK") == 0 && found == 1, "a tag's name");
    check(strcmp(pvmnametag(SM_LAST + 1, &found), "-2147221486") == 0 && found == 0, "no name");
    check(strcmp(pvmnametag(12, NULL), "12") == 0, "a program's tag");
    pvm_setopt(PvmTraceBuffer, pvm_setopt(PvmTraceBuffer, 4000) + 5000);
    check(pvmctrc.trcbuf == 5000 && pvmctrc.tmask[0] == '@' && !pvmctrc.trctid, "the tracer");
    pvm_setopt(PvmTraceBuffer, 0);
}

/* ---- the master ---------------------------------------------------------------- */

static void start(char *program, int count, int *tids)
{
    struct pvmtaskinfo *tasks;
    int listed = 0, nobody[2];

    check(pvm_spawn(program, NULL, PvmTaskDefault, NULL, count, tids) == count, "spawn");
    check(pvm_tasks(0, &listed, &tasks) == 0 && listed > count, "the list of tasks");
    check(pvm_pstat(tids[0]) == PvmOk, "a task that runs");
    pvm_setopt(PvmAutoErr, 0);
    check(pvm_spawn("no-such-program", NULL, 0, NULL, 2, nobody) == 0, "spawn of nothing");
    check(nobody[0] == PvmNoFile && nobody[1] == PvmNoFile, "the code of no program");
    check(pvm_spawn(program, NULL, PvmTaskHost, "nowhere", 1, nobody) == 0, "spawn nowhere");
    check(nobody[0] == PvmNoHost, "the code of no host");
    pvm_setopt(PvmAutoErr, 1);
    printf("pool: spawn: ok\n");
}

static void answers(int count, const int *tids)
{
    int seen = 0, sum = 0, value, tid, tag, length;

    pvm_recv(tids[count - 1], RING);
    pvm_upkint(&sum, 1, 1);
    check(sum == count * (count - 1) / 2, "the sum of the ring");
    for (int i = 0; i < count; i++) {
        check(pvm_precv(-1, ANSWER, &value, 1, PVM_INT, &tid, &tag, &length) == 0, "precv");
        check(tid == tids[value] && tag == ANSWER && length == (int)sizeof value, "who answers");
        seen += value;
    }
    check(seen == sum, "the answers");
    check(pvm_nrecv(-1, SECRET) == 0, "a message of another context");
    pvm_setcontext(7);
    check(pvmmyctx == 7, "the context that the library shows");
    for (int i = 0; i < count; i++) {
        check(pvm_recv(tids[i], SECRET) > 0, "a message of this context");
        pvm_upkint(&value, 1, 1);
        check(value == i, "what was sent in another context");
    }
    pvm_setcontext(0);
    printf("pool: messages: ok\n");
}

static int newest_first(int bufid, int tid, int tag)
{
    int t = 0;

    (void)tid;
    pvm_bufinfo(bufid, NULL, &t, NULL);
    return t == tag + 1;
}

static void choices(void)
{
    struct timeval soon = {0, 20000};
    int id, value = 5, tag = 0;

    check(pvm_trecv(-1, LATE, &soon) == 0, "a receive with a limit");
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(pvm_mytid(), LATE);
    check(pvm_trecv(-1, LATE, NULL) > 0, "a receive without a limit");
    pvm_send(pvm_mytid(), LATE);
    while ((id = pvm_probe(-1, LATE)) == 0)
        ;
    pvm_bufinfo(id, NULL, &tag, NULL);
    check(tag == LATE && pvm_probe(-1, LATE) == id, "a probe takes nothing");
    pvm_recvf(newest_first);
    check(pvm_recv(-1, LATE - 1) == id, "a receive by the program's choice");
    pvm_recvf(NULL);
    check(pvm_newcontext() != pvm_newcontext(), "contexts differ");
    printf("pool: choices: ok\n");
}

static void ends(int count, const int *tids)
{
    int gone, left = 0, me = pvm_mytid();

    check(pvm_notify(PvmTaskExit, GONE, count, (int *)tids) == 0, "notify");
    pvm_kill(tids[0]);
    for (int i = 0; i < count; i++) {
        pvm_recv(-1, GONE);
        pvm_upkint(&gone, 1, 1);
        for (int k = 0; k < count; k++)
            left += tids[k] == gone;
    }
    check(left == count, "each end is told of once");
    check(pvm_pstat(tids[0]) == PvmNoTask, "a task that has ended");
    pvm_initsend(PvmDataDefault);
    check(pvm_send(tids[0], 1) == 0 && pvm_kill(tids[0]) == 0, "nobody is no error");
    pvm_mcast((int[]){tids[0], me, me}, 3, LATE);
    check(pvm_nrecv(-1, LATE) == 0, "who sends to many gets nothing");
    printf("pool: ends: ok\n");
}

static void hosts(void)
{
    struct pvmhostinfo *list;
    int count = 0, kinds = 0, known = 0;

    check(pvm_config(&count, &kinds, &list) == 0 && count > 0 && kinds == 1, "the hosts");
    for (int i = 0; i < count; i++)
        known += pvm_mstat(list[i].hi_name) == PvmOk &&
                 list[i].hi_tid == pvm_tidtohost(list[i].hi_tid | 5);
    check(known == count && pvm_mstat("nowhere") == PvmNoHost, "the names of hosts");
    check(pvm_archcode(list[0].hi_arch) == list[0].hi_dsig, "the code of an architecture");
    printf("pool: hosts: ok\n");
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 4, tids[WORKERS_MOST];
    int parent = pvm_parent();

    if (parent > 0) {
        work(parent);
        pvm_exit();
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    check(parent == PvmNoParent && pvm_mytid() > 0x40000, "the beginning");
    hosts();
    shown();
    start(argv[0], count, tids);
    check(pvm_addmhf(-1, HANDLED, 0, take) >= 0, "a handler");
    pvm_initsend(PvmDataDefault);
    pvm_packf("%d %*d %s", count, count, tids, "some words");
    check(pvm_mcast(tids, count, WORK) == 0, "mcast");
    answers(count, tids);
    choices();
    ends(count, tids);
    check(handled == count * (count - 1) / 2, "what the handler got");
    pvm_exit();
    check(pvm_exit() == 0, "leaving twice");
    printf("pool: all ok\n");
    return 0;
}
