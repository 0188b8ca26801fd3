/* start.c: dvm start: a machine of this computer, or of N simulated hosts.
 *
 * The first daemon is started and waited for; the others join it with one ticket,
 * all at the same time. A daemon that was started returns when its host is usable,
 * so there is nothing to wait for beyond that.
 */
#include "console/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/runtime.h"
#include "base/setting.h"
#include "console/ask.h"
#include "console/invite.h"
#include "console/remote/launch.h"

struct settings {
    int hosts, cores; /* 0: not given */
    double silence;   /* seconds, 0: not given */
    const char *name, *port, *bind, *security;
    struct option_list set;
};

#define HOSTS_MAX 512         /* simulated hosts on one computer */
#define START_SECONDS 60.0    /* until all hosts must be usable */
#define PORTS_A_HOST 2        /* control and lanes */
#define CORES_MAX 65536
#define NUMBER_MAX 16         /* bytes of a number, or a range of ports, as text */

static const struct option_row rows[] = {
    {"hosts", 0, OPTION_INT, offsetof(struct settings, hosts), "N",
     "N simulated hosts sim1..simN on this computer", 1, HOSTS_MAX},
    {"name", 0, OPTION_TEXT, offsetof(struct settings, name), "MACHINE",
     "name of the machine (as --machine)", 0, 0},
    {"port", 0, OPTION_TEXT, offsetof(struct settings, port), "PORTS",
     "control port N, or N-M, of which a free one is taken; the next is used, too (default: any)",
     0, 0},
    {"bind", 0, OPTION_TEXT, offsetof(struct settings, bind), "ADDR",
     "address to listen on (default: all)", 0, 0},
    {"cores", 0, OPTION_INT, offsetof(struct settings, cores), "N",
     "cores that tasks may use (default: all of this process)", 1, CORES_MAX},
    {"silence", 0, OPTION_TIME, offsetof(struct settings, silence), "TIME",
     "a host that is silent so long is lost (default: 3s)", SETTING_SILENCE_MIN_S,
     SETTING_SILENCE_MAX_S},
    {"lane-security", 0, OPTION_TEXT, offsetof(struct settings, security), "full|auth|off",
     "protection of connections between tasks of different hosts (default: full)", 0, 0},
    {"set", 0, OPTION_LIST, offsetof(struct settings, set), "KEY=VALUE",
     "a setting, as in dvmd.conf; may be repeated", 0, 0},
    OPTION_END};

/* One daemon that is to be started, with the texts of its command line. */
struct host {
    char name[DVM_NAME_MAX], port[NUMBER_MAX], cores[NUMBER_MAX], silence[NUMBER_MAX];
    char security[SETTING_NAME_MAX + NUMBER_MAX];
};

struct start {
    const struct console *c;
    const struct settings *s;
    struct setting_value port; /* number 0: any */
    char dvmd[PATH_MAX], machine[DVM_NAME_MAX];
    struct host *hosts;
    struct launch *launches;
    size_t count;
    size_t ready; /* how many have started, for progress */
    double began;
};

static const char **add_option(const char **word, const char *name, const char *value)
{
    *word++ = name;
    *word++ = value;
    return word;
}

/* What the first host decides for the machine; who joins is told. */
static const char **describe_machine(const struct start *t, struct host *h, const char **word)
{
    const struct settings *s = t->s;

    word = add_option(word, "--machine", t->machine);
    if (s->silence > 0) {
        snprintf(h->silence, sizeof h->silence, "%.6f s", s->silence);
        word = add_option(word, "--silence", h->silence);
    }
    if (s->security) {
        snprintf(h->security, sizeof h->security, "%s=%s",
                 setting_row(SETTING_LANE_SECURITY)->name, s->security);
        word = add_option(word, "--set", h->security);
    }
    return word;
}

