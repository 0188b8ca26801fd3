/* pieces.c: long collectives through memory in common, a piece at a time; see shared.h.
 *
 * Each task copies its part of a piece into memory that all have mapped, all meet, and each
 * takes what it needs from there. Nothing is copied once for each receiver, no message is
 * matched, and where tasks are more than the cores each piece costs a task one turn at a core
 * (a reduction: two), not one for each message. Of a reduction each task combines its share of
 * the piece in place, in the order of all others (tree.c).
 * Cost: bytes into and out of a cache that the cores share, and for each piece of
 * memory (a half of it, where all give to all; over the tasks) one or two barriers.
 * Used where all members are on one host and more than the cores, in calls that wait.
 * Source: as shared.c; for shares of a reduction R. Thakur, R. Rabenseifner, W. Gropp,
 * "Optimization of collective communication operations in MPICH" (2005).
 */
#include <stdint.h>
#include <string.h>

#include "coll/bypass.h"
#include "coll/shared.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

#define HALF (DVM_COMMONS_PARTS / 2)
#define COMBINE_BYTES 2048 /* of each part, that are combined at a time */
/* Of the wide memory, what is in use at a time: bytes of a root's piece, and of a reduction's */
#define BCAST_MOST (256u << 10)
#define REDUCE_MOST (2u << 20)
#define PAIR_MOST (512u << 10) /* of what two tasks give each other */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes of so many parts of the wide memory, but at most so many. */
static size_t parts_bytes(const struct schedule *s, unsigned parts, size_t most)
{
    return least(commons_wide(s->coll->commons) / DVM_COMMONS_PARTS * parts, most);
}

size_t pieces_room(const struct schedule *s, unsigned parts, size_t most, int some)
{
    return parts_bytes(s, parts, most) / (size_t)some / DVM_LINE * DVM_LINE;
}

size_t pieces_even(size_t bytes, size_t room)
{
    size_t pieces = bytes > room ? (bytes + room - 1) / room : 1;

    return least(((bytes + pieces - 1) / pieces + DVM_LINE - 1) / DVM_LINE * DVM_LINE, room);
}

/* As pieces_in; beside: for who is on this core. */
static void piece_to(void *to, const void *base, dvm_type type, size_t at, size_t bytes,
                     bool beside)
{
    const struct derived *d = type_basic(type) ? NULL : derived_known(type);

    if (d)
        layout_pack(&d->layout, derived_extent(d), base, at, to, bytes);
    else if (bytes > 0)
        bypass_copy(to, (const char *)base + at, bytes, beside);
}

void pieces_in(void *to, const void *base, dvm_type type, size_t at, size_t bytes)
{
    piece_to(to, base, type, at, bytes, false);
}

void pieces_out(void *base, dvm_type type, size_t at, const void *from, size_t bytes)
{
    const struct derived *d = type_basic(type) ? NULL : derived_known(type);

    if (d)
        layout_unpack(&d->layout, derived_extent(d), base, at, from, bytes);
    else if (bytes > 0)
        memcpy((char *)base + at, from, bytes);
}

void pieces_begin(struct commons_op *op, struct schedule *s, size_t bytes, dvm_type type)
{
    shared_begin_put(op, s, bytes, type_code(type), 0);
}

void pieces_go_on(struct commons_op *op)
{
    commons_end(op);
    commons_begin(op);
}

int pieces_meet(struct commons_op *op, int size)
{
    int rc = commons_put(op, NULL);

    return rc == COMMONS_OK ? commons_wait(op, 0, size) : rc;
}

int pieces_bcast(struct commons_op *op, struct schedule *s, int root, void *buffer, size_t bytes,
                 dvm_type type)
{
    size_t piece;
    int rc = COMMONS_OK;

    for (size_t at = 0; rc == COMMONS_OK; at += piece) {
        char *part = commons_parts(op, 1, 0);

        piece = least(bytes - at, parts_bytes(s, 1, BCAST_MOST));
        if (s->rank == root) {
            rc = commons_room(op);
            if (rc == COMMONS_OK)
                pieces_in(part, buffer, type, at, piece);
            rc = rc == COMMONS_OK ? commons_put(op, NULL) : rc;
        } else {
            rc = commons_wait(op, root, root + 1);
            if (rc == COMMONS_OK)
                pieces_out(buffer, type, at, part, piece);
        }
        if (at + piece == bytes)
            break;
        if (rc == COMMONS_OK)
            pieces_go_on(op);
    }
    return rc;
}

