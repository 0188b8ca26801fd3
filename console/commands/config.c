/* config.c: dvm config: what is in force on each host and where it comes from.
 *
 * Where no machine runs the settings are read here, as a daemon would that was started
 * now: the answer to "what would I get", and whether the files can be read at all.
 */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/runtime.h"
#include "base/settings.h"
#include "console/ask.h"
#include "console/operands.h"
#include "console/text/grid.h"

#define RANGE_MAX 192 /* bytes of what a setting takes, in words */

struct settings_of_config {
    bool keys;
    const char *check;
};

static const struct option_row rows[] = {
    {"check", 0, OPTION_TEXT, offsetof(struct settings_of_config, check), "FILE",
     "only check a file of settings", 0, 0},
    {"keys", 'k', OPTION_FLAG, offsetof(struct settings_of_config, keys), NULL,
     "list all settings with their meaning", 0, 0},
    OPTION_END};

static const struct grid_column columns[] = {
    {"HOST", false, false}, {"SETTING", false, false}, {"VALUE", false, false},
    {"LIMIT", false, false}, {"BY", false, false},     {"FROM", false, true},
};

/* The settings of one host. */
struct answer {
    const char *host;
    Dvm__Pb__ConfigReply *reply; /* owned; NULL when it failed */
    const char *error;           /* then */
};

/* ---- what is printed ------------------------------------------------------------------- */

static json_t *setting_json(const Dvm__Pb__Setting *s)
{
    return json_pack("{s:s,s:o,s:f,s:o,s:o?,s:o?,s:s*}", "name", s->name, "value",
                     console_text(s->value), "number", s->number, "from", console_text(s->from),
                     "limit", s->limit[0] ? console_text(s->limit) : NULL, "limit_from",
                     s->limit_from[0] ? console_text(s->limit_from) : NULL, "enforced",
                     s->enforced[0] ? s->enforced : NULL);
}

static json_t *host_json(const struct answer *a)
{
    json_t *settings = json_array(), *notes = json_array();

    for (size_t i = 0; a->reply && i < a->reply->n_settings; i++)
        json_array_append_new(settings, setting_json(a->reply->settings[i]));
    for (size_t i = 0; a->reply && i < a->reply->n_notes; i++)
        json_array_append_new(notes, console_text(a->reply->notes[i]));
    return json_pack("{s:s,s:o,s:o,s:o?}", "host", a->host, "settings", settings, "notes", notes,
                     "error", a->reply ? NULL : console_text(a->error));
}

static void print_json(const char *machine, const struct answer *list, size_t count)
{
    json_t *hosts = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(hosts, host_json(&list[i]));
    console_json(json_pack("{s:s,s:s?,s:o}", "schema", "config/1", "machine", machine, "hosts",
                           hosts));
}

static void print_setting(struct grid *t, const char *host, const Dvm__Pb__Setting *s)
{
    grid_line(t);
    grid_cell(t, "%s", host);
    grid_cell(t, "%s", s->name);
    grid_cell(t, "%s", s->value);
    grid_cell(t, "%s", s->limit);
    grid_cell(t, "%s", s->enforced);
    grid_cell(t, "%s", s->from);
}

static int print_table(const struct console *c, const struct answer *list, size_t count)
{
    struct grid *t = grid_create(c, columns, sizeof columns / sizeof columns[0]);
    int r;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; list[i].reply && k < list[i].reply->n_settings; k++)
            print_setting(t, list[i].host, list[i].reply->settings[k]);
    r = grid_print(t);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; list[i].reply && k < list[i].reply->n_notes; k++)
            console_say(c, "host %s: %s", list[i].host, list[i].reply->notes[k]);
    return r;
}

/* ---- the machine's hosts ----------------------------------------------------------------- */

static bool is_wanted(const struct hostlist *names, const char *host)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], host) == 0)
            return true;
    return names->count == 0;
}

