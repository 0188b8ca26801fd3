/* allgather_bruck.c: the blocks by doubling distances, for any number of tasks.
 *
 * Each task collects blocks in order of ranks from its own on: in round k it has 2^k of
 * them, sends them to the task 2^k before it and receives as many from the one 2^k after
 * it. At the end they are turned into their places.
 * Used for small blocks of one size.
 * Cost: ceil(log2 n) latencies + (n - 1) / n bytes of all blocks / bandwidth, and a copy.
 * Source: J. Bruck and others, "Efficient algorithms for all-to-all communications in
 * multiport message-passing systems", IEEE Trans. Parallel Distrib. Syst. 8 (1997).
 */
#include "coll/algorithms.h"
#include "type/type.h"

void allgather_bruck(struct schedule *s, const struct blocks *all)
{
    size_t bytes = all->count * type_find(all->type)->size;
    int n = s->size;
    char *turned = schedule_space(s, bytes * (size_t)n);

    if (!turned)
        return;
    schedule_copy(s, turned, blocks_at(all, s->rank), bytes);
    for (int have = 1; have < n; have *= 2) {
        size_t more = (size_t)(n - have < have ? n - have : have) * all->count;

        schedule_receive(s, (s->rank + have) % n, turned + bytes * (size_t)have, more, all->type);
        schedule_send(s, (s->rank - have + n) % n, turned, more, all->type);
        schedule_round(s);
    }
    for (int i = 0; i < n; i++)
        schedule_copy(s, blocks_at(all, (s->rank + i) % n), turned + bytes * (size_t)i, bytes);
}
