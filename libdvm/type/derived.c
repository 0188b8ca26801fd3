/* derived.c: the table of types, and making them of parts; see derived.h.
 *
 * A handle is generation << 16 | place, so that one that was freed is found out. Basic types
 * have their own numbers, all smaller, and are put into the same form at first use.
 */
#include "type/derived.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PLACE_BITS 16
#define PLACES (1u << PLACE_BITS)
#define GENERATION_MAX 0x7fffu

static struct {
    struct derived *types[PLACES];
    uint16_t generation[PLACES];
    unsigned next;                   /* where to look for a free place */
    unsigned used;                   /* no place from here on was ever taken */
    struct derived basic[DVM_TYPE_COUNT];
    struct layout_node nodes[DVM_TYPE_COUNT];
} table;

/* ---- as a shape ------------------------------------------------------------------- */

static void pack(const struct shape *shape, const void *base, size_t at, void *to, size_t bytes)
{
    const struct derived *d = (const struct derived *)shape;
    size_t head = TYPE_HEAD(d->code);

    if (at < head) {
        size_t part = bytes < head - at ? bytes : head - at;

        memcpy(to, d->signature.bytes + at, part);
        to = (char *)to + part;
        bytes -= part;
        at += part;
    }
    layout_pack(&d->layout, derived_extent(d), base, at - head, to, bytes);
}

static void unpack(const struct shape *shape, void *base, size_t at, const void *from,
                   size_t bytes)
{
    const struct derived *d = (const struct derived *)shape;

    layout_unpack(&d->layout, derived_extent(d), base, at, from, bytes);
}

static void end(struct shape *shape)
{
    struct derived *d = (struct derived *)shape;

    if (d->handle)
        table.types[d->handle & (PLACES - 1)] = NULL;
    for (size_t i = 0; i < d->info.type_count; i++)
        if (derived_known(d->info.types[i]))
            shape_drop(&derived_known(d->info.types[i])->shape);
    if (d->packed && d->packed != d)
        shape_drop(&d->packed->shape);
    layout_free(&d->layout);
    free(d->show);
    free(d->memory);
    free(d);
}

/* ---- finding ------------------------------------------------------------------------ */

static struct derived *basic(dvm_type type)
{
    struct derived *d = &table.basic[type];
    const struct type *t = type_find(type);

    if (d->size)
        return d;
    table.nodes[type] = (struct layout_node){.count = 1, .bytes = t->size};
    *d = (struct derived){
        .shape = {.holds = 1, .pack = pack, .unpack = unpack, .end = end}, .handle = type,
        .committed = true, .looked = true, .bounded = true, .bounds = {0, (ptrdiff_t)t->size},
        .bytes = {0, (ptrdiff_t)t->size}, .align = t->align, .size = t->size, .elements = 1,
        .code = type_code(type), .row = *t, .info = {.kind = DVM_KIND_BASIC},
        .layout = {.nodes = &table.nodes[type], .count = 1, .children = 1, .bytes = t->size}};
    signature_basic(&d->signature, type);
    return d;
}

struct derived *derived_known(dvm_type type)
{
    struct derived *d;

    if (type >= 0 && type < DVM_TYPE_COUNT)
        return basic(type);
    d = type > 0 ? table.types[type & (PLACES - 1)] : NULL;
    return d && d->handle == type ? d : NULL;
}

static struct derived *complain(const char *call, dvm_type type, const char *why)
{
    dvm_fail(DVM_ERR_TYPE, "%s: %d%s is %s", call, type,
             type == DVM_TYPE_NONE ? " (DVM_TYPE_NONE)" : "", why);
    return NULL;
}

struct derived *derived_find(const char *call, dvm_type type)
{
    struct derived *d = derived_known(type);

    if (d)
        return d;
    if (type == DVM_TYPE_NONE)
        return complain(call, type, "no type: it was freed with dvm_type_free, or never made");
    return complain(call, type, type >> PLACE_BITS > 0
                                    ? "no type any more: it was freed with dvm_type_free"
                                    : "no type; dvm.h lists the DVM_ types, and dvm_type_vector "
                                      "and the like make others");
}

struct derived *derived_usable(const char *call, dvm_type type)
{
    struct derived *d = derived_find(call, type);

    if (d && d->freed)
        return complain(call, type, "no type any more: it was freed with dvm_type_free");
    if (d && !d->committed)
        return complain(call, type, "a type that was not committed; call dvm_type_commit with it "
                                    "once before it is used for data");
    return d;
}

const struct type *type_find(dvm_type type)
{
    const struct type *t = type_basic(type);
    struct derived *d = t ? NULL : derived_known(type);

    return d ? &d->row : t;
}

