/* reduce_star.c: a reduction at the root, which receives from all and combines alone.
 *
 * Used for small operands where tasks are more than the cores, as bcast_star.c.
 * Cost: (n - 1) messages to the root, n - 1 combinations there, n operands of memory.
 * Source: as bcast_star.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void reduce_star(struct schedule *s, int root, const struct reduction *r)
{
    size_t bytes = r->count * type_find(r->type)->size;
    void **parts;
    char *space;

    if (s->rank != root) {
        schedule_send(s, root, r->in, r->count, r->type);
        return;
    }
    parts = schedule_space(s, (size_t)s->size * sizeof *parts);
    space = schedule_space(s, (size_t)s->size * bytes);
    if (!parts || !space)
        return;
    for (int i = 0; i < s->size; i++) {
        parts[i] = space + bytes * (size_t)i;
        if (i == root)
            schedule_copy(s, parts[i], r->in, bytes);
        else
            schedule_receive(s, i, parts[i], r->count, r->type);
    }
    schedule_round(s);
    tree_combine(s, parts, s->size, r->count, r->type, r->op);
    schedule_copy(s, r->out, parts[0], bytes);
}
