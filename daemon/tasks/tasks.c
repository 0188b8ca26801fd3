/* tasks.c: the table of tasks and how records come and go; see tasks.h.
 *
 * tids count up and wrap after 262143; one that is in the table, if only
 * remembered, is skipped. As the count goes up, a tid comes again long after its
 * record was forgotten.
 */
#include "daemon/tasks/tasks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "daemon/local.h"
#include "daemon/tasks/exit.h"
#include "daemon/tasks/stdio.h"
#include "daemon/tasks/waiters.h"
#include "daemon/watch.h"

#define CONTEXT_SHIFT 32 /* a context: tid of its maker, then a counter, then one bit */

struct task *tasks_find(const struct tasks *t, int tid)
{
    return table_get(&t->by_tid, (uint64_t)tid);
}

int tasks_running(const struct tasks *t)
{
    return t->running;
}

int tasks_children(const struct tasks *t)
{
    return t->children;
}

bool tasks_over_limit(const struct tasks *t, unsigned count)
{
    unsigned most = (unsigned)settings_number(t->d->settings, SETTING_HOST_TASKS);
    unsigned taken = (unsigned)(t->running + t->reserved);
    char where[SETTINGS_FROM_MAX + SETTING_NAME_MAX];

    if (most == 0 || taken + count <= most)
        return false;
    dvm_fail(DVM_ERR_LIMIT, "host %s may run %u task%s (%s): %u run%s there, and %u more would be "
             "too many; ask for fewer, use further hosts, or wait until some have ended",
             t->d->host, most, most == 1 ? "" : "s",
             settings_where(t->d->settings, SETTING_HOST_TASKS, where, sizeof where), taken,
             taken == 1 ? "s" : "", count);
    return true;
}

static int free_n(struct tasks *t)
{
    int slot = cluster_self(t->d->cluster);

    for (int i = 0; i < DVM_TID_N_MASK; i++) {
        int n = t->next_n;

        t->next_n = n < DVM_TID_N_MASK ? n + 1 : 1;
        if (!tasks_find(t, DVM_TID_MAKE(slot, n)))
            return n;
    }
    return 0;
}

int tasks_new(struct tasks *t, enum role role, const char *program, struct task **out)
{
    int n = free_n(t);
    struct task *task;

    if (!n)
        return dvm_fail(DVM_ERR_LIMIT, "all tids of host %s are in use", t->d->host);
    task = calloc(1, sizeof *task);
    if (!task)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for another task");
    *task = (struct task){.tid = DVM_TID_MAKE(cluster_self(t->d->cluster), n), .role = role,
                          .pidfd = -1, .status = -1, .started = clock_seconds()};
    task->program = strdup(program);
    if (!task->program || table_put(&t->by_tid, (uint64_t)task->tid, task) ||
        local_seat_open(t->d->local, task->tid, role)) {
        table_take(&t->by_tid, (uint64_t)task->tid);
        free(task->program);
        free(task);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for another task");
    }
    *out = task;
    return DVM_OK;
}

static void world_release(struct tasks *t, struct world *w)
{
    if (!w || --w->references > 0)
        return;
    table_take(&t->worlds, w->id);
    free(w->tids);
    free(w);
}

struct world *tasks_world(struct tasks *t, uint64_t id, const int32_t *tids, size_t count)
{
    struct world *w = table_get(&t->worlds, id);

    if (w) {
        w->references++;
        return w;
    }
    w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct world){.id = id, .count = (int)count, .references = 1};
    w->tids = malloc(count * sizeof *tids);
    if (!w->tids || table_put(&t->worlds, id, w)) {
        free(w->tids);
        free(w);
        return NULL;
    }
    memcpy(w->tids, tids, count * sizeof *tids);
    return w;
}

uint64_t tasks_world_id(struct tasks *t)
{
    uint64_t maker = (uint64_t)DVM_TID_DAEMON(cluster_self(t->d->cluster));

    return maker << CONTEXT_SHIFT | t->next_world++ << 1;
}

void tasks_tell_load(struct tasks *t, enum cluster_class class, int slot)
{
    Dvm__Pb__Load m = DVM__PB__LOAD__INIT;

    if (slot == 0 || slot == cluster_self(t->d->cluster))
        return;
    m.tasks = (uint32_t)cluster_load(t->d->cluster, &m.change);
    daemon_tell(t->d, class, DVM_TID_DAEMON(slot), DVM_CTL_LOAD, &m.base);
}

