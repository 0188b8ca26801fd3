/* run.c: dvm run: tasks of a program, in the running machine or a private one. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/runtime.h"
#include "console/private.h"
#include "console/push.h"
#include "console/run/run.h"

#define TIMEOUT_MIN 0.001         /* shortest --timeout, seconds */
#define TIMEOUT_MAX (366 * 86400) /* longest, seconds */

#define GRACE_MAX 86400           /* longest --grace, seconds */

#define WATCH_VARIABLE "DVM_WATCH"
#define WATCH_SECONDS 5.0         /* of quiet before a look, unless --watch says otherwise */

static const struct run_settings defaults = {.count = 1, .grace = RUN_GRACE_SECONDS, .watch = -1};

static const char *const policies[] = {
    [RUN_KILL] = "kill", [RUN_NOTIFY] = "notify", [RUN_IGNORE] = "ignore"};


static const struct option_row rows[] = {
    {"tasks", 'n', OPTION_INT, offsetof(struct run_settings, count), "N",
     "how many tasks (default: 1)", 1, SPAWNING_TASKS_MAX},
    {"where", 0, OPTION_TEXT, offsetof(struct run_settings, where), "HOSTS",
     "on these hosts, such as node[3-8] (default: all)", 0, 0},
    {"push", 0, OPTION_FLAG, offsetof(struct run_settings, push), NULL,
     "copy the program to hosts that do not have it", 0, 0},
    {"pvm", 0, OPTION_FLAG, offsetof(struct run_settings, pvm), NULL,
     "the program is one of PVM, compiled anew or not: see dvm-pvm(7)", 0, 0},
    {"tag-output", 0, OPTION_FLAG, offsetof(struct run_settings, tag), NULL,
     "begin each line with [rank host]", 0, 0},
    {"collapse", 0, OPTION_FLAG, offsetof(struct run_settings, collapse), NULL,
     "fold equal lines of several ranks into one: [0-15] Hello", 0, 0},
    {"raw", 0, OPTION_FLAG, offsetof(struct run_settings, raw), NULL,
     "pass output on as it comes, without waiting for the end of a line", 0, 0},
    {"output", 0, OPTION_TEXT, offsetof(struct run_settings, output), "DIR",
     "write what a rank prints to the files DIR/RANK.out and DIR/RANK.err", 0, 0},
    {"stdin", 0, OPTION_TEXT, offsetof(struct run_settings, input), "RANKS|all|none",
     "who gets the standard input (default: 0)", 0, 0},
    {"on-failure", 0, OPTION_TEXT, offsetof(struct run_settings, on_failure),
     "kill|notify|ignore",
     "what the failure of a task means for the others (default: kill)", 0, 0},
    {"gdb", 0, OPTION_TEXT, offsetof(struct run_settings, gdb), "RANKS|all",
     "run these ranks under gdb, on their own hosts", 0, 0},
    {"timeout", 0, OPTION_TIME, offsetof(struct run_settings, timeout), "TIME",
     "end the tasks after that time, with status 124", TIMEOUT_MIN, TIMEOUT_MAX},
    {"watch", 0, OPTION_TIME, offsetof(struct run_settings, watch), "TIME",
     "look for a deadlock after that time without output (default: 5s, or DVM_WATCH; 0: never)",
     0, TIMEOUT_MAX},
    {"grace", 0, OPTION_TIME, offsetof(struct run_settings, grace), "TIME",
     "how long tasks may take from SIGTERM to SIGKILL (default: 5s)", 0, GRACE_MAX},
    OPTION_END};

#define HINT_WHERE "--where HOSTS chooses hosts of the machine, and dvm add HOST... adds some"
#define HINT_COUNT "-n N is how many tasks"
#define HINT_PLACE "tasks are spread over hosts, or packed: placement of dvmd.conf"

