/* threads.c: many threads of two tasks in the library at once, for ThreadSanitizer:
 * they send, receive, probe and wait for each other's messages. Ends with status 0. */
#include <string.h>

#include "match/match.h"
#include "tests/support/task_threads.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define THREADS 4
#define ROUNDS 500
#define BIG 40000

static int send_bytes(int dest, int tag, const void *bytes, size_t size)
{
    return match_send(MATCH_STANDARD, CONTEXT, dest, tag, bytes, size, 0, 0, 0);
}

static int recv_bytes(int source, int tag, void *bytes, size_t size)
{
    struct match_filter filter = {.context = CONTEXT, .source = source, .tag = tag};
    struct match_sink sink = {.buffer = bytes, .capacity = size};
    bool found;
    int rc = tag % 2 ? match_probe(&filter, true, false, 0, &found, NULL, NULL) : 0;

    return rc ? rc : match_recv(&filter, &sink, NULL);
}

static void *echo(void *arg)
{
    struct task_thread *part = arg;
    int peer = part->me->tids[!part->me->rank];
    uint8_t out[BIG], in[BIG];

    for (int i = 0; i < ROUNDS; i++) {
        size_t size = i % 10 ? 100 : BIG;
        int rc = 0;

        memset(out, i, size);
        dvm_enter();
        if (part->me->rank == 0)
            rc = send_bytes(peer, part->number, out, size);
        rc |= recv_bytes(peer, part->number, in, sizeof in);
        if (part->me->rank == 1)
            rc |= send_bytes(peer, part->number, in, size);
        dvm_leave(DVM_OK);
        part->bad |= rc | memcmp(in, out, size);
    }
    return NULL;
}

static int task(const struct fake_task *me)
{
    return task_threads(me, THREADS, echo);
}

int main(void)
{
    struct fake_options o = {.threads = DVM_THREAD_MULTIPLE};
    int bad = fake_run(2, task, NULL, &o);

    o.lanes = "relay";
    return bad + fake_run(2, task, NULL, &o) != 0;
}
