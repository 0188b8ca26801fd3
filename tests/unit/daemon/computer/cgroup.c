/* cgroup: what cannot be had is said, limits are written as the kernel wants them, and
 * what killed daemons left is removed, but nothing of one that lives. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/computer/cgroup.h"

#define PATH_BYTES 256
#define TID 0x40001
#define STALE "dvmd-999999"

static char base[] = "/tmp/dvm-unit-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", base, name);
    file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(base));
    put("cgroup.controllers", "cpuset cpu memory pids\n");
    put("cgroup.subtree_control", "");
}

static void tear_down(void)
{
    char command[PATH_BYTES];

    snprintf(command, sizeof command, "rm -rf %s", base);
    cr_assert_eq(system(command), 0);
}

TestSuite(cgroup, .init = set_up, .fini = tear_down);

static const char *content(const char *folder, const char *name)
{
    static char text[PATH_BYTES];
    char path[2 * CGROUP_FOLDER_MAX];
    FILE *file;

    text[0] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "re");
    if (!file || !fgets(text, sizeof text, file))
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

Test(cgroup, limits_are_written_as_the_kernel_wants_them)
{
    struct cgroup g;
    char task[CGROUP_FOLDER_MAX + 16];
    int fd;

    cgroup_open(&g, base, true, true);
    cr_assert(g.memory && g.cores, "%s %s", g.memory_why, g.cores_why);
    cr_expect_eq(strncmp(g.folder, base, strlen(base)), 0);
    cr_expect_not_null(strstr(content(g.folder, "cgroup.subtree_control"), "+cpu"));
    fd = cgroup_task(&g, TID, 2147483648u, 1.5);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(task, sizeof task, "%s/0x%x", g.folder, TID);
    cr_expect_str_eq(content(task, "memory.max"), "2147483648");
    cr_expect_str_eq(content(task, "memory.oom.group"), "1");
    cr_expect_str_eq(content(task, "cpu.max"), "150000 100000");
    fd = cgroup_task(&g, TID + 1, 0, 0.001);
    close(fd);
    snprintf(task, sizeof task, "%s/0x%x", g.folder, TID + 1);
    cr_expect_str_eq(content(task, "memory.max"), "", "no limit was asked for");
    cr_expect_str_eq(content(task, "cpu.max"), "1000 100000", "the kernel takes no less");
    cgroup_close(&g);
}

Test(cgroup, what_is_not_wanted_is_not_touched)
{
    struct cgroup g;

    cgroup_open(&g, base, false, false);
    cr_expect_str_eq(content(base, "cgroup.subtree_control"), "");
    cr_expect_not(g.memory || g.cores);
    cr_expect_str_empty(g.memory_why);
    cgroup_close(&g);
    cr_expect_str_empty(g.folder);
}

Test(cgroup, what_cannot_be_had_is_said)
{
    struct cgroup g;

    put("cgroup.controllers", "cpu pids\n");
    cgroup_open(&g, base, true, true);
    cr_expect(g.cores && !g.memory);
    cr_expect_not_null(strstr(g.memory_why, "has no controller \"memory\""), "%s", g.memory_why);
    cgroup_close(&g);
    cgroup_open(&g, "/nonexistent", true, true);
    cr_expect_str_empty(g.folder);
    cr_expect_not_null(strstr(g.memory_why, "no cgroup can be made in /nonexistent"), "%s",
                       g.memory_why);
    cr_expect_eq(g.lock, -1);
    cgroup_close(&g);
}

Test(cgroup, memory_events_tell_who_went_over)
{
    struct cgroup g;
    char events[CGROUP_FOLDER_MAX];
    int fd;

    cgroup_open(&g, base, true, false);
    fd = cgroup_task(&g, TID, 1 << 20, 0);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_expect_not(cgroup_over_memory(&g, TID), "no such file");
    snprintf(events, sizeof events, "%s/0x%x/memory.events", g.folder + strlen(base) + 1, TID);
    put(events, "low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\n");
    cr_expect_not(cgroup_over_memory(&g, TID), "reclaim helped");
    put(events, "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\noom_group_kill 1\n");
    cr_expect(cgroup_over_memory(&g, TID));
    cgroup_close(&g);
}

static bool there(const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", base, name);
    return access(path, F_OK) == 0;
}

Test(cgroup, what_killed_daemons_left_is_removed)
{
    struct cgroup first, second;
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/" STALE, base);
    cr_assert_eq(mkdir(path, 0755), 0);
    strcat(path, "/0x40001");
    cr_assert_eq(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/other", base);
    cr_assert_eq(mkdir(path, 0755), 0);
    cgroup_open(&first, base, false, false);
    cr_expect_not(there(STALE));
    cr_expect(there("other"), "it is not ours");
    cgroup_open(&second, base, false, false);
    cr_expect(there(first.folder + strlen(base) + 1), "it is in use");
    cr_expect_str_neq(first.folder, second.folder);
    cgroup_close(&second);
    cgroup_close(&first);
    cr_expect_not(there(first.folder + strlen(base) + 1));
}

Test(cgroup, the_kernel_kills_and_removes_real_ones)
{
    struct cgroup g;
    int fd, status;
    pid_t pid;

    cgroup_open(&g, "", false, false);
    if (!g.folder[0])
        cr_skip_test("this user can make no cgroups here");
    fd = cgroup_task(&g, TID, 0, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(cgroup_enter(-1), false);
    pid = fork();
    if (pid == 0) {
        if (!cgroup_enter(fd))
            _exit(EXIT_FAILURE);
        kill(getpid(), SIGSTOP);
        _exit(EXIT_SUCCESS);
    }
    cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
    cr_assert(WIFSTOPPED(status));
    cr_expect_not(cgroup_remove(&g, TID), "there is a process in it");
    if (!cgroup_kill(&g, TID)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        cgroup_close(&g);
        cr_skip_test("this kernel has no cgroup.kill");
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(fd);
    cgroup_close(&g);
    cr_expect_eq(access(g.folder, F_OK), -1);
}
