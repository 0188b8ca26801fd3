/* types.c: the public functions that make types of others, but those of whole arrays
 * (types_array.c). Each says what the new type consists of; the rest is derived_make.
 *
 * A block of several elements is a type for a moment, so that a vector is a loop over blocks;
 * layouts are copied, so it is freed at once.
 */
#include <stdlib.h>

#include "base/error.h"
#include "group/entry.h"
#include "type/derived.h"

static int too_large(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: the new type would be larger than memory can be", call);
}

static int no_result(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new type", call);
}

/* Blocks of one length. in_bytes: distances are. */
struct blocks_of {
    const char *call;
    struct dvm_type_info info; /* without types */
    size_t length;
    bool in_bytes;
    dvm_type old;
};

/* A block as a type of its own; NULL with the error in *rc. */
static struct derived *block_make(const char *call, struct derived *old, size_t length, int *rc)
{
    const struct dvm_type_info info = {.kind = DVM_KIND_CONTIGUOUS};
    const struct part part = {old, length, 0, derived_extent(old)};
    dvm_type type;

    *rc = derived_make(call, &info, &part, 1, NULL, &type);
    return *rc == DVM_OK ? derived_known(type) : NULL;
}

static bool scale(ptrdiff_t *distance, const struct blocks_of *b, const struct derived *old)
{
    return b->in_bytes || !__builtin_mul_overflow(*distance, derived_extent(old), distance);
}

/* Regular blocks: a stride. */
static int regular(struct blocks_of *b, dvm_type *type)
{
    struct derived *old = derived_find(b->call, b->old), *block;
    struct part part = {.count = b->info.count, .stride = b->info.stride};
    int rc;

    if (!old)
        return DVM_ERR_TYPE;
    if (!type)
        return no_result(b->call);
    if (!scale(&part.stride, b, old))
        return too_large(b->call);
    block = block_make(b->call, old, b->length, &rc);
    if (!block)
        return rc;
    part.of = block;
    b->info.types = &b->old;
    b->info.type_count = 1;
    rc = derived_make(b->call, &b->info, &part, 1, NULL, type);
    derived_free(block);
    return rc;
}

/* Parts with offsets; lengths: NULL: all blocks are one element of of. */
static int fill_parts(const struct blocks_of *b, const struct derived *old, struct derived *of,
                      struct part *parts)
{
    for (size_t i = 0; i < b->info.count; i++) {
        parts[i] = (struct part){.of = of, .offset = b->info.offsets[i],
                                 .count = b->info.lengths ? b->info.lengths[i] : 1,
                                 .stride = derived_extent(of)};
        if (!scale(&parts[i].offset, b, old))
            return too_large(b->call);
    }
    return DVM_OK;
}

static int irregular_make(struct blocks_of *b, struct derived *old, struct derived *of,
                          dvm_type *type)
{
    struct part *parts = b->info.count < SIZE_MAX / sizeof *parts
                             ? malloc((b->info.count + 1) * sizeof *parts)
                             : NULL;
    int rc;

    if (!parts)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a type of %zu blocks", b->call,
                        b->info.count);
    rc = fill_parts(b, old, of, parts);
    b->info.types = &b->old;
    b->info.type_count = 1;
    if (rc == DVM_OK)
        rc = derived_make(b->call, &b->info, parts, b->info.count, NULL, type);
    free(parts);
    return rc;
}

/* Blocks with offsets of their own; has_lengths: and lengths. */
static int irregular(struct blocks_of *b, bool has_lengths, dvm_type *type)
{
    struct derived *old = derived_find(b->call, b->old), *block = NULL;
    int rc = DVM_OK;

    if (!old)
        return DVM_ERR_TYPE;
    if (!type)
        return no_result(b->call);
    if (b->info.count > 0 && (!b->info.offsets || (has_lengths && !b->info.lengths)))
        return dvm_fail(DVM_ERR_ARG, "%s: %s must be given, one for each of %zu blocks", b->call,
                        has_lengths ? "lengths and offsets" : "offsets", b->info.count);
    if (!has_lengths) {
        block = block_make(b->call, old, b->length, &rc);
        if (!block)
            return rc;
    }
    rc = irregular_make(b, old, block ? block : old, type);
    if (block)
        derived_free(block);
    return rc;
}

int dvm_type_contiguous(size_t count, dvm_type old, dvm_type *type)
{
    struct blocks_of b = {"dvm_type_contiguous", {.kind = DVM_KIND_CONTIGUOUS, .count = count},
                          1, true, old};
    struct derived *of;

    ENTRY_BEGIN();
    of = derived_known(old);
    b.info.stride = of ? derived_extent(of) : 0;
    return dvm_leave(regular(&b, type));
}

