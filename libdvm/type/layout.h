/* layout.h: where the bytes of one element of a type lie: loops over blocks.
 *
 * A body is a run of nodes, one behind the other in the packed form. A node is a loop: count
 * times, stride bytes apart, either a block of bytes that lie together or a body again. What
 * lies together is joined when a layout is made, so that a column of a matrix is one node,
 * whatever calls have made it.
 */
#ifndef DVM_TYPE_LAYOUT_H
#define DVM_TYPE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layout_node {
    ptrdiff_t offset;  /* of the first turn, from where the body lies, bytes */
    ptrdiff_t stride;  /* from turn to turn, bytes */
    size_t count;      /* of turns, at least 1 */
    size_t bytes;      /* of one turn in the packed form, at least 1 */
    size_t at;         /* place in the packed form of its body */
    uint32_t first;    /* its own body: place of the first node, */
    uint32_t children; /* and how many; 0: the turn is one block */
};

struct layout {
    struct layout_node *nodes; /* owned; bodies come before who uses them */
    uint32_t count, room;
    uint32_t first, children;  /* the body of the element */
    size_t bytes;              /* packed */
};

/* One block. Error: NO_MEMORY. */
int layout_block(struct layout *l, size_t bytes);

/* How a new layout uses that of another type: count elements, stride apart. */
struct layout_use {
    const struct layout *of;
    ptrdiff_t offset, stride;
    size_t count; /* 0: not at all */
};

/* Make l of uses, in this order. Sums were checked by the caller. Errors: NO_MEMORY, LIMIT
 * (too many blocks). */
int layout_make(struct layout *l, const struct layout_use *uses, size_t count);

/* Free what it owns. */
void layout_free(struct layout *l);

/* Whether the element is one block; *offset receives where it lies. */
bool layout_dense(const struct layout *l, ptrdiff_t *offset);

/* Copy bytes bytes of the packed form of elements that begin at base, extent bytes apart, from
 * place at on. */
void layout_pack(const struct layout *l, ptrdiff_t extent, const void *base, size_t at, void *to,
                 size_t bytes);

/* The same the other way. */
void layout_unpack(const struct layout *l, ptrdiff_t extent, void *base, size_t at,
                   const void *from, size_t bytes);

/* Whether blocks of one element lie over each other: *overlaps. Error: NO_MEMORY. */
int layout_overlaps(const struct layout *l, bool *overlaps);

#endif
