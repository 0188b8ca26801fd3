/* limits.c: what PVM 3.4.6 does not stand, and sends that must not wait.
 *
 * limits crowd COUNT: COUNT copies are spawned; each is greeted, answers, and ends, and each
 *     end is told of.
 * limits lost HOST: a copy on HOST and HOST itself are watched; prints "limits: watching", and
 *     when both are told to be lost, after how many seconds.
 * limits everybody COUNT MIB: COUNT copies each send MIB MiB to the next one, half of it in
 *     messages of 1 MiB and half in one, before any of them receives.
 * limits last COUNT: a copy sends COUNT messages of tag 1, then one of tag 9, which is taken
 *     first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <pvm3.h>

#define MIB (1 << 20)
#define WORDS (MIB / (int)sizeof(int))
enum { GREET = 1, ANSWER, GONE, HOST_GONE, SMALL, LARGE, LAST = 9 };

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("limits: WRONG: %s\n", what);
    exit(1);
}

static void say_int(int tid, int tag, int value)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    check(pvm_send(tid, tag) == PvmOk, "a send");
}

static int hear_int(int tid, int tag)
{
    int value = -1;

    check(pvm_recv(tid, tag) > 0 && pvm_upkint(&value, 1, 1) == PvmOk, "a receive");
    return value;
}

static int *spawn(char **argv, int count, char *where)
{
    int *tids = malloc((size_t)count * sizeof *tids);

    check(tids != NULL, "memory");
    check(pvm_spawn(argv[0], argv + 1, where ? PvmTaskHost : PvmTaskDefault, where, count,
                    tids) == count, "spawn");
    return tids;
}

/* ---- many tasks ---------------------------------------------------------------- */

static void crowd(char **argv, int count)
{
    int *tids = spawn(argv, count, NULL), listed = 0;
    long sum = 0, gone = 0;
    struct pvmtaskinfo *tasks;

    check(pvm_notify(PvmTaskExit, GONE, count, tids) == PvmOk, "notify");
    pvm_initsend(PvmDataDefault);
    pvm_pkint(tids, count, 1);
    check(pvm_mcast(tids, count, GREET) == PvmOk, "mcast");
    for (int i = 0; i < count; i++)
        sum += hear_int(-1, ANSWER);
    check(pvm_tasks(0, &listed, &tasks) == PvmOk && listed > count, "the list of tasks");
    for (int i = 0; i < count; i++)
        say_int(tids[i], GREET, 0);
    for (int i = 0; i < count; i++)
        gone += hear_int(-1, GONE) > 0;
    check(sum == (long)count * (count - 1) / 2 && gone == count, "the sums");
    printf("limits: %d tasks: ok\n", count);
    free(tids);
}

static void one_of_crowd(int parent, int count)
{
    int *tids = malloc((size_t)count * sizeof *tids), me = 0;

    check(tids && pvm_recv(parent, GREET) > 0 && pvm_upkint(tids, count, 1) == PvmOk, "the list");
    while (tids[me] != pvm_mytid())
        me++;
    say_int(parent, ANSWER, me);
    hear_int(parent, GREET);
    free(tids);
}

/* ---- a host that is lost --------------------------------------------------------- */

