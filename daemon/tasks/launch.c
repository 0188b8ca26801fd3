/* launch.c: LAUNCH: this host's tasks of a spawn are started.
 *
 * LAUNCH brings all tids of the new world and starts those of this host, which RESERVE
 * (reserve.c) has given out. It is answered when the keeper has said of each whether it runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "daemon/computer/cgroup.h"
#include "daemon/keeper.h"
#include "daemon/options.h"
#include "daemon/tasks/bind.h"
#include "daemon/tasks/environment.h"
#include "daemon/tasks/exit.h"
#include "daemon/tasks/foreign.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/program.h"
#include "daemon/tasks/push.h"
#include "daemon/tasks/stdio.h"
#include "daemon/tasks/tasker.h"
#include "daemon/tasks/wish.h"

/* A LAUNCH that is being carried out. */
struct launch {
    struct dvm_frame request;
    size_t count, pending;
    int32_t *tids;   /* owned: as in the answer */
    char **errors;   /* owned: count places */
    size_t error_count;
    char *directory; /* owned: where the tasks were to run */
};

static void free_launch(struct launch *l)
{
    for (size_t i = 0; i < l->error_count; i++)
        free(l->errors[i]);
    free(l->errors);
    free(l->directory);
    free(l->tids);
    free(l);
}

static struct launch *make_launch(const struct dvm_frame *frame, const Dvm__Pb__Launch *m)
{
    struct launch *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->request = *frame;
    l->count = m->n_tids;
    l->tids = malloc((m->n_tids + 1) * sizeof *l->tids);
    l->errors = calloc(m->n_tids + 1, sizeof *l->errors);
    l->directory = strdup(m->what->directory);
    if (!l->tids || !l->errors || !l->directory) {
        free_launch(l);
        return NULL;
    }
    memcpy(l->tids, m->tids, m->n_tids * sizeof *l->tids);
    return l;
}

/* Tasks of one host mostly fail for one reason, which is told once. */
static bool said_before(const struct launch *l, const char *error)
{
    return l->error_count > 0 && strcmp(l->errors[l->error_count - 1], error) == 0;
}

/* One task is settled: it runs, or error says why not. */
static void settle(struct tasks *t, struct launch *l, int tid, int code, const char *error)
{
    Dvm__Pb__Launched reply = DVM__PB__LAUNCHED__INIT;

    for (size_t i = 0; code && i < l->count; i++)
        if (l->tids[i] == tid)
            l->tids[i] = code;
    if (code && l->error_count < l->count && !said_before(l, error)) {
        l->errors[l->error_count] = strdup(error);
        l->error_count += l->errors[l->error_count] != NULL;
    }
    if (--l->pending > 0)
        return;
    reply.tids = l->tids;
    reply.n_tids = l->count;
    reply.errors = l->errors;
    reply.n_errors = l->error_count;
    daemon_answer(t->d, CLUSTER_CONTROL, &l->request, DVM_CTL_LAUNCHED, &reply.base);
    free_launch(l);
}

void tasks_drop_launch(struct task *task)
{
    struct launch *l = task->launch;

    task->launch = NULL;
    if (l && --l->pending == 0)
        free_launch(l);
}

/* Take a task that could not be started out of the world. */
static void unstarted(struct tasks *t, struct task *task, int code, const char *why)
{
    struct launch *l = task->launch;
    int tid = task->tid;

    task->launch = NULL;
    exit_unstarted(t, task, why);
    settle(t, l, tid, code, why);
}

/* Why a file that is there and may be executed was not; NULL where the error's own text
 * says it. */
static const char *exec_text(int error)
{
    switch (error) {
    case ENOEXEC:
        return "it is neither a program for this system nor a script that begins with #!";
    case ENOENT:
        return "what is to run it is not there: the interpreter behind #! in its first line, or "
               "the loader that it was linked for";
    default:
        return NULL;
    }
}

static const char *step_text(int step)
{
    switch (step) {
    case KEEPER_STEP_DIRECTORY:
        return "the working directory cannot be entered";
    case KEEPER_STEP_BIND:
        return "it cannot be bound to its cores";
    case KEEPER_STEP_FORK:
        return "no process can be made";
    case KEEPER_STEP_CGROUP:
        return "it cannot be put into its cgroup";
    case KEEPER_STEP_EXEC:
        return "the program cannot be executed";
    default:
        return "it cannot be set up";
    }
}

