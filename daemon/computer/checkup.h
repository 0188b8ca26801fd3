/* checkup.h: whether this computer has what daemons, tasks and lanes need. */
#ifndef DVMD_CHECKUP_H
#define DVMD_CHECKUP_H

#include "base/finding.h"

/* Add what is found of this computer: descriptors, shared memory, process_vm_readv, seccomp,
 * cgroup, cores, clock, and the space where folder is (or will be). Waits for nobody. */
void checkup_computer(struct findings *f, const char *folder);

#endif
