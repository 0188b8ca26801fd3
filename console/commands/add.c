/* add.c: dvm add: a daemon on each of the hosts, over ssh or another command.
 *
 * All hosts are started at the same time (at most LAUNCH_AT_ONCE), with one ticket, and
 * each gets its own verdict: the good ones join whatever becomes of the others. What
 * happens on the remote side is told in remote.h.
 */
#include "console/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostlist.h"
#include "base/runtime.h"
#include "console/ask.h"
#include "console/invite.h"
#include "console/operands.h"
#include "console/remote/launch.h"
#include "console/remote/remote.h"
#include "console/remote/shell.h"
#include "console/remote/verdict.h"
#include "console/text/progress.h"

struct settings {
    const char *ssh;
    double timeout;
    bool no_push;
};

static const struct settings defaults = {.timeout = 60};

#define TIMEOUT_MIN 0.1   /* shortest --timeout, seconds */
#define TIMEOUT_MAX 86400 /* longest */
#define WAITING_SHOWN 4   /* names of hosts that the progress line tells */

static const struct option_row rows[] = {
    {"ssh", 0, OPTION_TEXT, offsetof(struct settings, ssh), "PROGRAM",
     "run PROGRAM COMPUTER sh in place of ssh", 0, 0},
    {"timeout", 0, OPTION_TIME, offsetof(struct settings, timeout), "TIME",
     "how long one host may take (default: 60s)", TIMEOUT_MIN, TIMEOUT_MAX},
    {"no-push", 0, OPTION_FLAG, offsetof(struct settings, no_push), NULL,
     "do not copy dvmd to a host that has none", 0, 0},
    OPTION_END};

struct add {
    const struct console *c;
    const struct settings *s;
    struct hostlist names;
    struct launch *launches;
    struct remote_host *talks;   /* one for each launch */
    struct remote remote;
    char (*hosts)[DVM_NAME_MAX]; /* the names they get in the machine; may be empty */
    struct shell shell;
    json_t *list;
    size_t joined, failed, members; /* members: were in the machine before */
};

static void heard(struct launch *l, const char *line, void *arg)
{
    struct add *a = arg;

    remote_heard(&a->remote, &a->talks[l - a->launches], l, line);
}

static int describe(struct add *a, size_t i)
{
    struct launch *l = &a->launches[i];
    int r = remote_script(&a->remote, &a->talks[i], a->hosts[i]);

    shell_line(&a->shell, a->names.names[i], l);
    l->seconds = a->s->timeout;
    l->input = a->talks[i].script;
    l->heard = heard;
    return r;
}

/* How far it is, with some of those that are waited for. */
static void show_progress(const struct add *a)
{
    char names[WAITING_SHOWN * (DVM_NAME_MAX + 1)] = "";
    size_t left = a->names.count - a->joined - a->failed, shown = 0, used = 0;

    if (a->names.count < 2 || left == 0)
        return;
    for (size_t i = 0; i < a->names.count && shown < WAITING_SHOWN; i++)
        if (!a->talks[i].done) {
            used += (size_t)snprintf(names + used, sizeof names - used, " %s", a->names.names[i]);
            shown++;
        }
    progress_show(a->c, "%zu of %zu joined, %zu failed; waiting for%s%s", a->joined,
                  a->names.count, a->failed, names, left > shown ? " ..." : "");
}

static void tell_joined(struct add *a, size_t i)
{
    const char *name = a->names.names[i];
    bool pushed = a->talks[i].pushed;

    a->joined++;
    json_array_append_new(a->list, json_pack("{s:s,s:b,s:b}", "name", name, "joined", 1, "pushed",
                                             (int)pushed));
    if (!a->c->json)
        printf("%s joined%s\n", name, pushed ? " (dvmd was copied there until it leaves)" : "");
    console_flush();
}

static void tell_failed(struct add *a, const struct launch *l, const char *name)
{
    struct verdict v;

    a->failed++;
    verdict_make(&v, l);
    verdict_print(a->c, &v, name);
    if (v.details && !a->c->quiet)
        verdict_show(l, name);
    json_array_append_new(a->list, verdict_json(&v, name, l->said));
}

static bool host_done(struct launch *l, void *arg)
{
    struct add *a = arg;
    size_t i = (size_t)(l - a->launches);

    a->talks[i].done = true;
    progress_clear(a->c);
    if (launch_good(l) && a->talks[i].running)
        tell_joined(a, i);
    else
        tell_failed(a, l, a->names.names[i]);
    show_progress(a);
    return false;
}

/* A second daemon on a host would join under another name: that is for those who
 * start dvmd there by hand. */
static bool is_member(const Dvm__Pb__HostsReply *hosts, const char *name)
{
    for (size_t i = 0; i < hosts->n_hosts; i++)
        if (!strcmp(hosts->hosts[i]->name, name) && hosts->hosts[i]->state == DVM_HOST_UP)
            return true;
    return false;
}

