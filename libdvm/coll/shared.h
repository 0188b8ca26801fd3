/* shared.h: collectives of a group whose members are all on one host, through memory that
 * they have in common (match/commons.h). They have no steps: they are run at once. And steps
 * for those members of a larger group that are on one host.
 */
#ifndef DVM_COLL_SHARED_H
#define DVM_COLL_SHARED_H

#include "coll/algorithms.h"
#include "match/commons.h"

/* Make the memory of the members on this task's host, once the group has shown that it uses
 * collectives; all members of all hosts come here before the same call. kind, site: of that
 * call. Without memory for it, or where it is not to be had, messages go on. Errors: as
 * schedule_run. */
int shared_prepare(struct coll *c, enum coll_kind kind, uintptr_t site);

/* Whether that would do something before the group's next call. */
bool shared_due(const struct coll *c);

/* Each of these ends the schedule and returns as schedule_run does. What a task gives has at
 * most DVM_COMMONS_BLOCK bytes. */
int barrier_shared(struct schedule *s);
int bcast_shared(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
int reduce_shared(struct schedule *s, int root, const struct reduction *r);
int allreduce_shared(struct schedule *s, const struct reduction *r);
int scan_shared(struct schedule *s, const struct reduction *r, bool inclusive);
int allgather_shared(struct schedule *s, const struct blocks *all);
int gather_shared(struct schedule *s, int root, const void *own, const struct blocks *all);

/* Of a row of blocks, one from a task for each of the others, the place of the one for to. */
static inline int shared_place(int from, int to)
{
    return to > from ? to - 1 : to;
}

/* What a task gives all others has together at most DVM_COMMONS_BLOCK bytes. */
int scatter_shared(struct schedule *s, int root, void *own, const struct blocks *all);
int alltoall_shared(struct schedule *s, const struct blocks *in, const struct blocks *out);

/* The same for contributions of any length, through memory for long ones (pieces.c); reductions
 * with built-in operators. */
int bcast_pieces(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);
int reduce_pieces(struct schedule *s, int root, const struct reduction *r);
int allreduce_pieces(struct schedule *s, const struct reduction *r);
int allgather_pieces(struct schedule *s, const struct blocks *all);

/* The same; each task's own block goes to its place, too. */
int alltoall_pieces(struct schedule *s, const struct blocks *in, const struct blocks *out);

/* Whether the steps below can be used in a call over several hosts, for so many bytes of each. */
bool shared_may(const struct schedule *s, size_t bytes);

/* Steps (schedule_do) of all members on this host: what each gives (from) into to, a list of
 * places by member of the one with the step's rank; what that one gives to all others. */
int shared_gather(struct schedule *s, const struct step *step);
int shared_give(struct schedule *s, const struct step *step);

/* Reductions as in pieces.c, but by pairs in the order in which tasks come (pairs.c). */
int reduce_pairs(struct schedule *s, int root, const struct reduction *r);
int allreduce_pairs(struct schedule *s, const struct reduction *r);

/* The same for a group of two, each of which combines a half (halves.c). */
int allreduce_halves(struct schedule *s, const struct reduction *r);

/* A broadcast between two tasks with a core each, of at least so many bytes, through that memory or
 * by a message (either.c). */
#define BCAST_EITHER_MIN ((size_t)256 << 10)
int bcast_either(struct schedule *s, int root, void *buffer, size_t count, dvm_type type);

/* ---- for pieces.c, pairs.c, halves.c and either.c --------------------------------------- */

/* Begin the first of a call's operations: all members give so many bytes of a type (0: none). */
void shared_begin(struct commons_op *op, struct schedule *s, size_t bytes, uint32_t type);

/* The same where each puts so many bytes (put) in all: of several blocks, or none. */
void shared_begin_put(struct commons_op *op, struct schedule *s, size_t bytes, uint32_t type,
                      size_t put);

/* End the last of them, and the schedule; rc: of COMMONS_OK and its like. */
int shared_end(struct commons_op *op, struct schedule *s, int rc);

/* Copy bytes from place at on of the packed form of what lies at base, or to there. */
void pieces_in(void *to, const void *base, dvm_type type, size_t at, size_t bytes);
void pieces_out(void *base, dvm_type type, size_t at, const void *from, size_t bytes);

/* The same of a call through the wide memory, and to go from one of its operations to the next. */
void pieces_begin(struct commons_op *op, struct schedule *s, size_t bytes, dvm_type type);
void pieces_go_on(struct commons_op *op);

/* Say that what this task writes is there, and wait until all have said so. */
int pieces_meet(struct commons_op *op, int size);

/* Broadcast so many bytes in pieces: the operation that has begun, and those that follow. */
int pieces_bcast(struct commons_op *op, struct schedule *s, int root, void *buffer, size_t bytes,
                 dvm_type type);

/* Bytes, whole lines, that each of some has room for in so many parts of that memory, if at most
 * so many are used. */
size_t pieces_room(const struct schedule *s, unsigned parts, size_t most, int some);

/* The size of a piece, whole lines, if so many bytes are to go in as few as there is room for, all
 * of about the same size. */
size_t pieces_even(size_t bytes, size_t room);

#endif