/* What mpirun and mpiexec have. */
static const struct option_hint hints[] = {
    {"-np", HINT_COUNT},
    {"--np", HINT_COUNT},
    {"-H", HINT_WHERE},
    {"-host", HINT_WHERE},
    {"--host", HINT_WHERE},
    {"-hosts", HINT_WHERE},
    {"--hosts", HINT_WHERE},
    {"-f", HINT_WHERE},
    {"-hostfile", HINT_WHERE},
    {"--hostfile", HINT_WHERE},
    {"-machinefile", HINT_WHERE},
    {"--machinefile", HINT_WHERE},
    {"-x", "tasks get the whole environment"},
    {"-env", "tasks get the whole environment"},
    {"-genv", "tasks get the whole environment"},
    {"--oversubscribe", "more tasks than cores are allowed without"},
    {"--allow-run-as-root", "root may without"},
    {"-ppn", HINT_PLACE},
    {"--npernode", HINT_PLACE},
    {"--map-by", HINT_PLACE},
    {"--bind-to", "tasks are bound by themselves, when all fit into the free cores"},
    {NULL, NULL}};

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
    return json_pack("{s:i,s:i,s:s,s:b,s:i,s:i,s:b,s:b,s:f,s:o,s:o?}", "rank", rank, "tid",
                     t->tid, "host", t->host, "ended", (int)t->ended, "status", t->status,
                     "signal", t->signal, "lost", (int)t->lost, "ended_by_machine",
                     (int)t->by_machine, "age", t->age, "text",
                     console_text(t->text ? t->text : ""), "last_stderr",
                     t->last ? console_text(t->last) : NULL);
}

/* The report of --json: the last line of stderr, because stdout is the tasks'. */
static void report(const struct run *r, int status, bool is_private)
{
    json_t *tasks = json_array(), *object;

    for (int i = 0; i < r->count; i++)
        json_array_append_new(tasks, task_json(&r->tasks[i], i));
    object = json_pack("{s:s,s:s,s:b,s:i,s:i,s:b,s:s,s:f,s:o}", "schema", "run/1", "machine",
                       client_info(r->client)->machine, "private", (int)is_private, "status",
                       status, "first_failure", r->first, "timeout", (int)r->timed_out,
                       "on_failure", policies[r->policy], "seconds",
                       clock_seconds() - r->began, "tasks", tasks);
    json_dumpf(object, stderr, 0);
    fputc('\n', stderr);
    json_decref(object);
}

/* Options that say opposite things. Returns an exit code. */
static int check_settings(const struct console *c, const struct run_settings *o)
{
    const char *other = o->tag ? "--tag-output" : o->collapse ? "--collapse" : NULL;

    if (o->raw && other)
        console_wrong(c, "--raw and %s exclude each other: raw output has no lines", other);
    else if (o->output && other)
        console_wrong(c, "--output and %s exclude each other: a rank's files hold what it wrote",
                      other);
    else if (o->gdb && o->input)
        console_wrong(c, "--gdb and --stdin exclude each other: the input is gdb's");
    else if (o->tag && o->collapse)
        console_wrong(c, "--collapse and --tag-output exclude each other: --collapse tells the "
                         "ranks of each line by itself");
    else
        return EXIT_OK;
    return EXIT_USAGE;
}

/* Returns an exit code. */
static int read_policy(const struct console *c, struct run *r)
{
    /* programs of PVM rarely end with a status that means something */
    const char *word = r->s->on_failure ? r->s->on_failure
                                        : policies[r->s->pvm ? RUN_IGNORE : RUN_KILL];

    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (!strcmp(word, policies[i])) {
            r->policy = (enum run_policy)i;
            return EXIT_OK;
        }
    console_wrong(c, "--on-failure takes kill, notify or ignore, not \"%.60s\"", word);
    return EXIT_USAGE;
}

/* A private machine is this computer, which has what it has. */
static int run_connected(struct run *r, struct spawning *s, bool is_private)
{
    struct push push = {0};
    int status = EXIT_OK;

    r->is_private = is_private;
    if (r->s->push && !is_private)
        status = push_program(r->c, r->client, s, &push);
    if (!status) {
        status = run_all(r);
        if (r->c->json)
            report(r, status, is_private);
    }
    push_free(&push);
    return status;
}

/* How long a run may be quiet before it is looked for a deadlock. Error: ARG. */
static int choose_watch(struct run *r)
{
    const char *set = getenv(WATCH_VARIABLE);

    r->watch.after = r->s->watch >= 0 ? r->s->watch : WATCH_SECONDS;
    if (r->s->watch < 0 && set && set[0] && !options_time(set, &r->watch.after))
        return dvm_fail(DVM_ERR_ARG, WATCH_VARIABLE " is \"%.40s\", which is no time such as 30s, "
                        "or 0 for no watch", set);
    return DVM_OK;
}

