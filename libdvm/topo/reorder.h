/* reorder.h: which task becomes which rank, so that neighbours share a host.
 *
 * Pure functions: they reckon with numbers of hosts, by rank, and talk to nobody. Each
 * stores in place[i] the old rank of the task that becomes rank i, and what it finds is
 * never worse than the old order. Errors: NO_MEMORY.
 */
#ifndef DVM_TOPO_REORDER_H
#define DVM_TOPO_REORDER_H

#include <stddef.h>

/* A grid, row-major as dvm_group_cart has it. */
struct grid {
    int ndims;
    const int *dims, *periods;
    int size; /* product of dims */
};

/* Edges of a grid between two hosts, each counted once, when rank i is on hosts[place[i]]. */
long reorder_grid_crossings(const struct grid *g, const int *hosts, const int *place);
int reorder_grid(const struct grid *g, const int *hosts, int *place);

/* A graph: the neighbours of rank r are to[first[r]] up to to[first[r + 1] - 1]. */
struct adjacency {
    int size;
    const size_t *first;
    const int *to, *weights;
};

/* The weight of a graph's edges between two hosts, each counted as often as it is listed. */
long reorder_graph_crossings(const struct adjacency *a, const int *hosts, const int *place);
int reorder_graph(const struct adjacency *a, const int *hosts, int *place);

#endif
