/* pty PROGRAM [ARGUMENT...]: drives a program at a terminal of its own, for tests.
 *
 * A script on stdin says what happens, a line each:
 *
 *     send TEXT      type it; \n \t \e \\ and \xNN mean what they do in C
 *     again TEXT     the same; once more when what is expected then is not there for 15 s
 *     expect TEXT    wait until it was printed behind what was expected before
 *     absent TEXT    it was not printed since the last expected text
 *     signal N       send signal N to what runs in the terminal's foreground
 *     end N          the program ends with status N
 *
 * Escape sequences for colours and the cursor stay in what is printed. A wait that takes
 * longer than DVM_TEST_SECONDS (20) fails: the transcript goes to stderr, status 1.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEEN_MAX (1 << 20) /* bytes of output that are kept */
#define SECONDS 20         /* until what is expected must be there */
#define AGAIN 15.0         /* seconds */
#define LINE_MAX_BYTES 1024
#define COLUMNS 80
#define ROWS 24

struct drive {
    int terminal;
    pid_t pid;
    char seen[SEEN_MAX];
    size_t used, mark; /* what was expected ends at mark */
    double seconds;
    char again[LINE_MAX_BYTES]; /* what is typed again; "": nothing */
};

static struct drive d;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "pty: %s: %s\n---- transcript ----\n%s\n----\n", what, text, d.seen);
    kill(d.pid, SIGKILL);
    exit(1);
}

/* Take what the program prints, for at most ms; returns false at its end. */
static bool take(int ms)
{
    struct pollfd p = {.fd = d.terminal, .events = POLLIN};
    ssize_t got;

    if (poll(&p, 1, ms) <= 0)
        return true;
    if (d.used == SEEN_MAX - 1)
        fail("more output than fits", "");
    got = read(d.terminal, d.seen + d.used, SEEN_MAX - 1 - d.used);
    if (got > 0)
        d.used += (size_t)got;
    d.seen[d.used] = '\0';
    return got > 0 || (got < 0 && errno == EINTR);
}

static void send_text(const char *text)
{
    while (*text) {
        ssize_t put = write(d.terminal, text, strlen(text));

        if (put < 0)
            fail("cannot be typed", text);
        text += put;
    }
}

static void expect(const char *text)
{
    double start = now(), deadline = start + d.seconds, again = start + AGAIN;
    const char *found;

    while (!(found = strstr(d.seen + d.mark, text))) {
        if (d.again[0] && now() > again) {
            send_text(d.again);
            again = now() + AGAIN;
        }
        if (now() > deadline)
            fail("not printed in time", text);
        if (!take(100) && !strstr(d.seen + d.mark, text))
            fail("not printed before the end", text);
    }
    d.mark = (size_t)(found - d.seen) + strlen(text);
    d.again[0] = '\0';
}

static void expect_end(const char *status)
{
    double deadline = now() + d.seconds;
    int how;

    while (take(100))
        if (now() > deadline)
            fail("has not ended in time, expected status", status);
    if (waitpid(d.pid, &how, 0) != d.pid || !WIFEXITED(how) || WEXITSTATUS(how) != atoi(status))
        fail("has not ended with status", status);
    d.pid = 0;
}

/* Turn the escapes of a text into what they mean, in place. */
static void unescape(char *text)
{
    static const char letters[] = "nte\\", meanings[] = "\n\t\033\\";
    char *out = text;

    for (; *text; text++) {
        const char *at = text[0] == '\\' && text[1] ? strchr(letters, text[1]) : NULL;

        if (at) {
            *out++ = meanings[at - letters];
            text++;
        } else if (text[0] == '\\' && text[1] == 'x') {
            char number[] = {text[2], text[3], '\0'};

            *out++ = (char)strtol(number, NULL, 16);
            text += 3;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

static void step(char *line)
{
    char *text = line + strcspn(line, " ");

    line[strcspn(line, "\n")] = '\0';
    if (*text)
        *text++ = '\0';
    unescape(text);
    if (!strcmp(line, "again"))
        snprintf(d.again, sizeof d.again, "%s", text);
    if (!strcmp(line, "send") || !strcmp(line, "again"))
        send_text(text);
    else if (!strcmp(line, "expect"))
        expect(text);
    else if (!strcmp(line, "signal"))
        kill(-tcgetpgrp(d.terminal), atoi(text));
    else if (!strcmp(line, "end"))
        expect_end(text);
    else if (strcmp(line, "absent"))
        fail("the script has an unknown word", line);
    else if (strstr(d.seen + d.mark, text))
        fail("printed, and should not be", text);
}

int main(int argc, char **argv)
{
    struct winsize size = {.ws_col = COLUMNS, .ws_row = ROWS};
    const char *seconds = getenv("DVM_TEST_SECONDS");
    char *line = NULL;
    size_t room = 0;

    if (argc < 2)
        return 2;
    d.seconds = seconds ? atof(seconds) : SECONDS;
    d.pid = forkpty(&d.terminal, NULL, NULL, &size);
    if (d.pid < 0)
        return 2;
    if (d.pid == 0) {
        setenv("TERM", "xterm", 1);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    while (getline(&line, &room, stdin) > 0)
        if (line[0] != '\n' && line[0] != '#')
            step(line);
    if (d.pid)
        kill(d.pid, SIGKILL);
    free(line);
    return 0;
}
