/* scatter_linear.c: the root sends to each task.
 *
 * Used as gather_linear.c, whose way back it is.
 * Cost: n - 1 messages at the root, one elsewhere.
 * Source: as bcast_star.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void scatter_linear(struct schedule *s, int root, void *own, size_t count,
                    const struct blocks *all)
{
    if (s->rank != root) {
        schedule_receive(s, root, own, count, all->type);
        return;
    }
    for (int i = 1; i < s->size; i++) {
        int to = (root + i) % s->size;

        schedule_send(s, to, blocks_at(all, to), blocks_count(all, to), all->type);
    }
    schedule_copy_elements(s, own, blocks_at(all, root), count, all->type);
}