/* Leave out the hosts that are in the machine already, in words. */
static int drop_members(struct add *a, struct client *client)
{
    Dvm__Pb__HostsReply *hosts;
    struct verdict v = {.code = JOIN_MEMBER, .cause = "it is in the machine already"};
    size_t kept = 0;
    int r = ask_hosts(client, &hosts);

    if (r)
        return r;
    for (size_t i = 0; i < a->names.count; i++) {
        const char *name = a->names.names[i];

        shell_host_name(a->hosts[kept], name);
        if (!is_member(hosts, a->hosts[kept])) {
            memmove(a->names.names[kept++], name, DVM_NAME_MAX);
            continue;
        }
        a->members++;
        verdict_print(a->c, &v, name);
        json_array_append_new(a->list, verdict_json(&v, name, ""));
    }
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    a->names.count = kept;
    return DVM_OK;
}

/* Reach all hosts with a ticket for all of them. */
static int launch_hosts(struct add *a, const char *ticket)
{
    char input[LAUNCH_SAID_MAX], dvmd[PATH_MAX], machine[DVM_NAME_MAX];
    int r = runtime_machine(machine, sizeof machine);

    if (!r)
        r = remote_open(&a->remote, launch_daemon_path(dvmd, sizeof dvmd), machine,
                        !a->s->no_push);
    if (r)
        return r;
    snprintf(input, sizeof input, "%s\n", ticket);
    a->remote.ticket = input;
    for (size_t i = 0; !r && i < a->names.count; i++)
        r = describe(a, i);
    if (!r) {
        show_progress(a);
        launch_all(a->launches, a->names.count, host_done, a);
    }
    explicit_bzero(input, sizeof input);
    remote_close(&a->remote);
    return r;
}

static int add_all(struct add *a)
{
    char *ticket = NULL;
    size_t wanted = a->names.count;
    /* so many hosts after each other at worst, and one more for those that hang on */
    double rounds = 2 + (double)(a->names.count / LAUNCH_AT_ONCE);
    struct client *client;
    int r = console_connect(a->c, &client);

    if (r)
        return r;
    r = drop_members(a, client);
    if (!r && a->names.count > 0)
        r = invite_ticket(client, (unsigned)a->names.count, rounds * a->s->timeout, &ticket);
    client_close(client);
    if (!r && ticket)
        r = launch_hosts(a, ticket);
    invite_free(ticket);
    if (r)
        return console_failed(a->c, r);
    if (a->c->json)
        console_json(json_pack("{s:s,s:O}", "schema", "add/1", "hosts", a->list));
    return console_exit_some(a->failed + a->members, wanted, DVM_ERR_SPAWN);
}

static int add(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct add a = {.c = c, .s = s, .list = json_array()};
    int r = operands_hosts(c, &a.names, argc, argv);

    if (r) {
        json_decref(a.list);
        return r;
    }
    a.launches = calloc(a.names.count, sizeof *a.launches);
    a.hosts = calloc(a.names.count, sizeof *a.hosts);
    a.talks = calloc(a.names.count, sizeof *a.talks);
    if (!a.launches || !a.hosts || !a.talks)
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts",
                                       a.names.count));
    else
        r = shell_open(&a.shell, c, s->ssh);
    if (!r)
        r = add_all(&a);
    json_decref(a.list);
    shell_close(&a.shell);
    for (size_t i = 0; a.talks && i < a.names.count; i++)
        free(a.talks[i].script);
    free(a.talks);
    free(a.launches);
    free(a.hosts);
    hostlist_free(&a.names);
    return r;
}

const struct command command_add = {
    .name = "add",
    .operands = "COMPUTER...",
    .summary = "add hosts to the machine, over ssh",
    .text = "COMPUTER is a name for ssh, or a list such as node[1-8,12]. On each\n"
            "    ssh COMPUTER sh\n"
            "is run, for all at the same time, and told over its standard input to start\n"
            "dvmd --join -. ssh must not need a password. --ssh replaces\n"
            "\"" SHELL_DEFAULT "\";\n"
            "its words are separated by blanks, and quotes mean nothing.\n"
            "\n"
            "dvmd is looked for under the path that it has here, then in PATH. A host that has\n"
            "none gets a copy, with the libraries that it lacks, in its runtime folder until it\n"
            "leaves; its processor must be of the same kind.\n"
            "\n"
            "Each host gets a verdict of its own: HOST did not join (STEP): CAUSE -> REMEDY\n"
            "[CODE]; dvm help CODE has more. The good ones join even if others fail.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = add,
    .examples = "dvm add node3                        # one host\n"
                "dvm add node[1-8,12] ann@lab2        # ten, each with its own verdict\n"
                "dvm add --ssh 'ssh -p 2222' node9    # ssh with options\n",
};
