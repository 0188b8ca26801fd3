/* group.c: the table of groups, ranks and tids; see group.h.
 *
 * Handles are places in a table, of which 0 to 2 are built in. A rank is found
 * by its tid by bisection in a sorted list: worlds are made once and asked often,
 * and most are consecutive tids, for which the first guess is right.
 */
#include "group/group.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/context.h"
#include "group/entry.h"
#include "match/match.h"
#include "proto/frame.h"
#include "type/type.h"

#define BUILT_IN 3
#define NAME_TEXT_MAX 24

static const char *const names[BUILT_IN] = {"DVM_UNIVERSE", "DVM_WORLD", "DVM_SELF"};
static struct group *table[BUILT_IN];

static int by_tid(const void *a, const void *b)
{
    const struct group_place *p = a, *q = b;

    return (p->tid > q->tid) - (p->tid < q->tid);
}

static void group_free(struct group *g)
{
    if (!g)
        return;
    free(g->coll);
    if (g->receive_tids != g->send_tids)
        free(g->receive_tids);
    free(g->send_tids);
    free(g->places);
    free(g);
}

/* Make a group of size tids (copied); size 0 makes one without a set. */
static struct group *group_make(dvm_group number, uint64_t context, const int *tids, int size,
                                int rank)
{
    struct group *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->number = number;
    g->context = context;
    g->size = size;
    g->rank = rank;
    if (size == 0)
        return g;
    g->send_tids = malloc((size_t)size * sizeof *g->send_tids);
    g->receive_tids = g->send_tids;
    g->places = malloc((size_t)size * sizeof *g->places);
    if (!g->send_tids || !g->places) {
        group_free(g);
        return NULL;
    }
    memcpy(g->send_tids, tids, (size_t)size * sizeof *tids);
    for (int i = 0; i < size; i++)
        g->places[i] = (struct group_place){tids[i], i};
    qsort(g->places, (size_t)size, sizeof *g->places, by_tid);
    return g;
}

static bool is_member(uint64_t context, int tid)
{
    const struct group *g = group_of_context(context);

    /* in DVM_UNIVERSE a death fails no wildcard receive: there is dvm_notify */
    return g && g->size > 0 && group_rank_of(g, tid) >= 0;
}

/* A host is lost: its members are gone, also those this task never spoke with. */
static void host_gone(int slot, const char *text)
{
    char sentence[DVM_SENTENCE_MAX];

    for (int i = 0; i < BUILT_IN; i++) {
        const struct group *g = table[i];

        for (int rank = 0; g && rank < g->size; rank++) {
            int tid = g->receive_tids[rank];

            if (tid >> DVM_TID_N_BITS != slot)
                continue;
            snprintf(sentence, sizeof sentence, "task %#x has ended: %s", tid, text);
            match_gone(tid, DVM_ERR_HOST_GONE, sentence, false);
        }
    }
}

int group_start(int self, uint64_t context, const int *tids, int size, int rank)
{
    if (size < 1 || rank < 0 || rank >= size || tids[rank] != self)
        return dvm_fail(DVM_ERR_PROTOCOL,
                        "the daemon says that this task (tid 0x%x) is rank %d of %d, but its "
                        "list of tasks does not agree",
                        (unsigned)self, rank, size);
    group_stop();
    context_start(self);
    table[DVM_UNIVERSE] = group_make(DVM_UNIVERSE, CONTEXT_UNIVERSE, NULL, 0, self);
    table[DVM_WORLD] = group_make(DVM_WORLD, context, tids, size, rank);
    table[DVM_SELF] = group_make(DVM_SELF, context_make(), &self, 1, 0);
    for (int i = 0; i < BUILT_IN; i++)
        if (!table[i]) {
            group_stop();
            return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a group of %d tasks",
                            size);
        }
    match_is_member = is_member;
    match_on_host_gone = host_gone;
    return DVM_OK;
}

void group_stop(void)
{
    match_is_member = NULL;
    match_on_host_gone = NULL;
    for (int i = 0; i < BUILT_IN; i++) {
        group_free(table[i]);
        table[i] = NULL;
    }
}

struct group *group_find(dvm_group number, const char *call)
{
    if (number >= 0 && number < BUILT_IN && table[number])
        return table[number];
    dvm_fail(DVM_ERR_GROUP,
             "%s: there is no group %d; this task has DVM_UNIVERSE, DVM_WORLD and DVM_SELF", call,
             number);
    return NULL;
}

struct group *group_of_context(uint64_t context)
{
    uint64_t own = context & ~(CONTEXT_COLLECTIVE | CONTEXT_ALARM);

    for (int i = 0; i < BUILT_IN; i++)
        if (table[i] && table[i]->context == own)
            return table[i];
    return NULL;
}

int group_rank_of(const struct group *g, int tid)
{
    int low = 0, high = g->size - 1;
    int guess;

    if (g->size == 0)
        return tid;
    guess = tid - g->places[0].tid;
    if (guess >= 0 && guess <= high && g->places[guess].tid == tid)
        return g->places[guess].rank;
    while (low <= high) {
        int middle = low + (high - low) / 2;

        if (g->places[middle].tid == tid)
            return g->places[middle].rank;
        if (g->places[middle].tid < tid)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

const char *group_name(const struct group *g)
{
    static _Thread_local char text[NAME_TEXT_MAX];

    if (g->number < BUILT_IN)
        return names[g->number];
    snprintf(text, sizeof text, "group %d", g->number);
    return text;
}

const char *group_member_text(const struct group *g, int tid, char *text, size_t size)
{
    int rank = g && g->size > 0 ? group_rank_of(g, tid) : -1;

    if (rank >= 0)
        snprintf(text, size, "rank %d (tid 0x%x)", rank, (unsigned)tid);
    else
        snprintf(text, size, "tid 0x%x", (unsigned)tid);
    return text;
}

int group_peer(const struct group *g, const char *call, int rank, int *tid)
{
    if (g->size == 0) {
        if (!DVM_TID_OK(rank) || DVM_TID_N(rank) == 0)
            return dvm_fail(DVM_ERR_NO_TASK,
                            "%s: %d (0x%x) is no task's tid; in DVM_UNIVERSE a rank is a tid "
                            "such as 0x40001",
                            call, rank, (unsigned)rank);
        *tid = rank;
        return DVM_OK;
    }
    if (rank < 0 || rank >= g->size)
        return dvm_fail(DVM_ERR_RANK, "%s: rank %d is not in %s, which has ranks 0 to %d", call,
                        rank, group_name(g), g->size - 1);
    *tid = g->send_tids[rank];
    return DVM_OK;
}

uint32_t group_representation(void)
{
    return type_here();
}

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
