/* plain.c: see plain.h.
 *
 * Between two tasks beside each other a broadcast of 8 bytes is the way of one line, and
 * most of its time was that of the library's instructions: arguments, group, algorithm, schedule,
 * and an operation that could wait. Here a call is known by comparing its arguments with the last
 * one's. It makes the same marks as the general way (number, tag, history and record of the
 * call, turn and cell of memory in common), so members may go either way in one operation, and
 * a mix-up is seen as ever: who finds another call than its own in a cell, or nothing for some
 * time, goes the general way, which says so, waits, and sleeps.
 * Where all need all, a task puts what it gives and looks for the others'; what it has put stays,
 * and the general way goes on from there (commons_begin). Its own block of an allgather or alltoall
 * it copies in between, while the lines of the others are on their way.
 * The root of a reduction puts nothing: all others are there, in the same call, and need nothing.
 */
#include "coll/plain.h"

#include "coll/shared.h"
#include "coll/tag.h"
#include "coll/tuned.h"
#include "match/commons.h"
#include "type/op.h"
#include "type/type.h"

struct plain {
    struct coll *coll; /* NULL: nothing was noted */
    dvm_group group;
    int root;
    size_t count;
    dvm_type type;
    dvm_op op;
    op_loop *combine;
    unsigned signature;
    uint32_t bytes, code; /* of all elements, and their type here, */
    uint32_t noted;       /* and in a record */
    uint32_t put;         /* bytes that each gives all others */
};

/* Of each kind; others stay empty. */
static struct plain last[COLL_ALLTOALL + 1];

static bool reduces(enum coll_kind kind)
{
    return kind == COLL_REDUCE || kind == COLL_ALLREDUCE;
}

static unsigned signature_of(const struct call *c, int root, dvm_op op)
{
    if (c->kind == COLL_REDUCE)
        return (unsigned)root << OP_SIGNATURE_BITS | op_signature(op);
    return c->kind == COLL_ALLREDUCE ? op_signature(op) : (unsigned)root;
}

/* Whether calls of so many bytes go through cells as long as the group lives: DVM_COLL and tables
 * may name another algorithm from some later call on. */
static bool stays(const struct call *c, size_t bytes)
{
    return !c->group->coll->forcing && !tuned_find(c->kind, (size_t)c->group->size, bytes);
}

void plain_learn(const struct call *c, int root, size_t count, dvm_type type, dvm_op op)
{
    const struct type *t = type_basic(type);
    op_loop *combine = t && reduces(c->kind) ? op_plain(op, type) : NULL;

    if (!t || count == 0 || count * t->size > DVM_COMMONS_INSIDE ||
        (reduces(c->kind) && !combine) || !stays(c, count * t->size) ||
        (c->kind == COLL_ALLREDUCE && c->group->size > 2))
        return;
    last[c->kind] = (struct plain){
        .coll = c->group->coll, .group = c->group->number, .root = root, .count = count,
        .type = type, .op = op, .combine = combine, .signature = signature_of(c, root, op),
        .bytes = (uint32_t)(count * t->size),
        .code = type_code(type),
        .noted = (uint32_t)type + 1};
}

void plain_learn_barrier(const struct call *c)
{
    if (stays(c, 0) && !c->group->coll->crowded)
        last[COLL_BARRIER] = (struct plain){.coll = c->group->coll, .group = c->group->number};
}

void plain_learn_blocks(const struct call *c, size_t count, dvm_type type)
{
    const struct type *t = type_basic(type);
    size_t bytes = t ? count * t->size : 0;

    if (bytes == 0 || c->group->coll->crowded || !stays(c, bytes))
        return;
    last[c->kind] = (struct plain){
        .coll = c->group->coll, .group = c->group->number, .count = count, .type = type,
        .bytes = (uint32_t)bytes,
        .code = type_code(type),
        .noted = (uint32_t)type + 1,
        .put = (uint32_t)(c->kind == COLL_ALLTOALL ? bytes * (size_t)(c->group->size - 1) : bytes)};
}

void plain_forget(const struct coll *c)
{
    for (size_t kind = 0; kind < sizeof last / sizeof last[0]; kind++)
        if (last[kind].coll == c)
            last[kind].coll = NULL;
}

