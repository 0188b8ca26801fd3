/* operands.h: operands that several commands take. */
#ifndef DVM_CONSOLE_OPERANDS_H
#define DVM_CONSOLE_OPERANDS_H

#include "base/hostlist.h"
#include "console/console.h"

/* Read all operands as one list of hosts. Prints what is wrong; returns an exit
 * code. *out is to be freed with hostlist_free. */
int operands_hosts(const struct console *c, struct hostlist *out, int argc, char **argv);

#endif
