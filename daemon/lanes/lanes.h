/* lanes.h: inside lanes/: what its files share. */
#ifndef DVMD_LANES_LANES_H
#define DVMD_LANES_LANES_H

#include "daemon/lanes.h"

struct expected;
struct gate;

struct lanes {
    struct daemon *d; /* borrowed */
    struct expected *expected;
    struct gate *gate;
    int port; /* 0: not open */
    struct lanes_attempt *attempts; /* under way; those who asked for them own them */
    uintptr_t numbers;              /* so many have there been */
};

#endif
