/* coll.h: what the collectives of a group share: their number, what they are called, and
 * what happens when one fails.
 *
 * A collective is a schedule (schedule.h) that an algorithm, one a file, fills in; the
 * public calls (calls_*.c) check arguments, choose the algorithm (choose.h) and run it.
 */
#ifndef DVM_COLL_COLL_H
#define DVM_COLL_COLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dvm.h"
#include "group/group.h"
#include "proto/board.h"

struct dvm_request;

/* Which public function a message belongs to, part of its tag: X(NAME, function),
 * without "dvm_" before it. */
#define COLL_KINDS(X)                                                                      \
    X(BARRIER, "barrier")                                                                  \
    X(BCAST, "bcast")                                                                      \
    X(REDUCE, "reduce")                                                                    \
    X(ALLREDUCE, "allreduce")                                                              \
    X(GROUP_DUP, "group_dup")                                                              \
    X(GROUP_SPLIT, "group_split")                                                          \
    X(GATHER, "gather")                                                                    \
    X(GATHERV, "gatherv")                                                                  \
    X(SCATTER, "scatter")                                                                  \
    X(SCATTERV, "scatterv")                                                                \
    X(ALLGATHER, "allgather")                                                              \
    X(ALLGATHERV, "allgatherv")                                                            \
    X(ALLTOALL, "alltoall")                                                                \
    X(ALLTOALLV, "alltoallv")                                                              \
    X(REDUCE_SCATTER, "reduce_scatter")                                                    \
    X(REDUCE_SCATTER_BLOCK, "reduce_scatter_block")                                        \
    X(SCAN, "scan")                                                                        \
    X(EXSCAN, "exscan")                                                                    \
    X(GROUP_CART, "group_cart")                                                            \
    X(CART_SUB, "cart_sub")                                                                \
    X(GROUP_GRAPH, "group_graph")                                                          \
    X(NEIGHBOUR_ALLGATHER, "neighbour_allgather")                                          \
    X(NEIGHBOUR_ALLGATHERV, "neighbour_allgatherv")                                        \
    X(NEIGHBOUR_ALLTOALL, "neighbour_alltoall")                                            \
    X(NEIGHBOUR_ALLTOALLV, "neighbour_alltoallv")                                          \
    X(NEIGHBOUR_ALLTOALLW, "neighbour_alltoallw")                                          \
    X(GROUP_JOINT, "group_joint")                                                          \
    X(ALLTOALLW, "alltoallw")

enum coll_kind {
#define COLL_CONSTANT(name, call) COLL_##name,
    COLL_KINDS(COLL_CONSTANT)
#undef COLL_CONSTANT
    COLL_KIND_COUNT
};

/* What a task has called as a collective of a group. */
struct coll_record {
    uint32_t sequence; /* number of the call */
    uint32_t kind;     /* enum coll_kind */
    uint32_t signature;
    uint64_t bytes;    /* that all members must give alike; COLL_BYTES_UNKNOWN */
    uint32_t type;     /* of the elements, and 1; in those of others the id of a message of them
                        * (type.h), and 1. 0: not known */
    uintptr_t site;    /* return address of the call; 0 in those of others */
};
#define COLL_BYTES_UNKNOWN UINT64_MAX
#define COLL_STARTS (1u << 31) /* in a signature: of the form that does not wait */
#define COLL_RECENT 8 /* calls of its own that a task remembers */

#define COLL_ALARM_BYTES (sizeof(int32_t) + DVM_SENTENCE_MAX)

struct commons;
struct hosts;
struct schedule;
struct said;

/* Of a group, from its first collective on. */
struct coll {
    struct group *group;
    uint64_t context;          /* of the collectives */
    uint32_t sequence;         /* number of the last call */
    unsigned history;          /* of what all members must have given alike so far (tag.h) */
    bool crowded;              /* on some host the members are more than the cores */
    bool forcing;              /* DVM_COLL is set */
    struct schedule *spare;    /* for the next call; NULL: make one */
    struct hosts *hosts;       /* how the members lie on hosts (owned) */
    struct commons *commons;   /* memory of all members on this host (shared.c); NULL: none */
    uint32_t shared_try;       /* number of the call before which it is tried for; 0: not known */
    bool wide;                 /* it has memory for long contributions, */
    bool wide_wanted;          /* or there was a call that could use that; */
    uint32_t wide_try;         /* as shared_try */
    struct coll_record recent[COLL_RECENT]; /* by number; for records.c */
    struct said *said;         /* what others have told of theirs, by rank (owned); NULL: nothing */
    bool asked;                /* some wait for an answer */
    bool mixed;                /* one has told of another call than this task's, */
    uint32_t mixed_at;         /* with this number */
    struct dvm_request *alarm; /* completes when a member failed or died */
    uint8_t alarm_bytes[COLL_ALARM_BYTES];
    int failed;                /* why the collectives have ended, DVM_OK: they have not */
    char text[DVM_SENTENCE_MAX];
};

/* The forms of a public function: dvm_bcast, dvm_ibcast, dvm_bcast_init. */
enum coll_form { COLL_WAITING, COLL_STARTING, COLL_KEEPING, COLL_FORM_COUNT };

/* The public function of a kind, in the form that waits; "another call" for a number that is
 * none. */
const char *coll_call(unsigned kind);

/* The same in another form; kind is one. */
const char *coll_form_call(enum coll_kind kind, enum coll_form form);

/* What must agree where one task gave another less or more than that one takes. */
const char *coll_amounts(enum coll_kind kind);

/* The group of a public call; NULL with *rc GROUP when it has no collectives. */
struct group *coll_group(dvm_group group, const char *call, int *rc);

/* The state of a group of at least two tasks, made at the first collective, which all
 * members call. kind, form, site: of the call, for sentences and the board. Errors: NO_MEMORY,
 * and why the collectives of the group have ended. */
int coll_state(struct group *g, enum coll_kind kind, enum coll_form form, uintptr_t site,
               struct coll **coll);

/* Whether another member has failed or died: a wait must end, with coll_alarmed. */
bool coll_rung(const struct coll *c);

/* Understand the alarm and end the collectives. Returns the error. */
int coll_alarmed(struct coll *c);

/* A collective failed here with rc and a sentence: end them all, and tell the other
 * members. Returns the error, which is another one where the alarm knows better. */
int coll_failed(struct coll *c, int rc);

#endif
