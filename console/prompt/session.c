/* session.c: the implementation of session.h.
 *
 * Each command runs in a process of its own: whatever becomes of it, of its memory,
 * its signals and its environment, the next one begins as in a new dvm, and ^C ends
 * the command alone. It stays in dvm's process group, so that ^Z stops both, for the
 * shell that started dvm. What must outlast a command comes back through a pipe: the
 * machine that start has started is the one that is meant from then on.
 *
 * No connection is held between commands, so a session keeps no machine alive.
 */
#include "console/prompt/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/runtime.h"
#include "console/command.h"
#include "console/prompt/keys.h"
#include "console/prompt/prompt.h"
#include "console/prompt/split.h"
#include "console/text/words.h"

static const char *const leaving_words[] = {"quit", "exit"};

bool session_machine(char *name)
{
    char folder[RUNTIME_PATH_MAX];
    int r;

    name[0] = '\0';
    if (!getenv("DVM_DIR"))
        runtime_machine(name, DVM_NAME_MAX);
    r = runtime_find(folder, sizeof folder, NULL);
    return r == DVM_OK || r == DVM_ERR_NO_HOST; /* not the host of DVM_HOST: commands say so */
}

/* Tell the session which machine is meant from now on. */
static void send_machine(const char *name, int to)
{
    const struct command *k = command_find(name);
    char machine[DVM_NAME_MAX];

    if (k && k->moves && !getenv("DVM_DIR") && !runtime_machine(machine, sizeof machine) &&
        write(to, machine, strlen(machine)) < 0)
        return; /* the session has ended */
}

/* In the child: never returns. */
static void act(const struct session *s, int argc, char **argv, int to)
{
    int r, null = s->terminal ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

    keys_release();
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    if (null >= 0)
        dup2(null, STDIN_FILENO); /* the rest of the script is not the command's */
    r = command_words(s->base, argc, argv);
    send_machine(argv[0], to);
    _exit(console_end(r));
}

static void receive_machine(int from)
{
    char name[DVM_NAME_MAX];
    ssize_t got = read(from, name, sizeof name - 1);

    if (got <= 0)
        return;
    name[got] = '\0';
    setenv("DVM_MACHINE", name, 1);
    unsetenv("DVM_DIR");
}

static int await(const struct session *s, pid_t pid, const char *name)
{
    char signal_name[WORDS_AGE_MAX];
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return console_failed(s->base, dvm_fail_errno(DVM_ERR_SYSTEM, "waiting for %s", name));
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGINT)
        fputc('\n', stderr);
    else
        console_wrong(s->base, "%s was ended by %s", name,
                      words_signal_name(signal_name, WTERMSIG(status)));
    return EXIT_SIGNAL + WTERMSIG(status);
}

int session_command(struct session *s, int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    int news[2], r;
    pid_t pid;

    if (pipe2(news, O_CLOEXEC) < 0)
        return console_failed(s->base, dvm_fail_errno(DVM_ERR_SYSTEM, "a pipe cannot be made"));
    fflush(NULL);
    /* while the command runs, ^C and ^\ are meant for it alone */
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    pid = fork();
    if (pid == 0)
        act(s, argc, argv, news[1]);
    close(news[1]);
    if (pid > 0) {
        r = await(s, pid, argv[0]);
        receive_machine(news[0]);
    } else {
        r = console_failed(s->base, dvm_fail_errno(DVM_ERR_SYSTEM, "%s cannot be started",
                                                   argv[0]));
    }
    close(news[0]);
    signal(SIGINT, SIG_IGN); /* drops one that waits, if it is blocked */
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    return r;
}

static int do_words(struct session *s, int argc, char **argv)
{
    int r;

    if (!strcmp(argv[0], "dvm")) { /* as in a shell: fine */
        argv++;
        argc--;
    }
    if (argc == 0) {
        console_wrong(s->base, "this is dvm; give a command (help lists them)");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof leaving_words / sizeof leaving_words[0]; i++)
        if (!strcmp(argv[0], leaving_words[i])) {
            s->leave = argc == 1;
            if (!s->leave)
                console_wrong(s->base, "%s takes nothing behind it", argv[0]);
            return s->leave ? EXIT_OK : EXIT_USAGE;
        }
    r = session_command(s, argc, argv);
    if (s->terminal && r == EXIT_OK && argc == 1 && command_find(argv[0]) == &command_halt)
        s->leave = true;
    return r;
}

int session_line(struct session *s, const char *line)
{
    struct split words;
    int r = split_line(&words, line);

    if (r)
        return console_failed(s->base, r);
    if (words.open) {
        console_wrong(s->base, "the line ends within %c; close it, or write \\%c", words.open,
                      words.open);
        r = EXIT_USAGE;
    } else if (words.count > 0) {
        r = do_words(s, (int)words.count, words.words);
    }
    split_free(&words);
    return r;
}

/* Commands from stdin, one a line. Returns the exit code of the last that failed. */
static int script(struct session *s)
{
    char *line = NULL;
    size_t size = 0;
    int number = 0, result = EXIT_OK;

    while (!s->leave && getline(&line, &size, stdin) >= 0) {
        int r;

        number++;
        line[strcspn(line, "\n")] = '\0';
        r = session_line(s, line);
        if (r == EXIT_OK)
            continue;
        result = r;
        console_say(s->base, "dvm: line %d ended with %d: %s", number, r, line);
    }
    free(line);
    return result;
}

int session_main(const struct console *base)
{
    struct session s = {.base = base};

    s.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    return s.terminal ? prompt_run(&s) : script(&s);
}
