/* own_daemon.h: a daemon of a test, in a process of its own, without any program
 * file: the daemon's parts are linked into the test. */
#ifndef DVM_TESTS_OWN_DAEMON_H
#define DVM_TESTS_OWN_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/runtime.h"

struct own_daemon {
    char folder[RUNTIME_PATH_MAX];
    pid_t pid;
};

/* Start one in a new folder and wait until it is usable. False when it is not. */
bool own_daemon_start(struct own_daemon *o, bool is_private);

/* Have it end with SIGTERM; returns its exit status, or -1 when it was killed or did
 * not end in time. Removes what it left of the folder. */
int own_daemon_stop(struct own_daemon *o);

/* Wait until it has ended by itself; as above. */
int own_daemon_wait(struct own_daemon *o);

#endif
