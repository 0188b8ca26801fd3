/* reduce_scatter_hosts.c: blocks combined by two levels: each task of a host combines there
 * what its host has for one task of each host, and sends them that.
 *
 * A task with place p among those of its host serves the ranks with that place on their hosts
 * (or, where hosts have fewer tasks, with one that differs by a multiple of their number). It
 * gets their blocks from all tasks here, combines what may be without leaving the one order: the
 * nodes (group/hosts.h), and sends each of those ranks the nodes of its block; each rank then
 * has one message from each host.
 * Used over several hosts of which one at least has several tasks.
 * Cost: of h hosts with m tasks each, h - 1 messages each way between hosts for a task, each a
 * block for a node (of n - m blocks in the place of them all), m - 1 inside of h blocks.
 * Source: as reduce_hosts.c, its pieces.
 */
#include "coll/level.h"
#include "type/type.h"

/* What a task here serves. */
struct served {
    const struct level *l;
    const struct blocks *in;
    dvm_op op;
    size_t size;      /* bytes of an element */
    int *ranks;       /* by place, one behind the other, those that it serves; */
    int *begin;       /* where they begin there */
    size_t *elements; /* by place, of their blocks */
};

static bool served_make(struct schedule *s, struct served *v)
{
    const struct hosts *h = v->l->hosts;
    int here = v->l->count, at = 0;

    v->ranks = schedule_space(s, (size_t)h->begin[h->count] * sizeof *v->ranks);
    v->begin = schedule_space(s, (size_t)(here + 1) * sizeof *v->begin);
    v->elements = schedule_space(s, (size_t)here * sizeof *v->elements);
    if (!v->ranks || !v->begin || !v->elements)
        return false;
    for (int place = 0; place < here; place++) {
        v->begin[place] = at;
        v->elements[place] = 0;
        for (int host = 0; host < h->count; host++)
            for (int k = h->begin[host] + place; k < h->begin[host + 1]; k += here) {
                v->ranks[at++] = h->ranks[k];
                v->elements[place] += blocks_count(v->in, h->ranks[k]);
            }
    }
    v->begin[here] = at;
    return true;
}

/* This task's blocks for what a place serves, one behind the other. */
static void pack(struct schedule *s, const struct served *v, int place, char *to)
{
    for (int i = v->begin[place]; i < v->begin[place + 1]; i++) {
        size_t bytes = blocks_count(v->in, v->ranks[i]) * v->size;

        schedule_copy(s, to, blocks_at(v->in, v->ranks[i]), bytes);
        to += bytes;
    }
}

/* All blocks that this task serves, from all here, combined into nodes: the first of the parts
 * of each. Returns the parts, by place. */
static void **combine_inside(struct schedule *s, const struct served *v)
{
    const struct hosts *h = v->l->hosts;
    const struct level *l = v->l;
    size_t own = v->elements[l->place];
    void **parts = level_parts(s, l, own * v->size);
    int at = 0;

    if (!parts)
        return NULL;
    level_inside(s, l);
    for (int i = 0; i < l->count; i++) {
        char *packed = i == l->place ? parts[i] : schedule_space(s, v->elements[i] * v->size);

        if (!packed)
            return NULL;
        pack(s, v, i, packed);
        if (i == l->place)
            continue;
        schedule_receive(s, i, parts[i], own, v->in->type);
        schedule_send(s, i, packed, v->elements[i], v->in->type);
    }
    schedule_round(s);
    for (int i = h->node_begin[h->mine]; i < h->node_begin[h->mine + 1]; i++) {
        tree_combine(s, parts + at, h->nodes[i].count, own, v->in->type, v->op);
        at += h->nodes[i].count;
    }
    return parts;
}

/* The nodes here of a block, which is some elements behind the first of the parts; as many
 * elements it has: one behind the other in to. */
static void put_nodes(struct schedule *s, const struct served *v, void *const *parts, size_t skip,
                      size_t count, char *to)
{
    const struct hosts *h = v->l->hosts;
    size_t bytes = count * v->size;
    int at = 0;

    for (int i = h->node_begin[h->mine]; i < h->node_begin[h->mine + 1]; i++, to += bytes) {
        schedule_copy(s, to, (char *)parts[at] + skip * v->size, bytes);
        at += h->nodes[i].count;
    }
}

static int nodes_on(const struct hosts *h, int host)
{
    return h->node_begin[host + 1] - h->node_begin[host];
}

/* To each that this task serves its nodes, from one of each other host this one's: all are in
 * nodes then, host by host. */
static void between(struct schedule *s, const struct served *v, void *const *parts, char *nodes)
{
    const struct hosts *h = v->l->hosts;
    int place = v->l->place, here = nodes_on(h, h->mine), me = h->ranks[h->begin[h->mine] + place];
    size_t count = blocks_count(v->in, me), skip = 0;

    level_end(s);
    for (int host = 0; host < h->count; host++) {
        int there = h->begin[host + 1] - h->begin[host];

        if (host != h->mine)
            schedule_receive(s, h->ranks[h->begin[host] + place % there],
                             nodes + (size_t)h->node_begin[host] * count * v->size,
                             (size_t)nodes_on(h, host) * count, v->in->type);
    }
    for (int i = v->begin[place]; i < v->begin[place + 1]; i++) {
        int to = v->ranks[i];
        size_t each = blocks_count(v->in, to);
        char *packed = nodes + (size_t)h->node_begin[h->mine] * count * v->size;

        if (to != me && here > 1)
            packed = schedule_space(s, (size_t)here * each * v->size);
        if (!packed)
            return;
        if (to == me || here > 1)
            put_nodes(s, v, parts, skip, each, packed);
        else
            packed = (char *)parts[0] + skip * v->size;
        if (to != me)
            schedule_send(s, to, packed, (size_t)here * each, v->in->type);
        skip += each;
    }
    schedule_round(s);
}

void reduce_scatter_hosts(struct schedule *s, const struct blocks *in, void *out, dvm_op op)
{
    size_t count = blocks_count(in, s->rank), size = type_find(in->type)->size, n;
    struct level l;
    struct served v = {.l = &l, .in = in, .op = op, .size = size};
    void **parts, **all;
    char *nodes;

    if (!level_begin(s, DVM_NULL, &l) || !served_make(s, &v))
        return;
    n = (size_t)s->size;
    nodes = schedule_space(s, (size_t)l.hosts->node_begin[l.hosts->count] * count * size);
    all = schedule_space(s, n * sizeof *all);
    parts = combine_inside(s, &v);
    if (!parts || !nodes || !all)
        return;
    between(s, &v, parts, nodes);
    for (size_t i = 0; i < n; i++)
        all[i] = NULL; /* inside a node */
    for (int i = 0; i < l.hosts->node_begin[l.hosts->count]; i++)
        all[l.hosts->nodes[i].rank] = nodes + (size_t)i * count * size;
    tree_combine(s, all, s->size, count, in->type, op);
    schedule_copy(s, out, all[0], count * size);
}
