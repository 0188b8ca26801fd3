/* group.c: groups and their collectives.
 *
 * group MEMBERS: the master and what it spawns join a group, find each other, wait, broadcast,
 * reduce, gather and scatter. Prints a line for each part; the same ones on PVM, but for
 * --row, where 50 reductions with one tag follow each other: PVM mixes them up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#define MEMBERS_MOST 32
#define NAME "members"
#define ROW 50
enum { SAY = 1, ADD, SMALLEST, COLLECT, SHARE, OWN };

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("group: WRONG: %s\n", what);
    exit(1);
}

static void first_letters(int *type, void *into, void *data, int *count, int *info)
{
    int *a = into, *b = data;

    (void)type;
    for (int i = 0; i < *count; i++)
        a[i] = a[i] | b[i];
    *info = 0;
}

static void ask(int me, int size)
{
    check(pvm_gsize(NAME) == size, "the size");
    check(pvm_getinst(NAME, pvm_mytid()) == me, "the own instance");
    for (int i = 0; i < size; i++)
        check(pvm_getinst(NAME, pvm_gettid(NAME, i)) == i, "who is who");
}

static void collectives(int me, int size, int root)
{
    int part[3] = {me, 2 * me, 7}, all[3 * MEMBERS_MOST], bits = 1 << me;
    double value[2] = {1.5 * me, -me};

    check(pvm_reduce(PvmSum, value, 2, PVM_DOUBLE, ADD, NAME, root) == 0, "reduce");
    if (me == root)
        check(value[0] == 0.75 * size * (size - 1), "the sum");
    value[0] = me - 3.0;
    pvm_reduce(PvmMin, value, 1, PVM_DOUBLE, SMALLEST, NAME, root);
    if (me == root)
        check(value[0] == -3, "the smallest");
    pvm_reduce(first_letters, &bits, 1, PVM_INT, OWN, NAME, root);
    if (me == root)
        check(bits == (1 << size) - 1, "an operator of the program");
    check(pvm_gather(all, part, 3, PVM_INT, COLLECT, NAME, root) == 0, "gather");
    if (me == root)
        for (int i = 0; i < size; i++)
            check(all[3 * i] == i && all[3 * i + 1] == 2 * i && all[3 * i + 2] == 7, "the parts");
    memset(part, 0, sizeof part);
    check(pvm_scatter(part, all, 3, PVM_INT, SHARE, NAME, root) == 0, "scatter");
    check(part[0] == me && part[1] == 2 * me, "the part");
}

static void row(int me, int size)
{
    int wrong = 0;

    for (int i = 0; i < ROW; i++) {
        int value = me + i;

        pvm_reduce(PvmSum, &value, 1, PVM_INT, ADD, NAME, 0);
        wrong += me == 0 && value != size * (size - 1) / 2 + size * i;
    }
    if (me == 0)
        printf("group: %d of %d in a row wrong\n", wrong, ROW);
}

static void mistakes(int size)
{
    int value = 0;

    pvm_setopt(PvmAutoErr, 0);
    printf("group: codes:");
    printf(" %d", pvm_joingroup(NAME));
    printf(" %d", pvm_joingroup(""));
    printf(" %d", pvm_gsize("nobody's"));
    printf(" %d", pvm_getinst(NAME, 0x40000 | 77777));
    printf(" %d", pvm_gettid(NAME, size + 3));
    printf(" %d", pvm_barrier(NAME, 0));
    printf(" %d", pvm_lvgroup("nobody's"));
    printf(" %d\n", pvm_reduce(PvmSum, &value, -1, PVM_INT, ADD, NAME, 0));
    pvm_setopt(PvmAutoErr, 1);
}

int main(int argc, char **argv)
{
    int size = argc > 1 ? atoi(argv[1]) : 4, parent = pvm_parent(), me, word = 0;
    int in_row = argc > 2 && strcmp(argv[2], "--row") == 0;

    me = pvm_joingroup(NAME);
    check(me >= 0, "join");
    if (parent < 0 && size > 1)
        check(pvm_spawn(argv[0], argv + 1, 0, NULL, size - 1, NULL) == size - 1, "spawn");
    check(pvm_barrier(NAME, size) == 0, "barrier");
    ask(me, size);
    if (parent < 0) {
        word = 4711;
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&word, 1, 1);
        check(pvm_bcast(NAME, SAY) == 0, "bcast");
    } else {
        pvm_recv(-1, SAY);
        pvm_upkint(&word, 1, 1);
        check(word == 4711, "the word");
    }
    collectives(me, size, size - 1);
    pvm_barrier(NAME, size);
    if (in_row)
        row(me, size);
    if (parent < 0)
        mistakes(size);
    pvm_barrier(NAME, size);
    check(pvm_freezegroup(NAME, size) == size, "freeze");
    ask(me, size);
    collectives(me, size, 0);
    pvm_barrier(NAME, size);
    pvm_lvgroup(NAME);
    if (parent < 0)
        printf("group: all ok\n");
    pvm_exit();
    return 0;
}
