/* group: ranks and tids, and the public message functions over a fake daemon: what is
 * checked before a message goes, what a status says, and the sentences of a
 * mismatch, which must name both sides. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dvm.h"
#include "group/context.h"
#include "group/group.h"
#include "group/host.h"
#include "proto/frame.h"
#include "tests/support/group_task.h"

static const struct fake_options hosts = {.hosts = 2};
static const struct fake_options deadly = {.kill = true, .kill_rank = 1, .kill_us = 20000,
                                           .world = true};

/* ---- without messages ------------------------------------------------------------ */

Test(group, contexts_are_never_the_same)
{
    uint64_t first, second;

    context_start(0x40001);
    first = context_make();
    second = context_make();
    cr_assert_neq(first, second);
    cr_assert_eq(first >> 32, 0x40001);
    cr_assert_eq(first & CONTEXT_COLLECTIVE, 0);
    cr_assert_neq(first, CONTEXT_UNIVERSE);
}

Test(group, ranks_are_found)
{
    /* neither sorted nor consecutive */
    static const int tids[] = {0x80002, 0x40001, 0x40009, 0x80001, 0x40003};

    cr_assert_eq(group_start(0x40009, 2, tids, 5, 2), DVM_OK);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(group_rank_of(group_find(DVM_WORLD, "test"), tids[i]), i);
    cr_assert_eq(group_rank_of(group_find(DVM_WORLD, "test"), 0x40002), -1);
    cr_assert_eq(group_rank_of(group_find(DVM_WORLD, "test"), 0xc0001), -1);
    cr_assert_eq(group_rank_of(group_find(DVM_UNIVERSE, "test"), 0xc0001), 0xc0001);
    cr_assert_eq(group_of_context(2)->number, DVM_WORLD);
    cr_assert_eq(group_of_context(2 | CONTEXT_COLLECTIVE)->number, DVM_WORLD);
    cr_assert_eq(group_of_context(0)->number, DVM_UNIVERSE);
    cr_assert_null(group_of_context(4));
    group_stop();
    cr_assert_null(group_find(DVM_WORLD, "test"));
}

Test(group, consecutive_tids_are_found)
{
    int tids[100];

    for (int i = 0; i < 100; i++)
        tids[i] = 0x40001 + i;
    cr_assert_eq(group_start(0x40001, 2, tids, 100, 0), DVM_OK);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(group_rank_of(group_find(DVM_WORLD, "test"), tids[i]), i);
    group_stop();
}

Test(group, a_wrong_list_is_refused)
{
    static const int tids[] = {0x40001, 0x40002};

    cr_assert_eq(group_start(0x40001, 2, tids, 2, 1), DVM_ERR_PROTOCOL);
    cr_assert_eq(group_start(0x40001, 2, tids, 2, 2), DVM_ERR_PROTOCOL);
    cr_assert_eq(group_start(0x40001, 2, tids, 0, 0), DVM_ERR_PROTOCOL);
}

Test(group, calls_before_init_are_refused)
{
    int n;

    dvm_errors(DVM_SILENT);
    cr_assert_eq(dvm_group_rank(DVM_WORLD, &n), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_send(DVM_WORLD, 0, 0, NULL, 0, DVM_INT), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_barrier(DVM_WORLD), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_hosts(NULL, 0, &(size_t){0}), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_finalize(), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_self(), DVM_ERR_NOT_INIT);
    cr_assert_eq(dvm_initialized(), 0);
}

/* ---- arguments ---------------------------------------------------------------------- */

