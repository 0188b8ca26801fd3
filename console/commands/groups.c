/* groups.c: dvm groups: the names that the machine keeps. */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

#include "console/ask.h"
#include "console/text/grid.h"
#include "proto/names.h"

#define MEMBERS_TEXT_MAX 160 /* bytes of the list of members in a table */
#define MEMBER_TEXT_MAX 40

struct settings {
    bool values;
};

static const struct option_row rows[] = {
    {"values", 'v', OPTION_FLAG, offsetof(struct settings, values), NULL,
     "values that tasks have put under a name, instead", 0, 0},
    OPTION_END};

static const struct grid_column columns[] = {
    {"GROUP", false, false}, {"SIZE", true, false}, {"STATE", false, false},
    {"MEMBERS (INSTANCE TID HOST)", false, true},
};

static const struct grid_column value_columns[] = {
    {"VALUE", false, false}, {"INDEX", true, false}, {"BYTES", true, false},
    {"OWNER", false, false}, {"FLAGS", false, false},
};

/* What is asked for, and the hosts, for their names. */
struct names {
    Dvm__Pb__HostsReply *hosts;
    Dvm__Pb__NameAnswer *answer;
};

static const char *host_name(const struct names *n, int slot)
{
    for (size_t i = 0; i < n->hosts->n_hosts; i++)
        if ((int)n->hosts->hosts[i]->slot == slot)
            return n->hosts->hosts[i]->name;
    return "?";
}

/* ---- groups ------------------------------------------------------------------------- */

static const char *state_word(const Dvm__Pb__NameGroup *g)
{
    return g->frozen ? "frozen" : g->waiting ? "waiting" : "open";
}

static json_t *group_json(const struct names *n, const Dvm__Pb__NameGroup *g)
{
    json_t *members = json_array();

    for (size_t i = 0; i < g->n_members; i++)
        json_array_append_new(members,
                              json_pack("{s:i,s:i,s:s}", "instance", (int)g->members[i]->instance,
                                        "tid", g->members[i]->tid, "host",
                                        host_name(n, DVM_TID_SLOT(g->members[i]->tid))));
    return json_pack("{s:o,s:i,s:b,s:i,s:i,s:o}", "name", console_text(g->name), "size",
                     (int)g->n_members, "frozen", (int)g->frozen, "waiting", (int)g->waiting,
                     "count", g->waiting ? g->count : 0, "members", members);
}

static void members_text(const struct names *n, const Dvm__Pb__NameGroup *g,
                         char text[MEMBERS_TEXT_MAX])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < g->n_members; i++) {
        if (used > MEMBERS_TEXT_MAX - MEMBER_TEXT_MAX) {
            snprintf(text + used, MEMBERS_TEXT_MAX - used, " ...");
            return;
        }
        used += (size_t)snprintf(text + used, MEMBERS_TEXT_MAX - used, "%s%u 0x%x %.16s",
                                 i ? ", " : "", g->members[i]->instance,
                                 (unsigned)g->members[i]->tid,
                                 host_name(n, DVM_TID_SLOT(g->members[i]->tid)));
    }
}

static int print_groups(const struct console *c, const struct names *n)
{
    struct grid *t = grid_create(c, columns, sizeof columns / sizeof columns[0]);
    char members[MEMBERS_TEXT_MAX];

    for (size_t i = 0; i < n->answer->n_groups; i++) {
        const Dvm__Pb__NameGroup *g = n->answer->groups[i];

        members_text(n, g, members);
        grid_line(t);
        grid_cell(t, "%s", g->name);
        grid_cell(t, "%zu", g->n_members);
        if (g->waiting)
            grid_cell(t, "%s %u of %d", state_word(g), g->waiting, g->count);
        else
            grid_cell(t, "%s", state_word(g));
        grid_cell(t, "%s", members);
    }
    return grid_print(t);
}

/* ---- values -------------------------------------------------------------------------- */

static json_t *value_json(const Dvm__Pb__NameValue *v)
{
    return json_pack("{s:o,s:i,s:I,s:i,s:b,s:b,s:b}", "name", console_text(v->name), "index",
                     v->index, "bytes", (json_int_t)v->size, "owner", v->owner, "keep",
                     (v->flags & DVM_VALUE_KEEP) != 0, "many", (v->flags & DVM_VALUE_MANY) != 0,
                     "open", (v->flags & DVM_VALUE_OPEN) != 0);
}

