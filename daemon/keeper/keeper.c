/* keeper.c: dvmd's side of its keeper; see keeper.h and keeper_wire.h.
 *
 * Orders never block: what the socket does not take waits in an outbox. The end
 * of the keeper is seen as EOF; its tasks are then children of dvmd, which is a
 * subreaper, and are killed before anybody is told.
 */
#include "daemon/keeper.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "daemon/computer/cgroup.h"
#include "daemon/computer/family.h"
#include "daemon/keeper/keeper_wire.h"
#include "daemon/outbox.h"

#define NEWS_PER_TURN 64    /* then the loop looks after others */
#define END_MS 5000         /* how long the keeper may take to end, milliseconds */
#define PARTS 3             /* of a start: order, cpu set, text */

struct keeper {
    int fd;
    pid_t pid;
    struct ev_loop *loop;   /* borrowed; NULL before keeper_attach */
    ev_io readable, writable;
    struct outbox orders;
    struct keeper_events events;
    void *arg;
    bool guards; /* a folder */
    struct cgroup *cgroup; /* borrowed, or NULL */
};

int keeper_fork(struct keeper **out, const struct keeper_limits *limits)
{
    struct keeper *k = calloc(1, sizeof *k);
    int pair[2], room = KEEPER_MESSAGE_MAX;
    pid_t parent = getpid();

    if (!k)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the keeper");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        free(k);
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot make the keeper's sockets");
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    k->pid = fork();
    if (k->pid == 0) {
        close(pair[0]);
        keeper_process(pair[1], parent, limits);
    }
    close(pair[1]);
    k->fd = pair[0];
    if (k->pid < 0) {
        close(k->fd);
        free(k);
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot fork the keeper");
    }
    fcntl(k->fd, F_SETFL, O_NONBLOCK);
    k->cgroup = limits->cgroup;
    *out = k;
    return DVM_OK;
}

static void detach(struct keeper *k)
{
    if (k->loop) {
        ev_io_stop(k->loop, &k->readable);
        ev_io_stop(k->loop, &k->writable);
    }
}

/* End all that is left of the tasks. */
static void end_family(struct keeper *k)
{
    if (k->cgroup)
        cgroup_kill_all(k->cgroup);
    family_end();
    if (k->cgroup)
        cgroup_close(k->cgroup);
}

static void lost(struct keeper *k)
{
    detach(k);
    end_family(k);
    k->pid = 0;
    k->events.lost(k->arg);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct keeper *k = w->data;
    struct keeper_news n;

    for (int i = 0; i < NEWS_PER_TURN; i++) {
        ssize_t got = recv(k->fd, &n, sizeof n, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got != sizeof n) {
            lost(k);
            return;
        }
        if (n.op == KEEPER_STARTED)
            k->events.started(k->arg, n.tid, n.pid, n.error, (enum keeper_step)n.step);
        else if (n.op == KEEPER_MEMORY && k->events.memory)
            k->events.memory(k->arg, n.tid, (enum keeper_memory)n.status);
        else if (n.op == KEEPER_ENDED)
            k->events.ended(k->arg, n.tid, n.status);
    }
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct keeper *k = w->data;
    size_t sent;

    /* an error shows as EOF as well, which on_readable handles */
    if (outbox_flush(&k->orders, k->fd, &sent) || !k->orders.first)
        ev_io_stop(loop, w);
}

void keeper_attach(struct keeper *k, struct ev_loop *loop, const struct keeper_events *events,
                   void *arg)
{
    k->loop = loop;
    k->events = *events;
    k->arg = arg;
    ev_io_init(&k->readable, on_readable, k->fd, EV_READ);
    ev_io_init(&k->writable, on_writable, k->fd, EV_WRITE);
    k->readable.data = k->writable.data = k;
    /* before clients: a task's start and end are told before what it sent is read */
    ev_set_priority(&k->readable, EV_MAXPRI);
    ev_io_start(loop, &k->readable);
}

