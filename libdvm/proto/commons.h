/* commons.h: the layout of memory that all members of a group on one host have in common.
 *
 * Members call the same collectives in the same order, so they count operations alike: the
 * turn. Each operation has a row of cells, one a member, which is used again ROWS turns
 * later (dvm_commons_rows of the members), and a longer contribution lies in a block beside
 * it, of which there are dvm_commons_block_rows.
 *
 *     head, members' lines, rows of cells, rows of blocks
 *
 * Marks and done are the low half of a turn that each member counts with 64 bits.
 *
 * Every word has one writer, but for the head's asleep, which is changed by atomic or and
 * and, and came. So a member that dies at any instruction blocks nobody but those who need what it
 * would have put, and they are told of its death.
 *
 * Putting (member i):                 Waiting for cell i, before sleeping:
 *   wait for room (below)               wants = 1 + i
 *   write the cell's words              asleep |= own bit (seq_cst)
 *   mark = turn (seq_cst)               look at the mark once more
 *   if asleep: ring those who           sleep on the inbox
 *     want i                            asleep &= ~own bit
 *
 * There is room for turn t when all members have done turn t - ROWS + 1, so that who is in
 * turn t may look at the cells of turns t and t - 1: done is written, and whoever wants it
 * (DVM_COMMONS_WANTS_DONE + 1 + i) is rung, in the same way. Who has done its turn without putting
 * also rings those who want its cell of that turn: they are in another call.
 *
 * Where members combine by pairs, came of member i belongs to the two neighbours in the tree of
 * which the right one begins with rank i. Who comes for one of them exchanges it: the first finds
 * another turn there, leaves what it has, and puts without waiting any more; the second finds the
 * first's rank, waits until that has put, and goes on for both. Nobody who comes is further
 * ahead: there is room in the parts.
 *
 * Who frees its group writes left, and touches nothing from then on: the memory is given
 * back when all have left or are gone.
 */
#ifndef DVM_PROTO_COMMONS_H
#define DVM_PROTO_COMMONS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/segment.h"

#define DVM_COMMONS_MOST 32       /* members */
#define DVM_COMMONS_CELLS 2048    /* in all; rows: see dvm_commons_rows, */
#define DVM_COMMONS_ROWS_MOST 256 /* no more: what two tasks use stays in their caches */
#define DVM_COMMONS_INSIDE 48     /* bytes in a cell */
#define DVM_COMMONS_BLOCK 1024    /* bytes of a longer contribution */
#define DVM_COMMONS_BLOCKS 128         /* in all; rows of them: see dvm_commons_block_rows, */
#define DVM_COMMONS_BLOCK_ROWS_MOST 16 /* no more, as of cells */
#define DVM_COMMONS_WANTS_DONE 64 /* more than 1 + any rank */
#define DVM_COMMONS_PARTS 4 /* of the wide memory, each in use by one operation at a time */
#define DVM_COMMONS_FEW 4            /* members, more than two, that have at most
                                      * DVM_COMMONS_WIDE_FEW of it */
#define DVM_COMMONS_WIDE_FEW (1u << 20)
#define DVM_COMMONS_WIDE_MOST (4u << 20)
#define DVM_COMMONS_WIDE_LEAST (512u << 10)

struct dvm_commons_head {
    _Atomic uint64_t asleep; /* bit r: the member with rank r is asleep */
    uint8_t pad[DVM_LINE - 8];
};

struct dvm_commons_member {
    _Atomic uint32_t done;   /* it needs nothing of operations up to this one */
    _Atomic uint32_t wants;  /* while asleep: 1 + rank whose cell it waits for; see above */
    _Atomic uint64_t entered; /* high half: the turn it is in, low half: the call that is */
    _Atomic uint32_t left;   /* 1: it touches this memory no more; the last it writes */
    _Atomic uint32_t core;   /* 1 + where it ran when it last used the wide memory; 0: not known */
    /* of a pair, by the first of the parts that it works in: turn and rank of who came last */
    _Atomic uint64_t came[DVM_COMMONS_PARTS];
    _Atomic uint32_t had;    /* thousandths of a core that it had between its last two looks */
    uint8_t pad[DVM_LINE - 28 - 8 * DVM_COMMONS_PARTS];
};

struct dvm_commons_cell {
    _Atomic uint32_t mark;   /* the turn; written last */
    uint32_t call, bytes, type;
    uint8_t inside[DVM_COMMONS_INSIDE]; /* bytes, or they are in the block */
};

_Static_assert(sizeof(struct dvm_commons_head) == DVM_LINE, "a head is a line");
_Static_assert(sizeof(struct dvm_commons_member) == DVM_LINE, "a member has a line");
_Static_assert(sizeof(struct dvm_commons_cell) == DVM_LINE, "a cell is a line");

/* Operations that a member may be ahead: a power of two. */
static inline uint32_t dvm_commons_rows(int members)
{
    uint32_t rows = 1;

    while (rows < DVM_COMMONS_ROWS_MOST && rows * 2 * (uint32_t)members <= DVM_COMMONS_CELLS)
        rows *= 2;
    return rows;
}

/* Longer operations that a member which waits for nobody may be ahead. Also a power of two. */
static inline uint32_t dvm_commons_block_rows(int members)
{
    uint32_t rows = 2;

    while (rows < DVM_COMMONS_BLOCK_ROWS_MOST &&
           rows * 2 * (uint32_t)members <= DVM_COMMONS_BLOCKS)
        rows *= 2;
    return rows;
}

/* Bytes of the wide memory, that long contributions go through in pieces: so many, or, where its
 * maker cannot have that, a half, down to DVM_COMMONS_WIDE_LEAST. From 2 MiB on it lies on a
 * multiple of 2 MiB in its pool, if such a place is free. */
static inline size_t dvm_commons_wide(int members)
{
    return members > 2 && members <= DVM_COMMONS_FEW ? DVM_COMMONS_WIDE_FEW
                                                     : DVM_COMMONS_WIDE_MOST;
}

/* Whether there may be so many. */
static inline int dvm_commons_wide_fits(int members, uint64_t bytes)
{
    return bytes >= DVM_COMMONS_WIDE_LEAST && bytes <= dvm_commons_wide(members) &&
           (bytes & (bytes - 1)) == 0;
}

static inline size_t dvm_commons_bytes(int members)
{
    return DVM_LINE + (size_t)members * (DVM_LINE + dvm_commons_rows(members) * DVM_LINE +
                                         dvm_commons_block_rows(members) * DVM_COMMONS_BLOCK);
}

#endif
