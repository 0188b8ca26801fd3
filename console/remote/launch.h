/* launch.h: programs that are started at the same time and judged one by one:
 * dvmd on this computer, or over ssh on others.
 */
#ifndef DVM_CONSOLE_LAUNCH_H
#define DVM_CONSOLE_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#define LAUNCH_WORDS_MAX 56     /* words of a command line, NULL included */
#define LAUNCH_SAID_MAX 4096    /* bytes that are kept of what the program said */
#define LAUNCH_AT_ONCE 200      /* so many run at the same time (3 descriptors each) */

/* What begins a line of a dialog with a remote shell. */
#define LAUNCH_DIALOG "dvm-join: "

struct launch {
    const char *argv[LAUNCH_WORDS_MAX]; /* borrowed; NULL at the end */
    const char *input;  /* borrowed: its standard input; NULL: /dev/null */
    size_t input_bytes; /* of input; 0: up to its NUL */
    double seconds;     /* how long it may take */
    /* Not NULL: its standard input stays open, and each line that begins with
     * LAUNCH_DIALOG is given to it, without that and without its end, instead of being
     * kept in said. arg: that of launch_all. */
    void (*heard)(struct launch *l, const char *line, void *arg);
    /* made by launch_all */
    int status;         /* as of wait(2); meaningful unless late or not_started */
    bool late;          /* it was killed because its time was over */
    int not_started;    /* errno why it could not be started, 0 if it could */
    char said[LAUNCH_SAID_MAX]; /* the end of its stdout and stderr */
    size_t said_bytes;
    double deadline;
    pid_t pid;
    int pidfd, out, in; /* -1: none */
    size_t sent;        /* bytes of input */
    bool last;          /* after them its standard input ends */
    size_t line;        /* where in said the line begins that has no end yet */
};

/* Start all and wait until each has ended. done, unless NULL, is called once for
 * each, in the order in which they end. It may change argv and input and return
 * true to have the same one started again. */
void launch_all(struct launch *list, size_t count, bool (*done)(struct launch *l, void *arg),
                void *arg);

/* Send a launch more input, from within heard: n bytes, borrowed until it answers or ends.
 * What was given before is gone. last: then its standard input ends. */
void launch_feed(struct launch *l, const void *bytes, size_t n, bool last);

/* True when it ended with status 0. */
bool launch_good(const struct launch *l);

/* What it said in one line: the last line that is not empty, or how it ended. */
const char *launch_last_line(const struct launch *l, char *line, size_t size);

/* Find dvmd: $DVM_DAEMON, beside this program, ../bin, ../daemon (build tree), else
 * by PATH. Never fails: the last answer is "dvmd". */
const char *launch_daemon_path(char *path, size_t size);

#endif
