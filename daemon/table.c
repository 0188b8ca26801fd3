/* table.c: see table.h. Deleting moves later entries of the same run back, so
 * that no mark for deleted slots is needed and lookups stay short. */
#include "daemon/table.h"

#include <assert.h>
#include <stdlib.h>

#include "dvm.h"

#define ROOM_FIRST 64

/* Fibonacci hashing: tids of a host differ in their low bits only. */
static size_t home(const struct table *t, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (t->room - 1);
}

static struct table_slot *find(const struct table *t, uint64_t key)
{
    size_t i;

    for (i = home(t, key); t->slots[i].value; i = (i + 1) & (t->room - 1))
        if (t->slots[i].key == key)
            break;
    return &t->slots[i];
}

void *table_get(const struct table *t, uint64_t key)
{
    return t->room ? find(t, key)->value : NULL;
}

static int grow(struct table *t)
{
    struct table bigger = {.room = t->room ? t->room * 2 : ROOM_FIRST, .count = t->count};

    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots)
        return DVM_ERR_NO_MEMORY;
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i].value)
            *find(&bigger, t->slots[i].key) = t->slots[i];
    free(t->slots);
    *t = bigger;
    return DVM_OK;
}

int table_put(struct table *t, uint64_t key, void *value)
{
    struct table_slot *slot;

    assert(value);
    if ((t->count + 1) * 2 > t->room && grow(t))
        return DVM_ERR_NO_MEMORY;
    slot = find(t, key);
    if (!slot->value)
        t->count++;
    *slot = (struct table_slot){key, value};
    return DVM_OK;
}

void *table_take(struct table *t, uint64_t key)
{
    struct table_slot *slot;
    size_t hole, i;
    void *value;

    if (!t->room)
        return NULL;
    slot = find(t, key);
    value = slot->value;
    if (!value)
        return NULL;
    hole = (size_t)(slot - t->slots);
    for (i = (hole + 1) & (t->room - 1); t->slots[i].value; i = (i + 1) & (t->room - 1)) {
        size_t wanted = home(t, t->slots[i].key);

        /* may it move into the hole? only if its home is not between hole and i */
        if (((i - wanted) & (t->room - 1)) < ((i - hole) & (t->room - 1)))
            continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole].value = NULL;
    t->count--;
    return value;
}

void *table_next(const struct table *t, size_t *at)
{
    while (*at < t->room) {
        void *value = t->slots[(*at)++].value;

        if (value)
            return value;
    }
    return NULL;
}

void table_free(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}
