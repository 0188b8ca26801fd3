/* plain.h: short broadcasts, reductions, barriers and exchanges of blocks between tasks of one
 * host, called again as they were before.
 *
 * What a call was checked for, and what follows from its arguments, is kept of the last one of
 * each kind that went through memory in common (shared.h). A call with the same group, root,
 * count, type and operator, of which all is there that it needs, is then over at once. Whatever
 * else there is, the general way goes on with.
 */
#ifndef DVM_COLL_PLAIN_H
#define DVM_COLL_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coll/calls.h"

/* The whole of a call from a place in the program (site). false: nothing was done. */
bool plain_bcast(dvm_group group, int root, void *buffer, size_t count, dvm_type type,
                 uintptr_t site);
bool plain_reduce(dvm_group group, int root, const void *in, void *out, size_t count,
                  dvm_type type, dvm_op op, uintptr_t site);

/* The same of calls in which all need all, of two tasks, and of barriers of as many as have cores.
 * false: only this task's part may have been put, as the general way finds out. */
bool plain_allreduce(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                     dvm_op op, uintptr_t site);
bool plain_barrier(dvm_group group, uintptr_t site);

/* The same of blocks, of as many tasks as have cores. Where the general way must go on it writes
 * all of out, of which some may be written already. */
bool plain_allgather(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                     uintptr_t site);
bool plain_alltoall(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                    uintptr_t site);

/* Note a waiting call that went through memory in common, if such ones always do; op is that of a
 * reduction. */
void plain_learn(const struct call *c, int root, size_t count, dvm_type type, dvm_op op);
void plain_learn_barrier(const struct call *c);
void plain_learn_blocks(const struct call *c, size_t count, dvm_type type);

/* Forget what was noted of a group: it is freed. */
void plain_forget(const struct coll *c);

#endif
