/* derived.h: the types that a program makes of others.
 *
 * A derived type is a layout (layout.h), a signature (signature.h), bounds, and how it was
 * made. It never changes. Handles are numbers; a type lives as long as its handle is in use,
 * another type is made of it, or an operation that was started with it goes on (its shape's
 * holds). Basic types are here, too, in the same form. All functions are called between
 * dvm_enter and dvm_leave.
 */
#ifndef DVM_TYPE_DERIVED_H
#define DVM_TYPE_DERIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/shape.h"
#include "type/layout.h"
#include "type/signature.h"
#include "type/type.h"

/* Where an element lies around its address, bytes. */
struct bounds {
    ptrdiff_t lower, upper;
};

struct derived {
    struct shape shape;         /* first; its holds are those of the type */
    dvm_type handle;
    bool committed;
    bool freed;                 /* by the program: the handle is only known to types of it */
    bool looked, overlaps;      /* whether its blocks lie over each other, once it was looked */
    bool bounded;               /* it has elements of some extent, or bounds of its own */
    struct bounds bounds, bytes;/* with and without what dvm_type_resized has added */
    size_t align;               /* that a C compiler gives it */
    size_t size;                /* packed, bytes */
    size_t elements;            /* of basic types */
    struct signature signature;
    uint32_t code;              /* of messages of it */
    struct layout layout;
    struct type row;            /* as type_find gives it; size is the packed one */
    struct dvm_type_info info;  /* how it was made; arrays follow in memory, owned */
    void *memory;               /* of those arrays; owned */
    struct derived *packed;     /* the same elements without gaps, once asked for; held */
    struct derived_show *show;  /* of such a type: how an operator sees the elements; owned */
};

/* Room for some elements in a derived type's own form, as an operator of the user's sees them. */
struct derived_show {
    dvm_type type;
    size_t room;          /* elements */
    void *left, *right;   /* where the first of each side begins, in */
    max_align_t memory[];
};

/* Part of a new type: count elements of a type, stride bytes apart. */
struct part {
    struct derived *of;
    size_t count;
    ptrdiff_t offset, stride;
};

/* The type of a handle, or NULL, with a sentence (TYPE), when there is none. call: the
 * public function. */
struct derived *derived_find(const char *call, dvm_type type);

/* The same, without sentence. */
struct derived *derived_known(dvm_type type);

/* The same for moving data: it must be committed and not freed. */
struct derived *derived_usable(const char *call, dvm_type type);

/* Make a type. info: copied, with its arrays; bounds: NULL for those of the parts. Errors:
 * ARG (larger than memory can be), LIMIT, NO_MEMORY. */
int derived_make(const char *call, const struct dvm_type_info *info, const struct part *parts,
                 size_t count, const struct bounds *bounds, dvm_type *type);

/* The program's handle is used no more. */
void derived_free(struct derived *d);

/* Free all. */
void derived_stop(void);

/* The bytes between two elements. */
static inline ptrdiff_t derived_extent(const struct derived *d)
{
    return d->bounds.upper - d->bounds.lower;
}

/* The same for any type that exists. */
ptrdiff_t derived_distance(dvm_type type);

/* Copy count elements of a type to where as many of another lie, which have the same packed
 * form. Nothing overlaps. */
void derived_copy(void *to, dvm_type into, const void *from, dvm_type of, size_t count);

/* Whether count elements of it are one piece of bytes of one basic type that begins at
 * *offset. */
bool derived_plain(const struct derived *d, size_t count, ptrdiff_t *offset);

/* Refuse to receive into blocks that lie over each other. Errors: TYPE, NO_MEMORY. */
int derived_check_into(const char *call, struct derived *d);

/* The same elements without gaps: a basic type (then *count of them are one), or a derived
 * one, which lives as long as d. Errors: NO_MEMORY, LIMIT. */
int derived_packed(struct derived *d, dvm_type *type, size_t *count);

/* The type of the same elements one behind the other, each without gaps, for a reduction with an
 * operator of the user's, to which they are shown as they are in d: d itself, or one that lives
 * as long as d. Errors: NO_MEMORY, LIMIT. */
int derived_operand(struct derived *d, dvm_type *type);

/* Its signature as stored here. */
static inline struct signature_of derived_signature(const struct derived *d)
{
    return (struct signature_of){d->signature.bytes, d->signature.length, type_here()};
}

#endif
