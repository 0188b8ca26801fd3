/* each_wait.c FILE: each rank but 0 waits in another call; rank 0 computes until FILE exists,
 * then lets them all go on.
 *
 * each_wait.c collectives FILE: two tasks in one collective after the other. One waits in it;
 * the other comes when FILE.barrier, FILE.bcast and so on exist.
 *
 * The test finds the lines by their comments "at: NAME". */
#include <dvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 1 << 20, PIECE = 1024, SENDS = 300, TAG = 10, RANKS = 15 };

static char big[BIG], piece[PIECE];

static void wait_for(const char *file)
{
    const struct timespec moment = {.tv_nsec = 10000000};

    while (access(file, F_OK))
        nanosleep(&moment, NULL); /* polls for a file */
}

/* Something to do behind a call, or a compiler jumps to it and the caller's caller is its
 * place. */
static volatile int calls_over;

static void in_recv(int tag)
{
    dvm_recv(DVM_WORLD, 0, tag, piece, PIECE, DVM_CHAR, NULL); /* at: recv */
    calls_over++;
}

static void in_any(int tag)
{
    (void)tag;
    dvm_recv(DVM_WORLD, DVM_ANY, DVM_ANY, piece, PIECE, DVM_CHAR, NULL); /* at: any */
    calls_over++;
}

static void in_ssend(int tag)
{
    dvm_ssend(DVM_WORLD, 0, tag, piece, 8, DVM_CHAR); /* at: ssend */
    calls_over++;
}

static void in_send(int tag)
{
    dvm_send(DVM_WORLD, 0, tag, big, BIG, DVM_CHAR); /* at: send */
    calls_over++;
}

static void in_credit(int tag)
{
    for (int i = 0; i < SENDS; i++)
        dvm_send(DVM_WORLD, 0, tag, piece, PIECE, DVM_CHAR); /* at: credit */
    calls_over++;
}

static void in_bsend(int tag)
{
    for (int i = 0; i < SENDS; i++)
        dvm_bsend(DVM_WORLD, 0, tag, piece, PIECE, DVM_CHAR); /* at: bsend */
    calls_over++;
}

static void in_sendrecv(int tag)
{
    const int w = DVM_WORLD;
    char c = 'x', got;

    dvm_sendrecv(w, 0, tag, &c, 1, DVM_CHAR, 0, tag, &got, 1, DVM_CHAR, NULL); /* at: sendrecv */
    calls_over++;
}

/* Start to receive count messages from rank 0. */
static void start(int count, struct dvm_request **requests, char *got, int tag)
{
    for (int i = 0; i < count; i++)
        dvm_irecv(DVM_WORLD, 0, tag, got + i, 1, DVM_CHAR, &requests[i]);
}

static void in_wait(int tag)
{
    struct dvm_request *request;
    char got;

    start(1, &request, &got, tag);
    dvm_wait(&request, NULL); /* at: wait */
    calls_over++;
}

static void in_waitany(int tag)
{
    struct dvm_request *requests[2];
    size_t index;
    char got[2];

    start(2, requests, got, tag);
    dvm_waitany(2, requests, &index, NULL); /* at: waitany */
    dvm_waitany(2, requests, &index, NULL);
    calls_over++;
}

static void in_waitall(int tag)
{
    struct dvm_request *requests[3];
    char got[3];

    start(3, requests, got, tag);
    dvm_waitall(3, requests, NULL); /* at: waitall */
    calls_over++;
}

static void in_probe(int tag)
{
    dvm_probe(DVM_WORLD, 0, tag, NULL); /* at: probe */
    in_recv(tag);
    calls_over++;
}

static void in_mprobe(int tag)
{
    struct dvm_message *message;

    dvm_mprobe(DVM_WORLD, 0, tag, &message, NULL); /* at: mprobe */
    dvm_mrecv(&message, piece, PIECE, DVM_CHAR, NULL);
    calls_over++;
}

static void in_finalize(int tag)
{
    struct dvm_request *request;

    dvm_isend(DVM_WORLD, 0, tag, big, BIG, DVM_CHAR, &request);
    dvm_finalize(); /* at: finalize */
    calls_over++;
}

static void in_task_wait(int tag)
{
    int tid;

    (void)tag;
    dvm_group_tid(DVM_WORLD, 0, &tid);
    dvm_task_wait(tid, -1, NULL); /* at: task_wait */
    calls_over++;
}

static void (*const calls[RANKS])(int tag) = {
    NULL, in_recv, in_any, in_ssend, in_send, in_credit, in_bsend, in_sendrecv, in_wait,
    in_waitany, in_waitall, in_probe, in_mprobe, in_finalize, in_task_wait,
};
/* What each needs of rank 0: so many messages from it, or to it. */
static const int to_them[RANKS] = {0, 1, 1, 0, 0, 0, 0, 1, 1, 2, 3, 1, 1, 0, 0};
static const int from_them[RANKS] = {0, 0, 0, 1, 1, SENDS, SENDS, 1, 0, 0, 0, 0, 0, 1, 0};

static void release(void)
{
    for (int rank = 1; rank < RANKS; rank++) {
        for (int i = 0; i < to_them[rank]; i++)
            dvm_send(DVM_WORLD, rank, TAG + rank, "y", 1, DVM_CHAR);
        for (int i = 0; i < from_them[rank]; i++)
            dvm_recv(DVM_WORLD, rank, TAG + rank, big, BIG, DVM_CHAR, NULL);
    }
}

/* ---- collectives ------------------------------------------------------------------------- */

static void come(int me, const char *file, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s.%s", file, name);
    if (me == 0)
        wait_for(path);
}

static void collectives(int me, const char *file)
{
    int a = me, b = 0;

    come(me, file, "barrier");
    dvm_barrier(DVM_WORLD); /* at: barrier */
    come(me, file, "bcast");
    dvm_bcast(DVM_WORLD, 0, &a, 1, DVM_INT); /* at: bcast */
    come(me, file, "reduce");
    dvm_reduce(DVM_WORLD, 1, &a, &b, 1, DVM_INT, DVM_SUM); /* at: reduce */
    come(me, file, "allreduce");
    dvm_allreduce(DVM_WORLD, &a, &b, 1, DVM_INT, DVM_SUM); /* at: allreduce */
}

int main(int argc, char **argv)
{
    int me, size;

    dvm_init(&argc, &argv);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_size(DVM_WORLD, &size);
    if (argc == 3 && strcmp(argv[1], "collectives") == 0) {
        collectives(me, argv[2]);
    } else if (argc == 2 && size == RANKS && me > 0) {
        calls[me](TAG + me);
    } else if (argc == 2 && size == RANKS) {
        wait_for(argv[1]);
        release();
    } else {
        fprintf(stderr, "usage: each_wait [collectives] FILE\n");
        return 2;
    }
    if (dvm_initialized())
        dvm_finalize();
    return 0;
}
