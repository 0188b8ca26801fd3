/* quick: the short way of small messages between two tasks of a host, and everything that
 * must not go it: it may make no difference but to the clock. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "dvm.h"
#include "match/request.h"
#include "proto/segment.h"
#include "tests/support/group_task.h"

enum { WARM = 200, TAG = 5 };

/* Until rings are there and looked at, and everything is known. */
static int warm_up(int me)
{
    int value = 0;

    for (int i = 0; i < WARM; i++) {
        if (me == 0)
            FAKE_CHECK(dvm_send(DVM_WORLD, 1, TAG, &i, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_recv(DVM_WORLD, !me, TAG, &value, 1, DVM_INT, NULL) == DVM_OK);
        FAKE_CHECK(value == i);
        if (me == 1)
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &i, 1, DVM_INT) == DVM_OK);
    }
    return 0;
}

static int send_ints(int tag, int first, int count)
{
    for (int i = 0; i < count; i++) {
        int value = first + i;

        FAKE_CHECK(dvm_send(DVM_WORLD, 1, tag, &value, 1, DVM_INT) == DVM_OK);
    }
    return 0;
}

static int expect_int(int tag, int wanted, int wanted_tag)
{
    struct dvm_status status = {.error = 1};
    int value = -1;

    FAKE_CHECK(dvm_recv(DVM_WORLD, 0, tag, &value, 1, DVM_INT, &status) == DVM_OK);
    FAKE_CHECK(value == wanted && status.source == 0 && status.tag == wanted_tag);
    FAKE_CHECK(status.error == DVM_OK && !status.cancelled && status.type == DVM_INT);
    FAKE_CHECK(status.bytes == sizeof value && status.count == 1);
    return 0;
}

/* What does not fit is refused as ever, and stays. */
static int refusals(void)
{
    double wrong = 0;
    char small[2] = {0};

    FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, &wrong, 1, DVM_DOUBLE, NULL) == DVM_ERR_TYPE);
    FAKE_CHECK(group_said("rank 0"));
    FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, small, 0, DVM_INT, NULL) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 7, TAG, small, 1, DVM_INT, NULL) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 0, -7, &wrong, 1, DVM_INT, NULL) == DVM_ERR_TAG);
    return expect_int(TAG, 1, TAG);
}

/* Tags out of order, wildcards, and receives that were posted before. */
static int orders(void)
{
    struct dvm_request *first;
    int value = -1;

    FAKE_CHECK(expect_int(12, 30, 12) == 0);
    FAKE_CHECK(expect_int(DVM_ANY, 10, 10) == 0);
    FAKE_CHECK(expect_int(11, 20, 11) == 0);
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, DVM_ANY, &value, 1, DVM_INT, &first) == DVM_OK);
    FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &value, 1, DVM_INT) == DVM_OK);
    FAKE_CHECK(expect_int(DVM_ANY, 41, 13) == 0);
    FAKE_CHECK(dvm_wait(&first, NULL) == DVM_OK && value == 40);
    return 0;
}

static int sizes(int me)
{
    char bytes[80], got[80];

    for (size_t size = 0; size < sizeof bytes; size++) {
        struct dvm_status status;

        memset(bytes, (int)size, sizeof bytes);
        memset(got, 0xee, sizeof got);
        if (me == 0) {
            FAKE_CHECK(dvm_send(DVM_WORLD, 1, TAG, bytes, size, DVM_BYTE) == DVM_OK);
            continue;
        }
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, got, sizeof got, DVM_BYTE, &status) == DVM_OK);
        FAKE_CHECK(status.bytes == size && memcmp(got, bytes, size) == 0);
        FAKE_CHECK(size == sizeof got || got[size] == (char)0xee);
    }
    return 0;
}

static int all(const struct fake_task *task)
{
    int me = task->rank, value;

    FAKE_CHECK(warm_up(me) == 0);
    if (me == 0) {
        FAKE_CHECK(send_ints(TAG, 1, 1) == 0);
        FAKE_CHECK(send_ints(10, 10, 1) == 0 && send_ints(11, 20, 1) == 0 &&
                   send_ints(12, 30, 1) == 0);
        FAKE_CHECK(dvm_recv(DVM_WORLD, 1, TAG, &value, 1, DVM_INT, NULL) == DVM_OK);
        FAKE_CHECK(send_ints(13, 40, 2) == 0);
        FAKE_CHECK(dvm_send(DVM_WORLD, 1, -1, &value, 1, DVM_INT) == DVM_ERR_TAG);
        FAKE_CHECK(dvm_send(DVM_WORLD, 1, TAG, NULL, 1, DVM_INT) == DVM_ERR_ARG);
    } else {
        FAKE_CHECK(refusals() == 0 && orders() == 0);
    }
    FAKE_CHECK(sizes(me) == 0);
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(quick, makes_no_difference)
{
    static const uint32_t shares[] = {0, FAKE_SHARE_MIDDLE, FAKE_SHARE_NONE};

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct fake_options options = {.share = shares[i]};

        cr_assert_eq(group_run(2, all, NULL, &options), 0, "a share of %u", shares[i]);
    }
}

