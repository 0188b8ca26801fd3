/* ready.h: telling whoever started dvmd that it is usable, or why not.
 *
 * By default dvmd goes into the background: the process that was started waits
 * for the word of the one that stays, prints its sentence if it failed, and
 * exits. --ready-fd hears the same word in every mode.
 */
#ifndef DVMD_READY_H
#define DVMD_READY_H

#include <stdbool.h>

struct ready {
    int pipe; /* to the process that was started, or -1 in the foreground */
    int fd;   /* of --ready-fd, or -1 */
    const char *note; /* borrowed: what the user is told when it is usable, or NULL */
};

/* Continue in a process of its own, without terminal and with /dev/null as
 * standard streams. Only that process returns; the first one waits and exits 0
 * or 1. Errors: SYSTEM (dvm_fail). */
int ready_background(struct ready *r);

/* Say once that the daemon is usable, or, with text not NULL, why it is not. Returns whether who
 * gave --ready-fd has ended before. */
bool ready_say(struct ready *r, const char *folder, const char *text);

#endif
