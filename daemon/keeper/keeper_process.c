/* keeper_process.c: the keeper's own process; see keeper.h.
 *
 * A loop over two descriptors: orders from dvmd, and a signalfd. All signals
 * stay blocked, so nothing interrupts it. EOF of the orders means that dvmd is
 * gone. What a task left behind in its process group is killed before the task
 * is reaped, while its pid cannot belong to anybody else; what it left in its
 * session, but in other groups, is swept a moment later for all tasks that ended
 * meanwhile, because that takes a walk through /proc. Tasks that have no cores of their
 * own are in the keeper's session: the kernel's scheduler (autogroup) makes a group of each
 * session, and a task that yields its core then yields only to those of its own. What they left
 * is swept when the last of them has ended. Where each task has a
 * cgroup the kernel kills all that is left of one, whatever sessions it made, and the
 * cgroup is removed as soon as the last of it is dead. Where cgroups can be made, but
 * tasks have no limits, the keeper is in one that all its children are born into, at no
 * cost: at its end it leaves it and has the kernel kill the rest at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/runtime.h"
#include "base/sweep.h"
#include "daemon/computer/cgroup.h"
#include "daemon/computer/family.h"
#include "daemon/keeper/keeper_order.h"
#include "daemon/keeper/keeper_wire.h"
#include "daemon/memory.h"
#include "daemon/table.h"
#include "proto/passed.h"

#define SWEEP_MS 20     /* from a task's end to the sweep of its session, milliseconds */
#define SWEEP_ROUNDS 100 /* of killing all that is left */
#define SWEEP_MAX 256   /* ended sessions that one sweep looks for */
#define KEEPER_FD 3     /* of the orders: the first behind the standard streams */

#define REMOVE_TRIES 250 /* sweeps at which a cgroup is tried to be removed: 5 s */
#define NEAR_PART 0.8    /* of a limit: memory that is near it */

struct child {
    int tid;
    pid_t pid;
    bool cgroup; /* has one */
    bool shares; /* the keeper's session */
    bool swept;  /* nothing that it started is left */
};

/* A cgroup that is to be removed. */
struct remains {
    int tid, tries;
};

static struct {
    int orders, signals;
    pid_t parent;
    struct keeper_limits limits;
    struct table by_pid, by_tid; /* struct child, owned by by_pid */
    pid_t ended[SWEEP_MAX];      /* sessions to sweep */
    size_t ended_count;
    size_t sharing;              /* children that share this process's session */
    struct remains *remains;     /* owned */
    size_t remains_count, remains_room;
    char folder[RUNTIME_PATH_MAX]; /* to remove when dvmd was killed, or "" */
} keeper;

static void reap(void);

