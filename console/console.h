/* console.h: what all commands share: the settings that every command has, how
 * they speak, and how they end.
 *
 * stdout is for data, stderr for talk. Every sentence that says that something
 * is wrong names what to do.
 */
#ifndef DVM_CONSOLE_CONSOLE_H
#define DVM_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "console/options.h"
#include "proto/client.h"

/* How a command ends; docs/json.md lists them for users. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_GENERIC = 1,
    EXIT_USAGE = 2,
    EXIT_PARTIAL = 3,       /* some of several things failed */
    EXIT_NOT_CONNECTED = 4, /* no machine runs, or its daemon was lost */
    EXIT_TIMEOUT = 5,
    EXIT_REFUSED = 7,
    EXIT_RUN_TIMEOUT = 124, /* run --timeout */
    EXIT_NOT_FOUND = 127,   /* run: no such program */
    EXIT_SIGNAL = 128       /* run: and the number of the signal */
};


#define CONSOLE_WHO_MAX (DVM_NAME_MAX + 64)

struct console {
    bool json, quiet, help;
    const char *machine; /* --machine, NULL: the environment's */
    enum option_color color;
    const char *command; /* name of the command that runs, for messages */
};

/* The options that every command has; their settings are a struct console. */
extern const struct option_row console_options[];

/* Talk: a line on stderr, unless --quiet. */
void console_say(const struct console *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line on stderr that says what is wrong; begins with "dvm: ". */
void console_wrong(const struct console *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print dvm_last_error() as console_wrong does; returns the exit code for code. */
int console_failed(const struct console *c, int code);

/* The exit code for an error of DVM. */
int console_exit_code(int code);

/* The exit code when failed of count things failed, the last with code. */
int console_exit_some(size_t failed, size_t count, int code);

/* Print an object on stdout, with its line end, and free it. */
void console_json(json_t *object);

/* Write what stdout holds. */
void console_flush(void);

/* Write what stdout holds, and say why what was printed could not be written, if so. Returns
 * status, unless that is EXIT_OK and it could not. */
int console_end(int status);

/* A JSON string of a text from elsewhere, which may be no UTF-8: then what is not
 * ASCII becomes '?'. */
json_t *console_text(const char *text);

/* Whether output on a descriptor is coloured. */
bool console_colored(const struct console *c, int fd);

/* Make the environment say what --machine says, so that everything that looks
 * for the machine finds the one that is meant. */
int console_apply_machine(const struct console *c);

/* The client of the running machine, or NULL, without a word. */
struct client *console_look(void);

/* Who this console is, in words, for those whom it sends a signal; returns text. */
char *console_who(const struct console *c, const struct client *client,
                  char text[CONSOLE_WHO_MAX]);

/* Connect to the running machine. Prints what is wrong; returns an exit code. */
int console_connect(const struct console *c, struct client **out);

#endif
