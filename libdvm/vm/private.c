/* private.c: the machine of one host that a program gets when none runs.
 *
 * The daemon is a child in a session of its own (Ctrl-C at the terminal is for the
 * program; the daemon ends when the program's connection does). It gets no
 * descriptor of the program's but its output and the pipe on which it says that it
 * is ready; posix_spawn makes that so in a threaded program, too.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "vm/vm.h"

#define READY_SECONDS 30.0 /* how long the daemon may take to be ready */
#define END_MS 300         /* how long its end is waited for, milliseconds: it may let
                            * tasks that this one spawned finish first */
#define LINE_BYTES 2048    /* longest line that it says on the pipe */
#define READY_FD 3         /* the number of the pipe in the daemon */
#define READY_FD_TEXT "3"
#define MS_PER_SECOND 1e3

extern char **environ;

static pid_t child;   /* the private daemon, 0 for none */
static pid_t starter; /* the process whose child it is: not ours after fork */

static int spawn_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) ||
           posix_spawnattr_setsigdefault(attributes, &all) ||
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

/* Start the daemon with the write end of the ready pipe. */
static int spawn_daemon(const char *path, int ready)
{
    char *const argv[] = {(char *)(uintptr_t)path, "--private", "--ready-fd", READY_FD_TEXT,
                          NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc;

    if (posix_spawn_file_actions_init(&actions))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to start a daemon");
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&actions);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to start a daemon");
    }
    rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc) /* the copy, also one onto itself, is not closed by exec */
        rc = posix_spawn_file_actions_adddup2(&actions, ready, READY_FD);
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(&actions, READY_FD + 1);
    if (!rc)
        rc = spawn_attributes(&attributes);
    if (!rc)
        rc = posix_spawn(&child, path, &actions, &attributes, argv, environ);
    starter = getpid();
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    errno = rc;
    return rc ? dvm_fail_errno(DVM_ERR_NO_DAEMON, "the daemon %s cannot be started", path)
              : DVM_OK;
}

/* Read the daemon's line from the pipe, without its newline. */
static int read_line(int fd, char *line, size_t size)
{
    double deadline = clock_seconds() + READY_SECONDS;
    size_t used = 0;

    for (;;) {
        double left = deadline - clock_seconds();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left > 0 ? (int)(left * MS_PER_SECOND) + 1 : 0);
        ssize_t got;

        if (ready == 0)
            return dvm_fail(DVM_ERR_NO_DAEMON, "a private daemon was started, but was not ready "
                                               "within %.0f s", READY_SECONDS);
        if (ready < 0)
            continue;
        got = read(fd, line + used, size - 1 - used);
        if (got <= 0)
            return dvm_fail(DVM_ERR_NO_DAEMON,
                            "a private daemon was started, but ended before it was ready");
        used += (size_t)got;
        line[used] = '\0';
        if (strchr(line, '\n') || used == size - 1) {
            line[strcspn(line, "\n")] = '\0';
            return DVM_OK;
        }
    }
}

static int understand(const char *line, char *folder, size_t size)
{
    static const char ready[] = "ready ", error[] = "error ";

    if (strncmp(line, ready, strlen(ready)) == 0 && strlen(line + strlen(ready)) < size) {
        strcpy(folder, line + strlen(ready));
        return DVM_OK;
    }
    if (strncmp(line, error, strlen(error)) == 0)
        return dvm_fail(DVM_ERR_NO_DAEMON, "%s", line + strlen(error));
    return dvm_fail(DVM_ERR_PROTOCOL, "a private daemon said \"%.100s\" instead of being ready",
                    line);
}

int private_start(char *folder, size_t size)
{
    char path[PATH_MAX], line[LINE_BYTES];
    int ready[2], rc;

    if (!program_find("dvmd", "DVM_DAEMON", "daemon", path, sizeof path))
        return dvm_fail(DVM_ERR_NO_DAEMON,
                        "no machine runs, and the daemon dvmd to start a private one was found "
                        "neither through DVM_DAEMON nor beside the library nor in PATH");
    if (pipe2(ready, O_CLOEXEC) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "no pipe to a private daemon can be made");
    rc = spawn_daemon(path, ready[1]);
    close(ready[1]);
    if (rc == DVM_OK)
        rc = read_line(ready[0], line, sizeof line);
    close(ready[0]);
    if (rc == DVM_OK)
        rc = understand(line, folder, size);
    if (rc != DVM_OK)
        private_end(true);
    return rc;
}

void private_end(bool kill_it)
{
    struct pollfd p = {.fd = -1, .events = POLLIN};

    if (child <= 0 || starter != getpid())
        return;
    if (kill_it)
        kill(child, SIGKILL);
    p.fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (p.fd >= 0) {
        poll(&p, 1, END_MS);
        close(p.fd);
    }
    waitpid(child, NULL, WNOHANG);
    child = 0;
}
