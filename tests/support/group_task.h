/* group_task.h: the tasks of fake_daemon.h with groups: the public functions of
 * messages and collectives work in them, in a DVM_WORLD of all tasks.
 */
#ifndef DVM_TESTS_GROUP_TASK_H
#define DVM_TESTS_GROUP_TASK_H

#include "tests/support/fake_daemon.h"

/* As fake_run. Around each task its groups are made and freed; it leaves in good
 * order when it returns 0. Errors are returned to it without a word on stderr. */
int group_run(int count, fake_task_f *task, void *arg, const struct fake_options *options);

/* All members meet by messages, which go on when the collectives are over: so that nobody's
 * leaving is taken for the failure that a test is about. Returns whether they did. */
bool group_meet(const struct fake_task *me);

/* Whether the last sentence of this thread has this text in it; says so if not. */
bool group_said(const char *text);

#endif
