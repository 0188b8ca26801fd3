/* ended: the end of a task is told once, to each who must know, behind all that the task sent: what
 * is in its socket and pipes is taken in before the first word, the world hears before watchers,
 * and its seat goes last. In the place of the daemon's other parts is what writes down,
 * a letter each, the order in which they are called.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define bind_give test_bind_give
#define cluster_self test_self
#define daemon_answer test_answer
#define daemon_end test_daemon_end
#define daemon_route test_route
#define daemon_route_client_gone test_route_gone
#define daemon_tell test_tell
#define local_drain test_drain
#define local_seat_close test_seat_close
#define local_seat_left test_seat_left
#define names_task_ended test_names
#define stdio_close test_stdio_close
#define stdio_finish test_stdio_finish
#define tasker_ended test_tasker_ended
#define tasker_tells test_tasker_tells
#define tasks_event test_event
#define tasks_find test_find
#define tasks_remember test_remember
#define tasks_tell_load test_tell_load
#define tasks_token_drop test_token_drop
#define watch_client_gone test_watch_gone
#define watch_task_ended test_watch_ended
#include "daemon/tasks/exit.c"

#define SLOT 1
#define TID 0x40002
#define SINK 0x80001
#define WATCHER 0x40003
#define WAITER 0x40004
#define NOTICED 0x40005
#define TAG 9
#define LETTERS_MAX 32

static struct daemon test_daemon;
static struct tasks test_tasks;
static struct settings test_settings;
static struct task test_task;
static struct world test_world;
static int32_t test_members[] = {TID, 0x80007, 0x80008, 0xc0001};
static char order[LETTERS_MAX];
static int slots_told, watcher_told;
static Dvm__Pb__TaskExit last_exit;
static char last_text[EXIT_TEXT_MAX];

static void note(char what)
{
    size_t length = strlen(order);

    cr_assert_lt(length, sizeof order - 1);
    order[length] = what;
}

/* ---- in the place of others ---------------------------------------------------- */

void test_bind_give(const cpu_set_t *cpus) { note('b'); }
int test_self(const struct cluster *c) { return SLOT; }
void test_daemon_end(struct daemon *d, int status, const char *why) { note('E'); }
void test_route_gone(struct daemon *d, int tid) { }
void test_drain(struct local *l, int tid) { note('d'); }
void test_seat_close(struct local *l, int tid) { note('s'); }
void test_seat_left(struct local *l, int tid) { note('l'); }
void test_names(struct names *n, int tid, const char *text) { note('g'); }
void test_stdio_close(struct tasks *t, struct task *task) { note('c'); }
void test_stdio_finish(struct tasks *t, struct task *task) { note('f'); }
void test_tasker_ended(struct tasks *t, int tid) { }
bool test_tasker_tells(const struct tasks *t, const struct task *task) { return false; }
void test_remember(struct tasks *t, struct task *task) { note('r'); }
void test_tell_load(struct tasks *t, enum cluster_class class, int slot) { }
void test_token_drop(struct tasks *t, struct task *task) { }
void test_watch_gone(struct watch *w, int tid) { }
void test_watch_ended(struct watch *w, int tid) { }

void test_event(struct tasks *t, const struct task *task, enum dvm_event kind, const char *text)
{
}

struct task *test_find(const struct tasks *t, int tid)
{
    return tid == TID ? &test_task : NULL;
}

static void keep_exit(const ProtobufCMessage *message)
{
    last_exit = *(const Dvm__Pb__TaskExit *)message;
    snprintf(last_text, sizeof last_text, "%s", last_exit.text);
}

/* x: the sink; w: a daemon, for its members of the world; g: a watcher. */
void test_tell(struct daemon *d, enum cluster_class class, int dst, int type,
               const ProtobufCMessage *message)
{
    cr_assert_eq(class, CLUSTER_BULK, "news of an end go behind what the task sent");
    if (type == DVM_CTL_TASK_EXIT) {
        cr_assert_eq(dst, SINK);
        keep_exit(message);
        note('x');
        return;
    }
    cr_assert_eq(type, DVM_CTL_GONE);
    cr_assert_eq(((const Dvm__Pb__Gone *)message)->tid, TID);
    if (DVM_TID_N(dst) == 0) {
        cr_assert_not(slots_told & 1 << DVM_TID_SLOT(dst), "a host was told twice");
        slots_told |= 1 << DVM_TID_SLOT(dst);
        note('w');
    } else {
        cr_assert_eq(dst, WATCHER);
        watcher_told++;
        note('v');
    }
}

void test_answer(struct daemon *d, enum cluster_class class, const struct dvm_frame *request,
                 int type, const ProtobufCMessage *message)
{
    cr_assert_eq(class, CLUSTER_BULK);
    cr_assert_eq(request->src, WAITER);
    keep_exit(message);
    note('a');
}

void test_route(struct daemon *d, enum cluster_class class, const struct dvm_frame *frame,
                const uint8_t *payload)
{
    cr_assert_eq(frame->dst, NOTICED);
    cr_assert_eq(frame->tag, TAG);
    note('n');
}

/* ---- a story's steps ------------------------------------------------------------ */