int bcast_pieces(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    size_t bytes = count * type_find(type)->size;
    struct commons_op op;

    if (s->size == 2 && !s->coll->crowded && bytes >= BCAST_EITHER_MIN)
        return bcast_either(s, root, buffer, count, type);
    pieces_begin(&op, s, bytes, type);
    return shared_end(&op, s, pieces_bcast(&op, s, root, buffer, bytes, type));
}

/* A piece of a reduction, and where in it what a task has lies. */
struct share {
    char *parts;   /* of all tasks, */
    size_t each;   /* bytes from one to the next */
    char *result;
    size_t first, count; /* elements that this task combines */
};

/* Combine so many elements of all parts from place at (bytes) on into the result. What others
 * have written is only read: a line that is written changes cores once more. */
static void combine_some(const struct share *share, const struct schedule *s,
                         const struct reduction *r, size_t at, size_t count)
{
    _Alignas(max_align_t) char space[DVM_COMMONS_MOST / 2][COMBINE_BYTES];
    size_t bytes = count * type_find(r->type)->size;
    const char *part = share->parts + at;

    for (int i = 0; i < s->size; i += 2, part += 2 * share->each) {
        memcpy(space[i / 2], part, bytes);
        if (i + 1 < s->size)
            op_apply(r->op, NULL, r->type, space[i / 2], part + share->each, count);
    }
    for (int bit = 2; bit < s->size; bit *= 2)
        for (int i = 0; i + bit < s->size; i += 2 * bit)
            op_apply(r->op, NULL, r->type, space[i / 2], space[(i + bit) / 2], count);
    memcpy(share->result + at, space[0], bytes);
}

/* Combine this task's share, in steps that a cache holds. */
static void combine(const struct share *share, const struct schedule *s, const struct reduction *r)
{
    size_t size = type_find(r->type)->size, most = COMBINE_BYTES / size, count;

    for (size_t i = 0; i < share->count; i += count) {
        count = least(share->count - i, most);
        combine_some(share, s, r, (share->first + i) * size, count);
    }
}

/* One piece: elements from at on. Two operations. */
static int reduce_piece(struct commons_op *op, struct schedule *s, const struct reduction *r,
                        bool needs, size_t at, size_t count)
{
    size_t size = type_find(r->type)->size, n = (size_t)s->size, me = (size_t)s->rank;
    struct share share = {.parts = commons_parts(op, DVM_COMMONS_PARTS, 0),
                          .each = pieces_room(s, DVM_COMMONS_PARTS, REDUCE_MOST, s->size + 1),
                          .first = count * me / n};
    int rc = at == 0 ? commons_room(op) : COMMONS_OK;

    share.count = count * (me + 1) / n - share.first;
    share.result = share.parts + share.each * n;
    if (rc == COMMONS_OK) {
        pieces_in(share.parts + share.each * me, r->in, r->type, at * size, count * size);
        rc = pieces_meet(op, s->size);
    }
    if (rc == COMMONS_OK) {
        combine(&share, s, r);
        pieces_go_on(op);
        commons_parts(op, DVM_COMMONS_PARTS, 0);
        rc = pieces_meet(op, s->size);
    }
    if (rc == COMMONS_OK && needs)
        pieces_out(r->out, r->type, at * size, share.result, count * size);
    return rc;
}

static int reduce(struct schedule *s, bool needs, const struct reduction *r)
{
    size_t size = type_find(r->type)->size, piece;
    size_t most = pieces_room(s, DVM_COMMONS_PARTS, REDUCE_MOST, s->size + 1) / size;
    struct commons_op op;
    int rc = COMMONS_OK;

    pieces_begin(&op, s, r->count * size, r->type);
    for (size_t at = 0; rc == COMMONS_OK; at += piece) {
        piece = least(r->count - at, most);
        rc = reduce_piece(&op, s, r, needs, at, piece);
        if (at + piece == r->count)
            break;
        if (rc == COMMONS_OK)
            pieces_go_on(&op);
    }
    return shared_end(&op, s, rc);
}

int reduce_pieces(struct schedule *s, int root, const struct reduction *r)
{
    return reduce(s, s->rank == root, r);
}

int allreduce_pieces(struct schedule *s, const struct reduction *r)
{
    return s->size == 2 ? allreduce_halves(s, r) : reduce(s, true, r);
}

/* One piece of what all tasks give in a call and take from each other: bytes from at on of each
 * block. each: what a piece of a block takes in parts: short ones lie close together, on few
 * pages. */
