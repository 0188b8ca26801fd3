/* with_pvm.c: the DVM side of a program of two kinds; the other is tests/pvm/programs/mixed.c.
 *
 * with_pvm PROGRAM: spawns it, a program of PVM, and exchanges typed messages with it. Spawned:
 * the worker of one.
 */
#include <stddef.h>
#include <stdio.h>

#include <dvm.h>

#define COUNT 5
enum { NUMBERS = 1, HALVES, LARGE, PAIRS };

struct pair {
    int number;
    double half;
};

static void send_pairs(int master)
{
    const size_t lengths[] = {1, 1};
    const ptrdiff_t places[] = {0, offsetof(struct pair, half)};
    const dvm_type types[] = {DVM_INT, DVM_DOUBLE};
    struct pair pairs[COUNT];
    dvm_type type;

    for (int i = 0; i < COUNT; i++)
        pairs[i] = (struct pair){i, i / 2.0};
    dvm_type_struct(2, lengths, places, types, &type);
    dvm_type_commit(type);
    dvm_send(DVM_UNIVERSE, master, PAIRS, pairs, COUNT, type);
    dvm_type_free(&type);
}

static void worker(int master)
{
    long large = (1L << 40) + 1;
    double halves[COUNT];
    int numbers[COUNT];

    dvm_recv(DVM_UNIVERSE, master, NUMBERS, numbers, COUNT, DVM_INT, NULL);
    for (int i = 0; i < COUNT; i++)
        halves[i] = numbers[i] / 2.0;
    dvm_send(DVM_UNIVERSE, master, HALVES, halves, COUNT, DVM_DOUBLE);
    dvm_send(DVM_UNIVERSE, master, LARGE, &large, 1, DVM_LONG);
    send_pairs(master);
}

static void master(const char *program)
{
    const struct dvm_spawn what = {.program = program};
    int numbers[COUNT] = {1, 2, 3, 5, 8}, tid;
    double halves[COUNT] = {0};

    dvm_spawn(&what, 1, &tid, NULL);
    dvm_send(DVM_UNIVERSE, tid, NUMBERS, numbers, COUNT, DVM_INT);
    dvm_recv(DVM_UNIVERSE, tid, HALVES, halves, COUNT, DVM_DOUBLE, NULL);
    printf("with_pvm: %g %g\n", halves[0], halves[COUNT - 1]);
}

int main(int argc, char **argv)
{
    int parent;

    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    parent = dvm_parent();
    dvm_errors(DVM_FATAL);
    if (parent > 0)
        worker(parent);
    else if (argc > 1)
        master(argv[1]);
    dvm_finalize();
    return 0;
}
