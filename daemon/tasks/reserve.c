/* reserve.c: RESERVE and RELEASE: tids for a spawn on this host, before anything runs.
 *
 * RESERVE looks the program up, asks the limits and gives out tids; nothing runs yet, so a spawn
 * that cannot work on some host fails before anything was started anywhere. What is
 * reserved counts as if it ran: two spawns at the same time do not both get the last core.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/settings.h"
#include "daemon/memory.h"
#include "daemon/tasks/alike.h"
#include "daemon/tasks/environment.h"
#include "daemon/tasks/handlers.h"
#include "daemon/tasks/program.h"
#include "daemon/tasks/push.h"
#include "daemon/tasks/wish.h"

static void forget_tids(struct tasks *t, const int32_t *tids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct task *task = tasks_find(t, tids[i]);

        if (task && task->state == TASK_RESERVED)
            tasks_forget(t, task);
    }
}

/* New records for count tasks; on failure none is left. */
static int make_tids(struct tasks *t, const char *path, int origin, uint64_t world,
                     int32_t *tids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct task *task;
        int r = tasks_new(t, ROLE_TASK, path, &task);

        if (r) {
            forget_tids(t, tids, i);
            return r;
        }
        task->origin = origin;
        task->reserved_for = world;
        tasks_reserve(t, task, true);
        tids[i] = task->tid;
    }
    return DVM_OK;
}

/* Whether this host may run count more tasks. Errors: LIMIT (dvm_fail). */
static int check_limits(struct daemon *d, unsigned count)
{
    const struct cluster_host *self = cluster_host(d->cluster, cluster_self(d->cluster));
    const struct setting_value *strict = settings_get(d->settings, SETTING_OVERSUBSCRIBE);
    unsigned taken = (unsigned)(tasks_running(d->tasks) + d->tasks->reserved);
    unsigned cores = self ? (unsigned)self->cores : 0;
    char where[SETTINGS_FROM_MAX + SETTING_NAME_MAX];

    if (tasks_over_limit(d->tasks, count))
        return DVM_ERR_LIMIT;
    if ((int)strict->number == OVERSUBSCRIBE_REFUSE && taken + count > cores)
        return dvm_fail(DVM_ERR_LIMIT, "host %s has %u core%s and is not to be oversubscribed (%s):"
                        " %u task%s run%s there, and %u more would be too many; ask for fewer, or "
                        "use further hosts", d->host, cores, cores == 1 ? "" : "s",
                        settings_where(d->settings, SETTING_OVERSUBSCRIBE, where, sizeof where),
                        taken, taken == 1 ? "" : "s", taken == 1 ? "s" : "", count);
    return DVM_OK;
}

static int reserve(struct daemon *d, const struct dvm_frame *frame, const Dvm__Pb__Reserve *m)
{
    const Dvm__Pb__Spawn *what = m->what;
    Dvm__Pb__Reserved reply = DVM__PB__RESERVED__INIT;
    const struct cluster_host *self = cluster_host(d->cluster, cluster_self(d->cluster));
    char path[PROGRAM_PATH_MAX];
    int r = DVM_OK;

    if (what->debug && what->debug->n_words > 0)
        r = wish_locate(what, d->host, path, sizeof path);
    if (!r)
        r = program_locate(what->program, what->directory, what->look_first,
                           environment_get(what->env, what->n_env, "PATH"), d->host, path,
                           sizeof path);
    if (r == DVM_ERR_NO_PROGRAM && push_locate(d, what, path, sizeof path))
        r = DVM_OK;
    if (r)
        return r;
    r = memory_check(d->host, "start tasks");
    if (r)
        return r;
    if (what->count == 0 || what->count > TASKS_SPAWN_MAX)
        return dvm_fail(DVM_ERR_ARG, "%u tasks cannot be reserved", what->count);
    r = check_limits(d, what->count);
    if (r)
        return r;
    reply.tids = malloc(what->count * sizeof *reply.tids);
    if (!reply.tids)
        return dvm_fail(DVM_ERR_NO_MEMORY, "host %s has no memory for %u tasks", d->host,
                        what->count);
    reply.running = (uint32_t)tasks_running(d->tasks);
    reply.cores = self ? (uint32_t)self->cores : 0;
    reply.path = path;
    reply.sum = m->compare ? alike_sum(path) : 0;
    reply.n_tids = what->count;
    r = make_tids(d->tasks, path, DVM_TID_SLOT(frame->src), m->world, reply.tids, what->count);
    if (!r)
        daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_RESERVED, &reply.base);
    free(reply.tids);
    return r;
}

void handle_reserve(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Reserve *m = dvm__pb__reserve__unpack(NULL, frame->length, payload);
    int r;

    if (!m || !m->what)
        r = dvm_fail(DVM_ERR_PROTOCOL, "a RESERVE that cannot be read");
    else if (d->ending)
        r = dvm_fail(DVM_ERR_CLOSING, "host %s is leaving the machine", d->host);
    else
        r = reserve(d, frame, m);
    if (r)
        daemon_fail(d, frame, r, "%s", dvm_last_error());
    dvm__pb__reserve__free_unpacked(m, NULL);
}

void handle_release(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Release *m = dvm__pb__release__unpack(NULL, frame->length, payload);

    if (m)
        forget_tids(d->tasks, m->tids, m->n_tids);
    dvm__pb__release__free_unpacked(m, NULL);
}