static int bad_arguments(const struct fake_task *me)
{
    struct dvm_request *request;
    struct dvm_message *message;
    int x = 0, n;

    FAKE_CHECK(dvm_send(7, 0, 0, &x, 1, DVM_INT) == DVM_ERR_GROUP);
    FAKE_CHECK(group_said("dvm_send") && group_said("group 7"));
    FAKE_CHECK(dvm_send(DVM_WORLD, 2, 0, &x, 1, DVM_INT) == DVM_ERR_RANK);
    FAKE_CHECK(group_said("rank 2") && group_said("DVM_WORLD") &&
               group_said("0 to 1"));
    FAKE_CHECK(dvm_send(DVM_WORLD, DVM_ANY, 0, &x, 1, DVM_INT) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_ssend(DVM_WORLD, 0, -1, &x, 1, DVM_INT) == DVM_ERR_TAG);
    FAKE_CHECK(group_said("dvm_ssend") && group_said("tag -1"));
    FAKE_CHECK(dvm_bsend(DVM_WORLD, 0, DVM_ANY, &x, 1, DVM_INT) == DVM_ERR_TAG);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 0, -2, &x, 1, DVM_INT, NULL) == DVM_ERR_TAG);
    FAKE_CHECK(dvm_isend(DVM_WORLD, 0, 0, &x, 1, 99, &request) == DVM_ERR_TYPE);
    FAKE_CHECK(group_said("99"));
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, 0, NULL, 1, DVM_INT, &request) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_send(DVM_WORLD, 0, 0, &x, SIZE_MAX / 2, DVM_INT) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_send(DVM_UNIVERSE, 5, 0, &x, 1, DVM_INT) == DVM_ERR_NO_TASK);
    FAKE_CHECK(dvm_recv(DVM_UNIVERSE, 0, 0, &x, 1, DVM_INT, NULL) == DVM_ERR_NO_TASK);
    FAKE_CHECK(dvm_probe(DVM_WORLD, 2, 0, NULL) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_mprobe(DVM_WORLD, 0, 0, NULL, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_mrecv(NULL, &x, 1, DVM_INT, NULL) == DVM_ERR_ARG);
    message = NULL;
    FAKE_CHECK(dvm_mrecv(&message, &x, 1, DVM_INT, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 0, 0, &x, 1, DVM_INT, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_issend(DVM_WORLD, DVM_NULL, 0, &x, 1, DVM_INT, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(group_said("dvm_issend") && group_said("no place"));
    FAKE_CHECK(dvm_group_rank(DVM_WORLD, NULL) == DVM_ERR_ARG && group_said("dvm_group_rank"));
    FAKE_CHECK(dvm_group_tid(DVM_WORLD, 0, NULL) == DVM_ERR_ARG);
    FAKE_CHECK(dvm_cancel(NULL) == DVM_ERR_REQUEST);
    FAKE_CHECK(dvm_group_size(DVM_UNIVERSE, &n) == DVM_ERR_UNSUPPORTED);
    FAKE_CHECK(dvm_group_tid(DVM_SELF, 1, &n) == DVM_ERR_RANK);
    FAKE_CHECK(dvm_barrier(DVM_UNIVERSE) == DVM_ERR_GROUP);
    return 0;
}

Test(group, bad_arguments_are_refused_in_words)
{
    cr_assert_eq(group_run(2, bad_arguments, NULL, NULL), 0);
}

static int who_am_i(const struct fake_task *me)
{
    int n;

    FAKE_CHECK(dvm_group_rank(DVM_WORLD, &n) == DVM_OK && n == me->rank);
    FAKE_CHECK(dvm_group_size(DVM_WORLD, &n) == DVM_OK && n == me->count);
    FAKE_CHECK(dvm_group_tid(DVM_WORLD, 1, &n) == DVM_OK && n == me->tids[1]);
    FAKE_CHECK(dvm_group_rank(DVM_SELF, &n) == DVM_OK && n == 0);
    FAKE_CHECK(dvm_group_size(DVM_SELF, &n) == DVM_OK && n == 1);
    FAKE_CHECK(dvm_group_rank(DVM_UNIVERSE, &n) == DVM_OK && n == me->tids[me->rank]);
    FAKE_CHECK(dvm_group_tid(DVM_UNIVERSE, me->tids[0], &n) == DVM_OK && n == me->tids[0]);
    return 0;
}

Test(group, ranks_sizes_and_tids)
{
    cr_assert_eq(group_run(3, who_am_i, NULL, NULL), 0);
}

/* ---- messages -------------------------------------------------------------------------- */

static int statuses(const struct fake_task *me)
{
    double out[3] = {1, 2, 3}, in[8];
    struct dvm_status status;
    int peer = me->tids[!me->rank];

    if (me->rank == 1) {
        FAKE_CHECK(dvm_send(DVM_WORLD, 0, 7, out, 3, DVM_DOUBLE) == DVM_OK);
        FAKE_CHECK(dvm_send(DVM_UNIVERSE, peer, 8, out, 0, DVM_DOUBLE) == DVM_OK);
        return 0;
    }
    FAKE_CHECK(dvm_recv(DVM_WORLD, DVM_ANY, DVM_ANY, in, 8, DVM_DOUBLE, &status) == DVM_OK);
    FAKE_CHECK(status.source == 1 && status.tag == 7 && status.count == 3);
    FAKE_CHECK(status.bytes == sizeof out && status.type == DVM_DOUBLE);
    FAKE_CHECK(status.error == DVM_OK && !status.cancelled);
    FAKE_CHECK(memcmp(in, out, sizeof out) == 0);
    FAKE_CHECK(dvm_recv(DVM_UNIVERSE, DVM_ANY, DVM_ANY, in, 8, DVM_DOUBLE, &status) == DVM_OK);
    FAKE_CHECK(status.source == peer && status.tag == 8 && status.count == 0);
    return 0;
}

Test(group, a_status_names_the_rank)
{
    cr_assert_eq(group_run(2, statuses, NULL, NULL), 0);
    cr_assert_eq(group_run(2, statuses, NULL, &hosts), 0);
}

static int groups_apart(const struct fake_task *me)
{
    int one = 1, two = 2, x = 0, peer = me->tids[!me->rank];

    if (me->rank == 0) {
        FAKE_CHECK(dvm_send(DVM_UNIVERSE, peer, 1, &two, 1, DVM_INT) == DVM_OK);
        FAKE_CHECK(dvm_send(DVM_WORLD, 1, 1, &one, 1, DVM_INT) == DVM_OK);
        return 0;
    }
    FAKE_CHECK(dvm_recv(DVM_WORLD, DVM_ANY, DVM_ANY, &x, 1, DVM_INT, NULL) == DVM_OK && x == 1);
    FAKE_CHECK(dvm_recv(DVM_UNIVERSE, DVM_ANY, DVM_ANY, &x, 1, DVM_INT, NULL) == DVM_OK);
    FAKE_CHECK(x == 2);
    return 0;
}

Test(group, groups_do_not_mix)
{
    cr_assert_eq(group_run(2, groups_apart, NULL, NULL), 0);
}

static int nobody(const struct fake_task *me)
{
    struct dvm_request *request = (struct dvm_request *)&request;
    struct dvm_status status = {0};
    int x = 5, found = 0;

    FAKE_CHECK(dvm_send(DVM_WORLD, DVM_NULL, 1, &x, 1, DVM_INT) == DVM_OK);
    FAKE_CHECK(dvm_recv(DVM_WORLD, DVM_NULL, 1, &x, 1, DVM_INT, &status) == DVM_OK);
    FAKE_CHECK(status.source == DVM_NULL && status.count == 0 && x == 5);
    FAKE_CHECK(dvm_irecv(DVM_WORLD, DVM_NULL, 1, &x, 1, DVM_INT, &request) == DVM_OK);
    FAKE_CHECK(request == NULL);
    FAKE_CHECK(dvm_wait(&request, &status) == DVM_OK && status.source == DVM_NULL);
    FAKE_CHECK(dvm_test(&request, &found, NULL) == DVM_OK && found == 1);
    FAKE_CHECK(dvm_iprobe(DVM_WORLD, DVM_NULL, 1, &found, &status) == DVM_OK && found == 1);
    FAKE_CHECK(dvm_sendrecv(DVM_WORLD, DVM_NULL, 1, &x, 1, DVM_INT, DVM_NULL, 1, &x, 1, DVM_INT,
                            &status) == DVM_OK);
    return 0;
}

Test(group, nobody_answers_at_once)
{
    cr_assert_eq(group_run(1, nobody, NULL, NULL), 0);
}

/* Whether the sentence begins with this, and then names the line of this file. */
static bool said_at(const char *text, int line)
{
    char at[64];

    if (!group_said(text) || strncmp(dvm_last_error(), text, strlen(text)) != 0)
        return false;
    if (system("command -v addr2line >/dev/null"))
        return group_said(" at unit_group+0x");
    snprintf(at, sizeof at, " B) at group.c:%d: ", line);
    return group_said(at);
}

static int mismatch(const struct fake_task *me)
{
    double x[200] = {0};
    int i[100];

    host_forget();
    host_learn(DVM_TID_SLOT(me->tids[1]), "node1");
    if (me->rank == 1)
        return dvm_send(DVM_WORLD, 0, 7, x, 200, DVM_DOUBLE);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 7, i, 100, DVM_INT, NULL) == DVM_ERR_TYPE);
    FAKE_CHECK(said_at("rank 1 (node1) sent 200 double (1600 B), tag 7; "
                       "rank 0 posted 100 int (400 B)", __LINE__ - 2));
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 7, x, 199, DVM_DOUBLE, NULL) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(said_at("rank 1 (node1) sent 200 double (1600 B), tag 7; "
                       "rank 0 posted 199 double (1592 B)", __LINE__ - 2));
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 7, x, 1599, DVM_BYTE, NULL) == DVM_ERR_TRUNCATE);
    /* it stayed all the time */
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 7, x, 1600, DVM_BYTE, NULL) == DVM_OK);
    return 0;
}

