/* shared.c: collectives through memory in common; see shared.h.
 *
 * Everybody puts what it gives into its cell and reads the cells that it needs, once: no
 * copy for each receiver, and each task has to be given a core once, not once a round.
 * Cost: n cells to read for each task that needs all; a broadcast's root writes one.
 * Used for short contributions where all members are on one host and at most
 * DVM_COMMONS_MOST, in calls that wait. Reductions combine in the order of all others
 * (tree.c), each task for itself.
 * Source: R. L. Graham, G. Shipman, "MPI support for multi-core architectures: optimized
 * shared memory collectives", EuroPVM/MPI 2008 (fan-in and fan-out through flags, with a
 * bank of segments that lets tasks run ahead).
 */
#include "coll/shared.h"

#include <string.h>

#include "coll/mixup.h"
#include "coll/records.h"
#include "coll/tag.h"
#include "group/hosts.h"
#include "match/commons.h"
#include "match/match.h"
#include "type/derived.h"
#include "type/op.h"
#include "type/type.h"

#define TRY_FIRST 3  /* number of the call before which the memory is first tried for, */
#define TRY_FACTOR 8 /* and how much later the next time */
#define TRY_LAST 2000
#define SPACE 4096   /* bytes of operands that are combined on the stack */
#define MAKE_CALLS 2 /* that making it counts as: to offer, and to agree */

/* What rank 0 says of the memory that it has made. */
enum { OFFER_AT, OFFER_REPRESENTATION, OFFER_BYTES, OFFER_WORDS };

/* The members on this host: their ranks. */
static const int *members(const struct coll *c, int *count)
{
    return hosts_here(c->hosts, count);
}

static void among_members(struct schedule *s)
{
    int count;
    const int *ranks = members(s->coll, &count);

    schedule_among(s, ranks, count, s->coll->hosts->place);
}

/* Tell all others where it is, or hear it. */
static int offer(struct coll *c, enum coll_kind kind, uintptr_t site, uint64_t *words)
{
    struct schedule *s;
    int rc = schedule_begin_before(c, COLL_BCAST, kind, site, &s);

    if (rc != DVM_OK)
        return rc;
    among_members(s);
    bcast_star(s, 0, words, OFFER_WORDS, DVM_UINT64);
    return schedule_run(s);
}

/* Whether all have it. */
static int agree(struct coll *c, enum coll_kind kind, uintptr_t site, int have, int *all)
{
    struct schedule *s;
    int rc = schedule_begin_before(c, COLL_ALLREDUCE, kind, site, &s);

    if (rc != DVM_OK)
        return rc;
    among_members(s);
    allreduce_star(s, &(struct reduction){&have, all, 1, DVM_INT, DVM_MIN});
    return schedule_run(s);
}

static int make(struct coll *c, enum coll_kind kind, uintptr_t site)
{
    int place = c->hosts->place, count, rc, all = 0, tids[DVM_COMMONS_MOST];
    const int *ranks = members(c, &count);
    uint64_t words[OFFER_WORDS] = {0};
    struct commons *commons = NULL;
    bool asked;

    for (int i = 0; i < count; i++)
        tids[i] = c->group->receive_tids[ranks[i]];
    if (place == 0)
        commons = commons_make(tids, count, 0, &words[OFFER_AT]);
    words[OFFER_REPRESENTATION] = group_representation();
    rc = offer(c, kind, site, words);
    if (rc == DVM_OK && place != 0 && words[OFFER_AT] != 0 &&
        words[OFFER_REPRESENTATION] == group_representation())
        commons = commons_join(tids, count, place, words[OFFER_AT]);
    asked = rc == DVM_OK;
    if (asked)
        rc = agree(c, kind, site, commons != NULL, &all);
    if (rc == DVM_OK && all)
        c->commons = commons;
    else if (rc != DVM_OK && asked && place == 0)
        commons_free(commons, false); /* others may know more, and use it */
    else
        commons_refuse(commons);
    return rc;
}

