/* tasks: from SPAWN to the last word about a task, as a console and as a task see
 * it: output before the end, every end told once, nothing started that cannot be. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvm.h"
#include "tests/support/own_daemon.h"
#include "tests/support/raw_client.h"

#define TASK 1
#define CONSOLE 2
#define WORLD_MAX 8
#define OUTPUT_MAX (1 << 20)
#define AHEAD ((size_t)256 * 1024) /* that the daemon sends before it is acknowledged */
#define BIG ((size_t)600 * 1024)   /* more than that */
#define NOTICE_TAG 77
#define LONG 100000    /* more than one frame takes */

static struct own_daemon own;
static struct raw_client *console;
static int tids[WORLD_MAX];
static char said[WORLD_MAX][OUTPUT_MAX];
static size_t said_bytes[WORLD_MAX];
static Dvm__Pb__TaskExit *early[WORLD_MAX]; /* ends that came before the answer to SPAWN */
static int early_count;

static void take_output(bool acknowledge);

/* What runs may speak and end before the last of its world is started, and so before
 * the answer. */
static bool expect_reply(void)
{
    while (raw_receive(console, RAW_SECONDS) > 0) {
        if (console->frame.tag == DVM_CTL_SPAWN_REPLY)
            return true;
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(true);
        else if (console->frame.tag == DVM_CTL_TASK_EXIT)
            early[early_count++] = dvm__pb__task_exit__unpack(NULL, console->frame.length,
                                                              console->payload);
    }
    return false;
}

static void set_up(void)
{
    cr_assert(own_daemon_start(&own, false));
    console = raw_enrol(own.folder, CONSOLE, NULL);
    cr_assert_not_null(console);
}

static void tear_down(void)
{
    raw_close(console);
    cr_assert_eq(own_daemon_stop(&own), 0);
}

TestSuite(tasks, .init = set_up, .fini = tear_down);

/* Ask for count tasks of a shell command, as sink; the answer is in console. */
static Dvm__Pb__SpawnReply *spawn_with(Dvm__Pb__Spawn *m, const char *command, int count)
{
    char *args[] = {(char *)"-c", (char *)(uintptr_t)command};
    char *env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"DVM_TOKEN=stale", (char *)"X=y"};
    Dvm__Pb__SpawnReply *reply;

    if (!m->program[0])
        m->program = (char *)"sh";
    m->args = args;
    m->n_args = 2;
    m->env = env;
    m->n_env = 3;
    m->directory = m->directory[0] ? m->directory : (char *)"/tmp";
    m->count = (uint32_t)count;
    m->sink = 1;
    memset(said_bytes, 0, sizeof said_bytes);
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_SPAWN, &m->base);
    if (!expect_reply())
        return NULL;
    reply = dvm__pb__spawn_reply__unpack(NULL, console->frame.length, console->payload);
    for (size_t i = 0; i < reply->n_tids; i++)
        tids[i] = reply->tids[i];
    return reply;
}

static void spawn(const char *command, int count)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    Dvm__Pb__SpawnReply *reply = spawn_with(&m, command, count);

    cr_assert_not_null(reply);
    cr_assert_eq(reply->n_tids, (size_t)count);
    cr_assert_eq(reply->n_errors, 0, "%s", reply->n_errors ? reply->errors[0] : "");
    dvm__pb__spawn_reply__free_unpacked(reply, NULL);
}

static void take_output(bool acknowledge)
{
    Dvm__Pb__Stdio *m = dvm__pb__stdio__unpack(NULL, console->frame.length, console->payload);
    Dvm__Pb__StdioAck ack = DVM__PB__STDIO_ACK__INIT;
    unsigned rank = m->rank;

    cr_assert_leq(said_bytes[rank] + m->data.len, OUTPUT_MAX);
    memcpy(said[rank] + said_bytes[rank], m->data.data, m->data.len);
    said_bytes[rank] += m->data.len;
    said[rank][said_bytes[rank]] = '\0';
    ack.tid = m->tid;
    ack.bytes = m->data.len;
    dvm__pb__stdio__free_unpacked(m, NULL);
    if (acknowledge)
        raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_STDIO_ACK, &ack.base);
}

/* Take in output until a task ends; the caller frees what became of it. */
static Dvm__Pb__TaskExit *next_exit(void)
{
    if (early_count > 0)
        return early[--early_count];
    while (raw_receive(console, RAW_SECONDS) > 0) {
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(true);
        else if (console->frame.tag == DVM_CTL_TASK_EXIT)
            return dvm__pb__task_exit__unpack(NULL, console->frame.length, console->payload);
    }
    cr_assert(false, "no task ended");
    return NULL;
}

