/* oldnames.h: names of PVM's library that programs use and pvm3.h does not declare. */
#ifndef PVM3_OLDNAMES_H
#define PVM3_OLDNAMES_H

#include <sys/time.h>

/* Sleep for so many seconds; the time of day. */
void pvmsleep(int seconds);
void pvmgetclock(struct timeval *now);

/* A bit mask that PVM's library prints by; nothing here looks at it. */
extern int pvmdebmask;

#endif
