/* manager.h: PVM's resource manager: a task that is asked in the machine's place.
 *
 * A task looks for one when it first makes a call that a manager answers, and keeps to what it
 * found; when the manager ends or leaves, it does its calls by itself again, and says so.
 */
#ifndef PVM3_MANAGER_H
#define PVM3_MANAGER_H

#include <stdbool.h>

#include "bindings/pvm3/buffer/buffer.h"

struct pvmhostinfo;

/* The manager's tid; 0: none, or this task itself. */
int pvm3_manager(void);

/* Ask it, with what b holds (NULL: no more than the tag), and wait for its answer, which is the
 * caller's. exec: what to do when it orders tasks to be started meanwhile, or NULL. NULL: there
 * is no manager any more. */
struct pvm3_buffer *pvm3_manager_ask(const char *call, int tag, struct pvm3_buffer *b);

/* As above, but without an answer. false: there is no manager. */
bool pvm3_manager_tell(const char *call, int tag, struct pvm3_buffer *b);

/* pvm_spawn by the manager; as pvm3_spawn_own (spawn.h). false: there is none, and *started is
 * as it was. */
bool pvm3_manager_spawn(char *task, char **argv, int flag, char *where, int count, int *tids,
                        int *started);

/* The tids of a managed spawn that this task came of, to be freed, and their number; NULL: it
 * was no such. */
int *pvm3_manager_siblings(int parent, int *count);

/* ---- of the task that is the manager ---- */

/* A message of a role has come. */
void pvm3_manager_hears(struct pvm3_buffer *b);

/* Whether a message to a task is the answer that its call waits for. */
bool pvm3_manager_answers(int tid, int tag);

/* SM_EXEC and SM_ADD, sent to a daemon. Return PvmOk or an error, told. */
int pvm3_manager_exec(const char *call, int tid, struct pvm3_buffer *b);
int pvm3_manager_add(const char *call, int tid, struct pvm3_buffer *b);

#endif
