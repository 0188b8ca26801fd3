/* load.h: whether the computer has a core to spare for a task that does not sleep. */
#ifndef DVM_MATCH_LOAD_H
#define DVM_MATCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Begin: nothing is known yet. bound: this task's cores are its own. */
void load_start(bool bound);

/* Close what load_start or load_idle opened. */
void load_stop(void);

/* The cores that this task shares with others: those that it may use, or, where it has
 * some of its own, all of the computer. */
int load_cores(void);

/* Whether no more threads than most want to run on the whole computer; the caller counts
 * as one. now: clock_ns. The answer may be LOAD_FRESH_NS old; that there are more is true when
 * LOAD_LOOKS in a row have found so, as daemons and the kernel's threads run for a moment. */
bool load_idle(uint64_t now, int most);

/* How many threads want to run at this moment on the whole computer, this one included; -1: the
 * kernel does not say. Three microseconds. */
int load_now(void);

/* Whether something else was given this thread's core since the last call. */
bool load_core_lost(void);

#endif
