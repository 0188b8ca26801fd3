/* add.c: dvm add: a daemon on each of the hosts, over ssh or another command.
 *
 * All hosts are started at the same time, with one ticket, and each gets its own
 * verdict. The command line for the remote side is plain words, which mean the
 * same to a shell (ssh) and to a program that executes them as they are. The
 * remote dvmd is looked for under the path it has here, and if it is not there,
 * by PATH: that is the second try of a host whose first ended with 126 or 127.
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
#include "console/launch.h"
#include "console/operands.h"
#include "console/verdict.h"

struct settings {
    const char *ssh;
};

#define SSH_DEFAULT "ssh -o BatchMode=yes -o ConnectTimeout=10"
#define ADD_SECONDS 60.0   /* until a host must have joined */
#define COMMAND_WORDS 12   /* words that --ssh may have */
#define NOT_EXECUTABLE 126 /* as shells and ssh say it */
#define NOT_FOUND 127
#define DVMD "dvmd"        /* what the remote PATH is asked for */

static const struct option_row rows[] = {
    {"ssh", 0, OPTION_TEXT, offsetof(struct settings, ssh), "PROGRAM",
     "run PROGRAM COMPUTER WORDS... in place of ssh", 0, 0},
    OPTION_END};

struct add {
    const struct console *c;
    struct hostlist names;
    struct launch *launches;
    char (*hosts)[DVM_NAME_MAX]; /* the names they get in the machine; may be empty */
    char *command;               /* COMMAND, cut into words */
    const char *words[COMMAND_WORDS];
    size_t word_count;
    char dvmd[PATH_MAX];
    json_t *list;
    size_t failed;
};

