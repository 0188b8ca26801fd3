/* push.h: programs that a console copies to this host because it has none (dvm run
 * --push): what the spawn of one needs to know.
 */
#ifndef DVMD_TASKS_PUSH_H
#define DVMD_TASKS_PUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/tasks/tasks.h"

/* Find the pushed program that a request names: its path in out (size bytes). Returns
 * false when it names none or it is not here. */
bool push_locate(const struct daemon *d, const Dvm__Pb__Spawn *what, char *out, size_t size);

/* Prepare a request whose program (path) was pushed here, in place: its libraries are
 * found beside it, and where its directory is missing its own folder is that. Does
 * nothing for another program. Error: NO_MEMORY (dvm_fail). */
int push_adapt(const struct daemon *d, const char *path, Dvm__Pb__Spawn *what);

#endif
