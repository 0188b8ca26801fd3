/* cart.c: groups whose tasks are points of a grid: dvm_group_cart, dvm_cart_sub.
 *
 * Ranks are row-major: the last coordinate is the one that changes from rank to rank. All
 * members compare what they give (alike.h), then each reckons the new group by itself: the
 * tids say who is on which host, so reordering needs no messages.
 * Source of the interface: MPI 4.0, sections 8.5.1 and 8.5.6 (MPI_Cart_create, MPI_Cart_sub).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coll/calls.h"
#include "coll/group_make.h"
#include "group/context.h"
#include "group/entry.h"
#include "proto/frame.h"
#include "topo/alike.h"
#include "topo/cart.h"
#include "topo/reorder.h"
#include "topo/topology.h"

/* Words that members compare: a context, the number of dimensions, reorder and whether that
 * could be done, then extents and periods. */
enum { WORD_CONTEXT, WORD_NDIMS, WORD_REORDER, WORD_ERROR, WORD_DIMS };

#define GRID_TEXT_MAX (DVM_DIMS_MAX * 16)

int cart_rank(struct topology *t, const int *coords)
{
    const int *dims = topology_dims(t), *periods = topology_periods(t);
    int rank = 0;

    for (int d = 0; d < t->ndims; d++) {
        int at = coords[d];

        if (periods[d])
            at = (at % dims[d] + dims[d]) % dims[d];
        if (at < 0 || at >= dims[d])
            return DVM_NULL;
        rank = rank * dims[d] + at;
    }
    return rank;
}

void cart_coords(struct topology *t, int rank, int *coords)
{
    const int *dims = topology_dims(t);

    for (int d = t->ndims - 1; d >= 0; d--) {
        coords[d] = rank % dims[d];
        rank /= dims[d];
    }
}

/* Give a new group of this task its grid: ndims, dims and periods. */
static int give(const char *call, dvm_group group, int ndims, const int *dims,
                const int *periods)
{
    struct topology *t = topology_make(call, DVM_CART, ndims, 2 * ndims, 2 * ndims);
    struct group *g = group_find(group, call);
    int coords[DVM_DIMS_MAX], count = 0;

    if (!t) {
        group_remove(g);
        return DVM_ERR_NO_MEMORY;
    }
    for (int d = 0; d < ndims; d++) {
        topology_dims(t)[d] = dims[d];
        topology_periods(t)[d] = periods[d] != 0;
    }
    cart_coords(t, g->rank, coords);
    for (int d = 0; d < ndims; d++)
        for (int step = -1; step <= 1; step += 2) {
            coords[d] += step;
            topology_sources(t)[count] = topology_destinations(t)[count] = cart_rank(t, coords);
            topology_source_weights(t)[count] = topology_destination_weights(t)[count] = 1;
            coords[d] -= step;
            count++;
        }
    topology_give(group, t);
    return DVM_OK;
}

/* "4 x 3" */
static const char *grid_text(int ndims, const int *dims, char *text)
{
    int used = 0;

    text[0] = '\0';
    for (int d = 0; d < ndims; d++)
        used += snprintf(text + used, (size_t)(GRID_TEXT_MAX - used), "%s%d", d ? " x " : "",
                         dims[d]);
    return text;
}

static int check(const struct call *c, int ndims, const int *dims, const int *periods,
                 const dvm_group *result, int *size)
{
    const char *call = coll_call(c->kind);
    char text[GRID_TEXT_MAX];
    long product = 1;

    if (!result)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", call);
    if (ndims < 0 || ndims > DVM_DIMS_MAX)
        return dvm_fail(DVM_ERR_ARG, "%s: a grid has 0 to %d dimensions, not %d", call,
                        DVM_DIMS_MAX, ndims);
    if (ndims > 0 && (!dims || !periods))
        return dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d %s", call, ndims,
                        dims ? "periods (1 for a ring, else 0)" : "extents");
    for (int d = 0; d < ndims; d++) {
        if (dims[d] < 1)
            return dvm_fail(DVM_ERR_ARG, "%s: dimension %d has extent %d, which must be 1 at "
                                         "least; dvm_dims_create finds extents", call, d, dims[d]);
        product *= dims[d];
        if (product > c->group->size)
            return dvm_fail(DVM_ERR_ARG, "%s: the grid of %s has more points than %s has tasks, "
                                         "%d; dvm_dims_create finds extents",
                            call, grid_text(ndims, dims, text), group_name(c->group),
                            c->group->size);
    }
    *size = (int)product;
    return DVM_OK;
}

