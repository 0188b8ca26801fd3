/* private.h: a machine of this computer alone, for one dvm run. */
#ifndef DVM_CONSOLE_PRIVATE_H
#define DVM_CONSOLE_PRIVATE_H

#include <sys/types.h>

#include "proto/client.h"

/* Start a private dvmd and connect to it as its owner. *pid receives its process.
 * Errors: NO_DAEMON (dvmd is missing or cannot start; its sentence), TIMEOUT, and
 * those of client_open. */
int private_start(struct client **out, pid_t *pid);

/* Wait until a private dvmd, whose owner's connection was closed, has ended; at
 * most a short time, then it is left to end by itself. */
void private_end(pid_t pid);

#endif
