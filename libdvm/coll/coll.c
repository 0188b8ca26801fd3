/* coll.c: messages of collectives, and their failure.
 *
 * All members run the same sequence of calls, so the messages between two of them
 * come in the order in which they are asked for. The tag carries number and kind
 * of the call all the same: where a message of another collective comes than the one
 * that is waited for, the program is told so.
 *
 * Never a hang: every wait here also waits for the alarm, a receive from anybody in
 * a context of its own that is always posted. It completes when a member sends its
 * sentence before it gives up, and it fails when a member dies (a wildcard receive
 * does). From then on the group's collectives are over: what is under way is
 * revoked, and each further call fails with the same sentence. A death is told to
 * everybody by the daemons; only what a single member knows is sent on.
 */
#include "coll/coll.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group/context.h"
#include "group/sink.h"
#include "match/match.h"
#include "type/type.h"

#define KIND_BITS 5
#define KIND_MASK ((1 << KIND_BITS) - 1)
#define SEQUENCE_MASK (DVM_TAG_MAX >> KIND_BITS)
#define ALARM_TAG 0 /* of the only messages in the alarm's context */

static const enum dvm_board_call board_calls[] = {
    [COLL_BARRIER] = DVM_BOARD_BARRIER,
    [COLL_BCAST] = DVM_BOARD_BCAST,
    [COLL_REDUCE] = DVM_BOARD_REDUCE,
    [COLL_ALLREDUCE] = DVM_BOARD_ALLREDUCE,
    [COLL_DUP] = DVM_BOARD_GROUP_DUP,
    [COLL_SPLIT] = DVM_BOARD_GROUP_SPLIT,
};
static const char *const calls[] = {
    [COLL_BARRIER] = "dvm_barrier",
    [COLL_BCAST] = "dvm_bcast",
    [COLL_REDUCE] = "dvm_reduce",
    [COLL_ALLREDUCE] = "dvm_allreduce",
    [COLL_DUP] = "dvm_group_dup",
    [COLL_SPLIT] = "dvm_group_split",
};

static uint64_t alarm_context(const struct group *g)
{
    return g->context | CONTEXT_ALARM;
}