static int print_values(const struct console *c, const struct names *n)
{
    struct grid *t =
        grid_create(c, value_columns, sizeof value_columns / sizeof value_columns[0]);

    for (size_t i = 0; i < n->answer->n_values; i++) {
        const Dvm__Pb__NameValue *v = n->answer->values[i];

        grid_line(t);
        grid_cell(t, "%s", v->name);
        grid_cell(t, "%d", v->index);
        grid_cell(t, "%llu", (unsigned long long)v->size);
        if (v->owner)
            grid_cell(t, "0x%x", (unsigned)v->owner);
        else
            grid_cell(t, "-");
        grid_cell(t, "%s%s%s", v->flags & DVM_VALUE_KEEP ? "keep " : "",
                  v->flags & DVM_VALUE_MANY ? "many " : "",
                  v->flags & DVM_VALUE_OPEN ? "open" : "");
    }
    return grid_print(t);
}

/* ---- both ------------------------------------------------------------------------------ */

static int print(const struct console *c, const struct names *n, bool values)
{
    const char *keeper = host_name(n, (int)n->answer->keeper);
    json_t *list;

    if (!c->json && (values ? n->answer->n_values : n->answer->n_groups) == 0) {
        console_say(c, "machine %s keeps no %s", n->hosts->machine,
                    values ? "values under names" : "named groups");
        return EXIT_OK;
    }
    if (!c->json)
        return values ? print_values(c, n) : print_groups(c, n);
    list = json_array();
    for (size_t i = 0; !values && i < n->answer->n_groups; i++)
        json_array_append_new(list, group_json(n, n->answer->groups[i]));
    for (size_t i = 0; values && i < n->answer->n_values; i++)
        json_array_append_new(list, value_json(n->answer->values[i]));
    console_json(json_pack("{s:s,s:s,s:s,s:o}", "schema", values ? "values/1" : "groups/1",
                           "machine", n->hosts->machine, "keeper", keeper,
                           values ? "values" : "groups", list));
    return EXIT_OK;
}

static int ask_names(struct client *client, bool values, struct names *n)
{
    Dvm__Pb__NameCall m = DVM__PB__NAME_CALL__INIT;
    const uint8_t *payload;
    struct dvm_frame f;
    int r = ask_hosts(client, &n->hosts);

    m.what = values ? DVM_NAME_VALUES : DVM_NAME_GROUPS;
    if (!r)
        r = client_call(client, DVM_TID_DAEMON(client_info(client)->slot), DVM_CTL_NAMES, &m.base,
                        DVM_CTL_NAMES_REPLY, &f, &payload, ASK_SECONDS);
    if (!r)
        n->answer = dvm__pb__name_answer__unpack(NULL, f.length, payload);
    if (!r && !n->answer)
        r = dvm_fail(DVM_ERR_PROTOCOL, "the daemon's list of names cannot be read");
    return r;
}

static int groups(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct client *client;
    struct names n = {0};
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = ask_names(client, s->values, &n);
    r = r ? console_failed(c, r) : print(c, &n, s->values);
    dvm__pb__name_answer__free_unpacked(n.answer, NULL);
    dvm__pb__hosts_reply__free_unpacked(n.hosts, NULL);
    client_close(client);
    return r;
}

const struct command command_groups = {
    .name = "groups",
    .operands = "",
    .summary = "list the named groups of the machine, or the values under names",
    .text = "Tasks join and leave named groups while they run (dvm_named_join). A group is\n"
            "waiting while members are in its barrier, and frozen when nobody joins or leaves\n"
            "any more.\n"
            "With --values the bytes that tasks have put under names (dvm_value_put) are listed:\n"
            "keep says that a value outlives its task, many that its name may have several, open\n"
            "that others may change it.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .function = groups,
    .examples = "dvm groups                                         # a table\n"
                "dvm groups --json | jq -r '.groups[].name'         # for scripts\n"
                "dvm groups --values\n",
};
