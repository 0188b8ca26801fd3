/* alike.h: do all members of a group say the same? */
#ifndef DVM_TOPO_ALIKE_H
#define DVM_TOPO_ALIKE_H

#include <stdint.h>

#include "coll/calls.h"

#define ALIKE_WORDS_MAX (2 * DVM_DIMS_MAX + 4)

/* All members call it. word 0 becomes rank 0's; the others, words 1 to count - 1, should be
 * alike: *other receives the highest rank whose words are not those of rank 0, or -1. Errors:
 * as schedule_run. */
int alike(struct call *c, int64_t *words, int count, int *other);

#endif
