/* environment.h: the environment of spawned tasks. */
#ifndef DVMD_TASKS_ENVIRONMENT_H
#define DVMD_TASKS_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/tasks/tasks.h"

struct environment;

/* The value of a variable in a list of "NAME=value", or NULL. */
const char *environment_get(char *const *list, size_t count, const char *name);

/* The environment for the tasks of one launch on this host: that of the request,
 * with DVM's own variables, and OMP_NUM_THREADS set to threads if it is not set.
 * what is borrowed as long as it lives. NULL: no memory. */
struct environment *environment_make(const struct daemon *d, const Dvm__Pb__Spawn *what,
                                     int threads);

/* The list with a task's token, NULL at the end; valid until the next call. */
const char *const *environment_with_token(struct environment *e, const uint8_t *token,
                                          size_t size);

/* Accepts NULL. */
void environment_free(struct environment *e);

#endif
