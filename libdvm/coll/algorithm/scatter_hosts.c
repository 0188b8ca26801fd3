/* scatter_hosts.c: root's blocks, of one size, to all by two levels: one message for each host,
 * to the one that stands for it, who gives each task there its own.
 *
 * Used as gather_hosts.c, whose way back it is.
 * Cost: at the root h - 1 messages of h hosts and one for each other task of its own.
 * Source: as shared.c.
 */
#include "coll/level.h"
#include "coll/shared.h"
#include "type/type.h"

/* To each task here its block from the one that stands for all, who has them. */
static void give(struct schedule *s, const struct level *l, const struct blocks *here)
{
    size_t count = (size_t)l->count * here->count;

    if (shared_may(s, count * type_find(here->type)->size)) {
        level_bcast(s, l, here->base, count, here->type);
        return;
    }
    level_inside(s, l);
    for (int i = 0; l->stands && i < l->count; i++)
        if (i != l->place)
            schedule_send(s, i, blocks_at(here, i), here->count, here->type);
    if (!l->stands)
        schedule_receive(s, l->first, blocks_at(here, l->place), here->count, here->type);
}

void scatter_hosts(struct schedule *s, int root, void *own, size_t count,
                   const struct blocks *all)
{
    bool at_root = s->rank == root;
    struct level l;
    struct level_line line;

    if (!level_begin(s, root, &l) || !level_line(s, &l, at_root, all, count, &line))
        return;
    if (at_root && line.all.base != all->base)
        level_reorder(s, l.hosts, &line.all, all, true);
    if (l.stands) {
        level_between(s, &l);
        scatter_linear(s, l.hosts->of[root], line.here.base, (size_t)l.count * line.here.count,
                       &line.hosts);
        schedule_round(s);
    }
    give(s, &l, &line.here);
    level_end(s);
    schedule_round(s);
    if (own != blocks_at(&line.here, l.place))
        schedule_copy_between(s, own, all->type, blocks_at(&line.here, l.place), line.here.type,
                              line.here.count);
}
