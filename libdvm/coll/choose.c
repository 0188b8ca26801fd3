/* choose.c: the table of what is used when: the first row that fits.
 *
 * Where tasks are more than the cores, what counts is how often each must be given a core:
 * stars ask for that once. Otherwise trees for small messages and pieces for large ones. What
 * a row may look at must be the same at all members: sizes, the number of members and of
 * hosts, and what they have agreed on (coll.c).
 */
#include "coll/choose.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coll/level.h"
#include "coll/tuned.h"
#include "match/commons.h"
#include "proto/commons.h"

#define STAR_MAX 4096          /* bytes that a star may move to or from each task */
#define BCAST_TREE_MAX 65536   /* bytes that go down a tree between hosts */
#define DOUBLING_MAX 16384     /* bytes of an operand that is exchanged whole */
#define BRUCK_MAX 8192         /* bytes of a block */
#define SPREAD_MAX 32768
#define FEW_TIMES 2
#define PAIR_MAX 262144         /* bytes of a block that two tasks give each other in a piece */

/* Conditions of a row; 0: none. */
enum {
    CROWDED = 1,
    HOSTS = 2,      /* several hosts */
    MANY = 4,       /* more than two tasks */
    SHARED = 8,
    LEVELS = 16,     /* two levels are possible (level.h) */
    FULL = 32,       /* and more than two tasks share a host: with two, the levels are as many waits
                      * as a flat algorithm has rounds, or more */
    WIDE = 64,       /* there is memory for long contributions (pieces.c) */
    ROW = 256,       /* what a task gives all others is at most DVM_COMMONS_BLOCK */
    PAIR = 512,      /* two tasks with a core for each */
    FEW_PIECES = 128 /* what all give all others is at most FEW_TIMES that memory */
};

