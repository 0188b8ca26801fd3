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

/* What tells a spawned task of its tracer: the options and the mask of this task's children. To be
 * read only. pvm3_show_children fills it anew after a change of those. */
extern struct Pvmtracer pvmctrc;
void pvm3_show_children(void);

/* The name of a tag of PVM's own messages, or its number in digits, which the next call
 * overwrites; and, in *found (not for NULL), 1 or 0: whether it has a name. */
const char *pvmnametag(int tag, int *found);

#endif
