/* type_walker.c: see type_walker.h. Bounds and elements of each kind of type are written down
 * here as the standard of MPI words them, without a look at how the library does it. */
#include "tests/support/type_walker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fake_daemon.h"
#include "type/type.h"

#define PARTS 4

static const dvm_type basics[] = {DVM_BYTE, DVM_CHAR, DVM_SHORT, DVM_INT, DVM_LONG, DVM_FLOAT,
                                  DVM_DOUBLE, DVM_DOUBLE_COMPLEX, DVM_UINT64, DVM_BOOL};

static void put(struct walker *to, const struct walker *from, ptrdiff_t at)
{
    if (!from->some)
        return;
    for (size_t i = 0; i < from->count && to->count < WALKER_ELEMENTS_MAX; i++)
        to->e[to->count++] = (struct walker_element){from->e[i].type, from->e[i].at + at};
    if (!to->some || from->lower + at < to->lower)
        to->lower = from->lower + at;
    if (!to->some || from->upper + at > to->upper)
        to->upper = from->upper + at;
    to->some = true;
    if (from->align > to->align)
        to->align = from->align;
}

static void put_row(struct walker *to, const struct walker *from, size_t count, ptrdiff_t at)
{
    for (size_t i = 0; i < count; i++)
        put(to, from, at + (ptrdiff_t)i * (from->upper - from->lower));
}

size_t walker_below(uint64_t *seed, size_t most)
{
    return fake_random(seed) % most;
}

static struct walker *list_new(void)
{
    struct walker *l = calloc(1, sizeof *l);

    l->align = 1;
    return l;
}

static struct walker *basic(uint64_t *seed)
{
    struct walker *l = list_new();
    dvm_type t = basics[walker_below(seed, sizeof basics / sizeof basics[0])];

    l->made = t;
    l->e[0] = (struct walker_element){t, 0};
    l->count = 1;
    l->upper = (ptrdiff_t)type_basic(t)->size;
    l->align = type_basic(t)->align;
    l->some = true;
    return l;
}

static int make_regular(uint64_t *seed, const struct walker *old, struct walker *l, int kind)
{
    size_t count = walker_below(seed, 4), length = kind == 0 ? 1 : walker_below(seed, 4);
    ptrdiff_t extent = old->upper - old->lower;
    ptrdiff_t stride = (ptrdiff_t)walker_below(seed, 9) - 3;
    ptrdiff_t step = kind == 0 ? extent : kind == 1 ? stride * extent : stride * 7;

    for (size_t i = 0; i < count; i++)
        put_row(l, old, length, (ptrdiff_t)i * step);
    if (kind == 0)
        return dvm_type_contiguous(count, old->made, &l->made);
    return kind == 1 ? dvm_type_vector(count, length, stride, old->made, &l->made)
                     : dvm_type_hvector(count, length, stride * 7, old->made, &l->made);
}

static int make_indexed(uint64_t *seed, const struct walker *old, struct walker *l, int kind)
{
    size_t count = walker_below(seed, PARTS + 1), length = walker_below(seed, 3), lengths[PARTS];
    ptrdiff_t offsets[PARTS], extent = kind % 2 ? 1 : old->upper - old->lower;

    for (size_t i = 0; i < count; i++) {
        lengths[i] = kind < 2 ? walker_below(seed, 4) : length;
        offsets[i] = (ptrdiff_t)walker_below(seed, 40) - 10;
        put_row(l, old, lengths[i], offsets[i] * extent);
    }
    switch (kind) {
    case 0:
        return dvm_type_indexed(count, lengths, offsets, old->made, &l->made);
    case 1:
        return dvm_type_hindexed(count, lengths, offsets, old->made, &l->made);
    case 2:
        return dvm_type_indexed_block(count, length, offsets, old->made, &l->made);
    default:
        return dvm_type_hindexed_block(count, length, offsets, old->made, &l->made);
    }
}

