/* spawn_pvm.c COUNT TIMES: spawn.c for PVM 3. */
#include <pvm3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TAG = 1, TAG_EXIT = 2, COUNT_MAX = 1024 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int child(void)
{
    int me = pvm_mytid();

    pvm_initsend(PvmDataRaw);
    pvm_pkint(&me, 1, 1);
    pvm_send(pvm_parent(), TAG);
    pvm_exit();
    return 0;
}

static int once(int count)
{
    char *args[] = { "child", NULL };
    double start = now(), returned;
    int tids[COUNT_MAX], i;

    if (pvm_spawn("spawn_pvm", args, 0, "", count, tids) != count)
        return 1;
    returned = now();
    for (i = 0; i < count; i++)
        pvm_recv(-1, TAG);
    printf("%.3f %.3f\n", (returned - start) * 1e3, (now() - start) * 1e3);
    pvm_notify(PvmTaskExit, TAG_EXIT, count, tids);
    for (i = 0; i < count; i++)
        pvm_recv(-1, TAG_EXIT);
    return 0;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 64;
    int times = argc > 2 ? atoi(argv[2]) : 1;
    int i;

    if (pvm_mytid() < 0)
        return 1;
    if (argc > 1 && argv[1][0] == 'c')
        return child();
    for (i = 0; i < times && count <= COUNT_MAX; i++)
        if (once(count))
            return 1;
    pvm_exit();
    return 0;
}
