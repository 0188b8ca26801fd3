/* exit.h: the end of a task: what became of it, and who is told. */
#ifndef DVMD_TASKS_EXIT_H
#define DVMD_TASKS_EXIT_H

#include "daemon/tasks/tasks.h"

#define EXIT_TEXT_MAX TASKS_FATE_MAX /* bytes of the sentence about an end */

/* A child of the keeper ended; status as of waitpid. */
void exit_child(struct tasks *t, struct task *task, int status);

/* It could not be started: nothing ran, why says the reason. */
void exit_unstarted(struct tasks *t, struct task *task, const char *why);

/* The process that enrolled has ended, by its pidfd: all of the task, or a
 * program that a spawned script runs. */
void exit_enrolled(struct tasks *t, struct task *task);

/* What is known of a tid: code, text (room: EXIT_TEXT_MAX), status. world stays 0. */
void exit_describe(const struct tasks *t, int tid, Dvm__Pb__Gone *gone, char *text);

/* Answer a waiter: the task has ended, or (for a watch) left. */
void exit_tell(struct tasks *t, const struct task *task, const struct waiter *w);

/* Send the notify message about an end. */
void exit_notify(struct tasks *t, const struct waiter *w, int about, int status, int signal,
                 bool lost);

#endif
