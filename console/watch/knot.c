/* knot.c: see knot.h. Tasks are taken away in passes, until a pass finds none; the sets
 * (worlds) are few. */
#include "console/watch/knot.h"

#include <stdlib.h>

struct sets {
    uint64_t *moving; /* numbers of the sets with a task that goes on; owned */
    size_t count;
};

static bool moves(const struct sets *s, uint64_t set)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->moving[i] == set)
            return true;
    return false;
}

static bool goes_on(const struct knot_node *nodes, const struct knot_node *n,
                    const struct sets *s)
{
    if (n->wait == KNOT_ONE)
        return !nodes[n->one].stuck;
    return n->wait == KNOT_NONE || !s->moving || moves(s, n->set);
}

size_t knot_find(struct knot_node *nodes, size_t count)
{
    struct sets sets = {.moving = malloc((count + 1) * sizeof *sets.moving)};
    size_t stuck = count;
    bool changed = true;

    for (size_t i = 0; i < count; i++)
        nodes[i].stuck = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < count; i++) {
            if (!nodes[i].stuck || !goes_on(nodes, &nodes[i], &sets))
                continue;
            nodes[i].stuck = false;
            stuck--;
            changed = true;
            if (sets.moving && !moves(&sets, nodes[i].set))
                sets.moving[sets.count++] = nodes[i].set;
        }
    }
    free(sets.moving);
    return stuck;
}

size_t knot_circle(const struct knot_node *nodes, size_t count, size_t from)
{
    size_t at = from;

    /* after so many steps it is on the circle, if there is one */
    for (size_t i = 0; i < count; i++) {
        if (nodes[at].wait != KNOT_ONE)
            return count;
        at = nodes[at].one;
    }
    return at;
}