/* Whether so many members of one host can have memory in common. */
static bool can_share(int count)
{
    return count >= 2 && count <= DVM_COMMONS_MOST;
}

static bool any_can_share(const struct hosts *h)
{
    bool any = false;

    for (int i = 0; i < h->count; i++)
        any |= can_share(h->begin[i + 1] - h->begin[i]);
    return any;
}

/* The same of memory for long contributions, which a call before has had. */
static int widen(struct coll *c, enum coll_kind kind, uintptr_t site)
{
    uint64_t words[OFFER_WORDS] = {0};
    bool have = c->group->rank == 0 && commons_widen(c->commons, &words[OFFER_AT],
                                                     &words[OFFER_BYTES]);
    int all = 0, rc = offer(c, kind, site, words);

    if (rc == DVM_OK && c->group->rank != 0 && words[OFFER_AT] != 0)
        have = commons_widen_join(c->commons, words[OFFER_AT], words[OFFER_BYTES]);
    if (rc == DVM_OK)
        rc = agree(c, kind, site, have, &all);
    c->wide = rc == DVM_OK && all;
    if (rc == DVM_OK && !all)
        commons_narrow(c->commons);
    return rc;
}

/* It is time to try for memory for long contributions, or for memory in common at all. */
static bool wide_due(const struct coll *c)
{
    return c->wide_wanted && !c->wide && c->sequence + 1 >= c->wide_try && c->wide_try <= TRY_LAST;
}

static bool make_due(const struct coll *c)
{
    return c->sequence + 1 >= c->shared_try && c->shared_try <= TRY_LAST;
}

bool shared_due(const struct coll *c)
{
    return make_due(c) || wide_due(c);
}

int shared_prepare(struct coll *c, enum coll_kind kind, uintptr_t site)
{
    int count;

    if (wide_due(c)) {
        c->wide_try = (c->sequence + 1) * TRY_FACTOR;
        return widen(c, kind, site);
    }
    if (!make_due(c))
        return DVM_OK;
    if (c->shared_try == 0) { /* once */
        c->shared_try = any_can_share(c->hosts) ? TRY_FIRST : UINT32_MAX;
        return DVM_OK;
    }
    c->shared_try = (c->sequence + 1) * TRY_FACTOR;
    members(c, &count);
    if (!c->commons && can_share(count))
        return make(c, kind, site);
    c->sequence += MAKE_CALLS; /* as those on other hosts that make it now */
    return DVM_OK;
}

/* As of a schedule that waits for messages. */
static void waits(void *arg, bool begins)
{
    if (begins)
        records_wait(arg);
    else
        records_go_on(arg);
}

/* As messages of these types fit to each other. What mixed ones have is not compared. */
static bool fits(uint32_t sent, uint32_t wanted)
{
    if (TYPE_ID(sent) == TYPE_MIXED || TYPE_ID(wanted) == TYPE_MIXED)
        return TYPE_ID(sent) == TYPE_ID(wanted) || TYPE_ID(sent) == DVM_BYTE ||
               TYPE_ID(wanted) == DVM_BYTE;
    return type_relate(sent, wanted) == TYPE_COPY;
}

/* Word by word: to return a struct stalls on words that were just stored. */
void shared_begin_put(struct commons_op *op, struct schedule *s, size_t bytes, uint32_t type,
                      size_t put)
{
    op->commons = s->coll->commons;
    op->call = (uint32_t)s->tag;
    op->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    op->type = type;
    op->put = (uint32_t)put;
    op->fits = fits;
    op->board = schedule_board(s);
    op->site = s->site;
    op->context = s->coll->context;
    op->stop = schedule_interrupted;
    op->waits = waits;
    op->arg = s;
    commons_begin(op);
}

void shared_begin(struct commons_op *op, struct schedule *s, size_t bytes, uint32_t type)
{
    shared_begin_put(op, s, bytes, type, bytes);
}