/* A receive that was posted long before is told of where it was posted. */
static int mismatch_posted(const struct fake_task *me)
{
    struct dvm_request *request;
    double x[3] = {1, 2, 3};
    int go = 0, line;

    host_forget();
    if (me->rank == 1) {
        FAKE_CHECK(dvm_recv(DVM_WORLD, 0, 1, &go, 1, DVM_INT, NULL) == DVM_OK);
        return dvm_send(DVM_UNIVERSE, me->tids[0], 7, x, 3, DVM_DOUBLE);
    }
    dvm_irecv(DVM_UNIVERSE, me->tids[1], 7, x, 2, DVM_DOUBLE, &request); line = __LINE__;
    FAKE_CHECK(dvm_send(DVM_WORLD, 1, 1, &go, 1, DVM_INT) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(group_said(" sent 3 double (24 B), tag 7; this task posted 2 double (16 B) at "));
    FAKE_CHECK(said_at("tid 0x", line));
    /* the message is still there */
    FAKE_CHECK(dvm_recv(DVM_UNIVERSE, me->tids[1], 7, x, 3, DVM_DOUBLE, NULL) == DVM_OK);
    FAKE_CHECK(x[2] == 3);
    return 0;
}

Test(group, a_posted_receive_that_does_not_fit_is_told_where_it_was_posted)
{
    cr_assert_eq(group_run(2, mismatch_posted, NULL, NULL), 0);
    cr_assert_eq(group_run(2, mismatch_posted, NULL, &hosts), 0);
}

Test(group, a_mismatch_names_both_sides)
{
    cr_assert_eq(group_run(2, mismatch, NULL, NULL), 0);
    cr_assert_eq(group_run(2, mismatch, NULL, &hosts), 0);
}

static int taken(const struct fake_task *me)
{
    long x[4] = {1, 2, 3, 4}, in[4] = {0};
    struct dvm_message *message;
    struct dvm_status status;
    int found = 0;

    if (me->rank == 1)
        return dvm_send(DVM_WORLD, 0, 3, x, 4, DVM_LONG);
    FAKE_CHECK(dvm_mprobe(DVM_WORLD, DVM_ANY, DVM_ANY, &message, &status) == DVM_OK);
    FAKE_CHECK(status.source == 1 && status.count == 4 && status.type == DVM_LONG);
    FAKE_CHECK(dvm_iprobe(DVM_WORLD, DVM_ANY, DVM_ANY, &found, NULL) == DVM_OK && found == 0);
    FAKE_CHECK(dvm_mrecv(&message, in, 3, DVM_LONG, NULL) == DVM_ERR_TRUNCATE && message);
    FAKE_CHECK(dvm_mrecv(&message, in, 4, DVM_DOUBLE, NULL) == DVM_ERR_TYPE && message);
    FAKE_CHECK(dvm_mrecv(&message, in, 4, DVM_LONG, &status) == DVM_OK && !message);
    FAKE_CHECK(memcmp(x, in, sizeof x) == 0 && status.source == 1);
    FAKE_CHECK(dvm_improbe(DVM_WORLD, 1, 3, &found, &message, NULL) == DVM_OK);
    FAKE_CHECK(found == 0 && message == NULL);
    /* nobody's message is one of nothing */
    FAKE_CHECK(dvm_mprobe(DVM_WORLD, DVM_NULL, 3, &message, NULL) == DVM_OK && message);
    FAKE_CHECK(dvm_mrecv(&message, in, 4, DVM_LONG, &status) == DVM_OK && !message);
    FAKE_CHECK(status.source == DVM_NULL && status.count == 0);
    FAKE_CHECK(dvm_improbe(DVM_WORLD, DVM_NULL, 3, &found, &message, NULL) == DVM_OK);
    FAKE_CHECK(found == 1 && dvm_mrecv(&message, in, 4, DVM_LONG, NULL) == DVM_OK);
    FAKE_CHECK(dvm_mrecv(&message, in, 4, DVM_LONG, NULL) == DVM_ERR_ARG);
    return 0;
}

Test(group, a_taken_message_is_received_once)
{
    cr_assert_eq(group_run(2, taken, NULL, NULL), 0);
}

#define REQUESTS 20

static int many(const struct fake_task *me)
{
    struct dvm_request *requests[REQUESTS] = {NULL};
    struct dvm_status statuses[REQUESTS];
    int values[REQUESTS];
    size_t index;
    int done;

    for (int i = 0; i < REQUESTS; i++) {
        values[i] = i;
        if (me->rank == 1)
            FAKE_CHECK(dvm_isend(DVM_WORLD, 0, REQUESTS - i, &values[i], 1, DVM_INT,
                                 &requests[i]) == DVM_OK);
        else
            FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, i + 1, &values[i], 1, DVM_INT, &requests[i]) ==
                       DVM_OK);
    }
    if (me->rank == 0) {
        FAKE_CHECK(dvm_waitany(REQUESTS, requests, &index, &statuses[0]) == DVM_OK);
        FAKE_CHECK(index < REQUESTS && !requests[index]);
        FAKE_CHECK(statuses[0].tag == (int)index + 1);
    }
    FAKE_CHECK(dvm_waitall(REQUESTS, requests, statuses) == DVM_OK);
    for (int i = 0; i < REQUESTS; i++) {
        FAKE_CHECK(!requests[i]);
        FAKE_CHECK(me->rank == 1 || values[i] == REQUESTS - i - 1);
    }
    FAKE_CHECK(dvm_waitany(REQUESTS, requests, &index, NULL) == DVM_OK);
    FAKE_CHECK(index == (size_t)DVM_NULL);
    FAKE_CHECK(dvm_test(&requests[0], &done, NULL) == DVM_OK && done);
    return 0;
}

