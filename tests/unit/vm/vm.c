/* vm: hosts, tasks, spawn, signals, waiting and notify on a private machine with a real
 * daemon. What is spawned are shell scripts: that they enrol is not needed to be
 * a task that is started, watched and ended. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "dvm.h"
#include "group/group.h"
#include "proto/frame.h"
#include "vm/vm.h"

#define PATIENCE 60.0 /* seconds for what takes no time */
#define TAG 17

static char machine[DVM_NAME_MAX];

static void set_up(void)
{
    unsetenv("DVM_DIR");
    unsetenv("DVM_SOCKET");
    unsetenv("DVM_TOKEN");
    snprintf(machine, sizeof machine, "unit-vm-%d", (int)getpid());
    setenv("DVM_MACHINE", machine, 1); /* none of that name runs */
    setenv("DVM_SINGLE", "1", 1);
    cr_assert_eq(dvm_init(NULL, NULL), DVM_OK, "%s", dvm_last_error());
    dvm_errors(DVM_SILENT);
}

static void tear_down(void)
{
    if (dvm_initialized())
        cr_assert_eq(dvm_finalize(), DVM_OK, "%s", dvm_last_error());
}

TestSuite(vm, .init = set_up, .fini = tear_down, .timeout = 240);

/* Spawn count shells that run text. */
static void spawn_shells(const char *text, int count, int *tids)
{
    const char *const args[] = {"-c", text, NULL};
    const struct dvm_spawn what = {.program = "sh", .args = args};
    int errors[8];

    cr_assert_leq(count, 8);
    cr_assert_eq(dvm_spawn(&what, count, tids, errors), DVM_OK, "%s", dvm_last_error());
    for (int i = 0; i < count; i++) {
        cr_assert_eq(errors[i], DVM_OK);
        cr_assert(DVM_TID_OK(tids[i]));
    }
}

static bool said(const char *text)
{
    return strstr(dvm_last_error(), text) != NULL;
}

/* What is written to stderr until uncapture, which returns it. */
static int real_stderr;

static void capture(FILE *file)
{
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
}

static char *uncapture(FILE *file, char *text, size_t size)
{
    fflush(stderr);
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    return text;
}

/* Receives that nobody has waited for are told, the first ones with all that is known. */
Test(vm, open_receives_are_told)
{
    struct dvm_request *requests[6];
    FILE *file = tmpfile();
    char text[4096] = {0};
    int x[6];

    cr_assert(!dvm_irecv(DVM_SELF, 0, TAG, x, 1, DVM_INT, &requests[0]));
    for (int i = 1; i < 6; i++)
        cr_assert(!dvm_irecv(DVM_WORLD, DVM_ANY, DVM_ANY, x + i, 1, DVM_INT, &requests[i]));
    cr_assert(!dvm_cancel(requests[5]));
    dvm_errors(DVM_RETURN);
    capture(file);
    cr_expect_eq(dvm_finalize(), DVM_OK);
    uncapture(file, text, sizeof text);
    dvm_errors(DVM_SILENT);
    cr_expect_not_null(strstr(text, "dvm_finalize: a receive from rank 0 (tid 0x"), "%s", text);
    cr_expect_not_null(strstr(text, "), tag 17, in DVM_SELF (called at vm.c:"), "%s", text);
    cr_expect_not_null(strstr(text, "from anybody, any tag, in DVM_WORLD (called"), "%s", text);
    cr_expect_not_null(strstr(text, "dvm_finalize: 2 more receives are open\n"), "%s", text);
    fclose(file);
}

Test(vm, a_lone_task)
{
    char name[DVM_NAME_MAX];
    int n;

    cr_assert_eq(dvm_initialized(), 1);
    cr_assert_gt(dvm_self(), 0);
    cr_assert_eq(dvm_parent(), DVM_ERR_NO_PARENT);
    cr_assert_eq(dvm_group_size(DVM_WORLD, &n), DVM_OK);
    cr_assert_eq(n, 1);
    cr_assert_eq(dvm_host_name(name, sizeof name), DVM_OK);
    cr_assert_gt(strlen(name), 0);
    cr_assert_eq(dvm_host_name(name, 1), DVM_ERR_ARG);
    cr_assert_eq(dvm_host_name(NULL, 9), DVM_ERR_ARG);
    cr_assert_eq(dvm_init(NULL, NULL), DVM_ERR_EXISTS);
    cr_assert_eq(dvm_init_thread(NULL, NULL, 7, NULL), DVM_ERR_ARG);
}

