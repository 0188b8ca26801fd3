/* group_make.c: how the members of a new group agree on its context.
 *
 * All members have the same list; what they lack is a context that is nobody else's. The
 * first makes it, and it goes down a binomial tree of the places in the list, in a
 * context that is for nothing else. The tag is a checksum of the list: groups that threads
 * make at the same time are not mixed up. Where a member has ended, those
 * below it are told so by the one that notices, instead of waiting for ever.
 *
 * Cost: ceil(log2 n) messages one after the other. Source of the tree: coll/bcast.c.
 */
#include "coll/group_make.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/fnv.h"
#include "group/context.h"
#include "group/entry.h"
#include "match/match.h"
#include "proto/frame.h"
#include "type/type.h"

/* Where contexts of new groups travel: the collectives of DVM_UNIVERSE, which has none. */
#define AGREE_CONTEXT (CONTEXT_UNIVERSE | CONTEXT_COLLECTIVE)

/* What goes down the tree: the context, or 0 and why there is none. */
struct agreement {
    uint64_t context;
    int64_t error;
};

/* The tids of a new group, and this task's place among them (DVM_NULL: none). */
struct list {
    const char *call;
    const int *tids;
    int size, place;
    int tag;
    uintptr_t site;
};

/* Be told of the ends of these tasks; of those of this task's own world the machine tells
 * by itself. */
static void watch_all(const int *tids, int size)
{
    const struct group *world = group_find(DVM_WORLD, "a new group");

    for (int i = 0; i < size; i++)
        if (group_rank_of(world, tids[i]) < 0)
            match_watch(tids[i]);
}

int group_make_known(uint64_t context, const int *tids, int size, dvm_group *result)
{
    if (context)
        watch_all(tids, size);
    return group_add(context, tids, size, result);
}

/* A member of the new group that has ended; NULL when none has, else why. */
static const char *find_gone(const struct list *l, int *tid)
{
    const char *why = NULL;

    for (int i = 0; !why && i < l->size; i++) {
        *tid = l->tids[i];
        if (i != l->place && !match_task_gone(*tid, &why))
            why = NULL;
    }
    return why;
}

/* A member that has ended is the end of the waiting: others may have heard of it before
 * they called, and never will. */
static bool one_is_gone(void *arg)
{
    int tid;

    return find_gone(arg, &tid);
}

/* Give up a word that may never come. */
static int not_heard(const struct list *l, struct dvm_request *request)
{
    int tid = 0;
    const char *why = find_gone(l, &tid);
    int rc = dvm_fail(DVM_ERR_TASK_GONE, "%s: a member of the new group has ended: tid 0x%x, %s",
                      l->call, (unsigned)tid, why ? why : "which is all that is known");
    char sentence[DVM_SENTENCE_MAX];

    error_save(sentence);
    match_cancel(request);
    match_wait(request, NULL);
    return dvm_fail(rc, "%s", sentence);
}

/* Take the word of the member above. */
static int hear(struct list *l, int from, struct agreement *word)
{
    const struct match_filter filter = {
        .context = AGREE_CONTEXT, .source = l->tids[from], .tag = l->tag};
    const struct match_sink sink = {
        .buffer = word, .capacity = sizeof *word, .type = type_code(DVM_INT64)};
    struct dvm_request *request;
    int rc = match_irecv(&filter, &sink, &request);

    if (rc != DVM_OK)
        return rc;
    rc = match_wait_or(DVM_BOARD_GROUP_CREATE, l->site, request, one_is_gone, l);
    if (rc == DVM_OK && !match_complete(request))
        return not_heard(l, request);
    if (rc != DVM_OK)
        match_release(request);
    else
        rc = match_finish(request, NULL);
    if (rc == DVM_OK && word->error)
        rc = dvm_fail((int)word->error, "%s: a member of the new group has ended, or could not "
                                        "make it", l->call);
    return rc;
}

/* Pass the word on to the members below, all that there are. */
static int pass_on(const struct list *l, int bit, const struct agreement *word)
{
    int first = DVM_OK;

    for (; bit > 0; bit /= 2) {
        int rc = DVM_OK;

        if (l->place + bit < l->size)
            rc = match_send(MATCH_BUFFERED, AGREE_CONTEXT, l->tids[l->place + bit], l->tag, word,
                            sizeof *word, type_code(DVM_INT64), 0, DVM_UNIVERSE);
        first = first == DVM_OK ? rc : first;
    }
    return first;
}

static int agree(struct list *l, uint64_t *context)
{
    struct agreement word = {0};
    char sentence[DVM_SENTENCE_MAX];
    int bit = 1, rc = DVM_OK;

    while (bit < l->size && !(l->place & bit))
        bit *= 2;
    if (l->place > 0)
        rc = hear(l, l->place - bit, &word);
    else if (!(word.context = context_make()))
        rc = dvm_fail(DVM_ERR_LIMIT, "%s: this task has made all groups that it may", l->call);
    word.error = rc;
    error_save(sentence);
    bit = pass_on(l, bit / 2, &word);
    if (rc != DVM_OK)
        return dvm_fail(rc, "%s", sentence);
    *context = word.context;
    return bit;
}

int group_make_agreed(const char *call, uintptr_t site, const int *tids, int size,
                      dvm_group *result)
{
    struct list l = {.call = call, .tids = tids, .size = size, .place = DVM_NULL, .site = site};
    uint64_t context = 0;
    int rc = DVM_OK;

    if (size == 0) {
        *result = DVM_GROUP_NONE;
        return DVM_OK;
    }
    for (int i = 0; i < size; i++)
        if (tids[i] == group_find(DVM_UNIVERSE, call)->rank)
            l.place = i;
    l.tag = (int)(fnv32(FNV32_BEGIN, tids, (size_t)size * sizeof *tids) & DVM_TAG_MAX);
    if (l.place != DVM_NULL) {
        watch_all(tids, size);
        rc = agree(&l, &context);
    }
    return rc == DVM_OK ? group_make_known(context, tids, size, result) : rc;
}