void tasks_event(struct tasks *t, const struct task *task, enum dvm_event kind,
                 const char *text)
{
    struct watch_task what = {.tid = task->tid, .rank = task->rank, .program = task->program,
                              .world = task->world ? task->world->id : 0};

    if (task->state == DVM_TASK_ENDED) {
        what.status = task->status;
        what.signal = task->signal;
    }
    watch_task(t->d->watch, kind, &what, text);
}

static void free_task(struct tasks *t, struct task *task)
{
    if (task->pidfd >= 0) {
        ev_io_stop(t->d->loop, &task->death);
        close(task->pidfd);
    }
    stdio_close(t, task);
    tasks_drop_launch(task);
    tasks_token_drop(t, task);
    world_release(t, task->world);
    waiters_free(&task->waiters);
    free(task->why);
    free(task->cause);
    free(task->program);
    free(task);
}

void tasks_reserve(struct tasks *t, struct task *task, bool reserved)
{
    t->reserved += reserved - task->reserved;
    task->reserved = reserved;
}

void tasks_forget(struct tasks *t, struct task *task)
{
    tasks_reserve(t, task, false);
    local_seat_close(t->d->local, task->tid);
    table_take(&t->by_tid, (uint64_t)task->tid);
    free_task(t, task);
}

static void forget_oldest(struct tasks *t)
{
    struct task *task = t->first_ended;

    t->first_ended = task->next_ended;
    if (!t->first_ended)
        t->last_ended = NULL;
    t->ended_count--;
    tasks_forget(t, task);
}

void tasks_remember(struct tasks *t, struct task *task)
{
    assert(task->state == DVM_TASK_ENDED && !task->next_ended);
    if (t->last_ended)
        t->last_ended->next_ended = task;
    else
        t->first_ended = task;
    t->last_ended = task;
    if (++t->ended_count > TASKS_REMEMBER_MAX)
        forget_oldest(t);
}

/* Reserved tids whose spawn never came to its launch. */
static void forget_reserved(struct tasks *t, double now)
{
    struct task *task, *old = NULL;
    size_t at = 0;

    do {
        if (old)
            tasks_forget(t, old);
        old = NULL;
        for (at = 0; !old && (task = table_next(&t->by_tid, &at));)
            if (task->state == TASK_RESERVED && now - task->started > TASKS_RESERVE_SECONDS)
                old = task;
    } while (old);
}

static void on_tidy(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct tasks *t = w->data;
    double now = clock_seconds();

    while (t->first_ended && now - t->first_ended->ended > TASKS_REMEMBER_SECONDS)
        forget_oldest(t);
    forget_reserved(t, now);
}

/* A private machine without owner has nobody to work for. Whoever started it is killed
 * perhaps before it says that it is the owner: then no connection tells of its end. */
static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct tasks *t = w->data;

    if (!t->owner && getppid() == t->starter &&
        clock_seconds() - t->began < TASKS_OWNER_SECONDS) {
        ev_timer_set(w, TASKS_STARTER_SECONDS, 0.0);
        ev_timer_start(loop, w);
        return;
    }
    daemon_end(t->d, 0, t->owner ? "the program that this private machine was for has left"
                                 : "the program that this private machine was for never came");
}

int tasks_create(struct tasks **out, struct daemon *d)
{
    struct tasks *t = calloc(1, sizeof *t);

    if (!t)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the tasks");
    t->d = d;
    t->next_n = 1;
    t->next_world = 1;
    ev_timer_init(&t->tidy, on_tidy, TASKS_TIDY_SECONDS, TASKS_TIDY_SECONDS);
    t->starter = getppid();
    t->began = clock_seconds();
    ev_timer_init(&t->patience, on_patience, TASKS_STARTER_SECONDS, 0.0);
    t->tidy.data = t->patience.data = t;
    ev_timer_start(d->loop, &t->tidy);
    if (d->is_private)
        ev_timer_start(d->loop, &t->patience);
    *out = t;
    return DVM_OK;
}

void tasks_destroy(struct tasks *t)
{
    struct task *task;
    void *watched;
    size_t at = 0;

    if (!t)
        return;
    ev_timer_stop(t->d->loop, &t->tidy);
    ev_timer_stop(t->d->loop, &t->patience);
    while ((task = table_next(&t->by_tid, &at)))
        free_task(t, task);
    table_free(&t->by_tid);
    table_free(&t->worlds);
    table_free(&t->tokens);
    at = 0;
    while ((watched = table_next(&t->foreign, &at)))
        free(watched);
    table_free(&t->foreign);
    waiters_free(&t->host_notices);
    free(t);
}

static void on_death(struct ev_loop *loop, ev_io *w, int revents)
{
    struct task *task = w->data;
    struct tasks *t = ((struct daemon *)ev_userdata(loop))->tasks;

    ev_io_stop(loop, w);
    close(task->pidfd);
    task->pidfd = -1;
    exit_enrolled(t, task);
}

