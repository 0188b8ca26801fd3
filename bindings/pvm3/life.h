/* life.h: becoming a task and ceasing to be one. */
#ifndef PVM3_LIFE_H
#define PVM3_LIFE_H

#include <stdbool.h>

/* Be a task: enrol if this process is none. false: it is none; nothing was told. */
bool pvm3_enrolled(void);

/* This task's tid; 0 while it is none. */
int pvm3_self(void);

/* A host's tid from a slot, and back. */
#define PVM3_HOST_TID(slot) ((slot) << 18)
#define PVM3_TID_HOST(tid) ((tid) & 0x3ffc0000)
#define PVM3_TID_LOCAL(tid) ((tid) & 0x3ffff)

/* Whether a number can be a task's tid. */
#define PVM3_TID_OK(tid) ((tid) > 0 && PVM3_TID_HOST(tid) != 0 && PVM3_TID_LOCAL(tid) != 0 && \
                          ((tid) & 0x40000000) == 0)

/* What PVM's own fork example calls in the child: forget that the parent is a task. */
void pvmendtask(void);

#endif
