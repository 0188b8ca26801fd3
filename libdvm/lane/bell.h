/* bell.h: this task's own inbox: who rang, and how to sleep until somebody does.
 * The protocol with those who ring is in proto/segment.h. */
#ifndef DVM_LANE_BELL_H
#define DVM_LANE_BELL_H

#include <stdbool.h>

#include "proto/segment.h"

/* Use this inbox (not NULL) from now on; index: this task's own bit. */
void bell_start(struct dvm_inbox *inbox, unsigned index);

/* Unmap it. */
void bell_stop(void);

/* The inbox, and this task's own bit in others'. */
struct dvm_inbox *bell_inbox(void);
unsigned bell_index(void);

/* Whether somebody rang since the last bell_take: one load. */
bool bell_rung(void);

/* Call rung for each index that rang, and forget that they did. */
void bell_take(void (*rung)(unsigned index));

/* Sleep until somebody rings, or has already, or seconds have passed (negative:
 * for ever), or a signal comes. ready (or NULL) is asked once more when those who
 * would ring know of the sleep: true means not to. */
void bell_sleep(double seconds, bool (*ready)(void));

#endif
