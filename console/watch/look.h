/* look.h: one look at what all tasks of the machine wait for, and which of them can never
 * go on.
 *
 * Boards are not read at one moment, and a message may be on its way: so before anything is
 * called a deadlock it is looked a second time, and only waits that were there already at the
 * end of the first look count.
 */
#ifndef DVM_CONSOLE_LOOK_H
#define DVM_CONSOLE_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "console/listing.h"
#include "console/watch/knot.h"
#include "console/watch/waits.h"

struct look {
    struct listing listing;
    struct waits *waits;         /* owned; NULL when no lines were asked for */
    const Dvm__Pb__Task **tasks; /* by tid; owned */
    struct knot_node *nodes;     /* of each; owned */
    size_t *peers;               /* of each the place of whom it waits for, or count; owned */
    size_t count, stuck;
    double over; /* when it ended, clock_seconds */
};

/* Look once, and after again_ms (milliseconds) once more when something seems to be stuck.
 * lines: find the lines of all calls; else only when something is stuck. *l is to be freed
 * with look_free, also when this failed. Errors: those of listing_get, NO_MEMORY. */
int look_well(struct client *client, int again_ms, bool lines, struct look *l);

/* Whether a task is one that was started together with that of a tid, or was spawned by such
 * a one, or by one that those have spawned. */
bool look_of(const struct look *l, const Dvm__Pb__Task *task, const Dvm__Pb__Task *first);

/* The task of a tid, or NULL. */
const Dvm__Pb__Task *look_task(const struct look *l, int tid);

/* Free what it holds. */
void look_free(struct look *l);

#endif
