/* spawning.h: the SPAWN request that run and spawn have in common. */
#ifndef DVM_CONSOLE_SPAWNING_H
#define DVM_CONSOLE_SPAWNING_H

#include "console/console.h"
#include "proto/control.pb-c.h"

#define SPAWNING_TASKS_MAX 262143 /* tasks that one host can number */

struct spawning {
    Dvm__Pb__Spawn message; /* its texts belong to this struct or are borrowed */
    char *program, *directory, **env;
};

/* Make a request for count tasks of argv (program, then arguments) in the caller's
 * directory, with its environment. where: NULL for all hosts. A program whose
 * name has a slash is meant relative to the directory; another is looked for in
 * PATH on each host. Errors: ARG (where is no host list), NO_MEMORY, SYSTEM. */
int spawning_make(struct spawning *s, int count, const char *where, char **argv);

/* Free what was made. */
void spawning_free(struct spawning *s);

/* Print why a spawn failed: reply's sentences, or dvm_last_error() when reply is
 * NULL, and what to do. code: of the error. Returns the exit code: 127 or 126 for
 * a program that is not there or cannot be run, as a shell does. */
int spawning_failed(const struct console *c, const struct spawning *s,
                    const Dvm__Pb__SpawnReply *reply, int code);

#endif
