/* keeper: tasks start with what they were given, failures come back with their
 * reason, and nothing that a task started outlives it or the keeper. */
#include <criterion/criterion.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "daemon/computer/cgroup.h"
#include "daemon/computer/family.h"
#include "daemon/keeper.h"

#define SECONDS 60.0
#define TURN_SECONDS 0.02
#define OUTPUT 256
#define TID 0x40001
#define MANY 64
#define WORDS_MANY 150000
#define KEEPER_FILES 5 /* that it has open itself */

static struct keeper *keeper;
static struct ev_loop *loop;
static int started, ended, last_error, last_step, last_status, last_memory;
static pid_t last_pid;
static bool lost;

static void on_started(void *arg, int tid, pid_t pid, int error, enum keeper_step step)
{
    started++;
    last_pid = pid;
    last_error = error;
    last_step = (int)step;
}

static void on_ended(void *arg, int tid, int status)
{
    ended++;
    last_status = status;
}

static void on_memory(void *arg, int tid, enum keeper_memory what)
{
    cr_assert_eq(ended, 0, "told too late");
    last_memory = (int)what;
}

static void on_lost(void *arg)
{
    lost = true;
}

static void begin(const struct keeper_limits *limits)
{
    static const struct keeper_events events = {on_started, on_ended, on_lost, on_memory};

    cr_assert_eq(keeper_fork(&keeper, limits), DVM_OK);
    loop = ev_loop_new(0);
    keeper_attach(keeper, loop, &events, NULL);
}

static void set_up(void)
{
    const struct keeper_limits limits = {.files = {99, 4096}};

    begin(&limits);
}

static void tear_down(void)
{
    keeper_destroy(keeper);
    cr_assert_eq(family_kill(getpid(), 0, NULL, NULL), 0, "something is left");
}

TestSuite(keeper, .init = set_up, .fini = tear_down);

static void on_turn(struct ev_loop *l, ev_timer *w, int revents)
{
}

/* Run the loop until *counter is count or lost is set. */
static void run_until(const int *counter, int count)
{
    double deadline = clock_seconds() + SECONDS;
    ev_timer turn;

    ev_timer_init(&turn, on_turn, TURN_SECONDS, TURN_SECONDS);
    ev_timer_start(loop, &turn);
    while (*counter < count && !lost && clock_seconds() < deadline)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &turn);
}

/* Start a shell command with its output in *out, which may be NULL. */
static int start(int tid, const char *path, const char *directory, const char *command, int *out)
{
    const char *argv[] = {"sh", "-c", command, NULL};
    const char *env[] = {"A=1", "B=two words", NULL};
    struct keeper_task t = {.tid = tid, .path = path, .directory = directory, .argv = argv,
                            .env = env};
    int ends[2] = {-1, -1}, r;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    t.fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    t.fds[1] = ends[1];
    t.fds[2] = ends[1];
    r = keeper_start(keeper, &t);
    close(t.fds[0]);
    close(ends[1]);
    if (out)
        *out = ends[0];
    else
        close(ends[0]);
    return r;
}

static const char *output_of(int fd)
{
    static char text[OUTPUT];
    size_t used = 0;
    ssize_t got;

    while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fd);
    return text;
}

static bool gone(pid_t pid)
{
    double deadline = clock_seconds() + SECONDS;

    while (kill(pid, 0) == 0 && clock_seconds() < deadline)
        ev_run(loop, EVRUN_NOWAIT);
    return kill(pid, 0) < 0 && errno == ESRCH;
}

Test(keeper, a_task_gets_what_it_was_given)
{
    int out;

    cr_assert_eq(start(TID, "/bin/sh", "/usr",
                       "echo $A $B; pwd; ulimit -n; ls /proc/self/fd | wc -l; "
                       "[ $$ = $(ps -o pgid= -p $$) ] && echo leader; exit 7", &out), DVM_OK);
    run_until(&ended, 1);
    cr_assert_gt(last_pid, 0);
    cr_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == 7);
    cr_assert_str_eq(output_of(out), "1 two words\n/usr\n99\n4\nleader\n");
}

