/* tasker.h: a task that starts the tasks of this host in the keeper's place.
 *
 * It asks for that with TASKER; then each task to be started goes to it as a message, and TASK_OVER
 * is its word that one has ended, with its status. A task enrols with its token, whoever is
 * its parent. When the tasker ends the keeper starts tasks again.
 */
#ifndef DVMD_TASKS_TASKER_H
#define DVMD_TASKS_TASKER_H

#include "daemon/tasks/tasks.h"

/* Give a task to the tasker to start. false: there is none, or what it is to be told does not fit
 * into one message, which is logged. */
bool tasker_give(struct tasks *t, struct task *task, const Dvm__Pb__Launch *m,
                 const char *const *argv, const char *const *env);

/* Whether the tasker will tell that a task has ended. */
bool tasker_tells(const struct tasks *t, const struct task *task);

/* A task has ended: if it was the tasker, its tasks are watched by the daemon from now on. */
void tasker_ended(struct tasks *t, int tid);

#endif