/* Wait until each of the first count ranks has said something. */
static void wait_for_words(int count)
{
    int heard = 0;

    for (;;) {
        while (heard < count && said_bytes[heard])
            heard++;
        if (heard == count)
            return;
        cr_assert_eq(raw_receive(console, RAW_SECONDS), 1);
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(true);
    }
}

static void expect_exit(int status, int signal, const char *words)
{
    Dvm__Pb__TaskExit *e = next_exit();

    cr_assert_eq(e->status, status, "%s", e->text);
    cr_assert_eq(e->signal, signal, "%s", e->text);
    cr_assert_not_null(strstr(e->text, words), "'%s'", e->text);
    dvm__pb__task_exit__free_unpacked(e, NULL);
}

Test(tasks, output_comes_before_the_end)
{
    spawn("echo one; echo two >&2; printf three; exit 5", 1);
    expect_exit(5, 0, "rank 0 (host h, pid ");
    cr_assert_not_null(strstr(said[0], "one\n"));
    cr_assert_not_null(strstr(said[0], "two\n"));
    cr_assert_not_null(strstr(said[0], "three"));
}

Test(tasks, ranks_have_their_place_and_environment)
{
    char wanted[RUNTIME_PATH_MAX + 64];

    spawn("echo $X $PWD $DVM_SOCKET $DVM_MACHINE $DVM_HOST $OMP_NUM_THREADS ${#DVM_TOKEN}", 2);
    expect_exit(0, 0, "exited with status 0");
    expect_exit(0, 0, "exited with status 0");
    snprintf(wanted, sizeof wanted, "y /tmp %s/socket unit h 2 32\n", own.folder);
    cr_assert_str_eq(said[0], wanted);
    cr_assert_str_eq(said[1], wanted);
}

Test(tasks, much_output_is_held_back_until_it_is_acknowledged)
{
    char command[64];

    snprintf(command, sizeof command, "yes 123456789 | head -c %zu", BIG);
    spawn(command, 1);
    while (said_bytes[0] < AHEAD && raw_receive(console, RAW_SECONDS) > 0)
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(false);
    cr_assert_geq(said_bytes[0], AHEAD);
    while (raw_receive(console, 0.3) > 0) /* and then nothing comes */
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(false);
    cr_assert_lt(said_bytes[0], BIG);
    {
        Dvm__Pb__StdioAck ack = DVM__PB__STDIO_ACK__INIT;

        ack.tid = tids[0];
        ack.bytes = said_bytes[0];
        raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_STDIO_ACK, &ack.base);
    }
    expect_exit(0, 0, "status 0");
    cr_assert_eq(said_bytes[0], BIG);
}

/* What a task leaves behind in a session of its own may write for ever. */
Test(tasks, an_end_does_not_wait_for_what_goes_on_writing)
{
    Dvm__Pb__TaskExit *e;
    size_t bytes;

    spawn("trap 'exit 3' USR1; setsid sh -c 'kill -USR1 $0; exec yes' $$ & wait", 1);
    cr_assert_eq(early_count, 0);
    do {
        cr_assert_eq(raw_receive(console, RAW_SECONDS), 1);
        if (console->frame.tag == DVM_CTL_STDIO)
            take_output(false);
    } while (console->frame.tag != DVM_CTL_TASK_EXIT);
    bytes = said_bytes[0];
    e = dvm__pb__task_exit__unpack(NULL, console->frame.length, console->payload);
    cr_assert_eq(e->status, 3, "%s", e->text);
    dvm__pb__task_exit__free_unpacked(e, NULL);
    spawn("echo on", 1); /* the daemon has not been kept */
    expect_exit(0, 0, "exited");
    cr_assert_leq(bytes, BIG);
}

Test(tasks, long_lines_are_not_lost)
{
    spawn("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end", 1);
    expect_exit(0, 0, "status 0");
    cr_assert_eq(said_bytes[0], 100000 + 5);
    cr_assert_str_eq(said[0] + 100000, "\nend\n");
}

Test(tasks, standard_input_reaches_rank_0)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    Dvm__Pb__Stdin in = DVM__PB__STDIN__INIT;

    m.stdin_open = true;
    dvm__pb__spawn_reply__free_unpacked(spawn_with(&m, "cat; echo done", 2), NULL);
    in.tid = tids[0];
    in.data.data = (uint8_t *)(uintptr_t)"some words\n";
    in.data.len = 11;
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_STDIN, &in.base);
    in.data.len = 0;
    in.end = true;
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_STDIN, &in.base);
    expect_exit(0, 0, "status 0");
    expect_exit(0, 0, "status 0");
    cr_assert_str_eq(said[0], "some words\ndone\n");
    cr_assert_str_eq(said[1], "done\n", "other ranks read /dev/null");
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_STDIN, &in.base);
    cr_assert(raw_expect(console, DVM_CTL_FAIL));
}

