/* sweep: what killed daemons left goes, and nothing else: no living daemon's folder,
 * nothing behind a link, nothing that is not a daemon's, no fresh log of another machine. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/runtime.h"
#include "base/sweep.h"
#include "dvm.h"

#define PATH_ROOM (RUNTIME_PATH_MAX + 64)

static char machine[DVM_NAME_MAX], other[DVM_NAME_MAX]; /* that nobody else has */

static void set_up(void)
{
    snprintf(machine, sizeof machine, "sweep-a-%d", (int)getpid());
    snprintf(other, sizeof other, "sweep-b-%d", (int)getpid());
    unsetenv("DVM_DIR");
}

static void tear_down(void)
{
    char command[PATH_ROOM];

    snprintf(command, sizeof command, "rm -rf /tmp/dvm-%u/sweep-[ab]-%d", (unsigned)geteuid(),
             (int)getpid());
    cr_assert_eq(system(command), 0);
}

TestSuite(sweep, .init = set_up, .fini = tear_down);

static void put_file(const char *folder, const char *name)
{
    char path[PATH_ROOM];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    close(fd);
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* A folder with a daemon's files; *lock holds its lock unless it is NULL. */
static const char *make(const char *of, const char *host, int *lock)
{
    static char folders[8][RUNTIME_PATH_MAX];
    static int next;
    char *folder = folders[next++];
    int fd;

    cr_assert_eq(runtime_folder(folder, sizeof folders[0], of, host), DVM_OK);
    cr_assert_eq(runtime_lock(folder, &fd), DVM_OK);
    put_file(folder, RUNTIME_SOCKET);
    put_file(folder, RUNTIME_LOG);
    if (lock)
        *lock = fd;
    else
        close(fd);
    return folder;
}

Test(sweep, the_dead_go_and_the_living_stay)
{
    int lock;
    const char *alive = make(machine, "h1", &lock), *dead = make(machine, "h2", NULL);

    sweep_folders(machine);
    cr_assert(runtime_alive(alive));
    cr_assert_not(exists(dead));
    close(lock);
    sweep_folders(machine);
    cr_assert_not(exists(alive));
    *strrchr((char *)(uintptr_t)alive, '/') = '\0';
    cr_assert_not(exists(alive), "the machine's level is empty and goes, too");
}

Test(sweep, a_fresh_log_of_another_machine_stays)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    const char *folder = make(other, "h1", NULL);
    char log[PATH_ROOM];

    sweep_folders(machine);
    cr_assert(exists(folder));
    snprintf(log, sizeof log, "%s/%s", folder, RUNTIME_LOG);
    cr_assert_eq(utimensat(AT_FDCWD, log, old, 0), 0);
    sweep_folders(machine);
    cr_assert_not(exists(folder));
}

/* As of a daemon that is killed between mkdir and the making of its lock. */
Test(sweep, an_empty_folder_goes)
{
    const char *own = make(machine, "h1", NULL), *young = make(other, "h1", NULL);
    const char *const names[] = {RUNTIME_SOCKET, RUNTIME_LOG, RUNTIME_LOCK};
    char path[PATH_ROOM];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", own, names[i]);
        cr_assert_eq(unlink(path), 0);
        snprintf(path, sizeof path, "%s/%s", young, names[i]);
        cr_assert_eq(unlink(path), 0);
    }
    sweep_folders(machine);
    cr_expect_not(exists(own));
    cr_expect(exists(young), "its daemon may be about to start");
}

Test(sweep, what_is_not_a_daemons_stays)
{
    const char *folder = make(machine, "h1", NULL), *linked = make(other, "h2", NULL);
    char link[PATH_ROOM], lock[PATH_ROOM], target[PATH_ROOM];

    put_file(folder, "thesis.tex");
    snprintf(link, sizeof link, "%.*s/h3", (int)(strrchr(folder, '/') - folder), folder);
    cr_assert_eq(symlink(linked, link), 0);
    sweep_folders(machine);
    cr_assert(exists(folder));
    snprintf(lock, sizeof lock, "%s/%s", folder, RUNTIME_LOCK);
    cr_assert(exists(lock));
    cr_assert(exists(linked), "a link was followed");
    snprintf(target, sizeof target, "%s/%s", linked, RUNTIME_LOG);
    cr_assert(exists(target));
}

Test(sweep, a_lock_that_is_a_link_is_none)
{
    const char *folder = make(machine, "h1", NULL), *linked = make(other, "h2", NULL);
    char lock[PATH_ROOM], target[PATH_ROOM];

    snprintf(lock, sizeof lock, "%s/%s", folder, RUNTIME_LOCK);
    snprintf(target, sizeof target, "%s/%s", linked, RUNTIME_LOCK);
    cr_assert_eq(unlink(lock), 0);
    cr_assert_eq(symlink(target, lock), 0);
    sweep_folders(machine);
    cr_assert(exists(lock));
}

Test(sweep, one_folder_of_a_private_machine)
{
    const char *folder = make(machine, "h1", NULL);
    char level[RUNTIME_PATH_MAX];

    sweep_folder(folder);
    cr_assert_not(exists(folder));
    snprintf(level, sizeof level, "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    cr_assert_not(exists(level));
}
