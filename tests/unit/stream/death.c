/* death.c: a task that is killed at any moment ends every wait for it, in words,
 * and disturbs nobody else. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/match.h"
#include "proto/frame.h"
#include "tests/support/computing.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define BIG 300000

static const char *const lanes[] = {NULL, "relay"};

static int send_bytes(enum match_mode mode, int dest, int tag, const void *buffer, size_t bytes)
{
    return match_send(mode, CONTEXT, dest, tag, buffer, bytes, 0, 0, 0);
}

static int recv_bytes(int source, int tag, void *buffer, size_t capacity)
{
    struct match_filter filter = {.context = CONTEXT, .source = source, .tag = tag};
    struct match_sink sink = {.buffer = buffer, .capacity = capacity};

    return match_recv(&filter, &sink, NULL);
}

static bool gone_in_words(int tid)
{
    char text[64];

    snprintf(text, sizeof text, "task %#x has ended: killed by signal 9", tid);
    return strcmp(dvm_last_error(), text) == 0;
}

/* Traffic of all kinds between two, until the peer (rank 1) is dead. */
static int talk(const struct fake_task *me)
{
    static uint8_t out[BIG], in[BIG];
    int peer = me->tids[!me->rank];
    uint64_t seed = (uint64_t)(uintptr_t)me->arg;

    for (int i = 0;; i++) {
        size_t bytes = fake_random(&seed) % 4 ? fake_random(&seed) % 2000
                                              : fake_random(&seed) % BIG;
        enum match_mode mode = (enum match_mode)(fake_random(&seed) % 3);
        bool first = (fake_random(&seed) & 1) == (unsigned)me->rank;
        int rc = 0;

        if (first)
            rc = send_bytes(mode, peer, i, out, bytes);
        if (!rc)
            rc = recv_bytes(peer, i, in, BIG);
        if (!rc && !first)
            rc = send_bytes(mode, peer, i, out, bytes);
        if (rc) {
            FAKE_CHECK(rc == DVM_ERR_TASK_GONE && gone_in_words(peer));
            break;
        }
    }
    /* everything later fails at once */
    FAKE_CHECK(send_bytes(MATCH_SYNC, peer, 1, out, BIG) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(send_bytes(MATCH_BUFFERED, peer, 1, out, 1) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(recv_bytes(peer, 12345, in, BIG) == DVM_ERR_TASK_GONE && gone_in_words(peer));
    FAKE_CHECK(match_task_gone(peer, NULL));
    return 0;
}

#define KILLS 40

Test(death, killed_at_random_moments)
{
    uint64_t seed = fake_seed("killed_at_random_moments");

    for (int i = 0; i < KILLS; i++) {
        struct fake_options o = {.kill = true, .kill_rank = 1, .lanes = lanes[i % 2],
                                 .kill_us = fake_random(&seed) % 30000};

        cr_assert_eq(fake_run(2, talk, (void *)(uintptr_t)seed, &o), 0, "kill %d", i);
    }
}

/* All kinds of operations that can only end by the death of rank 1. */
static int wait_for_end(const struct fake_task *me)
{
    static uint8_t bytes[BIG];
    struct match_filter filter = {.context = CONTEXT, .source = me->tids[1], .tag = 1};
    struct match_sink sink = {.buffer = bytes, .capacity = BIG};
    struct dvm_request *r[4];
    bool found;

    if (me->rank == 1) {
        /* never matched: the killer comes */
        return recv_bytes(me->tids[1], 99, bytes, BIG);
    }
    FAKE_CHECK(match_irecv(&filter, &sink, &r[0]) == 0);
    FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, me->tids[1], 2, bytes, 8, 0, 0, 0, &r[1]) == 0);
    FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, me->tids[1], 2, bytes, BIG, 0, 0, 0,
                           &r[2]) == 0);
    FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, me->tids[1], 2, bytes, BIG, 0, 0, 0, &r[3]) == 0);
    atomic_fetch_add((_Atomic unsigned *)me->arg, 1);
    for (int i = 0; i < 4; i++) {
        size_t index;

        FAKE_CHECK(match_wait_any(1, &r[i], -1, &index) == 0);
        FAKE_CHECK(match_finish(r[i], NULL) == DVM_ERR_TASK_GONE && gone_in_words(me->tids[1]));
    }
    FAKE_CHECK(match_probe(&filter, true, false, 0, &found, NULL, NULL) == DVM_ERR_TASK_GONE);
    return 0;
}

Test(death, ends_every_kind_of_operation)
{
    for (int i = 0; i < 2; i++) {
        _Atomic unsigned *begun = computing_words(1);
        struct fake_options o = {.kill = true, .kill_rank = 1, .lanes = lanes[i],
                                 .kill_us = 50000, .when = begun, .reached = 2};

        cr_assert_eq(fake_run(3, wait_for_end, (void *)begun, &o), 0);
    }
}

static int probe_end(const struct fake_task *me)
{
    struct match_filter filter = {.context = CONTEXT, .source = me->tids[1], .tag = 1};
    bool found;

    if (me->rank == 1)
        return recv_bytes(me->tids[1], 99, NULL, 0);
    FAKE_CHECK(match_probe(&filter, true, false, 0, &found, NULL, NULL) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(gone_in_words(me->tids[1]));
    return 0;
}

Test(death, ends_a_probe)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 20000};

    cr_assert_eq(fake_run(2, probe_end, NULL, &o), 0);
}

