/* killed: KILL and ABORT: whom a signal reaches, what is remembered of it, and which hosts
 * hear of an abort. In the place of the keeper is what writes down its orders.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define cluster_self test_self
#define daemon_fail test_fail
#define daemon_ok test_ok
#define daemon_tell test_tell
#define keeper_signal test_signal
#define tasks_event test_event
#define tasks_find test_find
#include "daemon/tasks/kill.c"

#define SLOT 1
#define TASKS 3
#define FIRST_TID 0x40001
#define CONSOLE 0x40fff

static struct daemon test_daemon;
static struct tasks test_tasks;
static struct task records[TASKS];
static int signals[TASKS]; /* that the keeper was to send */
static int answers, code, slots_told, tells;

int test_self(const struct cluster *c) { return SLOT; }

void test_fail(struct daemon *d, const struct dvm_frame *request, int error, const char *format,
               ...)
{
    answers++;
    code = error;
}

void test_ok(struct daemon *d, const struct dvm_frame *request)
{
    answers++;
    code = DVM_OK;
}

void test_tell(struct daemon *d, enum cluster_class class, int dst, int type,
               const ProtobufCMessage *message)
{
    cr_assert_eq(type, DVM_CTL_ABORT);
    slots_told |= 1 << DVM_TID_SLOT(dst);
    tells++;
}

int test_signal(struct keeper *k, int tid, int signal)
{
    signals[tid - FIRST_TID] = signal;
    return DVM_OK;
}

void test_event(struct tasks *t, const struct task *task, enum dvm_event kind, const char *text)
{
}

struct task *test_find(const struct tasks *t, int tid)
{
    for (int i = 0; i < TASKS; i++)
        if (records[i].tid == tid)
            return &records[i];
    return NULL;
}

static void set_up(void)
{
    test_daemon.tasks = &test_tasks;
    test_tasks.d = &test_daemon;
    for (int i = 0; i < TASKS; i++)
        records[i] = (struct task){.tid = FIRST_TID + i, .role = ROLE_TASK, .pidfd = -1,
                                   .state = DVM_TASK_RUNNING, .spawned = true};
}

static void tear_down(void)
{
    for (int i = 0; i < TASKS; i++) {
        free(records[i].why);
        free(records[i].cause);
    }
}

TestSuite(killed, .init = set_up, .fini = tear_down);

static void give(handler_f *handler, int src, uint64_t ref, const ProtobufCMessage *m)
{
    struct dvm_frame frame = {.src = src, .ref = ref};
    uint8_t bytes[512];

    frame.length = (uint32_t)protobuf_c_message_pack(m, bytes);
    handler(&test_daemon, &frame, bytes);
}

static void kill_one(int tid, int signal, const char *by)
{
    Dvm__Pb__Kill m = DVM__PB__KILL__INIT;

    m.tid = tid;
    m.signal = signal;
    m.by = (char *)(uintptr_t)by;
    give(handle_kill, CONSOLE, 1, &m.base);
    cr_assert_eq(answers, 1);
    answers = 0;
}

static void abort_world(int src, uint64_t ref, const int32_t *tids, size_t count)
{
    Dvm__Pb__Abort m = DVM__PB__ABORT__INIT;

    m.tids = (int32_t *)(uintptr_t)tids;
    m.n_tids = count;
    m.text = (char *)(uintptr_t)"rank 0: a reason";
    m.cause = (char *)(uintptr_t)"a reason";
    give(handle_abort, src, ref, &m.base);
}

Test(killed, a_signal_that_may_end_it_is_remembered_with_who_sent_it)
{
    kill_one(FIRST_TID, SIGTERM, "dvm kill\x1b[2J");
    cr_assert_eq(code, DVM_OK);
    cr_assert_eq(signals[0], SIGTERM);
    cr_assert_eq(records[0].kill_signal, SIGTERM);
    cr_assert_str_eq(records[0].why, "dvm kill?[2J sent it signal 15 (Terminated)",
                     "it goes onto terminals");
}

/* Whoever was stopped and crashes later has crashed by itself. */
Test(killed, a_signal_that_nobody_ends_by_is_no_cause)
{
    kill_one(FIRST_TID, SIGSTOP, "dvm signal");
    kill_one(FIRST_TID, SIGCONT, "dvm signal");
    cr_assert_eq(signals[0], SIGCONT);
    cr_assert_eq(records[0].kill_signal, 0);
    cr_assert_null(records[0].why);
}

Test(killed, signal_0_only_asks)
{
    kill_one(FIRST_TID, 0, "");
    cr_assert_eq(code, DVM_OK);
    cr_assert_eq(signals[0], 0);
}

Test(killed, whom_no_signal_reaches)
{
    records[0].state = DVM_TASK_ENDED;
    records[1].role = ROLE_CONSOLE;
    kill_one(FIRST_TID, SIGTERM, "");
    cr_assert_eq(code, DVM_ERR_NO_TASK);
    kill_one(FIRST_TID + 1, SIGTERM, "");
    cr_assert_eq(code, DVM_ERR_NO_TASK);
    kill_one(FIRST_TID + 99, SIGTERM, "");
    cr_assert_eq(code, DVM_ERR_NO_TASK);
    kill_one(FIRST_TID + 2, SIGRTMAX + 1, "");
    cr_assert_eq(code, DVM_ERR_ARG);
    for (int i = 0; i < TASKS; i++)
        cr_assert_eq(signals[i], 0);
}

/* Who aborts exits by itself, with its status; each other host hears of it once. */
Test(killed, an_abort_ends_the_others_on_all_hosts)
{
    const int32_t world[] = {FIRST_TID, FIRST_TID + 1, FIRST_TID + 2,
                             0x80001, 0x80002, 0xc0001, 0xc0002};

    abort_world(FIRST_TID, 5, world, 7);
    cr_assert_eq(signals[0], 0);
    cr_assert_eq(signals[1], SIGKILL);
    cr_assert_eq(signals[2], SIGKILL);
    cr_assert(records[0].aborts);
    cr_assert_str_eq(records[0].cause, "a reason");
    cr_assert_str_eq(records[1].why, "rank 0: a reason");
    cr_assert_eq(slots_told, 1 << 2 | 1 << 3);
    cr_assert_eq(tells, 2);
    cr_assert_eq(answers, 1);
}

/* Two that abort at the same time each keep their own status, and the first cause. */
Test(killed, two_that_abort)
{
    const int32_t world[] = {FIRST_TID, FIRST_TID + 1};

    abort_world(FIRST_TID + 1, 0, world, 2);
    cr_assert_eq(signals[0], SIGKILL);
    signals[0] = 0;
    abort_world(FIRST_TID, 0, world, 2);
    cr_assert_eq(signals[0], 0);
    cr_assert_eq(signals[1], 0);
    cr_assert_eq(answers, 0, "no answer was asked for");
}

/* What comes from a daemon is for this host alone: else it would go around for ever. */
Test(killed, an_abort_of_a_daemon_goes_no_further)
{
    const int32_t world[] = {FIRST_TID, 0x80001};

    abort_world(DVM_TID_DAEMON(2), 0, world, 2);
    cr_assert_eq(signals[0], SIGKILL);
    cr_assert_eq(tells, 0);
}

/* A strict spawn is taken back with the errors of those that did not start in the list. */
Test(killed, errors_in_the_place_of_tids)
{
    const int32_t tids[] = {DVM_ERR_SPAWN, FIRST_TID};

    abort_world(DVM_TID_DAEMON(1), 0, tids, 2);
    cr_assert_eq(signals[0], SIGKILL);
    cr_assert_eq(tells, 0);
}
