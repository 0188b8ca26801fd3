/* gather_linear.c: the root receives from each task.
 *
 * Used on one host, where no host has three tasks, and for blocks that are large or of unlike
 * sizes.
 * Cost: n - 1 messages at the root, one elsewhere.
 * Source: as bcast_star.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void gather_linear(struct schedule *s, int root, const void *own, size_t count,
                   const struct blocks *all)
{
    if (s->rank != root) {
        schedule_send(s, root, own, count, all->type);
        return;
    }
    for (int r = 0; r < s->size; r++)
        if (r != root)
            schedule_receive(s, r, blocks_at(all, r), blocks_count(all, r), all->type);
    schedule_copy_elements(s, blocks_at(all, root), own, count, all->type);
}