static void describe_host(struct start *t, size_t i)
{
    const struct settings *s = t->s;
    struct host *h = &t->hosts[i];
    struct launch *l = &t->launches[i];
    const char **word = l->argv;

    if (s->hosts)
        snprintf(h->name, sizeof h->name, "sim%zu", i + 1);
    else
        runtime_host(h->name, sizeof h->name);
    *word++ = t->dvmd;
    word = i > 0 ? add_option(word, "--join", "-") : describe_machine(t, h, word);
    word = add_option(word, "--host", h->name);
    if (t->count > 1)
        *word++ = "--simulated";
    if (t->port.number > 0) {
        if (t->port.most > t->port.number) /* each takes what is free */
            snprintf(h->port, sizeof h->port, "%s", t->port.text);
        else
            snprintf(h->port, sizeof h->port, "%d", (int)t->port.number + PORTS_A_HOST * (int)i);
        word = add_option(word, "--port", h->port);
    }
    if (s->bind)
        word = add_option(word, "--bind", s->bind);
    if (s->cores) {
        snprintf(h->cores, sizeof h->cores, "%d", s->cores);
        word = add_option(word, "--cores", h->cores);
    }
    for (size_t k = 0; k < s->set.count; k++)
        word = add_option(word, "--set", s->set.texts[k]);
    *word = NULL;
    l->seconds = START_SECONDS;
}

/* A value of --set; what it says is for the daemon to judge, which knows the limits. */
static bool set_is_good(const struct start *t, const char *text)
{
    struct setting_value value;
    size_t length = strcspn(text, "=");
    enum setting_key key = setting_find(text, length);
    const char *near = key == SETTING_COUNT ? setting_nearest(text, length) : NULL;

    if (!text[length])
        console_wrong(t->c, "--set takes KEY=VALUE, such as task_memory=1GiB, not \"%.80s\"", text);
    else if (key == SETTING_COUNT)
        console_wrong(t->c, "--set: there is no setting \"%.*s\"%s%s%s; dvm config --keys lists "
                            "them",
                      (int)(length < 80 ? length : 80), text, near ? "; did you mean " : "",
                      near ? near : "", near ? "?" : "");
    else if (setting_parse(key, text + length + 1, &value))
        console_wrong(t->c, "--set: %s", dvm_last_error());
    else
        return true;
    return false;
}

/* --port: what the setting port takes, with room for all hosts. */
static bool ports_are_good(struct start *t)
{
    int count = (int)t->count, first, last;

    if (t->s->port && setting_parse(SETTING_PORT, t->s->port, &t->port)) {
        console_wrong(t->c, "--port: %s", dvm_last_error());
        return false;
    }
    first = (int)t->port.number;
    if (first == 0)
        return true;
    /* of one port N the hosts take N, N + 2, ...; the last one's lanes have the port above */
    last = t->port.most > first ? (int)t->port.most : SETTING_PORT_MAX + 1;
    if (first + PORTS_A_HOST * count - 1 <= last)
        return true;
    console_wrong(t->c, "--port %s leaves too few ports for %d host%s; each needs two", t->s->port,
                  count, count == 1 ? "" : "s");
    return false;
}

/* Refuse in words when the machine runs already, or cannot be what was asked for. */
static int check(const struct start *t)
{
    char folder[RUNTIME_PATH_MAX];
    struct setting_value value;

    if (t->s->bind && setting_parse(SETTING_BIND, t->s->bind, &value)) {
        console_wrong(t->c, "--bind: %s", dvm_last_error());
        return EXIT_USAGE;
    }
    if (t->s->security && setting_parse(SETTING_LANE_SECURITY, t->s->security, &value)) {
        console_wrong(t->c, "--lane-security: %s", dvm_last_error());
        return EXIT_USAGE;
    }
    for (size_t k = 0; k < t->s->set.count; k++)
        if (!set_is_good(t, t->s->set.texts[k]))
            return EXIT_USAGE;
    if (t->s->hosts > 1 && getenv("DVM_DIR")) {
        console_wrong(t->c, "DVM_DIR is the folder of one host and --hosts %d wants several; run: "
                            "unset DVM_DIR",
                      t->s->hosts);
        return EXIT_USAGE;
    }
    if (runtime_find(folder, sizeof folder, t->machine) == DVM_OK) {
        console_wrong(t->c,
                      "the machine \"%s\" runs already (in %s); dvm hosts shows it, dvm halt stops "
                      "it, dvm start --name OTHER starts another",
                      t->machine, folder);
        return EXIT_GENERIC;
    }
    return EXIT_OK;
}