void tasks_started(struct tasks *t, int tid, pid_t pid, int error, int step)
{
    struct task *task = tasks_find(t, tid);
    struct launch *l = task ? task->launch : NULL;
    const char *why = step == KEEPER_STEP_EXEC ? exec_text(error) : NULL;
    char text[EXIT_TEXT_MAX];

    if (!l || task->state != DVM_TASK_STARTING)
        return;
    if (pid <= 0) {
        snprintf(text, sizeof text, "host %s did not start %s%s%s: %s: %s", t->d->host,
                 task->program, step == KEEPER_STEP_DIRECTORY ? " in " : "",
                 step == KEEPER_STEP_DIRECTORY ? l->directory : "", step_text(step),
                 why ? why : strerror(error));
        unstarted(t, task, why ? DVM_ERR_NO_PROGRAM : DVM_ERR_SPAWN, text);
        return;
    }
    task->pid = pid;
    task->state = DVM_TASK_RUNNING;
    task->launch = NULL;
    tasks_event(t, task, DVM_EVENT_TASK_STARTED, "");
    settle(t, l, tid, DVM_OK, NULL);
    if (task->enrolled_gone)
        exit_enrolled(t, task);
}

/* Cores that a task may use, a part of one counting as one; 0: no limit. */
static int most_cores(const struct daemon *d)
{
    double cores = settings_number(d->settings, SETTING_TASK_CORES);
    int whole = (int)cores;

    return whole < cores ? whole + 1 : whole;
}

/* The cpus to bind a task to, or NULL. */
static const cpu_set_t *bound_to(const struct daemon *d, const struct task *task, cpu_set_t *room)
{
    const struct cgroup *g = keeper_cgroup(d->keeper);
    const cpu_set_t *own = task->bound ? &task->cpus : NULL;
    int most = most_cores(d);

    /* a cgroup limits the time, wherever it is spent */
    return most && !(g && g->cores) && bind_narrow(own, most, room) ? room : own;
}

/* Give the keeper the order. */
static int order(struct tasks *t, struct task *task, const Dvm__Pb__Launch *m,
                 struct environment *e)
{
    const struct stdio_wish wish = wish_streams(m->what, task->rank);
    const char **argv = wish_arguments(m->what, task->rank, m->path);
    cpu_set_t narrow;
    struct keeper_task k = {.tid = task->tid, .path = m->path, .directory = m->what->directory,
                            .argv = argv, .cpus = bound_to(t->d, task, &narrow)};
    char debugger[PROGRAM_PATH_MAX];
    int r;

    if (!argv)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start a task");
    r = tasks_token_make(t, task);
    k.env = environment_with_token(e, task->token, sizeof task->token);
    if (!r && !wish_debugged(m->what, task->rank) && tasker_give(t, task, m, argv, k.env)) {
        free(argv);
        return DVM_OK;
    }
    if (!r && wish_debugged(m->what, task->rank)) {
        r = wish_locate(m->what, t->d->host, debugger, sizeof debugger);
        k.path = debugger;
    }
    if (!r)
        r = stdio_open(t, task, &wish, k.fds);
    if (!r) {
        r = keeper_start(t->d->keeper, &k);
        for (size_t i = 0; i < sizeof k.fds / sizeof k.fds[0]; i++)
            close(k.fds[i]);
    }
    free(argv);
    return r;
}

/* A task is the tasker's to start: it runs, as far as those are concerned who wait for that. */
static void given(struct tasks *t, struct task *task)
{
    struct launch *l = task->launch;

    task->spawned = false;
    t->children--;
    task->state = DVM_TASK_RUNNING;
    task->launch = NULL;
    tasks_event(t, task, DVM_EVENT_TASK_STARTED, "by the tasker");
    settle(t, l, task->tid, DVM_OK, NULL);
}

static int rank_of(const Dvm__Pb__Launch *m, int tid)
{
    for (size_t i = 0; i < m->n_world_tids; i++)
        if (m->world_tids[i] == tid)
            return (int)i;
    return -1;
}