static int order(struct keeper *k, const struct iovec *parts, int count, const int *fds,
                 int fd_count)
{
    bool sent;
    int r = outbox_put(&k->orders, k->fd, parts, count, fds, fd_count, &sent);

    if (!r && !sent && k->loop)
        ev_io_start(k->loop, &k->writable);
    return r;
}

/* The bytes of a list of strings with their NULs; *count receives how many. */
static size_t list_size(const char *const *list, uint32_t *count)
{
    size_t size = 0;

    for (*count = 0; list[*count]; (*count)++)
        size += strlen(list[*count]) + 1;
    return size;
}

static char *put_list(char *at, const char *const *list)
{
    for (; *list; list++)
        at = stpcpy(at, *list) + 1;
    return at;
}

int keeper_start(struct keeper *k, const struct keeper_task *t)
{
    struct keeper_order head = {.op = KEEPER_START, .tid = t->tid,
                                .cpu_bytes = t->cpus ? sizeof *t->cpus : 0};
    size_t size = list_size(t->argv, &head.argc) + list_size(t->env, &head.envc) +
                  strlen(t->path) + strlen(t->directory) + 2;
    struct iovec parts[PARTS] = {{&head, sizeof head},
                                     {(void *)(uintptr_t)t->cpus, head.cpu_bytes}};
    char *text, *at;
    int r;

    if (size + sizeof head + head.cpu_bytes > KEEPER_MESSAGE_MAX)
        return dvm_fail(DVM_ERR_LIMIT, "arguments and environment have %zu bytes; "
                        "at most %d are possible", size, KEEPER_MESSAGE_MAX);
    text = malloc(size);
    if (!text)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory to start a task");
    at = stpcpy(text, t->path) + 1;
    at = stpcpy(at, t->directory) + 1;
    at = put_list(put_list(at, t->argv), t->env);
    assert((size_t)(at - text) == size);
    parts[2] = (struct iovec){text, size};
    r = order(k, parts, PARTS, t->fds, KEEPER_STDIO);
    free(text);
    return r ? dvm_fail(r, "the keeper of this host does not take the order to start a task: %s",
                        dvm_error_text(r))
             : DVM_OK;
}

int keeper_signal(struct keeper *k, int tid, int signal)
{
    struct keeper_order head = {.op = KEEPER_SIGNAL, .tid = tid, .signal = signal};
    struct iovec part = {&head, sizeof head};

    return order(k, &part, 1, NULL, 0);
}

int keeper_guard(struct keeper *k, const char *folder)
{
    struct keeper_order head = {.op = KEEPER_GUARD};
    struct iovec parts[] = {{&head, sizeof head},
                            {(void *)(uintptr_t)folder, strlen(folder) + 1}};

    k->guards = folder[0] != '\0';
    return order(k, parts, sizeof parts / sizeof parts[0], NULL, 0);
}

const struct cgroup *keeper_cgroup(const struct keeper *k)
{
    return k->cgroup;
}

int keeper_sweep(struct keeper *k)
{
    struct keeper_order head = {.op = KEEPER_SWEEP};
    struct iovec part = {&head, sizeof head};

    return order(k, &part, 1, NULL, 0);
}

pid_t keeper_pid(const struct keeper *k)
{
    return k->pid;
}

void keeper_destroy(struct keeper *k)
{
    struct pollfd end;

    if (!k)
        return;
    if (k->guards)
        keeper_guard(k, ""); /* this daemon sees to its folder itself */
    detach(k);
    shutdown(k->fd, SHUT_RDWR); /* EOF for the keeper */
    if (k->pid > 0) {
        end = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, k->pid, 0),
                              .events = POLLIN};
        poll(&end, 1, END_MS);
        close(end.fd);
    }
    end_family(k); /* the keeper, and whatever it should have left */
    close(k->fd);
    outbox_clear(&k->orders);
    free(k);
}
