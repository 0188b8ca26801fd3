/* The console's commands against a fake daemon: --help and usage errors of every
 * command, tables and JSON, what is said when something is wrong, exit codes. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "console/command.h"
#include "console/help/topic.h"
#include "proto/control.pb-c.h"
#include "tests/support/acting_daemon.h"

static const char *const no_words[] = {"dvm", NULL};

#define SPEAK(...) speak(command_main, NULL, (const char *const[]){"dvm", __VA_ARGS__, NULL})

static void expect_in(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "\"%s\" is not in: %s", part, text);
}

/* A folder in which no machine runs, so that nothing outside is touched. */
static void nowhere(void)
{
    setenv("DVM_DIR", "/tmp/dvm-no-such-folder", 1);
    setenv("NO_COLOR", "1", 1);
}

TestSuite(console, .init = nowhere, .timeout = 240);

Test(console, help_of_every_command)
{
    for (size_t i = 0; command_list[i]; i++) {
        const struct command *k = command_list[i];
        struct spoken a = SPEAK(k->name, "--help"), b = SPEAK("help", k->name);

        cr_expect_eq(a.status, 0, "%s", k->name);
        cr_expect_str_eq(a.out, b.out);
        expect_in(a.out, k->summary);
        expect_in(a.out, "--json");
        for (const struct option_row *r = k->options; r && r->name; r++)
            expect_in(a.out, r->name);
        cr_expect_str_empty(a.err);
        spoken_free(&a);
        spoken_free(&b);
    }
}

Test(console, every_command_refuses_a_wrong_argument)
{
    for (size_t i = 0; command_list[i]; i++) {
        struct spoken s = SPEAK(command_list[i]->name, "--no-such-option");

        cr_expect_eq(s.status, EXIT_USAGE, "%s: %d", command_list[i]->name, s.status);
        expect_in(s.err, "there is no option --no-such-option");
        expect_in(s.err, command_list[i]->name);
        cr_expect_str_empty(s.out);
        spoken_free(&s);
    }
}

Test(console, every_command_counts_its_operands)
{
    for (size_t i = 0; command_list[i]; i++) {
        const struct command *k = command_list[i];
        struct spoken s;

        if (k->operands_max != COMMAND_ANY) {
            s = SPEAK(k->name, "one", "two");
            cr_expect_eq(s.status, EXIT_USAGE, "%s: %d", k->name, s.status);
            expect_in(s.err, "one argument too many");
            spoken_free(&s);
        }
        if (k->operands_min > 0) {
            s = SPEAK(k->name);
            cr_expect_eq(s.status, EXIT_USAGE, "%s: %d", k->name, s.status);
            expect_in(s.err, "something is missing");
            spoken_free(&s);
        }
    }
}

Test(console, first_words)
{
    struct spoken s = speak(command_main, NULL, no_words);

    cr_expect_eq(s.status, EXIT_OK); /* an empty script */
    cr_expect_str_empty(s.err);
    cr_expect_str_empty(s.out);
    spoken_free(&s);
    s = SPEAK("--help");
    cr_expect_eq(s.status, EXIT_OK);
    for (size_t i = 0; command_list[i]; i++)
        expect_in(s.out, command_list[i]->name);
    for (const struct topic *t = topic_list; t->name; t++)
        expect_in(s.out, t->name);
    expect_in(s.out, "codes");
    spoken_free(&s);
    s = SPEAK("hsots");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "did you mean hosts?");
    spoken_free(&s);
    s = SPEAK("help", "hlat");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "did you mean halt?");
    spoken_free(&s);
    s = SPEAK("help", "exit-statsu");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "is no command, topic or code; did you mean exit-status?");
    spoken_free(&s);
    s = SPEAK("--machine", "a/b", "hosts");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "cannot be a machine's name");
    spoken_free(&s);
    s = SPEAK("--version");
    cr_expect_eq(s.status, EXIT_OK);
    expect_in(s.out, "dvm ");
    spoken_free(&s);
}