Test(vm, again_after_finalize)
{
    int provided = -1;

    cr_assert_eq(dvm_finalize(), DVM_OK);
    cr_assert_eq(dvm_initialized(), 0);
    cr_assert_eq(dvm_self(), DVM_ERR_NOT_INIT);
    /* the private daemon ends; on a busy computer behind dvm_finalize, which does not wait long */
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    cr_assert_eq(errno, ECHILD);
    cr_assert_eq(dvm_init_thread(NULL, NULL, DVM_THREAD_MULTIPLE, &provided), DVM_OK);
    cr_assert_eq(provided, DVM_THREAD_MULTIPLE);
    cr_assert_gt(dvm_self(), 0);
}

Test(vm, hosts)
{
    struct dvm_host host;
    size_t count = 0;
    char name[DVM_NAME_MAX];

    cr_assert_eq(dvm_hosts(NULL, 0, &count), DVM_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(dvm_hosts(&host, 1, &count), DVM_OK);
    cr_assert_eq(dvm_host_name(name, sizeof name), DVM_OK);
    cr_assert_str_eq(host.name, name);
    cr_assert_eq(host.state, DVM_HOST_UP);
    cr_assert_gt(host.cores, 0);
    cr_assert_eq(host.slot, DVM_TID_SLOT(dvm_self()));
    cr_assert_eq(dvm_hosts(NULL, 1, &count), DVM_ERR_ARG);
    cr_assert_eq(dvm_hosts(&host, 1, NULL), DVM_ERR_ARG);
    cr_assert_eq(dvm_remove_host(name), DVM_ERR_REFUSED);
    cr_assert_eq(dvm_remove_host("nowhere"), DVM_ERR_NO_HOST);
    cr_assert_eq(dvm_remove_host(""), DVM_ERR_NO_HOST);
    cr_assert_eq(dvm_add_hosts(NULL, NULL), DVM_ERR_ARG);
    cr_assert_eq(dvm_add_hosts("--help", NULL), DVM_ERR_ARG);
}

Test(vm, tasks_are_listed_by_tid)
{
    struct dvm_task list[8];
    int tids[3];
    size_t count;

    spawn_shells("exec sleep 1000", 3, tids);
    cr_assert_eq(dvm_tasks(list, 8, &count), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(count, 4);
    cr_assert_eq(list[0].tid, dvm_self());
    cr_assert_eq(list[0].pid, getpid());
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(list[i + 1].tid, tids[i]);
        cr_assert_eq(list[i + 1].rank, i);
        cr_assert_eq(list[i + 1].world_size, 3);
        cr_assert_eq(list[i + 1].parent, dvm_self());
        cr_assert_gt(list[i + 1].pid, 0);
    }
    cr_assert_eq(dvm_tasks(NULL, 0, &count), DVM_OK);
    cr_assert_eq(count, 4);
    cr_assert_eq(dvm_tasks(NULL, 4, &count), DVM_ERR_ARG);
}

Test(vm, how_tasks_end)
{
    struct dvm_exit how;
    int tid;

    spawn_shells("exit 7", 1, &tid);
    cr_assert_eq(dvm_task_wait(tid, PATIENCE, &how), DVM_OK, "%s", dvm_last_error());
    cr_assert(how.tid == tid && how.status == 7 && how.signal == 0 && !how.lost);
    cr_assert_eq(dvm_task_wait(tid, PATIENCE, NULL), DVM_OK, "it can be asked again");
    cr_assert_eq(dvm_kill(tid, SIGTERM), DVM_ERR_NO_TASK);
    spawn_shells("exec sleep 1000", 1, &tid);
    cr_assert_eq(dvm_task_wait(tid, 0, &how), DVM_ERR_TIMEOUT);
    cr_assert_eq(dvm_task_wait(tid, 0.05, &how), DVM_ERR_TIMEOUT);
    cr_assert(said("0.05 s"));
    cr_assert_eq(dvm_kill(tid, SIGTERM), DVM_OK);
    cr_assert_eq(dvm_task_wait(tid, PATIENCE, &how), DVM_OK);
    cr_assert(how.status == -1 && how.signal == SIGTERM && !how.lost);
}

Test(vm, tids_and_signals_are_checked)
{
    cr_assert_eq(dvm_kill(5, SIGTERM), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_kill(-1, SIGTERM), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_kill(DVM_TID_DAEMON(1), SIGTERM), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_kill(DVM_TID_MAKE(1, 5000), SIGTERM), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_kill(DVM_TID_MAKE(99, 1), SIGTERM), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_kill(dvm_self(), 0), DVM_ERR_ARG);
    cr_assert_eq(dvm_kill(dvm_self(), 1000), DVM_ERR_ARG);
    cr_assert_eq(dvm_task_wait(0, 1, NULL), DVM_ERR_NO_TASK);
    cr_assert_eq(dvm_task_wait(DVM_TID_MAKE(1, 5000), PATIENCE, NULL), DVM_ERR_NO_TASK);
}

Test(vm, spawn_is_checked)
{
    static const char *const odd[] = {"NO_VALUE", NULL};
    struct dvm_spawn what = {.program = "true"};
    int tids[2], errors[2];

    cr_assert_eq(dvm_spawn(NULL, 1, tids, NULL), DVM_ERR_ARG);
    cr_assert_eq(dvm_spawn(&what, 0, tids, NULL), DVM_ERR_ARG);
    cr_assert_eq(dvm_spawn(&what, 1, NULL, NULL), DVM_ERR_ARG);
    what.reserved[3] = 1;
    cr_assert_eq(dvm_spawn(&what, 1, tids, NULL), DVM_ERR_ARG);
    what.reserved[3] = 0;
    what.env = odd;
    cr_assert_eq(dvm_spawn(&what, 1, tids, NULL), DVM_ERR_ARG);
    cr_assert(said("NO_VALUE"));
    what.env = NULL;
    what.program = "no-such-program-of-dvm";
    cr_assert_eq(dvm_spawn(&what, 2, tids, errors), DVM_ERR_NO_PROGRAM);
    cr_assert_eq(tids[0], DVM_ERR_NO_PROGRAM);
    cr_assert_eq(errors[1], DVM_ERR_NO_PROGRAM);
    cr_assert(said("no-such-program-of-dvm"));
    what.program = "/";
    cr_assert_eq(dvm_spawn(&what, 1, tids, NULL), DVM_ERR_NO_PROGRAM);
    what.program = "true";
    what.where = "nowhere";
    cr_assert_eq(dvm_spawn(&what, 1, tids, NULL), DVM_ERR_NO_HOST);
    cr_assert(said("nowhere"));
}

Test(vm, environment_and_directory_are_carried)
{
    static const char text[] = "test \"$ONE\" = new -a \"$TWO\" = second -a \"$KEPT\" = kept"
                               " -a -n \"$DVM_SOCKET\" -a -n \"$DVM_TOKEN\" -a \"$(pwd)\" = /tmp";
    static const char *const args[] = {"-c", text, NULL};
    static const char *const env[] = {"ONE=new", "TWO=second", NULL};
    struct dvm_spawn what = {.program = "sh", .args = args, .env = env, .directory = "/tmp"};
    char *large = malloc(100001); /* more than a frame takes */
    struct dvm_exit how;
    int tid;

    memset(large, 'x', 100000);
    large[100000] = '\0';
    setenv("LARGE", large, 1);
    setenv("ONE", "old", 1);
    setenv("KEPT", "kept", 1);
    cr_assert_eq(dvm_spawn(&what, 1, &tid, NULL), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(dvm_task_wait(tid, PATIENCE, &how), DVM_OK);
    cr_assert_eq(how.status, 0);
    what.directory = NULL;
    cr_assert_eq(chdir("/tmp"), 0);
    cr_assert_eq(dvm_spawn(&what, 1, &tid, NULL), DVM_OK);
    cr_assert_eq(dvm_task_wait(tid, PATIENCE, &how), DVM_OK);
    cr_assert_eq(how.status, 0);
    free(large);
}

/* The next notify message. */
static struct dvm_status notice(int words[4])
{
    struct dvm_status status;

    cr_assert_eq(dvm_recv(DVM_UNIVERSE, DVM_ANY, TAG, words, 4, DVM_INT, &status), DVM_OK, "%s",
                 dvm_last_error());
    cr_assert_eq(status.count, 4);
    cr_assert_eq(status.source, words[0]);
    return status;
}

Test(vm, notify_of_ends)
{
    int tids[2], words[4], found;

    spawn_shells("read line", 2, tids); /* stdin is /dev/null: ends with 1 */
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, tids, 2, TAG), DVM_OK, "%s", dvm_last_error());
    for (int i = 0; i < 2; i++) {
        notice(words);
        cr_assert(words[0] == tids[0] || words[0] == tids[1]);
        cr_assert(words[1] == 1 && words[2] == 0 && words[3] == 0);
    }
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, tids, 1, TAG), DVM_OK, "one that has ended");
    notice(words);
    cr_assert_eq(words[0], tids[0]);
    cr_assert_eq(dvm_iprobe(DVM_UNIVERSE, DVM_ANY, TAG, &found, NULL), DVM_OK);
    cr_assert_eq(found, 0);
}