Test(keeper, failures_name_their_step)
{
    cr_assert_eq(start(TID, "/no/such/file", "", "", NULL), DVM_OK);
    run_until(&started, 1);
    cr_assert_eq(last_pid, 0);
    cr_assert_eq(last_error, ENOENT);
    cr_assert_eq(last_step, KEEPER_STEP_EXEC);
    cr_assert_eq(start(TID, "/bin/sh", "/no/such/folder", "", NULL), DVM_OK);
    run_until(&started, 2);
    cr_assert_eq(last_step, KEEPER_STEP_DIRECTORY);
    cr_assert_eq(ended, 0);
}

Test(keeper, too_much_is_refused_in_words)
{
    static char long_text[KEEPER_MESSAGE_MAX + 1];

    memset(long_text, 'x', sizeof long_text - 1);
    cr_assert_eq(start(TID, "/bin/sh", "", long_text, NULL), DVM_ERR_LIMIT);
    cr_assert_not_null(strstr(dvm_last_error(), "at most"), "%s", dvm_last_error());
}

Test(keeper, very_many_arguments_do_no_harm)
{
    static const char *argv[WORDS_MANY + 1];
    const char *env[] = {NULL};
    struct keeper_task t = {.tid = TID, .path = "/bin/true", .directory = "", .argv = argv,
                            .env = env, .fds = {0, 1, 2}};

    for (int i = 0; i < WORDS_MANY; i++)
        argv[i] = "";
    cr_assert_eq(keeper_start(keeper, &t), DVM_OK);
    run_until(&started, 1);
    cr_assert_eq(started, 1);
    cr_assert_not(lost);
}

Test(keeper, a_start_without_descriptors_is_answered)
{
    const struct rlimit few = {KEEPER_FILES, KEEPER_FILES};

    cr_assert_eq(prlimit(keeper_pid(keeper), RLIMIT_NOFILE, &few, NULL), 0);
    cr_assert_eq(start(TID, "/bin/true", "", "", NULL), DVM_OK);
    run_until(&started, 1);
    cr_assert_eq(started, 1);
    cr_assert_eq(last_pid, 0);
    cr_assert_eq(last_error, EMFILE);
}

Test(keeper, a_signal_reaches_what_the_task_started)
{
    int out, child = 0;

    start(TID, "/bin/sh", "", "tail -f /dev/null & echo $!; wait", &out);
    run_until(&started, 1);
    cr_assert_eq(read(out, (char[OUTPUT]){0}, 0), 0);
    cr_assert_eq(fscanf(fdopen(out, "r"), "%d", &child), 1);
    cr_assert_eq(keeper_signal(keeper, TID, SIGTERM), DVM_OK);
    run_until(&ended, 1);
    cr_assert(WIFSIGNALED(last_status) && WTERMSIG(last_status) == SIGTERM);
    cr_assert(gone(child));
}

Test(keeper, what_a_task_leaves_behind_is_ended)
{
    int out, same_group = 0, other_group = 0;
    FILE *f;

    /* the second in a process group of its own, as an interactive shell does it */
    start(TID, "/bin/bash", "", "tail -f /dev/null & echo $!; "
                               "set -m; tail -f /dev/null & echo $!", &out);
    run_until(&ended, 1);
    f = fdopen(out, "r");
    cr_assert_eq(fscanf(f, "%d %d", &same_group, &other_group), 2);
    fclose(f);
    cr_assert(gone(same_group));
    cr_assert(gone(other_group));
}

Test(keeper, many_start_fast)
{
    double begin = clock_seconds();

    for (int i = 0; i < MANY; i++)
        cr_assert_eq(start(TID + i, "/bin/true", "", "", NULL), DVM_OK);
    run_until(&ended, MANY);
    cr_assert_eq(started, MANY);
    cr_assert_eq(ended, MANY);
    fprintf(stderr, "%d tasks in %.1f ms\n", MANY, (clock_seconds() - begin) * 1e3);
}

/* Else those that yield a core would yield to nobody: see docs/decisions.md. */
Test(keeper, tasks_without_cores_share_a_session)
{
    int out[2], session[2], group[2];

    for (int i = 0; i < 2; i++) {
        start(TID + i, "/bin/sh", "", "cut -d' ' -f5,6 /proc/$$/stat", &out[i]);
        run_until(&ended, i + 1);
        cr_assert_eq(sscanf(output_of(out[i]), "%d %d", &group[i], &session[i]), 2);
    }
    cr_assert_eq(session[0], session[1]);
    cr_assert_eq(session[0], keeper_pid(keeper));
    cr_assert_neq(group[0], group[1]);
    cr_assert_neq(group[0], session[0]);
}

