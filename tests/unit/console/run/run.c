/* dvm run against a fake daemon: output, tags, stdin, failures, the time limit,
 * the loss of a host, and messages that come before the answer to SPAWN. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "console/command.h"
#include "proto/control.pb-c.h"
#include "tests/support/acting_daemon.h"

#define SPEAK(...) speak(command_main, NULL, (const char *const[]){"dvm", __VA_ARGS__, NULL})
#define TID(slot, n) DVM_TID_MAKE(slot, n)

static void expect_in(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "\"%s\" is not in: %s", part, text);
}

static void say_piece(int client, int tid, int rank, int stream, const char *text, bool more)
{
    Dvm__Pb__Stdio m = DVM__PB__STDIO__INIT;

    m.tid = tid;
    m.rank = (uint32_t)rank;
    m.stream = (uint32_t)stream;
    m.data.data = (uint8_t *)(uintptr_t)text;
    m.data.len = strlen(text);
    m.more = more;
    acting_send(client, DVM_CTL_STDIO, &m.base);
}

static void say(int client, int tid, int rank, int stream, const char *text)
{
    say_piece(client, tid, rank, stream, text, false);
}

static void end(int client, int tid, int rank, int status, bool by_machine)
{
    Dvm__Pb__TaskExit m = DVM__PB__TASK_EXIT__INIT;
    char text[80];

    snprintf(text, sizeof text, "rank %d (host fake1, pid 1) exited with status %d after 0.1 s",
             rank, status);
    m.tid = tid;
    m.rank = (uint32_t)rank;
    m.status = status > 128 ? -1 : status;
    m.signal = status > 128 ? status - 128 : 0;
    m.host = (char *)"fake1";
    m.text = text;
    m.ended_by_machine = by_machine;
    acting_send(client, DVM_CTL_TASK_EXIT, &m.base);
}

/* Ranks are on hosts 1 and 2 by turns. */
static int tid_of(int rank)
{
    return TID(1 + rank % 2, 100 + rank);
}

static void spawned(int client, const struct dvm_frame *f, uint32_t count)
{
    Dvm__Pb__SpawnReply reply = DVM__PB__SPAWN_REPLY__INIT;
    int32_t tids[64];

    for (uint32_t i = 0; i < count; i++)
        tids[i] = tid_of((int)i);
    reply.tids = tids;
    reply.n_tids = count;
    reply.note = (char *)"8 tasks on 4 cores (oversubscribed 2 times)";
    acting_reply(client, f, DVM_CTL_SPAWN_REPLY, &reply.base);
}

static void lose_host(int client, uint32_t slot)
{
    Dvm__Pb__HostEvent e = DVM__PB__HOST_EVENT__INIT;
    Dvm__Pb__Host h = DVM__PB__HOST__INIT;

    h.slot = slot;
    h.name = (char *)"fake2";
    e.event = 3;
    e.host = &h;
    e.reason = (char *)"no sign of life for 3 s";
    acting_send(client, DVM_CTL_HOST_EVENT, &e.base);
}

static bool reads_stdin; /* the program that runs is cat */
static bool waits_for_ack; /* it goes on when the begin of its line is acknowledged */

/* A line in three pieces, with others' lines between them; then one that is too long. */
static void act_long(int client, int count)
{
    static char piece[32 * 1024 + 1];

    memset(piece, 'x', sizeof piece - 1);
    for (int i = 0; i < 2; i++) {
        say_piece(client, tid_of(0), 0, 1, piece, true);
        say(client, tid_of(1), 1, 1, "between\n");
    }
    say(client, tid_of(0), 0, 1, "end\n");
    for (int i = 0; i < 3; i++) {
        say_piece(client, tid_of(2), 2, 1, piece, true);
        say(client, tid_of(1), 1, 1, "between\n");
    }
    for (int i = 0; i < count; i++)
        end(client, tid_of(i), i, 0, false);
}

/* A spawned task crashes, and another one ends with a status; who has spawned them knows. */
static void act_crash(int client)
{
    end(client, TID(2, 7), 1, 128 + SIGSEGV, false);
    end(client, TID(2, 8), 2, 3, false);
    end(client, tid_of(0), 0, 0, false);
}

/* A task spawns two and ends; of one the end is heard of before its begin. */
static void act_guests(int client)
{
    Dvm__Pb__Guests m = DVM__PB__GUESTS__INIT;
    int32_t tids[] = {TID(1, 7), TID(2, 7)};

    end(client, tids[1], 1, 0, false);
    m.tids = tids;
    m.n_tids = 2;
    acting_send(client, DVM_CTL_GUESTS, &m.base);
    end(client, tid_of(0), 0, 0, false);
    say(client, tids[0], 0, 1, "late\n");
    end(client, tids[0], 0, 0, false);
}

