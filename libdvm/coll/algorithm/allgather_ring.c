/* allgather_ring.c: the blocks go around a ring of all tasks.
 *
 * Used for large blocks, and for blocks of unlike sizes.
 * Cost: (n - 1) latencies + (n - 1) / n bytes of all blocks / bandwidth.
 * Source: as bcast_binomial.c.
 */
#include "coll/algorithms.h"

void allgather_ring(struct schedule *s, const struct blocks *all)
{
    int n = s->size, next = (s->rank + 1) % n, before = (s->rank + n - 1) % n;

    for (int i = 0; i < n - 1; i++) {
        int out = (s->rank - i + n) % n, in = (out + n - 1) % n;

        schedule_receive(s, before, blocks_at(all, in), blocks_count(all, in), all->type);
        schedule_send(s, next, blocks_at(all, out), blocks_count(all, out), all->type);
        schedule_round(s);
    }
}
