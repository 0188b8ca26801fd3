/* reorder_graph.c: a graph laid over hosts, greedily.
 *
 * Host after host is filled: the first vertex is the free one with the heaviest edges into what
 * is placed already, then always the free vertex whose edges into this host weigh most. Among
 * equals it is the one that came to the host's border first, which makes round hosts; or, in
 * a second try, the one whose edges to free vertices weigh least, which leaves no straggler
 * alone. Only what borders on the host is looked at, unless there is nothing. The better try
 * is taken when it is better than the old order. Hosts are filled in the order of their first
 * ranks, and their tasks in order of ranks.
 *
 * Cost: twice about size * (neighbours on the border of a host). Sources: T. Hoefler, M. Snir,
 * "Generic topology mapping strategies for large-scale parallel architectures", ICS 2011, for
 * the greedy choice; G. Karypis, V. Kumar, "A fast and high quality multilevel scheme for
 * partitioning irregular graphs", SIAM J. Sci. Comput. 20 (1998), for growing parts.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "topo/reorder.h"

#define NOBODY (-1)

struct vertex {
    long into;    /* weight of its edges into the host that is filled, */
    long placed;  /* into all that is placed, */
    long all;     /* and of all its edges */
    bool done;    /* it is placed, */
    bool border;  /* or it is on the list of the border */
};

struct growth {
    const struct adjacency *a;
    struct vertex *vertices; /* (owned) */
    int *border;             /* vertices with edges into the host (owned) */
    int borders;
    int *taken;              /* by vertex: the old rank that takes it (owned) */
    bool thrifty;            /* the second try */
};

long reorder_graph_crossings(const struct adjacency *a, const int *hosts, const int *place)
{
    long weight = 0;

    for (int v = 0; v < a->size; v++)
        for (size_t i = a->first[v]; i < a->first[v + 1]; i++)
            if (hosts[place[v]] != hosts[place[a->to[i]]])
                weight += a->weights[i];
    return weight;
}

/* Whether the free vertex v goes to the host before w does. */
static bool better(const struct growth *g, const struct vertex *v, const struct vertex *w)
{
    if (v->into != w->into || !g->thrifty)
        return v->into > w->into;
    return v->all - v->placed < w->all - w->placed;
}

static int best_of_border(const struct growth *g)
{
    int best = NOBODY;

    for (int i = 0; i < g->borders; i++) {
        int v = g->border[i];

        if (g->vertices[v].done)
            continue;
        if (best == NOBODY || better(g, &g->vertices[v], &g->vertices[best]))
            best = v;
    }
    return best;
}

/* A vertex to begin with: near to what is placed, and with little else. */
static int seed(const struct growth *g)
{
    int best = NOBODY;

    for (int v = 0; v < g->a->size; v++) {
        const struct vertex *x = &g->vertices[v];
        const struct vertex *y = best == NOBODY ? NULL : &g->vertices[best];

        if (!x->done && (!y || x->placed > y->placed ||
                         (x->placed == y->placed && x->all < y->all)))
            best = v;
    }
    assert(best != NOBODY);
    return best;
}

/* Vertex v goes to the task with this old rank. */
static void take(struct growth *g, int v, int rank)
{
    g->vertices[v].done = true;
    g->taken[v] = rank;
    for (size_t i = g->a->first[v]; i < g->a->first[v + 1]; i++) {
        struct vertex *w = &g->vertices[g->a->to[i]];

        w->into += g->a->weights[i];
        w->placed += g->a->weights[i];
        if (!w->done && !w->border) {
            w->border = true;
            g->border[g->borders++] = g->a->to[i];
        }
    }
}

/* The host is full: the next begins without a border. */
static void leave_host(struct growth *g)
{
    for (int i = 0; i < g->borders; i++)
        g->vertices[g->border[i]].border = false;
    for (int i = 0; i < g->borders; i++)
        g->vertices[g->border[i]].into = 0;
    g->borders = 0;
}

static void grow(struct growth *g, const int *hosts)
{
    int size = g->a->size;
    bool *used = (bool *)(g->border + size);

    memset(g->vertices, 0, (size_t)size * sizeof *g->vertices);
    memset(used, 0, (size_t)size * sizeof *used);
    for (int v = 0; v < size; v++)
        for (size_t i = g->a->first[v]; i < g->a->first[v + 1]; i++)
            g->vertices[v].all += g->a->weights[i];
    for (int i = 0; i < size; i++) {
        if (used[i])
            continue;
        for (int rank = i; rank < size; rank++) {
            int v;

            if (hosts[rank] != hosts[i])
                continue;
            used[rank] = true;
            v = best_of_border(g);
            take(g, v == NOBODY ? seed(g) : v, rank);
        }
        leave_host(g);
    }
}

int reorder_graph(const struct adjacency *a, const int *hosts, int *place)
{
    size_t size = (size_t)a->size;
    struct growth g = {.a = a, .vertices = malloc(size * sizeof *g.vertices)};
    bool room;

    g.border = malloc(size * (sizeof *g.border + sizeof(bool)));
    g.taken = malloc(size * sizeof *g.taken);
    room = g.vertices && g.border && g.taken;
    for (int v = 0; v < a->size; v++)
        place[v] = v;
    for (int try = 0; room && try < 2; try++) {
        g.thrifty = try == 1;
        grow(&g, hosts);
        if (reorder_graph_crossings(a, hosts, g.taken) < reorder_graph_crossings(a, hosts, place))
            memcpy(place, g.taken, size * sizeof *place);
    }
    free(g.vertices);
    free(g.border);
    free(g.taken);
    if (!room)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to lay a graph of %zu tasks over "
                                           "hosts", size);
    return DVM_OK;
}
