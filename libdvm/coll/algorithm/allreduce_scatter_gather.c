/* allreduce_scatter_gather.c: a reduction for all in pieces: each task combines one piece
 * of everybody's, then the pieces go around a ring.
 *
 * Used for large operands: all tasks combine at the same time, and no task sends more than
 * twice the operand.
 * Cost: n latencies + 2 (n - 1) / n bytes / bandwidth + (n - 1) / n bytes * op; an operand
 * of memory.
 * Source: R. Rabenseifner, "Optimization of collective reduction operations", ICCS (2004),
 * with a direct exchange in the place of halving, for the order.
 */
#include "coll/algorithms.h"

void allreduce_scatter_gather(struct schedule *s, const struct reduction *r)
{
    size_t n = (size_t)s->size, each = r->count / n, rest = r->count % n;
    size_t *counts = schedule_space(s, 2 * n * sizeof *counts), *offsets;

    if (!counts)
        return;
    offsets = counts + n;
    for (size_t i = 0, at = 0; i < n; at += counts[i], i++) {
        counts[i] = each + (i < rest);
        offsets[i] = at;
    }
    const struct blocks in = {.base = (void *)(uintptr_t)r->in, .counts = counts,
                              .offsets = offsets, .type = r->type};
    const struct blocks out = {
        .base = r->out, .counts = counts, .offsets = offsets, .type = r->type};

    reduce_scatter_spread(s, &in, blocks_at(&out, s->rank), r->op);
    schedule_round(s);
    allgather_ring(s, &out);
}