uint32_t type_code(dvm_type type)
{
    struct derived *d = type_basic(type) ? NULL : derived_known(type);

    assert(d || type_basic(type));
    return d ? d->code : type_basic_code(type);
}

/* ---- making --------------------------------------------------------------------------- */

/* A new type while it is made. */
struct making {
    const char *call;
    const struct part *parts;
    size_t count;
    struct derived *d;
};

static int too_large(const struct making *m)
{
    return dvm_fail(DVM_ERR_ARG, "%s: the new type would be larger than memory can be", m->call);
}

/* Widen bounds by those of a part; first: there are none yet. false: an overflow. */
static bool widen(struct bounds *all, const struct part *p, const struct bounds *own, bool first)
{
    ptrdiff_t ends[2] = {p->offset, 0}, way;

    if (p->count - 1 > PTRDIFF_MAX ||
        __builtin_mul_overflow((ptrdiff_t)(p->count - 1), p->stride, &way) ||
        __builtin_add_overflow(p->offset, way, &ends[1]))
        return false;
    for (int i = 0; i < 2; i++) {
        ptrdiff_t lower, upper, extent;

        if (__builtin_add_overflow(ends[i], own->lower, &lower) ||
            __builtin_add_overflow(ends[i], own->upper, &upper))
            return false;
        if ((first && i == 0) || lower < all->lower)
            all->lower = lower;
        if ((first && i == 0) || upper > all->upper)
            all->upper = upper;
        if (__builtin_sub_overflow(all->upper, all->lower, &extent))
            return false;
    }
    return true;
}

/* Bounds, sizes and signature. */
static int measure(const struct making *m)
{
    struct derived *d = m->d;
    struct signature_of signature;
    size_t size, elements;

    for (size_t i = 0; i < m->count; i++) {
        const struct part *p = &m->parts[i];
        struct signature s = p->of->signature;

        if (p->count == 0 || !p->of->bounded)
            continue;
        if (__builtin_mul_overflow(p->count, p->of->size, &size) ||
            __builtin_add_overflow(d->size, size, &d->size) || d->size > PTRDIFF_MAX ||
            __builtin_mul_overflow(p->count, p->of->elements, &elements) ||
            __builtin_add_overflow(d->elements, elements, &d->elements) ||
            !widen(&d->bounds, p, &p->of->bounds, !d->bounded) ||
            !widen(&d->bytes, p, &p->of->bytes, !d->bounded))
            return too_large(m);
        d->bounded = true;
        if (p->of->align > d->align)
            d->align = p->of->align;
        if (!signature_repeat(&s, p->count) || !signature_append(&d->signature, &s))
            return dvm_fail(DVM_ERR_LIMIT, "%s: the elements change their type too often (about "
                                           "%d times, where no order repeats, are possible); "
                                           "order them, or send them in parts",
                            m->call, SHAPE_HEAD_MAX - 4);
    }
    signature = derived_signature(d);
    if (!signature_count(&signature, &elements, &size))
        return dvm_fail(DVM_ERR_LIMIT, "%s: types of several types are made of each other more "
                                       "than %d times; make a flatter one", m->call,
                        SIGNATURE_DEPTH);
    return DVM_OK;
}

/* A struct of C ends where the next one of an array begins. */
static void round_up(struct derived *d)
{
    size_t rest = (size_t)(d->bounds.upper - d->bounds.lower) % d->align;

    if (d->info.kind == DVM_KIND_STRUCT && rest > 0 &&
        d->bounds.upper <= PTRDIFF_MAX - (ptrdiff_t)d->align)
        d->bounds.upper += (ptrdiff_t)(d->align - rest);
}

static int lay_out(const struct making *m)
{
    struct layout_use *uses = calloc(m->count + 1, sizeof *uses);
    int rc;

    if (!uses)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a type", m->call);
    for (size_t i = 0; i < m->count; i++)
        uses[i] = (struct layout_use){.of = &m->parts[i].of->layout, .count = m->parts[i].count,
                                      .offset = m->parts[i].offset,
                                      .stride = m->parts[i].stride};
    rc = layout_make(&m->d->layout, uses, m->count);
    free(uses);
    return rc;
}

/* Copy an array of info behind the others; NULL is taken. Returns the copy. */
static void *copy_array(char **at, const void *array, size_t count, size_t size)
{
    void *copy = *at;

    if (!array)
        return NULL;
    if (count > 0)
        memcpy(copy, array, count * size);
    *at += (count * size + sizeof(size_t) - 1) / sizeof(size_t) * sizeof(size_t);
    return copy;
}

