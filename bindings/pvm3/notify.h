/* notify.h: events as messages. */
#ifndef PVM3_NOTIFY_H
#define PVM3_NOTIFY_H

#include <stdbool.h>

#include "bindings/pvm3/buffer/buffer.h"

/* An event of DVM came as a message: make it what PVM's program waits for. false: nobody waits
 * for it any more. */
bool pvm3_notify_translate(struct pvm3_buffer *b);

/* Wish for PvmTaskExit or PvmHostDelete, to be told as a resource manager is: in the base context,
 * with the tag SM_TASKX or SM_HOSTX. Returns DVM_OK or an error. */
int pvm3_notify_role(int what, int tag, const int *tids, int count);

/* Forget all wishes: they are those of the task that this process was, or is a copy of. */
void pvm3_notify_forget(void);

/* A task that is traced by this one has told of its birth, in this tag and context: its end will
 * come there, as an event for tracers. */
void pvm3_notify_traced(int tid, int tag, int ctx);

#endif
