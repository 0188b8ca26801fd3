/* run_waits.c: what the tasks wait for, in a run.
 *
 * The console looks as dvm why, in a process of its own, since this one's connection is busy
 * with the run. Of a private machine that must be told the name.
 *
 * Whoever gave a time limit thought that the program might hang, and behind it the tasks are
 * gone and cannot be asked any more: so it is looked before they are ended. Who gave none
 * would wait for ever, so a run that is quiet is watched for a deadlock. A look costs the
 * daemons some time for each task: with a program that lives the pauses between looks grow,
 * and are never shorter than LOOK_SHARE times what the last look took.
 */
#include "console/run/run.h"

#include <errno.h>
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

#define LOOK_SECONDS 5         /* that the tasks are given to be looked at when time is over */
#define WATCH_LOOK_SECONDS 60  /* the same while they run */
#define LOOK_SHARE 100         /* looks take at most this part of the time */
#define PAUSE_MAX 300.0        /* longest between two looks, unless they take very long, seconds */
#define TEXT_MAX 8192          /* bytes of what is told of them */
#define TID_TEXT_MAX 16        /* bytes of a tid as text with its NUL */

static _Noreturn void become_why(const struct run *r, int out, pid_t owner, char *option,
                                 char *tid)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    char *arguments[] = {(char[]){"dvm"}, (char[]){"why"}, option, tid, NULL};
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
        execv("/proc/self/exe", arguments);
    }
    _exit(EXIT_NOT_CONNECTED);
}

/* Start it. Returns a descriptor with what it prints, or -1. */
static int start_why(const struct run *r, char *option, char *tid, pid_t *child)
{
    pid_t owner = getpid();
    int lines[2];

    if (pipe2(lines, O_CLOEXEC) < 0)
        return -1;
    *child = fork();
    if (*child == 0)
        become_why(r, lines[1], owner, option, tid);
    close(lines[1]);
    if (*child > 0)
        return lines[0];
    close(lines[0]);
    return -1;
}

static void end_why(int *fd, pid_t *child)
{
    if (*fd >= 0)
        close(*fd);
    if (*child > 0) {
        kill(*child, SIGKILL);
        waitpid(*child, NULL, 0);
    }
    *fd = -1;
    *child = 0;
}

static void say_lines(struct run *r, char *text)
{
    char *rest = text, *line;

    while ((line = strsep(&rest, "\n")))
        if (line[0])
            run_say(r, "%s", line);
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
    char text[TEXT_MAX] = "";
    pid_t child = 0;
    int fd = r->c->json ? -1 : start_why(r, NULL, NULL, &child);

    if (fd >= 0)
        read_all(fd, text, sizeof text);
    end_why(&fd, &child);
    say_lines(r, text);
}

/* ---- the watch ---------------------------------------------------------------------------- */

void run_watch_begin(struct run *r, double after)
{
    r->watch = (struct run_watch){.fd = -1, .after = after, .pause = after};
    if (after > 0 && !r->c->json && !r->c->quiet && !r->debug.on)
        r->watch.text = malloc(TEXT_MAX);
    run_watch_heard(r, clock_seconds());
}

void run_watch_heard(struct run *r, double now)
{
    struct run_watch *w = &r->watch;

    w->pause = w->after;
    w->next = now + w->pause > w->earliest ? now + w->pause : w->earliest;
}

/* Whether there is anything to watch for: a run that ends is none of it. */
static bool watches(const struct run *r)
{
    return r->watch.text && r->started && !r->aborted && !run_stopped(r) && run_left(r) > 0;
}

int run_watch_fd(const struct run *r)
{
    return r->watch.fd;
}

double run_watch_deadline(const struct run *r)
{
    const struct run_watch *w = &r->watch;

    return w->fd >= 0 ? w->began + WATCH_LOOK_SECONDS : watches(r) ? w->next : 0;
}

void run_watch_end(struct run *r)
{
    end_why(&r->watch.fd, &r->watch.child);
    free(r->watch.text);
    r->watch.text = NULL;
}

/* The look is over: if there is a text it has found a deadlock, and one is enough. */
static void looked(struct run *r, double now)
{
    struct run_watch *w = &r->watch;
    double least = (now - w->began) * LOOK_SHARE;

    end_why(&w->fd, &w->child);
    if (w->used > 0 && watches(r)) {
        w->text[w->used] = '\0';
        say_lines(r, w->text);
        run_say(r, "that will not end by itself; ^C ends the run");
        run_watch_end(r);
        return;
    }
    w->pause = 2 * w->pause < PAUSE_MAX ? 2 * w->pause : PAUSE_MAX;
    w->earliest = now + least;
    w->next = now + (w->pause > least ? w->pause : least);
}

void run_watch_ready(struct run *r)
{
    struct run_watch *w = &r->watch;
    ssize_t n = read(w->fd, w->text + w->used, TEXT_MAX - 1 - w->used);

    if (n < 0 && errno == EINTR)
        return;
    w->used += n > 0 ? (size_t)n : 0;
    if (n <= 0 || w->used == TEXT_MAX - 1)
        looked(r, clock_seconds());
}

void run_watch_clock(struct run *r, double now)
{
    struct run_watch *w = &r->watch;
    char tid[TID_TEXT_MAX];

    if (w->fd >= 0 && now >= w->began + WATCH_LOOK_SECONDS) {
        w->used = 0;
        looked(r, now);
    }
    if (w->fd >= 0 || !watches(r) || now < w->next)
        return;
    snprintf(tid, sizeof tid, "%#x", (unsigned)r->tasks[0].tid);
    w->used = 0;
    w->began = now;
    w->fd = start_why(r, (char[]){"--stuck"}, tid, &w->child);
    if (w->fd < 0)
        looked(r, now);
}
