/* neighbours.c all [ROUNDS]: every task sends small and larger messages to every other, several
 * times; "met" says that all have come. Then all wait for a word that never comes.
 *
 * neighbours.c root ROUNDS: the same, but with tasks that it spawns ("leaf"), ROUNDS times 8:
 * each exchanges messages with it and ends. Every third ends without a word, by SIGKILL.
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAVES = 8, LARGE = 1000, TIMES = 40, TAG = 1, TAG_NEVER = 2 };

static char bytes[LARGE], other[LARGE];

static void talk(dvm_group group, int to, int from)
{
    for (int i = 0; i < TIMES; i++) {
        size_t size = i % 4 ? 8 : LARGE;

        dvm_sendrecv(group, to, TAG, bytes, size, DVM_BYTE, from, TAG, other, size, DVM_BYTE, NULL);
    }
}

static void wait_for_ever(void)
{
    dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG_NEVER, bytes, 1, DVM_BYTE, NULL);
}

static void all(void)
{
    int me, n;

    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    for (int step = 1; step < n; step++)
        talk(DVM_WORLD, (me + step) % n, (me - step + n) % n);
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        puts("met");
    wait_for_ever();
}

static void root(const char *self, int rounds)
{
    static const char *const arguments[] = {"leaf", NULL};
    struct dvm_spawn leaf = {.program = self, .args = arguments};
    int tids[LEAVES], error;

    for (int round = 0; round < rounds; round++) {
        /* each a world of its own: the death of one is not the others' */
        for (int i = 0; i < LEAVES; i++)
            dvm_spawn(&leaf, 1, &tids[i], &error);
        for (int i = 0; i < LEAVES; i++)
            talk(DVM_UNIVERSE, tids[i], tids[i]);
    }
    puts("met");
    wait_for_ever();
}

int main(int argc, char **argv)
{
    dvm_init(&argc, &argv);
    if (argc > 2 && strcmp(argv[1], "root") == 0) {
        root(argv[0], atoi(argv[2]));
    } else if (argc > 1 && strcmp(argv[1], "leaf") == 0) {
        talk(DVM_UNIVERSE, dvm_parent(), dvm_parent());
        if (dvm_self() % 3 == 0)
            raise(SIGKILL);
        dvm_finalize();
    } else {
        all();
    }
    return 0;
}
