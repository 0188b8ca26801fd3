/* joint.c: one group out of two: dvm_group_joint.
 *
 * The first ranks of the two, which know each other's tid, exchange their lists; each
 * broadcasts the other's in its own group. Then all know the same list and make the group of
 * it. What goes wrong between the two is broadcast as well, so nobody waits for more.
 *
 * Cost: two messages between the first ranks, two broadcasts, and one down a tree of all.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "coll/calls.h"
#include "coll/group_make.h"
#include "group/context.h"
#include "group/entry.h"
#include "match/match.h"
#include "type/type.h"

/* Where the lists travel: with the contexts of new groups (group_make.c), under other tags. */
#define JOINT_CONTEXT (CONTEXT_UNIVERSE | CONTEXT_COLLECTIVE)

static const char call_name[] = "dvm_group_joint";

/* What one side tells the other, and each its own members of the other. */
struct side {
    int64_t error; /* why there is no list; then the rest is 0 */
    int64_t size;
    int64_t last;  /* its ranks come behind */
};
#define SIDE_WORDS (sizeof(struct side) / sizeof(int64_t))

/* The same on both sides, and different for other pairs. */
static int tag_of(int self, int other)
{
    const int ends[] = {self < other ? self : other, self < other ? other : self};
    uint32_t sum = fnv32(FNV32_BEGIN, call_name, sizeof call_name);

    return (int)(fnv32(sum, ends, sizeof ends) & DVM_TAG_MAX);
}

static int tell(const struct call *c, int other, const void *bytes, size_t size, dvm_type type)
{
    int self = c->group->send_tids[0];

    return match_send(MATCH_BUFFERED, JOINT_CONTEXT, other, tag_of(self, other), bytes, size,
                      type_code(type), c->site, DVM_UNIVERSE);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* The end of the other one ends the receive. */
static int hear(const struct call *c, int other, void *bytes, size_t size, dvm_type type)
{
    const struct match_filter filter = {.context = JOINT_CONTEXT, .source = other,
                                        .tag = tag_of(c->group->send_tids[0], other)};
    const struct match_sink sink = {
        .buffer = bytes, .capacity = size, .type = type_code(type), .site = c->site};

    struct dvm_request *request;
    int rc = match_irecv(&filter, &sink, &request);

    if (rc != DVM_OK)
        return rc;
    rc = match_wait_or(DVM_BOARD_GROUP_JOINT, c->site, request, never, NULL);
    if (rc == DVM_OK)
        return match_finish(request, NULL);
    match_release(request);
    return rc;
}

/* Memory for a list; its size is another task's word. */
static int list_make(int64_t size, int **tids)
{
    *tids = size > 0 && size <= INT32_MAX / 2 ? malloc((size_t)size * sizeof **tids) : NULL;
    return *tids ? DVM_OK
                 : dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a list of %lld tasks",
                            call_name, (long long)size);
}

/* The first ranks exchange what they have. */
static int exchange(const struct call *c, int other, const struct side *own, struct side *theirs,
                    int **tids)
{
    int rc;

    match_watch(other);
    rc = tell(c, other, own, sizeof *own, DVM_INT64);
    if (rc == DVM_OK)
        rc = tell(c, other, c->group->send_tids, (size_t)own->size * sizeof(int), DVM_INT);
    if (rc == DVM_OK)
        rc = hear(c, other, theirs, sizeof *theirs, DVM_INT64);
    if (rc == DVM_OK)
        rc = list_make(theirs->size, tids);
    return rc == DVM_OK ? hear(c, other, *tids, (size_t)theirs->size * sizeof(int), DVM_INT) : rc;
}

/* From the first rank to the others of its group. */
static int spread(struct call *c, void *data, size_t count, dvm_type type)
{
    int rc = call_begin(c, 0);

    if (rc != DVM_OK || !c->schedule)
        return rc;
    bcast_binomial(c->schedule, 0, data, count, type);
    return schedule_run(c->schedule);
}

/* All members learn of the other side. */
static int learn(struct call *c, int other, const struct side *own, struct side *theirs, int **tids)
{
    char sentence[DVM_SENTENCE_MAX];
    int rc = DVM_OK, said;

    if (c->group->rank == 0)
        rc = exchange(c, other, own, theirs, tids);
    theirs->error = rc;
    error_save(sentence);
    said = spread(c, theirs, SIDE_WORDS, DVM_INT64);
    if (rc != DVM_OK)
        return dvm_fail(rc, "%s", sentence);
    if (said == DVM_OK && theirs->error)
        return dvm_fail((int)theirs->error, "%s: rank 0 of %s could not reach the other group",
                        call_name, group_name(c->group));
    if (said == DVM_OK && c->group->rank != 0)
        said = list_make(theirs->size, tids);
    return said == DVM_OK ? spread(c, *tids, (size_t)theirs->size, DVM_INT) : said;
}

static int make(const struct call *c, const struct side *own, const struct side *theirs,
                const int *tids, dvm_group *result)
{
    size_t mine = (size_t)own->size, others = (size_t)theirs->size;
    bool behind = own->last == theirs->last ? tids[0] < c->group->send_tids[0] : own->last;
    int *all = malloc((mine + others) * sizeof *all);
    int rc;

    if (!all)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a list of %zu tasks",
                        call_name, mine + others);
    memcpy(all + (behind ? others : 0), c->group->send_tids, mine * sizeof *all);
    memcpy(all + (behind ? 0 : mine), tids, others * sizeof *all);
    rc = group_make_listed(call_name, c->site, all, (int)(mine + others), result);
    free(all);
    return rc;
}

static int joint(struct call *c, dvm_group group, int other, int last, dvm_group *result)
{
    struct side own = {.last = last != 0}, theirs = {0};
    int *tids = NULL, rc, tid;

    rc = call_find(c, group, NULL);
    if (rc == DVM_OK && !result)
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", call_name);
    if (rc == DVM_OK)
        rc = group_peer(group_find(DVM_UNIVERSE, call_name), call_name, other, &tid);
    if (rc == DVM_OK && group_rank_of(c->group, other) >= 0)
        rc = dvm_fail(DVM_ERR_ARG, "%s: task 0x%x is in %s itself; give the first task of the "
                      "other group", call_name, (unsigned)other, group_name(c->group));
    if (rc != DVM_OK)
        return rc;
    own.size = c->group->size;
    rc = learn(c, other, &own, &theirs, &tids);
    if (rc == DVM_OK)
        rc = make(c, &own, &theirs, tids, result);
    free(tids);
    return rc;
}

int dvm_group_joint(dvm_group group, int other, int last, dvm_group *result)
{
    struct call c = {.kind = COLL_GROUP_JOINT, .site = ENTRY_SITE()};

    ENTRY_BEGIN();
    return dvm_leave(joint(&c, group, other, last, result));
}
