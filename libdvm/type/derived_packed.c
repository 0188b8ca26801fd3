/* derived_packed.c: elements of derived types without their gaps: copies, and types for what is so.
 *
 * Algorithms that pass elements on, and combine them, have room for the elements only. So a
 * derived type has a second one, of the same elements in one block, made at first use and kept.
 * A function of the user's is to see elements as they are in the program, so that one brings
 * room in which they are shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "type/derived.h"

#define COPY_BYTES 4096 /* that are packed and unpacked, or shown, at once */

void derived_copy(void *to, dvm_type into, const void *from, dvm_type of, size_t count)
{
    const struct derived *source = derived_known(of), *target = derived_known(into);
    char packed[COPY_BYTES];
    size_t bytes = count * source->size, piece;

    for (size_t at = 0; at < bytes; at += piece) {
        piece = bytes - at < sizeof packed ? bytes - at : sizeof packed;
        layout_pack(&source->layout, derived_extent(source), from, at, packed, piece);
        layout_unpack(&target->layout, derived_extent(target), to, at, packed, piece);
    }
}

/* Make d->packed, if it is not there. */
static int make_packed(struct derived *d)
{
    struct dvm_type_info info = {.kind = DVM_KIND_CONTIGUOUS};
    dvm_type made;
    int rc;

    if (d->packed)
        return DVM_OK;
    rc = derived_make("dvm_type_contiguous", &info, NULL, 0, NULL, &made);
    if (rc == DVM_OK)
        rc = layout_block(&derived_known(made)->layout, d->size);
    if (rc != DVM_OK)
        return rc;
    d->packed = derived_known(made);
    d->packed->freed = true; /* the program knows nothing of it */
    d->packed->committed = d->packed->looked = true;
    d->packed->bounded = true;
    d->packed->size = d->size;
    d->packed->elements = d->elements;
    d->packed->bounds = d->packed->bytes = (struct bounds){0, (ptrdiff_t)d->size};
    d->packed->signature = d->signature;
    d->packed->code = d->code;
    d->packed->row = d->row;
    d->packed->row.align = 1;
    return DVM_OK;
}

int derived_packed(struct derived *d, dvm_type *type, size_t *count)
{
    dvm_type only = d->size ? signature_only(&d->signature) : DVM_BYTE;
    int rc = only >= 0 ? DVM_OK : make_packed(d);

    if (rc != DVM_OK)
        return rc;
    *type = only >= 0 ? only : d->packed->handle;
    *count = only >= 0 ? d->elements : 1;
    return DVM_OK;
}

/* Room for at least one element, and for so many as are worth a call. */
static struct derived_show *make_show(const struct derived *d)
{
    ptrdiff_t extent = derived_extent(d);
    size_t bytes = (size_t)(d->bytes.upper - d->bytes.lower), room = 1, side, before;
    struct derived_show *show;

    if (extent > 0 && extent < COPY_BYTES)
        room = COPY_BYTES / (size_t)extent;
    bytes += (room - 1) * (size_t)(extent > 0 ? extent : 0);
    side = bytes / sizeof(max_align_t) + 1;
    /* so that an element is aligned as one of the program's is */
    before = d->bytes.lower < 0 ? (size_t)-d->bytes.lower / sizeof(max_align_t) + 1 : 0;
    side += before + (d->bytes.lower > 0 ? (size_t)d->bytes.lower / sizeof(max_align_t) + 1 : 0);
    if (side > PTRDIFF_MAX / sizeof(max_align_t) / 4)
        return NULL;
    show = calloc(1, sizeof *show + 2 * side * sizeof(max_align_t));
    if (!show)
        return NULL;
    show->type = d->handle;
    show->room = room;
    show->left = show->memory + before;
    show->right = show->memory + side + before;
    return show;
}

int derived_operand(struct derived *d, dvm_type *type)
{
    ptrdiff_t offset;
    int rc;

    *type = d->handle;
    if (layout_dense(&d->layout, &offset) && offset == 0 &&
        derived_extent(d) == (ptrdiff_t)d->size)
        return DVM_OK;
    rc = make_packed(d);
    if (rc == DVM_OK && !d->packed->show)
        d->packed->show = make_show(d);
    if (rc == DVM_OK && !d->packed->show)
        rc = dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left to show elements to an operator");
    *type = rc == DVM_OK ? d->packed->handle : *type;
    return rc;
}
