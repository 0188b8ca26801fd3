/* busy.c [ROUNDS]: a bit of everything that a machine does, for tests that kill parts of
 * it meanwhile: output, collectives, small and large messages between all, and rank 0
 * spawns two more tasks and hears from them.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG = 1, LARGE = 1 << 18, CHILDREN = 2 };

static char large[LARGE];

static int child(void)
{
    int me = dvm_self();

    dvm_send(DVM_UNIVERSE, dvm_parent(), TAG, &me, 1, DVM_INT);
    dvm_finalize();
    return 0;
}

static void spawn_some(const char *program)
{
    static const char *const args[] = {"child", NULL};
    const struct dvm_spawn what = {.program = program, .args = args};
    int tids[CHILDREN], who;

    dvm_spawn(&what, CHILDREN, tids, NULL);
    /* by name: a receive from anybody does not end when one of them is killed */
    for (int i = 0; i < CHILDREN; i++)
        dvm_recv(DVM_UNIVERSE, tids[i], TAG, &who, 1, DVM_INT, NULL);
}

/* Send to the next and receive from the one before, in a ring. */
static void pass_on(int me, int n, size_t bytes)
{
    int next = (me + 1) % n, before = (me + n - 1) % n;

    if (me % 2 == 0)
        dvm_send(DVM_WORLD, next, TAG, large, bytes, DVM_BYTE);
    dvm_recv(DVM_WORLD, before, TAG, large, sizeof large, DVM_BYTE, NULL);
    if (me % 2 == 1)
        dvm_send(DVM_WORLD, next, TAG, large, bytes, DVM_BYTE);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 3;
    int me, n;

    dvm_init(&argc, &argv);
    if (argc > 1 && argv[1][0] == 'c')
        return child();
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    for (int i = 0; i < rounds; i++) {
        double part = me, sum = 0;

        printf("%d: round %d\n", me, i);
        dvm_barrier(DVM_WORLD);
        dvm_allreduce(DVM_WORLD, &part, &sum, 1, DVM_DOUBLE, DVM_SUM);
        dvm_bcast(DVM_WORLD, 0, large, 100, DVM_BYTE);
        if (n % 2 == 0) {
            pass_on(me, n, 64);
            pass_on(me, n, sizeof large);
        }
        if (me == 0)
            spawn_some(argv[0]);
    }
    dvm_finalize();
    return 0;
}
