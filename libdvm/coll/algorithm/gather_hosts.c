/* gather_hosts.c: blocks of one size to the root by two levels: those of a host to the one that
 * stands for it, who sends them on as one message.
 *
 * Blocks cross without gaps, so that tasks may describe theirs by types of their own.
 * Used for small blocks over several hosts of which one has more than two tasks: the root takes
 * few messages in, and waits for one host more than once only where its own is large.
 * Cost: at the root h - 1 messages of h hosts and one for each other task of its own.
 * Source: as shared.c.
 */
#include "coll/level.h"

void gather_hosts(struct schedule *s, int root, const void *own, size_t count,
                  const struct blocks *all)
{
    bool at_root = s->rank == root;
    struct level l;
    struct level_line line;
    void **parts;

    if (!level_begin(s, root, &l) || !level_line(s, &l, at_root, all, count, &line))
        return;
    parts = level_parts(s, &l, 0);
    if (!parts)
        return;
    for (int i = 0; i < l.count; i++)
        parts[i] = blocks_at(&line.here, i);
    if (parts[l.place] != own)
        schedule_copy_between(s, parts[l.place], line.here.type, own, all->type, count);
    level_gather(s, &l, parts, parts[l.place], line.here.count, line.here.type);
    if (l.stands) {
        level_between(s, &l);
        gather_linear(s, l.hosts->of[root], parts[0], (size_t)l.count * line.here.count,
                      &line.hosts);
    }
    level_end(s);
    schedule_round(s);
    if (at_root && line.all.base != all->base)
        level_reorder(s, l.hosts, all, &line.all, false);
}
