/* mixup.c: see mixup.h.
 *
 * All members call the same collectives in the same order, so a message in the group's
 * collective context is for the present call, for one that this task will come to (its
 * sender is ahead), for one that is under way beside it, or it is a mistake: a call that is
 * over has received all that it asked for. Where no message shows it, records.c finds out.
 * What is told comes from all members: the majority first, then those that differ.
 */
#include "coll/mixup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "coll/records.h"
#include "coll/start.h"
#include "coll/tag.h"
#include "group/hosts.h"
#include "group/site.h"
#include "match/commons.h"
#include "match/match.h"
#include "type/op.h"
#include "type/type.h"

#define CAMPS_MAX 4        /* different calls that a sentence tells of */
#define RANKS_SHOWN 8      /* of those that made the same */
#define CAMPS_TEXT_MAX 320 /* bytes of that in a sentence */
#define ELEMENTS_BYTES 64  /* of bytes and type in it */
#define SITE_BYTES 128     /* of a line in the sentence at the end */
#define BACK_MAX 4         /* calls that are looked at for the one that differs */
#define LINE_SECONDS 1.0   /* that a sentence may be late by for a line of source */

#define AHEAD_MAX (TAG_SEQUENCE_MASK / 2) /* how far a sender may be ahead, in calls */

static bool is_wrong(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    const struct schedule *s = arg;
    uint32_t ahead = (tag_sequence(tag) - tag_sequence(s->tag)) & TAG_SEQUENCE_MASK;

    return ahead == 0 ? tag != s->tag : ahead > AHEAD_MAX && !start_expects(s->coll, tag);
}

static bool find(struct schedule *s, struct match_result *result)
{
    const struct match_filter filter = {.context = s->coll->context, .source = DVM_ANY,
                                        .tag = DVM_ANY, .accept = is_wrong, .accept_arg = s};

    return match_peek(&filter, result);
}

bool mixup_seen(struct schedule *s)
{
    struct match_result result;
    uint64_t came = match_kept();

    if (came == s->looked)
        return false;
    s->looked = came;
    return find(s, &result);
}

/* The member that has put what this task's call with that number does not: a call that does not
 * wait, or another, puts nothing. Who is ahead by a call has put for one that is to come, or for
 * the second half of this one. */
static bool find_put(const struct coll *c, struct match_result *result)
{
    const struct coll_record *own;
    uint32_t call, back;
    int place, count;

    if (!c->commons || !commons_ahead(c->commons, &place, &call))
        return false;
    back = (c->sequence - tag_sequence((int)call)) & TAG_SEQUENCE_MASK;
    own = back < COLL_RECENT ? records_own(c, c->sequence - back) : NULL;
    if (!own || (own->kind == tag_kind((int)call) && !(own->signature & COLL_STARTS)))
        return false;
    result->source = c->group->receive_tids[hosts_here(c->hosts, &count)[place]];
    result->tag = (int)call;
    return true;
}

/* What shows that a member is in another call: a message, or what it has put. */
static bool find_any(struct schedule *s, struct match_result *result)
{
    return find(s, result) || find_put(s->coll, result);
}

bool mixup_here(struct schedule *s)
{
    struct match_result result;

    if (s->coll->failed != DVM_OK || coll_rung(s->coll))
        return false;
    records_compare(s->coll);
    return s->coll->mixed || find_any(s, &result);
}

