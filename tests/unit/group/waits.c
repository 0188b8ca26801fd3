/* waits: whoever waits hears of what it waits for, also when it only asks again and
 * again, or when another thread sleeps on the bell. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "dvm.h"
#include "group/group.h"
#include "match/match.h"
#include "proto/frame.h"
#include "stream/stream.h"
#include "tests/support/group_task.h"

#define PATIENCE 60.0 /* seconds until a poll counts as endless */
#define TAG 7

/* ---- a death while somebody probes -------------------------------------------------- */

static int probe_anybody(const struct fake_task *me)
{
    int value;

    if (me->rank == 1)
        return dvm_recv(DVM_SELF, 0, TAG, &value, 1, DVM_INT, NULL); /* the killer comes */
    FAKE_CHECK(dvm_probe(DVM_WORLD, DVM_ANY, TAG, NULL) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(group_said("has ended"));
    return 0;
}

Test(waits, a_death_ends_a_probe_of_anybody)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 50000, .world = true};

    cr_assert_eq(group_run(2, probe_anybody, NULL, &o), 0);
}

/* ---- asking again and again --------------------------------------------------------- */

static int poll_receive(const struct fake_task *me)
{
    struct dvm_request *request;
    double end = clock_seconds() + PATIENCE;
    int value, done = 0, rc = DVM_OK;

    if (me->rank == 1)
        return dvm_recv(DVM_SELF, 0, TAG, &value, 1, DVM_INT, NULL);
    FAKE_CHECK(dvm_irecv(DVM_UNIVERSE, me->tids[1], TAG, &value, 1, DVM_INT, &request) == DVM_OK);
    while (rc == DVM_OK && !done && clock_seconds() < end)
        rc = dvm_test(&request, &done, NULL);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    return 0;
}

static int poll_probe(const struct fake_task *me)
{
    double end = clock_seconds() + PATIENCE;
    int value, found = 0, rc = DVM_OK;

    if (me->rank == 1)
        return dvm_recv(DVM_SELF, 0, TAG, &value, 1, DVM_INT, NULL);
    while (rc == DVM_OK && clock_seconds() < end)
        rc = dvm_iprobe(DVM_UNIVERSE, me->tids[1], TAG, &found, NULL);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    return 0;
}

Test(waits, polls_hear_of_a_death)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 20000};

    cr_assert_eq(group_run(2, poll_receive, NULL, &o), 0);
    cr_assert_eq(group_run(2, poll_probe, NULL, &o), 0);
}

#define BEFORE (2 * STREAM_CREDIT_START / STREAM_HEADER_COST) /* more than the first credit */

/* The message that is asked for is held back behind others that nobody receives yet. */
static int poll_behind(const struct fake_task *me)
{
    double end = clock_seconds() + PATIENCE;
    int found = 0;

    if (me->rank == 1) {
        for (int i = 0; i < BEFORE; i++)
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, 1, NULL, 0, DVM_BYTE) == DVM_OK);
        return dvm_send(DVM_WORLD, 0, TAG, NULL, 0, DVM_BYTE);
    }
    while (!found && clock_seconds() < end)
        FAKE_CHECK(dvm_iprobe(DVM_WORLD, 1, TAG, &found, NULL) == DVM_OK);
    FAKE_CHECK(found);
    for (int i = 0; i < BEFORE; i++)
        FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 1, NULL, 0, DVM_BYTE, NULL) == DVM_OK);
    return dvm_recv(DVM_WORLD, 1, TAG, NULL, 0, DVM_BYTE, NULL);
}

Test(waits, polls_let_held_back_messages_come)
{
    static const char *const lanes[] = {NULL, "relay"};

    for (int i = 0; i < 2; i++) {
        struct fake_options o = {.lanes = lanes[i]};

        cr_assert_eq(group_run(2, poll_behind, NULL, &o), 0);
    }
}

/* ---- in a crowd ---------------------------------------------------------------------- */

#define CROWD 1000       /* tasks */
#define CROWD_WAITS 20
#define CROWD_BUSY 0.002 /* seconds that the sender computes before each message */
#define CROWD_MOST 5     /* yields of a wait */

