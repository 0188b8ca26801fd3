/* run_waits.c: what the tasks waited for when their time was over.
 *
 * Whoever gave a time limit thought that the program might hang, and behind it the tasks are
 * gone and cannot be asked any more. So the console looks before it ends them: as dvm why, in a
 * process of its own, since this one's connection is busy with the run. Of a private machine it
 * must be told the name.
 */
#include "console/run/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_SECONDS 5 /* that the tasks are given to be looked at */
#define TEXT_MAX 8192  /* bytes of what is told of them */

static _Noreturn void become_why(const struct run *r, int out, pid_t owner)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (getppid() == owner && dup2(out, STDOUT_FILENO) >= 0 && dup2(nowhere, STDIN_FILENO) >= 0 &&
        dup2(nowhere, STDERR_FILENO) >= 0) {
        if (r->is_private) {
            setenv("DVM_MACHINE", client_info(r->client)->machine, 1);
            unsetenv("DVM_DIR");
            unsetenv("DVM_HOST");
        }
        execl("/proc/self/exe", "dvm", "why", (char *)NULL);
    }
    _exit(EXIT_NOT_CONNECTED);
}

/* What comes until the end or the deadline. */
static void read_all(int fd, char *text, size_t size)
{
    double end = clock_seconds() + LOOK_SECONDS;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    ssize_t n = 1;

    while (n > 0 && used < size - 1) {
        double left = end - clock_seconds();

        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) <= 0)
            break;
        n = read(fd, text + used, size - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    text[used] = '\0';
}

void run_tell_waits(struct run *r)
{
    char text[TEXT_MAX] = "", *rest = text, *line;
    pid_t owner = getpid(), child;
    int lines[2];

    if (r->c->json || pipe2(lines, O_CLOEXEC) < 0)
        return;
    child = fork();
    if (child == 0)
        become_why(r, lines[1], owner);
    close(lines[1]);
    if (child > 0)
        read_all(lines[0], text, sizeof text);
    close(lines[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    while ((line = strsep(&rest, "\n")))
        if (line[0])
            run_say(r, "%s", line);
}
