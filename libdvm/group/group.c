/* group.c: the table of groups, ranks and tids; see group.h.
 *
 * A handle is a place in a table, of which 0 to 2 are built in, and how often the
 * place was used before: the handle of a freed group is no other's for long. A rank
 * is found by its tid by bisection in a sorted list: groups are made once and asked
 * often, and most are consecutive tids, for which the first guess is right.
 */
#include "group/group.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "group/agree.h"
#include "group/context.h"
#include "group/entry.h"
#include "group/route.h"
#include "group/survive.h"
#include "group/word.h"
#include "match/match.h"
#include "proto/frame.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

#define BUILT_IN 3
#define PLACE_BITS 16   /* of a handle */
#define PLACES_MAX (1 << PLACE_BITS)
#define PLACES_START 16 /* of the first table */
#define USES_MAX 0x7fff /* of a place, before its handles begin anew */
#define NAME_TEXT_MAX 24

static const char *const names[BUILT_IN] = {"DVM_UNIVERSE", "DVM_WORLD", "DVM_SELF"};

struct place {
    struct group *group; /* NULL: free */
    int uses;            /* that there were before */
};

static struct {
    struct place *places;
    int size;            /* places that there are */
    int used;            /* places that were ever used */
    struct group *recent; /* found last by its context */
} table;

int (*group_on_leave)(struct group *g);
void (*group_on_remove)(struct group *g, bool stopped);

static int by_tid(const void *a, const void *b)
{
    const struct group_place *p = a, *q = b;

    return (p->tid > q->tid) - (p->tid < q->tid);
}

static void group_free(struct group *g)
{
    if (!g)
        return;
    route_clear();
    free(g->coll);
    free(g->topology);
    agree_free(g->agreement);
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

    for (int i = 0; i < table.used; i++) {
        const struct group *g = table.places[i].group;

        for (int rank = 0; g && rank < g->size; rank++) {
            int tid = g->receive_tids[rank];

            if (tid >> DVM_TID_N_BITS != slot)
                continue;
            snprintf(sentence, sizeof sentence, "task %#x has ended: %s", tid, text);
            match_gone(tid, DVM_ERR_HOST_GONE, sentence, false);
        }
    }
}

/* Twice the places. */
static bool table_grow(void)
{
    int size = table.size ? table.size * 2 : PLACES_START;
    struct place *more = realloc(table.places, (size_t)size * sizeof *more);

    if (!more)
        return false;
    memset(more + table.size, 0, (size_t)(size - table.size) * sizeof *more);
    table.places = more;
    table.size = size;
    return true;
}

/* A free place; -1 with the sentence kept. */
static int table_place(int *rc)
{
    *rc = DVM_OK;
    for (int i = BUILT_IN; i < table.used; i++)
        if (!table.places[i].group)
            return i;
    if (table.used == PLACES_MAX)
        *rc = dvm_fail(DVM_ERR_LIMIT, "this task has %d groups, and no more are possible; free "
                                      "some with dvm_group_free", PLACES_MAX);
    else if (table.used == table.size && !table_grow())
        *rc = dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for one more group");
    return *rc == DVM_OK ? table.used++ : -1;
}

static bool built_in(dvm_group number, uint64_t context, const int *tids, int size, int rank)
{
    assert(number == table.used);
    if (table.used == table.size && !table_grow())
        return false;
    table.places[number].group = group_make(number, context, tids, size, rank);
    table.used++;
    return table.places[number].group;
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
    if (!built_in(DVM_UNIVERSE, CONTEXT_UNIVERSE, NULL, 0, self) ||
        !built_in(DVM_WORLD, context, tids, size, rank) ||
        !built_in(DVM_SELF, context_make(), &self, 1, 0)) {
        group_stop();
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a group of %d tasks", size);
    }
    match_is_member = is_member;
    match_on_host_gone = host_gone;
    word_start();
    return DVM_OK;
}

int group_leave(void)
{
    char first[DVM_SENTENCE_MAX];
    int rc = DVM_OK;

    for (int i = 0; i < table.used; i++) {
        struct group *g = table.places[i].group;
        int of_this = g && g->coll && group_on_leave ? group_on_leave(g) : DVM_OK;

        if (of_this == DVM_OK || rc != DVM_OK)
            continue;
        rc = of_this;
        error_save(first);
    }
    return rc == DVM_OK ? DVM_OK : dvm_fail(rc, "%s", first);
}

