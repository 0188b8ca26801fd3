/* values.c: values under names: put, wait for, look at, take and delete them, alone or while
 * the daemon that keeps them is killed.
 *
 *   life       everything once
 *   wait FILE  rank 1 waits for a value that rank 0 puts when FILE is there
 *   find       what "wait" left is still there
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONG_INTS 50000 /* more than one frame takes */
#define MANY 64
#define POLL_US 2000

static int me, n;
static int numbers[LONG_INTS], got[LONG_INTS];

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("rank %d: %s: %s\n", me, what, dvm_last_error());
    fflush(stdout);
    dvm_abort(DVM_WORLD, 3);
}

/* All wait for what rank 0 puts. */
static void one(void)
{
    struct dvm_value what;

    if (me == 0)
        dvm_value_put("one", DVM_ANY, 0, numbers, sizeof numbers, NULL);
    dvm_value_get("one", 0, DVM_VALUE_WAIT, got, sizeof got, &what);
    must(what.bytes == sizeof numbers && !memcmp(numbers, got, sizeof got), "the bytes");
    must(what.index == 0 && what.flags == 0 && !strcmp(what.name, "one"), "what is known of it");
    dvm_barrier(DVM_WORLD);
    dvm_errors(DVM_SILENT);
    must(dvm_value_get("one", 0, 0, got, 8, NULL) == DVM_ERR_TRUNCATE, "no room");
    must(dvm_value_get("two", 0, 0, got, 8, NULL) == DVM_ERR_NO_VALUE, "not there");
    must(me == 0 || dvm_value_put("one", 0, 0, "", 1, NULL) == DVM_ERR_EXISTS, "another's");
    must(me == 0 || dvm_value_delete("one", 0) == DVM_ERR_REFUSED, "not mine to delete");
    dvm_errors(DVM_FATAL);
    dvm_barrier(DVM_WORLD);
    if (me == 0) {
        dvm_value_put("one", 0, 0, "x", 1, NULL); /* one's own may be replaced */
        dvm_value_get("one", 0, DVM_VALUE_LOOK, NULL, 0, &what);
        must(what.bytes == 1 && what.owner == dvm_self(), "replaced");
        dvm_value_delete("one", 0);
    }
    dvm_barrier(DVM_WORLD);
}

/* A queue of jobs: each is taken by one task. */
static void queue(void)
{
    int index, job, left = 0, sum = 0, all = 0;
    struct dvm_value list[MANY];
    size_t count;

    if (me == 0)
        for (int i = 0; i < n; i++) {
            job = i + 1;
            dvm_value_put("jobs", DVM_ANY, DVM_VALUE_MANY | DVM_VALUE_OPEN, &job, sizeof job,
                          &index);
            must(index == i, "the lowest free index");
        }
    dvm_barrier(DVM_WORLD);
    dvm_values(list, MANY, &count);
    for (size_t i = 0; i < count && i < MANY; i++)
        left += !strcmp(list[i].name, "jobs");
    must(left == n, "the list");
    dvm_barrier(DVM_WORLD);
    dvm_value_get("jobs", 0, DVM_VALUE_FIRST | DVM_VALUE_TAKE | DVM_VALUE_WAIT, &sum, sizeof sum,
                  NULL);
    dvm_allreduce(DVM_WORLD, &sum, &all, 1, DVM_INT, DVM_SUM);
    must(all == n * (n + 1) / 2, "each job once");
}

static void wait_for_one(const char *path)
{
    if (me == 0) {
        dvm_value_put("kept", 0, DVM_VALUE_KEEP, numbers, sizeof numbers, NULL);
        printf("ready\n");
        fflush(stdout);
        while (access(path, F_OK) != 0)
            usleep(POLL_US); /* until the file is there */
        dvm_value_put("later", 0, 0, numbers, 4, NULL);
    } else {
        dvm_value_get("later", 0, DVM_VALUE_WAIT, got, 4, NULL);
    }
    dvm_value_get("kept", 0, 0, got, sizeof got, NULL);
    must(!memcmp(numbers, got, sizeof got), "the bytes that were kept");
}

static void find(void)
{
    struct dvm_value what;
    int code;

    dvm_value_get("kept", 0, 0, got, sizeof got, &what);
    must(what.owner == 0 && !memcmp(numbers, got, sizeof got), "kept without its task");
    dvm_errors(DVM_SILENT);
    do /* its keeper hears of that end a moment later than who ran it */
        code = dvm_value_get("later", 0, 0, got, 4, NULL);
    while (code == DVM_OK);
    must(code == DVM_ERR_NO_VALUE, "gone with its task");
    dvm_errors(DVM_FATAL);
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        dvm_value_delete("kept", 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "life";

    for (int i = 0; i < LONG_INTS; i++)
        numbers[i] = i * 7;
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &n);
    if (!strcmp(what, "life")) {
        one();
        queue();
    } else if (!strcmp(what, "wait")) {
        wait_for_one(argv[2]);
    } else {
        find();
    }
    dvm_barrier(DVM_WORLD);
    if (me == 0)
        printf("values: ok\n");
    dvm_finalize();
    return 0;
}
