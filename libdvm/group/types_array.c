/* types_array.c: types of parts of whole arrays: subarray and darray.
 *
 * Both are made dimension by dimension, from the one that runs fastest: what is taken of a
 * dimension is a loop over what was taken of those below it.
 */
#include <stdlib.h>

#include "base/error.h"
#include "group/entry.h"
#include "type/derived.h"

/* A type under way: what is taken of the dimensions that were looked at. */
struct array {
    const char *call;
    const struct dvm_type_info *info;
    struct derived *taken; /* the old type at first; else of this call's own */
    bool own;
    ptrdiff_t stride;      /* of the next dimension, bytes */
};

static int too_large(const struct array *a)
{
    return dvm_fail(DVM_ERR_ARG, "%s: the array would be larger than memory can be", a->call);
}

static void drop(struct array *a)
{
    if (a->own)
        derived_free(a->taken);
}

/* Take parts of the next dimension, of size elements. bounds: of the last one; it is *type. */
static int take(struct array *a, const struct part *parts, size_t count, size_t size, bool last,
                dvm_type *type)
{
    static const struct dvm_type_info inner = {.kind = DVM_KIND_HVECTOR};
    struct bounds bounds = {0, 0};
    dvm_type made;
    int rc;

    if (size > PTRDIFF_MAX || __builtin_mul_overflow(a->stride, (ptrdiff_t)size, &bounds.upper))
        return too_large(a);
    rc = derived_make(a->call, last ? a->info : &inner, parts, count, &bounds, &made);
    if (rc != DVM_OK)
        return rc;
    drop(a);
    a->stride = bounds.upper;
    a->own = true;
    a->taken = derived_known(made);
    if (last)
        *type = made;
    return DVM_OK;
}

/* The place of the i-th dimension from the one that runs fastest. */
static int dimension(const struct dvm_type_info *info, int i)
{
    return info->order == DVM_ORDER_FORTRAN ? i : info->dims - 1 - i;
}

/* count elements from start on, step apart. false: an overflow. */
static bool part_of(const struct array *a, size_t start, size_t count, size_t step,
                    struct part *part)
{
    *part = (struct part){.of = a->taken, .count = count};
    return start <= PTRDIFF_MAX && step <= PTRDIFF_MAX &&
           !__builtin_mul_overflow(a->stride, (ptrdiff_t)start, &part->offset) &&
           !__builtin_mul_overflow(a->stride, (ptrdiff_t)step, &part->stride);
}

static int begin(struct array *a, dvm_type old, const dvm_type *type)
{
    const struct dvm_type_info *info = a->info;

    a->taken = derived_find(a->call, old);
    if (!a->taken)
        return DVM_ERR_TYPE;
    a->stride = derived_extent(a->taken);
    if (!type)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new type", a->call);
    if (info->dims < 1)
        return dvm_fail(DVM_ERR_ARG, "%s: an array of %d dimensions is none", a->call, info->dims);
    if (info->order != DVM_ORDER_C && info->order != DVM_ORDER_FORTRAN)
        return dvm_fail(DVM_ERR_ARG, "%s: order %d is neither DVM_ORDER_C nor DVM_ORDER_FORTRAN",
                        a->call, info->order);
    return DVM_OK;
}

static int subarray_check(const struct dvm_type_info *i)
{
    if (!i->sizes || !i->subsizes || !i->starts)
        return dvm_fail(DVM_ERR_ARG, "dvm_type_subarray: sizes, subsizes and starts must be given, "
                                     "one for each of %d dimensions", i->dims);
    for (int d = 0; d < i->dims; d++)
        if (i->starts[d] > i->sizes[d] || i->subsizes[d] > i->sizes[d] - i->starts[d])
            return dvm_fail(DVM_ERR_ARG, "dvm_type_subarray: %zu elements from %zu on are not "
                                         "inside dimension %d, which has %zu",
                            i->subsizes[d], i->starts[d], d, i->sizes[d]);
    return DVM_OK;
}

static int subarray(struct array *a, dvm_type old, dvm_type *type)
{
    const struct dvm_type_info *info = a->info;
    int rc = begin(a, old, type);

    if (rc == DVM_OK)
        rc = subarray_check(info);
    for (int i = 0; rc == DVM_OK && i < info->dims; i++) {
        int d = dimension(info, i);
        bool last = i == info->dims - 1;
        struct part part;

        rc = part_of(a, info->starts[d], info->subsizes[d], 1, &part)
                 ? take(a, &part, 1, info->sizes[d], last, type)
                 : too_large(a);
        if (rc != DVM_OK)
            drop(a);
    }
    return rc;
}

int dvm_type_subarray(int dims, const size_t *sizes, const size_t *subsizes, const size_t *starts,
                      int order, dvm_type old, dvm_type *type)
{
    const struct dvm_type_info info = {.kind = DVM_KIND_SUBARRAY, .types = &old, .type_count = 1,
                                       .dims = dims, .order = order, .sizes = sizes,
                                       .subsizes = subsizes, .starts = starts};
    struct array a = {.call = "dvm_type_subarray", .info = &info};

    ENTRY_BEGIN();
    return dvm_leave(subarray(&a, old, type));
}

/* ---- darray -------------------------------------------------------------------------- */

static int darray_refuse(int dimension_, const char *why)
{
    return dvm_fail(DVM_ERR_ARG, "dvm_type_darray: dimension %d %s", dimension_, why);
}

static int darray_small(const struct dvm_type_info *i, int d)
{
    return dvm_fail(DVM_ERR_ARG, "dvm_type_darray: dimension %d has more elements than one block "
                                 "for each process holds: %zu, where %d processes have blocks of "
                                 "%zu; 0 as argument makes blocks as equal as possible",
                    d, i->sizes[d], i->processes[d], i->arguments[d]);
}