static int cut_command(struct add *a, const char *command)
{
    char *rest;

    a->command = strdup(command);
    if (!a->command)
        return console_failed(a->c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for --ssh"));
    for (char *w = strtok_r(a->command, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (a->word_count == COMMAND_WORDS) {
            console_wrong(a->c, "--ssh has more than %d words; put them into a script and name "
                                "that",
                          COMMAND_WORDS);
            return EXIT_USAGE;
        }
        a->words[a->word_count++] = w;
    }
    if (a->word_count > 0)
        return EXIT_OK;
    console_wrong(a->c, "--ssh needs a command, such as --ssh \"ssh -p 2222\"");
    return EXIT_USAGE;
}

/* The name that a host gets in the machine: as it was called here, without a user. */
static void name_host(char *out, const char *called)
{
    const char *at = strrchr(called, '@');

    at = at ? at + 1 : called;
    out[0] = '\0';
    if (runtime_name_ok(at))
        strcpy(out, at);
}

static void describe(struct add *a, size_t i, const char *dvmd)
{
    const char **word = a->launches[i].argv;

    for (size_t k = 0; k < a->word_count; k++)
        *word++ = a->words[k];
    *word++ = a->names.names[i];
    *word++ = dvmd;
    *word++ = "--join";
    *word++ = "-";
    if (a->hosts[i][0]) {
        *word++ = "--host";
        *word++ = a->hosts[i];
    }
    *word = NULL;
    a->launches[i].seconds = ADD_SECONDS;
}

static bool tried_by_path(const struct add *a, const struct launch *l)
{
    return l->argv[a->word_count + 1] != a->dvmd;
}

static bool host_done(struct launch *l, void *arg)
{
    struct add *a = arg;
    size_t i = (size_t)(l - a->launches);
    int status = !l->late && !l->not_started && WIFEXITED(l->status) ? WEXITSTATUS(l->status) : -1;
    struct verdict v;

    if ((status == NOT_FOUND || status == NOT_EXECUTABLE) && !tried_by_path(a, l)) {
        describe(a, i, DVMD);
        return true;
    }
    if (launch_good(l)) {
        json_array_append_new(a->list,
                              json_pack("{s:s,s:b}", "name", a->names.names[i], "joined", 1));
        if (!a->c->json)
            printf("%s joined\n", a->names.names[i]);
        fflush(stdout);
        return false;
    }
    a->failed++;
    verdict_make(&v, l, a->names.names[i]);
    console_wrong(a->c, "%s did not join (%s): %s%s%s", a->names.names[i], v.step, v.cause,
                  v.remedy[0] ? " -> " : "", v.remedy);
    if (v.details && !a->c->quiet)
        verdict_show(l, a->names.names[i]);
    json_array_append_new(a->list,
                          json_pack("{s:s,s:b,s:s,s:o,s:s,s:o}", "name", a->names.names[i],
                                    "joined", 0, "step", v.step, "cause", console_text(v.cause),
                                    "remedy", v.remedy, "said", console_text(l->said)));
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
    size_t kept = 0;
    int r = ask_hosts(client, &hosts);

    if (r)
        return r;
    for (size_t i = 0; i < a->names.count; i++) {
        const char *name = a->names.names[i];

        name_host(a->hosts[kept], name);
        if (!is_member(hosts, a->hosts[kept])) {
            memmove(a->names.names[kept++], name, DVM_NAME_MAX);
            continue;
        }
        a->failed++;
        console_wrong(a->c, "%s did not join (name): it is in the machine already -> dvm rm %s, "
                            "if it is to start anew", name, a->hosts[kept]);
        json_array_append_new(a->list, json_pack("{s:s,s:b,s:s,s:s,s:s,s:s}", "name", name,
                                                 "joined", 0, "step", "name", "cause",
                                                 "it is in the machine already", "remedy",
                                                 "dvm rm removes it", "said", ""));
    }
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    a->names.count = kept;
    return DVM_OK;
}

static int add_all(struct add *a)
{
    char *ticket, input[LAUNCH_SAID_MAX];
    size_t wanted = a->names.count;
    struct client *client;
    int r = console_connect(a->c, &client);

    if (r)
        return r;
    ticket = NULL;
    r = drop_members(a, client);
    if (!r && a->names.count > 0)
        r = invite_ticket(client, (unsigned)a->names.count, 2 * ADD_SECONDS, &ticket);
    client_close(client);
    if (r)
        return console_failed(a->c, r);
    snprintf(input, sizeof input, "%s\n", ticket ? ticket : "");
    for (size_t i = 0; i < a->names.count; i++) {
        describe(a, i, strchr(a->dvmd, '/') && verdict_plain_words(a->dvmd) ? a->dvmd : DVMD);
        a->launches[i].input = input;
    }
    launch_all(a->launches, a->names.count, host_done, a);
    explicit_bzero(input, sizeof input);
    invite_free(ticket);
    if (a->c->json)
        console_json(json_pack("{s:s,s:O}", "schema", "add/1", "hosts", a->list));
    return console_exit_some(a->failed, wanted, DVM_ERR_SPAWN);
}

static int add(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct add a = {.c = c, .list = json_array()};
    int r = operands_hosts(c, &a.names, argc, argv);

    if (r) {
        json_decref(a.list);
        return r;
    }
    launch_daemon_path(a.dvmd, sizeof a.dvmd);
    a.launches = calloc(a.names.count, sizeof *a.launches);
    a.hosts = calloc(a.names.count, sizeof *a.hosts);
    if (!a.launches || !a.hosts)
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts",
                                       a.names.count));
    else
        r = cut_command(&a, s->ssh ? s->ssh : SSH_DEFAULT);
    if (!r)
        r = add_all(&a);
    json_decref(a.list);
    free(a.command);
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
            "    ssh COMPUTER dvmd --join - --host COMPUTER\n"
            "is run, for all at the same time; ssh must not need a password. --ssh replaces\n"
            "\"" SSH_DEFAULT "\".\n"
            "Its words are separated by blanks; quotes mean nothing.\n"
            "Each host gets a verdict of its own; the good ones join even if others fail.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = add,
    .examples = "dvm add node3                        # one host\n"
                "dvm add node[1-8,12] ann@lab2        # ten, each with its own verdict\n"
                "dvm add --ssh 'ssh -p 2222' node9    # ssh with options\n",
};
