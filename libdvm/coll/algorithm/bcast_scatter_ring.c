/* bcast_scatter_ring.c: a broadcast in pieces: the root gives each task one, and the pieces
 * go around a ring.
 *
 * Used for large messages between hosts, where the root's link is the limit: it sends the
 * whole only once, whatever the number of tasks.
 * Cost: 2 (n - 1) latencies + 2 bytes / bandwidth.
 * Source: R. van de Geijn and others, "Interprocessor collective communication library",
 * Proc. Scalable High Performance Computing (1994); as used in MPICH.
 */
#include "coll/algorithms.h"

/* Elements in front of piece p of n. */
static size_t piece_at(size_t count, int n, int p)
{
    return count / (size_t)n * (size_t)p + (count % (size_t)n) * (size_t)p / (size_t)n;
}

void bcast_scatter_ring(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    size_t size = (size_t)s->size;
    size_t *counts = schedule_space(s, 2 * size * sizeof *counts), *offsets;

    if (!counts)
        return;
    offsets = counts + size;
    for (int r = 0; r < s->size; r++) {
        offsets[r] = piece_at(count, s->size, r);
        counts[r] = piece_at(count, s->size, r + 1) - offsets[r];
    }
    const struct blocks all = {
        .base = buffer, .counts = counts, .offsets = offsets, .type = type};

    scatter_linear(s, root, blocks_at(&all, s->rank), counts[s->rank], &all);
    schedule_round(s);
    allgather_ring(s, &all);
}