Test(vm, several_tids_of_a_host_are_one_wish)
{
    int tids[] = {DVM_TID_MAKE(77, 1), DVM_TID_MAKE(78, 1), DVM_TID_MAKE(77, 2)}, words[4], found;

    cr_assert_eq(dvm_notify(DVM_HOST_DOWN, tids, 3, TAG), DVM_OK, "%s", dvm_last_error());
    notice(words);
    cr_assert_eq(words[0], DVM_TID_DAEMON(77));
    notice(words);
    cr_assert_eq(words[0], DVM_TID_DAEMON(78));
    cr_assert_eq(dvm_iprobe(DVM_UNIVERSE, DVM_ANY, TAG, &found, NULL), DVM_OK);
    cr_assert_eq(found, 0);
}

Test(vm, notify_is_checked)
{
    int tid = dvm_self(), host = DVM_TID_DAEMON(1), bad = 7;

    cr_assert_eq(dvm_notify(9, &tid, 1, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, &tid, 1, -1), DVM_ERR_TAG);
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, NULL, 1, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, &bad, 1, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, &host, 1, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_TASK_EXIT, &tid, -1, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_HOST_NEW, NULL, -2, TAG), DVM_ERR_ARG);
    cr_assert_eq(dvm_notify(DVM_HOST_DOWN, &host, 1, TAG), DVM_OK, "%s", dvm_last_error());
    cr_assert_eq(dvm_notify(DVM_HOST_NEW, NULL, -1, TAG), DVM_OK, "%s", dvm_last_error());
}