static unsigned yields;

/* In the place of the C library's. It gives up nothing, so that there are many on a busy computer,
 * too. */
int sched_yield(void)
{
    yields++;
    return 0;
}

static int wait_in_crowd(const struct fake_task *me)
{
    match_together(CROWD);
    for (int i = 0; i < CROWD_WAITS; i++) {
        double end = clock_seconds() + CROWD_BUSY;

        if (me->rank == 0) {
            FAKE_CHECK(dvm_recv(DVM_WORLD, 1, TAG, NULL, 0, DVM_BYTE, NULL) == DVM_OK);
            continue;
        }
        while (clock_seconds() < end)
            continue;
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, NULL, 0, DVM_BYTE) == DVM_OK);
    }
    FAKE_CHECK(me->rank == 1 || yields <= CROWD_WAITS * CROWD_MOST);
    return 0;
}

/* It would use a core up to 1 ms each time else, and delay the one that is waited for. */
Test(waits, in_a_large_crowd_it_sleeps_soon)
{
    struct fake_options o = {.world = true};

    cr_assert_eq(group_run(2, wait_in_crowd, NULL, &o), 0);
}

/* ---- two threads --------------------------------------------------------------------- */

static bool never(void *arg)
{
    return false;
}

static void *wait_for_go(void *arg)
{
    const struct fake_task *me = arg;

    return (void *)(intptr_t)dvm_recv(DVM_UNIVERSE, me->tids[1], TAG, NULL, 0, DVM_BYTE, NULL);
}

/* One thread sleeps on the bell; another then waits for a task that has ended, which the
 * daemon tells only if it is asked. Rank 2 leaves at once. */
static int two_waits(const struct fake_task *me)
{
    pthread_t first;
    void *end = NULL;
    int rc = DVM_OK;

    /* the other thread has time to fall asleep here: the lock is free meanwhile */
    if (me->rank == 0)
        pthread_create(&first, NULL, wait_for_go, (void *)(uintptr_t)me);
    if (me->rank == 0)
        FAKE_CHECK(match_wait_until(never, NULL, 0.1, 0) == DVM_ERR_TIMEOUT);
    dvm_leave(DVM_OK);
    if (me->rank == 0) {
        rc = dvm_recv(DVM_UNIVERSE, me->tids[2], TAG, NULL, 0, DVM_BYTE, NULL);
        dvm_send(DVM_WORLD, 1, TAG, NULL, 0, DVM_BYTE);
        pthread_join(first, &end);
        rc = rc == DVM_ERR_TASK_GONE && end == NULL ? DVM_OK : DVM_ERR_ARG;
    } else if (me->rank == 1) {
        rc = dvm_recv(DVM_WORLD, 0, TAG, NULL, 0, DVM_BYTE, NULL);
        if (rc == DVM_OK)
            rc = dvm_send(DVM_UNIVERSE, me->tids[0], TAG, NULL, 0, DVM_BYTE);
    }
    FAKE_CHECK(dvm_enter() == DVM_OK);
    FAKE_CHECK(rc == DVM_OK);
    return 0;
}

Test(waits, a_thread_beside_a_sleeping_one_hears_of_a_death)
{
    struct fake_options o = {.threads = DVM_THREAD_MULTIPLE};

    cr_assert_eq(group_run(3, two_waits, NULL, &o), 0);
}

/* ---- taken messages ------------------------------------------------------------------- */

static int convert_always(const struct match_sink *sink, struct match_result *message)
{
    return 1;
}

static int convert_never(const struct match_sink *sink, const struct match_result *message,
                         const void *raw)
{
    return dvm_fail(DVM_ERR_TYPE, "element 0 does not fit");
}