/* Who receives in a hurry from one task does not keep another one waiting: its long message
 * to rank 0, which only rank 0's calls move, gets through while small ones come. */
static int among_others(const struct fake_task *task)
{
    static char large[300000];
    struct dvm_request *request = NULL;
    int me = task->rank, value = 0, over = 0;

    if (me == 0)
        FAKE_CHECK(dvm_irecv(DVM_WORLD, 2, 1, large, sizeof large, DVM_BYTE, &request) == DVM_OK);
    if (me == 2)
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, 1, large, sizeof large, DVM_BYTE) == DVM_OK);
    for (int i = 0; me != 2 && !over; i++) {
        FAKE_CHECK(me != 1 || dvm_send(DVM_WORLD, 0, TAG, &i, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(me != 0 || dvm_recv(DVM_WORLD, 1, TAG, &value, 1, DVM_INT, NULL) == DVM_OK);
        if (me == 0 && request && i % 100 == 99)
            FAKE_CHECK(dvm_test(&request, &over, NULL) == DVM_OK);
        if (i % 100 != 99)
            continue;
        if (me == 0)
            FAKE_CHECK(dvm_send(DVM_WORLD, 1, TAG, &over, 1, DVM_INT) == DVM_OK);
        else
            FAKE_CHECK(dvm_recv(DVM_WORLD, 0, TAG, &over, 1, DVM_INT, NULL) == DVM_OK);
    }
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(quick, among_others)
{
    cr_assert_eq(group_run(3, among_others, NULL, NULL), 0);
}

enum { WINDOW = 40, WRONG = 17, LATE = 5, WINDOWS = 30 };

/* Rank 1's receives of a window: the one numbered WRONG asks for another type; LATE is what
 * comes last; one takes any tag. */
static int post_window(int *values, double *wrong, struct dvm_request **requests)
{
    for (int i = 0; i < WINDOW; i++) {
        int tag = i == LATE ? TAG + 1 : i == LATE + 1 ? DVM_ANY : TAG;

        values[i] = -1;
        if (i == WRONG)
            FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, TAG, wrong, 1, DVM_DOUBLE, &requests[i]) == DVM_OK);
        else
            FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, tag, &values[i], 1, DVM_INT, &requests[i]) ==
                       DVM_OK);
    }
    return 0;
}

/* The message that did not fit stays, for the next that asks. */
static int take_window(int *values, struct dvm_request **requests)
{
    struct dvm_status statuses[WINDOW];

    FAKE_CHECK(dvm_waitall(WINDOW, requests, statuses) == DVM_ERR_TYPE);
    FAKE_CHECK(statuses[WRONG].error == DVM_ERR_TYPE);
    for (int i = 0, sent = 0; i < WINDOW; i++) {
        FAKE_CHECK(requests[i] == NULL);
        if (i == LATE || i == WRONG)
            continue;
        FAKE_CHECK(values[i] == sent && statuses[i].count == 1 && statuses[i].tag == TAG);
        sent++;
    }
    FAKE_CHECK(values[LATE] == WINDOW && statuses[LATE].tag == TAG + 1);
    return 0;
}

static int windows(const struct fake_task *task)
{
    struct dvm_request *requests[WINDOW];
    int values[WINDOW], me = task->rank;
    double wrong;

    FAKE_CHECK(warm_up(me) == 0);
    for (int turn = 0; turn < WINDOWS; turn++) {
        if (me == 1)
            FAKE_CHECK(post_window(values, &wrong, requests) == 0);
        if (me == 1 && turn % 2)
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &turn, 1, DVM_INT) == DVM_OK);
        if (me == 0 && turn % 2)
            FAKE_CHECK(dvm_recv(DVM_WORLD, 1, TAG, values, 1, DVM_INT, NULL) == DVM_OK);
        if (me == 0) {
            for (int i = 0; i < WINDOW - 1; i++) {
                values[i] = i < WINDOW - 2 ? i : WINDOW;
                FAKE_CHECK(dvm_isend(DVM_WORLD, 1, i < WINDOW - 2 ? TAG : TAG + 1, &values[i], 1,
                                     DVM_INT, &requests[i]) == DVM_OK);
            }
            FAKE_CHECK(dvm_waitall(WINDOW - 1, requests, NULL) == DVM_OK);
        }
        if (me == 1)
            FAKE_CHECK(take_window(values, requests) == 0);
    }
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(quick, windows_of_posted_receives)
{
    cr_assert_eq(group_run(2, windows, NULL, NULL), 0);
}

enum { IN_TIME = 60 }; /* seconds for what takes none */

