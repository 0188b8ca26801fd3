/* graph_agree.c: the members of dvm_group_graph become a group.
 *
 * All edges come to rank 0, which checks them (graph_build.c), finds an order if it may, and
 * tells all what came of it; then each task gets the neighbours of the vertex that it becomes.
 * Who has something against it takes part all the same, so that all are told and
 * nobody waits. Cost: gathers and scatters of all edges at rank 0, 16 bytes each; groups are
 * made once.
 */
#include <stdlib.h>
#include <string.h>

#include "coll/group_make.h"
#include "group/context.h"
#include "proto/frame.h"
#include "topo/graph.h"
#include "topo/topology.h"

/* What rank 0 tells everybody; the places of all ranks follow. */
enum { WORD_CONTEXT, WORD_ERROR, WORD_FROM, WORD_TO, WORD_GIVEN, WORD_WANTED, WORD_PLACES };

/* Begin a step; without memory for it, end the call for all members. have: there is. */
static int begin(struct graph_making *m, bool have)
{
    int rc = call_begin(m->c, 0);

    if (rc == DVM_OK && !have) {
        rc = graph_no_memory();
        if (m->c->schedule)
            m->c->schedule->rc = rc, rc = schedule_run(m->c->schedule);
    }
    return rc;
}

static int run(struct graph_making *m)
{
    return m->c->schedule ? schedule_run(m->c->schedule) : DVM_OK;
}

/* offsets from counts; returns the sum. */
static size_t add_up(struct graph_making *m)
{
    size_t total = 0;

    for (int r = 0; r < m->size; r++) {
        m->offsets[r] = total;
        total += m->counts[r];
    }
    return total;
}

/* All edges come to rank 0. */
static int gather(struct graph_making *m)
{
    size_t words = m->own_count * EDGE_WORDS;
    bool first = m->c->group->rank == 0;
    int rc;

    m->counts = calloc(2 * (size_t)m->size, sizeof *m->counts);
    m->offsets = m->counts ? m->counts + m->size : NULL;
    rc = begin(m, m->counts);
    if (rc != DVM_OK)
        return rc;
    m->counts[0] = words; /* what a group of one has */
    if (m->c->schedule)
        gather_linear(m->c->schedule, 0, &words, 1,
                      &(struct blocks){.base = m->counts, .count = 1, .type = DVM_SIZE});
    rc = run(m);
    if (rc != DVM_OK)
        return rc;
    if (first)
        m->all = malloc(add_up(m) * sizeof(int) + 1);
    rc = begin(m, m->all || !first);
    if (rc != DVM_OK)
        return rc;
    if (m->c->schedule)
        gather_linear(m->c->schedule, 0, m->own, words,
                      &(struct blocks){.base = m->all, .counts = m->counts,
                                       .offsets = m->offsets, .type = DVM_INT});
    else
        memcpy(m->all, m->own, words * sizeof(int));
    return run(m);
}

/* The order of the new group, into places. */
static int order(struct graph_making *m, int64_t *places)
{
    const struct group *g = m->c->group;
    int *hosts = malloc(2 * (size_t)m->size * sizeof *hosts), *place, rc = DVM_OK;

    if (!hosts)
        return graph_no_memory();
    place = hosts + m->size;
    for (int r = 0; r < m->size; r++) {
        hosts[r] = g->receive_tids[r] >> DVM_TID_N_BITS;
        place[r] = r;
    }
    if (m->reorder)
        rc = graph_reorder(&m->sources, &m->destinations, m->size, hosts, place);
    for (int r = 0; r < m->size; r++)
        places[r] = place[r];
    free(hosts);
    return rc;
}

/* Rank 0: build the graph and decide. What is wrong becomes part of the verdict. */
static void judge(struct graph_making *m)
{
    size_t words = m->offsets[m->size - 1] + m->counts[m->size - 1];
    struct lopsided wrong = {0};
    int64_t *v = m->verdict;
    int rc = graph_build(m->all, words / EDGE_WORDS, m->size, &m->sources, &m->destinations,
                         &wrong);

    if (rc == DVM_OK)
        rc = order(m, v + WORD_PLACES);
    v[WORD_CONTEXT] = rc == DVM_OK ? (int64_t)context_make() : 0;
    v[WORD_ERROR] = rc == DVM_OK && !v[WORD_CONTEXT] ? DVM_ERR_LIMIT : rc;
    v[WORD_FROM] = wrong.from;
    v[WORD_TO] = wrong.to;
    v[WORD_GIVEN] = wrong.given;
    v[WORD_WANTED] = wrong.wanted;
}

/* The sentence that all members give when it went wrong. */
static int sentence(const char *call, const int64_t *v)
{
    int from = (int)v[WORD_FROM], to = (int)v[WORD_TO];

    if (v[WORD_ERROR] == DVM_ERR_ARG && to == DVM_NULL)
        return dvm_fail(DVM_ERR_ARG, "%s: what rank %d gave is refused, so there is no graph", call,
                        from);
    if (v[WORD_ERROR] == DVM_ERR_ARG)
        return dvm_fail(DVM_ERR_ARG,
                        "dvm_group_graph: rank %d gives rank %d %d times as a destination, but "
                        "rank %d gives rank %d %d times as a source; each edge must be given at "
                        "both its ends", from, to, (int)v[WORD_GIVEN], to, from,
                        (int)v[WORD_WANTED]);
    if (v[WORD_ERROR] == DVM_ERR_LIMIT)
        return dvm_fail(DVM_ERR_LIMIT, "%s: rank 0 has made all groups that it may", call);
    return v[WORD_ERROR] == DVM_OK ? DVM_OK : graph_no_memory();
}

