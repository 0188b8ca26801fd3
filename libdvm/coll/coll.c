/* coll.c: the collectives of a group, and how they end.
 *
 * Never a hang: every wait of a collective also waits for the alarm, a receive from
 * anybody in a context of its own that is always posted. It completes when a member
 * sends its sentence before it gives up, and it fails when a member dies (a wildcard
 * receive does). From then on the group's collectives are over: what is under way is
 * revoked, and each further call fails with the same sentence. A death is told to
 * everybody by the daemons; only what a single member knows is sent on.
 *
 * At the first collective the members agree on what all must know alike to choose the
 * same algorithms: whether they are more than the cores somewhere.
 */
#include "coll/coll.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coll/algorithms.h"
#include "coll/mixup.h"
#include "coll/plain.h"
#include "coll/records.h"
#include "coll/schedule.h"
#include "coll/start.h"
#include "coll/tuned.h"
#include "group/context.h"
#include "group/host.h"
#include "group/hosts.h"
#include "group/sink.h"
#include "group/word.h"
#include "match/commons.h"
#include "match/load.h"
#include "match/match.h"
#include "proto/frame.h"
#include "type/type.h"

#define ALARM_TAG 0 /* of the only messages in the alarm's context */

static const char *const calls[][COLL_FORM_COUNT] = {
#define COLL_NAME(name, call) [COLL_##name] = {"dvm_" call, "dvm_i" call, "dvm_" call "_init"},
    COLL_KINDS(COLL_NAME)
#undef COLL_NAME
};

const char *coll_call(unsigned kind)
{
    return kind < COLL_KIND_COUNT ? calls[kind][COLL_WAITING] : "another call";
}

const char *coll_form_call(enum coll_kind kind, enum coll_form form)
{
    return calls[kind][form];
}

const char *coll_amounts(enum coll_kind kind)
{
    switch (kind) {
    case COLL_GATHERV:
    case COLL_SCATTERV:
        return "the root's count for a rank must be what that rank gives as its own";
    case COLL_ALLGATHERV:
    case COLL_REDUCE_SCATTER:
        return "all tasks must give the same list of counts";
    case COLL_ALLTOALLV:
    case COLL_ALLTOALLW:
    case COLL_NEIGHBOUR_ALLGATHERV:
    case COLL_NEIGHBOUR_ALLTOALLV:
    case COLL_NEIGHBOUR_ALLTOALLW:
        return "a task's count for another must be as much as that one's count for it";
    default:
        return "all tasks must give the same count";
    }
}

static uint64_t alarm_context(const struct group *g)
{
    return g->context | CONTEXT_ALARM;
}

/* Post the receive that completes when another member has failed. */
static int post_alarm(struct coll *c)
{
    const struct match_filter filter = {
        .context = alarm_context(c->group), .source = DVM_ANY, .tag = ALARM_TAG};
    const struct match_data data = {c->alarm_bytes, sizeof c->alarm_bytes, type_code(DVM_BYTE),
                                    NULL};
    const struct match_sink sink = sink_make(c->group, &data, 0);

    memset(c->alarm_bytes, 0, sizeof c->alarm_bytes);
    return match_irecv(&filter, &sink, &c->alarm);
}

/* A member that ended before the first collective has rung no alarm here. */
static int check_members(const struct coll *c)
{
    const struct group *g = c->group;
    char who[GROUP_MEMBER_TEXT_MAX];
    const char *why;

    for (int i = 0; i < g->size; i++)
        if (i != g->rank && match_task_gone(g->receive_tids[i], &why))
            return dvm_fail(DVM_ERR_TASK_GONE, "%s of %s has ended: %s",
                            group_member_text(g, g->receive_tids[i], who, sizeof who),
                            group_name(g), why);
    return DVM_OK;
}

/* A group is freed: nobody will tell it anything. */
static void state_drop(struct group *g, bool stopped)
{
    struct coll *c = g->coll;

    plain_forget(c);
    start_drop(c);
    records_free(c);
    schedule_free(c->spare);
    c->spare = NULL;
    if (stopped)
        match_on_stall = NULL;
    commons_free(c->commons, stopped);
    c->commons = NULL;
    hosts_free(c->hosts);
    c->hosts = NULL;
    if (!c->alarm || stopped)
        return;
    match_cancel(c->alarm);
    match_wait(c->alarm, NULL);
}

static int state_make(struct group *g)
{
    struct coll *c = calloc(1, sizeof *c);
    int rc;

    if (c)
        c->hosts = hosts_make(g->receive_tids, g->size, g->rank);
    if (!c || !c->hosts) {
        free(c);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a collective");
    }
    c->group = g;
    c->context = g->context | CONTEXT_COLLECTIVE;
    c->forcing = getenv("DVM_COLL");
    c->sequence = UINT32_MAX; /* the user's calls count from 1: agree is number 0 */
    rc = post_alarm(c);
    if (rc != DVM_OK) {
        hosts_free(c->hosts);
        free(c);
        return rc;
    }
    g->coll = c;
    word_on_call = records_word;
    match_on_stall = records_stalled;
    group_on_remove = state_drop;
    group_on_leave = mixup_left;
    return DVM_OK;
}

/* Tell all other members why this one gives up. */
static void ring_alarm(const struct coll *c)
{
    const struct group *g = c->group;
    uint8_t bytes[COLL_ALARM_BYTES];
    uint32_t code = (uint32_t)c->failed;
    size_t length = strlen(c->text);

    for (size_t i = 0; i < sizeof code; i++)
        bytes[i] = (uint8_t)(code >> (8 * i));
    memcpy(bytes + sizeof code, c->text, length);
    for (int i = 0; i < g->size; i++)
        if (i != g->rank)
            match_isend(MATCH_BUFFERED, alarm_context(g), g->send_tids[i], ALARM_TAG, bytes,
                        sizeof code + length, type_code(DVM_BYTE), 0, g->number, NULL);
}

