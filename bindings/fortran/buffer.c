/* buffer.c: what a descriptor says, and copies of what is no single piece of memory.
 *
 * The codes of types and the layout of descriptors are the compiler's: this file is compiled
 * with its ISO_Fortran_binding.h, and refuses descriptors of another version. Sections are
 * walked in Fortran's order of elements, the first dimension first; a run that lies together
 * is one copy, and short ones are copied without a call for each.
 */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "step.h"

/* DVM_IN_PLACE of the module: known by its address */
_Alignas(16) int dvmf_in_place[4];

/* Types by the compiler's codes; several names may be one code. What is not here travels as
 * bytes: derived types, and what C has no type for. */
static const struct {
    CFI_type_t code;
    dvm_type type;
} types[] = {
    {CFI_type_double, DVM_DOUBLE},
    {CFI_type_int32_t, DVM_INT32},
    {CFI_type_float, DVM_FLOAT},
    {CFI_type_int64_t, DVM_INT64},
    {CFI_type_char, DVM_CHAR},
    {CFI_type_int8_t, DVM_INT8},
    {CFI_type_int16_t, DVM_INT16},
    {CFI_type_Bool, DVM_BOOL},
    {CFI_type_float_Complex, DVM_FLOAT_COMPLEX},
    {CFI_type_double_Complex, DVM_DOUBLE_COMPLEX},
    {CFI_type_long_double, DVM_LDOUBLE},
    {CFI_type_long_double_Complex, DVM_LDOUBLE_COMPLEX},
#ifdef CFI_type_kind_shift /* gfortran: logicals of other kinds, letters of 4 bytes */
    {CFI_type_Logical + (4 << CFI_type_kind_shift), DVM_INT32},
    {CFI_type_Logical + (8 << CFI_type_kind_shift), DVM_INT64},
    {CFI_type_Logical + (2 << CFI_type_kind_shift), DVM_INT16},
    {CFI_type_Character + (4 << CFI_type_kind_shift), DVM_UINT32},
#else /* flang takes these for the same; other compilers have their own names for some */
    {CFI_type_int_least32_t, DVM_INT32},
    {CFI_type_int_least64_t, DVM_INT64},
    {CFI_type_int_least16_t, DVM_INT16},
    {CFI_type_int_least8_t, DVM_INT8},
#endif
#ifdef CFI_type_extended_double
    {CFI_type_extended_double, DVM_LDOUBLE},
    {CFI_type_extended_double_Complex, DVM_LDOUBLE_COMPLEX},
#endif
#ifdef CFI_type_char32_t
    {CFI_type_char16_t, DVM_UINT16},
    {CFI_type_char32_t, DVM_UINT32},
#endif
#ifdef CFI_type_uint8_t
    {CFI_type_uint8_t, DVM_UINT8},
    {CFI_type_uint16_t, DVM_UINT16},
    {CFI_type_uint32_t, DVM_UINT32},
    {CFI_type_uint64_t, DVM_UINT64},
#endif
};

/* The type of an element, if a whole number of them fill it. */
static dvm_type type_of(const CFI_cdesc_t *d)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].code == d->type)
            return d->elem_len % dvm_type_size(types[i].type) == 0 ? types[i].type : DVM_BYTE;
    return DVM_BYTE;
}

/* Elements of an array; BUFFER_UNKNOWN for one of assumed size. */
static size_t elements(const CFI_cdesc_t *d)
{
    size_t count = 1;

    for (int i = 0; i < d->rank; i++) {
        if (d->dim[i].extent < 0)
            return BUFFER_UNKNOWN;
        count *= (size_t)d->dim[i].extent;
    }
    return count;
}

/* Whether the elements lie one behind the other. */
static bool together(const CFI_cdesc_t *d)
{
    ptrdiff_t step = (ptrdiff_t)d->elem_len;

    if (step_unset(d))
        return true;
    for (int i = 0; i < d->rank; i++) {
        if (d->dim[i].extent != 1 && d->dim[i].sm != step)
            return elements(d) == 0;
        step *= d->dim[i].extent;
    }
    return true;
}

/* A type that the program has made says itself how elements lie in memory. */
static bool made(dvm_type type)
{
    return type < 0 || type >= DVM_TYPE_COUNT;
}

int buffer_look(struct buffer *b, const char *name, const CFI_cdesc_t *d, const dvm_type *type)
{
    size_t n;

    if (d->version != CFI_VERSION)
        return call_fail(DVM_ERR_ARG,
                         "%s: the module dvm and its C files were compiled by compilers that do "
                         "not belong together; use dvmfort with DVM_FC",
                         name);
    n = elements(d);
    *b = (struct buffer){.name = name, .argument = d, .at = d->base_addr, .unit = 1};
    b->type = type ? *type : type_of(d);
    b->room = BUFFER_UNKNOWN;
    b->together = together(d);
    if (made(b->type))
        return b->together ? DVM_OK
                           : call_fail(DVM_ERR_ARG,
                                       "%s: with a type of the program's own give the whole "
                                       "array, not a section", name);
    if (!type)
        b->unit = d->elem_len / dvm_type_size(b->type);
    if (n != BUFFER_UNKNOWN)
        b->room = type ? n * d->elem_len / dvm_type_size(b->type) : n * b->unit;
    if (!b->at && b->room > 0)
        return call_fail(DVM_ERR_ARG, "%s: the array is not allocated, or is no one's target",
                         name);
    return DVM_OK;
}

bool buffer_in_place(const struct buffer *b)
{
    return b->argument->base_addr == dvmf_in_place;
}