Test(group, many_requests)
{
    cr_assert_eq(group_run(2, many, NULL, NULL), 0);
}

static int one_fails(const struct fake_task *me)
{
    struct dvm_request *requests[3] = {NULL};
    struct dvm_status statuses[3];
    int values[3] = {1, 2, 3};
    char small;

    if (me->rank == 1) {
        for (int i = 0; i < 3; i++)
            FAKE_CHECK(dvm_send(DVM_WORLD, 0, i, &values[i], 1, DVM_INT) == DVM_OK);
        return 0;
    }
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, 0, &values[0], 1, DVM_INT, &requests[0]) == DVM_OK);
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, 1, &small, 1, DVM_BYTE, &requests[1]) == DVM_OK);
    FAKE_CHECK(dvm_irecv(DVM_WORLD, 1, 2, &values[2], 1, DVM_INT, &requests[2]) == DVM_OK);
    FAKE_CHECK(dvm_waitall(3, requests, statuses) == DVM_ERR_TRUNCATE);
    FAKE_CHECK(group_said("1 int (4 B)"));
    FAKE_CHECK(statuses[0].error == DVM_OK && statuses[1].error == DVM_ERR_TRUNCATE);
    FAKE_CHECK(statuses[2].error == DVM_OK && statuses[1].source == 1);
    FAKE_CHECK(!requests[0] && !requests[1] && !requests[2]);
    return 0;
}

