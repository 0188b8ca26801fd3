/* list.c: TASKS, the tasks of this host; and the table of this part's handlers. */
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/board.h"
#include "daemon/computer/person.h"
#include "daemon/local.h"
#include "daemon/tasks/handlers.h"

static bool wanted(const struct task *task, const Dvm__Pb__Tasks *ask)
{
    if (task->role != ROLE_TASK)
        return ask->consoles && task->state == DVM_TASK_RUNNING;
    if (task->state == DVM_TASK_ENDED)
        return ask->ended && !task->never_ran;
    return task->state == DVM_TASK_STARTING || task->state == DVM_TASK_RUNNING;
}

void list_fill(const struct daemon *d, const struct task *task, Dvm__Pb__Task *m)
{
    dvm__pb__task__init(m);
    m->tid = task->tid;
    m->parent = task->parent;
    m->rank = (uint32_t)task->rank;
    m->world_size = task->world ? (uint32_t)task->world->count : 0;
    m->world = task->world ? task->world->id : 0;
    m->state = (uint32_t)task->state;
    m->pid = (int32_t)task->pid;
    m->age = (task->state == DVM_TASK_ENDED ? task->ended : clock_seconds()) - task->started;
    m->program = task->program;
    m->host = (char *)(uintptr_t)d->host;
    m->role = task->role;
}

/* The cpus that the task may run on, where these are not all of the daemon's: whether it was
 * bound for having cores of its own, for a limit on them, or by itself. m->cpus is to be freed. */
static void fill_cpus(const struct task *task, Dvm__Pb__Task *m)
{
    cpu_set_t all, own;

    if (task->pid <= 0 || task->state != DVM_TASK_RUNNING ||
        sched_getaffinity(0, sizeof all, &all) || sched_getaffinity(task->pid, sizeof own, &own) ||
        CPU_EQUAL(&all, &own))
        return;
    m->cpus = malloc(CPU_SETSIZE * sizeof *m->cpus);
    for (int cpu = 0; m->cpus && cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &own))
            m->cpus[m->n_cpus++] = (uint32_t)cpu;
}

/* What it waits for, or that it is stopped, by a signal (T) or a debugger (t). m->waiting is to
 * be freed with board_free. */
static void fill_board(const struct daemon *d, const struct task *task, Dvm__Pb__Task *m)
{
    const struct dvm_inbox *inbox = local_inbox(d->local, task->tid);
    struct person process;

    m->stopped = task->state != DVM_TASK_ENDED && task->pid > 0 &&
                 person_read(task->pid, &process) &&
                 (process.state == 'T' || process.state == 't');
    if (inbox && task->state == DVM_TASK_RUNNING)
        m->looked = board_look(inbox, task->enrolled_pid, &m->waiting);
}

static int by_tid(const void *a, const void *b)
{
    int x = (*(Dvm__Pb__Task *const *)a)->tid, y = (*(Dvm__Pb__Task *const *)b)->tid;

    return x < y ? -1 : x > y;
}

void handle_tasks(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Tasks *ask = dvm__pb__tasks__unpack(NULL, frame->length, payload);
    Dvm__Pb__TasksReply reply = DVM__PB__TASKS_REPLY__INIT;
    size_t room = d->tasks->by_tid.count + 1, at = 0;
    Dvm__Pb__Task *rows = calloc(room, sizeof *rows);
    Dvm__Pb__Task **pointers = calloc(room, sizeof *pointers);
    const struct task *task;

    while (ask && rows && pointers && (task = table_next(&d->tasks->by_tid, &at))) {
        if (!wanted(task, ask))
            continue;
        list_fill(d, task, &rows[reply.n_tasks]);
        if (ask->boards) {
            fill_cpus(task, &rows[reply.n_tasks]);
            fill_board(d, task, &rows[reply.n_tasks]);
        }
        pointers[reply.n_tasks] = &rows[reply.n_tasks];
        reply.n_tasks++;
    }
    if (pointers)
        qsort(pointers, reply.n_tasks, sizeof *pointers, by_tid);
    reply.tasks = pointers;
    if (!ask)
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a TASKS that cannot be read");
    else if (rows && pointers)
        daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_TASKS_REPLY, &reply.base);
    else
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory to list the tasks");
    for (size_t i = 0; i < reply.n_tasks; i++) {
        board_free(rows[i].waiting);
        free(rows[i].cpus);
    }
    free(rows);
    free(pointers);
    dvm__pb__tasks__free_unpacked(ask, NULL);
}

const struct handler tasks_handlers[] = {
    {DVM_CTL_TASKS, handle_tasks, ROLE_ALL},
    {DVM_CTL_USAGE, handle_usage, ROLE_CLIENT},
    {DVM_CTL_SPAWN, handle_spawn, ROLE_CLIENT},
    {DVM_CTL_RESERVE, handle_reserve, ROLE_DAEMON},
    {DVM_CTL_LAUNCH, handle_launch, ROLE_DAEMON},
    {DVM_CTL_RELEASE, handle_release, ROLE_DAEMON},
    {DVM_CTL_KILL, handle_kill, ROLE_CLIENT},
    {DVM_CTL_ABORT, handle_abort, ROLE_ALL},
    {DVM_CTL_WATCH, handle_watch, ROLE_ALL},
    {DVM_CTL_TASK_WAIT, handle_task_wait, ROLE_ALL},
    {DVM_CTL_NOTIFY, handle_notify, ROLE_TASK},
    {DVM_CTL_TASKER, handle_tasker, ROLE_TASK},
    {DVM_CTL_TASK_OVER, handle_task_over, ROLE_TASK},
    {DVM_CTL_GONE, handle_gone, ROLE_DAEMON},
    {DVM_CTL_STDIO_ACK, handle_stdio_ack, ROLE_CLIENT},
    {DVM_CTL_STDIN, handle_stdin, ROLE_CLIENT},
    {DVM_CTL_STAGE, handle_stage, ROLE_CONSOLE},
    {DVM_CTL_STAGE_DATA, handle_stage_data, ROLE_CONSOLE},
    {0, NULL, 0},
};