void group_stop(void)
{
    match_is_member = NULL;
    match_on_host_gone = NULL;
    word_stop();
    survive_stop();
    for (int i = 0; i < table.used; i++) {
        struct group *g = table.places[i].group;

        if (g && g->coll && group_on_remove)
            group_on_remove(g, true);
        group_free(g);
    }
    free(table.places);
    memset(&table, 0, sizeof table);
    op_user_stop();
    derived_stop();
}

int group_add(uint64_t context, const int *tids, int size, dvm_group *number)
{
    int self = table.places[DVM_UNIVERSE].group->rank, rank = DVM_NULL, rc;
    int place = table_place(&rc);
    struct group *g;

    assert(size > 0);
    if (place < 0)
        return rc;
    for (int i = 0; i < size; i++)
        if (tids[i] == self)
            rank = i;
    assert((rank == DVM_NULL) == (context == 0));
    g = group_make(table.places[place].uses << PLACE_BITS | place, context, tids, size, rank);
    if (!g)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a group of %d tasks", size);
    table.places[place].group = g;
    *number = g->number;
    word_group_made(g);
    return DVM_OK;
}

void group_remove(struct group *g)
{
    struct place *p = &table.places[g->number % PLACES_MAX];

    assert(g->number >= BUILT_IN && p->group == g);
    if (g->coll && group_on_remove)
        group_on_remove(g, false);
    survive_group_freed(g);
    p->group = NULL;
    p->uses = p->uses == USES_MAX ? 0 : p->uses + 1;
    table.recent = NULL;
    group_free(g);
}

int group_copy_topology(dvm_group number, const struct group *from)
{
    struct group *g = table.places[number % PLACES_MAX].group;

    if (!from->topology)
        return DVM_OK;
    g->topology = malloc(from->topology_bytes);
    if (!g->topology) {
        group_remove(g);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for the neighbours of a group");
    }
    memcpy(g->topology, from->topology, from->topology_bytes);
    g->topology_bytes = from->topology_bytes;
    return DVM_OK;
}

/* The sentence about a number that is no group's. */
static void tell_missing(dvm_group number, const char *call)
{
    int place = number & (PLACES_MAX - 1);

    if (number == DVM_GROUP_NONE)
        dvm_fail(DVM_ERR_GROUP, "%s: DVM_GROUP_NONE is no group: what made it gave this task none, "
                                "as it is no member (dvm_group_split with DVM_NULL, a grid that is "
                                "smaller, a set without tasks), or it was freed", call);
    else if (number > DVM_SELF && place < table.used &&
             number >> PLACE_BITS < table.places[place].uses)
        dvm_fail(DVM_ERR_GROUP, "%s: there is no group %d any more: it was freed with "
                                "dvm_group_free", call, number);
    else
        dvm_fail(DVM_ERR_GROUP,
                 "%s: there is no group %d; this task has DVM_UNIVERSE, DVM_WORLD and DVM_SELF, "
                 "and the groups that it has made and not freed", call, number);
}

struct group *group_find(dvm_group number, const char *call)
{
    int place = number & (PLACES_MAX - 1);

    if (number >= 0 && place < table.used && table.places[place].group &&
        table.places[place].group->number == number)
        return table.places[place].group;
    tell_missing(number, call);
    return NULL;
}

struct group *group_of_context(uint64_t context)
{
    uint64_t own = context & ~(CONTEXT_COLLECTIVE | CONTEXT_ALARM);

    if (table.recent && table.recent->context == own)
        return table.recent;
    for (int i = 0; i < table.used; i++)
        if (table.places[i].group && table.places[i].group->context == own) {
            table.recent = table.places[i].group;
            return table.recent;
        }
    return NULL;
}

bool group_is_mine(const struct group *g, const char *call)
{
    if (g->rank != DVM_NULL)
        return true;
    dvm_fail(DVM_ERR_GROUP, "%s: this task is no member of %s, so it cannot communicate in it",
             call, group_name(g));
    return false;
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

/* Two that are meant for something else are told so. */
static int no_rank(const struct group *g, const char *call, int rank)
{
    const char *hint = rank == DVM_ANY ? "; DVM_ANY is a source of receives only"
                       : DVM_TID_OK(rank) && DVM_TID_N(rank) > 0
                           ? "; it looks like a tid, which is a rank in DVM_UNIVERSE"
                           : "";

    return dvm_fail(DVM_ERR_RANK, "%s: rank %d is not in %s, which has ranks 0 to %d%s", call, rank,
                    group_name(g), g->size - 1, hint);
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
        return no_rank(g, call, rank);
    *tid = g->send_tids[rank];
    return DVM_OK;
}

uint32_t group_representation(void)
{
    return type_here();
}
