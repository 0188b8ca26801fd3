/* graph.h: what the tasks say of a graph, and what becomes of it at rank 0. */
#ifndef DVM_TOPO_GRAPH_H
#define DVM_TOPO_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coll/calls.h"

/* Who said it: both lists of a vertex are made of what is said, or each of its own. */
enum edge_end { EDGE_BOTH, EDGE_OUT, EDGE_IN, EDGE_REFUSED /* from's arguments are wrong */ };

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

/* An edge that both ends do not give equally often; to DVM_NULL: what from gave is wrong. */
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

/* A graph that is being made. */
struct graph_making {
    struct call *c;
    const char *call;            /* the function's name, for sentences */
    int size;                    /* of the group */
    bool reorder;
    struct edge *own;            /* (owned) */
    size_t own_count;
    /* at rank 0: */
    struct edge *all;            /* (owned) */
    size_t *counts, *offsets;    /* of ranks, in words (owned, both in one) */
    struct lists sources, destinations; /* (owned) */
    /* at all: */
    int64_t *verdict;            /* WORD_PLACES + size words (owned) */
    int degrees[2];              /* of the vertex that this task becomes */
};

/* Make the group of what all members gave, and free what m owns. error: why this task's part is
 * refused, with its sentence; then all are told. own has room for one edge at least. Errors: that
 * one, ARG (edges that do not agree, or a member's part is refused), NO_MEMORY, LIMIT, and
 * as schedule_run. */
int graph_make(struct graph_making *m, int error, dvm_group *result);

/* Keep the sentence. Returns NO_MEMORY. */
int graph_no_memory(void);

#endif
