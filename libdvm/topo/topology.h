/* topology.h: who is whose neighbour in a group: a grid, or a graph.
 *
 * Each task knows of a grid all (it is a few numbers), of a graph its own neighbours. A
 * topology is one block of memory without pointers, which the group owns (group.h) and
 * dvm_group_dup copies.
 */
#ifndef DVM_TOPO_TOPOLOGY_H
#define DVM_TOPO_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

#include "dvm.h"
#include "group/group.h"

struct topology {
    int kind;         /* DVM_CART or DVM_GRAPH */
    int ndims;        /* of a grid */
    int sources;      /* neighbours from whom this task receives, */
    int destinations; /* and to whom it sends */
    int words[];      /* what the functions below point at */
};

/* Of a grid: ndims numbers each, the extents and whether a dimension is a ring. */
int *topology_dims(struct topology *t);
int *topology_periods(struct topology *t);

/* The neighbours' ranks (DVM_NULL: there is none), in their order, and their weights. */
int *topology_sources(struct topology *t);
int *topology_destinations(struct topology *t);
int *topology_source_weights(struct topology *t);
int *topology_destination_weights(struct topology *t);

/* An empty topology; free() ends it. NULL, with the sentence kept, without memory. */
struct topology *topology_make(const char *call, int kind, int ndims, int sources,
                               int destinations);

/* A new group of this task gets the topology, which it owns from now on. */
void topology_give(dvm_group group, struct topology *t);

/* The topology of a group of a public call; NULL with the sentence kept (GROUP) when the
 * group is none, or has no topology. *g, which may be NULL, receives the group. */
struct topology *topology_find(dvm_group group, const char *call, struct group **g);

/* The same, and it must be of this kind. */
struct topology *topology_find_kind(dvm_group group, const char *call, int kind,
                                    struct group **g);

#endif