/* A member is in another call, or gave something else. */
static int tell_odd(const struct commons_op *op, const struct schedule *s)
{
    const struct group *g = s->coll->group;
    const char *mine = coll_call(s->kind);
    uint32_t bytes, type;
    char who[GROUP_MEMBER_TEXT_MAX];
    int count, odd = members(s->coll, &count)[op->odd];
    unsigned kind = tag_kind((int)op->odd_call);

    group_member_text(g, g->receive_tids[odd], who, sizeof who);
    if (!commons_odd(op, &bytes, &type))
        return dvm_fail(DVM_ERR_ARG,
                        "%s of %s called %s as collective number %u, rank %d is in %s (number "
                        "%u)%s; all tasks of a group must call the same collectives in the same "
                        "order",
                        who, group_name(g), coll_call(kind), tag_sequence((int)op->odd_call),
                        g->rank, mine, tag_sequence(s->tag),
                        kind == s->kind ? ", or with another root, operator or form" : "");
    if (bytes != op->bytes)
        return dvm_fail(DVM_ERR_TRUNCATE, "%s: %s of %s gave %u bytes, rank %d expected %u; all "
                        "tasks must give the same count", mine, who, group_name(g), bytes, g->rank,
                        op->bytes);
    return dvm_fail(DVM_ERR_TYPE, "%s: %s of %s gave %s, rank %d %s; all tasks must give the same "
                    "type", mine, who, group_name(g), type_word(type), g->rank,
                    type_word(op->type));
}

/* The number of the call that they differ in: this one, or of late an earlier one. */
static uint32_t odd_sequence(const struct commons_op *op, const struct schedule *s)
{
    uint32_t back = (s->sequence - tag_sequence((int)op->odd_call)) & TAG_SEQUENCE_MASK;

    return back < COLL_RECENT ? s->sequence - back : s->sequence;
}

int shared_end(struct commons_op *op, struct schedule *s, int rc)
{
    if (rc == COMMONS_ODD)
        rc = mixup_explain(s, odd_sequence(op, s), tell_odd(op, s));
    else if (rc == COMMONS_STOPPED)
        rc = schedule_why(s);
    if (rc == COMMONS_OK)
        commons_end(op);
    return schedule_end(s, rc);
}

int barrier_shared(struct schedule *s)
{
    struct commons_op op;
    int rc;

    shared_begin(&op, s, 0, 0);
    rc = commons_put(&op, NULL);
    if (rc == COMMONS_OK)
        rc = commons_wait(&op, 0, s->size);
    return shared_end(&op, s, rc);
}

/* Put so many bytes, of all that each puts, of elements of any type: those of a derived one
 * without gaps. */
static int put_some(struct commons_op *op, const void *from, dvm_type type, size_t bytes)
{
    char packed[DVM_COMMONS_BLOCK];

    if (type_basic(type) && bytes == op->bytes)
        return commons_put(op, from);
    pieces_in(packed, from, type, 0, bytes);
    memset(packed + bytes, 0, op->bytes - bytes);
    return commons_put(op, packed);
}

static int put(struct commons_op *op, const void *from, dvm_type type)
{
    return put_some(op, from, type, op->bytes);
}

/* Take such elements from what a rank has put. */
static void take_some(const struct commons_op *op, int rank, void *to, dvm_type type, size_t bytes)
{
    pieces_out(to, type, 0, commons_of(op, rank), bytes);
}

static void take(const struct commons_op *op, int rank, void *to, dvm_type type)
{
    take_some(op, rank, to, type, op->bytes);
}

int bcast_shared(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    struct commons_op op;
    int rc;

    shared_begin(&op, s, count * type_find(type)->size, type_code(type));
    if (s->rank == root)
        return shared_end(&op, s, put(&op, buffer, type));
    rc = commons_wait(&op, root, root + 1);
    if (rc == COMMONS_OK)
        take(&op, root, buffer, type);
    return shared_end(&op, s, rc);
}