struct exchange {
    const struct blocks *in, *out;
    void (*give)(const struct exchange *e, const struct schedule *s, char *parts, size_t at,
                 size_t bytes);
    void (*take)(const struct exchange *e, const struct schedule *s, const char *parts, size_t at,
                 size_t bytes);
    int blocks; /* in all, */
    size_t each;
    bool own; /* this task's own block is to be copied, too */
};

/* A piece of this task's own block, in time in which it would wait for others. */
static void keep_own(const struct exchange *e, const struct schedule *s, size_t at, size_t bytes)
{
    if (e->own)
        memcpy((char *)blocks_at(e->out, s->rank) + at,
               (const char *)blocks_at(e->in, s->rank) + at, bytes);
}

static int exchange(struct schedule *s, struct exchange *e)
{
    size_t bytes = blocks_most(e->out, s->size) * type_find(e->out->type)->size, piece, used;
    size_t most = s->size == 2 ? PAIR_MOST : SIZE_MAX;
    struct commons_op op;
    int rc = COMMONS_OK;

    e->each = pieces_even(bytes, pieces_room(s, HALF, most, e->blocks));
    /* tasks with cores of their own find lines of long ago in a cache that all share; to a crowd
     * few pages are worth more */
    used = s->coll->crowded ? 0 : e->each * (size_t)e->blocks;
    pieces_begin(&op, s, bytes, e->out->type);
    for (size_t at = 0; rc == COMMONS_OK; at += piece) {
        char *parts = commons_parts(&op, HALF, used);

        piece = least(bytes - at, e->each);
        rc = commons_room(&op);
        if (rc == COMMONS_OK) {
            e->give(e, s, parts, at, piece);
            rc = commons_put(&op, NULL);
        }
        if (rc == COMMONS_OK) {
            keep_own(e, s, at, piece);
            rc = commons_wait(&op, 0, s->size);
        }
        if (rc == COMMONS_OK)
            e->take(e, s, parts, at, piece);
        if (at + piece == bytes)
            break;
        if (rc == COMMONS_OK)
            pieces_go_on(&op);
    }
    return shared_end(&op, s, rc);
}

/* Of so many bytes from a place on those that a rank's block has, which may be shorter. */
static size_t bytes_of(const struct blocks *b, int rank, size_t at, size_t bytes)
{
    size_t all = blocks_count(b, rank) * type_find(b->type)->size;

    return all > at ? least(bytes, all - at) : 0;
}

static void give_own(const struct exchange *e, const struct schedule *s, char *parts, size_t at,
                     size_t bytes)
{
    pieces_in(parts + e->each * (size_t)s->rank, blocks_at(e->in, s->rank), e->in->type, at,
              bytes_of(e->in, s->rank, at, bytes));
}

static void take_all(const struct exchange *e, const struct schedule *s, const char *parts,
                     size_t at, size_t bytes)
{
    for (int r = 0; r < s->size; r++)
        if (r != s->rank)
            pieces_out(blocks_at(e->out, r), e->out->type, at, parts + e->each * (size_t)r,
                       bytes_of(e->out, r, at, bytes));
}

int allgather_pieces(struct schedule *s, const struct blocks *all)
{
    return exchange(s, &(struct exchange){all, all, give_own, take_all, s->size, 0, false});
}

/* Of an alltoall a task has a row of blocks there, one for each of the others: where the one from
 * a task for another begins. */
static size_t block_at(const struct exchange *e, const struct schedule *s, int from, int to)
{
    return e->each * (size_t)(from * (s->size - 1) + shared_place(from, to));
}

static void give_row(const struct exchange *e, const struct schedule *s, char *parts, size_t at,
                     size_t bytes)
{
    for (int r = 0; r < s->size; r++)
        if (r != s->rank)
            piece_to(parts + block_at(e, s, s->rank, r), blocks_at(e->in, r), e->in->type, at,
                     bytes, commons_beside(s->coll->commons, r));
}

static void take_column(const struct exchange *e, const struct schedule *s, const char *parts,
                        size_t at, size_t bytes)
{
    for (int r = 0; r < s->size; r++)
        if (r != s->rank)
            pieces_out(blocks_at(e->out, r), e->out->type, at, parts + block_at(e, s, r, s->rank),
                       bytes);
}

int alltoall_pieces(struct schedule *s, const struct blocks *in, const struct blocks *out)
{
    bool plain = type_basic(in->type) && type_basic(out->type);

    if (!plain)
        derived_copy(blocks_at(out, s->rank), out->type, blocks_at(in, s->rank), in->type,
                     blocks_count(in, s->rank));
    return exchange(s, &(struct exchange){in, out, give_row, take_column,
                                          s->size * (s->size - 1), 0, plain});
}
