/* local.h: the daemons of a machine on this computer, by their folders. */
#ifndef DVM_CONSOLE_LOCAL_H
#define DVM_CONSOLE_LOCAL_H

#include <stddef.h>

#include "base/runtime.h"

struct local {
    char (*folders)[RUNTIME_PATH_MAX]; /* owned */
    size_t count;
};

/* List the folders of a machine in which a daemon lives. With DVM_DIR set, that
 * folder alone. Errors: NO_MEMORY; no folder at all is an empty list. */
int local_list(struct local *out, const char *machine);

/* How many of them still have a living daemon. */
size_t local_alive(const struct local *l);

/* Free the list. */
void local_free(struct local *l);

#endif
