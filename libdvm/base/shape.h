/* shape.h: bytes that do not lie in one piece, as the layers see them that move them.
 *
 * A message of a shape has a packed form: a head, which says what its elements are, then the
 * elements without gaps. Who sends asks for pieces of it, who receives gives pieces back,
 * and neither knows what a type is (type/derived.h makes them).
 */
#ifndef DVM_BASE_SHAPE_H
#define DVM_BASE_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#define SHAPE_HEAD_MAX 64 /* bytes: fits into the smallest frame that a lane takes */

struct shape {
    size_t holds; /* by how many users; end is called when the last lets go */
    /* Write bytes bytes of the packed form, from place at on, of what begins at base. */
    void (*pack)(const struct shape *shape, const void *base, size_t at, void *to, size_t bytes);
    /* Put so many bytes of the elements, from place at behind the head on, where they belong. */
    void (*unpack)(const struct shape *shape, void *base, size_t at, const void *from,
                   size_t bytes);
    void (*end)(struct shape *shape);
};

/* One more user; NULL is taken. Returns it. */
static inline struct shape *shape_hold(struct shape *shape)
{
    if (shape)
        shape->holds++;
    return shape;
}

/* One less; NULL is taken. */
static inline void shape_drop(struct shape *shape)
{
    if (shape && --shape->holds == 0)
        shape->end(shape);
}

#endif