/* What the dead task had sent is received before its death is told. */
static int last_words(const struct fake_task *me)
{
    int value;

    if (me->rank == 1) {
        for (value = 0; value < 500; value++)
            FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[0], 1, &value, sizeof value) == 0);
        raise(SIGKILL);
    }
    for (int i = 0; i < 500; i++)
        FAKE_CHECK(recv_bytes(me->tids[1], 1, &value, sizeof value) == 0 && value == i);
    FAKE_CHECK(recv_bytes(me->tids[1], 1, &value, sizeof value) == DVM_ERR_TASK_GONE);
    return 0;
}

Test(death, last_words_arrive)
{
    for (int i = 0; i < 20; i++) {
        struct fake_options o = {.mortal = 1u << 1, .lanes = lanes[i % 2]};

        cr_assert_eq(fake_run(2, last_words, NULL, &o), 0);
    }
}

/* ---- wildcards ------------------------------------------------------------------ */

static const int *member_tids;
static int member_count;

static bool is_member(uint64_t context, int tid)
{
    for (int i = 0; i < member_count; i++)
        if (context == CONTEXT && member_tids[i] == tid)
            return true;
    return false;
}

static int told;

static void count_gone(int tid, int code, const char *text, bool left)
{
    told += code == DVM_ERR_TASK_GONE && !left;
}

static bool was_told(void *arg)
{
    return told > 0;
}

static int wildcards(const struct fake_task *me)
{
    int value = 0, other = me->tids[me->rank == 0 ? 2 : 0];

    member_tids = me->tids;
    member_count = me->count;
    match_is_member = is_member;
    match_on_gone = count_gone;
    if (me->rank == 1)
        return recv_bytes(me->tids[1], 99, NULL, 0);
    if (me->rank == 0) {
        /* it waits when the death is learnt */
        FAKE_CHECK(recv_bytes(DVM_ANY, 1, &value, sizeof value) == DVM_ERR_TASK_GONE);
        FAKE_CHECK(gone_in_words(me->tids[1]));
        FAKE_CHECK(recv_bytes(other, 2, NULL, 0) == 0);
    } else {
        /* it does not */
        FAKE_CHECK(match_wait_until(was_told, NULL, 100, 0) == 0);
        FAKE_CHECK(recv_bytes(DVM_ANY, 1, &value, sizeof value) == DVM_ERR_TASK_GONE);
        FAKE_CHECK(send_bytes(MATCH_STANDARD, other, 2, NULL, 0) == 0);
    }
    FAKE_CHECK(told == 1);
    /* once for each death, and survivors go on */
    value = 7;
    FAKE_CHECK(send_bytes(MATCH_STANDARD, other, 1, &value, sizeof value) == 0);
    FAKE_CHECK(recv_bytes(DVM_ANY, 1, &value, sizeof value) == 0 && value == 7);
    return 0;
}

Test(death, fails_a_wildcard_once)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 50000,
                             .world = true};

    cr_assert_eq(fake_run(3, wildcards, NULL, &o), 0);
}

/* ---- others ------------------------------------------------------------------------ */

static int leaver(const struct fake_task *me)
{
    struct match_filter filter = {.context = 0, .source = me->tids[1], .tag = 1};
    struct match_sink sink = {0};

    if (me->rank == 1)
        return 0;
    FAKE_CHECK(match_recv(&filter, &sink, NULL) == DVM_ERR_TASK_GONE);
    return 0;
}

Test(death, a_task_that_ends_in_good_order_is_gone_too)
{
    cr_assert_eq(fake_run(2, leaver, NULL, NULL), 0);
}

static int nobody(const struct fake_task *me)
{
    int stranger = DVM_TID_MAKE(me->tids[0] >> DVM_TID_N_BITS, 4000);

    FAKE_CHECK(recv_bytes(stranger, 1, NULL, 0) == DVM_ERR_NO_TASK);
    FAKE_CHECK(send_bytes(MATCH_SYNC, stranger + 1, 1, NULL, 0) == DVM_ERR_NO_TASK);
    FAKE_CHECK(send_bytes(MATCH_STANDARD, 17, 1, NULL, 0) == DVM_ERR_NO_TASK);
    return 0;
}

Test(death, nobody_is_no_task)
{
    cr_assert_eq(fake_run(1, nobody, NULL, NULL), 0);
}

static int lost_slot;

static void count_host(int slot, const char *text)
{
    lost_slot = slot;
}

static int host_lost(const struct fake_task *me)
{
    int there = me->tids[1], unheard = there + 1;

    match_on_host_gone = count_host;
    if (me->rank == 1)
        return recv_bytes(there, 99, NULL, 0);
    FAKE_CHECK(recv_bytes(there, 1, NULL, 0) == DVM_ERR_HOST_GONE);
    FAKE_CHECK(strstr(dvm_last_error(), "host lostone is gone: no word for 3 s"));
    FAKE_CHECK(lost_slot == there >> DVM_TID_N_BITS);
    FAKE_CHECK(recv_bytes(unheard, 1, NULL, 0) == DVM_ERR_HOST_GONE);
    FAKE_CHECK(send_bytes(MATCH_STANDARD, unheard, 1, NULL, 0) == DVM_ERR_HOST_GONE);
    return 0;
}

Test(death, of_a_host)
{
    struct fake_options o = {.kill = true, .kill_rank = 1, .kill_us = 20000,
                             .hosts = 2, .host_lost = true};

    cr_assert_eq(fake_run(2, host_lost, NULL, &o), 0);
}