/* What all have given, combined in space (operands of all ranks) in the one order. */
static void combine_copies(const struct commons_op *op, int size, const struct reduction *r,
                           char *space)
{
    size_t bytes = op->bytes;
    const struct op_function own = op_user(r->op);

    for (int i = 0; i < size; i++)
        memcpy(space + bytes * (size_t)i, commons_of(op, i), bytes);
    for (int bit = 1; bit < size; bit *= 2)
        for (int i = 0; i + bit < size; i += 2 * bit)
            op_apply(r->op, &own, r->type, space + bytes * (size_t)i,
                     space + bytes * (size_t)(i + bit), r->count);
    memcpy(r->out, space, bytes);
}

/* The same straight from where they lie, where that can be. */
static void combine(const struct commons_op *op, int size, const struct reduction *r, char *space)
{
    op_loop *loop = size > 1 ? op_plain(r->op, r->type) : NULL;
    const void *parts[DVM_COMMONS_MOST];

    if (!loop) {
        combine_copies(op, size, r, space);
        return;
    }
    for (int i = 0; i < size; i++)
        parts[i] = commons_of(op, i);
    for (int bit = 1; bit < size; bit *= 2)
        for (int i = 0; i + bit < size; i += 2 * bit) {
            void *to = 2 * bit >= size ? r->out : space + op->bytes * (size_t)i;

            loop(to, parts[i], parts[i + bit], r->count);
            parts[i] = to;
        }
}

/* Put, and where this task needs a result, of the first so many ranks, wait and combine. */
static int reduce(struct schedule *s, int ranks, const struct reduction *r)
{
    _Alignas(max_align_t) char small[SPACE];
    struct commons_op op;
    char *space = small;
    int rc;

    shared_begin(&op, s, r->count * type_find(r->type)->size, type_code(r->type));
    rc = commons_put(&op, r->in);
    if (rc == COMMONS_OK && ranks > 0)
        rc = commons_wait(&op, 0, ranks);
    if (rc == COMMONS_OK && op.bytes * (size_t)ranks > sizeof small) {
        space = schedule_space(s, op.bytes * (size_t)ranks);
        rc = space ? DVM_OK : s->rc;
    }
    if (rc == COMMONS_OK && ranks > 0 && op.bytes > 0)
        combine(&op, ranks, r, space);
    return shared_end(&op, s, rc);
}

int reduce_shared(struct schedule *s, int root, const struct reduction *r)
{
    return reduce(s, s->rank == root ? s->size : 0, r);
}

int allreduce_shared(struct schedule *s, const struct reduction *r)
{
    return reduce(s, s->size, r);
}

int scan_shared(struct schedule *s, const struct reduction *r, bool inclusive)
{
    return reduce(s, s->rank + inclusive, r);
}

/* Shorter blocks are put as if they were as long as the longest. */
int allgather_shared(struct schedule *s, const struct blocks *all)
{
    size_t size = type_find(all->type)->size;
    struct commons_op op;
    int rc;

    shared_begin(&op, s, blocks_most(all, s->size) * size, type_code(all->type));
    rc = put_some(&op, blocks_at(all, s->rank), all->type, blocks_count(all, s->rank) * size);
    if (rc == COMMONS_OK)
        rc = commons_wait(&op, 0, s->size);
    for (int r = 0; rc == COMMONS_OK && r < s->size; r++)
        if (r != s->rank)
            take_some(&op, r, blocks_at(all, r), all->type, blocks_count(all, r) * size);
    return shared_end(&op, s, rc);
}

/* The root's own block is in its place already, here and below. */
int gather_shared(struct schedule *s, int root, const void *own, const struct blocks *all)
{
    struct commons_op op;
    int rc;

    shared_begin(&op, s, all->count * type_find(all->type)->size, type_code(all->type));
    if (s->rank != root)
        return shared_end(&op, s, put(&op, own, all->type));
    rc = commons_wait(&op, 0, s->size);
    for (int r = 0; rc == COMMONS_OK && r < s->size; r++)
        if (r != root)
            take(&op, r, blocks_at(all, r), all->type);
    return shared_end(&op, s, rc);
}

