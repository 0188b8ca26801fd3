/* run.c: dvm run: tasks of a program, in the running machine or a private one. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/runtime.h"
#include "console/private.h"
#include "console/run/run.h"

#define TIMEOUT_MIN 0.001         /* shortest --timeout, seconds */
#define TIMEOUT_MAX (366 * 86400) /* longest, seconds */

static const struct run_settings defaults = {.count = 1};

static const struct option_row rows[] = {
    {"tasks", 'n', OPTION_INT, offsetof(struct run_settings, count), "N",
     "how many tasks (default: 1)", 1, SPAWNING_TASKS_MAX},
    {"where", 0, OPTION_TEXT, offsetof(struct run_settings, where), "HOSTS",
     "on these hosts, such as node[3-8] (default: all)", 0, 0},
    {"tag-output", 0, OPTION_FLAG, offsetof(struct run_settings, tag), NULL,
     "begin each line with [rank host]", 0, 0},
    {"timeout", 0, OPTION_TIME, offsetof(struct run_settings, timeout), "TIME",
     "end the tasks after that time, with status 124", TIMEOUT_MIN, TIMEOUT_MAX},
    OPTION_END};

/* The running machine's client, or a private machine's. *pid: of its dvmd, or 0. */
static int connect_or_start(const struct console *c, struct client **out, pid_t *pid)
{
    char folder[RUNTIME_PATH_MAX];
    int fd, r = runtime_find(folder, sizeof folder, NULL);

    *pid = 0;
    if (r == DVM_ERR_NO_DAEMON && !c->machine)
        return private_start(out, pid);
    if (!r)
        r = runtime_connect(folder, &fd);
    return r ? r : client_open(out, fd, "dvm", false);
}

static json_t *task_json(const struct run_task *t, int rank)
{
    return json_pack("{s:i,s:i,s:s,s:b,s:i,s:i,s:b,s:b,s:f,s:o}", "rank", rank, "tid", t->tid,
                     "host", t->host, "ended", (int)t->ended, "status", t->status, "signal",
                     t->signal, "lost", (int)t->lost, "ended_by_machine", (int)t->by_machine,
                     "age", t->age, "text", console_text(t->text ? t->text : ""));
}

/* The report of --json: the last line of stderr, because stdout is the tasks'. */
static void report(const struct run *r, int status, bool is_private)
{
    json_t *tasks = json_array(), *object;

    for (int i = 0; i < r->count; i++)
        json_array_append_new(tasks, task_json(&r->tasks[i], i));
    object = json_pack("{s:s,s:s,s:b,s:i,s:i,s:b,s:f,s:o}", "schema", "run/1", "machine",
                       client_info(r->client)->machine, "private", (int)is_private, "status",
                       status, "first_failure", r->first, "timeout", (int)r->timed_out, "seconds",
                       clock_seconds() - r->began, "tasks", tasks);
    json_dumpf(object, stderr, 0);
    fputc('\n', stderr);
    json_decref(object);
}

static int run_tasks(const struct console *c, struct run *r, struct spawning *s)
{
    pid_t pid;
    int status, code = connect_or_start(c, &r->client, &pid);

    if (code)
        return console_failed(c, code);
    s->message.sink = 1;
    s->message.attached = true;
    s->message.strict = true;
    run_input_begin(r);
    s->message.stdin_open = r->input.open;
    r->spawning = s;
    status = run_all(r);
    if (c->json)
        report(r, status, pid > 0);
    client_close(r->client);
    if (pid > 0)
        private_end(pid);
    return status;
}

static int run(struct console *c, const void *settings, int argc, char **argv)
{
    const struct run_settings *o = settings;
    struct run r = {.c = c, .s = o, .count = o->count, .left = o->count, .first = -1, .result = -1};
    struct spawning s;
    int code = spawning_make(&s, o->count, o->where, argv);

    if (code)
        return console_failed(c, code);
    r.began = clock_seconds();
    r.tasks = calloc((size_t)r.count, sizeof *r.tasks);
    if (r.tasks)
        code = run_tasks(c, &r, &s);
    else
        code = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d tasks", r.count));
    for (int i = 0; r.tasks && i < r.count; i++)
        free(r.tasks[i].text);
    free(r.tasks);
    free(r.host_names);
    spawning_free(&s);
    return code;
}

const struct command command_run = {
    .name = "run",
    .operands = "[--] PROGRAM [ARGUMENT...]",
    .summary = "run tasks of a program and wait for them",
    .text = "In the running machine; with none, in a private one of this computer that ends\n"
            "with the run. A PROGRAM with a slash is meant relative to this folder, another is\n"
            "looked for in PATH on each host. The tasks get this folder and environment; stdin\n"
            "goes to rank 0. The status is that of the first task that failed; 128 + N for a\n"
            "signal, 124 after --timeout, 127 for a program that is not there. ^C sends the\n"
            "tasks SIGINT, a second one SIGTERM, a third one SIGKILL.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct run_settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .stops = true,
    .function = run,
    .examples = "dvm run -n 4 ./hello                      # four tasks, wherever there is room\n"
                "dvm run -n 6 --where node[3-8] ./hello    # on these hosts\n"
                "dvm run -n 4 --timeout 10m ./solve -v 3   # at most ten minutes\n",
};