Test(group, waitall_tells_which_failed)
{
    cr_assert_eq(group_run(2, one_fails, NULL, NULL), 0);
}

static int cancelled(const struct fake_task *me)
{
    struct dvm_request *request;
    struct dvm_status status;
    int x = 0;

    FAKE_CHECK(dvm_irecv(DVM_SELF, 0, 1, &x, 1, DVM_INT, &request) == DVM_OK);
    FAKE_CHECK(dvm_cancel(request) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, &status) == DVM_OK && status.cancelled == 1);
    FAKE_CHECK(dvm_issend(DVM_SELF, 0, 1, &x, 1, DVM_INT, &request) == DVM_OK);
    FAKE_CHECK(dvm_cancel(request) == DVM_ERR_REQUEST);
    FAKE_CHECK(dvm_recv(DVM_SELF, 0, 1, &x, 1, DVM_INT, NULL) == DVM_OK);
    FAKE_CHECK(dvm_wait(&request, NULL) == DVM_OK);
    return 0;
}

Test(group, a_receive_can_be_cancelled)
{
    cr_assert_eq(group_run(1, cancelled, NULL, NULL), 0);
}

#define RING_INTS 100000

static int ring(const struct fake_task *me)
{
    int *out = malloc(RING_INTS * sizeof *out), *in = malloc(RING_INTS * sizeof *in);
    int n = me->count, left = (me->rank + n - 1) % n, right = (me->rank + 1) % n;
    struct dvm_status status;

    for (int i = 0; i < RING_INTS; i++)
        out[i] = me->rank * RING_INTS + i;
    FAKE_CHECK(dvm_sendrecv(DVM_WORLD, right, 1, out, RING_INTS, DVM_INT, left, 1, in, RING_INTS,
                            DVM_INT, &status) == DVM_OK);
    FAKE_CHECK(status.source == left && status.count == RING_INTS);
    for (int i = 0; i < RING_INTS; i++)
        FAKE_CHECK(in[i] == left * RING_INTS + i);
    free(out);
    free(in);
    return 0;
}

