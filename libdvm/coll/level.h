/* level.h: the two levels of a collective over several hosts: inside each host, and between
 * hosts, where one task stands for its host: the first of it, but the root for its own.
 *
 * Between hosts the algorithms are those of groups, among those that stand for a host
 * (schedule_among). Inside, short contributions of calls that wait go through memory in common
 * (shared.h), others as messages to and from the one that stands for all. Everything is alike
 * at all members but where a task lies, so no message is needed to choose.
 */
#ifndef DVM_COLL_LEVEL_H
#define DVM_COLL_LEVEL_H

#include "coll/algorithms.h"
#include "coll/choose.h"
#include "group/hosts.h"

#define LEVEL_WHOLE_MAX 16384 /* bytes of an operand that hosts exchange whole */

struct level {
    const struct hosts *hosts;
    const int *here;   /* ranks on this host, */
    int count, place;  /* how many, and which of them this task is */
    int first;         /* place of the one that stands for them */
    bool stands;       /* this task does */
    const int *stand;  /* by host: rank of the one that does */
};

/* Whether a call of so many bytes may be run so: there are several hosts, and tasks share one;
 * and a reduction can keep the one order of combination without all operands crossing. */
bool level_fits(const struct hosts *h, enum coll_kind kind, size_t bytes);

/* Begin; root: of the call, or DVM_NULL. false: without memory, as the schedule knows. */
bool level_begin(struct schedule *s, int root, struct level *l);

/* What is appended from here on is among the tasks of this host, among those that stand for
 * hosts (where this task does), or among all. */
void level_inside(struct schedule *s, const struct level *l);
void level_between(struct schedule *s, const struct level *l);
void level_end(struct schedule *s);

/* Append: count elements from each task of this host into parts, by place, of the one that
 * stands for them; nobody else needs parts. They are there behind it. */
void level_gather(struct schedule *s, const struct level *l, void **parts, const void *own,
                  size_t count, dvm_type type);

/* Append: the same elements from the one that stands for this host to the others. */
void level_bcast(struct schedule *s, const struct level *l, void *buffer, size_t count,
                 dvm_type type);

/* Memory for an operand of each task of this host, and where each is, by place. NULL: none. */
void **level_parts(struct schedule *s, const struct level *l, size_t bytes);

/* Blocks in base, one for each host: each elements for each of what begin lists by host (hosts.h).
 * counts is NULL without memory. */
struct blocks level_blocks(struct schedule *s, const struct level *l, void *base, const int *begin,
                           size_t each, dvm_type type);

/* Blocks of one size without gaps, host by host, for a root that has them all. */
struct level_line {
    struct blocks all;   /* of the k-th rank (hosts.h), at the root: the program's where they lie
                          * so there */
    struct blocks here;  /* of the ranks of this host, by place; at the root within those */
    struct blocks hosts; /* of hosts, within all */
};

/* Make room for them; all: count elements for each rank, of which the root alone has a base.
 * false: without memory, as the schedule knows. */
bool level_line(struct schedule *s, const struct level *l, bool at_root, const struct blocks *all,
                size_t count, struct level_line *line);

/* Copy the blocks of all ranks: in_line: from where each lies by rank to where they lie host by
 * host; else the way back. */
void level_reorder(struct schedule *s, const struct hosts *h, const struct blocks *to,
                   const struct blocks *from, bool in_line);

/* Elements count in n pieces, as even as can be: their blocks in base. counts is NULL without
 * memory. */
struct blocks level_pieces(struct schedule *s, void *base, size_t count, int n, dvm_type type);

#endif
