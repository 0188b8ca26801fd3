/* reorder_grid.c: a grid laid over hosts in tiles.
 *
 * The tasks in order of hosts are laid along a path through the grid: tile after tile, to
 * and fro, and in each tile cell after cell, to and fro as well. Two kinds of paths are
 * tried: with tiles of as many cells as the largest host has tasks, so that a host gets
 * one; and with tiles that are one cell thin in the direction of the path, which make
 * strips: they also fit where hosts have unlike numbers of tasks. The path with the fewest
 * edges between hosts is taken, the old order if none has fewer.
 *
 * Cost: size * ndims steps for each path, TRIES_MAX paths at most. All members reckon the
 * same. Sources: W. Gropp, "Using node and socket information to implement MPI Cartesian
 * topologies", Parallel Computing 85 (2019), for tiles that factor a host's tasks;
 * S. Hunold, K. von Kirchbach, M. Lehr, C. Schulz, J. L. Traeff, "Efficient process-to-node
 * mapping algorithms for stencil computations", IEEE CLUSTER 2020, for strips.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "base/error.h"
#include "topo/reorder.h"

#define TRIES_MAX 256
#define WIDTHS_MAX 32 /* extents of tiles that are tried in a dimension */

/* A path: the extents of its tiles, and the dimension in which it goes from tile to tile. */
struct path {
    const struct grid *g;
    int tile[DVM_DIMS_MAX];
    int along;
};

/* What is needed while paths are tried. */
struct trial {
    struct path path;
    const int *hosts;
    int largest;       /* tasks of the largest host */
    int widths[WIDTHS_MAX], width_count; /* extents that are tried */
    int *order;        /* the old ranks, host by host (owned) */
    int *ranks, *mine; /* along the path, and its places (owned) */
    int *place;        /* the best yet, */
    long fewest;       /* and crossings with it */
    int left;          /* paths that may still be tried */
};

long reorder_grid_crossings(const struct grid *g, const int *hosts, const int *place)
{
    long crossings = 0;

    for (int d = g->ndims - 1, stride = 1; d >= 0; stride *= g->dims[d], d--) {
        for (int i = 0; i < g->size; i++) {
            bool last = i / stride % g->dims[d] == g->dims[d] - 1;
            int next = last ? i - (g->dims[d] - 1) * stride : i + stride;

            if (!last || g->periods[d])
                crossings += hosts[place[i]] != hosts[place[next]];
        }
    }
    return crossings;
}

/* Go to the next point of a box, to and fro: each point differs from the one before in one
 * dimension by one. way has the directions, 1 or -1. Returns false behind the last. */
static bool snake(int ndims, const int *extent, int *at, int *way)
{
    for (int d = ndims - 1; d >= 0; d--) {
        at[d] += way[d];
        if (at[d] >= 0 && at[d] < extent[d])
            return true;
        at[d] -= way[d];
        way[d] = -way[d];
    }
    return false;
}

/* The cells of a tile, each as its rank, in the order of the path. way goes on from tile to
 * tile, so that one begins near where the last ended. Returns how many. */
static int fill_tile(const struct path *p, const int *tile, int *way, int *ranks)
{
    int extent[DVM_DIMS_MAX], at[DVM_DIMS_MAX], n = p->g->ndims, count = 0;

    for (int d = 0; d < n; d++) {
        int left = p->g->dims[d] - tile[d] * p->tile[d];

        extent[d] = left < p->tile[d] ? left : p->tile[d];
        at[d] = way[d] > 0 ? 0 : extent[d] - 1;
    }
    do {
        int rank = 0;

        for (int d = 0; d < n; d++)
            rank = rank * p->g->dims[d] + tile[d] * p->tile[d] + at[d];
        ranks[count++] = rank;
    } while (snake(n, extent, at, way));
    return count;
}

/* All cells in the order of the path. */
static void walk(const struct path *p, int *ranks)
{
    int n = p->g->ndims, done = 0;
    int order[DVM_DIMS_MAX], tiles[DVM_DIMS_MAX], at[DVM_DIMS_MAX], way[DVM_DIMS_MAX];
    int tile[DVM_DIMS_MAX], inner[DVM_DIMS_MAX];

    /* dimensions from the slowest to the fastest */
    for (int d = 0, i = 0; d < n; d++)
        if (d != p->along)
            order[i++] = d;
    order[n - 1] = p->along;
    for (int i = 0; i < n; i++) {
        tiles[i] = (p->g->dims[order[i]] + p->tile[order[i]] - 1) / p->tile[order[i]];
        at[i] = 0;
        way[i] = inner[i] = 1;
    }
    do {
        for (int i = 0; i < n; i++)
            tile[order[i]] = at[i];
        done += fill_tile(p, tile, inner, ranks + done);
    } while (snake(n, tiles, at, way));
}