/* The tids of the new group, by rank, into tids. */
static int arrange(const struct group *g, const struct grid *grid, int reorder, int *tids)
{
    int *hosts = malloc(2 * (size_t)grid->size * sizeof *hosts), *place, rc = DVM_OK;

    if (!hosts)
        return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_group_cart: no memory is left for a grid of %d "
                                           "tasks", grid->size);
    place = hosts + grid->size;
    for (int i = 0; i < grid->size; i++) {
        hosts[i] = g->receive_tids[i] >> DVM_TID_N_BITS;
        place[i] = i;
    }
    if (reorder)
        rc = reorder_grid(grid, hosts, place);
    for (int i = 0; rc == DVM_OK && i < grid->size; i++)
        tids[i] = g->receive_tids[place[i]];
    free(hosts);
    return rc;
}

/* All members give the same grid, and can make it; *context becomes the new group's. error: what
 * this task knows against it, with its sentence; then the others are told, too. */
static int agree(struct call *c, const struct grid *grid, int reorder, int error,
                 uint64_t *context)
{
    int64_t words[ALIKE_WORDS] = {[WORD_NDIMS] = grid->ndims, [WORD_REORDER] = reorder != 0,
                                      [WORD_ERROR] = error};
    char sentence[DVM_SENTENCE_MAX], text[GRID_TEXT_MAX];
    int other, rc;

    error_save(sentence);
    for (int d = 0; d < grid->ndims; d++) {
        words[WORD_DIMS + d] = grid->dims[d];
        words[WORD_DIMS + grid->ndims + d] = grid->periods[d] != 0;
    }
    if (c->group->rank == 0)
        words[WORD_CONTEXT] = (int64_t)context_make();
    rc = alike(c, words, &other);
    *context = (uint64_t)words[WORD_CONTEXT];
    if (rc == DVM_OK && error != DVM_OK)
        return dvm_fail(error, "%s", sentence);
    if (rc == DVM_OK && other >= 0)
        return dvm_fail(DVM_ERR_ARG, "dvm_group_cart: rank %d does not give the same grid as rank "
                                     "0; this task, rank %d, gives %s%s; all tasks of a group must "
                                     "give the same extents, periods and reorder", other,
                        c->group->rank, grid_text(grid->ndims, grid->dims, text),
                        reorder ? ", reordered" : "");
    if (rc == DVM_OK && !*context)
        return dvm_fail(DVM_ERR_LIMIT, "dvm_group_cart: rank 0 has made all groups that it may");
    return rc;
}

static int make(struct call *c, const struct grid *grid, int reorder, int rc, dvm_group *result)
{
    int *tids = malloc((size_t)grid->size * sizeof *tids + 1);
    bool member = false;
    uint64_t context;
    dvm_group made;

    if (rc == DVM_OK)
        rc = tids ? arrange(c->group, grid, reorder, tids)
                  : dvm_fail(DVM_ERR_NO_MEMORY, "dvm_group_cart: no memory is left for a grid");
    rc = agree(c, grid, reorder, rc, &context);
    for (int i = 0; rc == DVM_OK && i < grid->size; i++)
        member |= tids[i] == c->group->receive_tids[c->group->rank];
    if (rc == DVM_OK && member)
        rc = group_make_known(context, tids, grid->size, &made);
    if (rc == DVM_OK && member)
        rc = give(coll_call(c->kind), made, grid->ndims, grid->dims, grid->periods);
    if (rc == DVM_OK)
        *result = member ? made : DVM_GROUP_NONE;
    free(tids);
    return rc;
}