/* A host is lost before its only task, a spawned one, is heard of. */
static void lose_guests(int client)
{
    Dvm__Pb__Guests m = DVM__PB__GUESTS__INIT;
    int32_t tids[] = {TID(3, 7)};

    lose_host(client, 3);
    m.tids = tids;
    m.n_tids = 1;
    acting_send(client, DVM_CTL_GUESTS, &m.base);
    end(client, tid_of(0), 0, 0, false);
}

/* The fake's tasks do what their program is called. */
static void act(int client, const struct dvm_frame *f, const Dvm__Pb__Spawn *s)
{
    const char *name = strrchr(s->program, '/');
    int count = (int)s->count;

    name = name ? name + 1 : s->program;
    reads_stdin = !strcmp(name, "cat");
    if (!strcmp(name, "early")) { /* everything before the answer */
        say(client, tid_of(0), 0, 1, "early\n");
        end(client, tid_of(0), 0, 3, false);
        spawned(client, f, s->count);
        return;
    }
    if (!strcmp(name, "lost-early")) {
        end(client, tid_of(0), 0, 0, false);
        lose_host(client, 2);
        spawned(client, f, s->count);
        return;
    }
    if (!strcmp(name, "missing")) {
        Dvm__Pb__SpawnReply reply = DVM__PB__SPAWN_REPLY__INIT;
        int32_t tids[] = {DVM_ERR_NO_PROGRAM};
        char *errors[] = {(char *)"host fake1: missing is not in PATH"};

        reply.tids = tids;
        reply.n_tids = 1;
        reply.errors = errors;
        reply.n_errors = 1;
        acting_reply(client, f, DVM_CTL_SPAWN_REPLY, &reply.base);
        return;
    }
    spawned(client, f, s->count);
    if (!strcmp(name, "lost")) {
        end(client, tid_of(0), 0, 0, false);
        lose_host(client, 2);
        return;
    }
    if (!strcmp(name, "spawns")) {
        act_guests(client);
        return;
    }
    if (!strcmp(name, "spawns-on-lost")) {
        lose_guests(client);
        return;
    }
    if (!strcmp(name, "crash")) {
        act_crash(client);
        return;
    }
    if (!strcmp(name, "stopped")) { /* by dvm kill */
        for (int i = 0; i < count; i++)
            end(client, tid_of(i), i, 128 + SIGTERM, true);
        return;
    }
    if (!strcmp(name, "wait") || !strcmp(name, "cat"))
        return;
    if (!strcmp(name, "acked")) {
        waits_for_ack = true;
        say_piece(client, tid_of(0), 0, 1, "begin", true);
        return;
    }
    if (!strcmp(name, "long")) {
        act_long(client, count);
        return;
    }
    if (!strcmp(name, "all-fail")) {
        for (int i = 0; i < count; i++) {
            say(client, tid_of(i), i, 2, i % 2 ? "first\n\033[1mwhy\n\n" : "why");
            end(client, tid_of(i), i, 3 + i, false);
        }
        return;
    }
    for (int i = 0; i < count; i++) {
        say(client, tid_of(i), i, 1, "out\n");
        say(client, tid_of(i), i, 2, "err\n");
    }
    if (!strcmp(name, "fail"))
        end(client, tid_of(1), 1, 7, false);
    else if (!strcmp(name, "killed"))
        end(client, tid_of(1), 1, 128 + SIGSEGV, false);
    else
        for (int i = 0; i < count; i++)
            end(client, tid_of(i), i, 0, false);
}

static void on_abort(int client, const uint8_t *payload, size_t length)
{
    Dvm__Pb__Abort *a = dvm__pb__abort__unpack(NULL, length, payload);

    for (size_t i = 0; i < a->n_tids; i++)
        end(client, a->tids[i], DVM_TID_N(a->tids[i]) - 100, 128 + SIGTERM, true);
    dvm__pb__abort__free_unpacked(a, NULL);
}

