/* allgather_hosts.c: everybody's block to everybody, by two levels: the blocks of a host to the
 * one that stands for it, those exchange all, and each gives them to its own.
 *
 * Used for small blocks over several hosts of which one at least has several tasks.
 * Cost: between hosts as allgather_bruck.c on h hosts, or a ring of them where blocks are large;
 * each host sends and receives what crosses once.
 * Source: as shared.c.
 */
#include "coll/level.h"
#include "type/type.h"

#define BRUCK_MAX 65536 /* bytes of all blocks, beyond which those of hosts go around a ring */

/* The blocks of hosts; in place where the ranks of each follow each other, else in space. */
static struct blocks host_blocks(struct schedule *s, const struct level *l,
                                 const struct blocks *all)
{
    const struct hosts *h = l->hosts;
    size_t bytes = all->count * type_find(all->type)->size;
    void *base = all->base;

    if (!h->blocks)
        base = schedule_space(s, bytes * (size_t)h->begin[h->count]);
    return level_blocks(s, l, base, h->begin, all->count, all->type);
}

/* Between what lies host by host and what lies rank by rank: to it, or from it. */
static void turn(struct schedule *s, const struct hosts *h, const struct blocks *all, char *by_host,
                 int first, int end, bool to)
{
    size_t bytes = all->count * type_find(all->type)->size;

    for (int i = first; i < end; i++) {
        void *there = by_host + bytes * (size_t)i, *here = blocks_at(all, h->ranks[i]);

        schedule_copy(s, to ? there : here, to ? here : there, bytes);
    }
}

static void between(struct schedule *s, const struct level *l, const struct blocks *all)
{
    const struct hosts *h = l->hosts;
    struct blocks b = host_blocks(s, l, all);
    size_t bytes = (size_t)h->begin[h->count] * all->count * type_find(all->type)->size;

    if (!b.counts || !b.base)
        return;
    if (!h->blocks)
        turn(s, h, all, b.base, h->begin[h->mine], h->begin[h->mine + 1], true);
    level_between(s, l);
    if (bytes <= BRUCK_MAX)
        allgather_bruck(s, &b);
    else
        allgather_ring(s, &b);
    if (!h->blocks)
        turn(s, h, all, b.base, 0, h->begin[h->count], false);
}

void allgather_hosts(struct schedule *s, const struct blocks *all)
{
    size_t n = (size_t)s->size;
    struct level l;
    void **parts;

    if (!level_begin(s, DVM_NULL, &l) || !(parts = level_parts(s, &l, 0)))
        return;
    for (int i = 0; i < l.count; i++)
        parts[i] = blocks_at(all, l.here[i]);
    level_gather(s, &l, parts, parts[l.place], all->count, all->type);
    if (l.stands)
        between(s, &l, all);
    level_bcast(s, &l, all->base, n * all->count, all->type);
    level_end(s);
}