static const struct row {
    enum coll_kind kind;
    int when;
    size_t most; /* bytes */
    enum algorithm algorithm;
} rows[] = {
    {COLL_BARRIER, SHARED, SIZE_MAX, ALGORITHM_SHARED},
    {COLL_BCAST, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_REDUCE, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_ALLREDUCE, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_ALLGATHER, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_ALLGATHERV, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_SCAN, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_EXSCAN, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_GATHER, SHARED, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_SCATTER, SHARED | ROW, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_ALLTOALL, SHARED | ROW, DVM_COMMONS_BLOCK, ALGORITHM_SHARED},
    {COLL_BARRIER, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_BCAST, LEVELS, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_REDUCE, LEVELS | FULL, DOUBLING_MAX, ALGORITHM_HOSTS},
    {COLL_ALLREDUCE, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_ALLGATHER, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_ALLGATHERV, LEVELS | FULL, BRUCK_MAX, ALGORITHM_HOSTS},
    {COLL_ALLTOALL, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_GATHER, LEVELS | FULL, STAR_MAX, ALGORITHM_HOSTS},
    {COLL_SCATTER, LEVELS, STAR_MAX, ALGORITHM_HOSTS},
    {COLL_REDUCE_SCATTER, LEVELS, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_REDUCE_SCATTER_BLOCK, LEVELS, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_SCAN, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_EXSCAN, LEVELS | FULL, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_BARRIER, CROWDED, SIZE_MAX, ALGORITHM_STAR},
    {COLL_BARRIER, 0, SIZE_MAX, ALGORITHM_DISSEMINATION},
    {COLL_BCAST, WIDE, SIZE_MAX, ALGORITHM_PIECES},
    {COLL_BCAST, CROWDED, STAR_MAX, ALGORITHM_STAR},
    {COLL_BCAST, 0, BCAST_TREE_MAX, ALGORITHM_BINOMIAL},
    {COLL_BCAST, HOSTS | MANY, SIZE_MAX, ALGORITHM_SCATTER_RING},
    {COLL_BCAST, 0, SIZE_MAX, ALGORITHM_BINOMIAL},
    {COLL_REDUCE, CROWDED, STAR_MAX, ALGORITHM_STAR},
    {COLL_REDUCE, CROWDED | WIDE, SIZE_MAX, ALGORITHM_PAIRS},
    {COLL_REDUCE, CROWDED | WIDE, SIZE_MAX, ALGORITHM_PIECES}, /* where a table asks for it */
    {COLL_REDUCE, 0, SIZE_MAX, ALGORITHM_BINOMIAL},
    {COLL_ALLREDUCE, CROWDED, STAR_MAX, ALGORITHM_STAR},
    {COLL_ALLREDUCE, CROWDED | WIDE, SIZE_MAX, ALGORITHM_PAIRS},
    {COLL_ALLREDUCE, WIDE | PAIR, SIZE_MAX, ALGORITHM_PIECES},
    {COLL_ALLREDUCE, WIDE, DOUBLING_MAX, ALGORITHM_PIECES},
    {COLL_ALLREDUCE, 0, DOUBLING_MAX, ALGORITHM_DOUBLING},
    {COLL_ALLREDUCE, LEVELS, SIZE_MAX, ALGORITHM_HOSTS},
    {COLL_ALLREDUCE, 0, SIZE_MAX, ALGORITHM_SCATTER_GATHER},
    {COLL_ALLGATHER, WIDE, SIZE_MAX, ALGORITHM_PIECES},
    {COLL_ALLGATHER, CROWDED, STAR_MAX, ALGORITHM_STAR},
    {COLL_ALLGATHER, MANY, BRUCK_MAX, ALGORITHM_BRUCK},
    {COLL_ALLGATHER, 0, SIZE_MAX, ALGORITHM_RING},
    {COLL_ALLGATHERV, WIDE, SIZE_MAX, ALGORITHM_PIECES},
    {COLL_ALLGATHERV, MANY, BRUCK_MAX, ALGORITHM_BRUCK},
    {COLL_ALLGATHERV, 0, SIZE_MAX, ALGORITHM_RING},
    {COLL_GATHER, 0, SIZE_MAX, ALGORITHM_LINEAR},
    {COLL_SCATTER, 0, SIZE_MAX, ALGORITHM_LINEAR},
    {COLL_REDUCE_SCATTER, 0, SIZE_MAX, ALGORITHM_SPREAD},
    {COLL_REDUCE_SCATTER_BLOCK, 0, SIZE_MAX, ALGORITHM_SPREAD},
    {COLL_SCAN, 0, SIZE_MAX, ALGORITHM_DOUBLING},
    {COLL_EXSCAN, 0, SIZE_MAX, ALGORITHM_DOUBLING},
    {COLL_ALLTOALL, WIDE | PAIR, PAIR_MAX, ALGORITHM_PIECES},
    {COLL_ALLTOALL, WIDE | FEW_PIECES, SPREAD_MAX, ALGORITHM_PIECES},
    {COLL_ALLTOALL, 0, SPREAD_MAX, ALGORITHM_SPREAD},
    {COLL_ALLTOALL, 0, SIZE_MAX, ALGORITHM_PAIRWISE},
};
#define ROWS (sizeof rows / sizeof rows[0])

static const char *const names[ALGORITHM_COUNT] = {
    [ALGORITHM_SHARED] = "shared",
    [ALGORITHM_HOSTS] = "hosts",
    [ALGORITHM_PIECES] = "pieces",
    [ALGORITHM_PAIRS] = "pairs",
    [ALGORITHM_STAR] = "star",
    [ALGORITHM_DISSEMINATION] = "dissemination",
    [ALGORITHM_BINOMIAL] = "binomial",
    [ALGORITHM_SCATTER_RING] = "scatter_ring",
    [ALGORITHM_DOUBLING] = "doubling",
    [ALGORITHM_SCATTER_GATHER] = "scatter_gather",
    [ALGORITHM_BRUCK] = "bruck",
    [ALGORITHM_RING] = "ring",
    [ALGORITHM_SPREAD] = "spread",
    [ALGORITHM_PAIRWISE] = "pairwise",
    [ALGORITHM_LINEAR] = "linear",
};