/* The sentence when all that is known is one message that does not fit. */
static int tell_two(const struct schedule *s, const struct match_result *m)
{
    const struct group *g = s->coll->group;
    char who[GROUP_MEMBER_TEXT_MAX];
    const char *theirs = coll_call(tag_kind(m->tag)), *mine = coll_call(s->kind);
    bool starts = (unsigned)m->tag & TAG_STARTS;

    if (tag_sequence(m->tag) == tag_sequence(s->tag) && theirs == mine &&
        starts != !!(s->signature & COLL_STARTS))
        return dvm_fail(DVM_ERR_ARG,
                        "%s of %s called %s as collective number %u in a form that %s, rank %d in "
                        "one that %s; all tasks of a group must call the same form",
                        group_member_text(g, m->source, who, sizeof who), group_name(g), theirs,
                        tag_sequence(m->tag), starts ? "does not wait" : "waits", s->rank,
                        starts ? "waits" : "does not");
    if (tag_sequence(m->tag) == tag_sequence(s->tag) && theirs == mine)
        return dvm_fail(DVM_ERR_ARG,
                        "%s of %s called %s as collective number %u with another root or "
                        "operator than rank %d; all tasks of a group must give the same",
                        group_member_text(g, m->source, who, sizeof who), group_name(g), theirs,
                        tag_sequence(m->tag), s->rank);
    return dvm_fail(DVM_ERR_ARG,
                    "%s of %s is in %s (its collective number %u), rank %d in %s (number %u); all "
                    "tasks of a group must call the same collectives in the same order",
                    group_member_text(g, m->source, who, sizeof who), group_name(g), theirs,
                    tag_sequence(m->tag), s->rank, mine, tag_sequence(s->tag));
}

/* ---- who called what ------------------------------------------------------------------ */

/* The ranks that have made one and the same call from one place. */
struct camp {
    struct said call;
    int count;
    const int *ranks; /* count of them */
};

/* How the sentence is made: others are asked first, and calls with other types are other calls. */
enum { ASK = 1, TYPES = 2 };

static bool same_call(const struct said *a, const struct said *b, int how)
{
    if (how & TYPES && a->record.type != b->record.type)
        return false;
    return a->record.kind == b->record.kind && a->record.signature == b->record.signature &&
           a->record.bytes == b->record.bytes && a->address == b->address &&
           strcmp(a->module, b->module) == 0;
}

/* "ranks 0, 2 and 5 more" */
static size_t put_ranks(char *text, size_t size, const struct camp *camp)
{
    size_t used = (size_t)snprintf(text, size, camp->count > 1 ? "ranks " : "rank ");

    for (int i = 0; i < camp->count && i < RANKS_SHOWN && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? ", " : "", camp->ranks[i]);
    if (camp->count > RANKS_SHOWN && used < size)
        used += (size_t)snprintf(text + used, size - used, " and %d more",
                                 camp->count - RANKS_SHOWN);
    return used < size ? used : size;
}

static bool has_root(unsigned kind)
{
    return kind == COLL_BCAST || kind == COLL_GATHER || kind == COLL_GATHERV ||
           kind == COLL_SCATTER || kind == COLL_SCATTERV;
}

static bool has_op(unsigned kind)
{
    return kind == COLL_REDUCE || kind == COLL_ALLREDUCE || kind == COLL_SCAN ||
           kind == COLL_EXSCAN || kind == COLL_REDUCE_SCATTER ||
           kind == COLL_REDUCE_SCATTER_BLOCK;
}

/* "80 bytes of double" */
static size_t put_elements(char *text, size_t size, const struct coll_record *r)
{
    const char *of = r->type == TYPE_MIXED + 1 ? "several types" : type_word(r->type - 1);
    size_t used = 0;

    if (r->bytes != COLL_BYTES_UNKNOWN)
        used = (size_t)snprintf(text, size, "%llu bytes", (unsigned long long)r->bytes);
    if (r->type != 0 && r->type != DVM_BYTE + 1 && used < size)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " of " : "", of);
    return used < size ? used : size;
}

