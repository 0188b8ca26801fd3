/* grid.c: grids and graphs of tasks. Ranks, coordinates and dimensions count from 0, as
 * everywhere in DVM.
 */
#include "array.h"
#include "procedures.h"

void dvmf_dims_create(const void *tasks, const CFI_cdesc_t *dims, void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_dims_create", dims);
    if (rc == DVM_OK)
        rc = dvm_dims_create(integer(tasks), list.count, list.at);
    if (rc == DVM_OK)
        ints_put(&list, dims);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_group_cart(const CFI_cdesc_t *dims, const CFI_cdesc_t *periods, dvm_group *result,
                     const CFI_cdesc_t *reorder, const dvm_group *group, void *ierror)
{
    struct ints extents, rings = {.at = NULL};
    int again, rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&extents, "dvm_group_cart", dims);
    if (rc == DVM_OK)
        rc = logical_get(&again, "dvm_group_cart", reorder);
    if (rc == DVM_OK)
        rc = logicals_get(&rings, "dvm_group_cart", periods);
    if (rc == DVM_OK && extents.count != rings.count)
        rc = call_fail(DVM_ERR_ARG, "dvm_group_cart: %d extents, but %d periods", extents.count,
                       rings.count);
    if (rc == DVM_OK)
        rc = dvm_group_cart(group_or_world(group), extents.count, extents.at, rings.at,
                            again, result);
    ints_free(&extents);
    ints_free(&rings);
    call_end(rc, ierror);
}

/* Dimensions of a grid. */
static int dimensions(const dvm_group *group, int *count)
{
    return dvm_cart_dims(group_or_world(group), 0, count, NULL, NULL);
}

/* Whether an array has a place for each dimension. */
static int check_places(const char *call, int places, const dvm_group *group)
{
    int ndims, rc = dimensions(group, &ndims);

    if (rc == DVM_OK && places < ndims)
        rc = call_fail(DVM_ERR_ARG, "%s: %d places for %d dimensions", call, places, ndims);
    return rc;
}

