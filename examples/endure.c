/* endure.c: a computation that goes on when tasks or whole hosts are lost.
 *
 * Pi as in pi.c, in many chunks one after the other. In each, every task adds up its share and
 * an allreduce gives all tasks the sum, so that each of them knows all that is done so far.
 * When a member dies, the allreduce fails at some of the others, but perhaps not at all: some
 * may have got the sum before. So the tasks agree after each chunk whether all of them have it.
 * If not, those that are left make a group of their own and compute this chunk once more,
 * each with a larger share.
 */
#include <dvm.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/options.h"
#include "common/share.h"
#include "common/strips.h"

/* What is left cannot be mended: as when all others have lost this task's host. */
static void give_up(void)
{
    fprintf(stderr, "endure: %s\n", dvm_last_error());
    exit(EXIT_FAILURE);
}

/* The sum of one chunk, by all tasks of a group. Returns whether all of them have it. */
static int chunk(dvm_group group, int64_t first, int64_t last, int64_t steps, double *sum)
{
    int me, n, all;
    double part;

    dvm_group_rank(group, &me);
    dvm_group_size(group, &n);
    part = area(first + share_first(last - first, n, me),
                first + share_first(last - first, n, me + 1), steps);
    all = dvm_allreduce(group, &part, sum, 1, DVM_DOUBLE, DVM_SUM) == DVM_OK;

    /* 1 only if it is 1 at all; and the same at all, whoever dies just now */
    if (dvm_group_agree(group, &all) != DVM_OK)
        give_up();
    return all;
}

/* Leave the lost behind. */
static void shrink(dvm_group *group, long number)
{
    dvm_group left;
    int me, before, after;

    dvm_group_size(*group, &before);
    if (dvm_group_shrink(*group, &left) != DVM_OK)
        give_up();
    dvm_group_size(left, &after);
    dvm_group_rank(left, &me);
    if (me == 0)
        printf("endure: %d tasks were lost, %d go on with chunk %ld\n", before - after, after,
               number);
    if (*group != DVM_WORLD)
        dvm_group_free(group);
    *group = left;
}

int main(int argc, char **argv)
{
    long steps = 400000000, chunks = 200;
    int check = 0;
    const struct option table[] = {
        { "steps", OPTION_INT, &steps, 1, 1e12, "strips of the integral (4e8)" },
        { "chunks", OPTION_INT, &chunks, 1, 1e6, "pieces that are done one after the other (200)" },
        { "check", OPTION_FLAG, &check, 0, 0, "compare with pi" },
        { .name = NULL },
    };
    dvm_group group = DVM_WORLD;
    double pi = 0, sum;
    int me, n, ended, good = 1;
    long i;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    ended = options_read(argc, argv, table, me == 0);
    if (ended != OPTION_GO_ON) {
        dvm_finalize();
        return ended;
    }
    dvm_errors(DVM_SILENT); /* losses are no surprise here */
    for (i = 0; i < chunks;) {
        if (chunk(group, share_first(steps, (int)chunks, (int)i),
                  share_first(steps, (int)chunks, (int)i + 1), steps, &sum)) {
            pi += sum;
            i++;
        } else {
            shrink(&group, i);
        }
        dvm_group_rank(group, &me);
        if (me == 0 && (i == 1 || i * 10 / chunks != (i - 1) * 10 / chunks))
            printf("endure: chunk %ld of %ld\n", i, chunks);
        fflush(stdout);
    }
    dvm_group_size(group, &n);
    if (me == 0)
        printf("endure: pi %.12f, error %.1e, by the %d tasks that are left\n", pi,
               fabs(pi - PI), n);
    if (check)
        good = fabs(pi - PI) < 1 / (3.0 * (double)steps * (double)steps) + 1e-12;
    if (me == 0 && check)
        printf("check: %s\n", good ? "ok" : "FAILED");
    dvm_finalize();
    return good ? 0 : 1;
}
