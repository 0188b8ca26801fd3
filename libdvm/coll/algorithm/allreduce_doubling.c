/* allreduce_doubling.c: a reduction for all by recursive doubling on blocks of ranks.
 *
 * In round k the tasks of two neighbouring blocks of 2^k ranks exchange what they have, and
 * each combines left with right. Where the right block is short of tasks, each of its tasks
 * sends to several of the left one. Used for small operands.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth + bytes * op); where n is no power of two
 * up to log2 n messages more for single tasks.
 * Source: as bcast_binomial.c, with blocks in the place of folding, for the order.
 */
#include "coll/algorithms.h"
#include "type/type.h"

/* The two places that a task has: what it has combined, and what comes. */
struct halves {
    void *mine, *other;
};

/* The exchange of two blocks of bit ranks, the left one beginning at base. */
static void exchange(struct schedule *s, const struct reduction *r, int base, int bit,
                     const struct halves *h)
{
    int right = base + bit, rights = s->size - right < bit ? s->size - right : bit;

    if (s->rank < right) {
        int place = s->rank - base;

        schedule_receive(s, right + place % rights, h->other, r->count, r->type);
        if (place < rights)
            schedule_send(s, right + place, h->mine, r->count, r->type);
    } else {
        int place = s->rank - right;

        schedule_receive(s, base + place, h->other, r->count, r->type);
        for (int to = place; to < bit; to += rights)
            schedule_send(s, base + to, h->mine, r->count, r->type);
    }
    schedule_round(s);
}

void allreduce_doubling(struct schedule *s, const struct reduction *r)
{
    size_t bytes = r->count * type_find(r->type)->size;
    struct halves h = {r->out, schedule_space(s, bytes)};

    schedule_copy(s, h.mine, r->in, bytes);
    for (int bit = 1; bit < s->size; bit *= 2) {
        int base = s->rank & ~(2 * bit - 1);

        if (base + bit >= s->size)
            continue;
        exchange(s, r, base, bit, &h);
        if (s->rank < base + bit) {
            schedule_combine(s, h.mine, h.other, r->count, r->type, r->op);
        } else { /* what came is the left one, and so has the result */
            schedule_combine(s, h.other, h.mine, r->count, r->type, r->op);
            h = (struct halves){h.other, h.mine};
        }
    }
    schedule_copy(s, r->out, h.mine, bytes);
}
