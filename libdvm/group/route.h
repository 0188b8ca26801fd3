/* route.h: what is the same in all calls with one group, rank and type, checked once.
 *
 * A small table of those that were used lately. Whoever is not found there goes the general
 * way, which checks everything and writes the sentences (peer.c, sink.c).
 */
#ifndef DVM_GROUP_ROUTE_H
#define DVM_GROUP_ROUTE_H

#include <stdint.h>

#include "group/group.h"
#include "match/match.h"

struct route {
    dvm_group group;
    int rank;
    dvm_type type;
    uint32_t code;       /* of the type here */
    size_t size;         /* of an element, bytes; 0: the place is free */
    uint64_t context;
    int from;            /* tid from which messages of the rank come */
    struct match_way *to; /* for messages to the rank; NULL: not by the short way */
};

#define ROUTE_PLACES 64

extern struct route route_table[ROUTE_PLACES];

static inline struct route *route_place(dvm_group group, int rank, dvm_type type)
{
    return &route_table[((unsigned)rank ^ (unsigned)group << 3 ^ (unsigned)type << 1) %
                        ROUTE_PLACES];
}

/* The route of a call, or NULL when it was not used lately. */
static inline const struct route *route_find(dvm_group group, int rank, dvm_type type)
{
    const struct route *r = route_place(group, rank, type);

    return r->rank == rank && r->group == group && r->type == type && r->size ? r : NULL;
}

/* Note a route after a call whose arguments were found right; rank is a rank. A derived type is
 * not noted. */
void route_learn(const struct group *g, int rank, dvm_type type);

/* Forget all: a group was freed. */
void route_clear(void);

#endif