static int make_struct(uint64_t *seed, const struct walker *old, struct walker *l, int depth)
{
    size_t count = walker_below(seed, PARTS + 1), lengths[PARTS];
    ptrdiff_t offsets[PARTS], at = 0;
    struct walker *others[PARTS] = {NULL};
    dvm_type types[PARTS];
    int rc;

    for (size_t i = 0; i < count; i++) {
        others[i] = i > 0 && walker_below(seed, 3) == 0 ? NULL : walker_make(seed, depth - 1);
        const struct walker *of = others[i] ? others[i] : old;

        types[i] = of->made;
        lengths[i] = walker_below(seed, 4);
        offsets[i] = at + (ptrdiff_t)walker_below(seed, 20);
        at = offsets[i] + (ptrdiff_t)lengths[i] * (of->upper - of->lower);
        put_row(l, of, lengths[i], offsets[i]);
    }
    if (l->some && (l->upper - l->lower) % (ptrdiff_t)l->align)
        l->upper += (ptrdiff_t)l->align - (l->upper - l->lower) % (ptrdiff_t)l->align;
    rc = dvm_type_struct(count, lengths, offsets, types, &l->made);
    for (size_t i = 0; i < count; i++) {
        if (others[i] && others[i]->made >= DVM_TYPE_COUNT)
            dvm_type_free(&others[i]->made);
        free(others[i]);
    }
    return rc;
}

/* Put the elements of an array that are wanted, in order. */
static void put_array(struct walker *l, const struct walker *old, int dims, const size_t *sizes,
                      int order, bool (*wanted)(const void *arg, const size_t *index),
                      const void *arg)
{
    ptrdiff_t extent = old->upper - old->lower;
    size_t all = 1, index[3];

    for (int d = 0; d < dims; d++)
        all *= sizes[d];
    for (size_t i = 0; i < all; i++) {
        size_t rest = i;

        for (int k = 0; k < dims; k++) {
            int d = order == DVM_ORDER_C ? dims - 1 - k : k;

            index[d] = rest % sizes[d];
            rest /= sizes[d];
        }
        if (wanted(arg, index))
            put(l, old, (ptrdiff_t)i * extent);
    }
    l->lower = 0;
    l->upper = (ptrdiff_t)all * extent;
    l->some = true;
    l->align = 1;
}

struct grid {
    int dims, order, tasks, rank;
    size_t sizes[3], subsizes[3], starts[3], arguments[3];
    int distributions[3], processes[3];
};

static bool in_part(const void *arg, const size_t *index)
{
    const struct grid *g = arg;

    for (int d = 0; d < g->dims; d++)
        if (index[d] < g->starts[d] || index[d] - g->starts[d] >= g->subsizes[d])
            return false;
    return true;
}

static bool is_mine(const void *arg, const size_t *index)
{
    const struct grid *g = arg;
    int rank = 0;

    for (int d = 0; d < g->dims; d++) {
        size_t p = (size_t)g->processes[d], block = g->arguments[d];

        if (block == 0)
            block = g->distributions[d] == DVM_DISTRIBUTE_CYCLIC ? 1 : (g->sizes[d] + p - 1) / p;
        rank = rank * (int)p +
               (g->distributions[d] == DVM_DISTRIBUTE_NONE ? 0 : (int)(index[d] / block % p));
    }
    return rank == g->rank;
}

static int make_array(uint64_t *seed, const struct walker *old, struct walker *l, bool distributed)
{
    struct grid g = {.dims = 1 + (int)walker_below(seed, 3),
                     .order = (int)walker_below(seed, 2), .tasks = 1};

    for (int d = 0; d < g.dims; d++) {
        g.sizes[d] = 1 + walker_below(seed, 5);
        g.starts[d] = walker_below(seed, g.sizes[d]);
        g.subsizes[d] = walker_below(seed, g.sizes[d] - g.starts[d] + 1);
        g.distributions[d] = (int)walker_below(seed, 3);
        g.processes[d] = 1;
        if (g.distributions[d] != DVM_DISTRIBUTE_NONE)
            g.processes[d] += (int)walker_below(seed, 3);
        g.arguments[d] = walker_below(seed, 4);
        if (g.distributions[d] == DVM_DISTRIBUTE_BLOCK &&
            g.arguments[d] * (size_t)g.processes[d] < g.sizes[d])
            g.arguments[d] = 0;
        g.tasks *= g.processes[d];
    }
    g.rank = (int)walker_below(seed, (size_t)g.tasks);
    put_array(l, old, g.dims, g.sizes, g.order, distributed ? is_mine : in_part, &g);
    return distributed
               ? dvm_type_darray(g.tasks, g.rank, g.dims, g.sizes, g.distributions, g.arguments,
                                 g.processes, g.order, old->made, &l->made)
               : dvm_type_subarray(g.dims, g.sizes, g.subsizes, g.starts, g.order, old->made,
                                   &l->made);
}

