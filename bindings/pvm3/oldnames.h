/* oldnames.h: names of PVM's library that programs use and pvm3.h does not declare. */
#ifndef PVM3_OLDNAMES_H
#define PVM3_OLDNAMES_H

#include <sys/time.h>

/* Sleep for so many seconds; the time of day. */
void pvmsleep(int seconds);
void pvmgetclock(struct timeval *now);

/* A bit mask that PVM's library prints by; nothing here looks at it. */
extern int pvmdebmask;

/* What PVM's own console calls: putenv, a number in any base, the dump of a heap, which does
 * nothing here, and the end of all tasks but this one and those with PvmNoReset. */
int pvmputenv(char *text);
int pvmstrtoi(char *text);
void i_dump(int how);
int pvmreset(int self, int kill_tasks, char *name, int index);

#endif
