/* former.h: hosts that were declared lost and may come back.
 *
 * Pure. The coordinator keeps the keys of lost hosts for a time, so that a host that was
 * only cut off is let in again with its own key, as a new incarnation. One that was
 * removed is not kept, nor one that nobody heard of for longer.
 */
#ifndef DVMD_MACHINE_FORMER_H
#define DVMD_MACHINE_FORMER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/machine/machine.h"

#define FORMER_KEPT 512 /* at most: of more, those lost longest ago are forgotten */

struct former;

/* An empty list, or NULL without memory. */
struct former *former_create(void);

/* Free it. Accepts NULL. */
void former_destroy(struct former *f);

/* Keep a host until a time (ms). */
void former_add(struct former *f, const struct machine_host *host, uint64_t until);

/* Whether this life of a host with its key is kept at the time now; if so it is taken
 * out. */
bool former_take(struct former *f, uint64_t now, int slot, uint64_t incarnation,
                 const uint8_t key[MACHINE_KEY_BYTES]);

/* Let a host not come back. Returns whether one of that name was kept. */
bool former_forget(struct former *f, uint64_t now, const char *name);

#endif