static uint64_t token_key(const uint8_t *token)
{
    uint64_t key;

    memcpy(&key, token, sizeof key);
    return key;
}

int tasks_token_make(struct tasks *t, struct task *task)
{
    if (getrandom(task->token, sizeof task->token, 0) != sizeof task->token)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "no random numbers for a token");
    if (table_put(&t->tokens, token_key(task->token), task))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for a token");
    task->has_token = true;
    return DVM_OK;
}

void tasks_token_drop(struct tasks *t, struct task *task)
{
    if (task->has_token)
        table_take(&t->tokens, token_key(task->token));
    task->has_token = false;
}

static struct task *find_token(const struct tasks *t, const struct tasks_enrol *who)
{
    struct task *task;

    if (who->token_size != TASKS_TOKEN_BYTES)
        return NULL;
    task = table_get(&t->tokens, token_key(who->token));
    return task && memcmp(task->token, who->token, TASKS_TOKEN_BYTES) == 0 ? task : NULL;
}

/* A task that was not spawned by the machine, or a console. */
static int enrol_stranger(struct tasks *t, const struct tasks_enrol *who, struct task **out)
{
    struct task *task;
    int32_t tid;
    int r;

    if (who->role == ROLE_TASK && tasks_over_limit(t, 1))
        return DVM_ERR_LIMIT;
    r = tasks_new(t, who->role, who->program, &task);
    if (r)
        return r;
    task->pid = who->pid;
    task->state = DVM_TASK_RUNNING;
    if (who->role == ROLE_TASK) {
        tid = task->tid;
        task->world = tasks_world(t, tasks_world_id(t), &tid, 1);
        if (!task->world) {
            tasks_forget(t, task);
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for another task");
        }
        t->running++;
    }
    if (who->role == ROLE_TASK)
        tasks_event(t, task, DVM_EVENT_TASK_STARTED, "by hand");
    *out = task;
    return DVM_OK;
}

/* The record that a HELLO belongs to, not yet enrolled. */
static int find_enrolling(struct tasks *t, const struct tasks_enrol *who, struct task **out)
{
    struct task *task;

    if (who->token_size == 0)
        return enrol_stranger(t, who, out);
    task = find_token(t, who);
    if (!task || who->role != ROLE_TASK)
        return dvm_fail(DVM_ERR_REFUSED, "process %d has a token that is not valid: it was "
                        "used already, or its task has ended", (int)who->pid);
    tasks_token_drop(t, task);
    *out = task;
    return DVM_OK;
}

/* The keeper tells the end of its tasks' main processes; others are watched. */
static void watch_process(struct tasks *t, struct task *task)
{
    if (task->role != ROLE_TASK || (task->spawned && task->pid == task->enrolled_pid))
        return;
    task->pidfd = (int)syscall(SYS_pidfd_open, task->enrolled_pid, 0);
    if (task->pidfd < 0)
        return; /* of another pid namespace: the end of its connection must do */
    ev_io_init(&task->death, on_death, task->pidfd, EV_READ);
    task->death.data = task;
    ev_io_start(t->d->loop, &task->death);
}

int tasks_enrol(struct tasks *t, const struct tasks_enrol *who, struct tasks_place *place)
{
    struct task *task = NULL;
    int r = find_enrolling(t, who, &task);

    if (r)
        return r;
    task->enrolled_pid = who->pid;
    if (task->by_tasker)
        task->pid = who->pid;
    watch_process(t, task);
    log_debug("%s 0x%x is process %d, %s", who->role == ROLE_TASK ? "task" : "console",
              (unsigned)task->tid, (int)who->pid, who->program);
    *place = (struct tasks_place){.tid = task->tid, .parent = task->parent,
                                  .rank = task->rank, .child = task->spawned, .bound = task->bound};
    if (task->world) {
        place->world = task->world->id;
        place->world_tids = task->world->tids;
        place->world_count = (size_t)task->world->count;
    }
    return DVM_OK;
}

void tasks_owner_came(struct tasks *t, int tid)
{
    ev_timer_stop(t->d->loop, &t->patience);
    t->owner = tid;
}

void tasks_owner_gone(struct tasks *t, int tid)
{
    const struct task *task = tasks_find(t, tid);

    if (t->children > 0 && task && task->left && !t->d->ending) {
        /* it left in good order: its tasks may finish what they are about */
        ev_timer_set(&t->patience, TASKS_LEFT_SECONDS, 0.0);
        ev_timer_start(t->d->loop, &t->patience);
        return;
    }
    daemon_end(t->d, 0, "the program that this private machine was for has ended");
}
