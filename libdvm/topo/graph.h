/* graph.h: what the tasks say of a graph, and what becomes of it at rank 0. */
#ifndef DVM_TOPO_GRAPH_H
#define DVM_TOPO_GRAPH_H

#include <stddef.h>

/* Who said it: both lists of a vertex are made of what is said, or each of its own. */
enum edge_end { EDGE_BOTH, EDGE_OUT, EDGE_IN };

/* An edge as it travels. */
struct edge {
    int from, to, weight;
    int end; /* enum edge_end */
};
#define EDGE_WORDS (sizeof(struct edge) / sizeof(int))

/* For each vertex a list: of vertex v from first[v] up to first[v + 1] - 1. */
struct lists {
    size_t *first; /* size + 1 (owned) */
    int *ranks, *weights; /* (owned) */
};

/* An edge that both ends do not give equally often. */
struct lopsided {
    int from, to;
    int given, wanted; /* times: by from, by to */
};

/* Both lists of all vertices, each in the order in which the edges stand, and what is wrong.
 * Returns DVM_OK, ARG with *wrong filled in and no sentence, or NO_MEMORY. lists_free in any
 * case. */
int graph_build(const struct edge *edges, size_t count, int size, struct lists *sources,
                struct lists *destinations, struct lopsided *wrong);

/* Free the lists, which then are none. */
void lists_free(struct lists *l);

/* reorder.h for both lists together. Error: NO_MEMORY. */
int graph_reorder(const struct lists *sources, const struct lists *destinations, int size,
                  const int *hosts, int *place);

#endif
