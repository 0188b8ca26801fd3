/* service: what a call has left to be done goes on while the program computes; a task that
 * owes nothing has no thread; a fork in between harms nobody. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "match/request.h"
#include "tests/support/computing.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define LARGE (8 << 20)
#define SMALL 15000
#define MANY 40 /* of SMALL: more than the credit of a pair */

static _Atomic unsigned *words; /* [0]: how far the receiver is */

static int receive(const struct fake_task *me, int from, void *buffer, size_t size)
{
    struct match_filter filter = {.context = CONTEXT, .source = me->tids[from], .tag = DVM_ANY};
    struct match_sink sink = {.buffer = buffer, .capacity = size};

    return match_recv(&filter, &sink, NULL);
}

static int threads_of_process(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    int count = -1;

    while (fgets(line, sizeof line, status) && sscanf(line, "Threads: %d", &count) != 1)
        continue;
    fclose(status);
    return count;
}

/* Rank 1 receives in a call, rank 0 sends and then makes none. */
static int overlap(const struct fake_task *me)
{
    static uint8_t bytes[LARGE];
    struct dvm_request *r;
    struct match_result result;

    for (unsigned round = 1; round <= 3; round++) {
        if (me->rank == 1) {
            FAKE_CHECK(receive(me, 0, bytes, LARGE) == 0);
            FAKE_CHECK(bytes[0] == round && bytes[LARGE - 1] == round);
            atomic_store(words, round);
            continue;
        }
        memset(bytes, (int)round, LARGE);
        FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, me->tids[1], 1, bytes, LARGE, 0, 0, 0,
                               &r) == 0);
        dvm_leave(DVM_OK);
        FAKE_CHECK(compute_until(words, round));
        FAKE_CHECK(dvm_enter() == DVM_OK);
        FAKE_CHECK(match_wait(r, &result) == 0);
    }
    FAKE_CHECK(me->rank == 1 || service_turns() > 0);
    return 0;
}

/* Rank 0 has posted a receive and then makes no call; rank 1's send needs it. */
static int large_receive(const struct fake_task *me)
{
    struct match_filter filter = {.context = CONTEXT, .source = me->tids[1], .tag = DVM_ANY};
    static uint8_t bytes[LARGE];
    struct match_sink sink = {.buffer = bytes, .capacity = LARGE};
    struct dvm_request *r;

    if (me->rank == 1) {
        memset(bytes, 7, LARGE);
        FAKE_CHECK(compute_until(words + 1, 1));
        FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, me->tids[0], 1, bytes, LARGE, 0, 0, 0) ==
                   0);
        atomic_store(words, 1);
        return 0;
    }
    FAKE_CHECK(match_irecv(&filter, &sink, &r) == 0);
    dvm_leave(DVM_OK);
    atomic_store(words + 1, 1);
    FAKE_CHECK(compute_until(words, 1));
    FAKE_CHECK(dvm_enter() == DVM_OK);
    FAKE_CHECK(match_wait(r, NULL) == 0 && bytes[0] == 7 && bytes[LARGE - 1] == 7);
    FAKE_CHECK(lane_owed == 0);
    return 0;
}

/* What credit does not admit goes out while its sender computes. */
static int credit(const struct fake_task *me)
{
    static uint8_t bytes[SMALL];

    if (me->rank == 1) {
        for (int i = 0; i < MANY; i++)
            FAKE_CHECK(receive(me, 0, bytes, SMALL) == 0 && bytes[SMALL - 1] == i);
        atomic_store(words, 1);
        return 0;
    }
    for (int i = 0; i < MANY; i++) {
        memset(bytes, i, SMALL);
        FAKE_CHECK(match_isend(MATCH_BUFFERED, CONTEXT, me->tids[1], 1, bytes, SMALL, 0, 0, 0,
                               NULL) == 0);
    }
    dvm_leave(DVM_OK);
    FAKE_CHECK(compute_until(words, 1));
    return dvm_enter();
}

static void both(fake_task_f *task, const char *lanes)
{
    struct fake_options o = {.lanes = lanes};

    atomic_store(words, 0);
    atomic_store(words + 1, 0);
    cr_assert_eq(fake_run(2, task, NULL, &o), 0);
    o.threads = DVM_THREAD_MULTIPLE;
    atomic_store(words, 0);
    atomic_store(words + 1, 0);
    cr_assert_eq(fake_run(2, task, NULL, &o), 0);
}

static void setup(void)
{
    words = computing_words(4);
}

TestSuite(service, .init = setup);

Test(service, a_large_message_goes_while_its_sender_computes)
{
    setenv("DVM_SINGLE_COPY", "never", 1);
    both(overlap, "shm");
    both(overlap, "relay");
}

Test(service, a_large_message_comes_while_its_receiver_computes)
{
    setenv("DVM_SINGLE_COPY", "never", 1);
    both(large_receive, "shm");
    both(large_receive, "relay");
}

Test(service, buffered_sends_go_while_their_sender_computes)
{
    both(credit, "shm");
    both(credit, "relay");
}

static int small_only(const struct fake_task *me)
{
    char byte = 0;

    for (int i = 0; i < 1000; i++) {
        if (i % 2 == me->rank)
            FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, me->tids[!me->rank], 1, &byte, 1, 0,
                                  0, 0) == 0);
        else
            FAKE_CHECK(receive(me, !me->rank, &byte, 1) == 0);
        dvm_leave(DVM_OK);
        FAKE_CHECK(dvm_enter() == DVM_OK);
    }
    FAKE_CHECK(threads_of_process() == 1);
    return 0;
}

Test(service, who_owes_nothing_has_no_thread)
{
    cr_assert_eq(fake_run(2, small_only, NULL, NULL), 0);
}

/* The child has no thread and is no task; the parent's goes on. */
static int forks(const struct fake_task *me)
{
    static uint8_t bytes[LARGE];
    struct dvm_request *r;
    int status;

    if (me->rank == 1) {
        FAKE_CHECK(compute_until(words, 1));
        FAKE_CHECK(receive(me, 0, bytes, LARGE) == 0);
        atomic_store(words, 2);
        return 0;
    }
    FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, me->tids[1], 1, bytes, LARGE, 0, 0, 0, &r) ==
               0);
    dvm_leave(DVM_OK);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();

        if (child == 0)
            _exit(dvm_enter() == DVM_ERR_FORKED ? 0 : 1);
        FAKE_CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
        if (i == 25)
            atomic_store(words, 1);
    }
    FAKE_CHECK(compute_until(words, 2));
    FAKE_CHECK(dvm_enter() == DVM_OK);
    return match_wait(r, NULL);
}

Test(service, forks_in_between_harm_nobody)
{
    both(forks, "shm");
}
