/* launch.c: starts many programs at once and collects how each ends.
 *
 * Input is written and output read as far as it goes, for all of them in one poll.
 * That one has ended is told by its pidfd and not by the end of its output, because a
 * daemon that it leaves behind may keep that open. A dialog (heard) takes its lines out
 * of what was said, so that verdicts see only what was said to people.
 */
#include "console/remote/launch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define EXEC_FAILED 127 /* as a shell says it */
#define POLLS 3         /* descriptors of a launch */

bool launch_good(const struct launch *l)
{
    return !l->late && !l->not_started && WIFEXITED(l->status) && WEXITSTATUS(l->status) == 0;
}

static bool executable(const char *path)
{
    return access(path, X_OK) == 0;
}

const char *launch_daemon_path(char *path, size_t size)
{
    static const char *const beside[] = {"dvmd", "../bin/dvmd", "../daemon/dvmd"};
    const char *set = getenv("DVM_DAEMON");
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (set && set[0]) {
        snprintf(path, size, "%s", set);
        return path;
    }
    if (length > 0) {
        self[length] = '\0';
        self[strrchr(self, '/') + 1 - self] = '\0';
        for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
            char real[PATH_MAX];
            int n = snprintf(path, size, "%s%s", self, beside[i]);

            if (n > 0 && (size_t)n < size && executable(path) && realpath(path, real) &&
                strlen(real) < size)
                return strcpy(path, real);
        }
    }
    snprintf(path, size, "dvmd");
    return path;
}

/* In the child: never returns. */
static void become(const struct launch *l, int in, int out)
{
    sigset_t none;

    /* ^C ends the console, which passes it on: a daemon that has got away is not hit */
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(l->argv[0], (char *const *)(uintptr_t)l->argv);
    dprintf(STDERR_FILENO, "%s: %s\n", l->argv[0], strerror(errno));
    _exit(EXEC_FAILED);
}

/* Make the standard input; its other end is in l->in. Returns -1 with errno. */
static int make_input(struct launch *l)
{
    int ends[2];

    l->in = -1;
    l->sent = 0;
    l->last = !l->heard;
    if (!l->input)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    l->in = ends[1];
    return ends[0];
}

static void close_input(struct launch *l)
{
    if (l->in >= 0)
        close(l->in);
    l->in = -1;
}

/* Whether there is input to be sent. */
static bool has_input(const struct launch *l)
{
    return l->in >= 0 && l->input && (l->sent < l->input_bytes || l->last);
}

