/* task_threads.h: several threads of one task in the library at once. */
#ifndef TESTS_SUPPORT_TASK_THREADS_H
#define TESTS_SUPPORT_TASK_THREADS_H

#include "tests/support/fake_daemon.h"

#define TASK_THREADS_MAX 8

struct task_thread {
    const struct fake_task *me;
    int number; /* from 0 */
    int bad;    /* set by what runs: not 0 when something was wrong */
};

/* Let count threads run play(struct task_thread *) and wait for them. Called inside the
 * library (dvm_enter), as a task of fake_run is. Returns 0, or 1 when one was bad. */
int task_threads(const struct fake_task *me, int count, void *(*play)(void *));

#endif
