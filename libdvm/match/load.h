/* load.h: whether the computer has a core to spare for a task that spins. */
#ifndef DVM_MATCH_LOAD_H
#define DVM_MATCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Begin: nothing is known yet. */
void load_start(void);

/* Close what load_start or load_idle opened. */
void load_stop(void);

/* Whether no more threads want to run, on the whole computer, than it has cores for this
 * task; the caller counts as one. now: clock_ns. The answer may be LOAD_FRESH_NS old. */
bool load_idle(uint64_t now);

/* Whether something else was given this thread's core since the last call. */
bool load_core_lost(void);

#endif
