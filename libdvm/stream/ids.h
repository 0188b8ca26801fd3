/* ids.h: numbers that travel in frames in place of pointers.
 *
 * An id is a place in a table and the generation of that place, so that an old
 * or invented id finds nothing. 0 is no id.
 */
#ifndef DVM_STREAM_IDS_H
#define DVM_STREAM_IDS_H

#include <stddef.h>
#include <stdint.h>

struct ids {
    struct ids_place *places;
    uint32_t size;  /* places */
    uint32_t free;  /* first free place, or size when there is none */
};

/* A new id for an object (not NULL); 0 without memory. */
uint64_t ids_add(struct ids *ids, void *object);

/* The object of an id, or NULL. */
void *ids_find(const struct ids *ids, uint64_t id);

/* Let an id that ids_add gave name another object (not NULL). */
void ids_replace(struct ids *ids, uint64_t id, void *object);

/* Forget an id that ids_add gave. */
void ids_remove(struct ids *ids, uint64_t id);

/* Free the table. */
void ids_clear(struct ids *ids);

#endif
