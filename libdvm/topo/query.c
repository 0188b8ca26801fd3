/* query.c: what the public functions tell of grids and of neighbours. None of these talks
 * to another task. Source of the interface: MPI 4.0, sections 8.5.3 to 8.5.5.
 */
#include "base/error.h"
#include "group/entry.h"
#include "topo/cart.h"

static int no_place(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", call);
}

/* A public call has been told how many numbers it may store. */
static int check_max(const char *call, int max)
{
    return max >= 0 ? DVM_OK
                    : dvm_fail(DVM_ERR_ARG, "%s: there are no places for %d numbers", call, max);
}

int dvm_topology(dvm_group group, int *kind)
{
    const struct group *g;

    ENTRY_BEGIN();
    g = group_find(group, "dvm_topology");
    if (!g)
        return dvm_leave(DVM_ERR_GROUP);
    if (!kind)
        return dvm_leave(no_place("dvm_topology"));
    *kind = g->topology ? g->topology->kind : DVM_NULL;
    return dvm_leave(DVM_OK);
}

int dvm_cart_dims(dvm_group group, int max, int *ndims, int *dims, int *periods)
{
    struct topology *t;
    struct group *g;

    ENTRY_BEGIN();
    t = topology_find_kind(group, "dvm_cart_dims", DVM_CART, &g);
    if (!t)
        return dvm_leave(DVM_ERR_GROUP);
    if (check_max("dvm_cart_dims", max) != DVM_OK)
        return dvm_leave(DVM_ERR_ARG);
    for (int d = 0; d < max && d < t->ndims; d++) {
        if (dims)
            dims[d] = topology_dims(t)[d];
        if (periods)
            periods[d] = topology_periods(t)[d];
    }
    if (ndims)
        *ndims = t->ndims;
    return dvm_leave(DVM_OK);
}

int dvm_cart_coords(dvm_group group, int rank, int max, int *coords)
{
    static const char call[] = "dvm_cart_coords";
    struct topology *t;
    struct group *g;
    int all[DVM_DIMS_MAX], rc = DVM_ERR_GROUP, tid;

    ENTRY_BEGIN();
    t = topology_find_kind(group, call, DVM_CART, &g);
    if (t)
        rc = group_peer(g, call, rank, &tid);
    if (rc == DVM_OK)
        rc = check_max(call, max);
    if (rc == DVM_OK && max > 0 && !coords)
        rc = no_place(call);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    cart_coords(t, rank, all);
    for (int d = 0; d < max && d < t->ndims; d++)
        coords[d] = all[d];
    return dvm_leave(DVM_OK);
}

int dvm_cart_rank(dvm_group group, const int *coords, int *rank)
{
    static const char call[] = "dvm_cart_rank";
    struct topology *t;
    struct group *g;

    ENTRY_BEGIN();
    t = topology_find_kind(group, call, DVM_CART, &g);
    if (!t)
        return dvm_leave(DVM_ERR_GROUP);
    if (!rank)
        return dvm_leave(no_place(call));
    if (t->ndims > 0 && !coords)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d coordinates", call,
                                  t->ndims));
    *rank = cart_rank(t, coords);
    return dvm_leave(DVM_OK);
}

int dvm_cart_shift(dvm_group group, int dim, int steps, int *source, int *dest)
{
    static const char call[] = "dvm_cart_shift";
    int coords[DVM_DIMS_MAX], at, extent;
    struct topology *t;
    struct group *g;

    ENTRY_BEGIN();
    t = topology_find_kind(group, call, DVM_CART, &g);
    if (!t)
        return dvm_leave(DVM_ERR_GROUP);
    if (!source || !dest)
        return dvm_leave(no_place(call));
    if (dim < 0 || dim >= t->ndims)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: the grid of %s has %d dimensions, from 0, and "
                                               "not %d", call, group_name(g), t->ndims, dim));
    cart_coords(t, g->rank, coords);
    at = coords[dim];
    extent = topology_dims(t)[dim];
    /* where that is more than the grid: the same point of a ring, or beyond the edge */
    steps = topology_periods(t)[dim] ? steps % extent
            : steps > extent         ? extent
            : steps < -extent        ? -extent
                                     : steps;
    coords[dim] = at + steps;
    *dest = cart_rank(t, coords);
    coords[dim] = at - steps;
    *source = cart_rank(t, coords);
    return dvm_leave(DVM_OK);
}

int dvm_neighbour_count(dvm_group group, int *sources, int *destinations)
{
    const struct topology *t;

    ENTRY_BEGIN();
    t = topology_find(group, "dvm_neighbour_count", NULL);
    if (!t)
        return dvm_leave(DVM_ERR_GROUP);
    if (!sources || !destinations)
        return dvm_leave(no_place("dvm_neighbour_count"));
    *sources = t->sources;
    *destinations = t->destinations;
    return dvm_leave(DVM_OK);
}

/* The first max of count numbers, where they are wanted. */
static void copy(int *to, const int *from, int count, int max)
{
    for (int i = 0; to && i < count && i < max; i++)
        to[i] = from[i];
}

int dvm_neighbours(dvm_group group, int max_sources, int *sources, int *source_weights,
                   int max_destinations, int *destinations, int *destination_weights)
{
    struct topology *t;

    ENTRY_BEGIN();
    t = topology_find(group, "dvm_neighbours", NULL);
    if (!t)
        return dvm_leave(DVM_ERR_GROUP);
    if (check_max("dvm_neighbours", max_sources) != DVM_OK ||
        check_max("dvm_neighbours", max_destinations) != DVM_OK)
        return dvm_leave(DVM_ERR_ARG);
    copy(sources, topology_sources(t), t->sources, max_sources);
    copy(source_weights, topology_source_weights(t), t->sources, max_sources);
    copy(destinations, topology_destinations(t), t->destinations, max_destinations);
    copy(destination_weights, topology_destination_weights(t), t->destinations,
         max_destinations);
    return dvm_leave(DVM_OK);
}