int dvm_type_vector(size_t count, size_t length, ptrdiff_t stride, dvm_type old, dvm_type *type)
{
    struct blocks_of b = {"dvm_type_vector", {.kind = DVM_KIND_VECTOR, .count = count,
                          .length = length, .stride = stride}, length, false, old};

    ENTRY_BEGIN();
    return dvm_leave(regular(&b, type));
}

int dvm_type_hvector(size_t count, size_t length, ptrdiff_t stride, dvm_type old, dvm_type *type)
{
    struct blocks_of b = {"dvm_type_hvector", {.kind = DVM_KIND_HVECTOR, .count = count,
                          .length = length, .stride = stride}, length, true, old};

    ENTRY_BEGIN();
    return dvm_leave(regular(&b, type));
}

int dvm_type_indexed(size_t count, const size_t *lengths, const ptrdiff_t *offsets, dvm_type old,
                     dvm_type *type)
{
    struct blocks_of b = {"dvm_type_indexed", {.kind = DVM_KIND_INDEXED, .count = count,
                          .lengths = lengths, .offsets = offsets}, 1, false, old};

    ENTRY_BEGIN();
    return dvm_leave(irregular(&b, true, type));
}

int dvm_type_hindexed(size_t count, const size_t *lengths, const ptrdiff_t *offsets, dvm_type old,
                      dvm_type *type)
{
    struct blocks_of b = {"dvm_type_hindexed", {.kind = DVM_KIND_HINDEXED, .count = count,
                          .lengths = lengths, .offsets = offsets}, 1, true, old};

    ENTRY_BEGIN();
    return dvm_leave(irregular(&b, true, type));
}

int dvm_type_indexed_block(size_t count, size_t length, const ptrdiff_t *offsets, dvm_type old,
                           dvm_type *type)
{
    struct blocks_of b = {"dvm_type_indexed_block", {.kind = DVM_KIND_INDEXED_BLOCK,
                          .count = count, .length = length, .offsets = offsets}, length, false,
                          old};

    ENTRY_BEGIN();
    return dvm_leave(irregular(&b, false, type));
}

int dvm_type_hindexed_block(size_t count, size_t length, const ptrdiff_t *offsets, dvm_type old,
                            dvm_type *type)
{
    struct blocks_of b = {"dvm_type_hindexed_block", {.kind = DVM_KIND_HINDEXED_BLOCK,
                          .count = count, .length = length, .offsets = offsets}, length, true,
                          old};

    ENTRY_BEGIN();
    return dvm_leave(irregular(&b, false, type));
}

static int struct_make(const struct dvm_type_info *info, dvm_type *type)
{
    const char *call = "dvm_type_struct";
    struct part *parts = info->count < SIZE_MAX / sizeof *parts
                             ? malloc((info->count + 1) * sizeof *parts)
                             : NULL;
    int rc = DVM_OK;

    if (!parts)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a type of %zu blocks", call,
                        info->count);
    for (size_t i = 0; rc == DVM_OK && i < info->count; i++) {
        struct derived *of = derived_find(call, info->types[i]);

        if (of)
            parts[i] = (struct part){of, info->lengths[i], info->offsets[i], derived_extent(of)};
        else
            rc = DVM_ERR_TYPE;
    }
    if (rc == DVM_OK)
        rc = derived_make(call, info, parts, info->count, NULL, type);
    free(parts);
    return rc;
}

int dvm_type_struct(size_t count, const size_t *lengths, const ptrdiff_t *offsets,
                    const dvm_type *types, dvm_type *type)
{
    const struct dvm_type_info info = {.kind = DVM_KIND_STRUCT, .count = count,
                                       .lengths = lengths, .offsets = offsets, .types = types,
                                       .type_count = count};

    ENTRY_BEGIN();
    if (!type)
        return dvm_leave(no_result("dvm_type_struct"));
    if (count > 0 && (!lengths || !offsets || !types))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_type_struct: lengths, offsets and types must "
                                               "be given, one for each of %zu blocks", count));
    return dvm_leave(struct_make(&info, type));
}

int dvm_type_resized(dvm_type old, ptrdiff_t lower, ptrdiff_t extent, dvm_type *type)
{
    const struct dvm_type_info info = {.kind = DVM_KIND_RESIZED, .types = &old, .type_count = 1,
                                       .lower = lower, .extent = extent};
    struct bounds bounds = {.lower = lower};
    struct part part = {.count = 1};

    ENTRY_BEGIN();
    part.of = derived_find("dvm_type_resized", old);
    if (!part.of)
        return dvm_leave(DVM_ERR_TYPE);
    if (!type)
        return dvm_leave(no_result("dvm_type_resized"));
    if (__builtin_add_overflow(lower, extent, &bounds.upper))
        return dvm_leave(too_large("dvm_type_resized"));
    return dvm_leave(derived_make("dvm_type_resized", &info, &part, 1, &bounds, type));
}