static bool host_done(struct launch *l, void *arg)
{
    struct start *t = arg;
    const struct host *h = &t->hosts[l - t->launches];
    char line[LAUNCH_SAID_MAX];

    if (launch_good(l)) {
        t->ready++;
        return false;
    }
    console_wrong(t->c, "host %s did not start: %s", h->name,
                  launch_last_line(l, line, sizeof line));
    return false;
}

/* Start the hosts but the first; they join it with one ticket. */
static int start_others(struct start *t)
{
    char *ticket = NULL, input[LAUNCH_SAID_MAX];
    struct client *client;
    int r = console_connect(t->c, &client);

    if (r)
        return r;
    r = invite_ticket(client, (unsigned)t->count - 1, 2 * START_SECONDS, &ticket);
    client_close(client);
    if (r)
        return console_failed(t->c, r);
    snprintf(input, sizeof input, "%s\n", ticket);
    for (size_t i = 1; i < t->count; i++)
        t->launches[i].input = input;
    console_say(t->c, "host %s is up; %zu more %s joining", t->hosts[0].name, t->count - 1,
                t->count == 2 ? "is" : "are");
    launch_all(t->launches + 1, t->count - 1, host_done, t);
    explicit_bzero(input, sizeof input);
    invite_free(ticket);
    return EXIT_OK;
}

static int report(const struct start *t)
{
    json_t *list;

    if (!t->c->json) {
        console_say(t->c, "machine %s: %zu of %zu host%s usable after %.2f s", t->machine, t->ready,
                    t->count, t->count == 1 ? "" : "s", clock_seconds() - t->began);
    } else {
        list = json_array();
        for (size_t i = 0; i < t->count; i++)
            json_array_append_new(list,
                                  json_pack("{s:s,s:b}", "name", t->hosts[i].name, "usable",
                                            launch_good(&t->launches[i])));
        console_json(json_pack("{s:s,s:s,s:f,s:o}", "schema", "start/1", "machine", t->machine,
                               "seconds", clock_seconds() - t->began, "hosts", list));
    }
    return t->ready == t->count ? EXIT_OK : EXIT_PARTIAL;
}

static int start_all(struct start *t)
{
    int r;

    if (!ports_are_good(t))
        return EXIT_USAGE;
    for (size_t i = 0; i < t->count; i++)
        describe_host(t, i);
    r = check(t);
    if (r)
        return r;
    launch_all(t->launches, 1, host_done, t);
    if (t->ready == 0)
        return EXIT_GENERIC;
    /* the new machine is the one that is meant from here on */
    setenv("DVM_MACHINE", t->machine, 1);
    r = t->count > 1 ? start_others(t) : EXIT_OK;
    return r ? r : report(t);
}

static int start(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct start t = {.c = c, .s = s, .count = s->hosts ? (size_t)s->hosts : 1};
    int r;

    t.began = clock_seconds();
    if (s->name) {
        c->machine = s->name;
        r = console_apply_machine(c);
        if (r)
            return r;
    }
    r = runtime_machine(t.machine, sizeof t.machine);
    if (r)
        return console_failed(c, r);
    launch_daemon_path(t.dvmd, sizeof t.dvmd);
    t.hosts = calloc(t.count, sizeof *t.hosts);
    t.launches = calloc(t.count, sizeof *t.launches);
    if (t.hosts && t.launches)
        r = start_all(&t);
    else
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts", t.count));
    free(t.hosts);
    free(t.launches);
    return r;
}

const struct command command_start = {
    .name = "start",
    .operands = "",
    .summary = "start a machine on this computer",
    .text = "Without --hosts the machine has this computer as its one host. Further hosts join\n"
            "by dvm add or dvm invite. With --hosts N it has N simulated hosts, as separate from\n"
            "each other as real ones.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .moves = true,
    .function = start,
    .examples = "dvm start               # this computer\n"
                "dvm start --hosts 4     # four simulated hosts\n"
                "dvm start --set task_memory=1GiB --set oversubscribe=refuse\n"
                "dvm --machine lab start # a second machine, beside the first\n",
};
