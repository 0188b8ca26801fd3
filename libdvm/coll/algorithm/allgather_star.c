/* allgather_star.c: the blocks by way of rank 0, which sends all of them to each task.
 *
 * Used for small blocks of one size where tasks are more than the cores, as barrier_star.c.
 * Cost: 2 (n - 1) messages, of which half have all blocks.
 * Source: as bcast_star.c.
 */
#include "coll/algorithms.h"

void allgather_star(struct schedule *s, const struct blocks *all)
{
    gather_linear(s, 0, blocks_at(all, s->rank), all->count, all);
    if (s->rank == 0)
        schedule_round(s);
    bcast_star(s, 0, all->base, all->count * (size_t)s->size, all->type);
}
