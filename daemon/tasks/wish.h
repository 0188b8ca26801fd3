/* wish.h: what a rank of a spawn gets that others may not: a stdin, a terminal, a
 * debugger. The lists of ranks come from outside and may hold anything. */
#ifndef DVMD_TASKS_WISH_H
#define DVMD_TASKS_WISH_H

#include <stdbool.h>

#include "daemon/tasks/stdio.h"
#include "proto/control.pb-c.h"

/* The streams that a rank gets. */
struct stdio_wish wish_streams(const Dvm__Pb__Spawn *what, int rank);

/* Whether a rank is started under a debugger. */
bool wish_debugged(const Dvm__Pb__Spawn *what, int rank);

/* Whether one of the ranks from first on, count of them, is. */
bool wish_debugged_some(const Dvm__Pb__Spawn *what, int first, int count);

/* Find the debugger on this host: size bytes for its path in out. Errors: NO_PROGRAM,
 * with a sentence that names host. */
int wish_locate(const Dvm__Pb__Spawn *what, const char *host, char *out, size_t size);

/* The arguments to execute for a rank, with the program's name (its path, where what asks for
 * that), NULL at the end: the program's own, or the debugger's with path, that of the program,
 * and those. The list is to be freed, its strings are borrowed. NULL: no memory. */
const char **wish_arguments(const Dvm__Pb__Spawn *what, int rank, const char *path);

#endif
