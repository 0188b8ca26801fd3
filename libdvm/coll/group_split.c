/* group_split.c: groups that all members of an old one make together: dvm_group_dup and
 * dvm_group_split.
 *
 * The first rank makes a context for each new group; dup is one broadcast. For a split the
 * colours and keys are gathered at the first rank, which orders them and broadcasts the
 * whole list: each task finds its group in it.
 *
 * Cost: dup ceil(log2 n) messages one after the other; split n - 1 to the first rank, then
 * a broadcast of 24 n bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "coll/calls.h"
#include "coll/group_make.h"
#include "group/context.h"
#include "group/entry.h"
#include "proto/frame.h"

/* What is known of a member of the old group, as it is sent. */
struct choice {
    int64_t colour, key;
    uint64_t context; /* of its new group; 0: it has none */
};
#define CHOICE_WORDS (sizeof(struct choice) / sizeof(int64_t))

#define HOST_COLOUR ((int64_t)1 << 32) /* plus a host's slot: DVM_SPLIT_HOST; no user's colour */

/* For the order of the new groups: colour, key, old rank. */
struct member {
    int64_t colour, key;
    int rank;
};

static int no_context(const char *call)
{
    return dvm_fail(DVM_ERR_LIMIT, "%s: this task has made all groups that it may", call);
}

static int dup_context(struct call *c, uint64_t *context)
{
    int rc = DVM_OK;

    if (c->group->rank == 0 && !(*context = context_make()))
        rc = no_context(coll_call(c->kind));
    if (rc == DVM_OK)
        rc = call_begin(c, 0);
    if (rc != DVM_OK || !c->schedule)
        return rc;
    bcast_binomial(c->schedule, 0, context, 1, DVM_UINT64);
    return schedule_run(c->schedule);
}

/* The group of a public call, with a place for the result. */
static int find_for(struct call *c, dvm_group group, const dvm_group *result)
{
    int rc = call_find(c, group, NULL);

    if (rc == DVM_OK && !result)
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", coll_call(c->kind));
    return rc;
}

int dvm_group_dup(dvm_group group, dvm_group *result)
{
    struct call c = {.kind = COLL_GROUP_DUP, .site = ENTRY_SITE()};
    uint64_t context = 0;
    dvm_group copy;
    int rc;

    ENTRY_BEGIN();
    rc = find_for(&c, group, result);
    if (rc == DVM_OK)
        rc = dup_context(&c, &context);
    if (rc == DVM_OK)
        rc = group_make_known(context, c.group->receive_tids, c.group->size, &copy);
    if (rc == DVM_OK)
        rc = group_copy_topology(copy, c.group);
    if (rc == DVM_OK)
        *result = copy;
    return dvm_leave(rc);
}

/* A context for each colour, in the order in which it comes first. */
static int make_contexts(const char *call, struct choice *all, int count)
{
    for (int i = 0; i < count; i++) {
        if (all[i].colour == DVM_NULL || all[i].context)
            continue;
        all[i].context = context_make();
        if (!all[i].context)
            return no_context(call);
        for (int j = i + 1; j < count; j++)
            if (all[j].colour == all[i].colour)
                all[j].context = all[i].context;
    }
    return DVM_OK;
}

/* Everybody's choice comes to rank 0; with contexts the whole list goes to all. */
static int exchange(struct call *c, struct choice *all)
{
    const struct group *g = c->group;
    const struct blocks blocks = {.base = all, .count = CHOICE_WORDS, .type = DVM_INT64};
    int rc = call_begin(c, 0);

    if (rc != DVM_OK)
        return rc;
    if (!c->schedule)
        return make_contexts(coll_call(c->kind), all, 1);
    gather_linear(c->schedule, 0, &all[g->rank], CHOICE_WORDS, &blocks);
    rc = schedule_run(c->schedule);
    if (rc == DVM_OK && g->rank == 0)
        rc = make_contexts(coll_call(c->kind), all, g->size);
    if (rc != DVM_OK)
        return rc;
    rc = call_begin(c, 0);
    if (rc != DVM_OK)
        return rc;
    bcast_binomial(c->schedule, 0, all, CHOICE_WORDS * (size_t)g->size, DVM_INT64);
    return schedule_run(c->schedule);
}

static int by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->rank - y->rank;
}

/* Make this task's group out of everybody's choices. */
static int take_part(const struct group *g, const struct choice *all, dvm_group *result)
{
    struct member *members = malloc((size_t)g->size * sizeof *members);
    int *tids = malloc((size_t)g->size * sizeof *tids);
    int count = 0, rc;

    for (int i = 0; members && i < g->size; i++)
        if (all[i].context == all[g->rank].context)
            members[count++] = (struct member){all[i].colour, all[i].key, i};
    if (members)
        qsort(members, (size_t)count, sizeof *members, by_key);
    for (int i = 0; members && tids && i < count; i++)
        tids[i] = g->receive_tids[members[i].rank];
    rc = members && tids ? group_make_known(all[g->rank].context, tids, count, result)
                         : dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a new group");
    free(members);
    free(tids);
    return rc;
}

/* Either all that have a colour give DVM_SPLIT_HOST, or none: all see the same list. */
static int check_kinds(const struct choice *all, int size)
{
    int host = DVM_NULL, other = DVM_NULL;

    for (int i = size - 1; i >= 0; i--)
        if (all[i].colour >= HOST_COLOUR)
            host = i;
        else if (all[i].colour != DVM_NULL)
            other = i;
    if (host == DVM_NULL || other == DVM_NULL)
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG, "dvm_group_split: rank %d gives DVM_SPLIT_HOST, and rank %d the "
                                 "colour %d; all tasks must give it, or none", host, other,
                    (int)all[other].colour);
}

static int split(struct call *c, int colour, int key, dvm_group *result)
{
    const struct group *g = c->group;
    struct choice *all = calloc((size_t)g->size, sizeof *all);
    int rc;

    if (!all)
        return dvm_fail(DVM_ERR_NO_MEMORY, "dvm_group_split: no memory is left for a list of "
                                           "tasks");
    all[g->rank] = (struct choice){.colour = colour, .key = key};
    if (colour == DVM_SPLIT_HOST)
        all[g->rank].colour = HOST_COLOUR + (g->receive_tids[g->rank] >> DVM_TID_N_BITS);
    rc = exchange(c, all);
    if (rc == DVM_OK)
        rc = check_kinds(all, g->size);
    if (rc == DVM_OK && colour == DVM_NULL)
        *result = DVM_GROUP_NONE;
    else if (rc == DVM_OK)
        rc = take_part(g, all, result);
    free(all);
    return rc;
}

int dvm_group_split(dvm_group group, int colour, int key, dvm_group *result)
{
    struct call c = {.kind = COLL_GROUP_SPLIT, .site = ENTRY_SITE()};
    int rc;

    ENTRY_BEGIN();
    rc = find_for(&c, group, result);
    if (rc == DVM_OK && colour < 0 && colour != DVM_NULL && colour != DVM_SPLIT_HOST)
        rc = dvm_fail(DVM_ERR_ARG, "dvm_group_split: %d is no colour; colours are 0 or more, "
                                   "DVM_NULL for none, or DVM_SPLIT_HOST", colour);
    return dvm_leave(rc == DVM_OK ? split(&c, colour, key, result) : rc);
}