/* Whether the group's next collective may be such a call: nothing has failed, and there is nothing
 * to be done before it. */
static bool may(const struct coll *c)
{
    return c->failed == DVM_OK && !c->group->revoked && !c->mixed && !coll_rung(c) &&
           !shared_due(c);
}

static bool is_same(const struct plain *p, dvm_group group, int root, size_t count, dvm_type type)
{
    return p->coll && p->group == group && p->root == root && p->count == count && p->type == type;
}

static struct commons_word word_of(const struct plain *p, enum coll_kind kind)
{
    const struct coll *c = p->coll;

    return (struct commons_word){
        (uint32_t)tag_make(c->sequence + 1, kind, p->signature, c->history), p->bytes, p->code};
}

/* The call is over. */
static bool over(const struct plain *p, enum coll_kind kind, uintptr_t site)
{
    tag_note(p->coll, &(struct coll_record){p->coll->sequence + 1, kind, p->signature, p->bytes,
                                            p->noted, site});
    return true;
}

bool plain_bcast(dvm_group group, int root, void *buffer, size_t count, dvm_type type,
                 uintptr_t site)
{
    const struct plain *p = &last[COLL_BCAST];
    struct commons_word word;
    const void *from;

    if (!is_same(p, group, root, count, type) || !buffer || buffer == DVM_IN_PLACE || !may(p->coll))
        return false;
    word = word_of(p, COLL_BCAST);
    if (p->coll->group->rank == root)
        return commons_give(p->coll->commons, &word, buffer) && over(p, COLL_BCAST, site);
    from = commons_look(p->coll->commons, &word, root);
    if (!from)
        return false;
    commons_copy(buffer, from, p->bytes);
    commons_pass(p->coll->commons, &word, root);
    return over(p, COLL_BCAST, site);
}

/* Combine what a member of two has with the other's, in the order of ranks. */
static void combine(const struct plain *p, void *out, const void *own, const void *other)
{
    bool first = p->coll->group->rank == 0;

    p->combine(out, first ? own : other, first ? other : own, p->count);
}

/* At the root of two tasks; in and out are its own. */
static bool reduce_root(const struct plain *p, const struct commons_word *word, const void *in,
                        void *out)
{
    struct commons *commons = p->coll->commons;
    const void *other = p->coll->group->size == 2 ? commons_look(commons, word, !p->root) : NULL;

    if (!other)
        return false;
    combine(p, out, in, other);
    commons_pass(commons, word, !p->root);
    return true;
}

/* Whether what is given overlaps what is taken, for which the general way has a sentence. */
static bool meet(const void *in, size_t in_bytes, const void *out, size_t out_bytes)
{
    return (uintptr_t)in - (uintptr_t)out + in_bytes - 1 < in_bytes + out_bytes - 1;
}

static bool overlap(const struct plain *p, const void *in, const void *out)
{
    return meet(in, p->bytes, out, p->bytes);
}

bool plain_reduce(dvm_group group, int root, const void *in, void *out, size_t count,
                  dvm_type type, dvm_op op, uintptr_t site)
{
    const struct plain *p = &last[COLL_REDUCE];
    struct commons_word word;
    bool done;

    if (!is_same(p, group, root, count, type) || p->op != op || !in || !may(p->coll))
        return false;
    word = word_of(p, COLL_REDUCE);
    if (p->coll->group->rank != root)
        done = in != DVM_IN_PLACE && commons_give(p->coll->commons, &word, in);
    else if (in == DVM_IN_PLACE)
        done = out && out != DVM_IN_PLACE && reduce_root(p, &word, out, out);
    else
        done = out && out != DVM_IN_PLACE && !overlap(p, in, out) &&
               reduce_root(p, &word, in, out);
    return done && over(p, COLL_REDUCE, site);
}

