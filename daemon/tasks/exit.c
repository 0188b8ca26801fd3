/* exit.c: the end of a task; see exit.h.
 *
 * The order is what the library relies on. First all that the task sent is taken
 * in: the frames in its socket, the bytes in its pipes (until they are empty, not
 * until EOF: something it started may hold them open). Only then is anybody told,
 * on the bulk flow, behind those frames and bytes: the sink, the world (unless it
 * had left), the watchers, those who wait, those who asked for a message. Its seat
 * goes last and returns what was still sent to it.
 */
#include "daemon/tasks/exit.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "daemon/keeper.h"
#include "daemon/local.h"
#include "daemon/names.h"
#include "daemon/tasks/bind.h"
#include "daemon/tasks/stdio.h"
#include "daemon/tasks/tasker.h"
#include "daemon/tasks/waiters.h"
#include "daemon/watch.h"

#define NOTICE_INTS 4
#define NOTICE_BYTES (NOTICE_INTS * 4)
#define PLACE_TEXT_MAX (DVM_NAME_MAX + 64)

/* Whether it ended well, but for those who wait for it. */
static bool forgot_finalize(const struct task *task)
{
    return task->status == 0 && task->role == ROLE_TASK && task->enrolled_pid && !task->left;
}

/* What its limit of memory had to do with its end, behind the rest. */
static void put_memory(const struct tasks *t, const struct task *task, char *text, size_t size)
{
    char where[SETTINGS_FROM_MAX + SETTING_NAME_MAX];

    if (!task->memory || task->state != DVM_TASK_ENDED || task->by_machine)
        return;
    snprintf(text, size, "%s limit of %s (%s)",
             task->memory == KEEPER_MEMORY_OVER ? ": over its memory"
                                                : "; its memory was near the",
             settings_get(t->d->settings, SETTING_TASK_MEMORY)->text,
             settings_where(t->d->settings, SETTING_TASK_MEMORY, where, sizeof where));
}

/* How it ended, behind who it is. */
static void put_cause(const struct task *task, double age, char *text, size_t size)
{
    if (task->never_ran)
        snprintf(text, size, "could not be started: %s", task->why ? task->why : "unknown");
    else if (task->state != DVM_TASK_ENDED)
        snprintf(text, size, "%s", task->left ? "has left the machine (dvm_finalize)"
                                              : "runs, but its enrolled process has ended");
    else if (task->by_machine)
        snprintf(text, size, "was ended after %.1f s: %s", age, task->why ? task->why : "killed");
    else if (task->memory == KEEPER_MEMORY_OVER)
        snprintf(text, size, "was killed after %.1f s", age);
    else if (task->signal)
        snprintf(text, size, "was ended by signal %d (%s) after %.1f s", task->signal,
                 strsignal(task->signal), age);
    else if (task->cause && task->status >= 0)
        snprintf(text, size, "aborted with status %d after %.1f s: %s", task->status, age,
                 task->cause);
    else if (task->status >= 0)
        snprintf(text, size, "exited with status %d after %.1f s%s", task->status, age,
                 forgot_finalize(task) ? " without dvm_finalize" : "");
    else
        snprintf(text, size, "ended after %.1f s", age);
}

static void put_text(const struct tasks *t, const struct task *task, char *text)
{
    double age = (task->state == DVM_TASK_ENDED ? task->ended : clock_seconds()) - task->started;
    char who[PLACE_TEXT_MAX];

    if (task->role == ROLE_CONSOLE)
        snprintf(who, sizeof who, "console 0x%x (host %s, pid %d)", (unsigned)task->tid,
                 t->d->host, (int)task->pid);
    else if (task->pid)
        snprintf(who, sizeof who, "rank %d (host %s, pid %d)", task->rank, t->d->host,
                 (int)task->pid);
    else
        snprintf(who, sizeof who, "rank %d (host %s)", task->rank, t->d->host);
    snprintf(text, EXIT_TEXT_MAX, "%s ", who);
    put_cause(task, age, text + strlen(text), EXIT_TEXT_MAX - strlen(text));
    put_memory(t, task, text + strlen(text), EXIT_TEXT_MAX - strlen(text));
}

void exit_describe(const struct tasks *t, int tid, Dvm__Pb__Gone *gone, char *text)
{
    const struct task *task = tasks_find(t, tid);

    gone->tid = tid;
    gone->status = -1;
    gone->text = text;
    if (!task) {
        gone->code = DVM_ERR_NO_TASK;
        snprintf(text, EXIT_TEXT_MAX, "there is no task 0x%x on host %s, or it ended long ago",
                 (unsigned)tid, t->d->host);
        return;
    }
    gone->code = DVM_ERR_TASK_GONE;
    gone->status = task->status;
    gone->signal = task->signal;
    gone->left = task->left;
    put_text(t, task, text);
}

