/* family.h: the descendants of a process, by /proc. */
#ifndef DVMD_FAMILY_H
#define DVMD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether a descendant is meant. */
typedef bool family_f(void *arg, pid_t pid, pid_t session);

/* Send signal to the living descendants of root that choose (NULL: all) picks,
 * root itself never. Returns how many there were. Works from /proc/PID/stat, so
 * one that is forked meanwhile is only met the next time: call until 0. */
size_t family_kill(pid_t root, int signal, family_f *choose, void *arg);

/* End all descendants of this process, which is their subreaper: SIGKILL and
 * reap until none is left. */
void family_end(void);

#endif
