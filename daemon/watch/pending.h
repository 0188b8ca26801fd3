/* pending.h: requests that are answered when there is news. */
#ifndef DVMD_WATCH_PENDING_H
#define DVMD_WATCH_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/frame.h"

struct pending {
    struct pending *next;
    struct dvm_frame request;
    int tid, stream; /* of LOGS */
    uint64_t after;  /* what it has got already */
};

/* In the order of their coming. All zero is an empty list. */
struct pending_list {
    struct pending *first, *last; /* owned */
    size_t count;
};

/* Whether one is meant. */
typedef bool pending_f(const void *arg, const struct pending *p);

/* Add a copy of one. Errors: NO_MEMORY. */
int pending_add(struct pending_list *list, const struct pending *one);

/* Take the first out that is meant (NULL: the first of all); the caller frees it. NULL
 * when there is none. */
struct pending *pending_take(struct pending_list *list, pending_f *meant, const void *arg);

/* Drop all that came from a tid; with its n 0, from all tids of its slot. */
void pending_drop(struct pending_list *list, int tid);

#endif