static int run_tasks(const struct console *c, struct run *r, struct spawning *s)
{
    Dvm__Pb__Streams streams = DVM__PB__STREAMS__INIT;
    Dvm__Pb__Debug debug = DVM__PB__DEBUG__INIT;
    pid_t pid = 0;
    int status, code = run_debug_begin(r, &debug);

    if (!code)
        code = run_input_begin(r, &s->message, &streams);
    if (r->debug.on)
        s->message.debug = &debug;
    streams.raw = r->s->raw;
    if (streams.raw || streams.stdin_all || streams.n_stdin_ranks)
        s->message.streams = &streams;
    s->message.sink = 1;
    s->message.attached = true;
    s->message.strict = true;
    r->spawning = s;
    if (!code)
        code = choose_watch(r);
    if (!code && r->s->output)
        code = files_open(&r->files, r->s->output, r->count);
    if (!code)
        code = connect_or_start(c, &r->client, &pid);
    if (code) {
        status = console_failed(c, code);
    } else {
        status = run_connected(r, s, pid > 0);
        client_close(r->client);
    }
    if (pid > 0)
        private_end(pid);
    s->message.streams = NULL;
    s->message.debug = NULL;
    free(streams.stdin_ranks);
    free(debug.ranks);
    return status;
}

static void free_run(struct run *r)
{
    files_close(r->files);
    run_debug_end(r);
    run_input_free(r);
    if (r->tasks)
        run_stdio_free(r);
    run_guests_free(r);
    held_release(&r->early, NULL, NULL);
    held_release(&r->early_hosts, NULL, NULL);
    for (int i = 0; r->tasks && i < r->count; i++)
        free(r->tasks[i].text);
    free(r->tasks);
    free(r->host_names);
}

static int run(struct console *c, const void *settings, int argc, char **argv)
{
    const struct run_settings *o = settings;
    struct run r = {.c = c, .s = o, .count = o->count, .left = o->count, .first = -1, .result = -1,
                    .tag = o->tag};
    struct spawning s;
    int code = check_settings(c, o);

    if (!code)
        code = read_policy(c, &r);
    if (code)
        return code;
    if (o->pvm)
        code = run_pvm_environment();
    if (code)
        return console_failed(c, code);
    code = spawning_make(&s, o->count, o->where, argv);
    if (code)
        return console_failed(c, code);
    r.began = clock_seconds();
    r.tasks = calloc((size_t)r.count, sizeof *r.tasks);
    if (r.tasks)
        code = run_tasks(c, &r, &s);
    else
        code = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %d tasks", r.count));
    free_run(&r);
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
            "goes to rank 0, or to those that --stdin names. The status is that of the first\n"
            "task that failed; 128 + N for a signal, 124 after --timeout, 127 for a program that\n"
            "is not there. A task that fails ends the others, unless --on-failure says notify\n"
            "(it is told, they go on) or ignore (only the status tells). ^C sends the tasks\n"
            "SIGINT, a second one SIGTERM, a third one SIGKILL; ^Z stops them. What the tasks\n"
            "have spawned is heard, too, and the run lasts until that has ended. A quiet run is\n"
            "looked at for a deadlock (--watch): when tasks can never go on, it is said which and\n"
            "where, once, and the run goes on; nothing is said with -q or --json.\n"
            "A host that lacks the program is named before anything is started; --push copies\n"
            "it there, with the libraries that are lacking, until the host leaves.\n",
    .options = rows,
    .hints = hints,
    .defaults = &defaults,
    .settings_size = sizeof(struct run_settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .stops = true,
    .function = run,
    .examples = "dvm run -n 4 ./hello                      # four tasks, wherever there is room\n"
                "dvm run -n 6 --where node[3-8] ./hello    # on these hosts\n"
                "dvm run -n 4 --timeout 10m ./solve -v 3   # at most ten minutes\n"
                "dvm run -n 16 --collapse ./hello          # [0-15] Hello\n"
                "dvm run -n 16 --output DIR ./hello        # DIR/0.out, DIR/0.err, ...\n"
                "dvm run -n 8 --gdb 3 ./solve              # gdb on rank 3, wherever it is\n"
                "dvm run -n 8 --push ./solve               # also where it is not\n"
                "dvm run --pvm ./master1                   # a program of PVM\n",
};