static int make_resized(uint64_t *seed, const struct walker *old, struct walker *l)
{
    ptrdiff_t lower = (ptrdiff_t)walker_below(seed, 20) - 10;
    ptrdiff_t extent = (ptrdiff_t)walker_below(seed, 100);

    put(l, old, 0);
    l->lower = lower;
    l->upper = lower + extent;
    l->align = 1;
    l->some = true;
    return dvm_type_resized(old->made, lower, extent, &l->made);
}

struct walker *walker_make(uint64_t *seed, int depth)
{
    struct walker *old, *l;
    int kind = (int)walker_below(seed, 11), rc;

    if (depth == 0 || walker_below(seed, 6) == 0)
        return basic(seed);
    old = walker_make(seed, depth - 1);
    l = list_new();
    if (kind < 3)
        rc = make_regular(seed, old, l, kind);
    else if (kind < 7)
        rc = make_indexed(seed, old, l, kind - 3);
    else if (kind == 7)
        rc = make_struct(seed, old, l, depth);
    else
        rc = kind == 10 ? make_resized(seed, old, l) : make_array(seed, old, l, kind == 9);
    if (old->made >= DVM_TYPE_COUNT)
        dvm_type_free(&old->made);
    free(old);
    if (rc == DVM_ERR_LIMIT || l->count == WALKER_ELEMENTS_MAX) { /* too much for this test */
        if (rc == DVM_OK)
            dvm_type_free(&l->made);
        free(l);
        return basic(seed);
    }
    if (rc != DVM_OK) {
        fprintf(stderr, "walker: %s\n", dvm_last_error());
        abort();
    }
    return l;
}

struct walker_room walker_room(const struct walker *l, size_t count)
{
    ptrdiff_t low = 0, high = 0;
    struct walker_room r;

    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < l->count; i++) {
            ptrdiff_t at = (ptrdiff_t)c * (l->upper - l->lower) + l->e[i].at;

            low = at < low ? at : low;
            high = at + 32 > high ? at + 32 : high;
        }
    r.size = (size_t)(high - low) + 1;
    r.bytes = calloc(1, r.size);
    r.first = r.bytes - low;
    return r;
}

size_t walker_size(const struct walker *l)
{
    size_t size = 0;

    for (size_t i = 0; i < l->count; i++)
        size += type_basic(l->e[i].type)->size;
    return size;
}

void walker_copy(const struct walker *l, size_t count, const struct walker_room *r,
                 unsigned char *packed, bool into)
{
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < l->count; i++) {
            unsigned char *at = r->first + (ptrdiff_t)c * (l->upper - l->lower) + l->e[i].at;
            size_t bytes = type_basic(l->e[i].type)->size;

            memcpy(into ? at : packed, into ? packed : at, bytes);
            packed += bytes;
        }
}

bool walker_overlaps(const struct walker *l)
{
    for (size_t i = 0; i < l->count; i++)
        for (size_t j = 0; j < i; j++)
            if (l->e[i].at < l->e[j].at + (ptrdiff_t)type_basic(l->e[j].type)->size &&
                l->e[j].at < l->e[i].at + (ptrdiff_t)type_basic(l->e[i].type)->size)
                return true;
    return false;
}

void walker_free(struct walker *w)
{
    if (w->made >= DVM_TYPE_COUNT)
        dvm_type_free(&w->made);
    free(w);
}
