/* children.c: spawn tasks of this program, each of which prints a line and ends.
 *
 *     children COUNT          the parent waits for them and prints "parent" then
 *     children said           a child: prints "child RANK"
 */
#include <dvm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 16

static int spawn(int count)
{
    static const char *const args[] = {"said", NULL};
    const struct dvm_spawn what = {.program = "children", .args = args};
    int tids[COUNT_MAX];

    dvm_spawn(&what, count, tids, NULL);
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
    if (argc > 1 && !strcmp(argv[1], "said"))
        printf("child %d\n", rank);
    else if (count < 1 || count > COUNT_MAX || spawn(count))
        return 2;
    dvm_finalize();
    return 0;
}