/* Put blocks for all others, one behind the other. */
static int put_row(struct commons_op *op, const struct schedule *s, const struct blocks *in)
{
    char row[DVM_COMMONS_BLOCK];

    if (s->size == 2)
        return put(op, blocks_at(in, !s->rank), in->type);
    for (int r = 0; r < s->size; r++)
        if (r != s->rank)
            pieces_in(row + op->bytes * (size_t)shared_place(s->rank, r), blocks_at(in, r),
                      in->type, 0, op->bytes);
    return commons_put(op, row);
}

/* Take this task's block from such a row of another's. */
static void take_own(const struct commons_op *op, const struct schedule *s, int from, void *to,
                     dvm_type type)
{
    const char *row = commons_of(op, from);

    pieces_out(to, type, 0, row + op->bytes * (size_t)shared_place(from, s->rank), op->bytes);
}

int scatter_shared(struct schedule *s, int root, void *own, const struct blocks *all)
{
    size_t bytes = all->count * type_find(all->type)->size;
    struct commons_op op;
    int rc;

    shared_begin_put(&op, s, bytes, type_code(all->type), bytes * (size_t)(s->size - 1));
    if (s->rank == root)
        return shared_end(&op, s, put_row(&op, s, all));
    rc = commons_wait(&op, root, root + 1);
    if (rc == COMMONS_OK)
        take_own(&op, s, root, own, all->type);
    return shared_end(&op, s, rc);
}

int alltoall_shared(struct schedule *s, const struct blocks *in, const struct blocks *out)
{
    size_t bytes = out->count * type_find(out->type)->size;
    struct commons_op op;
    int rc;

    shared_begin_put(&op, s, bytes, type_code(out->type), bytes * (size_t)(s->size - 1));
    rc = put_row(&op, s, in);
    if (rc == COMMONS_OK)
        rc = commons_wait(&op, 0, s->size);
    for (int r = 0; rc == COMMONS_OK && r < s->size; r++)
        if (r != s->rank)
            take_own(&op, s, r, blocks_at(out, r), out->type);
    return shared_end(&op, s, rc);
}

/* ---- steps of calls over several hosts ------------------------------------------------ */

bool shared_may(const struct schedule *s, size_t bytes)
{
    return s->coll->commons && !(s->signature & COLL_STARTS) && bytes <= DVM_COMMONS_BLOCK;
}

/* The end of a step; what schedule_run explains is left to it. */
static int step_end(struct commons_op *op, struct schedule *s, int rc)
{
    if (rc == COMMONS_ODD) {
        rc = tell_odd(op, s);
        return rc == DVM_ERR_ARG ? mixup_explain(s, odd_sequence(op, s), rc) : rc;
    }
    if (rc == COMMONS_STOPPED)
        return schedule_why(s);
    if (rc == COMMONS_OK)
        commons_end(op);
    return rc;
}

int shared_gather(struct schedule *s, const struct step *step)
{
    const struct coll *c = s->coll;
    void *const *parts = step->to;
    struct commons_op op;
    int count, rc;

    members(c, &count);
    shared_begin(&op, s, step->count * type_find(step->type)->size, type_code(step->type));
    rc = put(&op, step->from, step->type);
    if (rc == COMMONS_OK && step->rank == c->group->rank)
        rc = commons_wait(&op, 0, count);
    for (int i = 0; rc == COMMONS_OK && step->rank == c->group->rank && parts && i < count; i++)
        if (i != c->hosts->place)
            take(&op, i, parts[i], step->type);
    return step_end(&op, s, rc);
}

int shared_give(struct schedule *s, const struct step *step)
{
    const struct coll *c = s->coll;
    struct commons_op op;
    int count, place = 0, rc;
    const int *ranks = members(c, &count);

    shared_begin(&op, s, step->count * type_find(step->type)->size, type_code(step->type));
    if (step->rank == c->group->rank)
        return step_end(&op, s, put(&op, step->from, step->type));
    while (ranks[place] != step->rank)
        place++;
    rc = commons_wait(&op, place, place + 1);
    if (rc == COMMONS_OK)
        take(&op, place, step->to, step->type);
    return step_end(&op, s, rc);
}
