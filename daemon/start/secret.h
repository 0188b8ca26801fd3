/* secret.h: memory for a secret (a ticket), and no core dump of the daemon's keys. */
#ifndef DVMD_SECRET_H
#define DVMD_SECRET_H

#include <stddef.h>

/* At least size bytes of zeros that no core dump contains. NULL without memory. */
char *secret_create(size_t size);

/* Processes that are forked from now on (the keeper) find zeros there. */
void secret_keep(char *secret, size_t size);

/* Overwrite and free it. Accepts NULL. */
void secret_destroy(char *secret, size_t size);

/* No core dump of this process, in which ZeroMQ holds keys. Processes forked before, and
 * so the tasks, keep their limit. */
void secret_no_core(void);

#endif
