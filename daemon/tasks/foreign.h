/* foreign.h: what this host's tasks have to do with tids of anywhere: consoles
 * that show their output, owners that they end with, tasks that a local client
 * wants to be notified of. Their daemon (this one or another) is asked with
 * TASK_WAIT; its answer, or the loss of the host, does the rest.
 */
#ifndef DVMD_TASKS_FOREIGN_H
#define DVMD_TASKS_FOREIGN_H

#include "daemon/tasks/tasks.h"

/* When tid ends: tasks that it owns are ended, those whose output it shows write
 * to nobody from then on. Errors: NO_MEMORY (dvm_fail). */
int foreign_watch(struct tasks *t, int tid);

/* Send the notify message of w when tid ends. Errors: NO_MEMORY. */
int foreign_notice(struct tasks *t, int tid, const struct waiter *w);

#endif
