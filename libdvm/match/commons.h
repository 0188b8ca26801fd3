/* commons.h: operations of a group through memory that its members have in common, all on
 * one host (layout: proto/commons.h).
 *
 * What a member gives in an operation lies in its cell until all have done later ones; any
 * other member may read it. There are no messages: nothing is matched, and nobody is woken
 * but who sleeps. Only for tasks with one thread in the library at a time.
 */
#ifndef DVM_MATCH_COMMONS_H
#define DVM_MATCH_COMMONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/board.h"
#include "proto/commons.h"

struct commons;

/* Make it, for size members (2 to DVM_COMMONS_MOST) of these tids by rank (copied): *at is
 * its place, to be told to the others. NULL: not now. */
struct commons *commons_make(const int *tids, int size, int rank, uint64_t *at);

/* Use what the member with rank 0 has made at a place. NULL: it cannot be reached. */
struct commons *commons_join(const int *tids, int size, int rank, uint64_t at);

/* Free it; may be NULL. Its memory is given back when the others have freed it, too; stopped:
 * the lanes have ended, and it is not touched. */
void commons_free(struct commons *c, bool stopped);

/* The same where not all could have it, so that nobody has ever touched it: given back at once. */
void commons_refuse(struct commons *c);

/* More memory beside it for long contributions, at most dvm_commons_wide bytes: made by the member
 * with rank 0, *at and *bytes are its place and size; joined by the others. false: not now. It is
 * freed with the commons. */
bool commons_widen(struct commons *c, uint64_t *at, uint64_t *bytes);
bool commons_widen_join(struct commons *c, uint64_t at, uint64_t bytes);

/* Its bytes; 0: there is none. */
size_t commons_wide(const struct commons *c);

/* Free it where not all have it, so that nobody has ever touched it. */
void commons_narrow(struct commons *c);

/* The end: forget what was freed and is not given back. Before the lanes end. */
void commons_stop(void);

/* What became of a wait. Negative: an error of the whole task (LOST_DAEMON), or TASK_GONE: who is
 * waited for has left, of which stop need not know. */
enum { COMMONS_OK, COMMONS_STOPPED /* stop said so */, COMMONS_ODD /* see odd */ };

/* One operation of one member. */
struct commons_op {
    struct commons *commons;
    uint32_t call;               /* what all members must give alike, */
    uint32_t bytes, type;        /* and what each puts, or the size of each of its blocks; */
    uint32_t put;                /* bytes that each puts in all, at most DVM_COMMONS_BLOCK; 0: it
                                  * gives nothing, or writes it into commons_parts */
    bool (*fits)(uint32_t sent, uint32_t wanted); /* whether another type will do */
    enum dvm_board_call board;   /* for the board: the call, from where, */
    uintptr_t site;
    uint64_t context;            /* and its messages' context */
    bool (*stop)(void *arg);     /* a wait must end */
    void (*waits)(void *arg, bool begins); /* told of one that is no mere moment */
    void *arg;
    int odd;                     /* rank of a member that is in another operation, or was; */
    uint32_t odd_call;           /* that one. Negative: none is known */
    int first, end;              /* ranks that are waited for */
    uint64_t parts_turn;         /* the last operation that the parts were in use for */
    unsigned part;               /* the first of them */
    bool done;                   /* not their cells, but that they are done with needed */
    uint64_t needed;
    bool there;                  /* this member had put before it began: commons_offer */
};

/* Begin: the next operation, or the one that was offered with the same call. */
void commons_begin(struct commons_op *op);

/* The next so many parts (1, 2, 4) of the wide memory, for this operation, which uses so many bytes
 * of them: other ones each time, as far as there are some; 0: all. All members ask alike; who
 * writes there waits for room before. */
void *commons_parts(struct commons_op *op, unsigned count, size_t bytes);

/* Whether a member was on this task's core when each last asked for parts. A hint. */
bool commons_beside(const struct commons *c, int rank);

/* Before an operation in which neighbours in the order of ranks give each other more than others
 * do: have them run on one core (settle.h). Cheap. */
void commons_settle(const struct commons *c);

/* Wait until nobody needs what the parts have from earlier operations. */
int commons_room(struct commons_op *op);

/* Put op->put bytes from data into this member's cell, or say that what is wide is there. Waits
 * while the cell is in use. */
int commons_put(struct commons_op *op, const void *data);

/* Come to a pair of neighbours in a tree of which the right one begins with a rank, with room in
 * this operation's parts. Returns whether this member is the first of the two there; else *first
 * is the other, which has not put before it came, and waits for nothing until it puts. */
bool commons_first(struct commons_op *op, int right, int *first);

/* Wait until the members with ranks first to end - 1 have put. */
int commons_wait(struct commons_op *op, int first, int end);

/* What a member has put that was waited for: op->put bytes, valid until commons_end. */
const void *commons_of(const struct commons_op *op, int rank);

/* This member needs nothing of this operation any more. */
void commons_end(struct commons_op *op);

/* Of an operation, what all give alike: at most DVM_COMMONS_INSIDE bytes. */
struct commons_word {
    uint32_t call, bytes, type;
};

/* A whole operation at once, in which this member gives and needs nothing. false: there is no room
 * now, and nothing was done. */
bool commons_give(struct commons *c, const struct commons_word *w, const void *data);

/* What a member has put in the next operation, or puts within a moment: its bytes, until
 * commons_pass. NULL: nothing, or something else, which commons_wait is for. */
const void *commons_look(const struct commons *c, const struct commons_word *w, int rank);

/* That operation is over, where all that this member needs was there: that of all other members
 * that give. Nobody needs anything of it. rank: the last that was looked at. */
void commons_pass(struct commons *c, const struct commons_word *w, int rank);

/* Begin the next operation, in which all give and need all, and put what this member gives. false:
 * there is no room now, and nothing was done. Either commons_met ends it, or commons_begin and
 * what follows, where commons_put does nothing more. */
bool commons_offer(struct commons *c, const struct commons_word *w, const void *data);

/* As commons_look, in the operation that was offered; until commons_met. */
const void *commons_answer(const struct commons *c, const struct commons_word *w, int rank);

/* That operation is over: all other members were looked at. */
void commons_met(struct commons *c);

/* The same where each gives up to DVM_COMMONS_BLOCK bytes (put) in all. The place to write them to,
 * NULL: there is no room now; to say that they are there; where those of a member are that has
 * answered; and the end. */
void *commons_next(const struct commons *c, size_t put);
void commons_offer_next(struct commons *c, const struct commons_word *w, size_t put);
const void *commons_given(const struct commons *c, size_t put, int rank);
void commons_met_next(struct commons *c, size_t put);

/* Copy what goes into a cell: most often eight bytes. */
static inline void commons_copy(void *to, const void *from, size_t bytes)
{
    if (bytes == sizeof(uint64_t))
        memcpy(to, from, sizeof(uint64_t));
    else
        memcpy(to, from, bytes);
}

/* Whether a member has put, in this member's last operations, for another call than this one did:
 * *rank, *call. No operation is under way. */
bool commons_differs(const struct commons *c, int *rank, uint32_t *call);

/* Whether a member has put in the operation behind this member's last one: *rank, *call. */
bool commons_ahead(const struct commons *c, int *rank, uint32_t *call);

/* What an odd member gave that is in this operation: its bytes and type. false: it is in
 * another one. */
bool commons_odd(const struct commons_op *op, uint32_t *bytes, uint32_t *type);

#endif
