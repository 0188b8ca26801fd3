/* load.h: whether the computer has a core to spare for a task that does not sleep. */
#ifndef DVM_MATCH_LOAD_H
#define DVM_MATCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Begin: nothing is known yet. */
void load_start(void);

/* Close what load_start or load_idle opened. */
void load_stop(void);

/* The cores that this task may use. */
int load_cores(void);

/* Whether no more threads than most want to run on the whole computer; the caller counts
 * as one. now: clock_ns. The answer may be LOAD_FRESH_NS old. */
bool load_idle(uint64_t now, int most);

/* Whether something else was given this thread's core since the last call. */
bool load_core_lost(void);

#endif
