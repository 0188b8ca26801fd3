/* halves.c: long reductions to both of two tasks, through memory in common; see shared.h.
 *
 * Each task combines a half of each piece. It copies what it has of the other's half into memory
 * that both have mapped; combines its own half with what the other has left there, into the
 * user's result and into that memory; and takes the other's results from there in the turn of
 * the next piece. So both work all the time, meet once a piece, and each byte changes
 * cores twice, by copies that the processor makes at its full speed.
 *
 *     turn k    both: operand k in, put; wait; combine k; results k - 1 out
 *
 * Results of piece k are written when the other has put in turn k, so it has taken those of
 * piece k - 2 from the same place; operands of piece k when it has put in turn k - 1, so it
 * has combined those of piece k - 2. The last turn has no operands. It takes all parts, so that
 * nobody writes there for another call before both have done it.
 * Cost: for each task 2.5 readings and 2 writings of its operand, one meeting a piece.
 * Used where both are on one host with a core each, in calls that wait, with built-in
 * operators. Operands stay on the side of their rank.
 * Source: as pieces.c.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "coll/bypass.h"
#include "coll/shared.h"
#include "coll/ways.h"
#include "type/op.h"
#include "type/type.h"

/* Whether copies to memory in common go through the caches; around them where cores are far. Whole
 * calls of so many bytes are timed, as the other pays for it, too; both tasks count them alike. */
#define TIMED_BYTES (256u << 10)

static struct ways through;

#define HALF (DVM_COMMONS_PARTS / 2)
#define AREAS 4             /* of a turn: an operand and a result of each task */
#define AREA_MOST ((size_t)128 << 10) /* bytes of one */
#define COMBINE_BYTES 4096  /* of each operand, that are combined at a time */

/* A piece: elements of the operands. */
struct halves {
    char *areas;     /* in memory in common: operands of ranks 0 and 1, then results */
    size_t begin[2]; /* what each rank combines */
    size_t count[2];
};

/* A call: what its pieces have in common. */
struct call_halves {
    const struct schedule *s;
    const struct reduction *r;
    size_t size; /* bytes of an element, */
    size_t each; /* and of an area */
    bool through; /* copies to memory in common go through the caches */
};

/* The way of the next call; *timed: its time is to be learnt from. */
static bool way(size_t bytes, bool *timed)
{
    *timed = false;
    return bytes < TIMED_BYTES ? through.way : ways_next(&through, timed);
}

static struct halves halves_of(char *areas, size_t at, size_t count)
{
    return (struct halves){areas, {at, at + count / 2}, {count / 2, count - count / 2}};
}

/* Leave for the other what it combines with its own. */
static void give(const struct call_halves *c, const struct halves *h)
{
    int me = c->s->rank;

    if (h->count[!me])
        bypass_copy_as(!c->through, h->areas + c->each * (size_t)me,
                       (const char *)c->r->in + h->begin[!me] * c->size,
                       h->count[!me] * c->size);
}

/* Combine this task's half, in steps that a cache holds: first there, then by copies, which
 * write lines that they need not read. */
static void combine(const struct call_halves *c, const struct halves *h)
{
    int me = c->s->rank;
    _Alignas(max_align_t) char space[COMBINE_BYTES];
    size_t most = COMBINE_BYTES / c->size, count;
    const char *other = h->areas + c->each * (size_t)!me;
    char *result = h->areas + c->each * (size_t)(2 + me);

    for (size_t i = 0; i < h->count[me]; i += count) {
        size_t at = (h->begin[me] + i) * c->size;
        const char *mine = (const char *)c->r->in + at, *theirs = other + i * c->size;
        char *out = (char *)c->r->out + at;

        count = h->count[me] - i < most ? h->count[me] - i : most;
        op_apply_to(c->r->op, c->r->type, space, me ? theirs : mine, me ? mine : theirs, count);
        memcpy(out, space, count * c->size);
        bypass_copy_as(!c->through, result + i * c->size, space, count * c->size);
    }
}

/* Take the other's results. */
static void take(const struct call_halves *c, const struct halves *h)
{
    int other = !c->s->rank;

    if (h->count[other])
        memcpy((char *)c->r->out + h->begin[other] * c->size,
               h->areas + c->each * (size_t)(2 + other), h->count[other] * c->size);
}

/* One turn: operands of now, results of before; each may have none. */
static int turn(struct commons_op *op, const struct call_halves *c, const struct halves *now,
                const struct halves *before)
{
    int rc = commons_room(op);

    if (rc == COMMONS_OK) {
        give(c, now);
        rc = commons_put(op, NULL);
    }
    if (rc == COMMONS_OK)
        rc = commons_wait(op, 0, c->s->size);
    if (rc == COMMONS_OK) {
        combine(c, now);
        take(c, before);
    }
    return rc;
}

int allreduce_halves(struct schedule *s, const struct reduction *r)
{
    size_t size = type_find(r->type)->size, at = 0, count;
    size_t room = pieces_room(s, HALF, AREAS * AREA_MOST, AREAS);
    bool timed;
    struct call_halves c = {s, r, size, pieces_even((r->count + 1) / 2 * size, room),
                            way(r->count * size, &timed)};
    uint64_t begun = 0;
    struct halves now, before = {.count = {0, 0}};
    struct commons_op op;
    int rc;

    pieces_begin(&op, s, r->count * size, r->type);
    do {
        count = c.each / size * 2;
        count = r->count - at < count ? r->count - at : count;
        now = halves_of(commons_parts(&op, HALF, AREAS * c.each), at, count);
        rc = turn(&op, &c, &now, &before);
        if (rc != COMMONS_OK)
            return shared_end(&op, s, rc);
        if (timed && at == 0)
            begun = clock_ns(); /* the other is here, too */
        before = now;
        at += count;
        pieces_go_on(&op);
    } while (at < r->count);
    commons_parts(&op, DVM_COMMONS_PARTS, 0);
    now = halves_of(NULL, at, 0);
    rc = turn(&op, &c, &now, &before);
    if (timed && rc == COMMONS_OK)
        ways_learn(&through, c.through, (float)(clock_ns() - begun) / (float)(r->count * size));
    return shared_end(&op, s, rc);
}
