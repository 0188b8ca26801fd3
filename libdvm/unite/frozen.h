/* frozen.h: the named groups that this task has frozen: their barriers need no daemon. */
#ifndef DVM_UNITE_FROZEN_H
#define DVM_UNITE_FROZEN_H

#include <stddef.h>

#include "dvm.h"

struct frozen {
    char *name;      /* owned */
    int *tids;       /* its members, in order of instances; owned */
    int size;
    dvm_group group; /* of its barriers; DVM_GROUP_NONE before the first */
    struct frozen *next;
};

/* The frozen group of a name, or NULL. */
struct frozen *frozen_find(const char *name);

/* Keep one (tids are copied). Error: NO_MEMORY. */
int frozen_add(const char *call, const char *name, const int *tids, size_t size);

#endif
