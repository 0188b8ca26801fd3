/* churn.c: spawn many tasks, a few at a time, and hear of each one's end, while hosts come
 * and go by somebody else's hand.
 *
 *   churn COUNT PROGRAM FILE    COUNT tasks of PROGRAM, which ends by itself, and more until
 *                               FILE is there
 *
 * A spawn may fail in part, since a host may go in the middle of it; then each place has its
 * code. What has a tid was started: its end is told, once. Prints at the end how many were
 * started, were not, and were lost with their host.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TAG = 1, FIELDS = 4, TOGETHER = 8, OPEN_MOST = 64, ALL_MOST = 1 << 20 };

static int *started, *heard;
static int started_count, heard_count, refused, lost;

static void expect(int good, const char *what, int tid)
{
    if (!good) {
        fprintf(stderr, "churn: wrong: %s 0x%x: %s\n", what, (unsigned)tid, dvm_last_error());
        dvm_abort(DVM_WORLD, 9);
    }
}

static void hear(void)
{
    int news[FIELDS], code;

    code = dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, news, FIELDS, DVM_INT, NULL);
    expect(code == DVM_OK, "no news", code);
    expect(heard_count < started_count, "more ends than begins", news[0]);
    expect(news[3] || news[1] == 0 || news[2], "how it ended", news[0]);
    heard[heard_count++] = news[0];
    lost += news[3];
}

static void spawn(const char *program)
{
    struct dvm_spawn what = { .program = program };
    int tids[TOGETHER], errors[TOGETHER], code, i;

    code = dvm_spawn(&what, TOGETHER, tids, errors);
    for (i = 0; i < TOGETHER; i++) {
        expect((tids[i] > 0) == (errors[i] == DVM_OK), "tid and error", tids[i]);
        expect(tids[i] > 0 || code != DVM_OK, "a spawn that is good in part only", tids[i]);
        if (tids[i] > 0)
            started[started_count++] = tids[i];
        else
            refused++;
    }
    for (i = 0; i < TOGETHER; i++)
        if (tids[i] > 0)
            expect(dvm_notify(DVM_TASK_EXIT, &tids[i], 1, TAG) == DVM_OK, "notify", tids[i]);
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, i;

    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    started = calloc(ALL_MOST + TOGETHER, sizeof *started);
    heard = calloc(ALL_MOST + TOGETHER, sizeof *heard);
    expect(argc > 3 && count > 0 && started && heard, "arguments", count);
    for (i = 0; (i < count || access(argv[3], F_OK)) && i < ALL_MOST; i += TOGETHER) {
        spawn(argv[2]);
        while (started_count - heard_count > OPEN_MOST)
            hear();
    }
    while (heard_count < started_count)
        hear();
    qsort(started, (size_t)started_count, sizeof *started, by_number);
    qsort(heard, (size_t)heard_count, sizeof *heard, by_number);
    for (i = 0; i < started_count; i++) {
        expect(started[i] == heard[i], "an end that was not told once", started[i]);
        expect(i == 0 || started[i] != started[i - 1], "a tid that was given twice", started[i]);
    }
    printf("churn: %d started, %d not, %d lost\n", started_count, refused, lost);
    dvm_finalize();
    return 0;
}
