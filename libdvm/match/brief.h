/* brief.h: short waits of a task that may not spin, because others want the cores. */
#ifndef DVM_MATCH_BRIEF_H
#define DVM_MATCH_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#define BRIEF_NS 50000 /* how long such a look takes at most: a wake and a copy of 64 KiB */

/* Begin: nothing is known of how long waits take. */
void brief_start(void);

/* A wait begins. Returns whether it may look for up to BRIEF_NS before it sleeps. */
bool brief_try(void);

/* How the look that brief_try allowed ended: ns until something came; UINT64_MAX: nothing did. */
void brief_took(uint64_t ns);

/* Whether the last looks were worth their time. */
bool brief_hopes(void);

#endif