Test(console, without_a_machine)
{
    static const char *const commands[] = {"hosts", "ps", "invite", "halt"};
    struct spoken s;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        s = SPEAK(commands[i]);
        cr_expect_eq(s.status, EXIT_NOT_CONNECTED, "%s: %d", commands[i], s.status);
        cr_expect_str_empty(s.out);
        cr_expect(s.err[0]);
        spoken_free(&s);
    }
    s = SPEAK("spawn", "true");
    cr_expect_eq(s.status, EXIT_NOT_CONNECTED);
    spoken_free(&s);
    s = SPEAK("--machine", "surely-not-there", "hosts");
    cr_expect_eq(s.status, EXIT_NOT_CONNECTED);
    expect_in(s.err, "surely-not-there");
    expect_in(s.err, "surely-not-there start");
    spoken_free(&s);
}

Test(console, wrong_values_need_no_machine)
{
    struct spoken s = SPEAK("kill", "0x40001", "0xfish");

    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "\"0xfish\" is no tid");
    spoken_free(&s);
    s = SPEAK("kill", "-s", "NONE", "0x40001");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "no signal");
    spoken_free(&s);
    s = SPEAK("add", "node[3-1]");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "runs backwards");
    spoken_free(&s);
    s = SPEAK("run", "--where", "n[", "true");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "without its ]");
    spoken_free(&s);
}

/* ---- a machine of two hosts: fake1 is good, fake2 refuses its list of tasks ---- */

static void hosts_reply(int client, const struct dvm_frame *f)
{
    Dvm__Pb__HostsReply reply = DVM__PB__HOSTS_REPLY__INIT;
    Dvm__Pb__Host host[2] = {DVM__PB__HOST__INIT, DVM__PB__HOST__INIT};
    Dvm__Pb__Host *list[2] = {&host[1], &host[0]};
    static char *names[] = {(char *)"fake1", (char *)"fake2-with-quite-a-long-name"};

    for (uint32_t i = 0; i < 2; i++) {
        host[i].slot = i + 1;
        host[i].name = names[i];
        host[i].cores = 4;
        host[i].tasks = i;
        host[i].state = i ? DVM_HOST_LEAVING : DVM_HOST_UP;
        host[i].address = (char *)(i ? "192.0.2.200:65535" : "");
        host[i].version = (char *)"9.9.9";
        host[i].coordinator = i == 0;
    }
    reply.machine = (char *)"fake";
    reply.hosts = list;
    reply.n_hosts = 2;
    acting_reply(client, f, DVM_CTL_HOSTS_REPLY, &reply.base);
}

static void tasks_reply(int client, const struct dvm_frame *f)
{
    Dvm__Pb__TasksReply reply = DVM__PB__TASKS_REPLY__INIT;
    Dvm__Pb__Task task = DVM__PB__TASK__INIT, *list[] = {&task};

    task.tid = 0x40007;
    task.parent = 0x40002;
    task.rank = 3;
    task.world_size = 8;
    task.state = DVM_TASK_RUNNING;
    task.pid = 4711;
    task.age = 185;
    task.program = (char *)"sol\xff" "ver";
    task.host = (char *)"fake1";
    task.role = 1;
    reply.tasks = list;
    reply.n_tasks = 1;
    acting_reply_parts(client, f, DVM_CTL_TASKS_REPLY, &reply.base, 10);
}

static void serve_kill(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__Kill *kill = dvm__pb__kill__unpack(NULL, f->length, payload);

    if (kill->tid == 0x40007)
        acting_reply(client, f, DVM_CTL_OK, NULL);
    else
        acting_fail(client, f, DVM_ERR_NO_TASK, "there is no such task here");
    dvm__pb__kill__free_unpacked(kill, NULL);
}