static double now(void)
{
    struct timeval t;

    gettimeofday(&t, NULL);
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static void lost(char **argv, char *host)
{
    int *tids = spawn(argv, 1, host), daemon = pvm_tidtohost(tids[0]);
    int twice[] = {daemon, daemon};
    double since;

    check(pvm_notify(PvmTaskExit, GONE, 1, tids) == PvmOk, "notify of a task");
    check(pvm_notify(PvmHostDelete, HOST_GONE, 2, twice) == PvmOk, "notify of a host, twice");
    check(hear_int(tids[0], ANSWER) == 0, "the task is there");
    printf("limits: watching\n");
    fflush(stdout);
    since = now();
    for (int i = 0; i < 2; i++)
        check(hear_int(-1, HOST_GONE) == daemon, "the host that is gone");
    check(hear_int(-1, GONE) == tids[0], "the task that is gone");
    check(pvm_mstat(host) == PvmNoHost || pvm_mstat(host) == PvmHostFail, "the host is gone");
    printf("limits: noticed within %.1f s\n", now() - since);
    free(tids);
}

/* ---- sends that do not wait ------------------------------------------------------- */

/* Wait until all have come here, by messages to the first and back. */
static void meet(const int *tids, int me, int count)
{
    if (me == 0) {
        for (int i = 1; i < count; i++)
            hear_int(tids[i], ANSWER);
        for (int i = 1; i < count; i++)
            say_int(tids[i], GREET, 0);
    } else {
        say_int(tids[0], ANSWER, me);
        hear_int(tids[0], GREET);
    }
}

static void fill(int *words, int from, int count)
{
    for (int i = 0; i < count; i++)
        words[i] = from + i;
}

static void send_much(int next, int mib, int *words)
{
    for (int m = 0; m < mib / 2; m++) {
        fill(words, m, WORDS);
        pvm_initsend(m % 2 ? PvmDataDefault : PvmDataRaw);
        pvm_pkint(words, WORDS, 1);
        check(pvm_send(next, SMALL) == PvmOk, "a send of 1 MiB");
    }
    fill(words, 7, mib / 2 * WORDS);
    pvm_initsend(PvmDataInPlace);
    pvm_pkint(words, mib / 2 * WORDS, 1);
    check(pvm_send(next, LARGE) == PvmOk, "a large send");
    memset(words, 0, (size_t)mib / 2 * MIB);
}

static void take_much(int before, int mib, int *words)
{
    for (int m = 0; m < mib / 2; m++) {
        check(pvm_recv(before, SMALL) > 0, "a receive of 1 MiB");
        check(pvm_upkint(words, WORDS, 1) == PvmOk, "1 MiB");
        check(words[0] == m && words[WORDS - 1] == m + WORDS - 1, "what 1 MiB holds");
    }
    check(pvm_recv(before, LARGE) > 0, "a large receive");
    check(pvm_upkint(words, mib / 2 * WORDS, 1) == PvmOk, "much");
    check(words[0] == 7 && words[mib / 2 * WORDS - 1] == 6 + mib / 2 * WORDS, "what much holds");
}

static void one_of_everybody(int count, int mib)
{
    int *tids = NULL, me = 0, *words = malloc((size_t)mib / 2 * MIB);

    check(words != NULL && pvm_siblings(&tids) == count, "the siblings");
    while (tids[me] != pvm_mytid())
        me++;
    send_much(tids[(me + 1) % count], mib, words);
    meet(tids, me, count);
    take_much(tids[(me + count - 1) % count], mib, words);
    free(words);
}

static void everybody(char **argv, int count, int mib)
{
    int *tids = spawn(argv, count, NULL);

    check(pvm_notify(PvmTaskExit, GONE, count, tids) == PvmOk, "notify");
    for (int i = 0; i < count; i++)
        check(hear_int(-1, ANSWER) == mib, "an answer");
    printf("limits: %d send %d MiB: ok\n", count, mib);
    free(tids);
}

static void send_last(int parent, int count)
{
    for (int i = 0; i < count; i++)
        say_int(parent, GREET, i);
    say_int(parent, LAST, count);
}

static void last(char **argv, int count)
{
    int *tids = spawn(argv, 1, NULL), wrong = 0;

    check(hear_int(tids[0], LAST) == count, "the last one");
    for (int i = 0; i < count; i++)
        wrong += hear_int(tids[0], GREET) != i;
    check(wrong == 0, "the order of the others");
    check(pvm_nrecv(-1, -1) == 0, "nothing more");
    printf("limits: the last of %d first: ok\n", count);
    free(tids);
}

/* ---- */

static void copy(int parent, char **argv)
{
    int count = atoi(argv[2]);

    if (strcmp(argv[1], "crowd") == 0) {
        one_of_crowd(parent, count);
    } else if (strcmp(argv[1], "lost") == 0) {
        say_int(parent, ANSWER, 0);
        pvm_recv(parent, GREET); /* until it is killed with its host */
    } else if (strcmp(argv[1], "last") == 0) {
        send_last(parent, count);
    } else {
        one_of_everybody(count, atoi(argv[3]));
        say_int(parent, ANSWER, atoi(argv[3]));
    }
}

int main(int argc, char **argv)
{
    int parent = pvm_parent();

    check(argc > 2, "limits crowd COUNT | lost HOST | everybody COUNT MIB | last COUNT");
    if (parent > 0)
        copy(parent, argv);
    else if (strcmp(argv[1], "crowd") == 0)
        crowd(argv, atoi(argv[2]));
    else if (strcmp(argv[1], "lost") == 0)
        lost(argv, argv[2]);
    else if (strcmp(argv[1], "last") == 0)
        last(argv, atoi(argv[2]));
    else
        everybody(argv, atoi(argv[2]), atoi(argv[3]));
    pvm_exit();
    return 0;
}