/* Every name must be that of a host. */
static int check_names(const struct console *c, const struct hostlist *names,
                       const Dvm__Pb__HostsReply *hosts)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t k = 0;

        while (k < hosts->n_hosts && strcmp(hosts->hosts[k]->name, names->names[i]) != 0)
            k++;
        if (k == hosts->n_hosts)
            return console_failed(c, dvm_fail(DVM_ERR_NO_HOST, "machine %s has no host %s; dvm "
                                              "hosts lists them", hosts->machine,
                                              names->names[i]));
    }
    return EXIT_OK;
}

static int report(const struct console *c, const char *machine, const struct ask *asks,
                  struct answer *list, size_t count)
{
    size_t failed = 0;
    int code = DVM_OK, r = EXIT_OK;

    for (size_t i = 0; i < count; i++) {
        if (!asks[i].result)
            list[i].reply = dvm__pb__config_reply__unpack(NULL, asks[i].length, asks[i].payload);
        list[i].error = asks[i].result ? asks[i].sentence : "its answer cannot be read";
        if (list[i].reply)
            continue;
        failed++;
        code = asks[i].result ? asks[i].result : DVM_ERR_PROTOCOL;
        console_wrong(c, "the settings of host %s are not known: %s", list[i].host,
                      list[i].error);
    }
    if (c->json)
        print_json(machine, list, count);
    else if (failed < count)
        r = print_table(c, list, count);
    for (size_t i = 0; i < count; i++)
        dvm__pb__config_reply__free_unpacked(list[i].reply, NULL);
    return r ? r : console_exit_some(failed, count, code);
}

static int ask_them(const struct console *c, struct client *client,
                    const Dvm__Pb__HostsReply *hosts, const struct hostlist *names)
{
    static const Dvm__Pb__Config message = DVM__PB__CONFIG__INIT;
    struct ask *asks = calloc(hosts->n_hosts + 1, sizeof *asks);
    struct answer *list = calloc(hosts->n_hosts + 1, sizeof *list);
    size_t count = 0;
    int r;

    if (!asks || !list) {
        free(asks);
        free(list);
        return console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the settings"));
    }
    for (size_t i = 0; i < hosts->n_hosts; i++) {
        if (!is_wanted(names, hosts->hosts[i]->name))
            continue;
        list[count].host = hosts->hosts[i]->name;
        asks[count++] = (struct ask){.dst = DVM_TID_DAEMON((int)hosts->hosts[i]->slot),
                                     .type = DVM_CTL_CONFIG, .want = DVM_CTL_CONFIG_REPLY,
                                     .message = &message.base};
    }
    ask_all(client, asks, count, ASK_SECONDS);
    r = report(c, hosts->machine, asks, list, count);
    ask_free(asks, count);
    free(asks);
    free(list);
    return r;
}

static int of_machine(const struct console *c, const struct hostlist *names)
{
    struct client *client;
    Dvm__Pb__HostsReply *hosts;
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = ask_hosts(client, &hosts);
    if (r) {
        client_close(client);
        return console_failed(c, r);
    }
    r = check_names(c, names, hosts);
    if (!r)
        r = ask_them(c, client, hosts, names);
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    client_close(client);
    return r;
}

/* ---- without a machine ------------------------------------------------------------------- */

/* A file with a mistake is no mistake of this command line: the status is that of dvm
 * start, which such a file stops. */
static int unreadable(const struct console *c, int error)
{
    console_failed(c, error);
    return EXIT_GENERIC;
}

