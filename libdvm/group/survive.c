/* survive.c: dvm_group_agree, dvm_group_shrink and dvm_group_revoke, with the semantics of
 * ULFM: W. Bland, A. Bouteiller, T. Herault, G. Bosilca, J. Dongarra, "Post-failure recovery of
 * MPI communication capability", Int. J. High Perf. Comput. Appl. 27 (2013).
 *
 * The machine of agree.c runs here over words (word.h), fed with what the matcher knows of
 * deaths. Shrinking is an agreement on who has ended and on the context of the new group.
 * A revocation is passed on by everybody who hears of it, to the ranks 1, 2, 4 ... places
 * behind: it reaches all though some die meanwhile, its beginner included.
 */
#include "group/survive.h"

#include <stdlib.h>
#include <string.h>

#include "group/agree.h"
#include "group/context.h"
#include "group/entry.h"
#include "group/word.h"
#include "proto/wire.h"

#define REVOKE_BYTES 8

/* What was agreed on last in a group that is freed. */
struct past {
    struct past *next;
    uint64_t context;
    uint8_t *word; /* NULL: nothing */
    size_t bytes;
};

static struct past *past;

/* ---- agreement ------------------------------------------------------------------- */

enum { CALL_AGREE = 0, CALL_SHRINK = 1 };

static const enum dvm_board_call board_calls[] = {DVM_BOARD_GROUP_AGREE, DVM_BOARD_GROUP_SHRINK};
static const char *const names[] = {"dvm_group_agree", "dvm_group_shrink"};

static void send_word(void *arg, int rank, const uint8_t *word, size_t bytes)
{
    word_send(arg, rank, WORD_AGREE, word, bytes);
}

/* The machine of a group, made at the first agreement that it or anybody begins. */
static struct agreement *machine_of(struct group *g)
{
    if (!g->agreement)
        g->agreement = agree_new(g->size, g->rank, send_word, g);
    return g->agreement;
}

void survive_agree_word(struct group *g, int rank, const uint8_t *bytes, size_t size)
{
    struct agreement *a = g->rank == DVM_NULL ? NULL : machine_of(g);

    if (a)
        agree_word(a, rank, bytes, size);
}

bool survive_late_word(uint64_t context, int tid, const uint8_t *bytes, size_t size)
{
    uint64_t own = context & ~CONTEXT_ALARM;
    const struct past *p = past;

    while (p && p->context != own)
        p = p->next;
    if (p && p->word && agree_asks_for(bytes, size, p->word, p->bytes))
        word_send_to(own, tid, WORD_AGREE, p->word, p->bytes);
    return p;
}

void survive_group_freed(const struct group *g)
{
    struct past *p = g->agreement ? calloc(1, sizeof *p) : NULL;

    if (!p)
        return;
    p->context = g->context;
    p->word = agree_last_word(g->agreement, &p->bytes);
    p->next = past;
    past = p;
}

void survive_stop(void)
{
    while (past) {
        struct past *p = past;

        past = p->next;
        free(p->word);
        free(p);
    }
}

/* An agreement under way. */
struct agreeing {
    struct group *g;
    const struct agree_value *value; /* when it is over */
};

static bool is_over(void *arg)
{
    struct agreeing *w = arg;
    struct agreement *a = w->g->agreement;

    for (int r = 0; r < w->g->size; r++)
        if (r != w->g->rank && !agree_is_gone(a, r) &&
            match_task_gone(w->g->receive_tids[r], NULL))
            agree_gone(a, r);
    w->value = agree_decided(a);
    return w->value;
}

static int awaited(void *arg)
{
    const struct group *g = ((const struct agreeing *)arg)->g;
    int rank = agree_awaited(g->agreement);

    return rank < 0 ? DVM_ANY : g->receive_tids[rank];
}

/* Agree with the members of a group. *value: until the next agreement. */
static int agree(struct group *g, int call, uintptr_t site, uint64_t flags, uint64_t context,
                 const struct agree_value **value)
{
    struct agreeing w = {.g = g};
    int rc;

    if (!machine_of(g))
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a group of %d tasks",
                        names[call], g->size);
    for (int r = 0; r < g->size; r++)
        if (r != g->rank)
            match_watch(g->receive_tids[r]);
    agree_begin(g->agreement, flags, (unsigned)call, context);
    rc = match_wait_word(board_calls[call], site, g->context | CONTEXT_ALARM, is_over, awaited, &w);
    if (rc != DVM_OK)
        return rc;
    *value = w.value;
    if (w.value->kinds != UINT64_C(1) << call)
        return dvm_fail(DVM_ERR_ARG, "%s: another task of %s has called dvm_group_%s instead; all "
                                     "must make the same calls in the same order",
                        names[call], group_name(g), call == CALL_AGREE ? "shrink" : "agree");
    return DVM_OK;
}

