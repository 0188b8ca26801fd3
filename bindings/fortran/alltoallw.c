/* alltoallw.c: the collective with a type of its own for each task. Offsets are bytes, and types
 * say themselves how elements lie in memory: so both buffers must be whole arrays. Where Fortran
 * knows how large they are, what the types reach is checked.
 */
#include <stdlib.h>

#include "array.h"
#include "procedures.h"
#include "request.h"
#include "step.h"

/* One side: an array, and a count, an offset and a type for each task. */
struct wide_side {
    const char *name; /* for sentences */
    const CFI_cdesc_t *argument, *count_list, *offset_list, *type_list;
    void *at;
    size_t *counts, *offsets;
    dvm_type *types;
    size_t tasks;
};

struct wide {
    struct wide_side in, out;
    dvm_group group;
    bool neighbours;
};

/* Whether that much memory holds what goes to or comes from the i-th task. */
static int check_room(const struct wide_side *s, const struct buffer *b, size_t i)
{
    ptrdiff_t lower, true_lower, extent, true_extent, first, end;
    int rc = dvm_type_extent(s->types[i], &lower, &extent);

    if (rc == DVM_OK)
        rc = dvm_type_true_extent(s->types[i], &true_lower, &true_extent);
    if (rc != DVM_OK || b->room == BUFFER_UNKNOWN || s->counts[i] == 0)
        return rc;
    if (__builtin_mul_overflow((ptrdiff_t)s->counts[i] - 1, extent, &end) ||
        __builtin_add_overflow(end, (ptrdiff_t)s->offsets[i] + true_lower, &end))
        return call_fail(DVM_ERR_ARG, "%s: the part of task %zu is too large", s->name, i);
    first = (ptrdiff_t)s->offsets[i] + true_lower;
    if (end < first) { /* a negative extent goes down */
        ptrdiff_t swap = end;

        end = first;
        first = swap;
    }
    end += true_extent;
    if (first < 0 || (size_t)end > b->room)
        return call_fail(DVM_ERR_ARG, "%s: the part of task %zu is at bytes %td to %td, and the "
                         "array has %zu", s->name, i, first, end, b->room);
    return DVM_OK;
}

static int64_t number(const CFI_cdesc_t *list, size_t i)
{
    return *(const int64_t *)step_to(list, i);
}

static bool short_list(const CFI_cdesc_t *list, size_t tasks)
{
    return !list->base_addr || (size_t)list->dim[0].extent < tasks;
}

/* Take the lists of a side over. */
static int take_lists(struct wide_side *s, const struct buffer *b)
{
    int rc = DVM_OK;

    if (short_list(s->count_list, s->tasks) || short_list(s->offset_list, s->tasks) ||
        short_list(s->type_list, s->tasks))
        return call_fail(DVM_ERR_ARG, "%s: counts, offsets and types need a place for each task",
                         s->name);
    s->counts = calloc(s->tasks + 1, sizeof *s->counts);
    s->offsets = calloc(s->tasks + 1, sizeof *s->offsets);
    s->types = calloc(s->tasks + 1, sizeof *s->types);
    if (!s->counts || !s->offsets || !s->types)
        return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for lists", s->name);
    for (size_t i = 0; rc == DVM_OK && i < s->tasks; i++) {
        if (number(s->count_list, i) < 0 || number(s->offset_list, i) < 0)
            return call_fail(DVM_ERR_ARG, "%s: a count or an offset is negative", s->name);
        s->counts[i] = (size_t)number(s->count_list, i);
        s->offsets[i] = (size_t)number(s->offset_list, i);
        s->types[i] = *(const dvm_type *)step_to(s->type_list, i);
        rc = check_room(s, b, i);
    }
    return rc;
}