/* " (root 0, DVM_SUM, 80 bytes of double) at main.c:7" */
static size_t put_arguments(char *text, size_t size, const struct said *call)
{
    const struct coll_record *r = &call->record;
    unsigned given = r->signature & ~COLL_STARTS, op = given & ((1u << OP_SIGNATURE_BITS) - 1);
    struct source place = {.module = call->module, .address = call->address};
    const char *between = " (";
    char elements[ELEMENTS_BYTES];
    size_t used = 0;

    if (has_root(r->kind) || r->kind == COLL_REDUCE) {
        used += (size_t)snprintf(text, size, " (root %u", r->kind == COLL_REDUCE
                                 ? given >> OP_SIGNATURE_BITS : given);
        between = ", ";
    }
    if (has_op(r->kind) && used < size) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, op_word(op));
        between = ", ";
    }
    if (r->kind != COLL_BARRIER && used < size &&
        put_elements(elements, sizeof elements, r) > 0) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, elements);
        between = ", ";
    }
    if (r->signature & COLL_STARTS && used < size) {
        used += (size_t)snprintf(text + used, size - used, "%snot waiting", between);
        between = ", ";
    }
    if (*between == ',' && used < size)
        used += (size_t)snprintf(text + used, size - used, ")");
    if (call->address)
        source_find(&place, 1, LINE_SECONDS);
    if (call->address && !place.text[0])
        source_plain(call->module, call->address, place.text);
    if (place.text[0] && used < size)
        used += (size_t)snprintf(text + used, size - used, " at %s", place.text);
    return used < size ? used : size;
}

/* What this task and all others have called with this number, as camps: the largest first.
 * ranks: room for all. Returns how many, at most CAMPS_MAX. */
static int divide(const struct coll *c, uint32_t sequence, int how, struct camp *camps, int *ranks)
{
    int size = c->group->size, count = 0, used = 0;
    bool *placed = calloc((size_t)size, sizeof *placed);

    for (int r = 0; placed && r < size && count < CAMPS_MAX; r++) {
        const struct said *said = &c->said[r];
        struct camp *camp = &camps[count];

        if (placed[r] || !said->told || !said->there || said->record.sequence != sequence)
            continue;
        *camp = (struct camp){.call = *said, .ranks = ranks + used};
        for (int i = r; i < size; i++)
            if (c->said[i].told && c->said[i].there && c->said[i].record.sequence == sequence &&
                same_call(said, &c->said[i], how)) {
                placed[i] = true;
                ranks[used++] = i;
                camp->count++;
            }
        count++;
    }
    free(placed);
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && camps[k].count > camps[k - 1].count; k--) {
            struct camp larger = camps[k];

            camps[k] = camps[k - 1];
            camps[k - 1] = larger;
        }
    return count;
}

/* This task's own call among what was said. */
static void say_own(struct coll *c, uint32_t sequence)
{
    const struct coll_record *own = records_own(c, sequence);
    struct said *said = &c->said[c->group->rank];

    said->told = false;
    if (!own)
        return;
    said->told = said->there = true;
    said->record = *own;
    said->record.type = records_type(own);
    if (own->site)
        source_place(own->site - 1, said->module, sizeof said->module, &said->address);
}

/* Who called what under this number; without ASK as far as the others have told. false: nothing is
 * known that differs. */
static bool describe(struct coll *c, uint32_t sequence, int how, char *text, size_t size)
{
    int *ranks = malloc((size_t)c->group->size * sizeof *ranks);
    struct camp camps[CAMPS_MAX];
    size_t used = 0;
    int count = 0;

    if (ranks && (!(how & ASK) || records_ask(c, sequence)) && c->said) {
        say_own(c, sequence);
        count = divide(c, sequence, how, camps, ranks);
    }
    for (int i = 0; count > 1 && i < count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s", i ? "; " : "");
        used += put_ranks(text + used, size - used, &camps[i]);
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, " called %s",
                                     coll_call(camps[i].call.record.kind));
        if (used < size)
            used += put_arguments(text + used, size - used, &camps[i].call);
    }
    free(ranks);
    return count > 1;
}

/* The same, where the call before has been the one that differs: it waited for nobody. */
static bool describe_back(struct coll *c, uint32_t *sequence, int how, char *text, size_t size)
{
    bool known = describe(c, *sequence, how, text, size);

    for (int back = 1; !known && how & ASK && back < BACK_MAX && *sequence > 1; back++)
        known = describe(c, --*sequence, ASK, text, size);
    return known;
}

static int tell_camps(struct coll *c, uint32_t sequence, const char *text)
{
    return dvm_fail(DVM_ERR_ARG, "collective number %u of %s is not the same at all tasks: %s; all "
                                 "must call the same in the same order, with the same root, "
                                 "operator and count",
                    sequence, group_name(c->group), text);
}

