/* kill.h: signals to tasks, and ending them. */
#ifndef DVMD_TASKS_KILL_H
#define DVMD_TASKS_KILL_H

#include <signal.h>

#include "daemon/tasks/tasks.h"

/* Send a signal to a running task and what it started. why: if not NULL, and the
 * signal ends it, the machine ended it for this reason. Nothing happens to one
 * that has ended, or to a console. */
void kill_task(struct tasks *t, struct task *task, int signal, const char *why);

#endif
