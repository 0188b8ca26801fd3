/* query.c: what the public functions tell of a group, and its end. None of these talks
 * to another task.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/entry.h"
#include "group/group.h"

/* The group of a public call that has a result to store; NULL with *rc when there is no
 * group or no place. */
static const struct group *find_for(dvm_group group, const char *call, const int *place, int *rc)
{
    const struct group *g = group_find(group, call);

    *rc = g ? DVM_OK : DVM_ERR_GROUP;
    if (g && !place)
        *rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", call);
    return *rc == DVM_OK ? g : NULL;
}

int dvm_group_rank(dvm_group group, int *rank)
{
    const struct group *g;
    int rc;

    ENTRY_BEGIN();
    g = find_for(group, "dvm_group_rank", rank, &rc);
    if (!g)
        return dvm_leave(rc);
    *rank = g->rank;
    return dvm_leave(DVM_OK);
}

int dvm_group_size(dvm_group group, int *size)
{
    const struct group *g;
    int rc;

    ENTRY_BEGIN();
    g = find_for(group, "dvm_group_size", size, &rc);
    if (!g)
        return dvm_leave(rc);
    if (g->size == 0)
        return dvm_leave(dvm_fail(DVM_ERR_UNSUPPORTED,
                                  "dvm_group_size: DVM_UNIVERSE has no fixed size; dvm_tasks "
                                  "lists the tasks of the machine"));
    *size = g->size;
    return dvm_leave(DVM_OK);
}

int dvm_group_tid(dvm_group group, int rank, int *tid)
{
    const struct group *g;
    int rc;

    ENTRY_BEGIN();
    g = find_for(group, "dvm_group_tid", tid, &rc);
    return dvm_leave(g ? group_peer(g, "dvm_group_tid", rank, tid) : rc);
}

/* A group that has a set of tasks; NULL with *rc otherwise. */
static const struct group *find_set(dvm_group group, const char *call, int *rc)
{
    const struct group *g = group_find(group, call);

    *rc = g ? DVM_OK : DVM_ERR_GROUP;
    if (g && g->size == 0)
        *rc = dvm_fail(DVM_ERR_GROUP, "%s: DVM_UNIVERSE is no fixed set of tasks; dvm_tasks "
                                      "lists those of the machine", call);
    return *rc == DVM_OK ? g : NULL;
}

int dvm_group_tids(dvm_group group, int *tids, int max)
{
    static const char call[] = "dvm_group_tids";
    const struct group *g;
    int rc, count;

    ENTRY_BEGIN();
    g = find_set(group, call, &rc);
    if (g && (max < 0 || (max > 0 && !tids)))
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for %d tids", call, max);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    count = max < g->size ? max : g->size;
    if (count > 0)
        memcpy(tids, g->receive_tids, (size_t)count * sizeof *tids);
    return dvm_leave(DVM_OK);
}

/* The rank that a rank of one group has in another. */
static int translate(const struct group *from, int rank, const struct group *to, int *other)
{
    int tid, rc;

    *other = DVM_NULL;
    if (rank == DVM_NULL)
        return DVM_OK;
    rc = group_peer(from, "dvm_group_translate", rank, &tid);
    if (rc != DVM_OK)
        return rc;
    rank = group_rank_of(to, tid);
    if (rank >= 0)
        *other = rank;
    return DVM_OK;
}

int dvm_group_translate(dvm_group from, const int *ranks, int count, dvm_group to, int *others)
{
    static const char call[] = "dvm_group_translate";
    const struct group *f, *t = NULL;
    int rc = DVM_ERR_GROUP, other;

    ENTRY_BEGIN();
    f = group_find(from, call);
    if (f)
        t = group_find(to, call);
    if (t)
        rc = count < 0 || (count > 0 && (!ranks || !others))
                 ? dvm_fail(DVM_ERR_ARG, "%s: there are no places for %d ranks", call, count)
                 : DVM_OK;
    /* first whether all are ranks, since others may be the same array, and keeps it then */
    for (int i = 0; rc == DVM_OK && i < count; i++)
        rc = translate(f, ranks[i], t, &other);
    for (int i = 0; rc == DVM_OK && i < count; i++)
        rc = translate(f, ranks[i], t, &others[i]);
    return dvm_leave(rc);
}

static int compare(const struct group *a, const struct group *b)
{
    if (a == b)
        return DVM_IDENTICAL;
    if (a->size != b->size)
        return DVM_UNEQUAL;
    if (memcmp(a->receive_tids, b->receive_tids, (size_t)a->size * sizeof *a->receive_tids) == 0)
        return DVM_CONGRUENT;
    for (int i = 0; i < a->size; i++)
        if (a->places[i].tid != b->places[i].tid)
            return DVM_UNEQUAL;
    return DVM_SIMILAR;
}

int dvm_group_compare(dvm_group a, dvm_group b, int *result)
{
    static const char call[] = "dvm_group_compare";
    const struct group *x, *y = NULL;

    ENTRY_BEGIN();
    x = group_find(a, call);
    if (x)
        y = group_find(b, call);
    if (!y)
        return dvm_leave(DVM_ERR_GROUP);
    if (!result)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", call));
    *result = compare(x, y);
    return dvm_leave(DVM_OK);
}

int dvm_group_free(dvm_group *group)
{
    static const char call[] = "dvm_group_free";
    struct group *g;

    ENTRY_BEGIN();
    if (!group)
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "%s: the place of the group is NULL", call));
    if (*group == DVM_GROUP_NONE)
        return dvm_leave(DVM_OK);
    g = group_find(*group, call);
    if (!g)
        return dvm_leave(DVM_ERR_GROUP);
    if (*group <= DVM_SELF)
        return dvm_leave(dvm_fail(DVM_ERR_GROUP, "%s: %s is built in and stays", call,
                                  group_name(g)));
    group_remove(g);
    *group = DVM_GROUP_NONE;
    return dvm_leave(DVM_OK);
}
