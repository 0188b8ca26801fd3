/* group_sets.c: groups that their members make from lists of tasks: dvm_group_create,
 * dvm_group_subset and the operations on sets. Each member reckons the list by itself;
 * group_make.c does the rest.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "coll/group_make.h"
#include "group/entry.h"

static int no_place(const char *call)
{
    return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", call);
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Whether a number is twice in a list; *rc says so, or that there is no memory. */
static int find_twice(const char *call, const char *what, const int *list, int count)
{
    int *sorted = malloc((size_t)count * sizeof *sorted + 1);
    int rc = DVM_OK;

    if (!sorted)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for %d numbers", call, count);
    if (count > 0)
        memcpy(sorted, list, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_number);
    for (int i = 1; rc == DVM_OK && i < count; i++)
        if (sorted[i] == sorted[i - 1])
            rc = dvm_fail(DVM_ERR_ARG, "%s: %s %d (0x%x) is twice in the list; a task has one "
                                       "place in a group", call, what, sorted[i],
                          (unsigned)sorted[i]);
    free(sorted);
    return rc;
}

int group_make_listed(const char *call, uintptr_t site, const int *tids, int count,
                      dvm_group *result)
{
    int rc = DVM_OK, tid;

    for (int i = 0; rc == DVM_OK && i < count; i++)
        rc = group_peer(group_find(DVM_UNIVERSE, call), call, tids[i], &tid);
    if (rc == DVM_OK)
        rc = find_twice(call, "tid", tids, count);
    return rc == DVM_OK ? group_make_agreed(call, site, tids, count, result) : rc;
}

int dvm_group_create(const int *tids, int count, dvm_group *result)
{
    static const char call[] = "dvm_group_create";
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    if (!result)
        return dvm_leave(no_place(call));
    if (count < 0 || (count > 0 && !tids))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d tids", call, count));
    return dvm_leave(group_make_listed(call, site, tids, count, result));
}

/* Tids of ranks (owned by the caller). */
static int tids_of(const struct group *g, const char *call, const int *ranks, int count, int **tids)
{
    int rc = DVM_OK;

    *tids = malloc((size_t)count * sizeof **tids + 1);
    if (!*tids)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for %d ranks", call, count);
    for (int i = 0; rc == DVM_OK && i < count; i++)
        rc = group_peer(g, call, ranks[i], &(*tids)[i]);
    return rc;
}

int dvm_group_subset(dvm_group group, const int *ranks, int count, dvm_group *result)
{
    static const char call[] = "dvm_group_subset";
    uintptr_t site = ENTRY_SITE();
    const struct group *g;
    int *tids = NULL;
    int rc = DVM_ERR_GROUP;

    ENTRY_BEGIN();
    if (!result)
        return dvm_leave(no_place(call));
    if (count < 0 || (count > 0 && !ranks))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: there is no list of %d ranks", call, count));
    g = group_find(group, call);
    if (g)
        rc = tids_of(g, call, ranks, count, &tids);
    if (rc == DVM_OK)
        rc = find_twice(call, "the task", tids, count);
    if (rc == DVM_OK)
        rc = group_make_agreed(call, site, tids, count, result);
    free(tids);
    return dvm_leave(rc);
}

static const struct group nobody; /* DVM_GROUP_NONE as a set */

static const struct group *find_set(dvm_group group, const char *call)
{
    return group == DVM_GROUP_NONE ? &nobody : group_find(group, call);
}

/* Append the tids of a group that are, or are not, in another. */
static void gather(const struct group *g, const struct group *other, bool in, int *tids, int *count)
{
    for (int i = 0; i < g->size; i++)
        if ((other != &nobody && group_rank_of(other, g->receive_tids[i]) >= 0) == in)
            tids[(*count)++] = g->receive_tids[i];
}

enum set_kind { SET_UNION, SET_INTERSECTION, SET_DIFFERENCE };

static int combine(const char *call, uintptr_t site, enum set_kind kind, dvm_group a,
                   dvm_group b, dvm_group *result)
{
    const struct group *x = find_set(a, call), *y = x ? find_set(b, call) : NULL;
    int *tids, count = 0, rc;

    if (!y)
        return DVM_ERR_GROUP;
    if (!result)
        return no_place(call);
    if ((x->size == 0 && x != &nobody) || (y->size == 0 && y != &nobody))
        return dvm_fail(DVM_ERR_GROUP, "%s: DVM_UNIVERSE is no fixed set of tasks; "
                                       "dvm_group_create makes a group of tids", call);
    tids = malloc(((size_t)x->size + (size_t)y->size + 1) * sizeof *tids);
    if (!tids)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a list of tasks", call);
    if (kind == SET_UNION) {
        gather(x, x, true, tids, &count);
        gather(y, x, false, tids, &count);
    } else {
        gather(x, y, kind == SET_INTERSECTION, tids, &count);
    }
    rc = group_make_agreed(call, site, tids, count, result);
    free(tids);
    return rc;
}

int dvm_group_union(dvm_group a, dvm_group b, dvm_group *result)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(combine("dvm_group_union", site, SET_UNION, a, b, result));
}

int dvm_group_intersection(dvm_group a, dvm_group b, dvm_group *result)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(combine("dvm_group_intersection", site, SET_INTERSECTION, a, b, result));
}

int dvm_group_difference(dvm_group a, dvm_group b, dvm_group *result)
{
    uintptr_t site = ENTRY_SITE();

    ENTRY_BEGIN();
    return dvm_leave(combine("dvm_group_difference", site, SET_DIFFERENCE, a, b, result));
}
