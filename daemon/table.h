/* table.h: from a number (a tid, a request, a context) to a pointer.
 *
 * Open addressing with linear probing; grows by itself. The table owns its
 * slots, never what they point to.
 */
#ifndef DVMD_TABLE_H
#define DVMD_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint64_t key;
    void *value; /* NULL: empty */
};

/* All zero is an empty table. */
struct table {
    struct table_slot *slots; /* owned */
    size_t room;              /* 0 or a power of two */
    size_t count;
};

/* What key points to, or NULL. */
void *table_get(const struct table *t, uint64_t key);

/* Point key to value (not NULL), instead of what was there. Errors: NO_MEMORY. */
int table_put(struct table *t, uint64_t key, void *value);

/* Take key out; returns what it pointed to, or NULL. */
void *table_take(struct table *t, uint64_t key);

/* Walk over all values: start with *at = 0; NULL at the end. Values may be taken
 * out only after the walk. */
void *table_next(const struct table *t, size_t *at);

/* Free the slots and make the table empty. */
void table_free(struct table *t);

#endif
