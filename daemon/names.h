/* names.h: names that the machine keeps: groups that tasks join and leave while they run.
 *
 * One daemon, the keeper, has them: that of the lowest slot but the coordinator's, or that
 * where it is alone. The coordinator's daemon has a copy, its deputy: nothing is answered before
 * the copy has it. When the keeper is lost the next one fetches the copy, and the daemons
 * ask it anew what they have no answer to. So any host may be lost, as far as the machine
 * survives it.
 */
#ifndef DVMD_NAMES_H
#define DVMD_NAMES_H

#include "daemon/daemon.h"

struct names;

extern const struct handler names_handlers[];

/* Begin, as what this host is in the machine now. Error: NO_MEMORY (dvm_fail). */
int names_create(struct names **out, struct daemon *d);

/* Accepts NULL. */
void names_destroy(struct names *n);

/* A host has joined; has left or was lost, because of why. Accept NULL. */
void names_host_up(struct names *n);
void names_host_down(struct names *n, const struct cluster_host *host, const char *why);

/* A task of this host has ended, or left the machine; text: how, in words. Accepts NULL. */
void names_task_ended(struct names *n, int tid, const char *text);

#endif
