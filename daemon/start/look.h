/* look.h: dvmd --check: whether a daemon could start here, or join. */
#ifndef DVMD_LOOK_H
#define DVMD_LOOK_H

#include "daemon/options.h"

/* Look, and print each finding as a line for `dvm doctor` (base/finding.h). Nothing is
 * started or left behind, and a ticket is not used up. With --join the daemon's ticket is
 * read, and its addresses are tried; an empty one is no ticket: then they are not. Returns
 * the exit status. */
int look(const struct options *o);

#endif
