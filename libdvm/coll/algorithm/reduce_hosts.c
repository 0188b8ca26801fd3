/* reduce_hosts.c: reductions of two levels: each host combines what it can alone, and what is
 * left crosses.
 *
 * The order of combination is that of all (tree.c): a host combines those blocks of the tree
 * whose ranks it all has, its nodes. Where that is one for each host, of one size, hosts go on
 * as a tree of hosts; else the nodes of all hosts go to whoever needs the result, and it
 * combines them: few where the ranks of a host follow each other, all operands at worst.
 * Large operands for all go in pieces: each task of a host combines one piece of all there,
 * then with those of its place on the other hosts.
 * Used over several hosts of which one at least has several tasks, where the operands that
 * cross are few or small.
 * Cost: as reduce_binomial.c and allreduce_doubling.c on h hosts, for nodes as allgather_bruck.c;
 * pieces: between hosts 2 (h - 1) / h operands to and from each host.
 * Source: as shared.c; pieces: J. L. Traeff, S. Hunold, "Decomposing MPI collectives for
 * exploiting multi-lane communication", IEEE Cluster (2020).
 */
#include "coll/level.h"
#include "type/type.h"

/* The operands of this host to the one that stands for it, who combines its nodes. Returns
 * where they are, by place. */
static void **combine_inside(struct schedule *s, const struct level *l, const struct reduction *r)
{
    const struct hosts *h = l->hosts;
    void **parts = l->stands ? level_parts(s, l, r->count * type_find(r->type)->size) : NULL;
    int at = 0;

    if (l->stands && !parts)
        return NULL;
    level_gather(s, l, parts, r->in, r->count, r->type);
    for (int i = h->node_begin[h->mine]; parts && i < h->node_begin[h->mine + 1]; i++) {
        tree_combine(s, parts + at, h->nodes[i].count, r->count, r->type, r->op);
        at += h->nodes[i].count;
    }
    return parts;
}

/* Room for the nodes of all hosts, one host behind the other, with this one's in place. */
static struct blocks node_blocks(struct schedule *s, const struct level *l, void **parts,
                                 const struct reduction *r)
{
    const struct hosts *h = l->hosts;
    size_t bytes = r->count * type_find(r->type)->size;
    char *space = schedule_space(s, (size_t)h->node_begin[h->count] * bytes);
    struct blocks b = level_blocks(s, l, space, h->node_begin, r->count, r->type);
    int at = 0;

    if (!b.counts || !space)
        return (struct blocks){0};
    for (int i = h->node_begin[h->mine]; i < h->node_begin[h->mine + 1]; i++) {
        schedule_copy(s, space + bytes * (size_t)i, parts[at], bytes);
        at += h->nodes[i].count;
    }
    return b;
}

/* All nodes are here: the result of all ranks into out. */
static void combine_nodes(struct schedule *s, const struct level *l, const struct blocks *b,
                          const struct reduction *r)
{
    const struct hosts *h = l->hosts;
    size_t n = (size_t)h->begin[h->count], bytes = r->count * type_find(r->type)->size;
    void **parts = schedule_space(s, n * sizeof *parts);

    if (!parts)
        return;
    for (size_t i = 0; i < n; i++)
        parts[i] = NULL; /* inside a node */
    for (int i = 0; i < h->node_begin[h->count]; i++)
        parts[h->nodes[i].rank] = (char *)b->base + bytes * (size_t)i;
    tree_combine(s, parts, (int)n, r->count, r->type, r->op);
    schedule_copy(s, r->out, parts[0], bytes);
}

void reduce_hosts(struct schedule *s, int root, const struct reduction *r)
{
    struct level l;
    void **parts;
    struct blocks b;

    if (!level_begin(s, root, &l))
        return;
    parts = combine_inside(s, &l, r);
    level_between(s, &l);
    if (parts && l.hosts->whole) {
        reduce_binomial(s, l.hosts->of[root], &(struct reduction){parts[0], r->out, r->count,
                                                                 r->type, r->op});
    } else if (parts) {
        b = node_blocks(s, &l, parts, r);
        if (b.base)
            gather_linear(s, l.hosts->of[root], blocks_at(&b, l.hosts->mine),
                          blocks_count(&b, l.hosts->mine), &b);
        schedule_round(s);
        if (b.base && s->rank == l.hosts->of[root])
            combine_nodes(s, &l, &b, r);
    }
    level_end(s);
}

/* In pieces: inside, with the same place on the other hosts, inside. */
static void in_pieces(struct schedule *s, const struct level *l, const struct reduction *r)
{
    const struct hosts *h = l->hosts;
    int *column = schedule_space(s, (size_t)h->count * sizeof *column);
    struct blocks in = level_pieces(s, (void *)(uintptr_t)r->in, r->count, l->count, r->type);
    struct blocks out = in;
    size_t count;
    void *piece;

    out.base = r->out;
    if (!column || !in.counts)
        return;
    count = in.counts[l->place];
    piece = schedule_space(s, count * type_find(r->type)->size);
    if (!piece)
        return;
    for (int i = 0; i < h->count; i++)
        column[i] = h->ranks[h->begin[i] + l->place];
    level_inside(s, l);
    reduce_scatter_spread(s, &in, piece, r->op);
    schedule_round(s);
    schedule_among(s, column, h->count, h->mine);
    allreduce_scatter_gather(s, &(struct reduction){piece, blocks_at(&out, l->place), count,
                                                    r->type, r->op});
    schedule_round(s);
    level_inside(s, l);
    allgather_ring(s, &out);
}

void allreduce_hosts(struct schedule *s, const struct reduction *r)
{
    size_t bytes = r->count * type_find(r->type)->size;
    struct level l;
    void **parts;
    struct blocks b;

    if (!level_begin(s, DVM_NULL, &l))
        return;
    if (l.hosts->whole && l.hosts->most == l.hosts->least && bytes > LEVEL_WHOLE_MAX) {
        in_pieces(s, &l, r);
        level_end(s);
        return;
    }
    parts = combine_inside(s, &l, r);
    level_between(s, &l);
    if (parts && l.hosts->whole) {
        allreduce_doubling(s, &(struct reduction){parts[0], r->out, r->count, r->type, r->op});
    } else if (parts) {
        b = node_blocks(s, &l, parts, r);
        if (b.base) {
            allgather_bruck(s, &b);
            combine_nodes(s, &l, &b, r);
        }
    }
    level_bcast(s, &l, r->out, r->count, r->type);
    level_end(s);
}
