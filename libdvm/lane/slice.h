/* slice.h: how long this task may have a core at a stretch. */
#ifndef DVM_LANE_SLICE_H
#define DVM_LANE_SLICE_H

#include <stdbool.h>

#define SLICE_US 100 /* what is asked for, microseconds: the least that Linux gives */

/* Ask the kernel for a short slice of time for this thread and those that it makes later; its
 * share of the cores, its policy and its nice value stay. Returns whether it has one now: not
 * where the kernel knows no slices, nor where the policy is not that of ordinary programs. */
bool slice_shorten(void);

#endif