/* End the collectives of the group for this task, with the last sentence. tell: the
 * others do not know. */
static int give_up(struct coll *c, int code, bool tell)
{
    char sentence[DVM_SENTENCE_MAX];

    if (c->failed != DVM_OK)
        return c->failed;
    error_save(sentence);
    c->failed = code;
    memcpy(c->text, sentence, sizeof c->text);
    match_revoke(c->context, code, c->text);
    if (tell && !c->group->revoked)
        ring_alarm(c);
    return dvm_fail(code, "%s", c->text);
}

int coll_alarmed(struct coll *c)
{
    const uint8_t *b = c->alarm_bytes;
    struct match_result result = {0};
    char who[GROUP_MEMBER_TEXT_MAX], sentence[DVM_SENTENCE_MAX];
    const char *host;
    uint32_t code = 0;
    int rc = match_finish(c->alarm, &result);

    c->alarm = NULL;
    if (rc != DVM_OK) { /* a member has died */
        error_save(sentence);
        dvm_fail(rc, "%.400s; the collectives of %s are over", sentence, group_name(c->group));
        return give_up(c, rc, false);
    }
    for (size_t i = 0; i < sizeof code; i++)
        code |= (uint32_t)b[i] << (8 * i);
    rc = (int32_t)code < 0 ? (int32_t)code : DVM_ERR_PROTOCOL;
    host = rc == DVM_ERR_LOST_DAEMON ? host_name(DVM_TID_SLOT(result.source)) : NULL;
    if (rc == DVM_ERR_LOST_DAEMON) /* its own, without which it is no task any more */
        rc = DVM_ERR_TASK_GONE;
    dvm_fail(rc, "%s%s%s gave up: %.*s",
             group_member_text(c->group, result.source, who, sizeof who), host ? " on host " : "",
             host ? host : "", (int)(sizeof c->alarm_bytes - sizeof code),
             (const char *)b + sizeof code);
    return give_up(c, rc, false);
}

bool coll_rung(const struct coll *c)
{
    return c->alarm && match_complete(c->alarm);
}

/* Whether an error says that another member is not there. */
static bool is_loss(int rc)
{
    return rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE;
}

int coll_failed(struct coll *c, int rc)
{
    /* a member that is missed may have left after it gave up: the alarm knows why */
    if (is_loss(rc) && coll_rung(c))
        rc = coll_alarmed(c);
    return give_up(c, rc, true);
}

struct group *coll_group(dvm_group group, const char *call, int *rc)
{
    struct group *g = group_find(group, call);

    *rc = g ? DVM_OK : DVM_ERR_GROUP;
    if (g && g->size == 0) {
        *rc = dvm_fail(DVM_ERR_GROUP, "%s: DVM_UNIVERSE has no collectives; its tasks come and "
                                      "go", call);
        return NULL;
    }
    if (g && !group_is_mine(g, call)) {
        *rc = DVM_ERR_GROUP;
        return NULL;
    }
    if (g && g->revoked) {
        *rc = dvm_fail(DVM_ERR_REVOKED, "%s: %s was revoked", call, group_name(g));
        return NULL;
    }
    return g;
}

/* What all members must know alike: whether they are more than the cores somewhere, and that
 * they have the same table of algorithms. */
static int agree(struct coll *c, enum coll_kind kind, uintptr_t site)
{
    const int *begin = c->hosts->begin + c->hosts->mine;
    const int here = begin[1] - begin[0];
    int64_t mine[] = {here > load_cores(), tuned_sum(), -tuned_sum()}, most[3];
    struct schedule *s;
    int rc = schedule_begin_before(c, COLL_ALLREDUCE, kind, site, &s);

    if (rc != DVM_OK)
        return rc;
    match_together(here); /* a task and those that it has spawned are of two worlds */
    allreduce_doubling(s, &(struct reduction){mine, most, 3, DVM_INT64, DVM_MAX});
    rc = schedule_run(s);
    if (rc != DVM_OK)
        return rc;
    c->crowded = most[0];
    if (most[1] == -most[2])
        return DVM_OK;
    dvm_fail(DVM_ERR_ARG, "the tasks of %s have not all read the same table of algorithms "
                          "(DVM_COLL_TABLE); give all the same file, or none",
             group_name(c->group));
    return give_up(c, DVM_ERR_ARG, false); /* all have seen it */
}

int coll_state(struct group *g, enum coll_kind kind, enum coll_form form, uintptr_t site,
               struct coll **coll)
{
    int rc;

    assert(g->size > 1);
    if (!g->coll) {
        rc = state_make(g);
        if (rc != DVM_OK)
            return rc;
        rc = check_members(g->coll);
        if (rc != DVM_OK)
            return give_up(g->coll, rc, false);
        rc = tuned_load();
        if (rc != DVM_OK)
            return give_up(g->coll, rc, true);
        rc = agree(g->coll, kind, site);
        if (rc != DVM_OK)
            return rc;
    }
    *coll = g->coll;
    if ((*coll)->failed != DVM_OK)
        return dvm_fail((*coll)->failed, "%s: %s", coll_form_call(kind, form), (*coll)->text);
    return coll_rung(*coll) ? coll_alarmed(*coll) : DVM_OK;
}