Test(keeper, what_tasks_of_a_session_leave_is_ended_with_the_last)
{
    int out, left = 0;
    pid_t first;

    start(TID, "/bin/sh", "", "exec tail -f /dev/null >/dev/null", NULL);
    run_until(&started, 1);
    first = last_pid;
    start(TID + 1, "/bin/bash", "", "set -m; tail -f /dev/null >/dev/null & echo $!", &out);
    run_until(&ended, 1);
    cr_assert_eq(fscanf(fdopen(out, "r"), "%d", &left), 1);
    cr_assert_eq(kill(first, 0), 0, "one that has not ended");
    cr_assert_eq(kill(first, SIGKILL), 0);
    run_until(&ended, 2);
    cr_assert(gone(left));
}

Test(keeper, its_death_ends_all_tasks)
{
    int out, left = 0;

    start(TID, "/bin/sh", "", "setsid tail -f /dev/null >/dev/null & echo $!; wait", &out);
    run_until(&started, 1);
    cr_assert_eq(fscanf(fdopen(out, "r"), "%d", &left), 1);
    kill(keeper_pid(keeper), SIGKILL);
    run_until(&ended, 1);
    cr_assert(lost);
    cr_assert(gone(last_pid));
    cr_assert(gone(left));
}

/* ---- limits ---------------------------------------------------------------------------- */

TestSuite(limits, .fini = tear_down);

#define LIMIT_BYTES (64u << 20)
#define LIMIT_KIB "65536"

Test(limits, without_a_cgroup_each_process_has_so_much_data)
{
    const struct keeper_limits limits = {.files = {64, 64}, .memory = LIMIT_BYTES};
    int out;

    begin(&limits);
    start(TID, "/bin/sh", "", "ulimit -n; ulimit -d; ulimit -Hd", &out);
    run_until(&ended, 1);
    cr_assert_str_eq(output_of(out), "64\n" LIMIT_KIB "\n" LIMIT_KIB "\n");
    cr_assert_eq(last_memory, 0, "it ended well");
}

Test(limits, a_task_that_fails_near_its_limit_is_told)
{
    const struct keeper_limits limits = {.files = {64, 64}, .memory = LIMIT_BYTES};

    begin(&limits);
    start(TID, "/bin/sh", "", "exec tail /dev/zero 2>/dev/null", NULL);
    run_until(&ended, 1);
    cr_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) != 0);
    cr_assert_eq(last_memory, KEEPER_MEMORY_NEAR);
}

static char base[] = "/tmp/dvm-unit-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[OUTPUT];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", base, name);
    file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

/* A plain folder acts as the cgroup: the task says itself what the kernel would. */
Test(limits, a_task_that_the_kernel_killed_for_its_memory_is_told)
{
    static struct cgroup g;
    struct keeper_limits limits = {.files = {64, 64}, .memory = LIMIT_BYTES, .cores = 0.5,
                                   .cgroup = &g};
    char command[4 * OUTPUT];
    int out;

    cr_assert_not_null(mkdtemp(base));
    put("cgroup.controllers", "cpuset cpu memory pids\n");
    put("cgroup.subtree_control", "");
    cgroup_open(&g, base, true, true);
    cr_assert(g.memory && g.cores, "%s %s", g.memory_why, g.cores_why);
    begin(&limits);
    snprintf(command, sizeof command,
             "cd %s/0x%x; "
             "for f in memory.max memory.oom.group memory.swap.max cpu.max cgroup.procs; do "
             "echo $(cat $f); done; ulimit -d; echo oom_kill 1 >memory.events; kill -9 $$",
             g.folder, TID);
    start(TID, "/bin/sh", "", command, &out);
    run_until(&ended, 1);
    cr_assert_str_eq(output_of(out), "67108864\n1\n0\n50000 100000\n0\nunlimited\n");
    cr_assert(WIFSIGNALED(last_status));
    cr_assert_eq(last_memory, KEEPER_MEMORY_OVER);
    snprintf(command, sizeof command, "rm -rf %s", base);
    cr_assert_eq(system(command), 0);
}

/* ---- the kernel's own cgroups, where this user may make some ---------------------------- */

static struct cgroup real;

static void with_cgroup(void)
{
    const struct keeper_limits limits = {.files = {64, 64}, .cgroup = &real};

    cgroup_open(&real, "", false, false);
    real.each = real.folder[0] != '\0';
    if (real.each) {
        char file[CGROUP_FOLDER_MAX + 16];

        snprintf(file, sizeof file, "%s/cgroup.kill", real.folder);
        if (access(file, W_OK))
            cgroup_close(&real);
        real.each = real.folder[0] != '\0';
    }
    begin(&limits);
}

