/* allgather_bruck.c: the blocks by doubling distances, for any number of tasks.
 *
 * Each task collects blocks in order of ranks from its own on: in round k it has 2^k of
 * them, sends them to the task 2^k before it and receives as many from the one 2^k after
 * it. At the end they are turned into their places.
 * Used for small blocks.
 * Cost: ceil(log2 n) latencies + (n - 1) / n bytes of all blocks / bandwidth, and a copy.
 * Source: J. Bruck and others, "Efficient algorithms for all-to-all communications in
 * multiport message-passing systems", IEEE Trans. Parallel Distrib. Syst. 8 (1997).
 */
#include "coll/algorithms.h"
#include "type/type.h"

/* Elements of some blocks, of ranks that follow each other around from one. */
static size_t elements(const struct schedule *s, const struct blocks *all, int rank, int count)
{
    size_t sum = 0;

    for (int i = 0; i < count; i++)
        sum += blocks_count(all, (rank + i) % s->size);
    return sum;
}

void allgather_bruck(struct schedule *s, const struct blocks *all)
{
    size_t size = type_find(all->type)->size;
    int n = s->size;
    char *turned = schedule_space(s, elements(s, all, 0, n) * size), *at = turned;

    if (!turned)
        return;
    schedule_copy(s, turned, blocks_at(all, s->rank), blocks_count(all, s->rank) * size);
    for (int have = 1; have < n; have *= 2) {
        int more = n - have < have ? n - have : have, from = (s->rank + have) % n;

        schedule_receive(s, from, turned + elements(s, all, s->rank, have) * size,
                         elements(s, all, from, more), all->type);
        schedule_send(s, (s->rank - have + n) % n, turned, elements(s, all, s->rank, more),
                      all->type);
        schedule_round(s);
    }
    for (int i = 0; i < n; i++) {
        int rank = (s->rank + i) % n;

        schedule_copy(s, blocks_at(all, rank), at, blocks_count(all, rank) * size);
        at += blocks_count(all, rank) * size;
    }
}
