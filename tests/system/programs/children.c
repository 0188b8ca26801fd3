/* children.c: spawn tasks of this program, each of which prints a line and ends.
 *
 *     children COUNT          the parent waits for them and prints "parent" then
 *     children COUNT leave    it ends at once instead, and they wait for it
 *     children COUNT stay     likewise, and they do not end by themselves
 *     children said           a child: prints "child RANK"
 */
#include <dvm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_MAX 16

/* Until the parent has ended, which is what it waits for; or without end. */
static void outlive(const char *how)
{
    dvm_task_wait(dvm_parent(), -1, NULL);
    while (!strcmp(how, "stay"))
        pause();
}

static int spawn(int count, const char *how)
{
    const char *const args[] = {"said", how, NULL};
    const struct dvm_spawn what = {.program = "children", .args = args};
    int tids[COUNT_MAX];

    dvm_spawn(&what, count, tids, NULL);
    if (how)
        return 0;
    for (int i = 0; i < count; i++)
        dvm_task_wait(tids[i], -1, NULL);
    printf("parent\n");
    return 0;
}

int main(int argc, char **argv)
{
    int rank, count = argc > 1 ? atoi(argv[1]) : 0;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &rank);
    if (argc > 1 && !strcmp(argv[1], "said")) {
        if (argc > 2)
            outlive(argv[2]);
        printf("child %d\n", rank);
    } else if (count < 1 || count > COUNT_MAX || spawn(count, argc > 2 ? argv[2] : NULL))
        return 2;
    dvm_finalize();
    return 0;
}
