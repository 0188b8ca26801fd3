/* step.c: steps between elements, which a compiler may have left unset.
 *
 * gfortran (seen in 12.2) allocates an array by assignment, as in x = pack(y, z), and leaves
 * the word unset from which the steps are made when x is given to C, if the result comes
 * from a function of its library: pack, matmul, unpack, spread, ... Such an array is in one
 * piece, and the word is whatever was in its place. Correct descriptors in which the first step
 * is not the size of an element are sections, and components of an array of a derived type. So
 * steps are taken for unset that no such array can have: less than an element, not a multiple of
 * the alignment, beyond all sizes; or beyond the end of the memory when that was
 * allocated for exactly these elements, as glibc notes before it.
 */
#include "step.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef CFI_type_kind_shift /* gfortran */

#define STEP_MAX ((size_t)1 << 40) /* bytes */
#define PAGE 4096                  /* no page is smaller */
#define CHUNK_ALIGN 16             /* of glibc on hosts of 64 bits */
#define CHUNK_MIN 32
#define CHUNK_BEFORE 1             /* a flag: the piece before is in use */
#define CHUNK_MAPPED 2             /* a flag: by mmap */
#define CHUNK_FLAGS 7

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

/* What an element's address is a multiple of, at least. */
static size_t alignment(const CFI_cdesc_t *d)
{
    switch (d->type & CFI_type_mask) {
    case CFI_type_Integer:
    case CFI_type_Logical:
    case CFI_type_Real:
        return d->elem_len < sizeof(double) ? d->elem_len : sizeof(double);
    case CFI_type_Complex:
        return d->elem_len / 2 < sizeof(double) ? d->elem_len / 2 : sizeof(double);
    }
    return 1;
}

/* Whether what looks like a note is one, and not a number of the program's: behind a piece in
 * use lies another, whose note says so; mapped memory begins with a page. A sanitizer would call
 * reading the notes an error. */
__attribute__((no_sanitize("address"))) static bool is_note(uintptr_t at, size_t note)
{
    size_t behind;

    if (note & CHUNK_MAPPED)
        return at % PAGE == CHUNK_ALIGN;
    behind = *(const size_t *)(at + (note & ~(size_t)CHUNK_FLAGS) - sizeof(size_t));
    return behind & CHUNK_BEFORE && behind >= CHUNK_MIN &&
           (behind & ~(size_t)CHUNK_FLAGS) % CHUNK_ALIGN == 0;
}

/* Whether memory was allocated for so many bytes, and its end lies before the last. */
__attribute__((no_sanitize("address"))) static bool
beyond_memory(const void *base, size_t bytes, size_t last)
{
    uintptr_t at = (uintptr_t)base;
    size_t note, size, wanted;

    if (sizeof(size_t) != 8 || at % CHUNK_ALIGN || at % PAGE == 0)
        return false;
    note = *(const size_t *)(at - sizeof(size_t)); /* in the same page: it can be read */
    size = note & ~(size_t)CHUNK_FLAGS;
    wanted = note & CHUNK_MAPPED ? round_up(bytes + 2 * sizeof(size_t), PAGE)
                                 : round_up(bytes + sizeof(size_t), CHUNK_ALIGN);
    if (wanted < CHUNK_MIN)
        wanted = CHUNK_MIN;
    /* what is left of a free piece may be too small for another */
    return (size == wanted || size == wanted + CHUNK_ALIGN) && last > size && is_note(at, note);
}

bool step_unset(const CFI_cdesc_t *d)
{
    CFI_index_t step, follows;
    size_t count = 1, size;

    if (d->rank == 0 || d->dim[0].sm == (CFI_index_t)d->elem_len)
        return false;
    step = follows = d->dim[0].sm;
    for (int i = 0; i < d->rank; i++) {
        if (d->dim[i].extent < 0 || d->dim[i].sm != follows)
            return false; /* of assumed size, or a section: these are set */
        follows *= d->dim[i].extent;
        count *= (size_t)d->dim[i].extent;
    }
    size = (size_t)llabs((long long)step);
    if (count < 2)
        return false;
    return size < d->elem_len || size % alignment(d) || size > STEP_MAX ||
           beyond_memory(d->base_addr, count * d->elem_len, (count - 1) * size + d->elem_len);
}

#else

bool step_unset(const CFI_cdesc_t *d)
{
    (void)d;
    return false;
}

#endif

void *step_to(const CFI_cdesc_t *array, size_t i)
{
    CFI_index_t step = step_unset(array) ? (CFI_index_t)array->elem_len : array->dim[0].sm;

    return (char *)array->base_addr + (CFI_index_t)i * step;
}
