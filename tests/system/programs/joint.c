/* joint.c: groups that come together: a task with those that it has spawned, and two groups
 * as one. Started as a world of any size: its rank 0 spawns as many children and one more.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 64

static const char *program;

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("tid 0x%x: %s: %s\n", (unsigned)dvm_self(), what, dvm_last_error());
    fflush(stdout);
    dvm_abort(DVM_WORLD, 3);
}

/* The group works, and this task has this rank in it. */
static void check(dvm_group group, int rank, int size)
{
    int me, n, sum = 0, first = rank == 0 ? dvm_self() : 0, tid;

    dvm_group_rank(group, &me);
    dvm_group_size(group, &n);
    must(me == rank && n == size, "rank and size");
    dvm_allreduce(group, &me, &sum, 1, DVM_INT, DVM_SUM);
    must(sum == n * (n - 1) / 2, "sum");
    dvm_bcast(group, 0, &first, 1, DVM_INT);
    dvm_group_tid(group, 0, &tid);
    must(first == tid, "who is rank 0");
}

/* Two groups of unequal size become one, in either order; and what cannot be. */
static void join_worlds(int other, int behind, int me, int mine, int others)
{
    dvm_group all;

    dvm_group_joint(DVM_WORLD, other, behind, &all);
    check(all, behind ? me + others : me, mine + others);
    dvm_group_free(&all);
    dvm_group_joint(DVM_WORLD, other, !behind, &all);
    check(all, behind ? me : me + others, mine + others);
    dvm_group_joint(DVM_WORLD, other, 1, &all);
    dvm_barrier(all);
    dvm_errors(DVM_SILENT);
    must(dvm_group_joint(DVM_WORLD, dvm_self(), 0, &all) == DVM_ERR_ARG, "with itself");
    must(dvm_group_joint(DVM_WORLD, -5, 0, &all) == DVM_ERR_NO_TASK, "with nobody");
    dvm_errors(DVM_FATAL);
}

static void child(int others)
{
    int me, n;
    dvm_group family;

    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    dvm_group_family(NULL, 0, &family);
    check(family, me + 1, n + 1);
    join_worlds(dvm_parent(), 1, me, n, others);
}

/* The first of the family knows the children; all of its world hear of the first of them. */
static void parent(void)
{
    int me, n, tids[MANY], errors[MANY], first = 0;
    char count[16];
    const char *const args[] = {"child", count, NULL};
    const struct dvm_spawn what = {.program = program, .args = args};
    dvm_group family;

    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    snprintf(count, sizeof count, "%d", n);
    if (me == 0) {
        dvm_spawn(&what, n + 1, tids, errors);
        dvm_group_family(tids, n + 1, &family);
        check(family, 0, n + 2);
        first = tids[0];
    } else {
        dvm_errors(DVM_SILENT);
        must(dvm_group_family(NULL, 0, &family) == DVM_ERR_NO_PARENT, "no parent");
        dvm_errors(DVM_FATAL);
    }
    dvm_bcast(DVM_WORLD, 0, &first, 1, DVM_INT);
    join_worlds(first, 0, me, n, n + 1);
    if (me == 0)
        printf("joint: ok\n");
}

/* Rank 0 spawns one that ends without joining: all members hear that, none waits. */
static void alone(void)
{
    int me, tid = 0, error, rc;
    const char *const args[] = {"leave", NULL};
    const struct dvm_spawn what = {.program = program, .args = args};
    dvm_group all;

    dvm_group_rank(DVM_WORLD, &me);
    if (me == 0)
        dvm_spawn(&what, 1, &tid, &error);
    dvm_bcast(DVM_WORLD, 0, &tid, 1, DVM_INT);
    dvm_errors(DVM_SILENT);
    rc = dvm_group_joint(DVM_WORLD, tid, 0, &all);
    must(rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_NO_TASK, "the other group has ended");
    if (me == 0)
        printf("joint: told\n");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    program = argv[0];
    dvm_init(&argc, &argv);
    if (!strcmp(what, "child"))
        child((int)strtol(argv[2], NULL, 10));
    else if (!strcmp(what, "alone"))
        alone();
    else if (strcmp(what, "leave") != 0)
        parent();
    dvm_finalize();
    return 0;
}
