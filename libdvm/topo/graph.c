/* graph.c: groups whose tasks are vertices of a graph: dvm_group_graph, in which each task
 * gives its own neighbours, and dvm_group_graph_edges, in which any task gives any edges.
 * Both become edges; graph_agree.c does the rest.
 * Source of the interface: MPI 4.0, section 8.5.4 (MPI_Dist_graph_create_adjacent,
 * MPI_Dist_graph_create).
 */
#include "topo/graph.h"

#include <stdlib.h>

#include "group/entry.h"

/* Find the group, and make room for so many edges, and one. */
static int start(struct graph_making *m, dvm_group group, int count, int more)
{
    int rc = call_find(m->c, group, NULL);
    size_t room = 1 + (size_t)(count > 0 ? count : 0) + (size_t)(more > 0 ? more : 0);

    if (rc != DVM_OK)
        return rc;
    m->size = m->c->group->size;
    m->own = malloc(room * sizeof *m->own);
    return m->own ? DVM_OK : graph_no_memory();
}

static int no_place(const struct graph_making *m, const dvm_group *result)
{
    return result ? DVM_OK
                  : dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", m->call);
}

/* Add an edge, which must be between members. */
static int add(struct graph_making *m, int from, int to, const int *weight, enum edge_end end)
{
    int rc, tid;

    rc = group_peer(m->c->group, m->call, from, &tid);
    if (rc == DVM_OK)
        rc = group_peer(m->c->group, m->call, to, &tid);
    if (rc == DVM_OK && weight && *weight < 0)
        rc = dvm_fail(DVM_ERR_ARG, "%s: the edge from rank %d to rank %d has weight %d; weights "
                                   "are 0 or more", m->call, from, to, *weight);
    if (rc == DVM_OK)
        m->own[m->own_count++] = (struct edge){from, to, weight ? *weight : 1, end};
    return rc;
}

static int bad_list(const struct graph_making *m, const char *what, int count, const int *list)
{
    if (count >= 0 && (count == 0 || list))
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d %s", m->call, count, what);
}

int dvm_group_graph(dvm_group group, int source_count, const int *sources,
                    const int *source_weights, int destination_count, const int *destinations,
                    const int *destination_weights, int reorder, dvm_group *result)
{
    struct call c = CALL(GROUP_GRAPH);
    struct graph_making m = {.c = &c, .call = "dvm_group_graph", .reorder = reorder};
    int rc;

    ENTRY_BEGIN();
    rc = start(&m, group, source_count, destination_count);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    rc = no_place(&m, result);
    if (rc == DVM_OK)
        rc = bad_list(&m, "sources", source_count, sources);
    if (rc == DVM_OK)
        rc = bad_list(&m, "destinations", destination_count, destinations);
    for (int i = 0; rc == DVM_OK && i < source_count; i++)
        rc = add(&m, sources[i], c.group->rank, source_weights ? &source_weights[i] : NULL,
                 EDGE_IN);
    for (int i = 0; rc == DVM_OK && i < destination_count; i++)
        rc = add(&m, c.group->rank, destinations[i],
                 destination_weights ? &destination_weights[i] : NULL, EDGE_OUT);
    return dvm_leave(graph_make(&m, rc, result));
}

int dvm_group_graph_edges(dvm_group group, int count, const int *from, const int *to,
                          const int *weights, int reorder, dvm_group *result)
{
    struct call c = CALL(GROUP_GRAPH);
    struct graph_making m = {.c = &c, .call = "dvm_group_graph_edges", .reorder = reorder};
    int rc;

    ENTRY_BEGIN();
    rc = start(&m, group, count, 0);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    rc = no_place(&m, result);
    if (rc == DVM_OK)
        rc = bad_list(&m, "edges, where they begin", count, from);
    if (rc == DVM_OK)
        rc = bad_list(&m, "edges, where they end", count, to);
    for (int i = 0; rc == DVM_OK && i < count; i++)
        rc = add(&m, from[i], to[i], weights ? &weights[i] : NULL, EDGE_BOTH);
    return dvm_leave(graph_make(&m, rc, result));
}
