/* signals.h: a signal to many tasks: dvm kill and dvm signal. */
#ifndef DVM_CONSOLE_SIGNALS_H
#define DVM_CONSOLE_SIGNALS_H

#include "console/console.h"

/* Read the name or number of a signal. Prints what is wrong and returns an exit code. */
int signals_read(const struct console *c, const char *text, int *number);

/* Send a signal to the tasks that operands (targets.h) name, and report: each failure, and
 * with --json an object of this schema. Returns an exit code. */
int signals_send(const struct console *c, const char *schema, int number, int argc,
                 char **argv);

#endif