Test(tasks, what_cannot_run_is_said_before_anything_starts)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    Dvm__Pb__SpawnReply *r;
    int code;

    m.program = (char *)"no-such-program";
    r = spawn_with(&m, "", 2);
    cr_assert_eq(r->n_tids, 2);
    cr_assert_eq(r->tids[0], DVM_ERR_NO_PROGRAM);
    cr_assert_eq(r->n_errors, 1, "one sentence a host");
    cr_assert_not_null(strstr(r->errors[0], "host h has no program no-such-program"));
    dvm__pb__spawn_reply__free_unpacked(r, NULL);
    dvm__pb__spawn__init(&m);
    m.directory = (char *)"/no/such/folder";
    r = spawn_with(&m, "true", 1);
    cr_assert_eq(r->tids[0], DVM_ERR_SPAWN);
    cr_assert_not_null(strstr(r->errors[0], "working directory"), "%s", r->errors[0]);
    dvm__pb__spawn_reply__free_unpacked(r, NULL);
    dvm__pb__spawn__init(&m);
    m.where = (char *)"nowhere";
    m.program = (char *)"sh";
    m.count = 1;
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_SPAWN, &m.base);
    cr_assert(raw_expect(console, DVM_CTL_FAIL));
    cr_assert_not_null(strstr(raw_text(console, &code), "no host nowhere"));
    cr_assert_eq(code, DVM_ERR_NO_HOST);
}

Test(tasks, oversubscription_is_noted)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    Dvm__Pb__SpawnReply *r = spawn_with(&m, "true", 8);

    cr_assert_str_eq(r->note, "8 tasks on 4 cores (oversubscribed 2 times; waiting tasks sleep)");
    dvm__pb__spawn_reply__free_unpacked(r, NULL);
}

/* Enrol as the task whose token it printed. */
static struct raw_client *enrol_rank(int rank)
{
    char *newline = strchr(said[rank], '\n');

    *newline = '\0';
    return raw_enrol(own.folder, TASK, said[rank]);
}

Test(tasks, a_token_is_good_once_and_the_world_hears_of_a_death)
{
    struct raw_client *a, *b;
    Dvm__Pb__Kill k = DVM__PB__KILL__INIT;
    Dvm__Pb__Gone *gone;
    struct dvm_frame f = {.op = DVM_OP_EAGER};

    spawn("echo $DVM_TOKEN; exec tail -f /dev/null", 2);
    wait_for_words(2);
    a = enrol_rank(0);
    cr_assert_not_null(a);
    cr_assert_eq(a->tid, tids[0]);
    cr_assert_null(raw_enrol(own.folder, TASK, said[0]), "the token was good twice");
    f.src = a->tid;
    f.dst = tids[1];
    raw_send(a, f, "early", 5, NULL, 0); /* waits in the seat */
    b = enrol_rank(1);
    cr_assert_not_null(b);
    cr_assert_eq(raw_receive(b, RAW_SECONDS), 1);
    cr_assert_eq(b->frame.op, DVM_OP_EAGER);
    k.tid = tids[0];
    k.signal = SIGKILL;
    raw_send(a, f, "last", 4, NULL, 0);
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_KILL, &k.base);
    cr_assert_eq(raw_receive(b, RAW_SECONDS), 1);
    cr_assert_eq(b->frame.op, DVM_OP_EAGER, "what it sent comes before its end");
    cr_assert(raw_expect(b, DVM_CTL_GONE));
    gone = dvm__pb__gone__unpack(NULL, b->frame.length, b->payload);
    cr_assert_eq(gone->tid, tids[0]);
    cr_assert_neq(gone->world, 0);
    cr_assert_not(gone->left);
    dvm__pb__gone__free_unpacked(gone, NULL);
    expect_exit(-1, SIGKILL, "sent it signal 9");
    raw_close(a);
    raw_close(b);
}

