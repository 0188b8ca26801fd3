/* pairs.c: long reductions through memory in common, by pairs in the order in which tasks come;
 * see shared.h.
 *
 * The first of two neighbours in the tree copies its part of a piece into memory that all have
 * mapped; the second combines that with its own, and goes on up the tree for both: if it is the
 * first there, it leaves the result in the memory, else it combines again. Who comes last has
 * all. The tree is that of all others (tree.c) and each operand stays on its side, so the bits
 * do not depend on who comes first.
 * Cost: for each piece one turn at a core for each task, where shares (pieces.c) take two, and
 * one reading and one writing of each part; but tasks with cores of their own would wait for
 * the last.
 * Used where all members are on one host and more than the cores, in calls that wait, with
 * built-in operators.
 * Source: as pieces.c, and P. Yew, N. Tzeng, D. Lawrie, "Distributing hot-spot addressing in
 * large-scale multiprocessors" (1987): combining trees.
 */
#include <stdint.h>
#include <string.h>

#include "coll/shared.h"
#include "type/op.h"
#include "type/type.h"

#define HALF (DVM_COMMONS_PARTS / 2)
#define PIECE_MOST (256u << 10) /* bytes: each piece costs each task a turn at a core */
#define COMBINE_BYTES 2048      /* of each operand, that are combined at a time */
#define LEVELS_MOST 5           /* of a tree of DVM_COMMONS_MOST */

_Static_assert(1 << LEVELS_MOST >= DVM_COMMONS_MOST, "a tree has enough levels");

/* A piece of a reduction. */
struct piece {
    char *parts;      /* what pairs leave: of those from rank r on, the r / 2nd, */
    size_t each;      /* so many bytes from one to the next */
    const char *mine; /* what this task gives, */
    size_t count;     /* so many elements */
};

/* What a task is the second of: where results are that it combines with what it has. */
struct climb {
    int begin; /* the first rank of those that it has combined then */
    int count;
    int others[LEVELS_MOST]; /* the same of their others, from below */
};

/* Go up the tree until this task is the first, or at its top. */
static int go_up(struct commons_op *op, const struct schedule *s, struct climb *c)
{
    int first, rc = COMMONS_OK;

    c->begin = s->rank;
    c->count = 0;
    for (int bit = 1; rc == COMMONS_OK && bit < s->size; bit *= 2) {
        int left = c->begin & ~bit, right = left + bit;

        if (right >= s->size)
            continue;
        if (commons_first(op, right, &first))
            break;
        rc = commons_wait(op, first, first + 1);
        c->others[c->count++] = c->begin == left ? right : left;
        c->begin = left;
    }
    return rc;
}

static char *result_of(const struct piece *p, int begin)
{
    return p->parts + p->each * (size_t)(begin / 2);
}

/* Combine bytes from at on of what this task has, and leave them for others: the last straight
 * in their place. */
static void combine_some(const struct piece *p, const struct climb *c, const struct schedule *s,
                         const struct reduction *r, size_t at, size_t bytes)
{
    _Alignas(max_align_t) char space[2][COMBINE_BYTES];
    size_t count = bytes / type_find(r->type)->size;
    const char *have = p->mine + at;

    for (int i = 0; i < c->count; i++) {
        const char *other = result_of(p, c->others[i]) + at;
        bool before = c->others[i] < s->rank;
        char *to = i == c->count - 1 ? result_of(p, c->begin) + at : space[i % 2];

        op_apply_to(r->op, r->type, to, before ? other : have, before ? have : other, count);
        have = to;
    }
}

/* Give this task's part of a piece. */
static int give(struct commons_op *op, const struct schedule *s, const struct reduction *r,
                const struct piece *p)
{
    size_t size = type_find(r->type)->size, bytes = p->count * size, some;
    size_t most = COMBINE_BYTES / size * size;
    struct climb climb;
    int rc = go_up(op, s, &climb);

    if (rc != COMMONS_OK)
        return rc;
    if (climb.count == 0 && bytes > 0)
        memcpy(result_of(p, climb.begin), p->mine, bytes);
    for (size_t at = 0; climb.count > 0 && at < bytes; at += some) {
        some = bytes - at < most ? bytes - at : most;
        combine_some(p, &climb, s, r, at, some);
    }
    return commons_put(op, NULL);
}

static int reduce(struct schedule *s, bool needs, const struct reduction *r)
{
    size_t size = type_find(r->type)->size;
    int pairs = (s->size + 1) / 2;
    size_t room = pieces_room(s, HALF, (size_t)pairs * PIECE_MOST, pairs);
    struct piece p = {.each = pieces_even(r->count * size, room)};
    struct commons_op op;
    int rc = COMMONS_OK;

    commons_settle(s->coll->commons);
    pieces_begin(&op, s, r->count * size, r->type);
    for (size_t at = 0; rc == COMMONS_OK; at += p.count) {
        p.parts = commons_parts(&op, HALF, 0);
        p.mine = (const char *)r->in + at * size;
        p.count = r->count - at < p.each / size ? r->count - at : p.each / size;
        rc = commons_room(&op);
        if (rc == COMMONS_OK)
            rc = give(&op, s, r, &p);
        if (rc == COMMONS_OK && needs)
            rc = commons_wait(&op, 0, s->size);
        if (rc == COMMONS_OK && needs && p.count > 0)
            memcpy((char *)r->out + at * size, result_of(&p, 0), p.count * size);
        if (at + p.count == r->count)
            break;
        if (rc == COMMONS_OK)
            pieces_go_on(&op);
    }
    return shared_end(&op, s, rc);
}

int reduce_pairs(struct schedule *s, int root, const struct reduction *r)
{
    return reduce(s, s->rank == root, r);
}

int allreduce_pairs(struct schedule *s, const struct reduction *r)
{
    return reduce(s, true, r);
}