/* cat: each rank echoes its stdin and ends with it. */
static void on_stdin(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__Stdin *m = dvm__pb__stdin__unpack(NULL, f->length, payload);
    char *text = m->data.len ? strndup((char *)m->data.data, m->data.len) : strdup("");

    acting_reply(client, f, DVM_CTL_OK, NULL);
    if (reads_stdin)
        say(client, m->tid, DVM_TID_N(m->tid) - 100, 1, text);
    if (reads_stdin && m->end)
        end(client, m->tid, DVM_TID_N(m->tid) - 100, 0, false);
    free(text);
    dvm__pb__stdin__free_unpacked(m, NULL);
}

static void on_hosts(int client, const struct dvm_frame *f)
{
    Dvm__Pb__HostsReply reply = DVM__PB__HOSTS_REPLY__INIT;
    Dvm__Pb__Host host[2] = {DVM__PB__HOST__INIT, DVM__PB__HOST__INIT};
    Dvm__Pb__Host *list[2] = {&host[0], &host[1]};

    for (uint32_t i = 0; i < 2; i++) {
        host[i].slot = i + 1;
        host[i].name = (char *)(i ? "fake2" : "fake1");
    }
    reply.hosts = list;
    reply.n_hosts = 2;
    acting_reply(client, f, DVM_CTL_HOSTS_REPLY, &reply.base);
}

static void serve(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__Spawn *s;

    switch (f->tag) {
    case DVM_CTL_SPAWN:
        s = dvm__pb__spawn__unpack(NULL, f->length, payload);
        act(client, f, s);
        dvm__pb__spawn__free_unpacked(s, NULL);
        break;
    case DVM_CTL_ABORT:
        acting_reply(client, f, DVM_CTL_OK, NULL);
        on_abort(client, payload, f->length);
        break;
    case DVM_CTL_STDIN:
        on_stdin(client, f, payload);
        break;
    case DVM_CTL_HOSTS:
        on_hosts(client, f);
        break;
    case DVM_CTL_STDIO_ACK:
        if (waits_for_ack) {
            say(client, tid_of(0), 0, 1, " and end\n");
            end(client, tid_of(0), 0, 0, false);
        }
        waits_for_ack = false;
        break;
    default:
        acting_fail(client, f, DVM_ERR_UNSUPPORTED, "the fake does not know that");
    }
}

static struct acting daemon_;

static void with_daemon(void)
{
    setenv("NO_COLOR", "1", 1);
    acting_start(&daemon_, serve);
}

static void without_daemon(void)
{
    acting_stop(&daemon_);
}

TestSuite(run, .init = with_daemon, .fini = without_daemon, .timeout = 240);

Test(run, output_goes_where_it_belongs)
{
    struct spoken s = SPEAK("run", "-n", "3", "./good");

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "out\nout\nout\n");
    cr_expect_str_eq(s.err, "dvm: 8 tasks on 4 cores (oversubscribed 2 times)\nerr\nerr\nerr\n");
    spoken_free(&s);
    s = SPEAK("-q", "run", "-n", "2", "--tag-output", "good");
    cr_expect_str_eq(s.out, "[0 fake1] out\n[1 fake2] out\n");
    cr_expect_str_eq(s.err, "[0 fake1] err\n[1 fake2] err\n");
    spoken_free(&s);
}

Test(run, first_failure_ends_the_rest)
{
    struct spoken s = SPEAK("run", "-n", "4", "fail");

    cr_expect_eq(s.status, 7);
    expect_in(s.err, "dvm: rank 1 (host fake1, pid 1) exited with status 7 after 0.1 s; ending the "
                     "other 3 tasks\n");
    spoken_free(&s);
    s = SPEAK("run", "-n", "2", "killed");
    cr_expect_eq(s.status, 128 + SIGSEGV);
    expect_in(s.err, "ending the other task\n");
    spoken_free(&s);
}

Test(run, lasts_as_long_as_what_it_has_spawned)
{
    struct spoken s = SPEAK("-q", "run", "spawns");

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "late\n");
    cr_expect_str_eq(s.err, "");
    spoken_free(&s);
}

Test(run, a_crash_of_what_it_has_spawned_is_told)
{
    struct spoken s = SPEAK("-q", "run", "crash");

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.err, "dvm: 0x80007, which this run has spawned: rank 1 (host fake1, pid 1) "
                            "exited with status 139 after 0.1 s\n");
    spoken_free(&s);
}

Test(run, who_ended_all_tasks)
{
    struct spoken s = SPEAK("-q", "run", "-n", "3", "stopped");

    cr_expect_eq(s.status, 128 + SIGTERM);
    expect_in(s.err, "dvm: rank 0 (host fake1, pid 1) exited with status 143 after 0.1 s; so were "
                     "2 others\n");
    spoken_free(&s);
}

