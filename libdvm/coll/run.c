/* run.c: running a schedule: the steps of a round at once, then the wait for its messages.
 *
 * Small messages go as buffered ones, which need no request, but may wait for room, so not
 * where nothing may wait. A wait also ends
 * when the alarm rings, or when a message shows that a member is in another call.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "coll/mixup.h"
#include "coll/records.h"
#include "coll/schedule.h"
#include "group/sink.h"
#include "match/match.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

#define BUFFERED_MAX 4096 /* bytes of a message that is copied when it cannot go at once */
#define PENDING_START 16

static const enum dvm_board_call board_calls[COLL_KIND_COUNT] = {
    [COLL_BARRIER] = DVM_BOARD_BARRIER,
    [COLL_BCAST] = DVM_BOARD_BCAST,
    [COLL_REDUCE] = DVM_BOARD_REDUCE,
    [COLL_ALLREDUCE] = DVM_BOARD_ALLREDUCE,
    [COLL_GROUP_DUP] = DVM_BOARD_GROUP_DUP,
    [COLL_GROUP_SPLIT] = DVM_BOARD_GROUP_SPLIT,
    [COLL_GATHER] = DVM_BOARD_GATHER,
    [COLL_GATHERV] = DVM_BOARD_GATHER,
    [COLL_SCATTER] = DVM_BOARD_SCATTER,
    [COLL_SCATTERV] = DVM_BOARD_SCATTER,
    [COLL_ALLGATHER] = DVM_BOARD_ALLGATHER,
    [COLL_ALLGATHERV] = DVM_BOARD_ALLGATHER,
    [COLL_ALLTOALL] = DVM_BOARD_ALLTOALL,
    [COLL_ALLTOALLV] = DVM_BOARD_ALLTOALL,
    [COLL_REDUCE_SCATTER] = DVM_BOARD_REDUCE_SCATTER,
    [COLL_REDUCE_SCATTER_BLOCK] = DVM_BOARD_REDUCE_SCATTER,
    [COLL_SCAN] = DVM_BOARD_SCAN,
    [COLL_EXSCAN] = DVM_BOARD_SCAN,
    [COLL_GROUP_JOINT] = DVM_BOARD_GROUP_JOINT,
    [COLL_ALLTOALLW] = DVM_BOARD_ALLTOALL,
    [COLL_GROUP_CART] = DVM_BOARD_GROUP_CART,
    [COLL_CART_SUB] = DVM_BOARD_CART_SUB,
    [COLL_GROUP_GRAPH] = DVM_BOARD_GROUP_GRAPH,
    [COLL_NEIGHBOUR_ALLGATHER] = DVM_BOARD_NEIGHBOUR_ALLGATHER,
    [COLL_NEIGHBOUR_ALLGATHERV] = DVM_BOARD_NEIGHBOUR_ALLGATHER,
    [COLL_NEIGHBOUR_ALLTOALL] = DVM_BOARD_NEIGHBOUR_ALLTOALL,
    [COLL_NEIGHBOUR_ALLTOALLV] = DVM_BOARD_NEIGHBOUR_ALLTOALL,
    [COLL_NEIGHBOUR_ALLTOALLW] = DVM_BOARD_NEIGHBOUR_ALLTOALL,
};

/* Keep a message of this round. */
static int keep(struct schedule *s, struct dvm_request *request)
{
    if (s->pending_count == s->pending_room) {
        size_t room = s->pending_room ? s->pending_room * 2 : PENDING_START;
        struct pending *more = realloc(s->pending, room * sizeof *more);

        if (!more) {
            match_release(request);
            return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a collective",
                            schedule_call(s));
        }
        s->pending = more;
        s->pending_room = room;
    }
    s->pending[s->pending_count++] = (struct pending){request, s->at};
    return DVM_OK;
}

/* What a step sends, or (into) receives. */
static struct match_data data_of(const struct step *step, bool into)
{
    struct match_data data = {.buffer = into ? step->to : step->from,
                              .bytes = step->count * type_find(step->type)->size,
                              .type = type_code(step->type)};

    sink_shape(step->count, step->type, into, &data);
    return data;
}

static int send_step(struct schedule *s, const struct step *step)
{
    const struct group *g = s->coll->group;
    const struct match_data data = data_of(step, false);
    struct dvm_request *request;
    int rc;

    if (data.bytes <= BUFFERED_MAX && !s->request)
        return match_send_data(MATCH_BUFFERED, s->coll->context, g->send_tids[step->rank],
                               s->tag, &data, s->site, g->number);
    rc = match_isend_data(MATCH_STANDARD, s->coll->context, g->send_tids[step->rank], s->tag,
                          &data, s->site, g->number, &request);
    return rc == DVM_OK ? keep(s, request) : rc;
}

static int receive_step(struct schedule *s, const struct step *step)
{
    const struct group *g = s->coll->group;
    const struct match_data data = data_of(step, true);
    const struct match_sink sink = sink_make(g, &data, s->site);
    const struct match_filter filter = {
        .context = s->coll->context, .source = g->receive_tids[step->rank], .tag = s->tag};
    struct dvm_request *request;
    int rc = match_irecv(&filter, &sink, &request);

    return rc == DVM_OK ? keep(s, request) : rc;
}

