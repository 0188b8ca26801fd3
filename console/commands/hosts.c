/* hosts.c: dvm hosts. */
#include "console/command.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/setting.h"
#include "console/ask.h"
#include "console/text/grid.h"
#include "console/text/words.h"

#define LOOK_MS 100 /* between two looks whether hosts have come */

struct settings {
    int wait;       /* hosts that are waited for; 0: none */
    double timeout; /* seconds; negative: none */
};

static const struct settings defaults = {.timeout = -1};

static const struct option_row rows[] = {
    {"wait", 'w', OPTION_INT, offsetof(struct settings, wait), "N",
     "wait until N hosts are up", 1, DVM_SLOT_MAX},
    {"timeout", 't', OPTION_TIME, offsetof(struct settings, timeout), "TIME",
     "wait no longer than this (90, 10m, 2h); the status is 5 then", 0, 1e9},
    OPTION_END};

static const struct grid_column columns[] = {
    {"NAME", false, false},    {"SLOT", true, false}, {"STATE", false, false},
    {"CORES", true, false},    {"TASKS", true, false}, {"ADDRESS", false, true},
    {"VERSION", false, false},
};

static json_t *host_json(const Dvm__Pb__Host *h)
{
    char incarnation[WORDS_HEX_MAX];

    return json_pack("{s:s,s:i,s:s,s:i,s:i,s:s,s:s,s:s,s:b,s:s}", "name", h->name, "slot",
                     (int)h->slot, "state", words_host_state(h->state), "cores", (int)h->cores,
                     "tasks", (int)h->tasks, "address", h->address, "version", h->version, "arch",
                     h->arch, "coordinator", (int)h->coordinator, "incarnation",
                     words_hex(incarnation, h->incarnation));
}

/* The machine's lane security in a word, or NULL. */
static const char *security(const Dvm__Pb__HostsReply *reply)
{
    const char *const *words = setting_row(SETTING_LANE_SECURITY)->choices;

    for (uint32_t i = 1; *words; i++, words++)
        if (reply->lane_security == i)
            return *words;
    return NULL;
}

/* What that means for connections between tasks, in the order of the words. */
static const char *const meanings[] = {
    [LANE_SECURITY_OFF] = "what tasks of different hosts send each other is not protected",
    [LANE_SECURITY_AUTH] = "tasks of different hosts prove who they are, and do not encrypt",
    [LANE_SECURITY_FULL] = "what tasks of different hosts send each other is encrypted",
};

static int print_json(const Dvm__Pb__HostsReply *reply, const char *survives)
{
    json_t *list = json_array();

    for (size_t i = 0; i < reply->n_hosts; i++)
        json_array_append_new(list, host_json(reply->hosts[i]));
    console_json(json_pack("{s:s,s:s,s:s,s:s?,s:o}", "schema", "hosts/1", "machine", reply->machine,
                           "survives", survives, "lane_security", security(reply), "hosts", list));
    return EXIT_OK;
}

/* node2 before node10, since slots are in the order in which hosts have joined: any. */
static int by_name(const void *a, const void *b)
{
    const Dvm__Pb__Host *const *x = a, *const *y = b;

    return strverscmp((*x)->name, (*y)->name);
}

static int print_table(const struct console *c, const Dvm__Pb__HostsReply *reply,
                       const char *survives)
{
    struct grid *t = grid_create(c, columns, sizeof columns / sizeof columns[0]);
    int r;

    qsort(reply->hosts, reply->n_hosts, sizeof *reply->hosts, by_name);
    for (size_t i = 0; i < reply->n_hosts; i++) {
        const Dvm__Pb__Host *h = reply->hosts[i];

        grid_line(t);
        grid_cell(t, "%s%s", h->name, h->coordinator ? "*" : "");
        grid_cell(t, "%u", h->slot);
        grid_cell(t, "%s", words_host_state(h->state));
        grid_color(t, words_host_color(h->state));
        grid_cell(t, "%u", h->cores);
        grid_cell(t, "%u", h->tasks);
        grid_cell(t, "%s", h->address);
        grid_cell(t, "%s", h->version);
    }
    r = grid_print(t);
    if (!r)
        printf("survives: %s\n", survives);
    if (!r && security(reply))
        printf("lane security: %s (%s)\n", security(reply), meanings[reply->lane_security - 1]);
    return r;
}

static int count_up(const Dvm__Pb__HostsReply *reply)
{
    int n = 0;

    for (size_t i = 0; i < reply->n_hosts; i++)
        n += reply->hosts[i]->state == DVM_HOST_UP;
    return n;
}

/* The hosts, when as many are up as are waited for, or the time is over: then *late. */
static int get(struct client *client, const struct settings *s, Dvm__Pb__HostsReply **reply,
               bool *late)
{
    double end = clock_seconds() + s->timeout;
    int r;

    for (;;) {
        r = ask_hosts(client, reply);
        if (r || count_up(*reply) >= s->wait)
            return r;
        *late = s->timeout >= 0 && clock_seconds() >= end;
        if (*late)
            return DVM_OK;
        dvm__pb__hosts_reply__free_unpacked(*reply, NULL);
        poll(NULL, 0, LOOK_MS);
    }
}

static int show(const struct console *c, const Dvm__Pb__HostsReply *reply)
{
    const char *survives = "none";

    for (size_t i = 0; i < reply->n_hosts; i++)
        if (reply->hosts[i]->coordinator && reply->hosts[i]->survives[0])
            survives = reply->hosts[i]->survives;
    return c->json ? print_json(reply, survives) : print_table(c, reply, survives);
}

static int hosts(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    char after[WORDS_AGE_MAX];
    Dvm__Pb__HostsReply *reply;
    struct client *client;
    bool late = false;
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = get(client, s, &reply, &late);
    if (r) {
        client_close(client);
        return console_failed(c, r);
    }
    r = show(c, reply);
    if (late && !r) {
        console_wrong(c, "%d of %d hosts are up after %s", count_up(reply), s->wait,
                      words_span(after, s->timeout));
        r = EXIT_TIMEOUT;
    }
    dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    client_close(client);
    return r;
}

const struct command command_hosts = {
    .name = "hosts",
    .alias = "conf",
    .operands = "",
    .summary = "list the hosts of the machine",
    .text = "The coordinator's name ends in *. \"survives\" says how many hosts may be lost\n"
            "before the machine as a whole is; lane security is a setting (dvm config). A script\n"
            "that needs so many hosts before it begins waits for them: --wait.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .function = hosts,
    .examples = "dvm hosts                                          # a table\n"
                "dvm hosts --json | jq -r '.hosts[].name'           # for scripts\n"
                "dvm hosts --wait 8 --timeout 5m && dvm run -n 64 ./prog\n",
};
