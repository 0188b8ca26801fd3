/* spawn.h: starting tasks. */
#ifndef PVM3_SPAWN_H
#define PVM3_SPAWN_H

#include <stdbool.h>

/* Whether this task was spawned with PvmNoSpawnParent. */
bool pvm3_no_spawn_parent(void);

struct pvm3_buffer;

/* What pvm_spawn does when there is no resource manager; more (NULL: nothing) is added to the
 * environment. All tids, and codes of those that did not start, are in tids. Returns how many
 * started. */
int pvm3_spawn_own(char *task, char **argv, int flag, char *where, int count, int *tids,
                   char **more);

/* Start what an SM_EXEC orders, from its program on, on a host; into answer go the number of
 * tids and codes, and these. */
void pvm3_spawn_order(struct pvm3_buffer *order, int host, struct pvm3_buffer *answer);

#endif
