/* mixed.c: the PVM side of a program of two kinds; the other is system/programs/with_pvm.c.
 *
 * mixed PROGRAM: spawns it and exchanges typed messages with it. Spawned: the worker of one.
 */
#include <stdio.h>

#include <pvm3.h>

#define COUNT 5
enum { NUMBERS = 1, HALVES, LARGE, PAIRS };

static int worker(int master)
{
    int numbers[COUNT], length = 0;
    double halves[COUNT];

    pvm_recv(master, NUMBERS);
    if (pvm_upkint(numbers, COUNT, 1) < 0)
        return 1;
    for (int i = 0; i < COUNT; i++)
        halves[i] = numbers[i] / 2.0;
    pvm_psend(master, HALVES, halves, COUNT, PVM_DOUBLE);
    pvm_bufinfo(pvm_getrbuf(), &length, NULL, NULL);
    return length != (int)sizeof numbers;
}

/* A message of pairs of an int and a double, which DVM knows as such, is unpacked as they lie. */
static int pairs(int tid)
{
    int number = 0, wrong = 0, length = 0;
    double half = 0;

    if (pvm_recv(tid, PAIRS) < 0)
        return -1;
    pvm_bufinfo(pvm_getrbuf(), &length, NULL, NULL);
    for (int i = 0; i < COUNT; i++) {
        pvm_upkint(&number, 1, 1);
        pvm_upkdouble(&half, 1, 1);
        wrong += number != i || half != i / 2.0;
    }
    return wrong == 0 && pvm_upkint(&number, 1, 1) == PvmNoData ? length : -1;
}

static int master(char *program)
{
    int numbers[COUNT] = {1, 2, 3, 5, 8}, tid, length = 0;
    double halves[COUNT] = {0};
    long large = 0;

    if (pvm_spawn(program, NULL, PvmTaskDefault, NULL, 1, &tid) != 1)
        return 1;
    pvm_initsend(PvmDataInPlace);
    pvm_pkint(numbers, COUNT, 1);
    pvm_send(tid, NUMBERS);
    if (pvm_precv(tid, HALVES, halves, COUNT, PVM_DOUBLE, NULL, NULL, &length) < 0)
        return 1;
    pvm_recv(tid, LARGE);
    pvm_upklong(&large, 1, 1);
    printf("mixed: %d %g %g %ld, pairs of %d bytes\n", length, halves[0], halves[COUNT - 1], large,
           pairs(tid));
    return 0;
}

int main(int argc, char **argv)
{
    int parent = pvm_parent(), rc = parent > 0 ? worker(parent) : argc > 1 ? master(argv[1]) : 2;

    pvm_exit();
    return rc;
}