static void serve(int client, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__InviteReply ticket = DVM__PB__INVITE_REPLY__INIT;

    ticket.ticket = (char *)"dvm1:a-ticket";
    if (f->tag == DVM_CTL_HOSTS)
        hosts_reply(client, f);
    else if (f->tag == DVM_CTL_TASKS && f->dst == DVM_TID_DAEMON(1))
        tasks_reply(client, f);
    else if (f->tag == DVM_CTL_KILL)
        serve_kill(client, f, payload);
    else if (f->tag == DVM_CTL_INVITE)
        acting_reply(client, f, DVM_CTL_INVITE_REPLY, &ticket.base);
    else if (f->tag == DVM_CTL_REMOVE)
        acting_fail(client, f, DVM_ERR_REFUSED, "host fake1 is the coordinator's");
    else
        acting_fail(client, f, DVM_ERR_UNSUPPORTED, "the fake does not know that");
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

TestSuite(fake, .init = with_daemon, .fini = without_daemon, .timeout = 240);

static json_t *object_of(const struct spoken *s, const char *schema)
{
    json_error_t error;
    json_t *object = json_loads(s->out, 0, &error);

    cr_assert_not_null(object, "%s in: %s", error.text, s->out);
    cr_expect_str_eq(json_string_value(json_object_get(object, "schema")), schema);
    return object;
}

Test(fake, hosts)
{
    struct spoken s = SPEAK("hosts");
    json_t *o, *h;

    cr_expect_eq(s.status, EXIT_OK, "%s", s.err);
    /* in order of slots, never cut, empty cells shown */
    cr_expect(strstr(s.out, "fake1*") < strstr(s.out, "fake2-with-quite-a-long-name"));
    expect_in(s.out, "192.0.2.200:65535");
    expect_in(s.out, "leaving");
    expect_in(s.out, "  -  ");
    expect_in(s.out, "\nsurvives: none\n");
    spoken_free(&s);
    s = SPEAK("--json", "conf");
    o = object_of(&s, "hosts/1");
    cr_expect_eq(json_array_size(json_object_get(o, "hosts")), 2);
    h = json_array_get(json_object_get(o, "hosts"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(h, "name")), "fake1");
    cr_expect_str_eq(json_string_value(json_object_get(h, "state")), "up");
    cr_expect(json_is_true(json_object_get(h, "coordinator")));
    json_decref(o);
    spoken_free(&s);
}

Test(fake, colours_only_when_asked)
{
    struct spoken s = SPEAK("--color=always", "hosts");

    expect_in(s.out, "\033[");
    spoken_free(&s);
    s = SPEAK("hosts");
    cr_expect_null(strstr(s.out, "\033"));
    spoken_free(&s);
}

Test(fake, ps_is_partial_when_a_host_refuses)
{
    struct spoken s = SPEAK("ps");
    json_t *o, *t;

    cr_expect_eq(s.status, EXIT_PARTIAL, "%d", s.status);
    expect_in(s.out, "0x40007");
    expect_in(s.out, "3m05s");
    expect_in(s.out, "0x40002");
    expect_in(s.err, "fake2-with-quite-a-long-name");
    spoken_free(&s);
    s = SPEAK("ps", "--json");
    o = object_of(&s, "ps/1");
    t = json_array_get(json_object_get(o, "tasks"), 0);
    cr_expect_eq(json_integer_value(json_object_get(t, "tid")), 0x40007);
    cr_expect_str_eq(json_string_value(json_object_get(t, "program")), "sol?ver");
    cr_expect_eq(json_array_size(json_object_get(o, "failed")), 1);
    json_decref(o);
    spoken_free(&s);
}

Test(fake, kill_gives_each_task_its_verdict)
{
    struct spoken s = SPEAK("kill", "0x40007");

    cr_expect_eq(s.status, EXIT_OK, "%s", s.err);
    spoken_free(&s);
    s = SPEAK("kill", "-s", "INT", "0x40007", "0x40008");
    cr_expect_eq(s.status, EXIT_PARTIAL);
    expect_in(s.err, "task 0x40008 was not signalled: there is no such task here");
    spoken_free(&s);
    s = SPEAK("kill", "0x40008");
    cr_expect_eq(s.status, EXIT_GENERIC);
    spoken_free(&s);
}

Test(fake, invite_prints_the_ticket_alone)
{
    struct spoken s = SPEAK("invite", "--uses", "3", "--for", "2h");

    cr_expect_eq(s.status, EXIT_OK);
    cr_expect_str_eq(s.out, "dvm1:a-ticket\n");
    expect_in(s.err, "dvmd --join -");
    expect_in(s.err, "3 hosts join within 2 h");
    spoken_free(&s);
    s = SPEAK("invite", "-q");
    cr_expect_str_empty(s.err);
    spoken_free(&s);
}

Test(fake, refusals_are_told)
{
    struct spoken s = SPEAK("rm", "fake1");

    cr_expect_eq(s.status, EXIT_REFUSED);
    expect_in(s.err, "host fake1 was not removed: host fake1 is the coordinator's");
    spoken_free(&s);
    s = SPEAK("start");
    cr_expect_eq(s.status, EXIT_GENERIC);
    expect_in(s.err, "runs already");
    expect_in(s.err, "dvm halt");
    spoken_free(&s);
    s = SPEAK("start", "--hosts", "2");
    cr_expect_eq(s.status, EXIT_USAGE);
    expect_in(s.err, "unset DVM_DIR");
    spoken_free(&s);
}

/* Each way in which a remote shell can fail gets its step, cause and remedy. */
Test(fake, add_judges_each_host)
{
    static const struct {
        const char *script, *words[3];
    } rows[] = {
        {"echo 'ssh: Could not resolve hostname h: Name or service not known' >&2; exit 255",
         {"h did not join (resolve)", "Could not resolve hostname", "getent hosts h [J101]"}},
        {"echo 'noise'; echo 'user@h: Permission denied (publickey).' >&2; exit 255",
         {"(login)", "    h: noise", "ssh-copy-id h [J303]"}},
        {"echo 'Host key verification failed.' >&2; exit 255",
         {"(host key)", "", "ssh h true [J301]"}},
        {"echo '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @' >&2; exit 255",
         {"(host key)", "", "ssh-keygen -R h [J302]"}},
        {"echo 'Received disconnect from h: Too many authentication failures' >&2; exit 255",
         {"(login)", "", "[J304]"}},
        {"echo 'ssh: connect to host h port 22: Connection refused' >&2; exit 255",
         {"(connect)", "port 22", "ssh h true [J201]"}},
        {"echo 'ssh: connect to host h port 22: Connection timed out' >&2; exit 255",
         {"(connect)", "timed out", "[J202]"}},
        {"echo 'ssh: connect to host h port 22: No route to host' >&2; exit 255",
         {"(connect)", "No route", "ping h [J203]"}},
        {"echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255",
         {"(connect)", "closed by", "ssh -v h true [J204]"}},
        {"echo 'something new' >&2; exit 255", {"(connect)", "something new", "[J209]"}},
        {"exit 127", {"(program)", "", "install dvm there"}},
        {"echo 'dvmd: error while loading shared libraries: libzmq.so.5: cannot' >&2; exit 127",
         {"(program)", "libzmq.so.5", "[J402]"}},
        {"echo \"dvmd: /lib/libc.so.6: version \\`GLIBC_2.38' not found\" >&2; exit 1",
         {"(program)", "GLIBC_2.38", "[J403]"}},
        {"echo 'dvmd: cannot execute: Exec format error' >&2; exit 126",
         {"(program)", "", "build and install dvm on h [J404]"}},
        {"echo 'dvmd: the ticket is used up -> x [J804]' >&2; exit 1",
         {"(ticket)", "used up ->", "[J804]"}},
        {"exit 1", {"(join)", "said nothing", "[J999]"}},
        {"exit 0", {"(join)", "said nothing", "[J999]"}},
        {"exec timeout 30 tail -f /dev/null", {"(time)", "no answer within", "[J002]"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[] = "/tmp/dvm-fake-shell-XXXXXX";
        FILE *script = fdopen(mkstemp(path), "w");
        struct spoken s;

        cr_assert_not_null(script);
        fprintf(script, "%s\n", rows[i].script);
        fclose(script);
        char command[64];
        snprintf(command, sizeof command, "sh %s", path);
        /* only the last row takes as long as it may */
        const char *seconds = i + 1 == sizeof rows / sizeof rows[0] ? "2" : "50";
        s = SPEAK("add", "--no-push", "--timeout", seconds, "--ssh", command, "h");
        cr_expect_eq(s.status, EXIT_GENERIC, "%d", s.status);
        for (int k = 0; k < 3; k++)
            expect_in(s.err, rows[i].words[k]);
        spoken_free(&s);
        unlink(path);
    }
}

Test(fake, add_is_partial_and_gives_the_ticket)
{
    char path[] = "/tmp/dvm-fake-shell-XXXXXX", command[64];
    FILE *script = fdopen(mkstemp(path), "w");
    struct spoken s;
    json_t *o;

    cr_assert_not_null(script);
    /* $1 is the host, $2 the shell, which says that it runs dvmd and gets the ticket */
    fputs("test \"$2\" = sh || exit 3\n"
          "echo dvm-join: run dvmd\n"
          "while read ticket; do case $ticket in dvm1:a-ticket) break;; esac; done\n"
          "test \"$ticket\" = dvm1:a-ticket || exit 4\n"
          "test $1 != n2\n",
          script);
    fclose(script);
    snprintf(command, sizeof command, "sh %s", path);
    s = SPEAK("add", "--ssh", command, "--json", "n[1-3]");
    cr_expect_eq(s.status, EXIT_PARTIAL, "%s", s.err);
    o = object_of(&s, "add/1");
    cr_expect_eq(json_array_size(json_object_get(o, "hosts")), 3);
    expect_in(s.err, "n2 did not join");
    json_decref(o);
    spoken_free(&s);
    unlink(path);
}

/* What usage lines call a value says what it is (value.h): to completion and manual. */
Test(console, every_value_is_known)
{
    for (size_t i = 0; command_list[i]; i++) {
        const struct command *k = command_list[i];
        char name[VALUE_NAME_MAX];

        for (const struct option_row *r = k->options; r && r->name; r++)
            cr_expect(!r->value == (r->kind == OPTION_FLAG) && (!r->value || value_known(r->value)),
                      "dvm %s --%s %s: console/value.c has no such word", k->name, r->name,
                      r->value);
        for (int n = 0; n < k->operands_min || (n == 0 && k->operands_max); n++) {
            cr_expect(value_operand(k->operands, (size_t)n, name), "dvm %s %s", k->name,
                      k->operands);
            cr_expect(value_known(name), "dvm %s %s: console/value.c has no %s", k->name,
                      k->operands, name);
        }
        if (k->operands_max == 0)
            cr_expect_str_empty(k->operands);
    }
    for (const struct option_row *r = console_options; r->name; r++)
        cr_expect(!r->value || value_known(r->value), "--%s %s", r->name, r->value);
}

Test(console, help_of_every_topic)
{
    for (const struct topic *t = topic_list; t->name; t++) {
        struct spoken s = SPEAK("help", t->name);

        cr_expect_eq(s.status, EXIT_OK);
        expect_in(s.out, t->summary);
        expect_in(s.out, t->text);
        for (const struct topic_row *r = t->rows; r && r->term; r++)
            expect_in(s.out, r->term);
        spoken_free(&s);
        cr_expect_null(command_find(t->name), "%s is a command, too", t->name);
    }
}

/* Each name belongs to one command; each example is a line of its command. */
Test(console, names_and_examples)
{
    for (size_t i = 0; command_list[i]; i++) {
        const struct command *k = command_list[i];
        const char *at = k->alias;
        char alias[VALUE_NAME_MAX];

        cr_expect_eq(command_find(k->name), k, "%s is taken twice", k->name);
        while (command_next_alias(&at, alias))
            cr_expect_eq(command_find(alias), k, "%s is taken twice", alias);
        for (const char *line = k->examples; line && *line; line = strchr(line, '\n') + 1) {
            cr_assert(strchr(line, '\n'), "an example of %s lacks its line end", k->name);
            cr_expect(strstr(line, "dvm ") && strstr(line, k->name), "%s: %s", k->name, line);
        }
    }
}
