/* shell.h: the command that reaches other computers: ssh, or what --ssh names. */
#ifndef DVM_CONSOLE_SHELL_H
#define DVM_CONSOLE_SHELL_H

#include <stddef.h>

#include "console/console.h"
#include "console/remote/launch.h"

#define SHELL_DEFAULT "ssh -o BatchMode=yes -o ConnectTimeout=10"
#define SHELL_WORDS 12 /* words that --ssh may have */

struct shell {
    char *text; /* owned: the command, cut into words */
    const char *words[SHELL_WORDS];
    size_t count;
};

/* Cut a command into its words (NULL: the default). Prints what is wrong; returns an exit
 * code. To be closed in any case. */
int shell_open(struct shell *s, const struct console *c, const char *command);

/* Free it. */
void shell_close(struct shell *s);

/* Write the command line that runs a shell on a host into l->argv. host: borrowed. */
void shell_line(const struct shell *s, const char *host, struct launch *l);

/* The name that a host gets in the machine: as it was called, without a user; "" when that
 * is no name. out: DVM_NAME_MAX bytes. */
void shell_host_name(char *out, const char *called);

#endif