static void start_one(struct tasks *t, struct launch *l, const Dvm__Pb__Launch *m, int tid,
                      const cpu_set_t *cpus, struct environment *e)
{
    struct task *task = tasks_find(t, tid);
    int rank = rank_of(m, tid), r;

    if (!task || task->state != TASK_RESERVED || rank < 0) {
        if (cpus)
            bind_give(cpus);
        settle(t, l, tid, DVM_ERR_SPAWN, "a task was to be started that was not reserved");
        return;
    }
    task->world = tasks_world(t, m->world, m->world_tids, m->n_world_tids);
    task->rank = rank;
    task->parent = m->parent;
    task->sink = m->sink;
    task->owner = m->owner;
    task->started = clock_seconds();
    task->spawned = true;
    task->state = DVM_TASK_STARTING;
    tasks_reserve(t, task, false);
    task->launch = l;
    task->bound = cpus != NULL;
    if (cpus)
        task->cpus = *cpus;
    t->running++;
    t->children++;
    r = task->world ? order(t, task, m, e)
                    : dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start a task");
    if (r)
        unstarted(t, task, r, dvm_last_error());
    else if (task->by_tasker)
        given(t, task);
}

/* Simulated hosts and private machines share their computer with others. */
static cpu_set_t *take_cores(struct daemon *d, size_t count)
{
    cpu_set_t *cpus;

    if (d->is_private || d->options->cores || d->options->simulated)
        return NULL;
    cpus = malloc(count * sizeof *cpus);
    if (cpus && !bind_take((int)count, cpus)) {
        free(cpus);
        cpus = NULL;
    }
    return cpus;
}

/* Threads that fit on a task's share of the cores. */
static int share_of_cores(struct daemon *d, size_t count)
{
    const struct cluster_host *self = cluster_host(d->cluster, cluster_self(d->cluster));
    int cores = self ? self->cores : 1, most = most_cores(d);
    int share = (size_t)cores > count ? cores / (int)count : 1;

    return most && most < share ? most : share;
}

static int launch(struct daemon *d, const struct dvm_frame *frame, const Dvm__Pb__Launch *m)
{
    struct tasks *t = d->tasks;
    struct launch *l = make_launch(frame, m);
    struct environment *e = l ? environment_make(d, m->what, share_of_cores(d, m->n_tids)) : NULL;
    cpu_set_t *cpus;

    if (!e) {
        if (l)
            free_launch(l);
        return dvm_fail(DVM_ERR_NO_MEMORY, "host %s has no memory to start tasks", d->host);
    }
    cpus = take_cores(d, m->n_tids);
    l->pending = m->n_tids + 1; /* one for this function, so that it is not freed below */
    for (size_t i = 0; i < m->n_tids; i++)
        start_one(t, l, m, m->tids[i], cpus ? &cpus[i] : NULL, e);
    tasks_tell_load(t, CLUSTER_CONTROL, DVM_TID_SLOT(frame->src));
    settle(t, l, 0, DVM_OK, NULL);
    free(cpus);
    environment_free(e);
    /* last: the answer may come at once and end these tasks */
    if (m->owner && foreign_watch(t, m->owner))
        log_error("%s", dvm_last_error());
    if (m->sink && foreign_watch(t, m->sink))
        log_error("%s", dvm_last_error());
    return DVM_OK;
}

/* None of a LAUNCH can be started: those of its world that other hosts run must not wait
 * for these. */
static void none_started(struct tasks *t, const Dvm__Pb__Launch *m, const char *why)
{
    for (size_t i = 0; i < m->n_tids; i++) {
        struct task *task = tasks_find(t, m->tids[i]);
        int rank = rank_of(m, m->tids[i]);

        if (!task || task->state != TASK_RESERVED || rank < 0)
            continue;
        task->world = tasks_world(t, m->world, m->world_tids, m->n_world_tids);
        task->rank = rank;
        task->started = clock_seconds();
        tasks_reserve(t, task, false);
        exit_unstarted(t, task, why);
    }
}

void handle_launch(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Launch *m = dvm__pb__launch__unpack(NULL, frame->length, payload);
    char why[DVM_SENTENCE_MAX];
    int r = DVM_ERR_PROTOCOL;

    dvm_fail(r, "a LAUNCH that cannot be read");
    if (m && m->what && m->n_tids > 0)
        r = push_adapt(d, m->path, m->what);
    if (m && m->what && m->n_tids > 0 && !r)
        r = d->ending ? dvm_fail(DVM_ERR_CLOSING, "host %s is leaving the machine", d->host)
                      : launch(d, frame, m);
    if (r) {
        snprintf(why, sizeof why, "%s", dvm_last_error());
        daemon_fail(d, frame, r, "%s", why);
    }
    if (r && m)
        none_started(d->tasks, m, why);
    dvm__pb__launch__free_unpacked(m, NULL);
}