static void send_input(struct launch *l)
{
    while (l->in >= 0 && l->sent < l->input_bytes) {
        ssize_t n = write(l->in, l->input + l->sent, l->input_bytes - l->sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            close_input(l); /* it does not read any more: how it ends will tell why */
        else
            l->sent += (size_t)n;
    }
    if (l->last)
        close_input(l);
}

void launch_feed(struct launch *l, const void *bytes, size_t n, bool last)
{
    l->input = bytes;
    l->input_bytes = n;
    l->sent = 0;
    l->last = last;
}

static void start(struct launch *l)
{
    int in = make_input(l), ends[2] = {-1, -1};

    l->pid = -1;
    l->pidfd = l->out = -1;
    l->late = false;
    l->said_bytes = l->line = 0;
    l->said[0] = '\0';
    if (l->input && l->input_bytes == 0)
        l->input_bytes = strlen(l->input);
    l->deadline = clock_seconds() + l->seconds;
    if (in >= 0 && pipe2(ends, O_CLOEXEC) == 0)
        l->pid = fork();
    if (l->pid == 0)
        become(l, in, ends[1]);
    if (l->pid > 0)
        l->pidfd = pidfd_open(l->pid, 0);
    l->not_started = l->pid < 0 || l->pidfd < 0 ? errno : 0;
    if (in >= 0)
        close(in);
    if (ends[1] >= 0)
        close(ends[1]);
    l->out = ends[0];
    if (l->out >= 0)
        fcntl(l->out, F_SETFL, O_NONBLOCK);
}

/* Take the lines of a dialog out of what was said. */
static void hear(struct launch *l, void *arg)
{
    char *end;

    while (l->heard && (end = strchr(l->said + l->line, '\n')) != NULL) {
        char *begin = l->said + l->line, line[LAUNCH_SAID_MAX];
        size_t n = (size_t)(end - begin), prefix = strlen(LAUNCH_DIALOG);

        if (strncmp(begin, LAUNCH_DIALOG, prefix) != 0) {
            l->line += n + 1;
            continue;
        }
        snprintf(line, sizeof line, "%.*s", (int)(n - prefix), begin + prefix);
        line[strcspn(line, "\r")] = '\0';
        l->said_bytes -= n + 1;
        memmove(begin, end + 1, l->said_bytes - l->line + 1);
        l->heard(l, line, arg);
    }
}

/* Keep what came; of more than fits, the end. Returns false at the end of it. */
static bool listen_to(struct launch *l, void *arg)
{
    for (;;) {
        char some[LAUNCH_SAID_MAX / 2];
        ssize_t got = read(l->out, some, sizeof some);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        if (l->said_bytes + (size_t)got >= sizeof l->said) {
            size_t drop = l->said_bytes + (size_t)got + 1 - sizeof l->said;

            memmove(l->said, l->said + drop, l->said_bytes - drop);
            l->said_bytes -= drop;
            l->line -= drop < l->line ? drop : l->line;
        }
        memcpy(l->said + l->said_bytes, some, (size_t)got);
        l->said_bytes += (size_t)got;
        l->said[l->said_bytes] = '\0';
        hear(l, arg);
    }
}

static void finish(struct launch *l, void *arg)
{
    if (l->pid > 0) {
        while (waitpid(l->pid, &l->status, 0) < 0 && errno == EINTR)
            ;
    }
    if (l->out >= 0) {
        listen_to(l, arg);
        close(l->out);
    }
    close_input(l);
    if (l->pidfd >= 0)
        close(l->pidfd);
    l->pidfd = l->out = -1;
}

/* One launch after poll. Returns true when it has ended. */
static bool look(struct launch *l, const struct pollfd *p, void *arg)
{
    if (l->not_started) {
        finish(l, arg);
        return true;
    }
    if (p[2].revents)
        send_input(l);
    if (p[1].revents && !listen_to(l, arg)) {
        close(l->out);
        l->out = -1;
    }
    if (!(p[0].revents & POLLIN) && clock_seconds() >= l->deadline) {
        l->late = true;
        kill(-l->pid, SIGKILL);
        kill(l->pid, SIGKILL);
    } else if (!(p[0].revents & POLLIN)) {
        return false;
    }
    finish(l, arg);
    return true;
}

#define PASSED_ON 3 /* signals that are passed on */

/* What is to be done about signals outside of launch_all. */
struct before {
    struct sigaction actions[PASSED_ON], pipe;
    sigset_t mask;
};

/* The launches that run at the same time. */
struct crowd {
    struct launch *running[LAUNCH_AT_ONCE];
    struct pollfd polls[POLLS * LAUNCH_AT_ONCE]; /* pidfd, output and input of each */
    size_t count;
    struct before before;
};

static void wait_for_news(struct crowd *w)
{
    double first = w->running[0]->deadline, left;
    bool at_once = false;

    for (size_t i = 0; i < w->count; i++) {
        const struct launch *l = w->running[i];
        struct pollfd *p = &w->polls[POLLS * i];

        p[0] = (struct pollfd){.fd = l->pidfd, .events = POLLIN};
        p[1] = (struct pollfd){.fd = l->out, .events = POLLIN};
        p[2] = (struct pollfd){.fd = has_input(l) ? l->in : -1, .events = POLLOUT};
        if (w->running[i]->deadline < first)
            first = w->running[i]->deadline;
        at_once = at_once || w->running[i]->not_started;
    }
    left = at_once ? 0 : first - clock_seconds();
    if (left < 0)
        left = 0;
    ppoll(w->polls, POLLS * w->count,
          &(struct timespec){(time_t)left, (long)((left - (double)(time_t)left) * 1e9)},
          &w->before.mask);
}

/* Programs that have a group of their own do not get the terminal's ^C: it is passed on to
 * those that still run, before it ends this process. */
static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static void take_signals(struct before *b)
{
    struct sigaction mine = {.sa_handler = on_signal}, pipe = {.sa_handler = SIG_IGN};
    sigset_t set;

    interrupted = 0;
    sigemptyset(&set);
    for (size_t i = 0; i < PASSED_ON; i++) {
        sigaction(passed_on[i], NULL, &b->actions[i]);
        if (b->actions[i].sa_handler == SIG_IGN)
            continue;
        sigaction(passed_on[i], &mine, NULL);
        sigaddset(&set, passed_on[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &b->mask); /* they come in ppoll only */
    sigaction(SIGPIPE, &pipe, &b->pipe);    /* a program that ends early is no reason */
}

static void give_signals_back(const struct before *b)
{
    for (size_t i = 0; i < PASSED_ON; i++)
        sigaction(passed_on[i], &b->actions[i], NULL);
    sigaction(SIGPIPE, &b->pipe, NULL);
    sigprocmask(SIG_SETMASK, &b->mask, NULL);
}

/* End what runs, and then what the signal ends: this process, as a rule. */
static void pass_on(struct crowd *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->running[i]->pid > 0)
            kill(-w->running[i]->pid, SIGTERM);
    give_signals_back(&w->before);
    raise(interrupted);
    take_signals(&w->before);
}

void launch_all(struct launch *list, size_t count, bool (*done)(struct launch *l, void *arg),
                void *arg)
{
    struct crowd w = {.count = 0};
    size_t next = 0;

    take_signals(&w.before);
    while (next < count || w.count > 0) {
        while (next < count && w.count < LAUNCH_AT_ONCE) {
            start(&list[next]);
            w.running[w.count++] = &list[next++];
        }
        wait_for_news(&w);
        if (interrupted)
            pass_on(&w);
        for (size_t i = w.count; i-- > 0;) {
            if (!look(w.running[i], &w.polls[POLLS * i], arg))
                continue;
            if (done && done(w.running[i], arg)) {
                start(w.running[i]);
                continue;
            }
            w.count--;
            w.running[i] = w.running[w.count];
            /* the last one's poll results move with it; it was looked at already */
        }
    }
    give_signals_back(&w.before);
}

const char *launch_last_line(const struct launch *l, char *line, size_t size)
{
    const char *end = l->said + l->said_bytes, *begin;

    while (end > l->said && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
        end--;
    for (begin = end; begin > l->said && begin[-1] != '\n' && begin[-1] != '\r';)
        begin--;
    if (begin < end)
        snprintf(line, size, "%.*s", (int)(end - begin), begin);
    else if (l->not_started)
        snprintf(line, size, "%s cannot be started: %s", l->argv[0], strerror(l->not_started));
    else if (l->late)
        snprintf(line, size, "no answer within %.0f s", l->seconds);
    else if (WIFSIGNALED(l->status))
        snprintf(line, size, "%s was ended by signal %d", l->argv[0], WTERMSIG(l->status));
    else
        snprintf(line, size, "%s ended with status %d and said nothing", l->argv[0],
                 WEXITSTATUS(l->status));
    return line;
}