/* The group of a public call; NULL with the sentence kept. */
static struct group *find(dvm_group group, const char *call)
{
    struct group *g = group_find(group, call);

    if (g && g->size == 0) {
        dvm_fail(DVM_ERR_GROUP, "%s: DVM_UNIVERSE is no fixed set of tasks", call);
        return NULL;
    }
    return g && group_is_mine(g, call) ? g : NULL;
}

int dvm_group_agree(dvm_group group, int *flag)
{
    uintptr_t site = ENTRY_SITE();
    const struct agree_value *value;
    struct group *g;
    int rc = DVM_ERR_GROUP;

    ENTRY_BEGIN();
    g = find(group, names[CALL_AGREE]);
    if (g && !flag)
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no flag", names[CALL_AGREE]);
    else if (g)
        rc = agree(g, CALL_AGREE, site, (unsigned)*flag, 0, &value);
    if (rc == DVM_OK)
        *flag = (int)(unsigned)value->flags;
    return dvm_leave(rc);
}

/* ---- shrinking -------------------------------------------------------------------- */

/* The group of those that have not ended. */
static int survivors(const struct group *g, const struct agree_value *v, dvm_group *result)
{
    int *tids = malloc((size_t)g->size * sizeof *tids), count = 0, rc;

    if (!tids)
        return dvm_fail(DVM_ERR_NO_MEMORY, "%s: no memory is left for a group of %d tasks",
                        names[CALL_SHRINK], g->size);
    for (int r = 0; r < g->size; r++)
        if (!(v->gone[r / 8] >> r % 8 & 1))
            tids[count++] = g->receive_tids[r];
    rc = group_add(v->context, tids, count, result);
    free(tids);
    return rc;
}

int dvm_group_shrink(dvm_group group, dvm_group *result)
{
    const char *call = names[CALL_SHRINK];
    uintptr_t site = ENTRY_SITE();
    const struct agree_value *v = NULL;
    struct group *g;
    int rc = DVM_ERR_GROUP;

    ENTRY_BEGIN();
    g = find(group, call);
    if (g && !result)
        rc = dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", call);
    else if (g)
        rc = agree(g, CALL_SHRINK, site, 0, context_make(), &v);
    if (rc == DVM_OK && !v->context)
        rc = dvm_fail(DVM_ERR_LIMIT, "%s: a task has made all groups that it may", call);
    if (rc == DVM_OK && v->gone[g->rank / 8] >> g->rank % 8 & 1)
        rc = dvm_fail(DVM_ERR_HOST_GONE, "%s: the other tasks of %s take this one for lost", call,
                      group_name(g));
    if (rc == DVM_OK)
        rc = survivors(g, v, result);
    return dvm_leave(rc);
}

/* ---- revocation --------------------------------------------------------------------- */

/* End the use of a group here. beginner: the rank that called dvm_group_revoke. */
static void revoke(struct group *g, int beginner)
{
    char who[GROUP_MEMBER_TEXT_MAX], text[DVM_SENTENCE_MAX];

    g->revoked = true;
    dvm_fail(DVM_ERR_REVOKED, "%s was revoked by %s; dvm_group_shrink makes a new group of it",
             group_name(g), group_member_text(g, g->receive_tids[beginner], who, sizeof who));
    error_save(text);
    match_revoke(g->context, DVM_ERR_REVOKED, text);
    match_revoke(g->context | CONTEXT_COLLECTIVE, DVM_ERR_REVOKED, text);
}

static void tell(const struct group *g, int rank, int beginner)
{
    uint8_t word[REVOKE_BYTES];

    wire_put(word, (uint64_t)beginner, REVOKE_BYTES);
    word_send(g, rank, WORD_REVOKE, word, sizeof word);
}

void survive_revoke_word(struct group *g, int rank, const uint8_t *bytes, size_t size)
{
    uint64_t beginner = size == REVOKE_BYTES ? wire_get(&bytes, REVOKE_BYTES) : UINT64_MAX;

    (void)rank;
    if (g->revoked || g->rank == DVM_NULL || beginner >= (uint64_t)g->size)
        return;
    revoke(g, (int)beginner);
    for (int distance = 1; distance < g->size; distance *= 2)
        tell(g, (g->rank + distance) % g->size, (int)beginner);
}

int dvm_group_revoke(dvm_group group)
{
    struct group *g;

    ENTRY_BEGIN();
    g = find(group, "dvm_group_revoke");
    if (!g)
        return dvm_leave(DVM_ERR_GROUP);
    if (g->revoked)
        return dvm_leave(DVM_OK);
    revoke(g, g->rank);
    for (int r = 0; r < g->size; r++)
        if (r != g->rank)
            tell(g, r, g->rank);
    return dvm_leave(DVM_OK);
}
