/* hoster.h: PVM's hoster: a task that starts the daemons of hosts that are added.
 *
 * It is told of each host what command to run there, and tells what that printed: one line, with
 * the key of a daemon that waits to be let in. The command holds no secret.
 */
#ifndef PVM3_HOSTER_H
#define PVM3_HOSTER_H

#include "bindings/pvm3/buffer/buffer.h"

/* Have the hoster, if there is one, add hosts by lines of host files. results[i] becomes a host's
 * tid or PVM's code, told; it stays as it is for those that the hoster has not answered for. */
void pvm3_hoster_add(const char *call, char **lines, int count, int *results);

/* A message of a role has come for this program: keep who is to get the answer to SM_STHOST. */
void pvm3_hoster_hears(struct pvm3_buffer *b);

/* SM_STHOSTACK, sent to a daemon: it goes to who asked. Returns PvmOk or an error, told. */
int pvm3_hoster_answers(const char *call, int tid, struct pvm3_buffer *b);

#endif