static void set_up(void)
{
    static const struct waiter waiters[] = {
        {.kind = WAITER_NOTICE, .tid = NOTICED, .tag = TAG},
        {.kind = WAITER_WAIT, .tid = WAITER, .ref = 3},
        {.kind = WAITER_WATCH, .tid = WATCHER}};

    settings_init(&test_settings);
    test_daemon.settings = &test_settings;
    test_daemon.tasks = &test_tasks;
    test_tasks.d = &test_daemon;
    test_world = (struct world){.id = 7, .count = 4, .tids = test_members};
    test_task = (struct task){.tid = TID, .role = ROLE_TASK, .state = DVM_TASK_RUNNING,
                              .spawned = true, .pid = 100, .sink = SINK, .world = &test_world,
                              .program = (char *)(uintptr_t)"prog", .pidfd = -1};
    test_tasks.running = test_tasks.children = 1;
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(waiters_add(&test_task.waiters, &waiters[i]), DVM_OK);
}

static void tear_down(void)
{
    waiters_free(&test_task.waiters);
    free(test_task.why);
}

TestSuite(ended, .init = set_up, .fini = tear_down);

#define EXITED(status) ((status) << 8) /* as waitpid says it */

/* ---- stories -------------------------------------------------------------------- */

Test(ended, everything_that_it_sent_comes_before_the_news)
{
    tasks_ended(&test_tasks, TID, EXITED(3));
    /* drained, pipes emptied; sink; three hosts; watcher, names; who waits; notice; seat; kept */
    cr_assert_str_eq(order, "dfxwwwvgansr");
    cr_assert_eq(slots_told, 1 << 1 | 1 << 2 | 1 << 3);
    cr_assert_eq(last_exit.status, 3);
    cr_assert_not_null(strstr(last_text, "rank 0"), "%s", last_text);
    cr_assert_not_null(strstr(last_text, "exited with status 3"), "%s", last_text);
    cr_assert_eq(test_tasks.running, 0);
    cr_assert_eq(test_tasks.children, 0);
}

Test(ended, the_end_is_told_once)
{
    tasks_ended(&test_tasks, TID, EXITED(0));
    memset(order, 0, sizeof order);
    tasks_ended(&test_tasks, TID, EXITED(1));
    cr_assert_str_eq(order, "");
    cr_assert_eq(test_task.status, 0);
}

/* What it did after dvm_finalize concerns its world no more; only who waits for its end. */
Test(ended, who_has_left_is_not_missed)
{
    tasks_left(&test_tasks, TID);
    cr_assert_str_eq(order, "lvg");
    memset(order, 0, sizeof order);
    tasks_ended(&test_tasks, TID, EXITED(0));
    cr_assert_str_eq(order, "dfxgansr");
    cr_assert_eq(watcher_told, 1);
}

/* A script goes on when the program that was the task has ended. */
Test(ended, a_script_outlives_its_program)
{
    test_task.enrolled_pid = 101;
    exit_enrolled(&test_tasks, &test_task);
    cr_assert_str_eq(order, "dwwwlvg");
    cr_assert_eq(test_task.state, DVM_TASK_RUNNING);
    memset(order, 0, sizeof order);
    tasks_ended(&test_tasks, TID, EXITED(0));
    cr_assert_str_eq(order, "dfxgansr", "its world is not told again");
}

Test(ended, a_program_that_ends_before_the_word_of_its_start)
{
    test_task.pid = 0;
    test_task.enrolled_pid = 101;
    exit_enrolled(&test_tasks, &test_task);
    cr_assert_str_eq(order, "");
    cr_assert(test_task.enrolled_gone);
}

/* The answer to the spawn tells of it: a console must not count it as one that ran. */
Test(ended, what_never_ran_is_no_news_for_the_sink)
{
    test_task.state = DVM_TASK_STARTING;
    test_task.bound = true;
    exit_unstarted(&test_tasks, &test_task, "no process can be made");
    cr_assert_str_eq(order, "cbwwwvgansr");
    cr_assert_not_null(strstr(last_text, "could not be started: no process can be made"));
}

/* By whose will a task has ended decides which failure was the first. */
Test(ended, whose_will_it_was)
{
    static const struct {
        int status, signal, asked;
        bool machine;
    } cases[] = {
        {SIGKILL, SIGKILL, SIGKILL, true},   /* as asked */
        {EXITED(4), 0, SIGKILL, true},       /* while SIGKILL was on its way */
        {EXITED(0), 0, SIGKILL, false},      /* it was done */
        {EXITED(4), 0, SIGTERM, false},      /* it took SIGTERM as it liked */
        {SIGSEGV, SIGSEGV, SIGTERM, false},  /* another signal than was asked for */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_task.state = DVM_TASK_RUNNING;
        test_task.by_machine = test_task.told_world = false;
        test_task.kill_signal = cases[i].asked;
        free(test_task.why);
        test_task.why = strdup("dvm kill");
        memset(order, 0, sizeof order);
        slots_told = 0;
        exit_child(&test_tasks, &test_task, cases[i].status);
        cr_assert_eq(test_task.by_machine, cases[i].machine, "case %zu", i);
        cr_assert_eq(test_task.signal, cases[i].signal, "case %zu", i);
    }
}

Test(ended, a_tid_that_nobody_knows)
{
    Dvm__Pb__Gone gone = DVM__PB__GONE__INIT;
    char text[EXIT_TEXT_MAX];

    snprintf(test_daemon.host, sizeof test_daemon.host, "node1");
    exit_describe(&test_tasks, 0x40009, &gone, text);
    cr_assert_eq(gone.code, DVM_ERR_NO_TASK);
    cr_assert_str_eq(text, "there is no task 0x40009 on host node1, or it ended long ago");
}
