/* coll.h: what the collective algorithms share: messages between members that
 * cannot hang, and what happens when a collective fails.
 *
 * An algorithm is one file with one function that takes a struct coll between
 * coll_begin and coll_end. It may use the functions here only, and must stop at the
 * first error.
 */
#ifndef DVM_COLL_COLL_H
#define DVM_COLL_COLL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dvm.h"
#include "group/group.h"

struct dvm_request;

/* Which public function a message belongs to; part of its tag. */
enum coll_kind {
    COLL_BARRIER,
    COLL_BCAST,
    COLL_REDUCE,
    COLL_ALLREDUCE,
    COLL_DUP,
    COLL_SPLIT
};

#define COLL_ALARM_BYTES (sizeof(int32_t) + DVM_SENTENCE_MAX)
#define COLL_SENDS_MAX 32 /* messages that one task has under way: log2 of the most tasks */

/* Of a group; what of the current call. */
struct coll {
    struct group *group;
    uint64_t context;   /* of the collectives */
    uint32_t sequence;  /* number of the call */
    enum coll_kind kind;
    const char *call;   /* its name */
    uintptr_t site;
    int tag;            /* of its messages */
    struct dvm_request *alarm; /* completes when a member failed or died */
    uint8_t alarm_bytes[COLL_ALARM_BYTES];
    struct dvm_request *sends[COLL_SENDS_MAX]; /* under way */
    int send_count;
    int failed;         /* why the collectives of the group have ended, DVM_OK: they have not */
    char text[DVM_SENTENCE_MAX];
};

/* Begin a collective of a group of at least two tasks. Errors: NO_MEMORY, and why
 * the group's collectives have ended. */
int coll_begin(struct group *g, enum coll_kind kind, const char *call, uintptr_t site,
               struct coll **coll);

/* End it: waits for the sends; on failure tells all members and ends the group's
 * collectives. Returns rc, or the error that came last. */
int coll_end(struct coll *c, int rc);

/* The group of a public call; NULL with *rc GROUP when it has no collectives. */
struct group *coll_group(dvm_group group, const char *call, int *rc);

/* Start to send count elements to a rank. The buffer must stay until coll_flush or
 * coll_end. */
int coll_send(struct coll *c, int rank, const void *buffer, size_t count, dvm_type type);

/* Wait until all that was sent is out of its buffers. */
int coll_flush(struct coll *c);

/* Receive exactly count elements from a rank. Errors: TRUNCATE (another number), TYPE,
 * ARG (it is in another collective), TASK_GONE, HOST_GONE. */
int coll_receive(struct coll *c, int rank, void *buffer, size_t count, dvm_type type);

/* ---- the algorithms, on a begun collective ---------------------------------- */

/* Return when all tasks have come. Errors of all three: those of coll_receive, and
 * NO_MEMORY. */
int barrier_dissemination(struct coll *c);

/* Copy root's buffer to all others'. What the root sends may be under way still. */
int bcast_binomial(struct coll *c, int root, void *buffer, size_t count, dvm_type type);

/* Combine in rank order into out of rank 0. out: room for count elements on every
 * rank; what other ranks find in it afterwards is of no use. in and out do not
 * overlap. */
int reduce_binomial(struct coll *c, const void *in, void *out, size_t count, dvm_type type,
                    dvm_op op);

#endif
