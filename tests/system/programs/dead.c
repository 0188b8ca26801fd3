/* dead.c: ranks 0 to 2 wait for each other in a circle, rank 3 for one of them; rank 4
 * computes, rank 5 waits for it, and 6 for rank 5.
 *
 * dead.c group: ranks 0 and 2 wait for each other in a group of their own, as 1 and 3 do.
 * dead.c any: all wait for a message of anybody.
 * dead.c threads: the same, where other threads might send it.
 * dead.c wait FILE: rank 1 waits for rank 0, which computes until FILE exists and then sends. */
#include <dvm.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TAG = 7, CIRCLE = 3 };

static void compute(const char *until)
{
    const struct timespec moment = {.tv_nsec = 10000000};

    while (!until || access(until, F_OK))
        nanosleep(&moment, NULL); /* stands for work */
}

static void receive(dvm_group group, int rank)
{
    int x;

    dvm_recv(group, rank, TAG, &x, 1, DVM_INT, NULL);
}

static void split(int me)
{
    dvm_group half;

    dvm_group_split(DVM_WORLD, me % 2, me, &half);
    receive(half, me < 2);
}

static void stand(int me)
{
    if (me < CIRCLE)
        receive(DVM_WORLD, (me + 1) % CIRCLE);
    else if (me == 4)
        compute(NULL);
    else
        receive(DVM_WORLD, me == 3 ? 0 : me - 1);
}

int main(int argc, char **argv)
{
    int me;

    dvm_init_thread(&argc, &argv,
                    argc > 1 && strcmp(argv[1], "threads") == 0 ? DVM_THREAD_MULTIPLE
                                                                : DVM_THREAD_SINGLE, NULL);
    dvm_group_rank(DVM_WORLD, &me);
    if (argc == 1) {
        stand(me);
    } else if (strcmp(argv[1], "group") == 0) {
        split(me);
    } else if (strcmp(argv[1], "any") == 0 || strcmp(argv[1], "threads") == 0) {
        receive(DVM_WORLD, DVM_ANY);
    } else if (me == 0) {
        compute(argv[2]);
        dvm_send(DVM_WORLD, 1, TAG, &me, 1, DVM_INT);
    } else {
        receive(DVM_WORLD, 0);
    }
    dvm_finalize();
    return 0;
}
