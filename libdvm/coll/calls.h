/* calls.h: how the public calls of collectives begin. */
#ifndef DVM_COLL_CALLS_H
#define DVM_COLL_CALLS_H

#include "coll/algorithms.h"
#include "coll/choose.h"

/* A call of a group: what does not depend on its buffers. */
struct call {
    enum coll_kind kind;
    uintptr_t site;
    uint32_t type;                /* of its elements, as of a record */
    bool starts;                  /* it does not wait, */
    bool keeps;                   /* or is only described, to be started often */
    struct dvm_request **request; /* of both: here the operation goes */
    struct group *group;
    struct schedule *schedule;    /* once begun; NULL: of a group of one, nothing is kept */
};

/* For the public functions themselves: their own kind and their caller. */
#define CALL(name) {.kind = COLL_##name, .site = ENTRY_SITE()}
#define CALL_STARTS(name, place)                                                           \
    {.kind = COLL_##name, .site = ENTRY_SITE(), .starts = true, .request = (place)}
#define CALL_KEEPS(name, place)                                                            \
    {.kind = COLL_##name, .site = ENTRY_SITE(), .keeps = true, .request = (place)}

/* The public function, in its form. */
const char *call_text(const struct call *c);

/* Find and check the group, and the root where root is not NULL. Errors: GROUP, RANK,
 * ARG (no place for the request). */
int call_find(struct call *c, dvm_group group, const int *root);

/* Begin, where the group has more than one task or something is kept; all arguments are
 * checked. signature: as of schedule_begin. Errors: as coll_state. */
int call_begin(struct call *c, unsigned signature);

/* Copy bytes within this task, in front of what follows: at once, or whenever the operation is
 * started. The places may overlap or be the same. */
void call_copy(struct call *c, void *to, const void *from, size_t bytes);

/* The same for count elements of type of, whose packed form those of to_type have, too. Places
 * of derived types may be the same, but not overlap. */
void call_copy_elements(struct call *c, void *to, dvm_type to_type, const void *from,
                        dvm_type of, size_t count);

/* Run what was begun, or start or keep it; without a schedule nothing is left to do. Errors: as
 * schedule_run. */
int call_run(struct call *c);

/* The algorithm for so many bytes; ALGORITHM_COUNT in a group of one. */
enum algorithm call_choose(const struct call *c, size_t bytes);

/* The whole of a barrier, begun with its kind and site. Errors: as dvm_barrier. */
int call_barrier(struct call *c, dvm_group group);

/* Check a buffer of count elements for each of blocks ranks, and remember their type. Errors: TYPE,
 * ARG. */
int call_buffer(struct call *c, const void *buffer, size_t count, size_t blocks,
                dvm_type type);

/* The same for blocks with counts and offsets of their own. */
int call_blocks(struct call *c, const struct blocks *b);

/* Refuse in_count elements at in and out_count at out that overlap; of derived types, whose
 * elements may lie between each other, only what lies in one piece. Error: ARG. */
int call_apart(const struct call *c, const void *in, size_t in_count, dvm_type in_type,
               const void *out, size_t out_count, dvm_type out_type);

/* Refuse this task's own count elements that overlap the blocks of all ranks: they may only be
 * just where the block at place is. Error: ARG. */
int call_apart_own(const struct call *c, const void *own, size_t count, const struct blocks *all,
                   int place);

#endif
