/* ps.c: dvm ps: asks every host for its tasks at the same time. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "console/ask.h"
#include "console/grid.h"
#include "console/words.h"

struct settings {
    bool all;
};

static const struct option_row rows[] = {
    {"all", 'a', OPTION_FLAG, offsetof(struct settings, all), NULL, "consoles too", 0, 0},
    OPTION_END};

static const struct grid_column columns[] = {
    {"TID", false, false},  {"RANK", true, false}, {"HOST", false, false},
    {"PID", true, false},   {"STATE", false, false}, {"AGE", true, false},
    {"PROGRAM", false, true}, {"PARENT", false, false},
};

#define ROLE_CONSOLE_NUMBER 2 /* Task.role */

static json_t *task_json(const Dvm__Pb__Task *t)
{
    char world[WORDS_HEX_MAX];

    return json_pack("{s:i,s:i,s:i,s:s,s:i,s:s,s:f,s:o,s:i,s:s,s:s}", "tid", t->tid, "rank",
                     (int)t->rank, "size", (int)t->world_size, "host", t->host, "pid", t->pid,
                     "state", words_task_state(t->state), "age", t->age, "program",
                     console_text(t->program),
                     "parent", t->parent, "world", words_hex(world, t->world), "role",
                     t->role == ROLE_CONSOLE_NUMBER ? "console" : "task");
}

static void task_line(struct grid *t, const Dvm__Pb__Task *task)
{
    char age[WORDS_AGE_MAX];

    grid_line(t);
    grid_cell(t, "0x%x", (unsigned)task->tid);
    if (task->role == ROLE_CONSOLE_NUMBER)
        grid_cell(t, "-");
    else
        grid_cell(t, "%u", task->rank);
    grid_cell(t, "%s", task->host);
    grid_cell(t, "%d", task->pid);
    grid_cell(t, "%s", words_task_state(task->state));
    grid_color(t, words_task_color(task->state));
    grid_cell(t, "%s", words_age(age, task->age));
    grid_cell(t, "%s", task->program);
    if (task->parent)
        grid_cell(t, "0x%x", (unsigned)task->parent);
    else
        grid_cell(t, "-");
}

/* Everything that ps prints. */
struct listing {
    struct ask *asks;
    Dvm__Pb__TasksReply **replies; /* one for each ask, NULL where it failed */
    size_t count;
};

static void print_json(const struct listing *l, const Dvm__Pb__HostsReply *hosts)
{
    json_t *tasks = json_array(), *failed = json_array();

    for (size_t i = 0; i < l->count; i++) {
        if (!l->replies[i])
            json_array_append_new(failed, json_pack("{s:s,s:o}", "host", hosts->hosts[i]->name,
                                                    "error", console_text(l->asks[i].sentence)));
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            json_array_append_new(tasks, task_json(l->replies[i]->tasks[j]));
    }
    console_json(json_pack("{s:s,s:s,s:o,s:o}", "schema", "ps/1", "machine", hosts->machine,
                           "tasks", tasks, "failed", failed));
}

static int print_table(const struct console *c, const struct listing *l)
{
    struct grid *t = grid_create(c, columns, sizeof columns / sizeof columns[0]);

    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            task_line(t, l->replies[i]->tasks[j]);
    return grid_print(t);
}

static bool empty(const struct listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!l->replies[i] || l->replies[i]->n_tasks > 0)
            return false;
    return true;
}

/* Ask all hosts; returns how many failed. */
static size_t gather(struct client *client, struct listing *l, const Dvm__Pb__HostsReply *hosts,
                     bool consoles)
{
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    size_t failed = 0;

    message.consoles = consoles;
    for (size_t i = 0; i < l->count; i++) {
        l->asks[i].dst = DVM_TID_DAEMON((int)hosts->hosts[i]->slot);
        l->asks[i].type = DVM_CTL_TASKS;
        l->asks[i].want = DVM_CTL_TASKS_REPLY;
        l->asks[i].message = &message.base;
    }
    ask_all(client, l->asks, l->count, ASK_SECONDS);
    for (size_t i = 0; i < l->count; i++) {
        struct ask *a = &l->asks[i];

        if (!a->result) {
            l->replies[i] = dvm__pb__tasks_reply__unpack(NULL, a->length, a->payload);
            if (!l->replies[i]) {
                a->result = DVM_ERR_PROTOCOL;
                snprintf(a->sentence, sizeof a->sentence, "its list of tasks cannot be read");
            }
        }
        failed += a->result != DVM_OK;
    }
    return failed;
}

static void free_listing(struct listing *l)
{
    for (size_t i = 0; l->replies && i < l->count; i++)
        if (l->replies[i])
            dvm__pb__tasks_reply__free_unpacked(l->replies[i], NULL);
    if (l->asks)
        ask_free(l->asks, l->count);
    free(l->replies);
    free(l->asks);
}

static int list_tasks(const struct console *c, struct client *client,
                      const Dvm__Pb__HostsReply *hosts, bool all)
{
    struct listing l = {.count = hosts->n_hosts};
    size_t failed;
    int code = DVM_OK, r = EXIT_OK;

    l.asks = calloc(l.count + 1, sizeof *l.asks);
    l.replies = calloc(l.count + 1, sizeof(*l.replies));
    if (!l.asks || !l.replies) {
        free_listing(&l);
        return console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks"));
    }
    failed = gather(client, &l, hosts, all);
    if (c->json)
        print_json(&l, hosts);
    else if (empty(&l))
        console_say(c, "no tasks run in machine %s", hosts->machine);
    else
        r = print_table(c, &l);
    for (size_t i = 0; i < l.count; i++)
        if (l.asks[i].result) {
            console_wrong(c, "the tasks of host %s are not known: %s", hosts->hosts[i]->name,
                          l.asks[i].sentence);
            code = l.asks[i].result;
        }
    if (!r)
        r = console_exit_some(failed, l.count, code);
    free_listing(&l);
    return r;
}

static int ps(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
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
    r = list_tasks(c, client, hosts, s->all);
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    client_close(client);
    return r;
}

const struct command command_ps = {
    .name = "ps",
    .operands = "",
    .summary = "list the tasks of the machine",
    .text = "A tid can be given to dvm kill as it is shown here.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .function = ps,
    .examples = "dvm ps                                          # tasks\n"
                "dvm ps -a                                       # and consoles\n"
                "dvm ps --json | jq '.tasks[] | select(.rank==0)' # for scripts\n",
};