Test(tasks, waits_and_notices_are_answered_once)
{
    struct raw_client *t = raw_enrol(own.folder, TASK, NULL);
    Dvm__Pb__TaskWait wait = DVM__PB__TASK_WAIT__INIT;
    Dvm__Pb__Notify notify = DVM__PB__NOTIFY__INIT;
    Dvm__Pb__TaskExit *e;
    uint64_t ref;

    spawn("echo ready; read line; exit 3", 1); /* stdin is /dev/null: ends at once */
    notify.what = DVM_TASK_EXIT;
    notify.tids = tids;
    notify.n_tids = 1;
    notify.tag = NOTICE_TAG;
    raw_control(t, DVM_TID_DAEMON(1), DVM_CTL_NOTIFY, &notify.base);
    while (raw_receive(t, RAW_SECONDS) == 1 && t->frame.op != DVM_OP_EAGER)
        continue;
    cr_assert_eq(t->frame.op, DVM_OP_EAGER);
    cr_assert_eq(t->frame.kind, DVM_KIND_NOTIFY);
    cr_assert_eq(t->frame.src, tids[0]);
    cr_assert_eq(t->frame.tag, NOTICE_TAG);
    cr_assert_eq(t->frame.seq, 0);
    cr_assert_eq(t->frame.length, 16);
    cr_assert_eq(t->payload[4], 3, "its exit status");
    wait.tid = tids[0];
    ref = raw_control(t, DVM_TID_DAEMON(1), DVM_CTL_TASK_WAIT, &wait.base);
    cr_assert(raw_expect(t, DVM_CTL_TASK_EXIT), "an ended task can still be asked for");
    cr_assert_eq(t->frame.ref, ref);
    e = dvm__pb__task_exit__unpack(NULL, t->frame.length, t->payload);
    cr_assert_eq(e->status, 3);
    dvm__pb__task_exit__free_unpacked(e, NULL);
    wait.tid = DVM_TID_MAKE(1, 5000);
    raw_control(t, DVM_TID_DAEMON(1), DVM_CTL_TASK_WAIT, &wait.base);
    cr_assert(raw_expect(t, DVM_CTL_FAIL));
    raw_close(t);
}

Test(tasks, an_abort_ends_the_named_tasks)
{
    struct raw_client *t = raw_enrol(own.folder, TASK, NULL);
    Dvm__Pb__Abort m = DVM__PB__ABORT__INIT;
    Dvm__Pb__TaskExit *e;

    spawn("tail -f /dev/null & wait", 2);
    m.tids = tids;
    m.n_tids = 2;
    m.text = (char *)"rank 5 gave up";
    raw_control(t, DVM_TID_DAEMON(1), DVM_CTL_ABORT, &m.base);
    for (int i = 0; i < 2; i++) {
        e = next_exit();
        cr_assert(e->ended_by_machine);
        cr_assert_not_null(strstr(e->text, "rank 5 gave up"), "%s", e->text);
        dvm__pb__task_exit__free_unpacked(e, NULL);
    }
    raw_close(t);
}

Test(tasks, attached_tasks_end_with_their_console)
{
    struct raw_client *other = raw_enrol(own.folder, CONSOLE, NULL), *mine = console;
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    Dvm__Pb__TaskWait wait = DVM__PB__TASK_WAIT__INIT;

    m.attached = true;
    console = other;
    dvm__pb__spawn_reply__free_unpacked(spawn_with(&m, "echo up; tail -f /dev/null", 1), NULL);
    wait_for_words(1);
    console = mine;
    raw_close(other);
    wait.tid = tids[0];
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_TASK_WAIT, &wait.base);
    expect_exit(-1, SIGKILL, "attached");
}

Test(tasks, a_request_may_be_longer_than_a_frame)
{
    Dvm__Pb__Spawn m = DVM__PB__SPAWN__INIT;
    static char argument[LONG + 1];
    char *args[] = {(char *)"-c", (char *)"echo ${#1}; exec tail -f /dev/null", (char *)"sh",
                    argument};
    Dvm__Pb__Tasks ask = DVM__PB__TASKS__INIT;
    Dvm__Pb__TasksReply *reply;

    memset(argument, 'x', LONG);
    m.program = (char *)"/bin/sh";
    m.args = args;
    m.n_args = sizeof args / sizeof args[0];
    m.directory = (char *)"/";
    m.count = 3;
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_SPAWN, &m.base);
    cr_assert(raw_expect(console, DVM_CTL_SPAWN_REPLY));
    raw_control(console, DVM_TID_DAEMON(1), DVM_CTL_TASKS, &ask.base);
    cr_assert(raw_expect(console, DVM_CTL_TASKS_REPLY));
    reply = dvm__pb__tasks_reply__unpack(NULL, console->frame.length, console->payload);
    cr_assert_eq(reply->n_tasks, 3);
    for (size_t i = 0; i < reply->n_tasks; i++) {
        cr_assert_eq(reply->tasks[i]->rank, i);
        cr_assert_eq(reply->tasks[i]->world_size, 3);
        cr_assert_gt(reply->tasks[i]->pid, 0);
        cr_assert_str_eq(reply->tasks[i]->program, "/bin/sh");
    }
    dvm__pb__tasks_reply__free_unpacked(reply, NULL);
}
