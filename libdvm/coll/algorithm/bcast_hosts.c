/* bcast_hosts.c: a broadcast of two levels: down a tree of hosts, of which the root stands for
 * its own, and inside each host from the one that has it.
 *
 * Over many hosts large messages go along a chain of them in pieces, each passed on, to the next
 * host and inside, while the next piece comes: every link carries them once in each direction.
 * Used over several hosts of which one at least has several tasks.
 * Cost: ceil(log2 h) (latency + bytes / bandwidth) of h hosts; in p pieces (h + p) (latency +
 * bytes / p / bandwidth). h - 1 times the message between hosts.
 * Source: as bcast_binomial.c; the chain: J. Pjesivac-Grbovic and others, "Performance analysis
 * of MPI collective operations", Cluster Computing 10 (2007).
 */
#include "coll/level.h"
#include "type/type.h"

#define TREE_MAX 65536   /* bytes that go down a tree in one piece, whatever the hosts */
#define TREE_HOSTS 4     /* hosts that are few enough for a tree in any case */
#define PIECE_MAX 131072 /* bytes of a piece of a chain */

/* One piece from this task to the next host of the chain and to the others of its own. */
static void pass_on(struct schedule *s, const struct level *l, int next, const struct blocks *b,
                    int piece)
{
    void *at = blocks_at(b, piece);
    size_t count = blocks_count(b, piece);

    if (next >= 0) {
        level_between(s, l);
        schedule_send(s, next, at, count, b->type);
    }
    level_inside(s, l);
    for (int i = 0; i < l->count; i++)
        if (i != l->place)
            schedule_send(s, i, at, count, b->type);
}

static void chain(struct schedule *s, const struct level *l, int root, const struct blocks *b,
                  int pieces)
{
    int hosts = l->hosts->count, begin = l->hosts->of[root];
    int place = (l->hosts->mine - begin + hosts) % hosts;
    int next = place + 1 < hosts ? (l->hosts->mine + 1) % hosts : -1;

    for (int p = 0; p < pieces; p++) {
        if (place > 0) {
            level_between(s, l);
            schedule_receive(s, (l->hosts->mine + hosts - 1) % hosts, blocks_at(b, p),
                             blocks_count(b, p), b->type);
        }
        if (place == 0)
            pass_on(s, l, next, b, p);
        else if (p > 0)
            pass_on(s, l, next, b, p - 1);
        schedule_round(s);
    }
    if (place > 0)
        pass_on(s, l, next, b, pieces - 1);
}

void bcast_hosts(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    size_t bytes = count * type_find(type)->size;
    int pieces = (int)(bytes / PIECE_MAX + 1);
    struct level l;
    struct blocks b;

    if (!level_begin(s, root, &l))
        return;
    if (bytes <= TREE_MAX || l.hosts->count <= TREE_HOSTS) {
        if (l.stands) {
            level_between(s, &l);
            bcast_binomial(s, l.hosts->of[root], buffer, count, type);
        }
        level_bcast(s, &l, buffer, count, type);
    } else {
        b = level_pieces(s, buffer, count, pieces, type);
        if (b.counts && l.stands)
            chain(s, &l, root, &b, pieces);
        level_inside(s, &l);
        for (int p = 0; b.counts && !l.stands && p < pieces; p++)
            schedule_receive(s, l.first, blocks_at(&b, p), blocks_count(&b, p), type);
    }
    level_end(s);
}
