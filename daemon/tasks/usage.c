/* usage.c: USAGE: what the tasks of this host use now, and the host itself.
 *
 * The processes are read from /proc once for all tasks. Messages are counted by the tasks
 * in their inboxes, which this daemon has mapped; a task that never enrolled has none.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "daemon/computer/usage.h"
#include "daemon/keeper.h"
#include "daemon/local.h"
#include "daemon/tasks/handlers.h"
#include "proto/segment.h"

#define NS_PER_MS 1000000

/* One task in the answer. */
struct row {
    Dvm__Pb__TaskUsage usage;
    Dvm__Pb__Task task;
};

static uint64_t read_count(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void fill_counters(const struct daemon *d, Dvm__Pb__TaskUsage *m, int tid)
{
    const struct dvm_inbox *inbox = local_inbox(d->local, tid);

    if (!inbox)
        return;
    m->counted = true;
    m->sent_messages = read_count(&inbox->counters.sent_messages);
    m->sent_bytes = read_count(&inbox->counters.sent_bytes);
    m->received_messages = read_count(&inbox->counters.received_messages);
    m->received_bytes = read_count(&inbox->counters.received_bytes);
    if (m->state == 'S' && atomic_load_explicit(&inbox->sleep, memory_order_relaxed) != DVM_AWAKE)
        m->state = 'W';
}

static void fill(const struct daemon *d, struct row *row, const struct task *task,
                 const struct usage *u)
{
    Dvm__Pb__TaskUsage *m = &row->usage;

    dvm__pb__task_usage__init(m);
    list_fill(d, task, &row->task);
    m->task = &row->task;
    m->cpu_ms = u->cpu_ms + u->reaped_ms;
    m->memory = u->memory;
    m->processes = u->processes;
    m->state = (uint8_t)u->state;
    fill_counters(d, m, task->tid);
}

static bool runs(const struct task *task)
{
    return task->role == ROLE_TASK &&
           (task->state == DVM_TASK_STARTING || task->state == DVM_TASK_RUNNING);
}

static void fill_host(Dvm__Pb__UsageReply *reply, const struct usage *own,
                      const struct usage *keeper)
{
    struct usage_computer c;

    usage_read_computer(&c);
    reply->now_ms = clock_ns() / NS_PER_MS;
    reply->load = c.load;
    reply->busy_ms = c.busy_ms;
    reply->processors = c.processors;
    reply->memory_total = c.memory_total;
    reply->memory_free = c.memory_free;
    reply->daemon_cpu_ms = own->cpu_ms + keeper->cpu_ms;
    reply->daemon_memory = own->memory + keeper->memory;
}

/* The answer, of count tasks; uses has two places more, for daemon and keeper. */
static void answer(struct daemon *d, const struct dvm_frame *frame, struct row *rows,
                   Dvm__Pb__TaskUsage **pointers, struct usage *uses)
{
    Dvm__Pb__UsageReply reply = DVM__PB__USAGE_REPLY__INIT;
    const struct task *task;
    size_t count = 0, at = 0;

    while ((task = table_next(&d->tasks->by_tid, &at)))
        if (runs(task))
            uses[count++].root = task->pid;
    uses[count].root = getpid();
    uses[count + 1].root = keeper_pid(d->keeper);
    usage_read(uses, count + 2);
    for (at = 0; (task = table_next(&d->tasks->by_tid, &at));) {
        if (!runs(task))
            continue;
        fill(d, &rows[reply.n_tasks], task, &uses[reply.n_tasks]);
        pointers[reply.n_tasks] = &rows[reply.n_tasks].usage;
        reply.n_tasks++;
    }
    fill_host(&reply, &uses[count], &uses[count + 1]);
    reply.tasks = pointers;
    daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_USAGE_REPLY, &reply.base);
}

void handle_usage(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    size_t room = d->tasks->by_tid.count + 2;
    struct row *rows = calloc(room, sizeof *rows);
    Dvm__Pb__TaskUsage **pointers = calloc(room, sizeof(*pointers));
    struct usage *uses = calloc(room, sizeof *uses);

    if (rows && pointers && uses)
        answer(d, frame, rows, pointers, uses);
    else
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "host %s has no memory to list what its tasks "
                    "use", d->host);
    free(rows);
    free(pointers);
    free(uses);
}