/* A message whose conversion fails was received all the same: it is used up. */
static int conversion_fails(const struct fake_task *me)
{
    static uint8_t bytes[300000];
    static const size_t lengths[] = {8, sizeof bytes};
    struct match_filter filter = {.context = group_find(DVM_WORLD, "test")->context,
                                  .source = me->tids[1], .tag = TAG};
    struct match_sink sink = {.buffer = bytes, .capacity = sizeof bytes,
                              .check = convert_always, .convert = convert_never};

    for (int i = 0; i < 2; i++) {
        struct dvm_message *message;
        struct match_result result;
        bool found;

        if (me->rank == 1) {
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, bytes, lengths[i], DVM_BYTE) == DVM_OK);
            continue;
        }
        FAKE_CHECK(match_probe(&filter, true, true, 0, &found, &message, &result) == DVM_OK);
        FAKE_CHECK(match_mrecv(&message, &sink, &result) == DVM_ERR_TYPE && !message);
        FAKE_CHECK(group_said("does not fit"));
    }
    return 0;
}

Test(waits, a_failed_conversion_uses_a_taken_message_up)
{
    cr_assert_eq(group_run(2, conversion_fails, NULL, NULL), 0);
}

/* ---- news of hosts -------------------------------------------------------------------- */

/* A receive may name a host: it waits for news, also when the host is lost by then. */
static int name_a_host(const struct fake_task *me)
{
    int host = DVM_TID_DAEMON(DVM_TID_SLOT(me->tids[1])), found = 1, rc;
    int news[4] = {0};
    struct dvm_request *request;

    if (me->rank == 1)
        return dvm_recv(DVM_SELF, 0, TAG, news, 4, DVM_INT, NULL);
    FAKE_CHECK(dvm_send(DVM_UNIVERSE, host, TAG, news, 4, DVM_INT) == DVM_ERR_NO_TASK);
    FAKE_CHECK(dvm_recv(DVM_WORLD, host, TAG, news, 4, DVM_INT, NULL) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_irecv(DVM_UNIVERSE, host, TAG, news, 4, DVM_INT, &request) == DVM_OK);
    rc = dvm_recv(DVM_UNIVERSE, me->tids[1], TAG, news, 4, DVM_INT, NULL);
    FAKE_CHECK(rc == DVM_ERR_HOST_GONE);
    FAKE_CHECK(!match_complete(request));
    FAKE_CHECK(dvm_iprobe(DVM_UNIVERSE, host, TAG, &found, NULL) == DVM_OK && !found);
    FAKE_CHECK(dvm_cancel(request) == DVM_OK && dvm_wait(&request, NULL) == DVM_OK);
    return 0;
}

Test(waits, a_receive_may_name_a_host)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 20000, .hosts = 2,
                             .host_lost = true};

    cr_assert_eq(group_run(2, name_a_host, NULL, &o), 0);
}

/* ---- without memory --------------------------------------------------------------------- */

#ifndef __SANITIZE_ADDRESS__ /* whose own memory is past any limit */
#define SPARE_BYTES 65536 /* far less than a ring and its pool need */

static rlim_t memory_here(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (!f || fscanf(f, "%lu", &pages) != 1)
        abort();
    fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* What a task has no room for is told as that, with who offered it and what to do. The first
 * messages come by the daemon. */
static int no_room(const struct fake_task *me)
{
    struct rlimit limit;
    int value = 1, rc = DVM_OK;

    if (me->rank == 1) {
        FAKE_CHECK(!dvm_recv(DVM_WORLD, 0, TAG, &value, 1, DVM_INT, NULL));
        while (dvm_send(DVM_WORLD, 0, TAG, &value, 1, DVM_INT) == DVM_OK)
            continue; /* until the other one is gone */
        return 0;
    }
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = memory_here() + SPARE_BYTES;
    FAKE_CHECK(!setrlimit(RLIMIT_AS, &limit));
    FAKE_CHECK(!dvm_send(DVM_WORLD, 1, TAG, &value, 1, DVM_INT));
    while (rc == DVM_OK)
        rc = dvm_recv(DVM_WORLD, 1, TAG, &value, 1, DVM_INT, NULL);
    FAKE_CHECK(rc == DVM_ERR_NO_MEMORY && group_said("tid 0x"));
    FAKE_CHECK(group_said("cannot map a shared segment") && group_said("(ulimit -v)"));
    return 0;
}

Test(waits, no_room_for_a_ring_is_told)
{
    cr_assert_eq(group_run(2, no_room, NULL, NULL), 0);
}
#endif
