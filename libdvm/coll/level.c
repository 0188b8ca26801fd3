/* level.c: see level.h. */
#include "coll/level.h"

#include "coll/shared.h"
#include "type/derived.h"
#include "type/type.h"

#define NODES_MAX 65536     /* bytes of operands that all hosts exchange to combine alone */
#define GATHER_MAX 65536    /* bytes that all give together, in blocks that lie interleaved */
#define SCAN_MAX 16384      /* bytes of operands that go to all, who combine alone */
#define ALLTOALL_MAX 16384  /* bytes of what one host has for another */

bool level_fits(const struct hosts *h, enum coll_kind kind, size_t bytes)
{
    size_t ranks = (size_t)h->begin[h->count], nodes = (size_t)h->node_begin[h->count];
    size_t most = (size_t)h->most;

    if (h->count < 2 || most < 2)
        return false;
    switch (kind) {
    case COLL_REDUCE:
        return h->whole || bytes <= NODES_MAX / nodes;
    case COLL_ALLREDUCE:
        return (h->whole && (bytes <= LEVEL_WHOLE_MAX || h->most == h->least)) ||
               bytes <= NODES_MAX / nodes;
    case COLL_ALLGATHER:
    case COLL_ALLGATHERV:
        return h->blocks || bytes <= GATHER_MAX / ranks;
    case COLL_SCAN:
    case COLL_EXSCAN:
        return bytes <= SCAN_MAX / ranks;
    case COLL_ALLTOALL:
        return bytes <= ALLTOALL_MAX / (most * most);
    default:
        return kind == COLL_BARRIER || kind == COLL_BCAST || kind == COLL_REDUCE_SCATTER ||
               kind == COLL_REDUCE_SCATTER_BLOCK || kind == COLL_GATHER || kind == COLL_SCATTER;
    }
}

bool level_begin(struct schedule *s, int root, struct level *l)
{
    const struct hosts *h = s->coll->hosts;
    int *stand = schedule_space(s, (size_t)h->count * sizeof *stand);

    if (!stand)
        return false;
    for (int i = 0; i < h->count; i++)
        stand[i] = h->ranks[h->begin[i]];
    if (root != DVM_NULL)
        stand[h->of[root]] = root;
    l->hosts = h;
    l->stand = stand;
    l->here = hosts_here(h, &l->count);
    l->place = h->place;
    for (l->first = 0; l->here[l->first] != stand[h->mine];)
        l->first++;
    l->stands = l->first == l->place;
    return true;
}

void level_inside(struct schedule *s, const struct level *l)
{
    schedule_among(s, l->here, l->count, l->place);
}

void level_between(struct schedule *s, const struct level *l)
{
    schedule_among(s, l->stand, l->hosts->count, l->hosts->mine);
}

void level_end(struct schedule *s)
{
    schedule_among(s, NULL, 0, 0);
}

void level_gather(struct schedule *s, const struct level *l, void **parts, const void *own,
                  size_t count, dvm_type type)
{
    if (l->stands && parts)
        schedule_copy_elements(s, parts[l->place], own, count, type);
    if (l->count == 1)
        return;
    level_inside(s, l);
    if (shared_may(s, count * type_find(type)->size)) {
        schedule_do(s, shared_gather, l->first, parts, own, count, type);
        return;
    }
    if (!l->stands) {
        schedule_send(s, l->first, own, count, type);
        return;
    }
    for (int i = 0; i < l->count; i++)
        if (i != l->place)
            schedule_receive(s, i, parts ? parts[i] : NULL, count, type);
    schedule_round(s);
}

void level_bcast(struct schedule *s, const struct level *l, void *buffer, size_t count,
                 dvm_type type)
{
    if (l->count == 1)
        return;
    level_inside(s, l);
    if (shared_may(s, count * type_find(type)->size))
        schedule_do(s, shared_give, l->first, buffer, buffer, count, type);
    else
        bcast_star(s, l->first, buffer, count, type);
}

void **level_parts(struct schedule *s, const struct level *l, size_t bytes)
{
    void **parts = schedule_space(s, (size_t)l->count * sizeof *parts);
    char *space = schedule_space(s, (size_t)l->count * bytes);

    for (int i = 0; parts && space && i < l->count; i++)
        parts[i] = space + bytes * (size_t)i;
    return space ? parts : NULL;
}

struct blocks level_blocks(struct schedule *s, const struct level *l, void *base, const int *begin,
                           size_t each, dvm_type type)
{
    size_t hosts = (size_t)l->hosts->count;
    size_t *counts = schedule_space(s, 2 * hosts * sizeof *counts);
    struct blocks b = {.base = base, .counts = counts, .type = type};

    if (!counts)
        return b;
    b.offsets = counts + hosts;
    for (size_t i = 0; i < hosts; i++) {
        counts[i] = (size_t)(begin[i + 1] - begin[i]) * each;
        counts[hosts + i] = (size_t)begin[i] * each;
    }
    return b;
}

bool level_line(struct schedule *s, const struct level *l, bool at_root, const struct blocks *all,
                size_t count, struct level_line *line)
{
    const struct hosts *h = l->hosts;
    struct blocks lined = {.count = count, .type = all->type};
    size_t times = 1, bytes = count * type_find(all->type)->size;

    if (!type_basic(all->type)) {
        schedule_hold(s, all->type);
        s->rc = derived_packed(derived_known(all->type), &lined.type, &times);
    }
    lined.count *= times;
    line->all = line->here = lined;
    if (at_root) {
        bool as_it_is = h->blocks && type_basic(all->type);

        line->all.base = as_it_is ? all->base
                                  : schedule_space(s, (size_t)h->begin[h->count] * bytes);
    }
    line->hosts = level_blocks(s, l, line->all.base, h->begin, lined.count, lined.type);
    line->here.base = at_root ? blocks_at(&line->all, h->begin[h->mine])
                              : schedule_space(s, (size_t)l->count * bytes);
    return s->rc == DVM_OK;
}

void level_reorder(struct schedule *s, const struct hosts *h, const struct blocks *to,
                   const struct blocks *from, bool in_line)
{
    for (int k = 0; k < h->begin[h->count]; k++) {
        int target = in_line ? k : h->ranks[k], source = in_line ? h->ranks[k] : k;

        schedule_copy_between(s, blocks_at(to, target), to->type, blocks_at(from, source),
                              from->type, from->count);
    }
}

struct blocks level_pieces(struct schedule *s, void *base, size_t count, int n, dvm_type type)
{
    size_t pieces = (size_t)n, each = count / pieces, rest = count % pieces;
    size_t *counts = schedule_space(s, 2 * pieces * sizeof *counts);
    struct blocks b = {.base = base, .counts = counts, .type = type};

    if (!counts)
        return b;
    b.offsets = counts + pieces;
    for (size_t i = 0, at = 0; i < pieces; at += counts[i], i++) {
        counts[i] = each + (i < rest);
        counts[pieces + i] = at;
    }
    return b;
}
