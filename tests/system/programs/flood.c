/* flood.c COUNT: rank 1 sends COUNT small numbered messages to rank 0, which does
 * not receive until rank 1 has been made to wait for it, and then finds all of them,
 * in order.
 *
 * Rank 1 counts in a third task's eyes: it tells rank 2 of its progress now and
 * then; when rank 2 sees that it stands still, or is done, rank 2 tells rank 0 to begin. With
 * the memory that rank 0 holds by then, printed, a test can see the bound.
 */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TAG_FLOOD = 1, TAG_PROGRESS = 2, TAG_BEGIN = 3 };
static const long STEP = 1024;                /* messages between two reports */
static const double STANDS_STILL = 1.0;       /* seconds without a report */
static const struct timespec NAP = { 0, 10000000 };

/* Peak resident memory of this process, in KiB. */
static long peak_memory(void)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");

    if (!f)
        return -1;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = atol(line + 6);
    fclose(f);
    return kib;
}

static void flood(long count)
{
    long i;

    for (i = 0; i < count; i++) {
        if (i % STEP == 0)
            dvm_bsend(DVM_WORLD, 2, TAG_PROGRESS, &i, 1, DVM_LONG);
        dvm_send(DVM_WORLD, 0, TAG_FLOOD, &i, 1, DVM_LONG);
    }
    i = -1;
    dvm_bsend(DVM_WORLD, 2, TAG_PROGRESS, &i, 1, DVM_LONG);
    printf("sender: %ld KiB at most\n", peak_memory());
}

/* Rank 2: tell rank 0 to begin once the sender stands still, and how far it was (-1: it was
 * done); then drain the reports. */
static void referee(void)
{
    double last = dvm_wtime();
    long where = 0, told = 0;
    int found;

    while (where >= 0) {
        dvm_iprobe(DVM_WORLD, 1, TAG_PROGRESS, &found, NULL);
        if (found) {
            dvm_recv(DVM_WORLD, 1, TAG_PROGRESS, &where, 1, DVM_LONG, NULL);
            last = dvm_wtime();
            if (where < 0 && !told)
                dvm_send(DVM_WORLD, 0, TAG_BEGIN, &where, 1, DVM_LONG);
        } else if (!told && dvm_wtime() - last > STANDS_STILL) {
            dvm_send(DVM_WORLD, 0, TAG_BEGIN, &where, 1, DVM_LONG);
            told = 1;
        } else {
            nanosleep(&NAP, NULL); /* poll */
        }
    }
}

static int collect(long count)
{
    long i, got, before;

    dvm_recv(DVM_WORLD, 2, TAG_BEGIN, &before, 1, DVM_LONG, NULL);
    if (before < 0)
        printf("the sender never stood still\n");
    else
        printf("sender stood still after %ld messages\n", before);
    for (i = 0; i < count; i++) {
        dvm_recv(DVM_WORLD, 1, TAG_FLOOD, &got, 1, DVM_LONG, NULL);
        if (got != i) {
            fprintf(stderr, "flood: message %ld came in the place of %ld\n", got, i);
            return 1;
        }
    }
    printf("receiver: %ld KiB at most\n", peak_memory());
    printf("all %ld messages came in order\n", count);
    return 0;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 1000000;
    int me, status = 0;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    if (me == 0)
        status = collect(count);
    else if (me == 1)
        flood(count);
    else if (me == 2)
        referee();
    dvm_finalize();
    return status;
}