static bool folder_is_gone(const char *folder)
{
    double deadline = clock_seconds() + SECONDS;

    while (access(folder, F_OK) == 0 && clock_seconds() < deadline)
        ev_run(loop, EVRUN_NOWAIT);
    return access(folder, F_OK) != 0;
}

TestSuite(cgroups, .init = with_cgroup, .fini = tear_down);

Test(cgroups, what_ran_off_into_a_session_ends_with_its_task)
{
    char folder[CGROUP_FOLDER_MAX + 16];
    int out, left = 0;

    if (!real.folder[0])
        cr_skip_test("this user can make no cgroups here");
    start(TID, "/bin/sh", "", "grep -c dvmd- /proc/self/cgroup; "
                              "setsid tail -f /dev/null >/dev/null & echo $!", &out);
    run_until(&ended, 1);
    cr_assert_eq(fscanf(fdopen(out, "r"), "%*d %d", &left), 1);
    cr_assert(gone(left));
    snprintf(folder, sizeof folder, "%s/0x%x", real.folder, TID);
    cr_assert(folder_is_gone(folder));
}

Test(cgroups, failures_name_their_step_there_too)
{
    if (!real.folder[0])
        cr_skip_test("this user can make no cgroups here");
    cr_assert_eq(start(TID, "/no/such/file", "", "", NULL), DVM_OK);
    run_until(&started, 1);
    cr_assert_eq(last_error, ENOENT);
    cr_assert_eq(last_step, KEEPER_STEP_EXEC);
}

Test(cgroups, the_death_of_the_keeper_leaves_none)
{
    char folder[CGROUP_FOLDER_MAX];

    if (!real.folder[0])
        cr_skip_test("this user can make no cgroups here");
    snprintf(folder, sizeof folder, "%s", real.folder);
    start(TID, "/bin/sh", "", "setsid tail -f /dev/null >/dev/null & wait", NULL);
    run_until(&started, 1);
    kill(keeper_pid(keeper), SIGKILL);
    run_until(&ended, 1);
    cr_assert(lost);
    cr_assert(folder_is_gone(folder));
}

/* Without limits there is one for all, with the keeper in it. */
static void with_one_cgroup(void)
{
    const struct keeper_limits limits = {.files = {64, 64}, .cgroup = &real};

    cgroup_open(&real, "", false, false);
    begin(&limits);
}

TestSuite(one_cgroup, .init = with_one_cgroup, .fini = tear_down);

Test(one_cgroup, all_tasks_are_born_into_it)
{
    char folder[CGROUP_FOLDER_MAX], wanted[CGROUP_FOLDER_MAX], own[CGROUP_FOLDER_MAX];
    const char *text;
    int out, left = 0;

    if (!real.folder[0] || !cgroup_own(own, sizeof own))
        cr_skip_test("this user can make no cgroups here");
    snprintf(folder, sizeof folder, "%s", real.folder);
    start(TID, "/bin/sh", "", "grep ^0: /proc/self/cgroup", &out);
    run_until(&ended, 1);
    snprintf(wanted, sizeof wanted, "%s/tasks\n", strrchr(folder, '/'));
    text = output_of(out);
    cr_assert_not_null(strstr(text, wanted), "%s", text);
    start(TID + 1, "/bin/sh", "", "setsid tail -f /dev/null >/dev/null & echo $!; wait", &out);
    run_until(&started, 2);
    cr_assert_eq(fscanf(fdopen(out, "r"), "%d", &left), 1);
    keeper_destroy(keeper);
    keeper = NULL;
    cr_assert(gone(left));
    cr_assert(folder_is_gone(folder));
}

Test(cgroups, the_end_of_the_keeper_leaves_none)
{
    char folder[CGROUP_FOLDER_MAX];

    if (!real.folder[0])
        cr_skip_test("this user can make no cgroups here");
    snprintf(folder, sizeof folder, "%s", real.folder);
    start(TID, "/bin/sh", "", "setsid tail -f /dev/null >/dev/null & wait", NULL);
    run_until(&started, 1);
    keeper_destroy(keeper);
    keeper = NULL;
    cr_assert(folder_is_gone(folder));
}