/* Wait, without progress, until the next message of a rank is in its ring (or is here anyway). */
static int next_is_here(int rank)
{
    double limit = clock_seconds() + IN_TIME;
    struct peer *peer;
    int tid;

    FAKE_CHECK(dvm_group_tid(DVM_WORLD, rank, &tid) == DVM_OK);
    peer = lane_peer_recent(tid);
    FAKE_CHECK(peer && peer->shm.in.base);
    while (!ring_ready(&peer->shm.in) && unexpected_none()) {
        FAKE_CHECK(clock_seconds() < limit);
        sched_yield();
    }
    return 0;
}

/* Receives of what is here are over before they are posted; behind one that is posted they take
 * their turn all the same, and a wildcard before them has the first. */
static int post_late(int before)
{
    struct dvm_request *requests[WINDOW], *other, *any = NULL;
    int values[WINDOW], others = -1, anys = -1;

    FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, TAG + 1, &others, 1, DVM_INT, &other) == DVM_OK);
    FAKE_CHECK(next_is_here(0) == 0);
    if (before)
        FAKE_CHECK(dvm_irecv(DVM_WORLD, DVM_ANY, DVM_ANY, &anys, 1, DVM_INT, &any) == DVM_OK);
    for (int i = 0; i < WINDOW; i++)
        FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, TAG, &values[i], 1, DVM_INT, &requests[i]) == DVM_OK);
    FAKE_CHECK(dvm_waitall(WINDOW, requests, NULL) == DVM_OK);
    FAKE_CHECK(dvm_wait(&other, NULL) == DVM_OK && others == WINDOW + before);
    FAKE_CHECK(!before || (dvm_wait(&any, NULL) == DVM_OK && anys == 0));
    for (int i = 0; i < WINDOW; i++)
        FAKE_CHECK(values[i] == i + before);
    return 0;
}

static int take_at_once(void)
{
    struct dvm_request *requests[WINDOW];
    struct dvm_status statuses[WINDOW];
    int values[WINDOW], over = 0;

    for (int i = 0; i < WINDOW; i++) {
        FAKE_CHECK(next_is_here(0) == 0);
        FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, i % 2 ? TAG : DVM_ANY, &values[i], 1, DVM_INT,
                             &requests[i]) == DVM_OK);
        over += match_complete(requests[i]);
    }
    FAKE_CHECK(over > 0);
    FAKE_CHECK(dvm_waitall(WINDOW, requests, statuses) == DVM_OK);
    for (int i = 0; i < WINDOW; i++) {
        FAKE_CHECK(values[i] == i && statuses[i].source == 0 && statuses[i].tag == TAG);
        FAKE_CHECK(statuses[i].count == 1 && statuses[i].type == DVM_INT && !statuses[i].error);
    }
    return 0;
}

static int late(const struct fake_task *task)
{
    int me = task->rank, go = 0;

    FAKE_CHECK(warm_up(me) == 0);
    for (int turn = 0; turn < WINDOWS; turn++) {
        int before = turn % 3 == 2, plain = turn % 3 == 0;

        if (me == 0) {
            FAKE_CHECK(send_ints(TAG, 0, WINDOW + before) == 0);
            FAKE_CHECK(plain || send_ints(TAG + 1, WINDOW + before, 1) == 0);
            FAKE_CHECK(dvm_recv(DVM_WORLD, 1, TAG, &go, 1, DVM_INT, NULL) == DVM_OK);
        } else {
            FAKE_CHECK(plain ? take_at_once() == 0 : post_late(before) == 0);
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &go, 1, DVM_INT) == DVM_OK);
        }
    }
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(quick, receives_posted_late)
{
    cr_assert_eq(group_run(2, late, NULL, NULL), 0);
}

/* Who never has to wait for rank 1 hears rank 2 all the same, within a window. */
static int hear_both(const struct fake_task *task)
{
    int me = task->rank, value = 0;
    struct dvm_request *request;

    FAKE_CHECK(me == 2 || warm_up(me) == 0);
    for (int i = 0; i < WARM; i++)
        FAKE_CHECK(group_meet(task));
    if (me == 2)
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &me, 1, DVM_INT) == DVM_OK);
    for (int i = 0; i < WINDOW && me == 1; i++)
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, TAG, &i, 1, DVM_INT) == DVM_OK);
    if (me == 0) {
        FAKE_CHECK(next_is_here(2) == 0);
        for (int i = 0; i < WINDOW; i++) {
            FAKE_CHECK(next_is_here(1) == 0);
            FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, TAG, &value, 1, DVM_INT, &request) == DVM_OK);
            FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK && value == i);
        }
        FAKE_CHECK(!unexpected_none());
        FAKE_CHECK(dvm_recv(DVM_WORLD, 2, TAG, &value, 1, DVM_INT, NULL) == DVM_OK && value == 2);
    }
    FAKE_CHECK(group_meet(task));
    return 0;
}

Test(quick, hears_others)
{
    cr_assert_eq(group_run(3, hear_both, NULL, NULL), 0);
}
