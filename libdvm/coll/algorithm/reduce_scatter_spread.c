/* reduce_scatter_spread.c: each task receives its block from all others at once and
 * combines alone: for small blocks it is one round, and for large ones each task combines its own
 * share.
 * Used where two levels cannot be (reduce_scatter_hosts.c), so always on one host.
 * Cost: n - 1 messages of one block each way, n - 1 combinations of a block, n blocks of
 * memory.
 * Source: as alltoall_spread.c; what it has for operators that are not commutative, as one round.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void reduce_scatter_spread(struct schedule *s, const struct blocks *in, void *out, dvm_op op)
{
    size_t count = blocks_count(in, s->rank), bytes = count * type_find(in->type)->size;
    void **parts = schedule_space(s, (size_t)s->size * sizeof *parts);
    char *space = schedule_space(s, (size_t)s->size * bytes);

    if (!parts || !space)
        return;
    for (int i = 0; i < s->size; i++)
        parts[i] = space + bytes * (size_t)i;
    schedule_copy(s, parts[s->rank], blocks_at(in, s->rank), bytes);
    for (int i = 1; i < s->size; i++) {
        int from = (s->rank - i + s->size) % s->size, to = (s->rank + i) % s->size;

        schedule_receive(s, from, parts[from], count, in->type);
        schedule_send(s, to, blocks_at(in, to), blocks_count(in, to), in->type);
    }
    schedule_round(s);
    tree_combine(s, parts, s->size, count, in->type, op);
    schedule_copy(s, out, parts[0], bytes);
}