static int of_nobody(const struct console *c)
{
    static struct settings s;
    Dvm__Pb__ConfigReply reply = DVM__PB__CONFIG_REPLY__INIT;
    Dvm__Pb__Setting list[SETTING_COUNT], *pointers[SETTING_COUNT];
    char *notes[SETTINGS_NOTES_MAX], host[DVM_NAME_MAX];
    struct answer answer = {.host = host, .reply = &reply};
    int r = settings_read_usual(&s);

    if (r)
        return unreadable(c, r);
    r = runtime_host(host, sizeof host);
    if (r)
        return console_failed(c, r);
    for (int key = 0; key < SETTING_COUNT; key++) {
        dvm__pb__setting__init(&list[key]);
        list[key].name = (char *)(uintptr_t)setting_row((enum setting_key)key)->name;
        list[key].value = s.list[key].value.text;
        list[key].number = s.list[key].value.number;
        list[key].from = s.list[key].from;
        list[key].limit = s.list[key].limit_from[0] ? s.list[key].limit.text : (char *)"";
        list[key].limit_from = s.list[key].limit_from;
        pointers[key] = &list[key];
    }
    for (size_t i = 0; i < s.note_count; i++)
        notes[i] = s.notes[i];
    reply.settings = pointers;
    reply.n_settings = SETTING_COUNT;
    reply.notes = notes;
    reply.n_notes = s.note_count;
    console_say(c, "no machine runs here; this is what a daemon that is started now would have");
    if (!c->json)
        return print_table(c, &answer, 1);
    print_json(NULL, &answer, 1);
    return EXIT_OK;
}

static int check_file(const struct console *c, const char *file)
{
    static struct settings s;
    const struct settings_places places = {.named = file};
    int r = settings_read(&s, &places);

    if (r) {
        r = unreadable(c, r);
        for (size_t i = 0; i < s.note_count; i++)
            console_wrong(c, "%s", s.notes[i]);
        return r;
    }
    console_say(c, "%s can be read, and each of its lines is a setting", file);
    return EXIT_OK;
}

static int print_keys(const struct console *c)
{
    char range[RANGE_MAX], variable[SETTING_NAME_MAX];
    json_t *list = json_array();

    for (int key = 0; key < SETTING_COUNT; key++) {
        const struct setting_row *row = setting_row((enum setting_key)key);

        setting_range((enum setting_key)key, range, sizeof range);
        setting_variable((enum setting_key)key, variable);
        if (!c->json)
            printf("%s%s = %s\n    takes: %s\n    default: %s; environment: %s\n    %s\n    %s\n",
                   key ? "\n" : "", row->name, row->value, range, row->fallback, variable,
                   row->help, setting_rule_text((enum setting_key)key));
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", row->name,
                                              "takes", range, "default", row->fallback,
                                              "environment", variable, "help", row->help, "rule",
                                              setting_rule_text((enum setting_key)key)));
    }
    if (c->json)
        console_json(json_pack("{s:s,s:o}", "schema", "keys/1", "keys", list));
    else
        json_decref(list);
    return EXIT_OK;
}

static int config(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings_of_config *s = settings;
    struct hostlist names = {0};
    char folder[RUNTIME_PATH_MAX];
    int r = EXIT_OK;

    if (s->check)
        return check_file(c, s->check);
    if (s->keys)
        return print_keys(c);
    if (argc == 0 && runtime_find(folder, sizeof folder, NULL) == DVM_ERR_NO_DAEMON)
        return of_nobody(c);
    if (argc > 0)
        r = operands_hosts(c, &names, argc, argv);
    if (r)
        return r;
    r = of_machine(c, &names);
    if (argc > 0)
        hostlist_free(&names);
    return r;
}

const struct command command_config = {
    .name = "config",
    .operands = "[HOST...]",
    .summary = "show the settings in force and where they come from",
    .text = "LIMIT is what an administrator allows, BY how a limit is enforced on that host.\n"
            "Where no machine runs, it is what a daemon that is started now would have. --keys\n"
            "explains the settings, which stand in dvmd.conf.\n",
    .options = rows,
    .settings_size = sizeof(struct settings_of_config),
    .operands_max = COMMAND_ANY,
    .function = config,
    .examples = "dvm config                              # of all hosts\n"
                "dvm config node3 --json                 # of one, for scripts\n"
                "dvm config --check /etc/dvm/dvmd.conf   # before it is used\n",
};
