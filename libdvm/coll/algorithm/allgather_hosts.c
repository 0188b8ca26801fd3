/* allgather_hosts.c: everybody's block to everybody, by two levels: the blocks of a host to the
 * one that stands for it, those exchange all, and each gives them to its own.
 *
 * All this is done host by host: where that is how the blocks lie anyway, ranks of each host
 * following each other and blocks, too, it is done in place.
 * Used for small blocks, also of unlike sizes, over several hosts of which one at least has
 * several tasks.
 * Cost: between hosts as allgather_bruck.c on h hosts, or a ring of them where blocks are large;
 * each host sends and receives what crosses once.
 * Source: as shared.c.
 */
#include "coll/level.h"
#include "coll/shared.h"
#include "type/type.h"

#define BRUCK_MAX 65536 /* bytes of all blocks, beyond which those of hosts go around a ring */

/* The blocks host by host: of the k-th rank (hosts.h) it begins at[k] elements behind base. */
struct lined {
    char *base;
    size_t *at;   /* at[n]: all */
    dvm_type type;
    size_t size;  /* bytes of an element */
    bool apart;   /* they lie in another way in the program's buffer */
};

static size_t elements(const struct lined *b, int k)
{
    return b->at[k + 1] - b->at[k];
}

static bool lined_make(struct schedule *s, const struct level *l, const struct blocks *all,
                       struct lined *b)
{
    const struct hosts *h = l->hosts;
    int n = h->begin[h->count];

    b->type = all->type;
    b->size = type_find(all->type)->size;
    b->at = schedule_space(s, ((size_t)n + 1) * sizeof *b->at);
    if (!b->at)
        return false;
    b->at[0] = 0;
    b->apart = !h->blocks;
    for (int k = 0; k < n; k++) {
        int rank = h->ranks[k];
        const char *here = blocks_at(all, rank);

        b->apart |= here != (const char *)blocks_at(all, h->ranks[0]) + b->at[k] * b->size;
        b->at[k + 1] = b->at[k] + blocks_count(all, rank);
    }
    b->base = b->apart ? schedule_space(s, b->at[n] * b->size) : blocks_at(all, h->ranks[0]);
    return b->base;
}

/* The blocks of this host to the one that stands for it, as messages. */
static void gather_messages(struct schedule *s, const struct level *l, const struct lined *b)
{
    int first = l->hosts->begin[l->hosts->mine];

    level_inside(s, l);
    for (int i = 0; i < l->count; i++) {
        void *block = b->base + b->at[first + i] * b->size;

        if (l->stands && i != l->place)
            schedule_receive(s, i, block, elements(b, first + i), b->type);
        else if (!l->stands && i == l->place)
            schedule_send(s, l->first, block, elements(b, first + i), b->type);
    }
    schedule_round(s);
}

/* The same through memory in common, where all give as much as the longest has. */
static void gather_padded(struct schedule *s, const struct level *l, const struct lined *b,
                          size_t most)
{
    int first = l->hosts->begin[l->hosts->mine];
    size_t own = first + (size_t)l->place;
    void **parts = level_parts(s, l, most * b->size);

    if (!parts)
        return;
    schedule_copy(s, parts[l->place], b->base + b->at[own] * b->size,
                  elements(b, first + l->place) * b->size);
    level_gather(s, l, parts, parts[l->place], most, b->type);
    for (int i = 0; l->stands && i < l->count; i++)
        if (i != l->place)
            schedule_copy(s, b->base + b->at[first + i] * b->size, parts[i],
                          elements(b, first + i) * b->size);
}

static void gather(struct schedule *s, const struct level *l, const struct lined *b)
{
    int first = l->hosts->begin[l->hosts->mine];
    size_t most = 0, least = SIZE_MAX;
    void **parts = level_parts(s, l, 0);

    for (int i = 0; parts && i < l->count; i++) {
        size_t count = elements(b, first + i);

        parts[i] = b->base + b->at[first + i] * b->size;
        most = count > most ? count : most;
        least = count < least ? count : least;
    }
    if (!parts || l->count == 1)
        return;
    if (most == least)
        level_gather(s, l, parts, parts[l->place], most, b->type);
    else if (shared_may(s, most * b->size))
        gather_padded(s, l, b, most);
    else
        gather_messages(s, l, b);
}

/* The blocks of hosts among those that stand for them. */
static void between(struct schedule *s, const struct level *l, const struct lined *b)
{
    const struct hosts *h = l->hosts;
    size_t hosts = (size_t)h->count, *counts = schedule_space(s, 2 * hosts * sizeof *counts);
    struct blocks of_hosts = {.base = b->base, .counts = counts, .type = b->type};

    if (!counts)
        return;
    of_hosts.offsets = counts + hosts;
    for (int i = 0; i < h->count; i++) {
        counts[hosts + (size_t)i] = b->at[h->begin[i]];
        counts[i] = b->at[h->begin[i + 1]] - b->at[h->begin[i]];
    }
    level_between(s, l);
    if (b->at[h->begin[h->count]] * b->size <= BRUCK_MAX)
        allgather_bruck(s, &of_hosts);
    else
        allgather_ring(s, &of_hosts);
}

/* To the place where a block is wanted, or from there. */
static void turn(struct schedule *s, const struct blocks *all, const struct lined *b, int k,
                 int rank, bool back)
{
    void *there = b->base + b->at[k] * b->size, *here = blocks_at(all, rank);

    schedule_copy(s, back ? here : there, back ? there : here, elements(b, k) * b->size);
}

void allgather_hosts(struct schedule *s, const struct blocks *all)
{
    int n = s->size;
    struct level l;
    struct lined b;

    if (!level_begin(s, DVM_NULL, &l) || !lined_make(s, &l, all, &b))
        return;
    if (b.apart)
        turn(s, all, &b, l.hosts->begin[l.hosts->mine] + l.place, s->rank, false);
    gather(s, &l, &b);
    if (l.stands)
        between(s, &l, &b);
    level_bcast(s, &l, b.base, b.at[n], b.type);
    level_end(s);
    schedule_round(s);
    for (int k = 0; b.apart && k < n; k++)
        if (l.hosts->ranks[k] != s->rank)
            turn(s, all, &b, k, l.hosts->ranks[k], true);
}