void dvmf_cart_sub(const CFI_cdesc_t *keep, dvm_group *result, const dvm_group *group,
                   void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = logicals_get(&list, "dvm_cart_sub", keep);
    if (rc == DVM_OK)
        rc = check_places("dvm_cart_sub", list.count, group);
    if (rc == DVM_OK)
        rc = dvm_cart_sub(group_or_world(group), list.at, result);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_cart_dims(void *ndims, const CFI_cdesc_t *dims, const CFI_cdesc_t *periods,
                    const dvm_group *group, void *ierror)
{
    struct ints extents = {.at = NULL};
    int e[DVM_DIMS_MAX], r[DVM_DIMS_MAX], count, rc;

    CALL_BEGIN(ierror);
    rc = dvm_cart_dims(group_or_world(group), DVM_DIMS_MAX, &count, e, r);
    if (rc == DVM_OK)
        integer_put(ndims, count);
    if (rc == DVM_OK)
        rc = ints_get(&extents, "dvm_cart_dims", dims);
    for (int i = 0; rc == DVM_OK && i < count && i < extents.count; i++)
        extents.at[i] = e[i];
    if (rc == DVM_OK && periods)
        rc = logicals_put(&(struct ints){.at = r, .count = count}, "dvm_cart_dims", periods);
    if (rc == DVM_OK)
        ints_put(&extents, dims);
    ints_free(&extents);
    call_end(rc, ierror);
}

void dvmf_cart_coords(const void *rank, const CFI_cdesc_t *coords, const dvm_group *group,
                      void *ierror)
{
    struct ints list;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_cart_coords", coords);
    if (rc == DVM_OK)
        rc = dvm_cart_coords(group_or_world(group), integer(rank), list.count, list.at);
    if (rc == DVM_OK)
        ints_put(&list, coords);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_cart_rank(const CFI_cdesc_t *coords, void *rank, const dvm_group *group, void *ierror)
{
    struct ints list;
    int value, rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&list, "dvm_cart_rank", coords);
    if (rc == DVM_OK)
        rc = check_places("dvm_cart_rank", list.count, group);
    if (rc == DVM_OK)
        rc = dvm_cart_rank(group_or_world(group), list.at, &value);
    if (rc == DVM_OK)
        integer_put(rank, value);
    ints_free(&list);
    call_end(rc, ierror);
}

void dvmf_cart_shift(const void *dim, const void *steps, void *source, void *dest,
                     const dvm_group *group, void *ierror)
{
    int from, to, rc;

    CALL_BEGIN(ierror);
    rc = dvm_cart_shift(group_or_world(group), integer(dim), integer(steps), &from, &to);
    if (rc == DVM_OK) {
        integer_put(source, from);
        integer_put(dest, to);
    }
    call_end(rc, ierror);
}

/* One array, and the weights of its places, which may be left out. */
struct edges {
    struct ints ranks, weights;
};

static int edges_get(struct edges *e, const char *call, const CFI_cdesc_t *ranks,
                     const CFI_cdesc_t *weights)
{
    int rc = ints_get(&e->ranks, call, ranks);

    if (rc == DVM_OK)
        rc = ints_get(&e->weights, call, weights);
    if (rc == DVM_OK && weights && e->weights.count != e->ranks.count)
        rc = call_fail(DVM_ERR_ARG, "%s: %d weights for %d edges", call, e->weights.count,
                       e->ranks.count);
    return rc;
}

static void edges_free(struct edges *e)
{
    ints_free(&e->ranks);
    ints_free(&e->weights);
}

void dvmf_group_graph(const CFI_cdesc_t *sources, const CFI_cdesc_t *destinations,
                      dvm_group *result, const CFI_cdesc_t *source_weights,
                      const CFI_cdesc_t *destination_weights, const CFI_cdesc_t *reorder,
                      const dvm_group *group, void *ierror)
{
    struct edges in = {.ranks = {.at = NULL}}, out = in;
    int again, rc;

    CALL_BEGIN(ierror);
    rc = logical_get(&again, "dvm_group_graph", reorder);
    if (rc == DVM_OK)
        rc = edges_get(&in, "dvm_group_graph", sources, source_weights);
    if (rc == DVM_OK)
        rc = edges_get(&out, "dvm_group_graph", destinations, destination_weights);
    if (rc == DVM_OK)
        rc = dvm_group_graph(group_or_world(group), in.ranks.count, in.ranks.at, in.weights.at,
                             out.ranks.count, out.ranks.at, out.weights.at,
                             again, result);
    edges_free(&in);
    edges_free(&out);
    call_end(rc, ierror);
}

void dvmf_group_graph_edges(const CFI_cdesc_t *from, const CFI_cdesc_t *to, dvm_group *result,
                            const CFI_cdesc_t *weights, const CFI_cdesc_t *reorder,
                            const dvm_group *group, void *ierror)
{
    struct edges in = {.ranks = {.at = NULL}};
    struct ints out = {.at = NULL};
    int again, rc;

    CALL_BEGIN(ierror);
    rc = logical_get(&again, "dvm_group_graph_edges", reorder);
    if (rc == DVM_OK)
        rc = edges_get(&in, "dvm_group_graph_edges", from, weights);
    if (rc == DVM_OK)
        rc = ints_get(&out, "dvm_group_graph_edges", to);
    if (rc == DVM_OK && in.ranks.count != out.count)
        rc = call_fail(DVM_ERR_ARG, "dvm_group_graph_edges: from has %d places and to %d",
                       in.ranks.count, out.count);
    if (rc == DVM_OK)
        rc = dvm_group_graph_edges(group_or_world(group), out.count, in.ranks.at, out.at,
                                   in.weights.at, again, result);
    edges_free(&in);
    ints_free(&out);
    call_end(rc, ierror);
}

void dvmf_topology(void *kind, const dvm_group *group, void *ierror)
{
    int value, rc;

    CALL_BEGIN(ierror);
    rc = dvm_topology(group_or_world(group), &value);
    if (rc == DVM_OK)
        integer_put(kind, value);
    call_end(rc, ierror);
}

void dvmf_neighbour_count(void *sources, void *destinations, const dvm_group *group,
                          void *ierror)
{
    int in, out, rc;

    CALL_BEGIN(ierror);
    rc = dvm_neighbour_count(group_or_world(group), &in, &out);
    if (rc == DVM_OK) {
        integer_put(sources, in);
        integer_put(destinations, out);
    }
    call_end(rc, ierror);
}

/* The smaller of two arrays that may both be given. */
static int places(const struct edges *e)
{
    if (!e->ranks.at || (e->weights.at && e->weights.count < e->ranks.count))
        return e->weights.count;
    return e->ranks.count;
}

void dvmf_neighbours(const CFI_cdesc_t *sources, const CFI_cdesc_t *destinations,
                     const CFI_cdesc_t *source_weights, const CFI_cdesc_t *destination_weights,
                     const dvm_group *group, void *ierror)
{
    struct edges in = {.ranks = {.at = NULL}}, out = in;
    int rc;

    CALL_BEGIN(ierror);
    rc = ints_get(&in.ranks, "dvm_neighbours", sources);
    if (rc == DVM_OK)
        rc = ints_get(&in.weights, "dvm_neighbours", source_weights);
    if (rc == DVM_OK)
        rc = ints_get(&out.ranks, "dvm_neighbours", destinations);
    if (rc == DVM_OK)
        rc = ints_get(&out.weights, "dvm_neighbours", destination_weights);
    if (rc == DVM_OK)
        rc = dvm_neighbours(group_or_world(group), places(&in), in.ranks.at, in.weights.at,
                            places(&out), out.ranks.at, out.weights.at);
    if (rc == DVM_OK) {
        ints_put(&in.ranks, sources);
        ints_put(&in.weights, source_weights);
        ints_put(&out.ranks, destinations);
        ints_put(&out.weights, destination_weights);
    }
    edges_free(&in);
    edges_free(&out);
    call_end(rc, ierror);
}