static int prepare_side(struct wide_side *s)
{
    const dvm_type bytes = DVM_BYTE;
    struct buffer b;
    int rc = buffer_look(&b, s->name, s->argument, &bytes);

    if (rc != DVM_OK)
        return rc;
    s->at = buffer_in_place(&b) ? DVM_IN_PLACE : b.at;
    if (s->at == DVM_IN_PLACE)
        return DVM_OK;
    if (!b.together)
        return call_fail(DVM_ERR_ARG, "%s: give the whole array, not a section: the types say "
                         "where in it the elements are", s->name);
    return take_lists(s, &b);
}

/* How many tasks each side has. */
static int count_tasks(struct wide *w)
{
    int in, out, rc;

    if (w->neighbours) {
        rc = dvm_neighbour_count(w->group, &out, &in);
    } else {
        rc = dvm_group_size(w->group, &in);
        out = in;
    }
    if (rc == DVM_OK) {
        w->in.tasks = (size_t)in;
        w->out.tasks = (size_t)out;
    }
    return rc;
}

static int prepare(struct wide *w)
{
    int rc = count_tasks(w);

    if (rc == DVM_OK)
        rc = prepare_side(&w->in);
    if (rc == DVM_OK)
        rc = prepare_side(&w->out);
    return rc;
}

static void side_free(struct wide_side *s)
{
    free(s->counts);
    free(s->offsets);
    free(s->types);
}

static void finish(struct wide *w, int rc, void *ierror)
{
    side_free(&w->in);
    side_free(&w->out);
    call_end(rc, ierror);
}

#define ARGUMENTS                                                                          \
    const CFI_cdesc_t *in, const CFI_cdesc_t *in_counts, const CFI_cdesc_t *in_offsets,    \
        const CFI_cdesc_t *in_types, const CFI_cdesc_t *out,                               \
        const CFI_cdesc_t *out_counts, const CFI_cdesc_t *out_offsets,                     \
        const CFI_cdesc_t *out_types
#define GIVEN(name, of_neighbours)                                                         \
    {                                                                                      \
        .in = {name ": in", in, in_counts, in_offsets, in_types, .at = NULL},              \
        .out = {name ": out", out, out_counts, out_offsets, out_types, .at = NULL},        \
        .group = group_or_world(group), .neighbours = of_neighbours,                       \
    }
#define SIDES                                                                              \
    w.group, w.in.at, w.in.counts, w.in.offsets, w.in.types, w.out.at, w.out.counts,       \
        w.out.offsets, w.out.types

/* The forms of one: the one that waits, and those that leave a request. */
#define WAITS(name, of_neighbours)                                                         \
    void dvmf_##name(ARGUMENTS, const dvm_group *group, void *ierror)                      \
    {                                                                                      \
        struct wide w = GIVEN("dvm_" #name, of_neighbours);                                \
        int rc;                                                                            \
                                                                                           \
        CALL_BEGIN(ierror);                                                                \
        rc = prepare(&w);                                                                  \
        finish(&w, rc == DVM_OK ? dvm_##name(SIDES) : rc, ierror);                         \
    }
#define STARTS(name, of_neighbours)                                                        \
    void dvmf_##name(ARGUMENTS, struct request *request, const dvm_group *group,           \
                     void *ierror)                                                         \
    {                                                                                      \
        struct wide w = GIVEN("dvm_" #name, of_neighbours);                                \
        struct dvm_request *handle;                                                        \
        int rc;                                                                            \
                                                                                           \
        CALL_BEGIN(ierror);                                                                \
        rc = prepare(&w);                                                                  \
        if (rc == DVM_OK)                                                                  \
            rc = dvm_##name(SIDES, &handle);                                               \
        if (rc == DVM_OK)                                                                  \
            *request = (struct request){.handle = handle};                                 \
        finish(&w, rc, ierror);                                                            \
    }

WAITS(alltoallw, false)
STARTS(ialltoallw, false)
STARTS(alltoallw_init, false)
WAITS(neighbour_alltoallw, true)
STARTS(ineighbour_alltoallw, true)
STARTS(neighbour_alltoallw_init, true)
