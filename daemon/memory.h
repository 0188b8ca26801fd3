/* memory.h: what dvmd does when the system has no memory for it.
 *
 * A daemon that drops a frame, or ends, because some bytes were missing takes its whole
 * host along. So it keeps a reserve: an allocation that fails gives it up and is tried
 * once more (memory_wrap.c). While it is used up new work is refused in words, and what
 * runs goes on.
 */
#ifndef DVMD_MEMORY_H
#define DVMD_MEMORY_H

#include <stdbool.h>

/* Take the reserve. Before anything else is made. */
void memory_start(void);

/* Give up the reserve, so that another try may succeed; false when it is used up, or
 * was never taken. */
bool memory_give_up(void);

/* Whether the reserve is used up and cannot be filled again at this moment. */
bool memory_low(void);

/* As memory_low, and makes the sentence: host NAME cannot do WHAT. Returns OK or NO_MEMORY. */
int memory_check(const char *host, const char *what);

/* memory_wrap.c: have libev allocate as this program does. */
void memory_wrap_start(void);

#endif
