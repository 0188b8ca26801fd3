/* tree.c: what algorithms share: blocks of ranks, and the one order of combination.
 *
 * The order is that of a binomial tree over the ranks: neighbours first, then pairs of
 * pairs, an incomplete block as it is. Each algorithm of a reduction follows it, so that
 * sums of floating numbers have the same bits whichever was chosen.
 * Source: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective communication
 * operations in MPICH", Int. J. High Perf. Comput. Appl. 19 (2005), for the tree.
 */
#include "coll/algorithms.h"
#include "type/derived.h"

void *blocks_at(const struct blocks *b, int rank)
{
    size_t offset = b->offsets ? b->offsets[rank] : b->count * (size_t)rank;

    return (char *)b->base + (ptrdiff_t)offset * derived_distance(b->type);
}

size_t blocks_count(const struct blocks *b, int rank)
{
    return b->counts ? b->counts[rank] : b->count;
}

size_t blocks_most(const struct blocks *b, int ranks)
{
    size_t most = 0;

    for (int r = 0; r < ranks; r++)
        if (blocks_count(b, r) > most)
            most = blocks_count(b, r);
    return most;
}

size_t blocks_all(const struct blocks *b, int ranks)
{
    size_t all = 0;

    for (int r = 0; r < ranks; r++)
        all += blocks_count(b, r);
    return all;
}

void tree_combine(struct schedule *s, void *const *parts, int size, size_t count, dvm_type type,
                  dvm_op op)
{
    for (int bit = 1; bit < size; bit *= 2)
        for (int r = 0; r + bit < size; r += 2 * bit)
            if (parts[r] && parts[r + bit])
                schedule_combine(s, parts[r], parts[r + bit], count, type, op);
}
