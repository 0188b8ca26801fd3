/* spawn.c COUNT TIMES: milliseconds from dvm_spawn of COUNT tasks until each has been
 * heard from, one line "RETURNED ALL" for each time: when dvm_spawn returned, when the
 * last message was there. Tasks of one time have ended before the next.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAG = 1, COUNT_MAX = 1024 };

static int child(void)
{
    int me = dvm_self();

    dvm_send(DVM_UNIVERSE, dvm_parent(), TAG, &me, 1, DVM_INT);
    dvm_finalize();
    return 0;
}

static void once(const char *program, int count)
{
    static const char *const args[] = { "child", NULL };
    const struct dvm_spawn what = { .program = program, .args = args };
    double start = dvm_wtime(), returned;
    int tids[COUNT_MAX], i, who;

    dvm_spawn(&what, count, tids, NULL);
    returned = dvm_wtime();
    for (i = 0; i < count; i++)
        dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, &who, 1, DVM_INT, NULL);
    printf("%.3f %.3f\n", (returned - start) * 1e3, (dvm_wtime() - start) * 1e3);
    for (i = 0; i < count; i++)
        dvm_task_wait(tids[i], -1, NULL);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 64;
    int times = argc > 2 ? atoi(argv[2]) : 1;
    int i;

    dvm_init(&argc, &argv);
    if (argc > 1 && argv[1][0] == 'c')
        return child();
    if (count < 1 || count > COUNT_MAX)
        return 2;
    for (i = 0; i < times; i++)
        once(argv[0], count);
    dvm_finalize();
    return 0;
}
