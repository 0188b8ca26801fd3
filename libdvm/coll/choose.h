/* choose.h: which algorithm a collective uses. */
#ifndef DVM_COLL_CHOOSE_H
#define DVM_COLL_CHOOSE_H

#include <stddef.h>

#include "coll/coll.h"

enum algorithm {
    ALGORITHM_SHARED,
    ALGORITHM_HOSTS,
    ALGORITHM_PIECES,
    ALGORITHM_PAIRS,
    ALGORITHM_STAR,
    ALGORITHM_DISSEMINATION,
    ALGORITHM_BINOMIAL,
    ALGORITHM_SCATTER_RING,
    ALGORITHM_DOUBLING,
    ALGORITHM_SCATTER_GATHER,
    ALGORITHM_BRUCK,
    ALGORITHM_RING,
    ALGORITHM_SPREAD,
    ALGORITHM_PAIRWISE,
    ALGORITHM_LINEAR,
    ALGORITHM_COUNT
};

/* What is known of two names. */
enum choose_name { CHOOSE_NAMED, CHOOSE_NO_CALL, CHOOSE_NO_ALGORITHM };

/* Find a call (without "dvm_") and one of its algorithms by their names, of so many bytes. */
enum choose_name choose_named(const char *call, size_t call_length, const char *name,
                              size_t length, enum coll_kind *kind, enum algorithm *algorithm);

/* The algorithm for a call whose message, or whose block for a rank, has so many bytes. All
 * members get the same answer. DVM_COLL, a list such as "allreduce=star,bcast=binomial",
 * forces one where the call has it; all members must have the same. Otherwise the file of
 * DVM_COLL_TABLE says (tuned.h), then the table in choose.c. waits: the call does, so it may be
 * ALGORITHM_SHARED, which is passed over where it cannot be, as is ALGORITHM_HOSTS. */
enum algorithm choose(const struct coll *c, enum coll_kind kind, size_t bytes, bool waits);

#endif