int mixup_tell(struct schedule *s)
{
    struct coll *c = s->coll;
    struct match_result m = {.tag = s->tag};
    bool found = find_any(s, &m);
    char text[CAMPS_TEXT_MAX];
    uint32_t sequence = c->mixed_at;

    if (!c->mixed)
        sequence = s->sequence - ((s->sequence - tag_sequence(m.tag)) & TAG_SEQUENCE_MASK);
    if (describe_back(c, &sequence, s->request ? 0 : ASK, text, sizeof text))
        return tell_camps(c, sequence, text);
    /* another member was faster, and its sentence is here */
    if (coll_rung(c))
        return coll_alarmed(c);
    return found ? tell_two(s, &m) : tell_camps(c, sequence, "another member is in another call");
}

void mixup_end(struct coll *c)
{
    char text[CAMPS_TEXT_MAX];

    if (describe(c, c->mixed_at, 0, text, sizeof text))
        coll_failed(c, tell_camps(c, c->mixed_at, text));
}

int mixup_explain(struct schedule *s, uint32_t sequence, int rc)
{
    char text[CAMPS_TEXT_MAX], sentence[DVM_SENTENCE_MAX];
    int how = rc == DVM_ERR_TYPE ? ASK | TYPES : ASK;
    bool known;

    error_save(sentence);
    records_wait(s); /* or what another tells meanwhile would end the group by itself */
    known = describe_back(s->coll, &sequence, how, text, sizeof text);
    records_go_on(s);
    if (known && sequence != s->sequence)
        return tell_camps(s->coll, sequence, text);
    if (known)
        return dvm_fail(rc, "%s: %s", sentence, text);
    return dvm_fail(rc, "%s", sentence);
}

/* ---- at the end -------------------------------------------------------------------------- */

/* No call of this task is under way, so a message for one of those that it has made is wrong. */
static bool is_left(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    const struct coll *c = arg;

    return ((tag_sequence(tag) - c->sequence) & TAG_SEQUENCE_MASK) > AHEAD_MAX ||
           tag_sequence(tag) == (c->sequence & TAG_SEQUENCE_MASK);
}

/* What a member has sent (*tag) that is left. */
static bool find_left(void *arg, int *rank, int *tag)
{
    struct coll *c = arg;
    const struct match_filter filter = {.context = c->context, .source = DVM_ANY, .tag = DVM_ANY,
                                        .accept = is_left, .accept_arg = c};
    struct match_result result;
    uint32_t call;
    int place, count;

    if (match_peek(&filter, &result)) {
        *rank = group_rank_of(c->group, result.source);
        *tag = result.tag;
        return true;
    }
    if (!c->commons || !commons_differs(c->commons, &place, &call))
        return false;
    *rank = hosts_here(c->hosts, &count)[place];
    *tag = (int)call;
    return true;
}

/* One look at what has come. */
static bool has_left(void *arg)
{
    int rank, tag;

    return find_left(arg, &rank, &tag);
}

int mixup_left(struct group *g)
{
    struct coll *c = g->coll;
    const struct coll_record *own;
    char where[SITE_BYTES] = "";
    int rank, tag;
    bool found;

    if (c->failed != DVM_OK || g->revoked)
        return DVM_OK;
    found = match_wait_until(has_left, c, 0, NULL) == DVM_OK;
    start_tell_open(c);
    if (!found || start_first() || !find_left(c, &rank, &tag))
        return DVM_OK;
    own = records_own(c, c->sequence - ((c->sequence - tag_sequence(tag)) & TAG_SEQUENCE_MASK));
    if (own && own->site)
        snprintf(where, sizeof where, "%s", site_text(own->site));
    return dvm_fail(DVM_ERR_ARG,
                    "dvm_finalize: rank %d of %s has called %s as collective number %u, which is "
                    "not what rank %d called%s, or not with its root; all must call the same in "
                    "the same order, with the same root, operator and count",
                    rank, group_name(g), coll_call(tag_kind(tag)), tag_sequence(tag), g->rank,
                    where);
}