static void tell_gone(struct tasks *t, int to, int tid, uint64_t world)
{
    Dvm__Pb__Gone gone = DVM__PB__GONE__INIT;
    char text[EXIT_TEXT_MAX];

    exit_describe(t, tid, &gone, text);
    gone.world = world;
    daemon_tell(t->d, CLUSTER_BULK, to, DVM_CTL_GONE, &gone.base);
}

void tasks_tell_gone(struct tasks *t, int to, int tid)
{
    tell_gone(t, to, tid, 0);
}

void tasks_fate(const struct tasks *t, int tid, struct tasks_fate *out)
{
    const struct task *task = tasks_find(t, tid);

    *out = (struct tasks_fate){.program = ""};
    if (!task || task->state == TASK_RESERVED)
        return;
    out->known = true;
    out->ended = task->state == DVM_TASK_ENDED;
    out->console = task->role == ROLE_CONSOLE;
    out->captured = task->spawned && (task->sink || !t->d->is_private);
    out->rank = task->rank;
    out->program = task->program;
    if (out->ended)
        put_text(t, task, out->text);
}

static void fill_exit(const struct tasks *t, const struct task *task, Dvm__Pb__TaskExit *m,
                      char *text)
{
    m->tid = task->tid;
    m->status = task->status;
    m->signal = task->signal;
    m->rank = (uint32_t)task->rank;
    m->world = task->world ? task->world->id : 0;
    m->host = t->d->host;
    m->text = text;
    m->ended_by_machine = task->by_machine;
    m->age = task->ended - task->started;
    put_text(t, task, text);
}

static void put_int(uint8_t *out, int value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)((uint32_t)value >> (8 * i));
}

void exit_notify(struct tasks *t, const struct waiter *w, int about, int status, int signal,
                 bool lost)
{
    const int words[NOTICE_INTS] = {about, status, signal, lost};
    uint8_t payload[NOTICE_BYTES];
    /* seq 0: made by a daemon, so it has no place in the stream of the task */
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                          .kind = DVM_KIND_NOTIFY, .src = about, .dst = w->tid, .tag = w->tag,
                          .size = NOTICE_BYTES, .length = NOTICE_BYTES,
                          .type = DVM_INT /* little-endian */};

    for (int i = 0; i < NOTICE_INTS; i++)
        put_int(payload + 4 * i, words[i]);
    daemon_route(t->d, CLUSTER_BULK, &f, payload);
}

void exit_tell(struct tasks *t, const struct task *task, const struct waiter *w)
{
    Dvm__Pb__TaskExit m = DVM__PB__TASK_EXIT__INIT;
    struct dvm_frame request = {.dst = DVM_TID_DAEMON(cluster_self(t->d->cluster)),
                                .src = w->tid, .ref = w->ref};
    char text[EXIT_TEXT_MAX];

    switch (w->kind) {
    case WAITER_WATCH:
        tell_gone(t, w->tid, task->tid, 0);
        break;
    case WAITER_WAIT:
        fill_exit(t, task, &m, text);
        daemon_answer(t->d, CLUSTER_BULK, &request, DVM_CTL_TASK_EXIT, &m.base);
        break;
    case WAITER_NOTICE:
        exit_notify(t, w, task->tid, task->status, task->signal, false);
        break;
    }
}

static void tell_waiters(struct tasks *t, struct task *task, enum waiter_kind kind)
{
    struct waiter w;

    while (waiters_take(&task->waiters, kind, &w))
        exit_tell(t, task, &w);
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int32_t *)a, y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/* One GONE to each daemon that hosts members of the world. */
static void tell_world(struct tasks *t, struct task *task)
{
    const struct world *w = task->world;
    int32_t *slots;
    int last = 0;

    if (task->told_world || task->left || !w || w->count < 2)
        return;
    task->told_world = true;
    slots = malloc((size_t)w->count * sizeof *slots);
    if (!slots) {
        log_error("no memory to tell the world of task 0x%x of its end", (unsigned)task->tid);
        return;
    }
    for (int i = 0; i < w->count; i++)
        slots[i] = DVM_TID_SLOT(w->tids[i]);
    qsort(slots, (size_t)w->count, sizeof *slots, by_number);
    for (int i = 0, count = w->count; i < count; i++) {
        if (slots[i] != last)
            tell_gone(t, DVM_TID_DAEMON(slots[i]), task->tid, w->id);
        last = slots[i];
    }
    free(slots);
}

static void tell_sink(struct tasks *t, const struct task *task)
{
    Dvm__Pb__TaskExit m = DVM__PB__TASK_EXIT__INIT;
    char text[EXIT_TEXT_MAX];

    if (task->never_ran)
        return; /* the answer to the spawn says it */
    fill_exit(t, task, &m, text);
    if (task->sink)
        daemon_tell(t->d, CLUSTER_BULK, task->sink, DVM_CTL_TASK_EXIT, &m.base);
    if (task->status != 0 && !task->by_machine && task->spawned)
        log_info("%s: %s", task->program, text);
    else
        log_debug("%s: %s", task->program, text);
}