/* waits: the call does, so that it may use memory in common. */
static bool fits(const struct row *row, const struct coll *c, enum coll_kind kind, size_t bytes,
                 bool waits)
{
    if (row->kind != kind || bytes > row->most)
        return false;
    if (row->when & SHARED && (!c->commons || c->hosts->count > 1 || !waits))
        return false;
    if (row->when & LEVELS && !level_fits(c->hosts, kind, bytes))
        return false;
    if (row->when & FULL && c->hosts->most < 3)
        return false;
    if (row->when & WIDE && (!c->wide || !waits))
        return false;
    if (row->when & FEW_PIECES &&
        bytes * (size_t)(c->group->size * c->group->size) > FEW_TIMES * commons_wide(c->commons))
        return false;
    if (row->when & ROW && bytes * (size_t)(c->group->size - 1) > DVM_COMMONS_BLOCK)
        return false;
    return (!(row->when & CROWDED) || c->crowded) &&
           (!(row->when & PAIR) || (c->group->size == 2 && !c->crowded)) &&
           (!(row->when & HOSTS) || c->hosts->count > 1) &&
           (!(row->when & MANY) || c->group->size > 2);
}

/* The name that DVM_COLL gives for a call ("dvm_" left out); length 0: none. */
static const char *forced_name(const char *call, size_t *length)
{
    const char *list = getenv("DVM_COLL");
    size_t call_length = strlen(call);

    for (*length = 0; list && *list;) {
        size_t item = strcspn(list, ",");

        if (item > call_length && list[call_length] == '=' &&
            strncmp(list, call, call_length) == 0) {
            *length = item - call_length - 1;
            return list + call_length + 1;
        }
        list += item + (list[item] == ',');
    }
    return "";
}

static bool is(const char *own, const char *name, size_t length)
{
    return strlen(own) == length && strncmp(own, name, length) == 0;
}

enum choose_name choose_named(const char *call, size_t call_length, const char *name,
                              size_t length, enum coll_kind *kind, enum algorithm *algorithm)
{
    enum choose_name known = CHOOSE_NO_CALL;

    for (size_t i = 0; i < ROWS; i++) {
        if (!is(coll_call(rows[i].kind) + strlen("dvm_"), call, call_length))
            continue;
        known = CHOOSE_NO_ALGORITHM;
        *kind = rows[i].kind;
        *algorithm = rows[i].algorithm;
        if (is(names[rows[i].algorithm], name, length))
            return CHOOSE_NAMED;
    }
    return known;
}

/* Whether DVM_COLL asks for an algorithm of the call. */
static bool forced(enum coll_kind kind, enum algorithm *algorithm)
{
    const char *call = coll_call(kind) + strlen("dvm_");
    enum coll_kind same;
    size_t length;
    const char *name = forced_name(call, &length);

    return length > 0 && choose_named(call, strlen(call), name, length, &same, algorithm) ==
                             CHOOSE_NAMED;
}

/* Whether an algorithm can be used: memory in common is not there before some calls, or not for
 * so much, and two levels not for each way that tasks lie on hosts. */
static bool possible(enum algorithm algorithm, const struct coll *c, enum coll_kind kind,
                     size_t bytes, bool waits)
{
    if (algorithm == ALGORITHM_HOSTS)
        return level_fits(c->hosts, kind, bytes);
    if (algorithm == ALGORITHM_PIECES || algorithm == ALGORITHM_PAIRS)
        return c->wide && waits;
    if (algorithm != ALGORITHM_SHARED)
        return true;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].when & SHARED && fits(&rows[i], c, kind, bytes, waits))
            return true;
    return false;
}

enum algorithm choose(const struct coll *c, enum coll_kind kind, size_t bytes, bool waits)
{
    const struct tuned_row *tuned;
    const struct row *row = NULL;
    enum algorithm algorithm;

    if (c->forcing && forced(kind, &algorithm) && possible(algorithm, c, kind, bytes, waits))
        return algorithm;
    tuned = tuned_find(kind, (size_t)c->group->size, bytes);
    if (tuned && possible(tuned->algorithm, c, kind, bytes, waits))
        return tuned->algorithm;
    for (size_t i = 0; !row && i < ROWS; i++)
        if (fits(&rows[i], c, kind, bytes, waits))
            row = &rows[i];
    assert(row);
    return row->algorithm;
}