/* Post the receive that completes when another member has failed. */
static int post_alarm(struct coll *c)
{
    const struct match_filter filter = {
        .context = alarm_context(c->group), .source = DVM_ANY, .tag = ALARM_TAG};
    const struct match_sink sink =
        sink_make(c->group, c->alarm_bytes, sizeof c->alarm_bytes, DVM_BYTE, 0);

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
static void state_drop(struct group *g)
{
    struct dvm_request *alarm = g->coll->alarm;

    if (!alarm)
        return;
    match_cancel(alarm);
    match_wait(alarm, NULL);
}

/* The state of a group's collectives, made at the first. */
static int state_make(struct group *g)
{
    struct coll *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory is left for a collective");
    c->group = g;
    c->context = g->context | CONTEXT_COLLECTIVE;
    rc = post_alarm(c);
    if (rc != DVM_OK) {
        free(c);
        return rc;
    }
    g->coll = c;
    group_on_remove = state_drop;
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
    if (tell)
        ring_alarm(c);
    return dvm_fail(code, "%s", c->text);
}

/* The alarm has completed: understand why, and end the collectives. */
static int alarmed(struct coll *c)
{
    const uint8_t *b = c->alarm_bytes;
    struct match_result result = {0};
    char who[GROUP_MEMBER_TEXT_MAX], sentence[DVM_SENTENCE_MAX];
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
    dvm_fail(rc, "%s gave up: %.*s",
             group_member_text(c->group, result.source, who, sizeof who),
             (int)(sizeof c->alarm_bytes - sizeof code), (const char *)b + sizeof code);
    return give_up(c, rc, false);
}

static bool rung(const struct coll *c)
{
    return c->alarm && match_complete(c->alarm);
}

/* Wait until a request is complete, or the alarm rings first. */
static int wait_for(struct coll *c, struct dvm_request *request)
{
    struct dvm_request *both[] = {request, c->alarm};
    size_t index;
    int rc = DVM_OK;

    while (rc == DVM_OK && !match_complete(request)) {
        if (rung(c))
            return alarmed(c);
        rc = match_wait_call(board_calls[c->kind], c->site, sizeof both / sizeof both[0], both, -1,
                             &index);
    }
    return rc;
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
    return g;
}

int coll_begin(struct group *g, enum coll_kind kind, const char *call, uintptr_t site,
               struct coll **coll)
{
    bool first = !g->coll;
    struct coll *c;
    int rc;

    assert(g->size > 1);
    if (first) {
        rc = state_make(g);
        if (rc != DVM_OK)
            return rc;
    }
    c = g->coll;
    c->call = call;
    c->kind = kind;
    c->site = site;
    c->sequence++;
    c->tag = (int)((c->sequence & SEQUENCE_MASK) << KIND_BITS | (uint32_t)kind);
    if (first) {
        rc = check_members(c);
        if (rc != DVM_OK)
            return give_up(c, rc, false);
    }
    if (c->failed != DVM_OK)
        return dvm_fail(c->failed, "%s: %s", call, c->text);
    if (rung(c))
        return alarmed(c);
    *coll = c;
    return DVM_OK;
}

/* Free the sends that are left after a failure: revoked, so complete. */
static void drop_sends(struct coll *c)
{
    while (c->send_count > 0) {
        struct dvm_request *r = c->sends[--c->send_count];

        if (match_complete(r))
            match_finish(r, NULL);
        else
            match_release(r);
    }
}

int coll_flush(struct coll *c)
{
    int rc = DVM_OK;

    while (rc == DVM_OK && c->send_count > 0) {
        rc = wait_for(c, c->sends[c->send_count - 1]);
        if (rc == DVM_OK)
            rc = match_finish(c->sends[--c->send_count], NULL);
    }
    return rc;
}

/* Whether an error says that another member is not there. */
static bool is_loss(int rc)
{
    return rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE;
}

int coll_end(struct coll *c, int rc)
{
    if (rc == DVM_OK)
        rc = coll_flush(c);
    if (rc == DVM_OK)
        return DVM_OK;
    /* a member that is missed may have left after it gave up: the alarm knows why */
    if (is_loss(rc) && rung(c))
        rc = alarmed(c);
    rc = give_up(c, rc, true);
    drop_sends(c);
    return rc;
}

int coll_send(struct coll *c, int rank, const void *buffer, size_t count, dvm_type type)
{
    struct dvm_request *request;
    int rc;

    if (c->send_count == COLL_SENDS_MAX) {
        rc = coll_flush(c);
        if (rc != DVM_OK)
            return rc;
    }
    rc = match_isend(MATCH_STANDARD, c->context, c->group->send_tids[rank], c->tag, buffer,
                     count * type_find(type)->size, type_code(type), c->site, c->group->number,
                     &request);
    if (rc == DVM_OK)
        c->sends[c->send_count++] = request;
    return rc;
}

/* The message is of another call than this one. */
static int mixed_up(const struct coll *c, int rank, int tag)
{
    unsigned kind = (unsigned)tag & KIND_MASK;

    return dvm_fail(DVM_ERR_ARG,
                    "rank %d of %s is in %s (its collective number %d), rank %d in %s (number "
                    "%d); all tasks of a group must call the same collectives in the same order",
                    rank, group_name(c->group),
                    kind < sizeof calls / sizeof calls[0] ? calls[kind] : "another call",
                    tag >> KIND_BITS, c->group->rank, c->call, c->tag >> KIND_BITS);
}

/* Take the end of a receive and check that it was the one expected. */
static int finish_receive(struct coll *c, struct dvm_request *request, int rank, size_t bytes,
                          dvm_type type)
{
    struct match_result result = {.tag = c->tag};
    int rc = match_finish(request, &result);
    size_t came;

    if ((rc == DVM_OK || rc == DVM_ERR_TYPE || rc == DVM_ERR_TRUNCATE) && result.tag != c->tag)
        return mixed_up(c, rank, result.tag);
    if (rc != DVM_OK)
        return rc;
    came = type_converted_bytes(result.type, type_code(type), result.bytes);
    if (came != bytes)
        return dvm_fail(DVM_ERR_TRUNCATE,
                        "%s: rank %d of %s gave %zu bytes, rank %d expected %zu; all tasks must "
                        "give the same count",
                        c->call, rank, group_name(c->group), came, c->group->rank, bytes);
    return DVM_OK;
}

/* The alarm has revoked a receive, or the daemon is lost and nothing moves any more:
 * give it up. The last sentence stays. */
static void drop_receive(struct dvm_request *request, int rc)
{
    char sentence[DVM_SENTENCE_MAX];

    if (!match_complete(request)) {
        match_release(request);
        return;
    }
    error_save(sentence);
    match_finish(request, NULL);
    dvm_fail(rc, "%s", sentence);
}

int coll_receive(struct coll *c, int rank, void *buffer, size_t count, dvm_type type)
{
    size_t bytes = count * type_find(type)->size;
    const struct match_sink sink = sink_make(c->group, buffer, bytes, type, c->site);
    const struct match_filter filter = {
        .context = c->context, .source = c->group->receive_tids[rank], .tag = DVM_ANY};
    struct dvm_request *request;
    int rc = match_irecv(&filter, &sink, &request);

    if (rc != DVM_OK)
        return rc;
    rc = wait_for(c, request);
    if (rc == DVM_OK)
        rc = finish_receive(c, request, rank, bytes, type);
    else
        drop_receive(request, rc);
    return rc;
}
