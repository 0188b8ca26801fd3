/* reduce_binomial.c: a reduction up a binomial tree on the ranks themselves.
 *
 * Always to rank 0, which passes the result on to another root: in round k a task whose bit
 * k is set sends what it has, the combination of the 2^k ranks from its own on, to the task
 * 2^k below, which has the 2^k ranks before.
 * Used unless tasks are more than the cores.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth + bytes * op), one message more for a root
 * other than 0.
 * Source: as bcast_binomial.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

/* The part of rank 0's tree: its result is in part. */
static void climb(struct schedule *s, const struct reduction *r, void *part)
{
    size_t bytes = r->count * type_find(r->type)->size;
    void *other = NULL;

    schedule_copy(s, part, r->in, bytes);
    for (int bit = 1; bit < s->size; bit *= 2) {
        if (s->rank & bit) {
            schedule_send(s, s->rank - bit, part, r->count, r->type);
            return;
        }
        if (s->rank + bit >= s->size)
            continue;
        if (!other)
            other = schedule_space(s, bytes);
        schedule_receive(s, s->rank + bit, other, r->count, r->type);
        schedule_round(s);
        schedule_combine(s, part, other, r->count, r->type, r->op);
    }
}

void reduce_binomial(struct schedule *s, int root, const struct reduction *r)
{
    size_t bytes = r->count * type_find(r->type)->size;
    bool leaf = s->rank & 1; /* sends what it was given */
    void *part = s->rank == root ? r->out : leaf ? NULL : schedule_space(s, bytes);

    if (leaf && s->rank != root)
        schedule_send(s, s->rank - 1, r->in, r->count, r->type);
    else
        climb(s, r, part);
    if (root == 0)
        return;
    schedule_round(s);
    if (s->rank == 0)
        schedule_send(s, root, part, r->count, r->type);
    else if (s->rank == root)
        schedule_receive(s, 0, r->out, r->count, r->type);
}
