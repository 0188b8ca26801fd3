/* expected.c: see expected.h. A table by id, and a list in the order in which they were
 * announced, so that those whose time is over are at its front.
 */
#include "daemon/lanes/expected.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/table.h"
#include "dvm.h"

struct entry {
    struct entry *next, *previous;
    uint64_t until; /* ms */
    struct expected_lane lane;
};

struct expected {
    size_t most;
    uint64_t ms;
    struct table by_id;          /* struct entry, owned */
    struct entry *first, *last;  /* the same, the oldest first */
};

struct expected *expected_create(size_t most, uint64_t ms)
{
    struct expected *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->most = most;
    e->ms = ms;
    return e;
}

void expected_drop(struct expected *e, uint64_t id)
{
    struct entry *one = table_take(&e->by_id, id);

    if (!one)
        return;
    *(one->previous ? &one->previous->next : &e->first) = one->next;
    *(one->next ? &one->next->previous : &e->last) = one->previous;
    explicit_bzero(one, sizeof *one);
    free(one);
}

void expected_destroy(struct expected *e)
{
    if (!e)
        return;
    while (e->first)
        expected_drop(e, e->first->lane.id);
    table_free(&e->by_id);
    free(e);
}

static void drop_old(struct expected *e, uint64_t now)
{
    while (e->first && e->first->until <= now)
        expected_drop(e, e->first->lane.id);
}

int expected_add(struct expected *e, const struct expected_lane *lane, uint64_t now)
{
    struct entry *one;

    drop_old(e, now);
    if (e->by_id.count >= e->most)
        return DVM_ERR_LIMIT;
    if (table_get(&e->by_id, lane->id))
        return DVM_ERR_EXISTS;
    one = malloc(sizeof *one);
    if (!one || table_put(&e->by_id, lane->id, one)) {
        free(one);
        return DVM_ERR_NO_MEMORY;
    }
    *one = (struct entry){.previous = e->last, .until = now + e->ms, .lane = *lane};
    *(e->last ? &e->last->next : &e->first) = one;
    e->last = one;
    return DVM_OK;
}

const struct expected_lane *expected_find(struct expected *e, uint64_t id, uint64_t now)
{
    struct entry *one;

    drop_old(e, now);
    one = table_get(&e->by_id, id);
    return one ? &one->lane : NULL;
}

size_t expected_count(const struct expected *e)
{
    return e->by_id.count;
}
