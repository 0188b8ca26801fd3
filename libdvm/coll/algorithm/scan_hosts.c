/* scan_hosts.c: prefix reductions by two levels: all operands go to all hosts, as an allgather
 * of two levels, and each task combines those up to its own.
 *
 * Used for small operands over several hosts of which one at least has several tasks.
 * Cost: as allgather_hosts.c, and an operation for each rank before this one.
 * Source: as shared.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void scan_hosts(struct schedule *s, const struct reduction *r, bool inclusive)
{
    size_t bytes = r->count * type_find(r->type)->size, n = (size_t)s->size;
    const struct blocks all = {
        .base = schedule_space(s, n * bytes), .count = r->count, .type = r->type};
    void **parts = schedule_space(s, n * sizeof *parts);
    int some = s->rank + inclusive;

    if (!all.base || !parts)
        return;
    for (int i = 0; i < s->size; i++)
        parts[i] = blocks_at(&all, i);
    schedule_copy(s, parts[s->rank], r->in, bytes);
    allgather_hosts(s, &all);
    schedule_round(s);
    tree_combine(s, parts, some, r->count, r->type, r->op);
    if (some > 0)
        schedule_copy(s, r->out, parts[0], bytes);
}
