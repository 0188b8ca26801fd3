/* run_guests: which tasks that tasks have spawned a run still waits for, in whatever order
 * the news of their begin and end comes, and how they are named. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/run/run.h"
#include "proto/control.pb-c.h"

#define MANY 1000
#define A DVM_TID_MAKE(1, 7)
#define B DVM_TID_MAKE(2, 7)
#define C DVM_TID_MAKE(2, 8)

static struct console console_ = {.quiet = true};
static struct run r;

static void set_up(void)
{
    r = (struct run){.c = &console_, .policy = RUN_KILL, .first = -1};
}

static void tear_down(void)
{
    run_guests_free(&r);
}

TestSuite(run_guests, .init = set_up, .fini = tear_down);

/* The bytes of a message, which are to be freed. */
static uint8_t *packed(const ProtobufCMessage *m, size_t *length)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(m) + 1);

    cr_assert_not_null(bytes);
    *length = protobuf_c_message_pack(m, bytes);
    return bytes;
}

static void started(const int32_t *tids, size_t count)
{
    Dvm__Pb__Guests m = DVM__PB__GUESTS__INIT;
    uint8_t *bytes;
    size_t length;

    m.tids = (int32_t *)(uintptr_t)tids;
    m.n_tids = count;
    bytes = packed(&m.base, &length);
    run_guests_started(&r, bytes, length);
    free(bytes);
}

#define STARTED(...) started((const int32_t[]){__VA_ARGS__},                  \
                             sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t))

static void expect(int left, const char *wanted)
{
    char text[RUN_RUNNING_MAX];

    cr_expect_eq(r.guests.left, left, "%d", r.guests.left);
    cr_expect_str_eq(run_guests_text(&r, text), wanted, "%s", text);
    cr_expect_eq(run_guests_waited(&r), left > 0);
}

Test(run_guests, begin_and_end)
{
    expect(0, "");
    STARTED(A, B);
    expect(2, "tasks 0x40007,0x80007");
    STARTED(A, B); /* told twice */
    expect(2, "tasks 0x40007,0x80007");
    run_guests_ended(&r, A);
    expect(1, "task 0x80007");
    run_guests_ended(&r, B);
    expect(0, "");
}

Test(run_guests, an_end_before_its_begin)
{
    run_guests_ended(&r, B);
    run_guests_ended(&r, B);
    expect(0, "");
    STARTED(A, B);
    expect(1, "task 0x40007");
    run_guests_ended(&r, A);
    expect(0, "");
    cr_expect_eq(r.guests.count, 0, "nothing is kept of those that are over");
}

Test(run_guests, a_host_is_lost)
{
    STARTED(A, B);
    run_guests_ended(&r, C); /* an end without its begin goes with its host, too */
    run_guests_host(&r, 3, true);
    expect(2, "tasks 0x40007,0x80007");
    run_guests_host(&r, 2, true);
    expect(1, "task 0x40007");
    cr_expect_eq(r.guests.count, 1);
    run_guests_host(&r, 1, true);
    expect(0, "");
    STARTED(A, B); /* told by their parent's host, which may know it later */
    expect(0, "");
    run_guests_host(&r, 1, false);
    STARTED(A);
    expect(1, "task 0x40007");
}

Test(run_guests, bytes_that_are_no_message)
{
    run_guests_started(&r, (const uint8_t *)"\x0a\x7f", 2);
    expect(0, "");
}

Test(run_guests, many)
{
    char text[RUN_RUNNING_MAX];

    for (int i = 0; i < MANY; i++)
        STARTED(DVM_TID_MAKE(DVM_SLOT_MAX, i + 1));
    run_guests_text(&r, text);
    cr_expect_eq(r.guests.left, MANY);
    cr_expect_lt(strlen(text), RUN_RUNNING_MAX);
    cr_expect_gt(strlen(text), RUN_RUNNING_MAX / 2);
    cr_expect_str_eq(strrchr(text, ',') + 1, "...(1000 tasks)", "%s", text);
    for (int i = MANY; i-- > 0;)
        run_guests_ended(&r, DVM_TID_MAKE(DVM_SLOT_MAX, i + 1));
    expect(0, "");
}

/* For whom the run lasts: not while its own run, and not after a failure that ends all. */
Test(run_guests, when_they_are_waited_for)
{
    STARTED(A);
    cr_expect(run_guests_waited(&r));
    r.left = 1;
    cr_expect_not(run_guests_waited(&r));
    r.left = 0;
    r.first = 0;
    cr_expect_not(run_guests_waited(&r));
    r.policy = RUN_NOTIFY;
    cr_expect(run_guests_waited(&r));
}

/* It is said once, after some silence. */
Test(run_guests, the_clock)
{
    cr_expect_eq(run_guests_deadline(&r), 0);
    run_guests_clock(&r, 100);
    cr_expect_eq(r.guests.say_at, 0);
    STARTED(A);
    run_guests_clock(&r, 100);
    cr_expect_gt(run_guests_deadline(&r), 100);
    run_guests_clock(&r, run_guests_deadline(&r) - 0.001);
    cr_expect_not(r.guests.said);
    run_guests_clock(&r, run_guests_deadline(&r));
    cr_expect(r.guests.said);
    cr_expect_eq(run_guests_deadline(&r), 0);
}

/* The run has one task, and SPAWN is not answered yet. */
static void asked_for(struct run_task *task)
{
    r.count = r.left = 1;
    r.tasks = task;
    r.spawn_ref = 1;
}

static void answered(int32_t tid)
{
    Dvm__Pb__SpawnReply m = DVM__PB__SPAWN_REPLY__INIT;
    uint8_t *bytes;
    size_t length;

    m.tids = &tid;
    m.n_tids = 1;
    bytes = packed(&m.base, &length);
    run_spawned(&r, bytes, length);
    free(bytes);
}

static void ended(int tid)
{
    Dvm__Pb__TaskExit m = DVM__PB__TASK_EXIT__INIT;
    uint8_t *bytes;
    size_t length;

    m.tid = tid;
    bytes = packed(&m.base, &length);
    run_task_exit(&r, &(struct dvm_frame){.length = (uint32_t)length}, bytes);
    free(bytes);
}

/* B is rank 0 of its own world, and ends before the run knows who its own rank 0 is. */
Test(run_guests, an_end_before_the_tids_is_nobody_elses)
{
    struct run_task task = {0};

    asked_for(&task);
    ended(B);
    STARTED(B);
    cr_expect_eq(r.left, 1);
    answered(A);
    cr_expect_eq(r.left, 1);
    expect(0, "");
    ended(A);
    cr_expect_eq(r.left, 0);
    cr_expect(!run_guests_waited(&r));
    free(task.text);
}

Test(run_guests, the_runs_own_may_end_before_the_tids_too)
{
    struct run_task task = {0};

    asked_for(&task);
    ended(A);
    answered(A);
    cr_expect_eq(r.left, 0);
    expect(0, "");
    free(task.text);
}
