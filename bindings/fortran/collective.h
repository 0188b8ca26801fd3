/* collective.h: collectives of all kinds: what each is given, by a table.
 *
 * A collective has an input and an output. Of each side a task has one part, a part for each
 * task, or parts of which counts and offsets tell the size and the place.
 */
#ifndef DVM_FORTRAN_COLLECTIVE_H
#define DVM_FORTRAN_COLLECTIVE_H

#include "request.h"

/* What a side of a collective is at one task. */
enum parts {
    PARTS_NONE, /* there is no such side */
    PARTS_ONE,
    PARTS_EACH, /* one for each task, or neighbour, of the same size */
    PARTS_LIST, /* one for each, by counts and offsets */
    PARTS_SUM,  /* one for each, by counts, one behind the other */
    PARTS_MINE  /* this task's, by counts */
};

struct list {
    size_t *counts, *offsets; /* units; owned */
    size_t end;               /* units up to the end of the last part */
};

/* One side, ready for the library. */
struct collective_side {
    struct buffer buffer;
    struct list list;
    enum parts parts;
    size_t tasks;  /* how many have a part of it */
    bool unused;   /* not at this task */
    bool in_place;
};

struct collective {
    const struct collective_kind *kind;
    /* what the program has given; NULL: nothing */
    const CFI_cdesc_t *in, *out;
    const CFI_cdesc_t *in_counts, *in_offsets, *out_counts, *out_offsets;
    const void *root;
    const dvm_op *op;
    const int64_t *count;
    const dvm_type *type;
    const dvm_group *group;
    struct request *request; /* NULL: the call returns when it is over */
    bool describes;          /* request is to be started often, by dvm_start */
    /* what the library is given */
    struct collective_side from, to;
    dvm_group in_group;
    int root_rank, me;
    size_t units; /* of one part */
    dvm_type element;
};

/* One of the library's collectives. */
struct collective_kind {
    const char *in_name, *out_name; /* for sentences */
    enum parts in, out;
    enum { ROOT_NONE, ROOT_HAS_IN, ROOT_HAS_OUT, ROOT_HAS_ALL } root; /* which only it has */
    bool neighbours;
    /* call it, or start it */
    int (*call)(struct collective *c, struct dvm_request **handle);
};

/* Do it. Returns DVM_OK or the error. */
int collective_do(struct collective *c);

/* All kinds, in collective_kinds.c */
extern const struct collective_kind collective_bcast, collective_reduce, collective_allreduce,
    collective_reduce_scatter_block, collective_reduce_scatter, collective_scan,
    collective_exscan, collective_gather, collective_gatherv, collective_scatter,
    collective_scatterv, collective_allgather, collective_allgatherv, collective_alltoall,
    collective_alltoallv, collective_neighbour_allgather, collective_neighbour_allgatherv,
    collective_neighbour_alltoall, collective_neighbour_alltoallv;

#endif
