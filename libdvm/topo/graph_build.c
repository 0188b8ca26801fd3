/* graph_build.c: rank 0's part of dvm_group_graph: all edges become lists of neighbours, and
 * where each edge must be given at both ends, that is checked. Sorted by counting, so equal
 * edges stay in the order in which they came. Cost: edges + tasks, the check a sort.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "dvm.h"
#include "base/error.h"
#include "topo/graph.h"
#include "topo/reorder.h"

void lists_free(struct lists *l)
{
    free(l->first);
    free(l->ranks);
    free(l->weights);
    *l = (struct lists){0};
}

static int no_memory(size_t count)
{
    return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_group_graph: no memory is left for %zu edges", count);
}

static bool lists_make(struct lists *l, size_t count, int size)
{
    l->first = calloc((size_t)size + 2, sizeof *l->first);
    l->ranks = malloc((count + 1) * sizeof *l->ranks);
    l->weights = malloc((count + 1) * sizeof *l->weights);
    return l->first && l->ranks && l->weights;
}

/* The lists of those ends: of the sources of each vertex, or of its destinations. */
static bool sort(const struct edge *edges, size_t count, int size, enum edge_end end,
                 struct lists *l)
{
    if (!lists_make(l, count, size))
        return false;
    /* first[v + 2] counts v's; summed up, first[v + 1] is where v's go, and moves to their end */
    for (size_t i = 0; i < count; i++)
        if (edges[i].end == (int)end || edges[i].end == EDGE_BOTH)
            l->first[(end == EDGE_IN ? edges[i].to : edges[i].from) + 2]++;
    for (int v = 2; v <= size + 1; v++)
        l->first[v] += l->first[v - 1];
    for (size_t i = 0; i < count; i++) {
        const struct edge *e = &edges[i];
        size_t at;

        if (e->end != (int)end && e->end != EDGE_BOTH)
            continue;
        at = l->first[(end == EDGE_IN ? e->to : e->from) + 1]++;
        l->ranks[at] = end == EDGE_IN ? e->from : e->to;
        l->weights[at] = e->weight;
    }
    return true;
}

static int by_ends(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->from != y->from)
        return (x->from > y->from) - (x->from < y->from);
    return (x->to > y->to) - (x->to < y->to);
}

/* Whether each edge is given as often by its one end as by its other. Error: ARG. */
static int compare_ends(const struct edge *edges, size_t count, struct lopsided *wrong)
{
    struct edge *sorted = malloc((count + 1) * sizeof *sorted);
    int rc = DVM_OK;

    if (!sorted)
        return no_memory(count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = edges[i];
    qsort(sorted, count, sizeof *sorted, by_ends);
    for (size_t i = 0, next; rc == DVM_OK && i < count; i = next) {
        *wrong = (struct lopsided){.from = sorted[i].from, .to = sorted[i].to};
        for (next = i; next < count && by_ends(&sorted[next], &sorted[i]) == 0; next++) {
            wrong->given += sorted[next].end != EDGE_IN;
            wrong->wanted += sorted[next].end != EDGE_OUT;
        }
        if (wrong->given != wrong->wanted)
            rc = DVM_ERR_ARG;
    }
    free(sorted);
    return rc;
}

int graph_build(const struct edge *edges, size_t count, int size, struct lists *sources,
                struct lists *destinations, struct lopsided *wrong)
{
    *sources = *destinations = (struct lists){0};
    for (size_t i = 0; i < count; i++)
        if (edges[i].end == EDGE_REFUSED) {
            *wrong = (struct lopsided){.from = edges[i].from, .to = DVM_NULL};
            return DVM_ERR_ARG;
        }
    if (!sort(edges, count, size, EDGE_IN, sources) ||
        !sort(edges, count, size, EDGE_OUT, destinations))
        return no_memory(count);
    return compare_ends(edges, count, wrong);
}

int graph_reorder(const struct lists *sources, const struct lists *destinations, int size,
                  const int *hosts, int *place)
{
    struct lists both = {0};
    size_t count = sources->first[size] + destinations->first[size], at = 0;
    int rc = DVM_OK;

    if (!lists_make(&both, count, size))
        rc = no_memory(count);
    for (int v = 0; rc == DVM_OK && v < size; v++) {
        const struct lists *const parts[] = {sources, destinations};

        for (int k = 0; k < 2; k++)
            for (size_t i = parts[k]->first[v]; i < parts[k]->first[v + 1]; i++, at++) {
                both.ranks[at] = parts[k]->ranks[i];
                both.weights[at] = parts[k]->weights[i];
            }
        both.first[v + 1] = at;
    }
    if (rc == DVM_OK)
        rc = reorder_graph(&(struct adjacency){size, both.first, both.ranks, both.weights}, hosts,
                           place);
    lists_free(&both);
    return rc;
}
