/* roles.h: the roles that a task can take in PVM's machine, and the messages that go with them.
 *
 * Who has a role stands in the mailbox under PVM's own name of it (PVMRMCLASS, ...): one entry,
 * which goes with its task. So the machine is the registry: it outlives a lost host, and
 * `names` of PVM's console shows it.
 *
 * A message of a role (SM_SPAWN, ...) travels with its number as the tag, in one of two contexts
 * that no program uses: one for what the receiving program gets, the other for what the library
 * waits for itself.
 */
#ifndef PVM3_ROLES_H
#define PVM3_ROLES_H

#include <stdbool.h>

#include "bindings/pvm3/buffer/buffer.h"
#include "bindings/pvm3/include/pvmproto.h"
#include "bindings/pvm3/words.h"

enum { PVM3_TO_PROGRAM = -7001, PVM3_TO_LIBRARY = -7002 }; /* contexts */

#define PVM3_SIBLINGS (SM_LAST + 1) /* to the library: all tids of a managed spawn */
#define PVM3_DAEMON ((int)0x80000000) /* whom messages come from that PVM's daemon sends */

/* Whether a tag is that of a role's message. */
static inline bool pvm3_role_tag(int tag)
{
    return tag >= SM_FIRST && tag <= PVM3_SIBLINGS;
}

/* Take the role for this task, or, when it has it, leave it. index: of its entry. Returns PvmOk,
 * or PvmAlready when another has it, told for call. */
int pvm3_role_switch(const char *call, const char *role, int index);

/* The tid of who has the role, this task included; 0: nobody. */
int pvm3_role_holder(const char *role);

/* Whether this task has taken the role (and who may not have it any more is not asked). */
bool pvm3_role_is_mine(const char *role);

/* Send a buffer's message as one of a role, in PVM3_TO_PROGRAM or PVM3_TO_LIBRARY. Returns
 * PvmOk or an error, told. */
int pvm3_role_message(const char *call, int tid, int tag, int ctx, struct pvm3_buffer *b);

/* pvm_send of the program's send buffer with such a tag. */
int pvm3_role_send(const char *call, int tid, int tag);

/* A message in one of the two contexts has come: give it its tag, and who it comes from in
 * PVM's eyes. */
void pvm3_role_translate(struct pvm3_buffer *b);

/* Give this task's program a message of a role, as from the daemon. Takes the buffer over. */
void pvm3_role_deliver(struct pvm3_buffer *b, int tag, int wid);

/* Wait for a message in PVM3_TO_LIBRARY from a task that has a role. NULL: it has the role no
 * more, or has ended, or has said nothing for limit seconds. The buffer is the caller's. */
struct pvm3_buffer *pvm3_role_await(const char *call, const char *role, int tid, double limit);

/* A clock that only goes on, seconds. */
double pvm3_seconds(void);

#endif
