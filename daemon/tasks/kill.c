/* kill.c: KILL, ABORT, and the end of everything.
 *
 * The keeper sends the signals to its tasks: it alone knows for sure that a pid
 * is still its task's. A program that enrolled by itself is reached by its pidfd.
 */
#include "daemon/tasks/kill.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/keeper.h"
#include "daemon/tasks/handlers.h"

#define BY_MAX 96 /* bytes of who sends a signal, in words */

/* Whether a signal is one that no process ends by, unless it wants to. */
static bool is_harmless(int signal)
{
    static const int list[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT,
                               SIGCHLD, SIGURG,  SIGWINCH};

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i] == signal)
            return true;
    return false;
}

static void remember(struct task *task, int signal, const char *why)
{
    task->kill_signal = signal;
    if (!why)
        return;
    free(task->why);
    task->why = strdup(why);
}

void kill_task(struct tasks *t, struct task *task, int signal, const char *why)
{
    if (task->state != DVM_TASK_RUNNING && task->state != DVM_TASK_STARTING)
        return;
    if (task->role != ROLE_TASK)
        return;
    if (!is_harmless(signal))
        remember(task, signal, why);
    if (task->spawned)
        keeper_signal(t->d->keeper, task->tid, signal);
    else if (task->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, task->pidfd, signal, NULL, 0);
}

void tasks_end_all(struct tasks *t, int signal, const char *why)
{
    struct task *task;
    size_t at = 0;

    while ((task = table_next(&t->by_tid, &at)))
        if (task->spawned || task->by_tasker)
            kill_task(t, task, signal, why);
}

/* Whose signal it was: the words of a console, or the tid of a task. */
static void tell_why(char *text, size_t size, const struct dvm_frame *frame, const Dvm__Pb__Kill *m)
{
    char by[BY_MAX];

    snprintf(by, sizeof by, "%s", m->by);
    for (char *at = by; *at; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?'; /* it goes into the log and onto terminals */
    if (!by[0])
        snprintf(by, sizeof by, "0x%x", (unsigned)frame->src);
    snprintf(text, size, "%s sent it signal %d (%s)", by, m->signal, strsignal(m->signal));
}

void handle_kill(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Kill *m = dvm__pb__kill__unpack(NULL, frame->length, payload);
    struct task *task = m ? tasks_find(d->tasks, m->tid) : NULL;
    char why[BY_MAX + 64];

    if (!m)
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a KILL that cannot be read");
    else if (m->signal < 0 || m->signal > SIGRTMAX)
        daemon_fail(d, frame, DVM_ERR_ARG, "there is no signal %d", m->signal);
    else if (!task || task->state == DVM_TASK_ENDED || task->role != ROLE_TASK)
        daemon_fail(d, frame, DVM_ERR_NO_TASK, "there is no task 0x%x on host %s%s",
                    (unsigned)m->tid, d->host, task ? " any more" : "");
    else {
        tell_why(why, sizeof why, frame, m);
        if (m->signal) { /* 0 asks whether the task is there */
            kill_task(d->tasks, task, m->signal, why);
            tasks_event(d->tasks, task, DVM_EVENT_TASK_SIGNALLED, why);
        }
        daemon_ok(d, frame);
    }
    dvm__pb__kill__free_unpacked(m, NULL);
}

/* Tasks of other hosts in the list of a local client: their daemons are told. */
static void forward(struct daemon *d, const Dvm__Pb__Abort *m)
{
    Dvm__Pb__Abort part = *m;
    int self = cluster_self(d->cluster), last = self;

    for (size_t i = 0; i < m->n_tids; i++) {
        int slot = DVM_TID_SLOT(m->tids[i]);

        /* the list is by rank, so members of a host stand together */
        if (slot != self && slot != last)
            daemon_tell(d, CLUSTER_CONTROL, DVM_TID_DAEMON(slot), DVM_CTL_ABORT, &part.base);
        last = slot;
    }
}

static void note_cause(struct task *by, const char *cause)
{
    by->aborts = true;
    if (by->cause || !cause[0])
        return; /* the first word counts */
    by->cause = strdup(cause);
}

void handle_abort(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Abort *m = dvm__pb__abort__unpack(NULL, frame->length, payload);
    struct task *by = tasks_find(d->tasks, frame->src);
    size_t count = 0;

    if (!m) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "an ABORT that cannot be read");
        return;
    }
    if (by && by->role == ROLE_TASK)
        note_cause(by, m->cause);
    for (size_t i = 0; i < m->n_tids; i++) {
        struct task *task = tasks_find(d->tasks, m->tids[i]);

        /* those that abort exit by themselves, with their own status */
        if (!task || task->aborts)
            continue;
        kill_task(d->tasks, task, SIGKILL, m->text);
        count++;
    }
    log_info("0x%x ends %zu tasks here: %s", (unsigned)frame->src, count, m->text);
    if (DVM_TID_N(frame->src) != 0 && DVM_TID_SLOT(frame->src) == cluster_self(d->cluster))
        forward(d, m);
    if (frame->ref)
        daemon_ok(d, frame);
    dvm__pb__abort__free_unpacked(m, NULL);
}
