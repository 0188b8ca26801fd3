/* commons_own.h: one member's view of memory in common, for the files of commons.h. */
#ifndef DVM_MATCH_COMMONS_OWN_H
#define DVM_MATCH_COMMONS_OWN_H

#include "match/commons.h"

#define TURN_SHIFT 32 /* of a member's word entered */

struct commons {
    struct dvm_commons_head *head;
    struct dvm_commons_member *members;
    struct dvm_commons_cell *cells;
    uint8_t *blocks;
    size_t bytes;
    uint64_t at;           /* place in this task's own pool; 0: another has made it */
    int size, rank;
    uint32_t rows, block_rows;
    uint64_t turn;
    bool offered;          /* it has put in its turn, and has not begun otherwise */
    uint64_t done;         /* all members have done the operations up to this one */
    unsigned row;          /* of blocks, that the last longer operation used */
    uint64_t row_turn[DVM_COMMONS_BLOCK_ROWS_MOST]; /* when each was used last */
    uint8_t *wide;         /* NULL: none */
    uint64_t wide_at;      /* as at */
    size_t wide_bytes;
    unsigned part;         /* of it, that is used next, */
    size_t part_at;        /* and from where in it on, where not all is needed */
    uint64_t part_turn[DVM_COMMONS_PARTS]; /* as row_turn */
    uint32_t calls[DVM_COMMONS_ROWS_MOST]; /* of this member in the last turns, by turn */
    struct commons *next;  /* given up, and perhaps still needed by others */
    int tids[];            /* by rank */
};

/* The row of a turn: there is a power of two of them, and to divide would take longer. */
static inline size_t row_of(const struct commons *c, uint64_t turn)
{
    return (size_t)(turn & (c->rows - 1));
}

static inline struct dvm_commons_cell *cell_in(const struct commons *c, uint64_t turn, int rank)
{
    return &c->cells[row_of(c, turn) * (size_t)c->size + (size_t)rank];
}

static inline struct dvm_commons_cell *cell_of(const struct commons *c, int rank)
{
    return cell_in(c, c->turn, rank);
}

static inline uint32_t own_call(const struct commons *c, uint32_t turn)
{
    return c->calls[row_of(c, turn)];
}

/* ---- commons_odd.c ----------------------------------------------------------------------- */

/* Whether a member is in another call than this one, or was: it is op->odd then. */
bool commons_find_odd(struct commons_op *op);

#endif
