/* lost_wait.c: one call that waits for a task or host that is then lost.
 *
 *   lost_wait CALL [FIFO]     as two tasks: rank 0 does CALL with rank 1, which only waits.
 *                             With FIFO the call begins when somebody has written to it.
 *   lost_wait own CALL        started by hand: it waits with nobody, for its own daemon
 *                             to go
 *
 * Rank 0 prints "ready CALL", and when the call has returned "CALL ended MICROSECONDS code N:
 * SENTENCE" (real-time clock). Its exit status is 0 if that was an error.
 */
#include <dvm.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TAG = 7, BIG = 1 << 22, SMALL = 1 << 12 };

static char bytes[BIG], other[BIG];
static int peer; /* tid of rank 1 */

static int do_recv(void)
{
    return dvm_recv(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR, NULL);
}

static int do_recv_any(void)
{
    return dvm_recv(DVM_WORLD, DVM_ANY, TAG, bytes, 1, DVM_CHAR, NULL);
}

static int do_send(void) /* a rendezvous that nobody comes to */
{
    return dvm_send(DVM_WORLD, 1, TAG, bytes, BIG, DVM_CHAR);
}

static int do_send_credit(void) /* until the receiver's credit is spent */
{
    int code;

    do
        code = dvm_send(DVM_WORLD, 1, TAG, bytes, SMALL, DVM_CHAR);
    while (code == DVM_OK);
    return code;
}

static int do_ssend(void)
{
    return dvm_ssend(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR);
}

static int do_sendrecv(void)
{
    return dvm_sendrecv(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR, 1, TAG, other, 1, DVM_CHAR, NULL);
}

static int do_wait(void)
{
    struct dvm_request *request;
    int code = dvm_irecv(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR, &request);

    return code ? code : dvm_wait(&request, NULL);
}

static int begin_three(struct dvm_request *request[3])
{
    int code = dvm_irecv(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR, &request[0]);

    if (code == DVM_OK)
        code = dvm_isend(DVM_WORLD, 1, TAG, other, BIG, DVM_CHAR, &request[1]);
    return code ? code : dvm_issend(DVM_WORLD, 1, TAG, other, 1, DVM_CHAR, &request[2]);
}

static int do_waitany(void)
{
    struct dvm_request *request[3];
    int code = begin_three(request);
    size_t which;

    return code ? code : dvm_waitany(3, request, &which, NULL);
}

static int do_waitall(void)
{
    struct dvm_request *request[3];
    int code = begin_three(request);

    return code ? code : dvm_waitall(3, request, NULL);
}

static int do_test(void)
{
    struct dvm_request *request;
    int code = dvm_irecv(DVM_WORLD, 1, TAG, bytes, 1, DVM_CHAR, &request), done = 0;

    while (code == DVM_OK && !done) {
        sched_yield();
        code = dvm_test(&request, &done, NULL);
    }
    return code;
}

static int do_probe(void)
{
    return dvm_probe(DVM_WORLD, 1, TAG, NULL);
}

static int do_mprobe(void)
{
    struct dvm_message *message;

    return dvm_mprobe(DVM_WORLD, 1, TAG, &message, NULL);
}

static int do_barrier(void)
{
    return dvm_barrier(DVM_WORLD);
}

static int do_bcast(void)
{
    return dvm_bcast(DVM_WORLD, 1, bytes, 1, DVM_CHAR);
}

static int do_reduce(void)
{
    int in = 1, out;

    return dvm_reduce(DVM_WORLD, 0, &in, &out, 1, DVM_INT, DVM_SUM);
}

static int do_allreduce(void)
{
    int in = 1, out;

    return dvm_allreduce(DVM_WORLD, &in, &out, 1, DVM_INT, DVM_SUM);
}

static int do_task_wait(void)
{
    struct dvm_exit how;
    int code = dvm_task_wait(peer, -1, &how);

    if (code != DVM_OK || how.status == 0)
        return code;
    /* how it ended is the answer, no error */
    printf("rank 1: status %d, signal %d, lost %d\n", how.status, how.signal, how.lost);
    return how.lost ? DVM_ERR_HOST_GONE : DVM_ERR_TASK_GONE;
}

static int do_kill(void)
{
    return dvm_kill(peer, SIGURG);
}

static int do_spawn(void)
{
    struct dvm_spawn what = {.program = "/bin/true", .where = "sim2"};
    int tid, error;
    int code = dvm_spawn(&what, 1, &tid, &error);

    return code != DVM_OK ? code : error;
}

static int do_remove(void)
{
    return dvm_remove_host("sim2");
}

static int do_tasks(void)
{
    struct dvm_task list[64];
    size_t count;

    return dvm_tasks(list, 64, &count);
}

static int do_hosts(void)
{
    struct dvm_host list[8];
    size_t count;
    int code;

    do
        code = dvm_hosts(list, 8, &count);
    while (code == DVM_OK);
    return code;
}

static int do_universe(void)
{
    return dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, bytes, 1, DVM_CHAR, NULL);
}

static const struct {
    const char *name;
    int (*function)(void);
} calls[] = {
    {"recv", do_recv}, {"recv_any", do_recv_any}, {"send", do_send},
    {"send_credit", do_send_credit}, {"ssend", do_ssend}, {"sendrecv", do_sendrecv},
    {"wait", do_wait}, {"waitany", do_waitany}, {"waitall", do_waitall}, {"test", do_test},
    {"probe", do_probe}, {"mprobe", do_mprobe}, {"barrier", do_barrier}, {"bcast", do_bcast},
    {"reduce", do_reduce}, {"allreduce", do_allreduce}, {"task_wait", do_task_wait},
    {"kill", do_kill}, {"spawn", do_spawn}, {"remove", do_remove}, {"tasks", do_tasks},
    {"hosts", do_hosts}, {"universe", do_universe},
};

static int perform(const char *name, const char *fifo)
{
    struct timespec now;
    int code = DVM_ERR_ARG;

    printf("ready %s\n", name);
    fflush(stdout);
    if (fifo && open(fifo, O_RDONLY) < 0) /* returns when there is a writer */
        return 2;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            code = calls[i].function();
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%s ended %lld code %d (%s): %s\n", name,
           (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000, code, dvm_error_name(code),
           dvm_last_error());
    fflush(stdout);
    return code == DVM_OK;
}

int main(int argc, char **argv)
{
    int me, failed = 0;

    if (argc < 2)
        return 2;
    dvm_init(&argc, &argv);
    dvm_errors(DVM_SILENT);
    if (strcmp(argv[1], "own") == 0)
        return perform(argc > 2 ? argv[2] : "", NULL);
    dvm_group_rank(DVM_WORLD, &me);
    dvm_group_tid(DVM_WORLD, 1, &peer);
    dvm_barrier(DVM_WORLD); /* both are there */
    if (me == 0)
        failed = perform(argv[1], argc > 2 ? argv[2] : NULL);
    else
        for (;;)
            pause();
    return failed;
}