int buffer_count(struct buffer *b, const int64_t *count, size_t parts)
{
    if (count && (*count < 0 || __builtin_mul_overflow((size_t)*count, b->unit, &b->count)))
        return call_fail(DVM_ERR_ARG, "%s: %lld is no count", b->name, (long long)*count);
    if (count)
        return DVM_OK;
    if (made(b->type)) {
        b->count = 1;
        return DVM_OK;
    }
    if (b->room == BUFFER_UNKNOWN)
        return call_fail(DVM_ERR_ARG,
                         "%s: the size of an assumed-size array is not known; give count", b->name);
    if (b->room % (parts * b->unit))
        return call_fail(DVM_ERR_ARG, "%s: %zu elements cannot be divided among %zu tasks",
                         b->name, b->room / b->unit, parts);
    b->count = b->room / parts;
    return DVM_OK;
}

int buffer_open(struct buffer *b, size_t units)
{
    if (buffer_in_place(b)) {
        b->at = DVM_IN_PLACE;
        return DVM_OK;
    }
    /* one element may stand for the array that begins with it */
    if (b->argument->rank > 0 && b->room != BUFFER_UNKNOWN && units > b->room)
        return call_fail(DVM_ERR_ARG, "%s: %zu elements are needed, and the array has %zu",
                         b->name, units / b->unit, b->room / b->unit);
    if (b->together || units == 0)
        return DVM_OK;
    b->copied = units * dvm_type_size(b->type);
    b->at = malloc(b->copied);
    if (!b->at) {
        b->copied = 0;
        return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a copy of the section", b->name);
    }
    buffer_copy(b->argument, b->at, b->copied, false);
    return DVM_OK;
}

void buffer_load(struct buffer *b)
{
    if (b->copied)
        buffer_copy(b->argument, b->at, b->copied, false);
}

void buffer_store(struct buffer *b, size_t bytes)
{
    if (b->copied)
        buffer_copy(b->argument, b->at, bytes < b->copied ? bytes : b->copied, true);
}

void buffer_close(struct buffer *b, size_t bytes)
{
    if (!b->copied)
        return;
    buffer_store(b, bytes);
    free(b->at);
    b->copied = 0;
}

/* What was sent as bytes fits to every type. */
size_t buffer_came(const struct buffer *b, const struct dvm_status *status)
{
    return status->type == DVM_BYTE ? status->bytes : status->count * dvm_type_size(b->type);
}

/* How a section lies in memory: runs that are in one piece, count of them step bytes apart, and
 * that again for the dimensions from next on. */
struct runs {
    size_t bytes, count;
    ptrdiff_t step;
    int next;
};

/* Dimensions that lie together are one run; then comes the first that does not. */
static struct runs runs_of(const CFI_cdesc_t *d)
{
    struct runs r = {.bytes = d->elem_len, .count = 1};

    while (r.next < d->rank &&
           (d->dim[r.next].extent == 1 || d->dim[r.next].sm == (ptrdiff_t)r.bytes))
        r.bytes *= (size_t)d->dim[r.next++].extent;
    r.step = (ptrdiff_t)r.bytes;
    if (r.next < d->rank) {
        r.count = (size_t)d->dim[r.next].extent;
        r.step = d->dim[r.next++].sm;
    }
    return r;
}

/* Copy count runs of so many bytes; a size that the compiler knows takes no call for each. */
static inline void copy_runs(char *to, ptrdiff_t to_step, const char *from, ptrdiff_t from_step,
                             size_t count, size_t bytes)
{
    for (; count > 0; count--, to += to_step, from += from_step)
        memcpy(to, from, bytes);
}

static void copy_some(char *to, ptrdiff_t to_step, const char *from, ptrdiff_t from_step,
                      size_t count, size_t bytes)
{
    switch (bytes) {
    case 4:
        copy_runs(to, to_step, from, from_step, count, 4);
        break;
    case 8:
        copy_runs(to, to_step, from, from_step, count, 8);
        break;
    case 16:
        copy_runs(to, to_step, from, from_step, count, 16);
        break;
    default:
        copy_runs(to, to_step, from, from_step, count, bytes);
    }
}

/* The runs of a line, at most bytes; the last one may be cut. Returns how many bytes. */
static size_t copy_line(const struct runs *r, char *line, char *packed, size_t bytes,
                        bool to_argument)
{
    size_t whole = bytes / r->bytes < r->count ? bytes / r->bytes : r->count;
    size_t done = whole * r->bytes, rest = whole < r->count ? bytes - done : 0;
    char *end = line + (ptrdiff_t)whole * r->step;

    if (to_argument) {
        copy_some(line, r->step, packed, (ptrdiff_t)r->bytes, whole, r->bytes);
        memcpy(end, packed + done, rest);
    } else {
        copy_some(packed, (ptrdiff_t)r->bytes, line, r->step, whole, r->bytes);
        memcpy(packed + done, end, rest);
    }
    return done + rest;
}

/* Where the next line begins; false: there is none. place: of the line, by dimension. */
static bool next_line(const CFI_cdesc_t *d, int first, CFI_index_t *place, char **line)
{
    for (int i = first; i < d->rank; i++) {
        *line += d->dim[i].sm;
        if (++place[i] < d->dim[i].extent)
            return true;
        *line -= d->dim[i].extent * d->dim[i].sm;
        place[i] = 0;
    }
    return false;
}

void buffer_copy(const CFI_cdesc_t *d, void *packed, size_t bytes, bool to_argument)
{
    CFI_index_t place[CFI_MAX_RANK] = {0};
    const struct runs r = runs_of(d);
    char *line = d->base_addr, *at = packed;
    size_t done;

    while (bytes > 0 && r.bytes > 0) {
        done = copy_line(&r, line, at, bytes, to_argument);
        at += done;
        bytes -= done;
        if (!next_line(d, r.next, place, &line))
            return;
    }
}