Test(run, messages_before_the_answer)
{
    struct spoken s = SPEAK("run", "-n", "1", "early");

    cr_expect_eq(s.status, 3);
    cr_expect_str_eq(s.out, "early\n");
    expect_in(s.err, "rank 0");
    spoken_free(&s);
    s = SPEAK("run", "-n", "3", "early");
    cr_expect_eq(s.status, 3);
    expect_in(s.err, "ending the other 2 tasks");
    spoken_free(&s);
}

Test(run, program_missing)
{
    struct spoken s = SPEAK("run", "missing");

    cr_expect_eq(s.status, EXIT_NOT_FOUND);
    expect_in(s.err, "host fake1: missing is not in PATH");
    spoken_free(&s);
}

Test(run, host_lost)
{
    struct spoken s = SPEAK("run", "-n", "5", "lost");

    cr_expect_eq(s.status, EXIT_GENERIC);
    expect_in(s.err, "host fake2 was lost, and ranks 1,3 with it: no sign of life for 3 s; "
                     "ending the other 2 tasks");
    spoken_free(&s);
}

/* The host is lost while the answer to SPAWN waits for another one. */
Test(run, host_lost_before_the_tids_are_known)
{
    struct spoken s = SPEAK("run", "-n", "3", "lost-early");

    cr_expect_eq(s.status, EXIT_GENERIC);
    expect_in(s.err, "host fake2 was lost, and rank 1 with it: no sign of life for 3 s; "
                     "ending the other task");
    spoken_free(&s);
    s = SPEAK("run", "spawns-on-lost");
    cr_expect_eq(s.status, 0, "%s", s.err);
    spoken_free(&s);
}

Test(run, time_limit)
{
    char limit[32], words[100];
    bool started = false;

    /* on a starved computer the daemon may not have answered by then */
    for (double seconds = 0.05; !started; seconds *= 2) {
        struct spoken s;

        cr_assert_lt(seconds, 60);
        snprintf(limit, sizeof limit, "%g", seconds);
        snprintf(words, sizeof words, "time limit of %g s is over", seconds);
        s = SPEAK("run", "-n", "2", "--timeout", limit, "wait");
        cr_expect_eq(s.status, EXIT_RUN_TIMEOUT);
        expect_in(s.err, words);
        started = !strstr(s.err, ", and the tasks are not started yet\n");
        if (started)
            expect_in(s.err, "s is over; ending 2 tasks: ranks 0-1\n");
        spoken_free(&s);
    }
}

Test(run, stdin_goes_to_rank_0)
{
    static const char *const words[] = {"dvm", "-q", "run", "cat", NULL};
    struct spoken s = speak(command_main, "one\ntwo\n", words);

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "one\ntwo\n");
    spoken_free(&s);
}

Test(run, stdin_goes_to_all)
{
    static const char *const words[] = {"dvm", "-q", "run", "-n", "3", "--stdin", "all",
                                        "--collapse", "cat", NULL};
    struct spoken s = speak(command_main, "one\ntwo\n", words);

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "[0-2] one\n[0-2] two\n");
    spoken_free(&s);
}

Test(run, wrong_words)
{
    static const struct {
        const char *option, *value, *words;
    } wrong[] = {{"--stdin", "3", "dvm: --stdin: there is no rank 3: the ranks of this run are 0"},
                 {"--stdin", "nobody", "dvm: --stdin: \"nobody\" is no list of ranks"},
                 {"--gdb", "1-9", "dvm: --gdb: there is no rank 9"},
                 {"--gdb", "first", "dvm: --gdb: \"first\" is no list of ranks"},
                 {"--on-failure", "restart", "takes kill, notify or ignore, not \"restart\""},
                 {"--collapse", "--raw", "exclude each other"},
                 {"--tag-output", "--raw", "exclude each other"},
                 {"--tag-output", "--collapse", "exclude each other"},
                 {"--tag-output", "--output=/tmp/x", "exclude each other"},
                 {"--grace", "-1", "--grace takes a time"}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const words[] = {"dvm", "run", "-n", "3", wrong[i].option, wrong[i].value,
                                     "good", NULL};
        struct spoken s = speak(command_main, "x", words);

        cr_expect_eq(s.status, EXIT_USAGE, "%s %s: %d", wrong[i].option, wrong[i].value, s.status);
        expect_in(s.err, wrong[i].words);
        spoken_free(&s);
    }
}