/* Rank 0 decides, all hear of it. */
static int agree(struct graph_making *m)
{
    size_t words = WORD_PLACES + (size_t)m->size;
    int rc;

    m->verdict = calloc(words, sizeof *m->verdict);
    if (m->verdict && m->c->group->rank == 0)
        judge(m);
    rc = begin(m, m->verdict);
    if (rc != DVM_OK)
        return rc;
    if (m->c->schedule)
        bcast_binomial(m->c->schedule, 0, m->verdict, words, DVM_INT64);
    rc = run(m);
    return rc == DVM_OK ? sentence(m->call, m->verdict) : rc;
}

static size_t degree(const struct lists *l, int vertex)
{
    return l->first[vertex + 1] - l->first[vertex];
}

static void copy_list(const struct lists *l, int vertex, int *to)
{
    size_t count = degree(l, vertex);

    if (count == 0)
        return;
    memcpy(to, l->ranks + l->first[vertex], count * sizeof *to);
    memcpy(to + count, l->weights + l->first[vertex], count * sizeof *to);
}

/* How many neighbours each task has: degrees of all (owned by the caller) at rank 0. */
static int scatter_degrees(struct graph_making *m, int **all)
{
    bool first = m->c->group->rank == 0;
    int rc;

    *all = first ? malloc(2 * (size_t)m->size * sizeof **all) : NULL;
    rc = begin(m, *all || !first);
    for (int v = 0; first && rc == DVM_OK && v < m->size; v++) {
        int *to = *all + 2 * m->verdict[WORD_PLACES + v];

        to[0] = (int)degree(&m->sources, v);
        to[1] = (int)degree(&m->destinations, v);
    }
    if (rc != DVM_OK)
        return rc;
    if (m->c->schedule)
        scatter_linear(m->c->schedule, 0, m->degrees, 2,
                       &(struct blocks){.base = *all, .count = 2, .type = DVM_INT});
    else
        memcpy(m->degrees, *all, sizeof m->degrees);
    return run(m);
}

/* The words of all topologies, at rank 0 (owned by the caller): by old rank. */
static int *pack(struct graph_making *m, const int *degrees)
{
    int *all;

    for (int r = 0; r < m->size; r++)
        m->counts[r] = 2 * ((size_t)degrees[2 * r] + (size_t)degrees[2 * r + 1]);
    all = malloc(add_up(m) * sizeof *all + 1);
    for (int v = 0; all && v < m->size; v++) {
        int *to = all + m->offsets[m->verdict[WORD_PLACES + v]];

        copy_list(&m->sources, v, to);
        copy_list(&m->destinations, v, to + 2 * degree(&m->sources, v));
    }
    return all;
}

/* Each task gets the neighbours of the vertex that it becomes. */
static int scatter(struct graph_making *m, struct topology **t)
{
    bool first = m->c->group->rank == 0;
    int *degrees, *all = NULL, rc = scatter_degrees(m, &degrees);
    size_t own;

    *t = NULL;
    if (rc == DVM_OK && first)
        all = pack(m, degrees);
    if (rc == DVM_OK) {
        *t = topology_make("dvm_group_graph", DVM_GRAPH, 0, m->degrees[0], m->degrees[1]);
        rc = begin(m, *t && (all || !first));
    }
    own = 2 * ((size_t)m->degrees[0] + (size_t)m->degrees[1]);
    if (rc == DVM_OK && m->c->schedule)
        scatter_linear(m->c->schedule, 0, (*t)->words, own,
                       &(struct blocks){.base = all, .counts = m->counts, .offsets = m->offsets,
                                        .type = DVM_INT});
    else if (rc == DVM_OK)
        memcpy((*t)->words, all, own * sizeof *all);
    if (rc == DVM_OK)
        rc = run(m);
    free(all);
    free(degrees);
    return rc;
}

static int make(struct graph_making *m, dvm_group *result)
{
    const struct group *g = m->c->group;
    struct topology *t = NULL;
    int *tids = malloc((size_t)m->size * sizeof *tids), rc;
    dvm_group made = DVM_GROUP_NONE;

    rc = gather(m);
    if (rc == DVM_OK)
        rc = agree(m);
    if (rc == DVM_OK)
        rc = scatter(m, &t);
    if (rc == DVM_OK && !tids)
        rc = graph_no_memory();
    for (int r = 0; rc == DVM_OK && r < m->size; r++)
        tids[r] = g->receive_tids[m->verdict[WORD_PLACES + r]];
    if (rc == DVM_OK)
        rc = group_make_known((uint64_t)m->verdict[WORD_CONTEXT], tids, m->size, &made);
    if (rc == DVM_OK) {
        topology_give(made, t);
        *result = made;
    } else {
        free(t);
    }
    free(tids);
    return rc;
}

int graph_make(struct graph_making *m, int error, dvm_group *result)
{
    char kept[DVM_SENTENCE_MAX];
    int rc;

    error_save(kept);
    if (error != DVM_OK) {
        m->own[0] = (struct edge){.from = m->c->group->rank, .end = EDGE_REFUSED};
        m->own_count = 1;
    }
    rc = make(m, result);
    if (error != DVM_OK)
        rc = dvm_fail(error, "%s", kept);

    free(m->own);
    free(m->all);
    free(m->counts);
    free(m->verdict);
    lists_free(&m->sources);
    lists_free(&m->destinations);
    return rc;
}

int graph_no_memory(void)
{
    return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_group_graph: no memory is left for the edges");
}