Test(group, sendrecv_is_safe_in_a_ring)
{
    cr_assert_eq(group_run(4, ring, NULL, NULL), 0);
    cr_assert_eq(group_run(1, ring, NULL, NULL), 0);
}

/* ---- deaths ------------------------------------------------------------------------------ */

static int a_death(const struct fake_task *me)
{
    struct dvm_status status;
    int x = 1;

    if (me->rank == 1)
        return dvm_recv(DVM_WORLD, 1, 9, &x, 1, DVM_INT, NULL); /* until it is killed */
    /* once for each death, to each member */
    FAKE_CHECK(dvm_recv(DVM_WORLD, DVM_ANY, 5, &x, 1, DVM_INT, &status) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(status.error == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_recv(DVM_WORLD, 1, 5, &x, 1, DVM_INT, NULL) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(dvm_send(DVM_WORLD, 1, 5, &x, 1, DVM_INT) == DVM_ERR_TASK_GONE);
    /* the others go on */
    FAKE_CHECK(dvm_sendrecv(DVM_WORLD, 2 - me->rank, 6, &me->rank, 1, DVM_INT, DVM_ANY, 6, &x, 1,
                            DVM_INT, &status) == DVM_OK);
    FAKE_CHECK(x == 2 - me->rank && status.source == 2 - me->rank);
    return 0;
}

Test(group, a_death_fails_what_waits_for_it)
{
    cr_assert_eq(group_run(3, a_death, NULL, &deadly), 0);
}