int dvm_group_cart(dvm_group group, int ndims, const int *dims, const int *periods, int reorder,
                   dvm_group *result)
{
    struct call c = CALL(GROUP_CART);
    struct grid grid = {.ndims = 0};
    int rc;

    ENTRY_BEGIN();
    rc = call_find(&c, group, NULL);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    rc = check(&c, ndims, dims, periods, result, &grid.size);
    if (rc == DVM_OK)
        grid = (struct grid){ndims, dims, periods, grid.size};
    return dvm_leave(make(&c, &grid, reorder, rc, result));
}

/* ---- parts of a grid ------------------------------------------------------------------- */

/* Those tasks that share this task's coordinates in the dimensions that are not kept, in order
 * of their ranks: as many as *size tells. */
static int *part_of(const struct group *g, const int *keep, int *size)
{
    int *tids = malloc((size_t)g->size * sizeof *tids);
    int mine[DVM_DIMS_MAX], other[DVM_DIMS_MAX];

    *size = 0;
    cart_coords(g->topology, g->rank, mine);
    for (int r = 0; tids && r < g->size; r++) {
        bool inside = true;

        cart_coords(g->topology, r, other);
        for (int d = 0; d < g->topology->ndims; d++)
            inside &= keep[d] || other[d] == mine[d];
        if (inside)
            tids[(*size)++] = g->receive_tids[r];
    }
    if (!tids)
        dvm_fail(DVM_ERR_NO_MEMORY, "dvm_cart_sub: no memory is left for a list of tasks");
    return tids;
}

/* All members keep the same dimensions. error: why this task's arguments are refused. */
static int agree_on_part(struct call *c, const int *keep, int error)
{
    int64_t words[ALIKE_WORDS] = {[WORD_ERROR] = error};
    char sentence[DVM_SENTENCE_MAX];
    int other, rc;

    error_save(sentence);
    for (int d = 0; error == DVM_OK && d < c->group->topology->ndims; d++)
        words[WORD_DIMS + d] = keep[d] != 0;
    rc = alike(c, words, &other);
    if (rc == DVM_OK && error != DVM_OK)
        return dvm_fail(error, "%s", sentence);
    if (rc == DVM_OK && other >= 0)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_cart_sub: rank %d does not keep the same dimensions as "
                                   "rank 0; all tasks of a group must keep the same", other);
    return rc;
}

static int make_part(struct call *c, const int *keep, int error, dvm_group *result)
{
    struct topology *t = c->group->topology;
    int dims[DVM_DIMS_MAX], periods[DVM_DIMS_MAX], ndims = 0, size;
    int *tids, rc = agree_on_part(c, keep, error);
    dvm_group made;

    if (rc != DVM_OK)
        return rc;
    for (int d = 0; d < t->ndims; d++)
        if (keep[d]) {
            dims[ndims] = topology_dims(t)[d];
            periods[ndims++] = topology_periods(t)[d];
        }
    tids = part_of(c->group, keep, &size);
    if (!tids)
        return DVM_ERR_NO_MEMORY;
    rc = group_make_agreed(coll_call(c->kind), c->site, tids, size, &made);
    if (rc == DVM_OK)
        rc = give(coll_call(c->kind), made, ndims, dims, periods);
    if (rc == DVM_OK)
        *result = made;
    free(tids);
    return rc;
}

int dvm_cart_sub(dvm_group group, const int *keep, dvm_group *result)
{
    struct call c = CALL(CART_SUB);
    struct group *g;
    int rc;

    ENTRY_BEGIN();
    rc = call_find(&c, group, NULL);
    if (rc == DVM_OK && !topology_find_kind(group, coll_call(c.kind), DVM_CART, &g))
        rc = DVM_ERR_GROUP;
    if (rc != DVM_OK)
        return dvm_leave(rc);
    if (!result)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_cart_sub: there is no place for the new group");
    else if (!keep && g->topology->ndims > 0)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_cart_sub: there is no list of which of the %d dimensions "
                                   "are kept (1, else 0)", g->topology->ndims);
    return dvm_leave(make_part(&c, keep, rc, result));
}
