/* forget.c HOW: rank 0 returns 0 from main without dvm_finalize; the others...
 *
 *   received   have received all that it sent, and end well
 *   missed     wait for a message that it never sent
 *   unsent     have not received what it sent last: messages that it kept
 *   last       receive only when its process is gone
 *   posted     end well; it has posted a receive, and its destructor counts its threads
 *   late       receive a message that a handler at its exit sends, which then calls dvm_finalize
 *   signal     the same, but it waits for ever, and the handler of a signal calls exit
 */
#include <dvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAG_FIRST = 1, TAG_NEVER = 2, TAG_LARGE = 3, TAG_ALL = 4 };
enum { SMALL = 1000, LARGE = 3, BYTES = 1000000 };
/* WARM: after these the receiver's credit is enough for SMALL more, and its connection stands */
enum { WARM = 5000, UNREAD = 50, TICK_US = 1000, TICKS = 20000 };

static char large[BYTES];
static int counts;

__attribute__((destructor)) static void count_threads(void)
{
    char line[256];
    FILE *f = counts ? fopen("/proc/self/status", "r") : NULL;

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Threads:", strlen("Threads:")) == 0)
            fputs(line, stdout);
    if (f)
        fclose(f);
    fflush(stdout);
}

static void send_late(void)
{
    int me, value = SMALL;

    if (!dvm_initialized())
        return;
    dvm_group_rank(DVM_WORLD, &me);
    if (me != 0)
        return;
    dvm_send(DVM_WORLD, 1, TAG_FIRST, &value, 1, DVM_INT);
    dvm_finalize();
}

static void end(int number)
{
    (void)number;
    exit(0);
}

/* Rank 0: with the last messages on their way, and what has come unread in its socket. */
static int send_last(void)
{
    int pid = getpid(), ready;

    dvm_send(DVM_WORLD, 1, TAG_ALL, &pid, 1, DVM_INT);
    for (int i = 0; i < WARM; i++)
        dvm_send(DVM_WORLD, 1, TAG_FIRST, &i, 1, DVM_INT);
    dvm_recv(DVM_WORLD, 1, TAG_ALL, &ready, 1, DVM_INT, NULL);
    for (int i = 0; i < SMALL; i++)
        dvm_send(DVM_WORLD, 1, TAG_FIRST, &i, 1, DVM_INT);
    return 0;
}

static int receive_all(int count)
{
    int value;

    for (int i = 0; i < count; i++) {
        dvm_recv(DVM_WORLD, 0, TAG_FIRST, &value, 1, DVM_INT, NULL);
        if (value != i)
            return 9;
    }
    return 0;
}

/* Rank 1: makes no call until rank 0 is no more. */
static int receive_last(void)
{
    int pid, ready = 1;

    dvm_recv(DVM_WORLD, 0, TAG_ALL, &pid, 1, DVM_INT, NULL);
    if (receive_all(WARM) != 0)
        return 9;
    dvm_send(DVM_WORLD, 0, TAG_ALL, &ready, 1, DVM_INT);
    for (int i = 0; i < UNREAD; i++)
        dvm_send(DVM_WORLD, 0, TAG_NEVER, &i, 1, DVM_INT);
    for (int i = 0; i < TICKS && kill(pid, 0) == 0; i++)
        usleep(TICK_US); /* until its end */
    if (receive_all(SMALL) != 0)
        return 9;
    puts("rank 1 has all");
    dvm_finalize();
    return 0;
}

/* Rank 0 has a receive open, for which the library has a thread. */
static int leave_open(int me)
{
    struct dvm_request *request;

    if (me != 0) {
        dvm_finalize();
        return 0;
    }
    dvm_irecv(DVM_WORLD, DVM_ANY, TAG_NEVER, large, BYTES, DVM_CHAR, &request);
    counts = 1;
    return 0;
}

static int end_late(int me, int by_signal)
{
    int value;

    if (me == 0 && by_signal) {
        signal(SIGALRM, end);
        alarm(1);
        dvm_recv(DVM_WORLD, 1, TAG_NEVER, &value, 1, DVM_INT, NULL);
    }
    if (me == 0)
        return 0;
    dvm_recv(DVM_WORLD, 0, TAG_FIRST, &value, 1, DVM_INT, NULL);
    printf("rank 1 has %d\n", value);
    dvm_finalize();
    return 0;
}

static void send_all(const char *how, int size)
{
    for (int to = 1; to < size; to++)
        for (int i = 0; i < SMALL; i++)
            dvm_send(DVM_WORLD, to, TAG_FIRST, &i, 1, DVM_INT);
    for (int i = 0; strcmp(how, "unsent") == 0 && i < LARGE; i++)
        dvm_bsend(DVM_WORLD, 1, TAG_LARGE, large, BYTES, DVM_CHAR);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "received";
    int me, size, value;

    if (strcmp(how, "late") == 0 || strcmp(how, "signal") == 0)
        atexit(send_late); /* behind the library's own */
    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &size);
    if (strcmp(how, "last") == 0)
        return me == 0 ? send_last() : receive_last();
    if (strcmp(how, "posted") == 0)
        return leave_open(me);
    if (strcmp(how, "late") == 0 || strcmp(how, "signal") == 0)
        return end_late(me, how[0] == 's');
    if (me == 0) {
        send_all(how, size);
        for (int from = 1; strcmp(how, "received") == 0 && from < size; from++)
            dvm_recv(DVM_WORLD, from, TAG_ALL, &value, 1, DVM_INT, NULL);
        return 0;
    }
    if (receive_all(SMALL) != 0)
        return 9;
    if (strcmp(how, "missed") == 0)
        dvm_recv(DVM_WORLD, 0, TAG_NEVER, &value, 1, DVM_INT, NULL);
    printf("rank %d has all\n", me);
    if (strcmp(how, "received") == 0)
        dvm_send(DVM_WORLD, 0, TAG_ALL, &me, 1, DVM_INT);
    if (strcmp(how, "unsent") == 0) { /* who has ended is kept nothing for */
        dvm_group_tid(DVM_WORLD, 0, &value);
        dvm_task_wait(value, -1, NULL);
    }
    dvm_finalize();
    return 0;
}
