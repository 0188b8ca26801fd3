/* type_walker.h: derived types made at random, each with a list of all its elements, and a
 * walker over that list: the reference for what the library makes of types. */
#ifndef DVM_TESTS_TYPE_WALKER_H
#define DVM_TESTS_TYPE_WALKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dvm.h"

#define WALKER_ELEMENTS_MAX 600 /* of one type */

struct walker_element {
    dvm_type type;
    ptrdiff_t at;
};

struct walker {
    dvm_type made; /* the library's */
    struct walker_element e[WALKER_ELEMENTS_MAX];
    size_t count, align;
    ptrdiff_t lower, upper;
    bool some; /* it has bounds */
};

/* Memory for count elements, and where the address of the first is in it. */
struct walker_room {
    unsigned char *bytes, *first;
    size_t size;
};

/* A type of types of types, so deep. Not committed; walker_free frees it, too. */
struct walker *walker_make(uint64_t *seed, int depth);
void walker_free(struct walker *w);

/* Zeroed; bytes is the caller's. */
struct walker_room walker_room(const struct walker *w, size_t count);

/* Bytes of one element without gaps. */
size_t walker_size(const struct walker *w);

/* Whether two elements of the type lie over each other. */
bool walker_overlaps(const struct walker *w);

/* Copy element by element, out of memory or into it. */
void walker_copy(const struct walker *w, size_t count, const struct walker_room *r,
                 unsigned char *packed, bool into);

/* A number below most. */
size_t walker_below(uint64_t *seed, size_t most);

#endif
