/* ps.c: dvm ps: asks every host for its tasks at the same time. */
#include "console/command.h"

#include <stdio.h>

#include "console/listing.h"
#include "console/text/grid.h"
#include "console/text/words.h"
#include "console/watch/waits.h"

struct settings {
    bool all, binding;
};

static const struct option_row rows[] = {
    {"all", 'a', OPTION_FLAG, offsetof(struct settings, all), NULL, "consoles too", 0, 0},
    {"binding", 'b', OPTION_FLAG, offsetof(struct settings, binding), NULL,
     "on which cpus of its host each may run", 0, 0},
    OPTION_END};

static const struct grid_column columns[] = {
    {"TID", false, false},  {"RANK", true, false}, {"HOST", false, false},
    {"PID", true, false},   {"STATE", false, false}, {"AGE", true, false},
    {"PROGRAM", false, true}, {"PARENT", false, false}, {"WAITS IN", false, true},
    {"CPUS", false, false}, /* the last: only with --binding */
};

#define COLUMNS ((int)(sizeof columns / sizeof columns[0]))
#define ROLE_CONSOLE_NUMBER 2 /* Task.role */
#define CPUS_TEXT_MAX 256     /* bytes of a list of cpus with its NUL */

/* Null for a task that may run on all that its daemon may. */
static json_t *cpus_json(const Dvm__Pb__Task *t)
{
    json_t *list = t->n_cpus ? json_array() : json_null();

    for (size_t i = 0; i < t->n_cpus; i++)
        json_array_append_new(list, json_integer(t->cpus[i]));
    return list;
}

/* "0-3,8", as taskset writes it; cut with dots where it is long. */
static const char *cpus_text(const Dvm__Pb__Task *t, char text[CPUS_TEXT_MAX])
{
    size_t used = 0, next;

    if (t->n_cpus == 0)
        return "any";
    for (size_t i = 0; i < t->n_cpus && used < CPUS_TEXT_MAX; i = next) {
        for (next = i + 1; next < t->n_cpus && t->cpus[next] == t->cpus[next - 1] + 1;)
            next++;
        used += (size_t)snprintf(text + used, CPUS_TEXT_MAX - used, "%s%u", i ? "," : "",
                                 t->cpus[i]);
        if (next - i > 1 && used < CPUS_TEXT_MAX)
            used += (size_t)snprintf(text + used, CPUS_TEXT_MAX - used, "-%u", t->cpus[next - 1]);
    }
    if (used >= CPUS_TEXT_MAX)
        snprintf(text + CPUS_TEXT_MAX - sizeof "...", sizeof "...", "...");
    return text;
}

static json_t *task_json(const struct waits *w, const Dvm__Pb__Task *t)
{
    char world[WORDS_HEX_MAX];

    return json_pack("{s:i,s:i,s:i,s:s,s:i,s:s,s:f,s:o,s:i,s:s,s:s,s:o,s:o,s:o}", "tid", t->tid,
                     "rank",
                     (int)t->rank, "size", (int)t->world_size, "host", t->host, "pid", t->pid,
                     "state", words_task_state(t->state), "age", t->age, "program",
                     console_text(t->program),
                     "parent", t->parent, "world", words_hex(world, t->world), "role",
                     t->role == ROLE_CONSOLE_NUMBER ? "console" : "task", "doing", waits_doing(t),
                     "waiting", waits_json(w, t), "cpus", cpus_json(t));
}

static void task_line(struct grid *t, const struct waits *w, const Dvm__Pb__Task *task,
                      bool binding)
{
    char age[WORDS_AGE_MAX], wait[WAITS_TEXT_MAX], cpus[CPUS_TEXT_MAX];

    grid_line(t);
    grid_cell(t, "0x%x", (unsigned)task->tid);
    if (task->role == ROLE_CONSOLE_NUMBER)
        grid_cell(t, "-");
    else
        grid_cell(t, "%u", task->rank);
    grid_cell(t, "%s", task->host);
    grid_cell(t, "%d", task->pid);
    grid_cell(t, "%s", waits_state(task));
    grid_color(t, task->waiting || task->stopped ? "yellow" : words_task_color(task->state));
    grid_cell(t, "%s", words_age(age, task->age));
    grid_cell(t, "%s", task->program);
    if (task->parent)
        grid_cell(t, "0x%x", (unsigned)task->parent);
    else
        grid_cell(t, "-");
    grid_cell(t, "%s", waits_text(w, task, wait));
    if (binding)
        grid_cell(t, "%s", cpus_text(task, cpus));
}

static void print_json(const struct listing *l, const struct waits *w)
{
    json_t *tasks = json_array(), *failed = json_array();

    for (size_t i = 0; i < l->count; i++) {
        if (!l->replies[i])
            json_array_append_new(failed, json_pack("{s:s,s:o}", "host", l->hosts->hosts[i]->name,
                                                    "error", console_text(l->asks[i].sentence)));
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            json_array_append_new(tasks, task_json(w, l->replies[i]->tasks[j]));
    }
    console_json(json_pack("{s:s,s:s,s:o,s:o}", "schema", "ps/1", "machine", l->hosts->machine,
                           "tasks", tasks, "failed", failed));
}

static int print_table(const struct console *c, const struct listing *l, const struct waits *w,
                       bool binding)
{
    struct grid *t = grid_create(c, columns, binding ? COLUMNS : COLUMNS - 1);

    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; l->replies[i] && j < l->replies[i]->n_tasks; j++)
            task_line(t, w, l->replies[i]->tasks[j], binding);
    return grid_print(t);
}

static bool empty(const struct listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!l->replies[i] || l->replies[i]->n_tasks > 0)
            return false;
    return true;
}

static int print(const struct console *c, const struct listing *l, bool binding)
{
    struct waits *w = waits_create(l);
    int code, r = EXIT_OK;

    if (c->json)
        print_json(l, w);
    else if (empty(l))
        console_say(c, "no tasks run in machine %s", l->hosts->machine);
    else
        r = print_table(c, l, w, binding);
    waits_free(w);
    code = listing_complain(c, l);
    return r ? r : console_exit_some(l->failed, l->count, code);
}

static int ps(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    Dvm__Pb__Tasks message = DVM__PB__TASKS__INIT;
    struct client *client;
    struct listing l;
    int r = console_connect(c, &client);

    if (r)
        return r;
    message.consoles = s->all;
    message.boards = true;
    r = listing_get(client, &message, &l);
    r = r ? console_failed(c, r) : print(c, &l, s->binding);
    listing_free(&l);
    client_close(client);
    return r;
}

const struct command command_ps = {
    .name = "ps",
    .operands = "",
    .summary = "list the tasks of the machine, and what they wait for",
    .text = "A tid can be given to dvm kill as it is shown here.\n"
            "A task is waiting when a call of libdvm does not go on: WAITS IN says which one, for\n"
            "whom, for which tag, where in the program (compiled with -g, as dvmcc does), and for\n"
            "how long. It is computing in its own code or in a call that does not wait, and just\n"
            "running when it does not use libdvm.\n"
            "CPUS (--binding) are those of its host that a task may run on; \"any\": all that\n"
            "its daemon may. Tasks get cpus of their own when a spawn has room on free cores.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .function = ps,
    .examples = "dvm ps                                          # tasks\n"
                "dvm ps -a                                       # and consoles\n"
                "dvm ps --binding                                # and their cpus\n"
                "dvm ps --json | jq '.tasks[] | select(.rank==0)' # for scripts\n"
                "dvm ps --json | jq '.tasks[] | select(.waiting.why == \"credit\")'\n",
};
