/* schedule.c: making schedules; run.c runs them. A group keeps the schedule of its last
 * call for the next one, so that in the steady state nothing is allocated for steps; a
 * persistent call keeps its own, with steps and memory, so that a start makes nothing.
 */
#include "coll/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "coll/mixup.h"
#include "coll/tag.h"
#include "match/match.h"
#include "type/derived.h"
#include "type/op.h"

#define STEPS_START 32 /* of a new schedule */

/* Memory of a schedule, or a type that it uses. */
struct space {
    struct space *next;
    struct shape *shape; /* held; NULL: memory */
    _Alignas(max_align_t) unsigned char bytes[];
};

static int no_memory(const char *call)
{
    return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a collective", call);
}

const char *schedule_call(const struct schedule *s)
{
    return coll_form_call(s->kind, s->kept      ? COLL_KEEPING
                                   : s->request ? COLL_STARTING
                                                : COLL_WAITING);
}

void schedule_again(struct schedule *s)
{
    struct coll *c = s->coll;

    if (c) {
        s->sequence = c->sequence + 1;
        s->tag = tag_make(s->sequence, s->kind, s->signature, c->history);
        tag_note(c, &(struct coll_record){s->sequence, s->kind, s->signature, s->bytes, s->type,
                                          s->site});
    }
    s->at = 0;
    s->pending_count = s->pending_at = 0;
    s->looked = 0;
}

/* An empty one for this call. */
static void clear(struct schedule *s, struct coll *c, enum coll_kind kind, unsigned signature,
                  uintptr_t site)
{
    s->coll = c;
    s->size = c ? c->group->size : 1;
    s->rank = c ? c->group->rank : 0;
    s->among = NULL;
    s->kind = s->told = kind;
    s->signature = signature;
    s->bytes = COLL_BYTES_UNKNOWN;
    s->type = 0;
    s->site = site;
    s->rc = DVM_OK;
    s->count = 0;
    s->request = NULL;
    schedule_again(s);
}

int schedule_begin(struct coll *c, enum coll_kind kind, unsigned signature, uintptr_t site,
                   struct schedule **out)
{
    struct schedule *s = c->spare;

    c->spare = NULL;
    if (!s)
        s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(coll_call(kind));
    clear(s, c, kind, signature, site);
    *out = s;
    return DVM_OK;
}

int schedule_begin_before(struct coll *c, enum coll_kind kind, enum coll_kind told,
                          uintptr_t site, struct schedule **out)
{
    unsigned history = c->history;
    int rc = schedule_begin(c, kind, 0, site, out);

    c->history = history; /* not all members need be in it */
    if (rc == DVM_OK)
        (*out)->told = told;
    return rc;
}

int schedule_keep(struct coll *c, enum coll_kind kind, unsigned signature, uintptr_t site,
                  struct schedule **out)
{
    struct schedule *s = calloc(1, sizeof *s);

    if (!s)
        return no_memory(coll_call(kind));
    clear(s, c, kind, signature, site);
    s->kept = true;
    *out = s;
    return DVM_OK;
}

static void free_spaces(struct schedule *s)
{
    while (s->spaces) {
        struct space *space = s->spaces;

        s->spaces = space->next;
        shape_drop(space->shape);
        free(space);
    }
}

void schedule_free(struct schedule *s)
{
    if (!s)
        return;
    free_spaces(s);
    free(s->pending);
    free(s->steps);
    free(s);
}

/* The sends and receives that are left after a failure: revoked, so complete, or the daemon
 * is lost and nothing moves any more. */
static void drop_pending(struct schedule *s)
{
    for (size_t i = s->pending_at; i < s->pending_count; i++) {
        struct dvm_request *r = s->pending[i].request;

        if (match_complete(r))
            match_finish(r, NULL);
        else
            match_release(r);
    }
}

int schedule_end(struct schedule *s, int rc)
{
    struct coll *c = s->coll;
    char sentence[DVM_SENTENCE_MAX];

    if ((rc == DVM_ERR_TASK_GONE || rc == DVM_ERR_HOST_GONE) && c && mixup_here(s))
        rc = mixup_tell(s); /* it has left because it was in another call */
    if (rc != DVM_OK && c) {
        rc = coll_failed(c, rc);
        error_save(sentence);
        drop_pending(s);
        dvm_fail(rc, "%s", sentence);
    }
    if (s->kept)
        return rc;
    free_spaces(s);
    if (c->spare)
        schedule_free(s);
    else
        c->spare = s;
    return rc;
}