/* Keep how it was made. */
static bool note(struct derived *d, const struct dvm_type_info *from)
{
    size_t blocks = from->lengths || from->offsets ? from->count : 0;
    size_t dims = from->dims > 0 ? (size_t)from->dims : 0;
    char *at = malloc((2 * blocks + 6 * dims + from->type_count + 1) * sizeof(size_t));
    struct dvm_type_info *i = &d->info;

    d->memory = at;
    if (!at)
        return false;
    *i = *from;
    i->lengths = copy_array(&at, from->lengths, blocks, sizeof *i->lengths);
    i->offsets = copy_array(&at, from->offsets, blocks, sizeof *i->offsets);
    i->sizes = copy_array(&at, from->sizes, dims, sizeof *i->sizes);
    i->subsizes = copy_array(&at, from->subsizes, dims, sizeof *i->subsizes);
    i->starts = copy_array(&at, from->starts, dims, sizeof *i->starts);
    i->arguments = copy_array(&at, from->arguments, dims, sizeof *i->arguments);
    i->distributions = copy_array(&at, from->distributions, dims, sizeof *i->distributions);
    i->processes = copy_array(&at, from->processes, dims, sizeof *i->processes);
    i->types = copy_array(&at, from->types, i->type_count, sizeof *i->types);
    for (size_t t = 0; t < i->type_count; t++)
        shape_hold(&derived_known(i->types[t])->shape);
    return true;
}

/* Give it a place in the table. */
static bool place(struct derived *d)
{
    for (unsigned tries = 0; tries < PLACES; tries++) {
        unsigned at = table.next++ % PLACES;

        if (table.types[at])
            continue;
        table.generation[at] = (uint16_t)(table.generation[at] % GENERATION_MAX + 1);
        table.types[at] = d;
        if (table.used <= at)
            table.used = at + 1;
        d->handle = (dvm_type)(table.generation[at] << PLACE_BITS | at);
        return true;
    }
    return false;
}

/* What messages of it are. */
static void name(struct derived *d)
{
    dvm_type only = d->size ? signature_only(&d->signature) : DVM_BYTE;

    d->code = only >= 0 ? type_basic_code(only) : type_code_mixed(d->signature.length);
    d->row = (struct type){.name = "a derived type", .word = "derived", .size = d->size,
                           .align = d->align, .class = TYPE_DERIVED};
}

int derived_make(const char *call, const struct dvm_type_info *info, const struct part *parts,
                 size_t count, const struct bounds *bounds, dvm_type *type)
{
    struct making m = {call, parts, count, calloc(1, sizeof *m.d)};
    int rc = DVM_OK;

    if (!m.d)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a type", call);
    m.d->shape = (struct shape){.holds = 1, .pack = pack, .unpack = unpack, .end = end};
    m.d->align = 1;
    if (!note(m.d, info))
        rc = dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory for a type", call);
    if (rc == DVM_OK)
        rc = measure(&m);
    if (rc == DVM_OK)
        rc = lay_out(&m);
    if (rc == DVM_OK && !place(m.d))
        rc = dvm_fail(DVM_ERR_LIMIT, "%s: %u types are in use, which is all there can be; free "
                                     "some with dvm_type_free", call, PLACES);
    if (rc != DVM_OK) {
        end(&m.d->shape);
        return rc;
    }
    round_up(m.d);
    if (bounds) {
        m.d->bounds = *bounds;
        m.d->bounded = true;
        m.d->align = 1;
    }
    name(m.d);
    *type = m.d->handle;
    return DVM_OK;
}

void derived_free(struct derived *d)
{
    d->freed = true;
    shape_drop(&d->shape);
}

void derived_stop(void)
{
    /* not all: to look at a page for the first time costs every task */
    for (unsigned i = 0; i < table.used; i++) {
        struct derived *d = table.types[i];

        if (d && !d->freed)
            derived_free(d);
    }
}

/* ---- moving data -------------------------------------------------------------------------- */

ptrdiff_t derived_distance(dvm_type type)
{
    const struct type *t = type_basic(type);

    return t ? (ptrdiff_t)t->size : derived_extent(derived_known(type));
}

bool derived_plain(const struct derived *d, size_t count, ptrdiff_t *offset)
{
    return layout_dense(&d->layout, offset) && TYPE_ID(d->code) != TYPE_MIXED &&
           (count <= 1 || d->size == 0 || derived_extent(d) == (ptrdiff_t)d->size);
}

int derived_check_into(const char *call, struct derived *d)
{
    int rc = d->looked ? DVM_OK : layout_overlaps(&d->layout, &d->overlaps);

    d->looked = rc == DVM_OK;
    if (rc == DVM_OK && d->overlaps)
        return dvm_fail(DVM_ERR_TYPE, "%s: some of the type's elements lie over each other, so "
                                      "nothing can be received into it", call);
    return rc;
}
