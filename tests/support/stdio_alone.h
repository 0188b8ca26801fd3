/* stdio_alone.h: daemon/tasks/stdio.c as part of a test, with one task whose ends of the
 * streams are the test's, and in the place of the daemon what writes down what it is told. */
#ifndef TEST_STDIO_ALONE_H
#define TEST_STDIO_ALONE_H

#include <criterion/criterion.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>

static void *test_calloc(size_t count, size_t size);

#define calloc test_calloc
#define daemon_tell test_tell
#define daemon_ok test_ok
#define daemon_fail test_fail
#define daemon_fail_files test_fail_files
#define daemon_files_low test_files_low
#define tasks_find test_find
#define watch_task_output test_output
#include "daemon/tasks/stdio.c"
#undef calloc

#define TEST_TID 0x40007
#define TEST_SINK 0x40001
#define TEST_TEXT_MAX (2 << 20)

static struct daemon test_daemon;
static struct tasks test_tasks;
static struct world test_world;
static struct task test_task;
static int test_ends[3];
static bool test_no_memory, test_low;

/* What the sink and the watch were told: bytes, and the last message to the sink. */
static char test_told[TEST_TEXT_MAX], test_kept[TEST_TEXT_MAX];
static size_t test_told_size, test_kept_size, test_pieces;
static Dvm__Pb__Stdio test_last;

/* The answers: how many, to which request the last, and its code. */
static int test_answers, test_code;
static uint64_t test_ref;

static void *test_calloc(size_t count, size_t size)
{
    return test_no_memory ? NULL : calloc(count, size);
}

void test_tell(struct daemon *d, enum cluster_class class, int dst, int type,
               const ProtobufCMessage *message)
{
    test_last = *(const Dvm__Pb__Stdio *)message;
    cr_assert(class == CLUSTER_BULK && dst == TEST_SINK && type == DVM_CTL_STDIO);
    cr_assert_leq(test_told_size + test_last.data.len, sizeof test_told);
    memcpy(test_told + test_told_size, test_last.data.data, test_last.data.len);
    test_told_size += test_last.data.len;
    test_pieces++;
}

void test_output(struct watch *w, int tid, int stream, const void *bytes, size_t size)
{
    cr_assert_leq(test_kept_size + size, sizeof test_kept);
    memcpy(test_kept + test_kept_size, bytes, size);
    test_kept_size += size;
}

void test_ok(struct daemon *d, const struct dvm_frame *request)
{
    test_answers++;
    test_ref = request->ref;
    test_code = DVM_OK;
}

void test_fail(struct daemon *d, const struct dvm_frame *request, int code, const char *format, ...)
{
    test_answers++;
    test_ref = request->ref;
    test_code = code;
}

bool test_files_low(const struct daemon *d, int fd) { return test_low; }

int test_fail_files(const struct daemon *d, const char *what)
{
    return dvm_fail(errno == EMFILE ? DVM_ERR_LIMIT : DVM_ERR_SYSTEM, "%s", what);
}

struct task *test_find(const struct tasks *t, int tid)
{
    return tid == TEST_TID ? &test_task : NULL;
}

static void test_set_up(void)
{
    signal(SIGPIPE, SIG_IGN); /* as dvmd does */
    test_daemon.loop = ev_loop_new(EVFLAG_AUTO);
    ev_set_userdata(test_daemon.loop, &test_daemon);
    test_daemon.tasks = &test_tasks;
    test_tasks.d = &test_daemon;
    test_task.tid = TEST_TID;
    test_task.sink = TEST_SINK;
    test_task.world = &test_world;
    test_world.count = 1;
}

static void test_close_ends(void)
{
    for (int i = 0; i < 3; i++)
        if (test_ends[i] > STDERR_FILENO)
            close(test_ends[i]);
    memset(test_ends, 0, sizeof test_ends);
}

static void test_tear_down(void)
{
    stdio_close(&test_tasks, &test_task);
    test_close_ends();
    ev_loop_destroy(test_daemon.loop);
}

static int test_open(struct stdio_wish wish)
{
    return stdio_open(&test_tasks, &test_task, &wish, test_ends);
}

/* What can be done now is done. */
static inline void test_turn(void)
{
    ev_run(test_daemon.loop, EVRUN_NOWAIT);
}

#endif
