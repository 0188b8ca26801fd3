/* commons_parts.c: where in wide memory an operation works, and where its members run.
 *
 * Parts are taken in a row, so that who writes need not wait for those who still read the last
 * ones. Members say on which core they are when they use it, and neighbours of
 * a long reduction may go to one (settle.h).
 */
#include <sched.h>

#include "match/commons_own.h"
#include "match/settle.h"

void commons_settle(const struct commons *c)
{
    uint64_t all = 0;
    uint32_t had;

    if (!settle_due(c, c->size, &had))
        return;
    atomic_store_explicit(&c->members[c->rank].had, had, memory_order_relaxed);
    for (int r = 0; r < c->size; r++)
        all += atomic_load_explicit(&c->members[r].had, memory_order_relaxed);
    settle(all, c->rank, c->size);
}

bool commons_beside(const struct commons *c, int rank)
{
    uint32_t own = atomic_load_explicit(&c->members[c->rank].core, memory_order_relaxed);

    return own && own == atomic_load_explicit(&c->members[rank].core, memory_order_relaxed);
}

/* Where in parts of this size lies what an operation uses of them, whole lines. The next has other
 * ones: lines that are used again soon are in the others' caches, those of long ago in one that all
 * share. */
static size_t part_at(struct commons *c, bool go_on, size_t parts, size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (go_on)
        c->part_at += bytes;
    if (c->part_at > parts || bytes > parts - c->part_at)
        c->part_at = 0;
    return c->part_at;
}

void *commons_parts(struct commons_op *op, unsigned count, size_t bytes)
{
    struct commons *c = op->commons;
    unsigned first = (c->part + count - 1) / count * count % DVM_COMMONS_PARTS;
    size_t size = c->wide_bytes / DVM_COMMONS_PARTS;

    /* a hint: it is in the line that this member writes in each turn */
    atomic_store_explicit(&c->members[c->rank].core, (uint32_t)(1 + sched_getcpu()),
                          memory_order_relaxed);
    op->parts_turn = 0;
    op->part = first;
    for (unsigned i = first; i < first + count; i++) {
        if (c->part_turn[i] > op->parts_turn)
            op->parts_turn = c->part_turn[i];
        c->part_turn[i] = c->turn;
    }
    c->part = first + count;
    return c->wide + first * size + part_at(c, first == 0, count * size, bytes);
}
