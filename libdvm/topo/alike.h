/* alike.h: do all members of a group say the same? */
#ifndef DVM_TOPO_ALIKE_H
#define DVM_TOPO_ALIKE_H

#include <stdint.h>

#include "coll/calls.h"

#define ALIKE_WORDS (2 * DVM_DIMS_MAX + 4)

/* All members call it. Word 0 becomes rank 0's; the others should be alike: *other receives the
 * highest rank whose words are not those of rank 0, or -1. Always all words: what differs may
 * be how many there are to say. Errors: as schedule_run. */
int alike(struct call *c, int64_t words[ALIKE_WORDS], int *other);

#endif
