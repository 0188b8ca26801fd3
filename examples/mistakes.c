/* mistakes.c: the mistakes that everybody makes, one by one, to see what DVM says.
 *
 * The argument names the mistake; three tasks or more. In most of them the last rank does what
 * it should not, and the others are right. DVM ends each with a sentence; deadlock is for you to
 * end. The page docs/tutorial/mistakes.md goes with this file, which needs no other:
 * dvmcc mistakes.c -o mistakes.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 1, N = 10 };

static int me, n, last; /* last: this is the rank that is wrong */

static void no_init(void)
{
    dvm_group_rank(DVM_WORLD, &me); /* dvm_init comes first */
}

static void no_such_rank(void)
{
    int x = 1;

    dvm_send(DVM_WORLD, n, TAG, &x, 1, DVM_INT); /* ranks are 0 to n - 1 */
}

static void small_buffer(void)
{
    double x[N] = { 0 };

    if (me == 0)
        dvm_send(DVM_WORLD, 1, TAG, x, N, DVM_DOUBLE);
    if (me == 1)
        dvm_recv(DVM_WORLD, 0, TAG, x, N / 2, DVM_DOUBLE, NULL); /* half of the room */
    dvm_barrier(DVM_WORLD);
}

static void other_type(void)
{
    float x[N] = { 0 };

    if (me == 0)
        dvm_send(DVM_WORLD, 1, TAG, x, N, DVM_FLOAT);
    if (me == 1)
        dvm_recv(DVM_WORLD, 0, TAG, x, N, DVM_INT, NULL); /* as many bytes */
    dvm_barrier(DVM_WORLD);
}

/* All wait for the one behind them, so nobody comes to the send. */
static void deadlock(void)
{
    int x = me;

    dvm_recv(DVM_WORLD, (me + 1) % n, TAG, &x, 1, DVM_INT, NULL);
    dvm_send(DVM_WORLD, (me + n - 1) % n, TAG, &me, 1, DVM_INT);
}

static void other_call(void)
{
    double x[N] = { 0 };

    if (last)
        dvm_barrier(DVM_WORLD);
    else
        dvm_bcast(DVM_WORLD, 0, x, N, DVM_DOUBLE);
    dvm_barrier(DVM_WORLD);
}

static void other_root(void)
{
    double part = 1, sum;

    dvm_reduce(DVM_WORLD, last ? 1 : 0, &part, &sum, 1, DVM_DOUBLE, DVM_SUM);
    dvm_barrier(DVM_WORLD);
}

static void other_count(void)
{
    double x[N] = { 0 }, sum[N];

    dvm_allreduce(DVM_WORLD, x, sum, last ? N - 1 : N, DVM_DOUBLE, DVM_SUM);
}

static void other_elements(void)
{
    float x[N] = { 0 }, sum[N];

    dvm_allreduce(DVM_WORLD, x, sum, N, last ? DVM_INT : DVM_FLOAT, DVM_SUM);
}

static void freed_group(void)
{
    dvm_group half, copy;

    dvm_group_split(DVM_WORLD, me % 2, me, &half);
    copy = half;
    dvm_group_free(&half); /* half is DVM_GROUP_NONE now, but copy still has its number */
    dvm_barrier(copy);
}

static void no_commit(void)
{
    double x[N][N] = { { 0 } };
    dvm_type column;

    dvm_type_vector(N, 1, N, DVM_DOUBLE, &column);
    if (me == 0)
        dvm_send(DVM_WORLD, 1, TAG, x, 1, column); /* dvm_type_commit(column) is missing */
    dvm_barrier(DVM_WORLD);
}

static void same_buffer(void)
{
    double x = me;

    dvm_allreduce(DVM_WORLD, &x, &x, 1, DVM_DOUBLE, DVM_SUM); /* DVM_IN_PLACE as input is meant */
}

static void gone(void)
{
    if (last)
        exit(0); /* without dvm_finalize, while the others wait for it */
    dvm_barrier(DVM_WORLD);
}

static const struct mistake {
    const char *name;
    void (*make)(void);
    const char *what;
} mistakes[] = {
    { "no_init", no_init, "a call in front of dvm_init" },
    { "no_such_rank", no_such_rank, "a message to a rank that is not there" },
    { "small_buffer", small_buffer, "a message that is larger than the receive's buffer" },
    { "other_type", other_type, "a receive with another type than the message has" },
    { "deadlock", deadlock, "all receive first" },
    { "other_call", other_call, "one is in another collective" },
    { "other_root", other_root, "one gives another root" },
    { "other_count", other_count, "one gives another count" },
    { "other_elements", other_elements, "one gives another type" },
    { "freed_group", freed_group, "a group is used that was freed" },
    { "no_commit", no_commit, "a type was not committed" },
    { "same_buffer", same_buffer, "input and output are the same array" },
    { "gone", gone, "one ends while the others wait" },
};
#define MISTAKES (sizeof mistakes / sizeof mistakes[0])

static int usage(void)
{
    fprintf(stderr, "usage: dvm run -n 4 ./mistakes MISTAKE\n");
    for (size_t i = 0; i < MISTAKES; i++)
        fprintf(stderr, "    %-16s %s\n", mistakes[i].name, mistakes[i].what);
    return 2;
}

int main(int argc, char **argv)
{
    const struct mistake *m = NULL;

    for (size_t i = 0; argc == 2 && i < MISTAKES; i++)
        if (strcmp(argv[1], mistakes[i].name) == 0)
            m = &mistakes[i];
    if (!m)
        return usage();
    if (m->make != no_init)
        dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    last = me == n - 1;
    m->make();
    printf("rank %d: nothing was said\n", me); /* not reached: the sentence ends the program */
    dvm_finalize();
    return 0;
}