Test(run, equal_lines_are_folded)
{
    struct spoken s = SPEAK("-q", "run", "-n", "5", "--collapse", "good");

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "[0-4] out\n");
    cr_expect_str_eq(s.err, "[0-4] err\n");
    spoken_free(&s);
    s = SPEAK("-q", "run", "-n", "3", "--collapse", "fail");
    expect_in(s.err, "[0-2] err\ndvm: rank 1"); /* all before the news */
    spoken_free(&s);
}

Test(run, tags_are_coloured_by_rank)
{
    struct spoken s;

    unsetenv("NO_COLOR");
    s = SPEAK("-q", "run", "-n", "2", "--color", "always", "--tag-output", "good");
    cr_expect_str_eq(s.out, "\033[36m[0 fake1]\033[0m out\n\033[33m[1 fake2]\033[0m out\n");
    spoken_free(&s);
}

/* Rank 0's line of over 64 KiB less a byte is one; rank 2's is too long, which is said. */
Test(run, long_lines)
{
    struct spoken s = SPEAK("-q", "run", "-n", "3", "long");
    const char *line = strchr(s.out, 'x');

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_assert_not_null(line);
    cr_expect_eq(strspn(line, "x"), 64 * 1024);
    cr_expect_eq(strncmp(line + 64 * 1024, "end\n", 4), 0);
    expect_in(s.err, "rank 2 writes a line of over 65536 bytes");
    spoken_free(&s);
}

/* A daemon that sends no more than what is acknowledged can send a long line. */
Test(run, what_is_held_is_acknowledged, .timeout = 240)
{
    struct spoken s = SPEAK("-q", "run", "acked");

    cr_expect_eq(s.status, 0, "%s", s.err);
    cr_expect_str_eq(s.out, "begin and end\n");
    spoken_free(&s);
}

Test(run, failures_that_end_nobody)
{
    struct spoken s = SPEAK("-q", "run", "-n", "4", "--on-failure", "notify", "all-fail");

    cr_expect_eq(s.status, 3);
    expect_in(s.err, "status 3 after 0.1 s; the other 3 tasks go on\n");
    expect_in(s.err, "status 5 after 0.1 s; the other task goes on\n");
    expect_in(s.err, "dvm: 4 of 4 tasks failed: ranks 0-3\n");
    spoken_free(&s);
    s = SPEAK("-q", "run", "-n", "4", "--on-failure=ignore", "all-fail");
    cr_expect_eq(s.status, 3);
    cr_expect_null(strstr(s.err, "dvm:"), "%s", s.err);
    spoken_free(&s);
}

/* The last line is quoted where something stands between, without its colours. */
Test(run, last_line_of_stderr)
{
    char folder[] = "/tmp/dvm-test-last-XXXXXX", command[64];
    struct spoken s;

    cr_assert_not_null(mkdtemp(folder));
    s = SPEAK("-q", "run", "-n", "2", "--output", folder, "all-fail");
    expect_in(s.err, "dvm: the last line of its stderr: why\n");
    spoken_free(&s);
    s = SPEAK("-q", "run", "-n", "2", "all-fail");
    cr_expect_null(strstr(s.err, "last line"), "%s", s.err);
    spoken_free(&s);
    s = SPEAK("-q", "run", "-n", "2", "--output", folder, "--on-failure=notify",
              "all-fail");
    expect_in(s.err, "dvm: the last line of its stderr:  [1mwhy\n");
    spoken_free(&s);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert_eq(system(command), 0);
}

Test(run, report)
{
    struct spoken s = SPEAK("-q", "run", "--json", "-n", "2", "fail");
    const char *last = strrchr(s.err, '{') ? strstr(s.err, "{\"schema\"") : NULL;
    json_t *o = last ? json_loads(last, 0, NULL) : NULL, *t;

    cr_assert_not_null(o, "%s", s.err);
    cr_expect_str_eq(s.out, "out\nout\n");
    cr_expect_str_eq(json_string_value(json_object_get(o, "schema")), "run/1");
    cr_expect_eq(json_integer_value(json_object_get(o, "status")), 7);
    cr_expect_eq(json_integer_value(json_object_get(o, "first_failure")), 1);
    t = json_array_get(json_object_get(o, "tasks"), 0);
    cr_expect(json_is_true(json_object_get(t, "ended_by_machine")));
    cr_expect_str_eq(json_string_value(json_object_get(t, "last_stderr")), "err");
    cr_expect_str_eq(json_string_value(json_object_get(o, "on_failure")), "kill");
    json_decref(o);
    spoken_free(&s);
}
