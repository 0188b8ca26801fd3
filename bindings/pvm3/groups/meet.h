/* meet.h: a barrier of the tasks of one host in memory that they share, without the daemon. */
#ifndef PVM3_GROUPS_MEET_H
#define PVM3_GROUPS_MEET_H

#include <stdbool.h>

/* Try to meet count members of a group in a short while. false: ask the daemon, and tell
 * pvm3_meet_asked what came of it. */
bool pvm3_meet(const char *name, int count);

/* The daemon was asked: met, or an error. */
void pvm3_meet_asked(const char *name, int count, bool met);

/* This task joins or leaves the group: what is known of its members is over. */
void pvm3_meet_forget(const char *name);

#endif
