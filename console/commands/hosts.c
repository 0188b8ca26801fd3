/* hosts.c: dvm hosts. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/setting.h"
#include "console/ask.h"
#include "console/text/grid.h"
#include "console/text/words.h"

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

static int hosts(struct console *c, const void *settings, int argc, char **argv)
{
    struct client *client;
    Dvm__Pb__HostsReply *reply;
    const char *survives = "none";
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = ask_hosts(client, &reply);
    if (r) {
        client_close(client);
        return console_failed(c, r);
    }
    for (size_t i = 0; i < reply->n_hosts; i++)
        if (reply->hosts[i]->coordinator && reply->hosts[i]->survives[0])
            survives = reply->hosts[i]->survives;
    r = c->json ? print_json(reply, survives) : print_table(c, reply, survives);
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
            "before the machine as a whole is; lane security is a setting (dvm config).\n",
    .function = hosts,
    .examples = "dvm hosts                                          # a table\n"
                "dvm hosts --json | jq -r '.hosts[].name'           # for scripts\n",
};