static int darray_check_dimension(const struct dvm_type_info *i, int d)
{
    size_t processes = i->processes[d] > 0 ? (size_t)i->processes[d] : 0;
    size_t block = i->arguments[d];

    if (processes == 0)
        return darray_refuse(d, "has no process");
    switch (i->distributions[d]) {
    case DVM_DISTRIBUTE_NONE:
        return processes == 1 ? DVM_OK
                              : darray_refuse(d, "is not distributed, so one process is along it");
    case DVM_DISTRIBUTE_BLOCK:
        return block == 0 || block >= (i->sizes[d] + processes - 1) / processes
                   ? DVM_OK
                   : darray_small(i, d);
    case DVM_DISTRIBUTE_CYCLIC:
        return DVM_OK;
    default:
        return darray_refuse(d, "has a distribution that is none of DVM_DISTRIBUTE_...");
    }
}

static int darray_check(const struct dvm_type_info *i)
{
    long long grid = 1;

    if (!i->sizes || !i->distributions || !i->arguments || !i->processes)
        return dvm_fail(DVM_ERR_ARG, "dvm_type_darray: sizes, distributions, arguments and "
                                     "processes must be given, one for each of %d dimensions",
                        i->dims);
    for (int d = 0; d < i->dims; d++) {
        int rc = darray_check_dimension(i, d);

        if (rc != DVM_OK)
            return rc;
        if (__builtin_mul_overflow(grid, (long long)i->processes[d], &grid))
            grid = -1;
    }
    if (grid != i->tasks)
        return dvm_fail(DVM_ERR_ARG, "dvm_type_darray: the grid has places for %lld tasks, not "
                                     "for %d", grid, i->tasks);
    if (i->rank < 0 || i->rank >= i->tasks)
        return dvm_fail(DVM_ERR_RANK, "dvm_type_darray: rank %d is not among %d tasks", i->rank,
                        i->tasks);
    return DVM_OK;
}

/* The place of the rank along a dimension; ranks are in C's order. */
static size_t coordinate(const struct dvm_type_info *i, int d)
{
    int rank = i->rank;

    for (int other = i->dims - 1; other > d; other--)
        rank /= i->processes[other];
    return (size_t)(rank % i->processes[d]);
}

/* One piece: everything, or the block of this process. */
static int darray_block(struct array *a, int d, bool last, dvm_type *type)
{
    const struct dvm_type_info *i = a->info;
    size_t size = i->sizes[d], processes = (size_t)i->processes[d];
    size_t block = i->arguments[d] ? i->arguments[d]
                                   : size / processes + (size % processes ? 1 : 0);
    size_t start = 0, count = size;
    struct part part;

    if (i->distributions[d] == DVM_DISTRIBUTE_BLOCK) {
        if (__builtin_mul_overflow(coordinate(i, d), block, &start) || start > size)
            start = size;
        count = size - start < block ? size - start : block;
    }
    return part_of(a, start, count, 1, &part) ? take(a, &part, 1, size, last, type) : too_large(a);
}

/* Whole blocks, and what is left of the last one. */
static int darray_cyclic(struct array *a, int d, bool last, dvm_type *type)
{
    const struct dvm_type_info *i = a->info, inner = {.kind = DVM_KIND_HVECTOR};
    size_t size = i->sizes[d], block = i->arguments[d] ? i->arguments[d] : 1, turn, start;
    size_t whole, rest;
    struct part parts[2], one;
    dvm_type made;
    int rc;

    if (__builtin_mul_overflow(block, (size_t)i->processes[d], &turn))
        return too_large(a);
    start = coordinate(i, d) * block;
    start = start < size ? start : size;
    whole = (size - start) / turn;
    rest = (size - start) % turn;
    if (rest >= block) {
        whole++;
        rest = 0;
    }
    if (!part_of(a, 0, block, 1, &one) || !part_of(a, start, whole, turn, &parts[0]) ||
        !part_of(a, rest ? start + whole * turn : 0, rest, 1, &parts[1]))
        return too_large(a);
    rc = derived_make(a->call, &inner, &one, 1, NULL, &made);
    if (rc != DVM_OK)
        return rc;
    parts[0].of = derived_known(made);
    rc = take(a, parts, 2, size, last, type);
    derived_free(parts[0].of);
    return rc;
}

static int darray(struct array *a, dvm_type old, dvm_type *type)
{
    const struct dvm_type_info *info = a->info;
    int rc = begin(a, old, type);

    if (rc == DVM_OK)
        rc = darray_check(info);
    for (int i = 0; rc == DVM_OK && i < info->dims; i++) {
        int d = dimension(info, i);
        bool last = i == info->dims - 1;

        rc = info->distributions[d] == DVM_DISTRIBUTE_CYCLIC ? darray_cyclic(a, d, last, type)
                                                             : darray_block(a, d, last, type);
        if (rc != DVM_OK)
            drop(a);
    }
    return rc;
}

int dvm_type_darray(int tasks, int rank, int dims, const size_t *sizes, const int *distributions,
                    const size_t *arguments, const int *processes, int order, dvm_type old,
                    dvm_type *type)
{
    const struct dvm_type_info info = {.kind = DVM_KIND_DARRAY, .types = &old, .type_count = 1,
                                       .dims = dims, .order = order, .sizes = sizes,
                                       .distributions = distributions, .arguments = arguments,
                                       .processes = processes, .tasks = tasks, .rank = rank};
    struct array a = {.call = "dvm_type_darray", .info = &info};

    ENTRY_BEGIN();
    return dvm_leave(darray(&a, old, type));
}
