/* spawn.h: starting tasks. */
#ifndef PVM3_SPAWN_H
#define PVM3_SPAWN_H

#include <stdbool.h>

/* Whether this task was spawned with PvmNoSpawnParent. */
bool pvm3_no_spawn_parent(void);

#endif
