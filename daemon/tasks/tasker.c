/* tasker.c: see tasker.h. What a tasker is told (docs/protocol.md, "Taskers") is one message
 * without a place in the stream, as those of NOTIFY are: no credit can be wanting for it.
 */
#include "daemon/tasks/tasker.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/tasks/exit.h"
#include "daemon/tasks/handlers.h"
#include "proto/frame.h"
#include "proto/wire.h"

#define HEAD_INTS 6

struct start {
    uint8_t bytes[DVM_PAYLOAD_MAX];
    size_t used;
    bool full;
};

static void put(struct start *s, const void *bytes, size_t size)
{
    s->full = s->full || size > sizeof s->bytes - s->used;
    if (s->full)
        return;
    memcpy(s->bytes + s->used, bytes, size);
    s->used += size;
}

static void put_int(struct start *s, size_t value)
{
    uint8_t bytes[4];

    wire_put(bytes, value, sizeof bytes);
    put(s, bytes, sizeof bytes);
}

static size_t length(const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

static void put_list(struct start *s, const char *const *list)
{
    for (; *list; list++)
        put(s, *list, strlen(*list) + 1);
}

bool tasker_tells(const struct tasks *t, const struct task *task)
{
    return t->tasker && task->by_tasker;
}

bool tasker_give(struct tasks *t, struct task *task, const Dvm__Pb__Launch *m,
                 const char *const *argv, const char *const *env)
{
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                          .kind = DVM_KIND_NOTIFY, .dst = t->tasker, .tag = t->tasker_tag,
                          .src = DVM_TID_DAEMON(cluster_self(t->d->cluster)), .type = DVM_BYTE};
    struct start *s = t->tasker ? calloc(1, sizeof *s) : NULL;
    const size_t head[HEAD_INTS] = {(size_t)task->tid, (size_t)task->rank, m->n_tids,
                                    m->n_world_tids, length(argv), length(env)};

    if (!s)
        return false;
    for (int i = 0; i < HEAD_INTS; i++)
        put_int(s, head[i]);
    put(s, m->path, strlen(m->path) + 1);
    put_list(s, argv);
    put_list(s, env);
    if (s->full) {
        log_warning("task 0x%x is started by the daemon, not by task 0x%x: its arguments and its "
                    "environment have more than %d bytes", (unsigned)task->tid,
                    (unsigned)t->tasker, DVM_PAYLOAD_MAX);
    } else {
        f.size = f.length = (uint32_t)s->used;
        daemon_route(t->d, CLUSTER_BULK, &f, s->bytes);
    }
    task->by_tasker = !s->full;
    free(s);
    return task->by_tasker;
}

/* One of the tasker's whose end nobody would tell now, or NULL. */
static struct task *find_untold(struct tasks *t)
{
    struct task *task;
    size_t at = 0;

    while ((task = table_next(&t->by_tid, &at)))
        if (task->by_tasker && task->state == DVM_TASK_RUNNING && task->pidfd < 0)
            return task;
    return NULL;
}

static void leave(struct tasks *t)
{
    struct task *task;

    t->tasker = 0;
    while ((task = find_untold(t))) {
        task->by_tasker = false; /* it is told once */
        if (task->enrolled_pid)
            exit_enrolled(t, task);
        else
            exit_unstarted(t, task, "the tasker of its host has ended, or has left its role");
    }
}

void tasker_ended(struct tasks *t, int tid)
{
    if (t->tasker != tid)
        return;
    log_warning("task 0x%x, which started the tasks of this host, has ended: the daemon starts "
                "them itself again", (unsigned)tid);
    leave(t);
}

void handle_tasker(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Tasker *m = dvm__pb__tasker__unpack(NULL, frame->length, payload);
    struct tasks *t = d->tasks;

    if (!m || !tasks_find(t, frame->src)) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a TASKER that cannot be read, or of another host");
    } else if (t->tasker && t->tasker != frame->src) {
        daemon_fail(d, frame, DVM_ERR_EXISTS, "task 0x%x starts the tasks of host %s already",
                    (unsigned)t->tasker, d->host);
    } else {
        if (m->on) {
            t->tasker = frame->src;
            t->tasker_tag = m->tag;
            log_info("task 0x%x starts the tasks of this host from now on", (unsigned)frame->src);
        } else if (t->tasker) {
            log_info("task 0x%x starts no more tasks of this host", (unsigned)frame->src);
            leave(t);
        }
        daemon_ok(d, frame);
    }
    dvm__pb__tasker__free_unpacked(m, NULL);
}

void handle_task_over(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__TaskOver *m = dvm__pb__task_over__unpack(NULL, frame->length, payload);
    struct task *task = m ? tasks_find(d->tasks, m->tid) : NULL;

    if (!m || frame->src != d->tasks->tasker || !task || !task->by_tasker) {
        daemon_fail(d, frame, DVM_ERR_REFUSED, "0x%x is no task that 0x%x has started",
                    m ? (unsigned)m->tid : 0, (unsigned)frame->src);
    } else {
        tasks_ended(d->tasks, task->tid, m->status);
        daemon_ok(d, frame);
    }
    dvm__pb__task_over__free_unpacked(m, NULL);
}
