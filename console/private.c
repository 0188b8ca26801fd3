/* private.c: starts dvmd --private as a child and reads its one line.
 *
 * The child is in a session of its own, so that ^C reaches the console only; it
 * gets the console's death signal until it has the console's connection, whose
 * end is its end.
 */
#include "console/private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/runtime.h"
#include "console/remote/launch.h"

#define READY_SECONDS 30.0 /* until dvmd must be ready */
#define END_MS 3000        /* until it must have ended, milliseconds */
#define READY_FD 3         /* where the child writes its line */
#define READY_FD_TEXT "3"
#define LINE_MAX_BYTES (RUNTIME_PATH_MAX + 256)

/* In the child: never returns. */
static void become(const char *dvmd, int ready, pid_t owner)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != owner)
        _exit(EXIT_FAILURE);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (ready == READY_FD)
        fcntl(ready, F_SETFD, 0);
    else
        dup2(ready, READY_FD);
    unsetenv("DVM_DIR");
    execlp(dvmd, dvmd, "--private", "--ready-fd", READY_FD_TEXT, (char *)NULL);
    dprintf(READY_FD,
            "error %s cannot be started: %s; set DVM_DAEMON to the path of dvmd\n", dvmd,
            strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Read the line up to its end. Returns DVM_OK also for an end without a line. */
static int read_line(int fd, char *line, size_t size)
{
    double deadline = clock_seconds() + READY_SECONDS;
    size_t used = 0;

    line[0] = '\0';
    while (used + 1 < size && !strchr(line, '\n')) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        double left = deadline - clock_seconds();
        ssize_t got;

        if (left <= 0 || poll(&p, 1, (int)(left * 1e3) + 1) == 0)
            return dvm_fail(DVM_ERR_TIMEOUT, "dvmd was not ready within %.0f s", READY_SECONDS);
        got = read(fd, line + used, size - used - 1);
        if (got == 0)
            break;
        if (got > 0)
            used += (size_t)got;
        else if (errno != EINTR)
            return dvm_fail_errno(DVM_ERR_SYSTEM, "reading dvmd's word that it is ready");
        line[used] = '\0';
    }
    line[strcspn(line, "\n")] = '\0';
    return DVM_OK;
}

static int await_ready(int fd, const char *dvmd, char *folder, size_t size)
{
    char line[LINE_MAX_BYTES];
    int r = read_line(fd, line, sizeof line);

    if (r)
        return r;
    if (!strncmp(line, "ready ", strlen("ready ")) && strlen(line) < size + strlen("ready ")) {
        strcpy(folder, line + strlen("ready "));
        return DVM_OK;
    }
    if (!strncmp(line, "error ", strlen("error ")))
        return dvm_fail(DVM_ERR_SYSTEM, "no machine runs, and none could be started for this run: "
                        "%s", line + strlen("error "));
    return dvm_fail(DVM_ERR_SYSTEM,
                    "%s ended before it was ready; run it by hand to see why: %s --foreground",
                    dvmd, dvmd);
}

int private_start(struct client **out, pid_t *pid)
{
    char dvmd[PATH_MAX], folder[RUNTIME_PATH_MAX];
    int ready[2], fd, r;
    pid_t owner = getpid(), child;

    launch_daemon_path(dvmd, sizeof dvmd);
    if (pipe2(ready, O_CLOEXEC) < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "a pipe cannot be made");
    child = fork();
    if (child == 0)
        become(dvmd, ready[1], owner);
    close(ready[1]);
    r = child < 0 ? dvm_fail_errno(DVM_ERR_SYSTEM, "dvmd cannot be started")
                  : await_ready(ready[0], dvmd, folder, sizeof folder);
    close(ready[0]);
    if (!r)
        r = runtime_connect(folder, &fd);
    if (!r)
        r = client_open(out, fd, "dvm", true);
    if (!r)
        *pid = child;
    else if (child > 0)
        kill(child, SIGTERM);
    return r;
}

void private_end(pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return;
    if (poll(&p, 1, END_MS) > 0)
        waitpid(pid, NULL, 0);
    close(fd);
}
