/* waits.h: what the tasks of a listing wait for, in words, with the lines of source that
 * their calls are in.
 *
 * A daemon tells the file of the call and the place in it; the line is looked up here, when
 * this computer has a file of that name, size and time.
 */
#ifndef DVM_CONSOLE_WAITS_H
#define DVM_CONSOLE_WAITS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "console/listing.h"

#define WAITS_TEXT_MAX 320

struct waits; /* opaque */

/* Look at what the tasks of a listing wait for, and find the lines; that takes a moment.
 * Borrows the listing. NULL without memory: what follows accepts it. */
struct waits *waits_create(const struct listing *l);

/* Accepts NULL. */
void waits_free(struct waits *w);

/* The task of a tid, or NULL. */
const Dvm__Pb__Task *waits_task(const struct waits *w, int tid);

/* "stopped" (by a signal or a debugger), "waiting", "computing" (it is in no call that waits),
 * or the words of its state. */
const char *waits_state(const Dvm__Pb__Task *task);

/* "main.c:77", else "program+0x1234", else "". */
const char *waits_at(const struct waits *w, const Dvm__Pb__Waiting *waiting);

/* "recv from rank 0, tag 7, at main.c:77, 12.4s"; "" for a task that does not wait. Returns
 * text, of WAITS_TEXT_MAX bytes. */
char *waits_text(const struct waits *w, const Dvm__Pb__Task *task, char *text);

/* The member `waiting` of ps/1, and its `doing`; a new reference. */
json_t *waits_json(const struct waits *w, const Dvm__Pb__Task *task);
json_t *waits_doing(const Dvm__Pb__Task *task);

#endif
