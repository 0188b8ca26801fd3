/* alltoall_hosts.c: everybody's blocks to everybody, by two levels: those that stand for hosts
 * collect all that goes from their host, exchange one message with each other host, and give
 * each task of theirs what is for it.
 *
 * Used for small blocks over several hosts of which one at least has several tasks.
 * Cost: h - 1 messages each way for a host, of h hosts; two messages of all blocks of a task
 * inside, and two copies.
 * Source: as allgather_hosts.c; J. L. Traeff, A. Rougier, "MPI collectives and datatypes for
 * hierarchical all-to-all communication", EuroMPI (2014).
 */
#include "coll/level.h"
#include "type/type.h"

/* What is sent from host to host: matrices of blocks, by this host's or the other's tasks. */
struct exchange {
    const struct level *l;
    dvm_type type;
    size_t count, bytes;   /* of a block */
    char *rows, *out, *in; /* of this host's tasks, a block for each rank; to, from each host */
};

static size_t here_begin(const struct hosts *h, int host)
{
    return (size_t)h->begin[host];
}

/* From rows into out: for each host the blocks of each task here for each task there. */
static void pack(struct schedule *s, const struct exchange *e)
{
    const struct hosts *h = e->l->hosts;
    size_t n = here_begin(h, h->count), here = (size_t)e->l->count;
    char *to = e->out;

    for (int host = 0; host < h->count; host++)
        for (size_t i = 0; i < here; i++)
            for (int k = h->begin[host]; k < h->begin[host + 1]; k++, to += e->bytes)
                schedule_copy(s, to, e->rows + (i * n + (size_t)h->ranks[k]) * e->bytes, e->bytes);
}

/* From in into rows: for each task here the block of each rank. */
static void unpack(struct schedule *s, const struct exchange *e)
{
    const struct hosts *h = e->l->hosts;
    size_t n = here_begin(h, h->count), here = (size_t)e->l->count;
    const char *from = e->in;

    for (int host = 0; host < h->count; host++)
        for (int k = h->begin[host]; k < h->begin[host + 1]; k++)
            for (size_t i = 0; i < here; i++, from += e->bytes)
                schedule_copy(s, e->rows + (i * n + (size_t)h->ranks[k]) * e->bytes, from,
                              e->bytes);
}

/* The blocks of hosts in such a matrix. */
static struct blocks host_blocks(struct schedule *s, const struct exchange *e, char *base)
{
    const struct level *l = e->l;

    return level_blocks(s, l, base, l->hosts->begin, (size_t)l->count * e->count, e->type);
}

/* The part of the one that stands for its host; result: room for others' blocks. */
static void stand(struct schedule *s, const struct level *l, const struct blocks *own,
                  void *result)
{
    size_t bytes = own->count * type_find(own->type)->size;
    size_t ranks = here_begin(l->hosts, l->hosts->count), row = ranks * own->count;
    size_t all = ranks * bytes * (size_t)l->count;
    void **parts = level_parts(s, l, ranks * bytes);
    struct exchange e = {l, own->type, own->count, bytes, parts ? parts[0] : NULL,
                         schedule_space(s, all), schedule_space(s, all)};
    struct blocks out = host_blocks(s, &e, e.out), in = host_blocks(s, &e, e.in);

    if (!e.rows || !e.out || !e.in || !out.counts || !in.counts)
        return;
    level_gather(s, l, parts, own->base, row, e.type);
    pack(s, &e);
    level_between(s, l);
    alltoall_spread(s, &out, &in);
    schedule_round(s);
    unpack(s, &e);
    level_inside(s, l);
    for (int i = 0; i < l->count; i++)
        if (i != l->place)
            schedule_send(s, i, parts[i], row, e.type);
    schedule_copy(s, result, parts[l->place], ranks * bytes);
}

void alltoall_hosts(struct schedule *s, const struct blocks *in, const struct blocks *out)
{
    size_t row = in->count * (size_t)s->size;
    struct level l;

    if (!level_begin(s, DVM_NULL, &l))
        return;
    if (l.stands) {
        stand(s, &l, in, out->base);
    } else {
        level_gather(s, &l, NULL, in->base, row, in->type);
        level_inside(s, &l);
        schedule_receive(s, l.first, out->base, row, in->type);
    }
    level_end(s);
}