static int do_step(struct schedule *s, const struct step *step)
{
    switch (step->what) {
    case STEP_SEND:
        return send_step(s, step);
    case STEP_RECEIVE:
        return receive_step(s, step);
    case STEP_COMBINE:
        op_apply(step->op, &step->own, step->type, step->to, step->from, step->count);
        break;
    case STEP_COPY:
        if (type_basic(step->type) && type_basic(step->of))
            memmove(step->to, step->from, step->count * type_basic(step->of)->size);
        else
            derived_copy(step->to, step->type, step->from, step->of, step->count);
        break;
    case STEP_RUN:
        return step->run(s, step);
    case STEP_ROUND:
        break;
    }
    return DVM_OK;
}

/* The bytes of a message as the step's type has them here. */
static size_t bytes_here(const struct step *step, const struct match_result *m)
{
    const struct derived *d = type_basic(step->type) ? NULL : derived_known(step->type);

    if (d && m->elements)
        return m->elements / d->elements * d->size + (m->elements % d->elements ? 1 : 0);
    if (TYPE_HEAD(m->type))
        return m->bytes - TYPE_HEAD(m->type);
    return type_converted_bytes(m->type, type_code(step->type), m->bytes);
}

/* A message is too long or of another type: which call that is of, and what it asks for. */
static int unlike(const struct schedule *s, int rc)
{
    char sentence[DVM_SENTENCE_MAX];

    error_save(sentence);
    return dvm_fail(rc, "%s: %s; %s", schedule_call(s), sentence,
                    rc == DVM_ERR_TYPE ? "what is given and taken must be of the same type"
                                       : coll_amounts(s->kind));
}

/* This task leaves with the collective under way, and its receives were cancelled, which looks like
 * messages without bytes. It goes on no more; others learn that the task has left. */
static int left_open(struct schedule *s)
{
    if (s->request)
        return s->rc = 1;
    return dvm_fail(DVM_ERR_NOT_INIT, "%s: another thread has called dvm_finalize or exit",
                    schedule_call(s));
}

/* Take the end of a message: a receive must have got just what was expected. */
static int finish(struct schedule *s, const struct pending *p)
{
    const struct step *step = &s->steps[p->step];
    struct match_result result = {0};
    int rc = match_finish(p->request, &result);
    size_t bytes = step->count * type_find(step->type)->size, came;

    if (rc == DVM_ERR_TRUNCATE || rc == DVM_ERR_TYPE)
        return unlike(s, rc);
    if (rc != DVM_OK || step->what == STEP_SEND)
        return rc;
    if (result.cancelled)
        return left_open(s);
    came = bytes_here(step, &result);
    if (came != bytes)
        return dvm_fail(DVM_ERR_TRUNCATE, "%s: rank %d of %s gave %zu bytes, rank %d expected %zu; "
                                          "%s", schedule_call(s), step->rank,
                        group_name(s->coll->group), came, s->coll->group->rank, bytes,
                        coll_amounts(s->kind));
    return DVM_OK;
}

/* Take what is complete of this round. Returns 1 when something is not. */
static int finish_round(struct schedule *s)
{
    while (s->pending_at < s->pending_count) {
        const struct pending *p = &s->pending[s->pending_at];
        int rc;

        if (!match_complete(p->request))
            return 1;
        s->pending_at++;
        rc = finish(s, p);
        if (rc != DVM_OK)
            return rc;
    }
    s->pending_at = s->pending_count = 0;
    return DVM_OK;
}

int schedule_advance(struct schedule *s)
{
    int rc = s->rc;

    while (rc == DVM_OK) {
        rc = finish_round(s);
        if (rc != DVM_OK || s->at == s->count)
            break;
        for (; rc == DVM_OK && s->at < s->count; s->at++) {
            if (s->steps[s->at].what == STEP_ROUND) {
                s->at++;
                break;
            }
            rc = do_step(s, &s->steps[s->at]);
        }
    }
    return rc;
}

enum dvm_board_call schedule_board(const struct schedule *s)
{
    return board_calls[s->told];
}

bool schedule_interrupted(void *arg)
{
    struct schedule *s = arg;

    return coll_rung(s->coll) || s->coll->mixed || mixup_seen(s);
}

int schedule_why(struct schedule *s)
{
    return coll_rung(s->coll) ? coll_alarmed(s->coll) : mixup_tell(s);
}

/* Wait for the first message that is not complete. */
static int wait_for(struct schedule *s)
{
    struct dvm_request *request = s->pending[s->pending_at].request;
    int rc;

    if (coll_rung(s->coll))
        return coll_alarmed(s->coll);
    records_wait(s);
    rc = match_wait_or(board_calls[s->told], s->site, request, schedule_interrupted, s);
    records_go_on(s);
    if (rc != DVM_OK || match_complete(request))
        return rc;
    return schedule_why(s);
}

int schedule_run(struct schedule *s)
{
    int rc = schedule_advance(s);

    while (rc == 1) {
        rc = wait_for(s);
        if (rc == DVM_OK)
            rc = schedule_advance(s);
    }
    if (rc == DVM_ERR_TRUNCATE || rc == DVM_ERR_TYPE)
        rc = mixup_explain(s, s->sequence, rc);
    return schedule_end(s, rc);
}