/* The end goes into the record of events. */
static void record(struct tasks *t, const struct task *task)
{
    char cause[EXIT_TEXT_MAX];

    if (task->role != ROLE_TASK)
        return;
    put_cause(task, task->ended - task->started, cause, sizeof cause);
    watch_task_ended(t->d->watch, task->tid);
    tasks_event(t, task, task->never_ran ? DVM_EVENT_TASK_FAILED : DVM_EVENT_TASK_ENDED, cause);
}

/* It takes part in nothing any more: those who watch it are told, and its groups. */
static void tell_parted(struct tasks *t, struct task *task)
{
    char text[EXIT_TEXT_MAX];

    tell_waiters(t, task, WAITER_WATCH);
    put_text(t, task, text);
    names_task_ended(t->d->names, task->tid, text);
}

/* The record's own change; *task may be forgotten any time after this returns. */
static void end(struct tasks *t, struct task *task, int status, int signal)
{
    const int tid = task->tid;

    assert(task->state != DVM_TASK_ENDED);
    if (task->role == ROLE_TASK && task->state != TASK_RESERVED)
        t->running--;
    if (task->spawned)
        t->children--;
    if (task->bound)
        bind_give(&task->cpus);
    task->bound = false;
    task->state = DVM_TASK_ENDED;
    tasks_token_drop(t, task);
    task->ended = clock_seconds();
    task->status = status;
    task->signal = signal;
    /* one that failed by itself while SIGKILL was on its way to it failed for the same cause */
    if (task->why && (signal ? signal == task->kill_signal
                             : status && task->kill_signal == SIGKILL))
        task->by_machine = true;
    tasks_tell_load(t, CLUSTER_BULK, task->origin);
    record(t, task);
    tell_sink(t, task);
    tell_world(t, task);
    tell_parted(t, task);
    tell_waiters(t, task, WAITER_WAIT);
    tell_waiters(t, task, WAITER_NOTICE);
    daemon_route_client_gone(t->d, task->tid);
    watch_client_gone(t->d->watch, task->tid);
    waiters_drop(&t->host_notices, task->tid);
    local_seat_close(t->d->local, task->tid);
    tasks_remember(t, task);
    tasker_ended(t, tid);
}

/* Take in what the task sent before its end. */
static void drain(struct tasks *t, struct task *task)
{
    local_drain(t->d->local, task->tid);
    stdio_finish(t, task);
}

void exit_child(struct tasks *t, struct task *task, int status)
{
    drain(t, task);
    if (WIFSIGNALED(status))
        end(t, task, -1, WTERMSIG(status));
    else
        end(t, task, WEXITSTATUS(status), 0);
}

void exit_unstarted(struct tasks *t, struct task *task, const char *why)
{
    free(task->why);
    task->why = strdup(why);
    task->never_ran = true;
    stdio_close(t, task);
    end(t, task, -1, 0);
}

void exit_enrolled(struct tasks *t, struct task *task)
{
    int tid = task->tid;

    if (task->spawned && task->pid == 0) {
        task->enrolled_gone = true; /* whether it was the main process is not known yet */
        return;
    }
    if (task->state == DVM_TASK_ENDED || (task->spawned && task->pid == task->enrolled_pid) ||
        tasker_tells(t, task))
        return; /* the keeper, or the tasker, tells it, with its status */
    local_drain(t->d->local, tid);
    task = tasks_find(t, tid); /* what it sent may have been its leave */
    if (!task || task->state == DVM_TASK_ENDED)
        return;
    if (!task->spawned) {
        end(t, task, task->left ? 0 : -1, 0);
        return;
    }
    /* a script goes on, but the program that was the task is no more */
    tell_world(t, task);
    local_seat_left(t->d->local, tid);
    tell_parted(t, task);
}

void tasks_left(struct tasks *t, int tid)
{
    struct task *task = tasks_find(t, tid);

    if (!task || task->left || task->state == DVM_TASK_ENDED)
        return;
    task->left = true;
    local_seat_left(t->d->local, tid);
    tell_parted(t, task);
}

void tasks_disconnected(struct tasks *t, int tid)
{
    struct task *task = tasks_find(t, tid);

    if (!task || task->state == DVM_TASK_ENDED || task->spawned || tasker_tells(t, task))
        return; /* the keeper says when a spawned task has ended */
    if (task->role == ROLE_CONSOLE)
        end(t, task, 0, 0);
    else if (task->left || task->pidfd < 0)
        end(t, task, task->left ? 0 : -1, 0);
}

void tasks_memory(struct tasks *t, int tid, int what)
{
    struct task *task = tasks_find(t, tid);

    if (task)
        task->memory = what;
}

void tasks_ended(struct tasks *t, int tid, int status)
{
    struct task *task = tasks_find(t, tid);

    if (!task || task->state == DVM_TASK_ENDED)
        return;
    exit_child(t, task, status);
    if (t->children == 0 && t->owner && ev_is_active(&t->patience))
        daemon_end(t->d, 0, "the program that this private machine was for has left");
}
