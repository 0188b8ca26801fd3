/* topology.c: the block of memory that says who is whose neighbour; see topology.h.
 *
 * The numbers of a block lie behind one another: extents, periods, then ranks and weights
 * of the sources, then those of the destinations.
 */
#include "topo/topology.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"

int *topology_dims(struct topology *t)
{
    return t->words;
}

int *topology_periods(struct topology *t)
{
    return t->words + t->ndims;
}

int *topology_sources(struct topology *t)
{
    return t->words + 2 * t->ndims;
}

int *topology_source_weights(struct topology *t)
{
    return topology_sources(t) + t->sources;
}

int *topology_destinations(struct topology *t)
{
    return topology_source_weights(t) + t->sources;
}

int *topology_destination_weights(struct topology *t)
{
    return topology_destinations(t) + t->destinations;
}

static size_t bytes_of(int ndims, int sources, int destinations)
{
    size_t words = 2 * ((size_t)ndims + (size_t)sources + (size_t)destinations);

    return sizeof(struct topology) + words * sizeof(int);
}

struct topology *topology_make(const char *call, int kind, int ndims, int sources,
                               int destinations)
{
    struct topology *t = calloc(1, bytes_of(ndims, sources, destinations));

    if (!t) {
        dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for %d neighbours", call,
                 sources + destinations);
        return NULL;
    }
    t->kind = kind;
    t->ndims = ndims;
    t->sources = sources;
    t->destinations = destinations;
    return t;
}

void topology_give(dvm_group group, struct topology *t)
{
    struct group *g = group_find(group, "a new group");

    assert(g && !g->topology);
    g->topology = t;
    g->topology_bytes = bytes_of(t->ndims, t->sources, t->destinations);
}

struct topology *topology_find(dvm_group group, const char *call, struct group **g)
{
    struct group *found = group_find(group, call);

    if (!found)
        return NULL;
    if (!found->topology) {
        dvm_fail(DVM_ERR_GROUP, "%s: the tasks of %s have no neighbours; dvm_group_cart and "
                                "dvm_group_graph make groups whose tasks do", call,
                 group_name(found));
        return NULL;
    }
    if (g)
        *g = found;
    return found->topology;
}

struct topology *topology_find_kind(dvm_group group, const char *call, int kind,
                                    struct group **g)
{
    struct topology *t = topology_find(group, call, g);

    if (!t || t->kind == kind)
        return t;
    dvm_fail(DVM_ERR_GROUP, "%s: %s is no grid but a graph; its neighbours are told by "
                            "dvm_neighbours", call, group_name(*g));
    return NULL;
}
