/* hosts.h: how the tasks of a group lie on hosts; the same at all members.
 *
 * Hosts count from 0, in the order of their first ranks. Reductions combine along a binomial
 * tree over the ranks (coll/algorithms.h). A node is a block of that tree that one host can
 * combine alone: the largest whose ranks are all there.
 */
#ifndef DVM_GROUP_HOSTS_H
#define DVM_GROUP_HOSTS_H

#include <stdbool.h>

struct hosts_node {
    int rank, count; /* its first rank, and how many */
    int host;
};

struct hosts {
    int count;        /* hosts */
    int *of;          /* by rank: its host */
    int *ranks;       /* host by host, each in order */
    int *begin;       /* by host: where its ranks begin there; begin[count]: their number */
    int mine, place;  /* this task's host, and its place among the ranks there */
    int most;         /* ranks on one host, at most, */
    int least;        /* and at least */
    bool blocks;      /* the ranks of each host follow each other */
    bool whole;       /* each host is one node, and all but the last are of one size: a binomial
                       * tree over hosts goes on where their own end */
    struct hosts_node *nodes; /* host by host, each in order */
    int *node_begin;  /* by host, as begin */
    int nodes_most;   /* on one host */
};

/* Of size tasks with these tids by rank, seen by the one with this rank. NULL: no memory. */
struct hosts *hosts_make(const int *tids, int size, int rank);
void hosts_free(struct hosts *h);

/* The ranks of this task's host, and how many. */
static inline const int *hosts_here(const struct hosts *h, int *count)
{
    *count = h->begin[h->mine + 1] - h->begin[h->mine];
    return h->ranks + h->begin[h->mine];
}

#endif