bool plain_allreduce(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                     dvm_op op, uintptr_t site)
{
    const struct plain *p = &last[COLL_ALLREDUCE];
    struct commons_word word;
    const void *other = NULL;

    if (!is_same(p, group, 0, count, type) || p->op != op || !in || !out ||
        out == DVM_IN_PLACE || (in != DVM_IN_PLACE && overlap(p, in, out)) || !may(p->coll))
        return false;
    if (in == DVM_IN_PLACE)
        in = out;
    word = word_of(p, COLL_ALLREDUCE);
    if (commons_offer(p->coll->commons, &word, in))
        other = commons_answer(p->coll->commons, &word, !p->coll->group->rank);
    if (!other)
        return false;
    combine(p, out, in, other);
    commons_met(p->coll->commons);
    return over(p, COLL_ALLREDUCE, site);
}

/* Whether all others have come to the barrier that this task has come to. */
static bool all_met(const struct coll *c, const struct commons_word *word)
{
    for (int r = 0; r < c->group->size; r++)
        if (r != c->group->rank && !commons_answer(c->commons, word, r))
            return false;
    return true;
}

bool plain_barrier(dvm_group group, uintptr_t site)
{
    const struct plain *p = &last[COLL_BARRIER];
    struct commons_word word;

    if (!p->coll || p->group != group || !may(p->coll))
        return false;
    word = word_of(p, COLL_BARRIER);
    if (!commons_offer(p->coll->commons, &word, "") || !all_met(p->coll, &word))
        return false;
    commons_met(p->coll->commons);
    return over(p, COLL_BARRIER, site);
}

/* Take the blocks of all others, of which each has put one for this task: the only one, or behind
 * those for the ranks before. */
static bool take_blocks(const struct plain *p, enum coll_kind kind, const struct commons_word *word,
                        char *out)
{
    const struct group *g = p->coll->group;

    for (int r = 0; r < g->size; r++) {
        const char *from;

        if (r == g->rank)
            continue;
        if (!commons_answer(p->coll->commons, word, r))
            return false;
        from = commons_given(p->coll->commons, p->put, r);
        if (kind == COLL_ALLTOALL)
            from += p->bytes * (size_t)shared_place(r, g->rank);
        memcpy(out + p->bytes * (size_t)r, from, p->bytes);
    }
    commons_met_next(p->coll->commons, p->put);
    return true;
}

bool plain_allgather(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                     uintptr_t site)
{
    const struct plain *p = &last[COLL_ALLGATHER];
    struct commons_word word;
    size_t all;
    char *own, *to;

    if (!is_same(p, group, 0, count, type) || !in || !out || out == DVM_IN_PLACE)
        return false;
    all = p->bytes * (size_t)p->coll->group->size;
    own = (char *)out + p->bytes * (size_t)p->coll->group->rank;
    if (in == DVM_IN_PLACE)
        in = own;
    if ((in != own && meet(in, p->bytes, out, all)) || !may(p->coll))
        return false;
    to = commons_next(p->coll->commons, p->put);
    if (!to)
        return false;
    word = word_of(p, COLL_ALLGATHER);
    memcpy(to, in, p->bytes);
    commons_offer_next(p->coll->commons, &word, p->put);
    if (in != own)
        memcpy(own, in, p->bytes);
    return take_blocks(p, COLL_ALLGATHER, &word, out) && over(p, COLL_ALLGATHER, site);
}

bool plain_alltoall(dvm_group group, const void *in, void *out, size_t count, dvm_type type,
                    uintptr_t site)
{
    const struct plain *p = &last[COLL_ALLTOALL];
    struct commons_word word;
    size_t all, before;
    char *to;

    if (!is_same(p, group, 0, count, type) || !in || in == DVM_IN_PLACE || !out ||
        out == DVM_IN_PLACE)
        return false;
    all = p->bytes * (size_t)p->coll->group->size;
    before = p->bytes * (size_t)p->coll->group->rank;
    if (meet(in, all, out, all) || !may(p->coll))
        return false;
    to = commons_next(p->coll->commons, p->put);
    if (!to)
        return false;
    word = word_of(p, COLL_ALLTOALL);
    memcpy(to, in, before);
    memcpy(to + before, (const char *)in + before + p->bytes, p->put - before);
    commons_offer_next(p->coll->commons, &word, p->put);
    memcpy((char *)out + before, (const char *)in + before, p->bytes);
    return take_blocks(p, COLL_ALLTOALL, &word, out) && over(p, COLL_ALLTOALL, site);
}
