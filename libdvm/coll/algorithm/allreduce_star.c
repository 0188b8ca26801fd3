/* allreduce_star.c: a reduction for all by way of rank 0, which combines alone.
 *
 * Used for small operands where tasks are more than the cores, as barrier_star.c.
 * Cost: 2 (n - 1) messages, n - 1 combinations and n operands of memory at rank 0.
 * Source: as bcast_star.c.
 */
#include "coll/algorithms.h"

void allreduce_star(struct schedule *s, const struct reduction *r)
{
    reduce_star(s, 0, r);
    if (s->rank == 0)
        schedule_round(s);
    bcast_star(s, 0, r->out, r->count, r->type);
}