Test(vm, a_forked_child_is_no_task_until_it_is_one)
{
    int self = dvm_self(), status;
    pid_t child = fork();

    if (child == 0) {
        if (dvm_self() != DVM_ERR_FORKED || dvm_initialized() || dvm_finalize() != DVM_ERR_FORKED)
            _exit(1);
        if (dvm_init(NULL, NULL) != DVM_OK || !dvm_initialized())
            _exit(2);
        if (dvm_send(DVM_SELF, 0, 1, &self, 1, DVM_INT) != DVM_OK || dvm_finalize() != DVM_OK)
            _exit(3);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    cr_assert_eq(dvm_self(), self, "the parent is what it was");
}

/* What a program that ends without a word leaves for a moment. */
struct left {
    char folder[2 * DVM_NAME_MAX];
    pid_t task;
};

/* A program with a private machine and a task in it that ends without dvm_finalize. */
static void end_without_a_word(int out)
{
    static const char *const args[] = {"-c", "exec sleep 1000", NULL};
    const struct dvm_spawn what = {.program = "sh", .args = args};
    struct dvm_task list[2];
    struct left left = {.task = 0};
    size_t count;
    int tid;

    if (dvm_init(NULL, NULL) != DVM_OK || dvm_spawn(&what, 1, &tid, NULL) != DVM_OK ||
        dvm_tasks(list, 2, &count) != DVM_OK || count != 2)
        _exit(1);
    snprintf(left.folder, sizeof left.folder, "/tmp/dvm-%u/%s", (unsigned)geteuid(), vm.machine);
    left.task = list[1].pid;
    _exit(write(out, &left, sizeof left) == sizeof left ? 0 : 2);
}

static bool is_left(const struct left *left)
{
    struct stat st;

    return stat(left->folder, &st) == 0 || kill(left->task, 0) == 0;
}

Test(vm, the_machine_ends_with_its_program)
{
    double limit = dvm_wtime() + PATIENCE;
    struct left left;
    int ends[2], status;
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    if (child == 0)
        end_without_a_word(ends[1]);
    cr_assert_eq(read(ends[0], &left, sizeof left), sizeof left);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WEXITSTATUS(status), 0);
    while (is_left(&left) && dvm_wtime() < limit)
        sched_yield();
    cr_assert_not(is_left(&left), "%s and process %d", left.folder, (int)left.task);
}

Test(vm, abort_ends_with_its_status, .exit_code = 42)
{
    dvm_abort(DVM_WORLD, 42);
}

Test(vm, abort_of_the_universe_is_of_oneself, .exit_code = 3)
{
    dvm_abort(DVM_UNIVERSE, 0x103); /* statuses have 8 bits */
}

Test(vm, a_fatal_error_ends_the_task, .exit_code = EXIT_FAILURE)
{
    dvm_errors(DVM_FATAL);
    dvm_send(DVM_WORLD, 5, 1, NULL, 0, DVM_INT);
    _exit(0);
}