void schedule_among(struct schedule *s, const int *ranks, int count, int place)
{
    s->among = ranks;
    s->size = ranks ? count : s->coll->group->size;
    s->rank = ranks ? place : s->coll->group->rank;
}

static struct step *append(struct schedule *s, enum step_what what)
{
    if (s->rc == DVM_OK && s->count == s->room) {
        size_t room = s->room ? s->room * 2 : STEPS_START;
        struct step *more = realloc(s->steps, room * sizeof *more);

        if (!more)
            s->rc = no_memory(schedule_call(s));
        else
            s->steps = more, s->room = room;
    }
    if (s->rc != DVM_OK)
        return NULL;
    s->steps[s->count] = (struct step){.what = what};
    return &s->steps[s->count++];
}

/* Keep a type although the program may free it. false: without memory. */
static bool hold(struct schedule *s, dvm_type type)
{
    struct shape *shape = type_basic(type) ? NULL : &derived_known(type)->shape;

    if (!shape || (s->spaces && s->spaces->shape == shape))
        return s->rc == DVM_OK;
    if (!schedule_space(s, 0))
        return false;
    s->spaces->shape = shape_hold(shape);
    return true;
}

static void append_message(struct schedule *s, enum step_what what, int rank, void *to,
                           const void *from, size_t count, dvm_type type)
{
    struct step *step = hold(s, type) ? append(s, what) : NULL;

    if (!step)
        return;
    step->rank = s->among ? s->among[rank] : rank;
    step->to = to;
    step->from = from;
    step->count = count;
    step->type = type;
}

void schedule_send(struct schedule *s, int rank, const void *from, size_t count, dvm_type type)
{
    append_message(s, STEP_SEND, rank, NULL, from, count, type);
}

void schedule_receive(struct schedule *s, int rank, void *to, size_t count, dvm_type type)
{
    append_message(s, STEP_RECEIVE, rank, to, NULL, count, type);
}

void schedule_combine(struct schedule *s, void *left, const void *right, size_t count,
                      dvm_type type, dvm_op op)
{
    struct step *step = count > 0 ? append(s, STEP_COMBINE) : NULL;

    if (!step)
        return;
    step->to = left;
    step->from = right;
    step->count = count;
    step->type = type;
    step->op = op;
    step->own = op_user(op);
}

void schedule_hold(struct schedule *s, dvm_type type)
{
    hold(s, type);
}

void schedule_copy(struct schedule *s, void *to, const void *from, size_t bytes)
{
    schedule_copy_elements(s, to, from, bytes, DVM_BYTE);
}

void schedule_copy_elements(struct schedule *s, void *to, const void *from, size_t count,
                            dvm_type type)
{
    if (to != from)
        schedule_copy_between(s, to, type, from, type, count);
}

void schedule_copy_between(struct schedule *s, void *to, dvm_type to_type, const void *from,
                           dvm_type of_type, size_t count)
{
    bool may = count > 0 && hold(s, to_type) && hold(s, of_type);
    struct step *step = may ? append(s, STEP_COPY) : NULL;

    if (!step)
        return;
    step->to = to;
    step->from = from;
    step->count = count;
    step->type = to_type;
    step->of = of_type;
}

void schedule_do(struct schedule *s, step_run_function *run, int rank, void *to, const void *from,
                 size_t count, dvm_type type)
{
    schedule_round(s);
    append_message(s, STEP_RUN, rank, to, from, count, type);
    if (s->rc == DVM_OK)
        s->steps[s->count - 1].run = run;
    schedule_round(s);
}

void schedule_round(struct schedule *s)
{
    append(s, STEP_ROUND);
}

void *schedule_space(struct schedule *s, size_t bytes)
{
    struct space *space = s->rc == DVM_OK ? malloc(sizeof *space + bytes) : NULL;

    if (!space) {
        if (s->rc == DVM_OK)
            s->rc = no_memory(schedule_call(s));
        return NULL;
    }
    space->next = s->spaces;
    space->shape = NULL;
    s->spaces = space;
    return space->bytes;
}
