/* lost.h: which hosts are gone, for who hears of tasks there later than of that. */
#ifndef DVM_CONSOLE_LOST_H
#define DVM_CONSOLE_LOST_H

#include <stdbool.h>

#include "dvm.h"
#include "proto/frame.h"

/* All zero: none. */
struct lost_hosts {
    bool lost[DVM_SLOT_MAX + 1]; /* by slot */
};

/* A host has gone, or another has come into its slot. */
static inline void lost_note(struct lost_hosts *l, int slot, bool lost)
{
    if (slot > 0 && slot <= DVM_SLOT_MAX)
        l->lost[slot] = lost;
}

/* Whether the host of a tid is gone; false for what is no tid. */
static inline bool lost_has(const struct lost_hosts *l, int tid)
{
    return DVM_TID_OK(tid) && l->lost[DVM_TID_SLOT(tid)];
}

#endif
