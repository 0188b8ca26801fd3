/* ids.c: a growing table of places; free ones are linked by index. */
#include "stream/ids.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define IDS_START 64 /* places of the first table */
#define GENERATION_BITS 32

struct ids_place {
    void *object;        /* NULL: free */
    uint32_t generation; /* of the object now, or of the next one; never 0 */
    uint32_t next;       /* next free place */
};

static bool ids_grow(struct ids *ids)
{
    uint32_t size = ids->size ? ids->size * 2 : IDS_START;
    struct ids_place *places;

    if (size < ids->size)
        return false;
    places = realloc(ids->places, size * sizeof *places);
    if (!places)
        return false;
    for (uint32_t i = ids->size; i < size; i++)
        places[i] = (struct ids_place){.generation = 1, .next = i + 1};
    ids->free = ids->size;
    ids->places = places;
    ids->size = size;
    return true;
}

uint64_t ids_add(struct ids *ids, void *object)
{
    struct ids_place *place;
    uint32_t at;

    assert(object);
    if (ids->free == ids->size && !ids_grow(ids))
        return 0;
    at = ids->free;
    place = &ids->places[at];
    ids->free = place->next;
    place->object = object;
    return (uint64_t)place->generation << GENERATION_BITS | at;
}

void *ids_find(const struct ids *ids, uint64_t id)
{
    uint32_t at = (uint32_t)id;

    if (at >= ids->size || ids->places[at].generation != id >> GENERATION_BITS)
        return NULL;
    return ids->places[at].object;
}

void ids_replace(struct ids *ids, uint64_t id, void *object)
{
    assert(object && ids_find(ids, id));
    ids->places[(uint32_t)id].object = object;
}

void ids_remove(struct ids *ids, uint64_t id)
{
    uint32_t at = (uint32_t)id;
    struct ids_place *place;

    assert(ids_find(ids, id));
    place = &ids->places[at];
    place->object = NULL;
    place->generation++;
    if (!place->generation)
        place->generation = 1;
    place->next = ids->free;
    ids->free = at;
}

void ids_clear(struct ids *ids)
{
    free(ids->places);
    memset(ids, 0, sizeof *ids);
}