static void say(const struct keeper_news *news)
{
    while (send(keeper.orders, news, sizeof *news, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue; /* any other error: dvmd is gone, and the orders end as well */
}

static void remember(int tid, pid_t pid, const struct keeper_plan *plan)
{
    struct child *c = malloc(sizeof *c);

    if (!c || table_put(&keeper.by_pid, (uint64_t)pid, c) ||
        table_put(&keeper.by_tid, (uint64_t)tid, c))
        abort(); /* dvmd sees it, and all that runs is ended: better than a lost task */
    *c = (struct child){tid, pid, .cgroup = plan->cgroup >= 0, .shares = plan->shares};
    keeper.sharing += c->shares;
}

/* ---- cgroups ------------------------------------------------------------------------- */

/* Whether each task gets one. */
static bool has_cgroups(void)
{
    return keeper.limits.cgroup && keeper.limits.cgroup->each;
}

/* The limits of a task; the cgroup is for it alone, if one can be made. */
static void set_limits(struct keeper_plan *plan, int tid)
{
    const struct keeper_limits *l = &keeper.limits;
    bool by_cgroup;

    plan->cgroup = has_cgroups() ? cgroup_task(l->cgroup, tid, l->memory, l->cores) : -1;
    by_cgroup = plan->cgroup >= 0 && l->cgroup->memory;
    plan->files = l->files;
    getrlimit(RLIMIT_DATA, &plan->data);
    if (l->memory && !by_cgroup && l->memory < plan->data.rlim_max)
        plan->data.rlim_cur = plan->data.rlim_max = l->memory;
}

static void remove_later(int tid)
{
    size_t room = keeper.remains_room ? 2 * keeper.remains_room : SWEEP_MAX;
    struct remains *bigger;

    if (keeper.remains_count == keeper.remains_room) {
        bigger = realloc(keeper.remains, room * sizeof *bigger);
        if (!bigger)
            return; /* it goes with all the others at the end */
        keeper.remains = bigger;
        keeper.remains_room = room;
    }
    keeper.remains[keeper.remains_count++] = (struct remains){tid, 0};
}

/* Remove the cgroups in which nothing is left. */
static void remove_remains(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < keeper.remains_count; i++) {
        struct remains r = keeper.remains[i];

        if (!cgroup_remove(keeper.limits.cgroup, r.tid) && ++r.tries < REMOVE_TRIES)
            keeper.remains[kept++] = r;
    }
    keeper.remains_count = kept;
}

/* Tell what memory had to do with the end of a task. */
static void say_memory(const struct child *c, int status, const struct rusage *used)
{
    struct keeper_news news = {.op = KEEPER_MEMORY, .tid = c->tid};
    double limit = (double)keeper.limits.memory;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;

    if (!keeper.limits.memory || status == 0)
        return;
    if (c->cgroup && killed && cgroup_over_memory(keeper.limits.cgroup, c->tid))
        news.status = KEEPER_MEMORY_OVER;
    else if (!killed && (double)used->ru_maxrss * 1024 >= limit * NEAR_PART)
        news.status = KEEPER_MEMORY_NEAR;
    if (news.status)
        say(&news);
}

/* ---- orders --------------------------------------------------------------------------- */

/* Say that a task was not started, for want of what came with the order. */
static void refuse(const struct keeper_order *order, int error)
{
    const struct keeper_news news = {.op = KEEPER_STARTED, .tid = order->tid, .error = error,
                                     .step = KEEPER_STEP_SETUP};

    say(&news);
}

static void start(const struct keeper_order *order, char *rest, size_t bytes, const int *fds)
{
    struct keeper_news news = {.op = KEEPER_STARTED, .tid = order->tid};
    struct keeper_plan plan = {0};

    if (!keeper_order_start(order, rest, bytes, &plan)) {
        refuse(order, EBADMSG);
        return;
    }
    memcpy(plan.fds, fds, sizeof plan.fds);
    plan.shares = !plan.cpus && !isatty(fds[STDIN_FILENO]);
    set_limits(&plan, order->tid);
    news.pid = keeper_exec(&plan, &news.error, &news.step);
    if (news.pid > 0)
        remember(order->tid, news.pid, &plan);
    else if (plan.cgroup >= 0)
        remove_later(order->tid);
    if (plan.cgroup >= 0)
        close(plan.cgroup);
    say(&news);
}

static void guard(const char *rest, size_t bytes)
{
    const char *folder = keeper_order_guard(rest, bytes);

    if (folder)
        snprintf(keeper.folder, sizeof keeper.folder, "%s", folder);
}

static void signal_task(const struct keeper_order *order)
{
    const struct child *c = table_get(&keeper.by_tid, (uint64_t)order->tid);

    /* not reaped yet, so the pid is still its own */
    if (!c)
        return;
    kill(-c->pid, order->signal);
    if (order->signal == SIGKILL && c->cgroup)
        cgroup_kill(keeper.limits.cgroup, c->tid);
}

/* Kill what tasks that have ended left behind, wherever it has hidden. */
static void sweep_all(void)
{
    const struct timespec pause = {.tv_nsec = SWEEP_MS * 1000000L};

    for (int i = 0; i < SWEEP_ROUNDS && family_kill(getpid(), SIGKILL, NULL, NULL) > 0; i++) {
        reap();
        nanosleep(&pause, NULL);
    }
    reap();
}

/* Take one order; false when dvmd is gone. */
static bool take_order(void)
{
    static _Alignas(8) char packet[KEEPER_MESSAGE_MAX];
    union passed_room room;
    struct iovec part = {packet, sizeof packet};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;
    struct keeper_order order;
    int fds[KEEPER_STDIO] = {-1, -1, -1};
    int fd_count;

    passed_expect(&m, &room);
    got = recvmsg(keeper.orders, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if ((size_t)got < sizeof order)
        return false;
    memcpy(&order, packet, sizeof order);
    fd_count = passed_take(&m, fds, KEEPER_STDIO);
    if (order.op == KEEPER_START && memory_low())
        refuse(&order, ENOMEM);
    else if (order.op == KEEPER_START && fd_count == KEEPER_STDIO)
        start(&order, packet + sizeof order, (size_t)got - sizeof order, fds);
    else if (order.op == KEEPER_START)
        refuse(&order, EMFILE); /* out of descriptors, the kernel drops those passed */
    else if (order.op == KEEPER_SIGNAL)
        signal_task(&order);
    else if (order.op == KEEPER_SWEEP)
        sweep_all();
    else if (order.op == KEEPER_GUARD)
        guard(packet + sizeof order, (size_t)got - sizeof order);
    for (int i = 0; i < fd_count; i++)
        close(fds[i]);
    return true;
}

static bool has_ended(void *arg, pid_t pid, pid_t session)
{
    /* a later task may have got the number of an ended session: then nothing of
     * that session was left */
    if (table_get(&keeper.by_pid, (uint64_t)session) || (session == getpid() && keeper.sharing))
        return false;
    for (size_t i = 0; i < keeper.ended_count; i++)
        if (keeper.ended[i] == session)
            return true;
    return false;
}

static void sweep(void)
{
    /* those killed hand their children to the keeper, in the same session or not:
     * another round shows whether some are left */
    if (family_kill(getpid(), SIGKILL, has_ended, NULL) == 0)
        keeper.ended_count = 0;
}

/* Some time after the end of tasks. */
static void tidy(void)
{
    if (keeper.ended_count)
        sweep();
    if (keeper.remains_count)
        remove_remains();
}

static void child_ended(struct child *c, int status, const struct rusage *used)
{
    struct keeper_news news = {.op = KEEPER_ENDED, .tid = c->tid, .pid = c->pid,
                               .status = status};

    say_memory(c, status, used);
    if (c->cgroup)
        remove_later(c->tid);
    if (keeper.ended_count == SWEEP_MAX)
        sweep();
    keeper.sharing -= c->shares;
    if (keeper.ended_count < SWEEP_MAX && (c->shares ? keeper.sharing == 0 : !c->swept))
        keeper.ended[keeper.ended_count++] = c->shares ? getpid() : c->pid;
    table_take(&keeper.by_pid, (uint64_t)c->pid);
    table_take(&keeper.by_tid, (uint64_t)c->tid);
    free(c);
    say(&news);
}

static void reap(void)
{
    for (;;) {
        siginfo_t who = {0};
        struct rusage used;
        struct child *c;
        int status;

        if (waitid(P_ALL, 0, &who, WEXITED | WNOHANG | WNOWAIT) || who.si_pid == 0)
            return;
        c = table_get(&keeper.by_pid, (uint64_t)who.si_pid);
        if (c)
            kill(-c->pid, SIGKILL); /* its group, while the pid is still taken */
        if (c && c->cgroup)
            c->swept = cgroup_kill(keeper.limits.cgroup, c->tid);
        if (wait4(who.si_pid, &status, 0, &used) == who.si_pid && c)
            child_ended(c, status, &used);
    }
}

static void take_signals(void)
{
    struct signalfd_siginfo info;

    while (read(keeper.signals, &info, sizeof info) > 0)
        continue;
    reap();
}

static void become_keeper(int fd, pid_t parent, const struct keeper_limits *limits)
{
    sigset_t all;

    /* what dvmd had open when it forked (who waits for its word, a listener of
     * whoever started it) is not the keeper's to hold */
    if (fd != KEEPER_FD)
        fd = dup3(fd, KEEPER_FD, O_CLOEXEC);
    syscall(SYS_close_range, KEEPER_FD + 1, ~0U, 0);
    keeper.orders = fd;
    keeper.parent = parent;
    keeper.limits = *limits;
    if (keeper.limits.cgroup) {
        keeper.limits.cgroup->lock = -1;           /* dvmd's */
        cgroup_keeper_enter(keeper.limits.cgroup); /* else family_end alone must do */
    }
    setsid(); /* a ^C for dvmd is not for the keeper */
    prctl(PR_SET_NAME, "dvmd-keeper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a second way to learn it */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would lose the exit statuses */
    sigemptyset(&all);
    sigaddset(&all, SIGCHLD);
    sigaddset(&all, SIGTERM);
    keeper.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (keeper.signals < 0)
        _exit(EXIT_FAILURE);
}

void keeper_process(int fd, pid_t parent, const struct keeper_limits *limits)
{
    struct cgroup *g = limits->cgroup;

    become_keeper(fd, parent, limits);
    while (getppid() == keeper.parent) {
        struct pollfd ready[2] = {{.fd = keeper.orders, .events = POLLIN},
                                  {.fd = keeper.signals, .events = POLLIN}};
        int timeout = keeper.ended_count || keeper.remains_count ? SWEEP_MS : -1;
        int count = poll(ready, 2, timeout);

        if (count == 0)
            tidy();
        if (ready[1].revents)
            take_signals();
        if (ready[0].revents && !take_order())
            break;
    }
    if (g && cgroup_keeper_leave(g))
        cgroup_kill_all(g);
    family_end();
    if (g)
        cgroup_close(g);
    if (keeper.folder[0])
        sweep_folder(keeper.folder);
    _exit(EXIT_SUCCESS);
}
