/* board.h: what the tasks of this host wait for, as they say it on their boards
 * (proto/board.h).
 *
 * Read when somebody asks, and only then. What a task writes there is believed no further
 * than that it is shown: numbers are checked, the address is looked up in the mappings that
 * the kernel tells of.
 */
#ifndef DVMD_BOARD_H
#define DVMD_BOARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/control.pb-c.h"

struct dvm_inbox;

/* Look at the board of the task with this inbox, whose process is pid. *waiting receives
 * what it waits for, to be freed with board_free, or NULL when it does not wait (or memory
 * is short). false: nothing is known of it. */
bool board_look(const struct dvm_inbox *inbox, pid_t pid, Dvm__Pb__Waiting **waiting);

/* Accepts NULL. */
void board_free(Dvm__Pb__Waiting *waiting);

#endif
