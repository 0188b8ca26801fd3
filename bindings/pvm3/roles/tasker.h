/* tasker.h: PVM's tasker: a task that starts the tasks of its host. */
#ifndef PVM3_TASKER_H
#define PVM3_TASKER_H

#include "bindings/pvm3/buffer/buffer.h"

/* Under this tag the daemon's messages about tasks that are to be started come. */
#define PVM3_START_TAG 0x7ffffeff

/* Such a message has come: make it SM_STTASK. */
void pvm3_tasker_translate(struct pvm3_buffer *b);

/* SM_TASKX, sent to a daemon. Returns PvmOk. */
int pvm3_tasker_over(const char *call, int tid, struct pvm3_buffer *b);

#endif
