/* algorithms.h: the algorithms of collectives, each in a file of its own that names its
 * cost, its use and its source. Each appends its steps to a schedule.
 *
 * All reductions combine in one order: neighbouring blocks of ranks, left to right, as a
 * binomial tree over the ranks does. So the result has the same bits whichever algorithm
 * made it, for any placement of tasks over hosts and any order of arrival, and operators
 * need not be commutative.
 *
 * counts and offsets (by rank) are elements; they, like buffers, must stay until the
 * schedule is filled in.
 */
#ifndef DVM_COLL_ALGORITHMS_H
#define DVM_COLL_ALGORITHMS_H

#include "coll/schedule.h"

/* The arguments of a reduction; in and out are different places. */
struct reduction {
    const void *in;
    void *out;
    size_t count;
    dvm_type type;
    dvm_op op;
};

/* Blocks of ranks in a buffer. */
struct blocks {
    void *base;
    const size_t *counts, *offsets; /* NULL: count elements each, one behind the other */
    size_t count;
    dvm_type type;
};

/* Where the block of a rank begins, and its elements. */
void *blocks_at(const struct blocks *b, int rank);
size_t blocks_count(const struct blocks *b, int rank);

/* Elements of the longest of the blocks of so many ranks, and of all of them. */
size_t blocks_most(const struct blocks *b, int ranks);
size_t blocks_all(const struct blocks *b, int ranks);

/* Append the combination of the blocks of size ranks, in place, into the first:
 * parts[r] for rank r, of count elements (tree.c); NULL: it is combined into one before it. */
void tree_combine(struct schedule *s, void *const *parts, int size, size_t count, dvm_type type,
                  dvm_op op);

/* Return when all tasks have come. */
void barrier_dissemination(struct schedule *s);
void barrier_star(struct schedule *s);
void barrier_hosts(struct schedule *s);

/* Copy root's buffer to all others'. */
void bcast_binomial(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
void bcast_star(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
void bcast_hosts(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
void bcast_scatter_ring(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);

/* Combine into root's out, which only the root needs to have. */
void reduce_binomial(struct schedule *s, int root, const struct reduction *r);
void reduce_star(struct schedule *s, int root, const struct reduction *r);
void reduce_hosts(struct schedule *s, int root, const struct reduction *r);

/* Combine into everybody's out. */
void allreduce_doubling(struct schedule *s, const struct reduction *r);
void allreduce_star(struct schedule *s, const struct reduction *r);
void allreduce_hosts(struct schedule *s, const struct reduction *r);
void allreduce_scatter_gather(struct schedule *s, const struct reduction *r);

/* Combine; the task with rank r gets block r. in has all blocks, out one. */
void reduce_scatter_spread(struct schedule *s, const struct blocks *in, void *out, dvm_op op);
void reduce_scatter_hosts(struct schedule *s, const struct blocks *in, void *out, dvm_op op);

/* Combine what the ranks up to this one gave (inclusive), or those before it. Nothing is
 * written to rank 0's out in the second case. */
void scan_doubling(struct schedule *s, const struct reduction *r, bool inclusive);
void scan_hosts(struct schedule *s, const struct reduction *r, bool inclusive);

/* Root's blocks to the tasks, theirs to root. own: this task's block, of count elements; what
 * the root has of its own is copied. */
void gather_linear(struct schedule *s, int root, const void *own, size_t count,
                   const struct blocks *all);
void scatter_linear(struct schedule *s, int root, void *own, size_t count,
                    const struct blocks *all);

/* The same for blocks of one size. */
void gather_hosts(struct schedule *s, int root, const void *own, size_t count,
                  const struct blocks *all);
void scatter_hosts(struct schedule *s, int root, void *own, size_t count,
                   const struct blocks *all);

/* Everybody's block to everybody; this task's own is in its place. The last two: of a type
 * without gaps. A star: of blocks of one size. */
void allgather_ring(struct schedule *s, const struct blocks *all);
void allgather_star(struct schedule *s, const struct blocks *all);
void allgather_bruck(struct schedule *s, const struct blocks *all);
void allgather_hosts(struct schedule *s, const struct blocks *all);

/* Block r of this task to rank r, and its block for this task into place r. */
void alltoall_spread(struct schedule *s, const struct blocks *in, const struct blocks *out);
void alltoall_pairwise(struct schedule *s, const struct blocks *in, const struct blocks *out);

/* The same for blocks of one size and of a type without gaps, one behind the other. */
void alltoall_hosts(struct schedule *s, const struct blocks *in, const struct blocks *out);

#endif
