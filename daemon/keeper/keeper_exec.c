/* keeper_exec.c: from the keeper to a running task.
 *
 * vfork: the child borrows the keeper's memory until it executes the program, so
 * the start costs no copy of page tables, and what goes wrong in the child is
 * simply left in memory. The child makes async-signal-safe calls only, and no
 * function of it returns. Into a cgroup it is born by clone3, which vfork cannot do: it
 * has a copy of the memory then, so what went wrong is left on a page that is shared.
 * (To be moved into a cgroup after its birth may cost a process many milliseconds.)
 */
#include "daemon/keeper/keeper_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/computer/cgroup.h"
#include "daemon/keeper.h"

/* Written by the child, read by the keeper after it. */
static struct failure {
    volatile int error, step;
} own, *failure = &own;

static void fail(int step)
{
    failure->error = errno ? errno : EINVAL;
    failure->step = step;
    _exit(EXIT_FAILURE);
}

static void set_signals(void)
{
    /* those that a shell or nohup may have set to be ignored; an ignored signal
     * stays ignored over exec */
    static const int plain[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM,
                                SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ};
    sigset_t none;

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        signal(plain[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_resources(const struct keeper_plan *plan)
{
    for (int i = 0; i < 3; i++)
        if (dup2(plan->fds[i], i) < 0)
            fail(KEEPER_STEP_SETUP);
    ioctl(STDIN_FILENO, TIOCSCTTY, 0); /* a terminal becomes the session's; others refuse */
    /* everything else is marked already, unless the daemon inherited it */
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    setrlimit(RLIMIT_NOFILE, &plan->files);
    setrlimit(RLIMIT_DATA, &plan->data);
}

static __attribute__((noreturn, noinline)) void child(const struct keeper_plan *plan,
                                                      pid_t keeper)
{
    if (plan->shares)
        setpgid(0, 0);
    else
        setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != keeper)
        fail(KEEPER_STEP_SETUP); /* the keeper died before the call */
    set_resources(plan);
    if (plan->cpus && syscall(SYS_sched_setaffinity, 0, plan->cpu_bytes, plan->cpus) < 0)
        fail(KEEPER_STEP_BIND);
    if (plan->directory[0] && chdir(plan->directory))
        fail(KEEPER_STEP_DIRECTORY);
    set_signals();
    execve(plan->path, plan->argv, plan->env);
    fail(KEEPER_STEP_EXEC);
    _exit(EXIT_FAILURE);
}

/* A child in plan's cgroup; negative with errno when the kernel knows no such birth. */
static pid_t clone_into(const struct keeper_plan *plan, pid_t keeper)
{
    struct clone_args how = {.flags = CLONE_VFORK | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
                             .cgroup = (uint64_t)plan->cgroup};
    pid_t pid;

    if (failure == &own) {
        void *page = mmap(NULL, sizeof *failure, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (page == MAP_FAILED)
            return -1;
        failure = page;
        failure->error = 0;
        failure->step = KEEPER_STEP_NONE;
    }
    pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (pid == 0)
        child(plan, keeper);
    return pid;
}

pid_t keeper_exec(const struct keeper_plan *plan, int *error, int *step)
{
    pid_t keeper = getpid(), pid = -1;

    failure->error = 0;
    failure->step = KEEPER_STEP_NONE;
    if (plan->cgroup >= 0)
        pid = clone_into(plan, keeper);
    if (pid < 0) {
        pid = vfork();
        if (pid == 0) {
            if (plan->cgroup >= 0 && !cgroup_enter(plan->cgroup))
                fail(KEEPER_STEP_CGROUP);
            child(plan, keeper);
        }
    }
    *error = pid < 0 ? errno : failure->error;
    *step = pid < 0 ? KEEPER_STEP_FORK : failure->step;
    /* a child that failed is a zombie now; the keeper's loop reaps it, unknown */
    return *error ? 0 : pid;
}
