/* group.h: the groups of this task, as group/, coll/ and vm/ see them.
 *
 * A group is a context and an ordered set of tasks. DVM_UNIVERSE has no set: its
 * ranks are tids. A task may also hold a group that it is no member of (rank
 * DVM_NULL, no context): an ordered set to make others from, and no more. Functions
 * are called between dvm_enter and dvm_leave.
 */
#ifndef DVM_GROUP_GROUP_H
#define DVM_GROUP_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dvm.h"

struct agreement;
struct coll;
struct topology;

struct group_place {
    int tid, rank;
};

struct group {
    dvm_group number;   /* its handle */
    uint64_t context;   /* point-to-point; | CONTEXT_COLLECTIVE for collectives */
    int size;           /* ranks; 0 for DVM_UNIVERSE */
    int rank;           /* of this task; its tid in DVM_UNIVERSE; DVM_NULL: no member */
    int *send_tids;     /* by rank: to whom a message to this rank goes (owned) */
    int *receive_tids;  /* by rank: from whom it comes; the same list but in intercommunicators */
    struct group_place *places; /* receive_tids in order of tids (owned) */
    struct agreement *agreement; /* from the first on (owned; survive.c) */
    bool revoked;       /* nothing can be sent in it any more */
    struct coll *coll;  /* state of coll/, from the first collective on (owned) */
    struct topology *topology; /* of topo/: one block of so many bytes (owned); NULL: none */
    size_t topology_bytes;
};

/* Make the built-in groups of a new task. self: its tid; context, tids, size and
 * rank: of its DVM_WORLD (copied). Errors: NO_MEMORY, PROTOCOL (the list does not
 * have self at rank). */
int group_start(int self, uint64_t context, const int *tids, int size, int rank);

/* Free all groups. */
void group_stop(void);

/* Add a group: context (0 when this task is no member) and its tasks (copied). *number
 * receives its handle. Errors: NO_MEMORY, LIMIT (too many groups). */
int group_add(uint64_t context, const int *tids, int size, dvm_group *number);

/* Take a group that is not built in out of the table and free it. */
void group_remove(struct group *g);

/* Give to a new group a copy of another's topology, if that has one. Error: NO_MEMORY; then
 * the new group is removed. */
int group_copy_topology(dvm_group number, const struct group *from);

/* Asked, of each group with collectives, when the task leaves: what went wrong in them that no
 * call has told. Returns DVM_OK or an error, with its sentence. */
extern int (*group_on_leave)(struct group *g);

/* Ask so for all groups. Returns the first error, with its sentence. */
int group_leave(void);

/* Told of a group that is freed while it has a coll; stopped: with all others, when nothing
 * moves any more. Set by coll/. */
extern void (*group_on_remove)(struct group *g, bool stopped);

/* The group of a handle; NULL, with the sentence kept (GROUP), when there is none.
 * call: name of the public function, for the sentence. */
struct group *group_find(dvm_group number, const char *call);

/* The group of a context, any part of it; NULL when there is none. */
struct group *group_of_context(uint64_t context);

/* The rank that messages from tid have in the group (tid itself in DVM_UNIVERSE);
 * -1 when it is no member. */
int group_rank_of(const struct group *g, int tid);

/* "DVM_WORLD" and the like; valid until the next call of the thread. */
const char *group_name(const struct group *g);

/* "rank 3 (tid 0x40007)", or "tid 0x40007" in DVM_UNIVERSE and for strangers, into
 * text of size bytes. Returns text. */
const char *group_member_text(const struct group *g, int tid, char *text, size_t size);
#define GROUP_MEMBER_TEXT_MAX 48

/* Check a rank and find its tid. What a DVM_UNIVERSE rank must be is checked, too.
 * Errors: RANK, NO_TASK. */
int group_peer(const struct group *g, const char *call, int rank, int *tid);

/* Whether this task is a member; if not a sentence is kept (GROUP). */
bool group_is_mine(const struct group *g, const char *call);

/* How this process stores its types (type/type.h), for HELLO. */
uint32_t group_representation(void);

#endif
