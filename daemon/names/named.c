/* named.c: one named group: its members at the places of their instances, and who waits in
 * its barrier. A member is found by its tid in a table; the lowest free instance is looked
 * for from the lowest that may be free, so that n tasks join in n steps.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "daemon/names/book_state.h"

#define ROOM_FIRST 8

static uint64_t hash(const char *name)
{
    return fnv64(FNV64_BEGIN, name, strlen(name));
}

struct named *named_find(const struct book *b, const char *name)
{
    struct named *g = table_get(&b->groups, hash(name));

    while (g && strcmp(g->name, name) != 0)
        g = g->next;
    return g;
}

struct named *named_next(const struct book *b, size_t *at, struct named *g)
{
    return g && g->next ? g->next : table_next(&b->groups, at);
}

struct named *named_add(struct book *b, const char *name)
{
    struct named *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->waiting_end = &g->waiting;
    g->name = strdup(name);
    g->next = table_get(&b->groups, hash(name));
    if (!g->name || table_put(&b->groups, hash(name), g)) {
        free(g->name);
        free(g);
        return NULL;
    }
    b->group_count++;
    b->group_bytes += named_cost(name);
    return g;
}

size_t named_cost(const char *name)
{
    return BOOK_GROUP_COST + strlen(name);
}

void named_free(struct named *g)
{
    for (int i = 0; i < g->room; i++)
        free(g->seats[i].owed);
    table_free(&g->places);
    free(g->seats);
    free(g->name);
    free(g);
}

void named_drop_empty(struct book *b, struct named *g)
{
    struct named *first = table_get(&b->groups, hash(g->name)), *before = first;

    if (g->members > 0)
        return;
    if (first != g) {
        while (before->next != g)
            before = before->next;
        before->next = g->next;
    } else if (g->next) {
        table_put(&b->groups, hash(g->name), g->next); /* its slot is there: no memory is taken */
    } else {
        table_take(&b->groups, hash(g->name));
    }
    b->group_count--;
    b->group_bytes -= named_cost(g->name);
    named_free(g);
}

int named_instance(const struct named *g, int tid)
{
    return (int)(uintptr_t)table_get(&g->places, (uint64_t)(uint32_t)tid) - 1;
}

static bool make_room(struct named *g, int instance)
{
    int room = g->room ? g->room : ROOM_FIRST;
    struct seat *more;

    if (instance < g->room)
        return true;
    while (room <= instance)
        room *= 2;
    more = realloc(g->seats, (size_t)room * sizeof *more);
    if (!more)
        return false;
    memset(more + g->room, 0, (size_t)(room - g->room) * sizeof *more);
    g->seats = more;
    g->room = room;
    return true;
}

int named_seat(struct book *b, struct named *g, int tid, int instance)
{
    if (instance < 0)
        for (instance = g->lowest; instance < g->room && g->seats[instance].tid;)
            instance++;
    if (!make_room(g, instance) ||
        table_put(&g->places, (uint64_t)(uint32_t)tid, (void *)((uintptr_t)instance + 1)))
        return -1;
    if (instance == g->lowest)
        g->lowest++;
    g->seats[instance] = (struct seat){.tid = tid};
    g->members++;
    b->group_bytes += BOOK_MEMBER_COST;
    return instance;
}

void named_unseat(struct book *b, struct named *g, int instance)
{
    table_take(&g->places, (uint64_t)(uint32_t)g->seats[instance].tid);
    free(g->seats[instance].owed);
    g->seats[instance] = (struct seat){0};
    g->members--;
    b->group_bytes -= BOOK_MEMBER_COST;
    if (instance < g->lowest)
        g->lowest = instance;
}

void named_wait(struct named *g, struct held *ask)
{
    ask->group = g;
    ask->next_waiting = NULL;
    *g->waiting_end = ask;
    g->waiting_end = &ask->next_waiting;
    g->waiting_count++;
}

void named_unwait(struct held *ask)
{
    struct named *g = ask->group;
    struct held **at = &g->waiting;

    while (*at != ask)
        at = &(*at)->next_waiting;
    *at = ask->next_waiting;
    if (!*at)
        g->waiting_end = at;
    g->waiting_count--;
    ask->group = NULL;
    ask->next_waiting = NULL;
}

struct held *named_waiting(const struct named *g, int tid)
{
    struct held *ask = g->waiting;

    while (ask && ask->from != tid)
        ask = ask->next_waiting;
    return ask;
}