static void try_path(struct trial *t)
{
    const struct grid *g = t->path.g;
    long crossings;

    walk(&t->path, t->ranks);
    for (int i = 0; i < g->size; i++)
        t->mine[t->ranks[i]] = t->order[i];
    crossings = reorder_grid_crossings(g, t->hosts, t->mine);
    t->left--;
    if (crossings >= t->fewest)
        return;
    t->fewest = crossings;
    memcpy(t->place, t->mine, (size_t)g->size * sizeof *t->place);
}

/* Try all tiles whose extents from dimension d on are free; cells: of those before. */
static void try_tiles(struct trial *t, int d, long cells)
{
    struct path *p = &t->path;

    if (t->left == 0 || cells > t->largest)
        return;
    if (d == p->g->ndims) {
        if (p->tile[p->along] == 1 || (cells == t->largest && p->along == d - 1))
            try_path(t);
        return;
    }
    for (int i = 0; i < t->width_count; i++) {
        if (t->widths[i] > p->g->dims[d])
            continue;
        p->tile[d] = t->widths[i];
        try_tiles(t, d + 1, cells * t->widths[i]);
    }
}

static void add_width(struct trial *t, int width)
{
    for (int i = 0; i < t->width_count; i++)
        if (t->widths[i] == width)
            return;
    if (width >= 1 && t->width_count < WIDTHS_MAX)
        t->widths[t->width_count++] = width;
}

/* Whether base to that power is at most so much. */
static bool power_fits(int base, int power, int most)
{
    int64_t product = 1;

    for (int i = 0; i < power && product <= most; i++)
        product *= base;
    return product <= most;
}

/* The largest number whose power is at most that of value; no libm for this alone, which
 * every task would load. */
static int root_of(int value, int power)
{
    int root = 1;

    while (root < value && power_fits(root + 1, power, value))
        root++;
    return root;
}

/* The root of a host's tasks, what is near it, and the divisors. */
static void find_widths(struct trial *t)
{
    int root = root_of(t->largest, t->path.g->ndims);

    for (int w = root; w <= root + 1; w++)
        add_width(t, w);
    for (int w = 1; w <= t->largest; w++)
        if (t->largest % w == 0)
            add_width(t, w);
}

/* The ranks host by host, each host where its first rank is; how many the largest has. */
static void order_by_host(struct trial *t, int size)
{
    int done = 0;

    for (int i = 0; i < size; i++)
        t->mine[i] = 0; /* not in order yet */
    for (int i = 0; i < size; i++) {
        int before = done;

        for (int j = i; !t->mine[i] && j < size; j++)
            if (t->hosts[j] == t->hosts[i] && !t->mine[j])
                t->order[done++] = j;
        for (int j = before; j < done; j++)
            t->mine[t->order[j]] = 1;
        if (done - before > t->largest)
            t->largest = done - before;
    }
}

int reorder_grid(const struct grid *g, const int *hosts, int *place)
{
    struct trial t = {.path = {.g = g}, .hosts = hosts, .place = place, .left = TRIES_MAX};
    size_t bytes = (size_t)g->size * sizeof(int);
    bool room;

    t.order = malloc(bytes);
    t.ranks = malloc(bytes);
    t.mine = malloc(bytes);
    for (int i = 0; i < g->size; i++)
        place[i] = i;
    room = t.order && t.ranks && t.mine;
    if (room) {
        t.fewest = reorder_grid_crossings(g, hosts, place);
        order_by_host(&t, g->size);
        if (t.fewest > 0)
            find_widths(&t);
        for (int along = g->ndims - 1; t.fewest > 0 && along >= 0; along--) {
            t.path.along = along;
            try_tiles(&t, 0, 1);
        }
    }
    free(t.order);
    free(t.ranks);
    free(t.mine);
    if (!room)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to lay a grid of %d tasks over "
                                           "hosts", g->size);
    return DVM_OK;
}
