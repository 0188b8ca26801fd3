/* collective.c: from arguments of Fortran to those of a collective; see collective.h. How many
 * elements a part has is taken from the side of which this task has one part, else from one that
 * has a part for each. The other side must then be large enough: Fortran knows the sizes.
 */
#include "collective.h"

#include <stdlib.h>
#include <string.h>

#include "step.h"

/* How many tasks have a part of each side, and who this one is. */
static int count_tasks(struct collective *c)
{
    int n, sources, destinations, rc;

    c->in_group = group_or_world(c->group);
    rc = dvm_group_rank(c->in_group, &c->me);
    if (rc == DVM_OK && c->kind->neighbours) {
        rc = dvm_neighbour_count(c->in_group, &sources, &destinations);
        if (rc == DVM_OK) {
            c->from.tasks = (size_t)destinations;
            c->to.tasks = (size_t)sources;
        }
        return rc;
    }
    if (rc == DVM_OK)
        rc = dvm_group_size(c->in_group, &n);
    if (rc == DVM_OK)
        c->from.tasks = c->to.tasks = (size_t)n;
    return rc;
}

static int look(const struct collective *c, struct collective_side *s, const char *name,
                const CFI_cdesc_t *argument, bool unused)
{
    int rc;

    s->unused = unused || s->parts == PARTS_NONE;
    if (s->unused)
        return DVM_OK;
    rc = buffer_look(&s->buffer, name, argument, c->type);
    s->in_place = rc == DVM_OK && buffer_in_place(&s->buffer);
    return rc;
}

/* Look at both sides. An operand that is in the output's place is as large as it. */
static int look_both(struct collective *c)
{
    const struct collective_kind *k = c->kind;
    bool root = k->root == ROOT_NONE || c->me == c->root_rank;
    int rc;

    c->from.parts = k->in;
    c->to.parts = k->out;
    rc = look(c, &c->from, k->in_name, c->in, k->root == ROOT_HAS_IN && !root);
    if (rc == DVM_OK)
        rc = look(c, &c->to, k->out_name, c->out, k->root == ROOT_HAS_OUT && !root);
    if (rc == DVM_OK && c->from.in_place && (k->in == PARTS_EACH || k->in == PARTS_SUM))
        c->to.parts = k->in;
    return rc;
}

static bool has_elements(const struct collective_side *s)
{
    return !s->unused && !s->in_place;
}

/* The type of the elements, which both sides have. */
static int find_type(struct collective *c)
{
    bool in = has_elements(&c->from), out = has_elements(&c->to);

    if (in && out && c->from.buffer.type != c->to.buffer.type)
        return call_fail(DVM_ERR_ARG, "%s and%s are of different types or kinds; they must be the "
                         "same",
                         c->kind->in_name, strchr(c->kind->out_name, ' '));
    c->element = in ? c->from.buffer.type : out ? c->to.buffer.type : DVM_BYTE;
    return DVM_OK;
}

/* Find how many elements a part has. */
static int find_units(struct collective *c)
{
    struct collective_side *const sides[] = {&c->from, &c->to};
    static const enum parts order[] = {PARTS_ONE, PARTS_EACH};
    int rc;

    for (size_t o = 0; o < 2; o++)
        for (size_t i = 0; i < 2; i++) {
            struct collective_side *s = sides[i];

            if (!has_elements(s) || s->parts != order[o] || s->tasks == 0)
                continue;
            rc = buffer_count(&s->buffer, c->count, order[o] == PARTS_ONE ? 1 : s->tasks);
            c->units = s->buffer.count;
            return rc;
        }
    return DVM_OK;
}

static int bad_list(const char *name, const char *why)
{
    return call_fail(DVM_ERR_ARG, "%s: %s", name, why);
}

/* The numbers of an array, one for each task, in units. Returns DVM_OK or an error. */
static int numbers(size_t **numbers, const struct collective_side *s, const CFI_cdesc_t *array)
{
    const char *name = s->buffer.name;
    int64_t value;

    if (!array->base_addr || (size_t)array->dim[0].extent < s->tasks)
        return bad_list(name, "counts and offsets need a place for each task");
    *numbers = calloc(s->tasks + 1, sizeof **numbers);
    if (!*numbers)
        return call_fail(DVM_ERR_NO_MEMORY, "%s: no memory for counts", name);
    for (size_t i = 0; i < s->tasks; i++) {
        value = *(const int64_t *)step_to(array, i);
        if (value < 0 || __builtin_mul_overflow((size_t)value, s->buffer.unit, &(*numbers)[i]))
            return bad_list(name, "a count or an offset is negative, or too large");
    }
    return DVM_OK;
}

/* Counts and offsets of a side that has them. */
static int make_list(struct collective_side *s, const CFI_cdesc_t *counts,
                     const CFI_cdesc_t *offsets)
{
    int rc = DVM_OK;
    size_t end;

    if (s->unused || s->parts < PARTS_LIST)
        return DVM_OK;
    rc = numbers(&s->list.counts, s, counts);
    if (rc == DVM_OK && s->parts == PARTS_LIST)
        rc = numbers(&s->list.offsets, s, offsets);
    for (size_t i = 0; rc == DVM_OK && i < s->tasks; i++) {
        end = (s->parts == PARTS_LIST ? s->list.offsets[i] : s->list.end) + s->list.counts[i];
        if (s->list.counts[i] && end > s->list.end)
            s->list.end = end;
    }
    return rc;
}

/* Units of a side that this task has. */
static size_t size_of(const struct collective *c, const struct collective_side *s)
{
    switch (s->parts) {
    case PARTS_ONE:
        return c->units;
    case PARTS_EACH:
        return c->units * s->tasks;
    case PARTS_LIST:
    case PARTS_SUM:
        return s->list.end;
    case PARTS_MINE:
        return s->list.counts[c->me];
    case PARTS_NONE:
        break;
    }
    return 0;
}

/* Make everything ready for the library. */
static int prepare(struct collective *c)
{
    int rc = count_tasks(c);

    c->root_rank = c->root ? integer(c->root) : DVM_NULL;
    if (rc == DVM_OK)
        rc = look_both(c);
    if (rc == DVM_OK)
        rc = find_type(c);
    if (rc == DVM_OK)
        rc = find_units(c);
    if (rc == DVM_OK)
        rc = make_list(&c->from, c->in_counts, c->in_offsets);
    if (rc == DVM_OK)
        rc = make_list(&c->to, c->out_counts, c->out_offsets);
    if (rc == DVM_OK && !c->from.unused)
        rc = buffer_open(&c->from.buffer, size_of(c, &c->from));
    if (rc == DVM_OK && !c->to.unused)
        rc = buffer_open(&c->to.buffer, size_of(c, &c->to));
    return rc;
}

static void free_list(struct list *l)
{
    free(l->counts);
    free(l->offsets);
}

int collective_do(struct collective *c)
{
    struct dvm_request *handle = NULL;
    int rc = prepare(c);

    if (rc == DVM_OK)
        rc = c->kind->call(c, c->request ? &handle : NULL);
    if (rc == DVM_OK && c->describes)
        rc = request_describe(c->request, handle, &c->from.buffer, &c->to.buffer);
    else if (rc == DVM_OK && c->request)
        rc = request_hold(c->request, handle, &c->from.buffer, &c->to.buffer);
    /* what is kept for the request has no copy here any more */
    buffer_close(&c->from.buffer, 0);
    buffer_close(&c->to.buffer, rc == DVM_OK ? BUFFER_UNKNOWN : 0);
    free_list(&c->from.list);
    free_list(&c->to.list);
    return rc;
}
