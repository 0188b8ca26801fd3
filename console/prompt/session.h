/* session.h: commands one after the other in one dvm: at the prompt, or of a script. */
#ifndef DVM_CONSOLE_PROMPT_SESSION_H
#define DVM_CONSOLE_PROMPT_SESSION_H

#include <stdbool.h>

#include "console/console.h"

struct session {
    const struct console *base; /* what was said to dvm itself: holds for each command */
    bool terminal;              /* a person types; else a script */
    bool leave;                 /* a command has said that this is the end */
};

/* dvm without a command: the prompt when stdin and stdout are a terminal, else the
 * script on stdin. Returns the exit code. */
int session_main(const struct console *base);

/* Do what a line says. Returns the exit code of its command, EXIT_OK for an empty line. */
int session_line(struct session *s, const char *line);

/* Do the command of argv[0..argc-1] (NULL at the end) in a process of its own. */
int session_command(struct session *s, int argc, char **argv);

/* The name of the machine that commands mean. Returns whether it runs; name:
 * DVM_NAME_MAX bytes, empty where DVM_DIR says which it is. */
bool session_machine(char *name);

#endif
