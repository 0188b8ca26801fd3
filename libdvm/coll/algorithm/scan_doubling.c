/* scan_doubling.c: prefix reductions by recursive doubling on blocks of ranks.
 *
 * In round k the tasks of two neighbouring blocks of 2^k ranks exchange what their blocks have
 * in all: those of the right one put it in front of their result. So the result of rank r is
 * what a reduction of the ranks up to r gives, in the one order of all (tree.c), and what other
 * algorithms of prefixes give has the same bits.
 * Long operands go through in pieces, as each task has room for four of them, and fresh memory
 * for whole ones takes longer than the rest.
 * Used where two levels or memory in common cannot be.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth + 2 bytes * op), n messages a round.
 * Source: as bcast_binomial.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

#define PIECE_BYTES ((size_t)128 << 10)
#define PIECES_MOST 64 /* at most: each has steps of its own */

/* The places that a task has. */
struct prefix {
    void *whole;   /* what its block has in all, */
    void *result;  /* the ranks of it up to this one, or before it; */
    void *other;   /* what comes; */
    void *spare;
    bool some;     /* there is a result: before the first rank there is nothing */
};

static void swap(void **a, void **b)
{
    void *c = *a;

    *a = *b;
    *b = c;
}

/* The left block's whole has come into other. more: somebody will need the whole of both. */
static void put_in_front(struct schedule *s, const struct reduction *r, struct prefix *p,
                         bool more)
{
    if (more) {
        schedule_copy(s, p->spare, p->other, r->count * type_find(r->type)->size);
        schedule_combine(s, p->spare, p->whole, r->count, r->type, r->op);
        swap(&p->spare, &p->whole);
    }
    if (p->some)
        schedule_combine(s, p->other, p->result, r->count, r->type, r->op);
    swap(&p->other, &p->result);
    p->some = true;
}

static void exchange(struct schedule *s, const struct reduction *r, struct prefix *p, int bit)
{
    int base = s->rank & ~(2 * bit - 1), partner = s->rank ^ bit;
    bool more = base + 2 * bit < s->size, right = s->rank & bit;

    if (right || more)
        schedule_receive(s, partner, p->other, r->count, r->type);
    if (partner < s->size && (!right || more))
        schedule_send(s, partner, p->whole, r->count, r->type);
    schedule_round(s);
    if (right)
        put_in_front(s, r, p, more);
    else if (more)
        schedule_combine(s, p->whole, p->other, r->count, r->type, r->op);
}

static void one_piece(struct schedule *s, const struct reduction *r, struct prefix p)
{
    size_t bytes = r->count * type_find(r->type)->size;

    schedule_copy(s, p.whole, r->in, bytes);
    if (p.some)
        schedule_copy(s, p.result, r->in, bytes);
    for (int bit = 1; bit < s->size; bit *= 2)
        exchange(s, r, &p, bit);
    if (p.some)
        schedule_copy(s, r->out, p.result, bytes);
}

/* The most elements of a piece, at least 1; the same at all tasks: a derived type may have another
 * size at another task, with another count. */
static size_t piece_most(const struct reduction *r)
{
    const struct type *t = type_basic(r->type);
    size_t most = t ? PIECE_BYTES / t->size : r->count, even = r->count / PIECES_MOST + 1;

    return most > even ? most : even;
}

void scan_doubling(struct schedule *s, const struct reduction *r, bool inclusive)
{
    size_t most = piece_most(r), size = type_find(r->type)->size;
    size_t bytes = (most < r->count ? most : r->count) * size;
    const struct prefix p = {schedule_space(s, bytes), schedule_space(s, bytes),
                             schedule_space(s, bytes), schedule_space(s, bytes), inclusive};
    struct reduction piece = *r;

    for (size_t left = r->count;; left -= piece.count) {
        piece.count = left < most ? left : most;
        one_piece(s, &piece, p);
        if (piece.count == left)
            return;
        piece.in = (const char *)piece.in + piece.count * size;
        piece.out = piece.out ? (char *)piece.out + piece.count * size : NULL;
    }
}
