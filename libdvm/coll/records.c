/* records.c: telling other members which collective this task is in; see records.h.
 *
 * Two members that are in different collectives, or in the same with different roots, may each
 * wait for the other, and no message shows it. So who has slept for long sends its record to
 * those that it waits for (CARD). They compare it with what they have called themselves under
 * the same number, at once, or when they come to it and wait for long themselves. When somebody
 * knows of a contradiction it asks all (ASK, ANSWER), to say who differs from the rest.
 * A call that does not wait long costs a few stores.
 */
#include "coll/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/source.h"
#include "coll/mixup.h"
#include "coll/start.h"
#include "group/word.h"
#include "match/match.h"
#include "proto/wire.h"
#include "type/derived.h"
#include "type/type.h"

#define HEAD_BYTES 40 /* of a word: five numbers; an answer goes on with address and module */
#define ANSWER_BYTES (HEAD_BYTES + 8)
#define AGAIN_SECONDS 1.0 /* between the cards of one wait */
#define TIMES_MAX 5       /* cards of one wait */
#define QUIET_SHARE 0.3     /* of the patience, in which no answer has come */
#define NOT_THERE UINT32_MAX /* kind in the answer of a member that will not make the call */

enum { CARD = 1, ASK = 2, ANSWER = 3 };

double records_patience = 1.0;

static struct schedule *waiting; /* those that wait, of all threads; linked by next */

static void answer_late(struct coll *c);

void records_wait(struct schedule *s)
{
    s->next = waiting;
    waiting = s;
    if (s->coll->asked)
        answer_late(s->coll);
}

void records_go_on(const struct schedule *s)
{
    struct schedule **at = &waiting;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

void records_free(struct coll *c)
{
    free(c->said);
    c->said = NULL;
}

const struct coll_record *records_own(const struct coll *c, uint32_t sequence)
{
    const struct coll_record *r = &c->recent[sequence % COLL_RECENT];

    return c->sequence != UINT32_MAX && r->sequence == sequence ? r : NULL;
}

static struct said *said_by(struct coll *c, int rank)
{
    if (!c->said)
        c->said = calloc((size_t)c->group->size, sizeof *c->said);
    return c->said ? &c->said[rank] : NULL;
}

/* ---- words ------------------------------------------------------------------------- */

uint32_t records_type(const struct coll_record *own)
{
    const dvm_type type = (dvm_type)(own->type - 1);

    if (own->type == 0 || type_basic(type))
        return own->type;
    return derived_known(type) ? (uint32_t)TYPE_ID(type_code(type)) + 1 : TYPE_MIXED + 1;
}

/* The type goes in the upper half of the kind's number. */
static uint8_t *put_record(uint8_t *at, unsigned what, const struct coll_record *r)
{
    at = wire_put(at, what, 8);
    at = wire_put(at, r->sequence, 8);
    at = wire_put(at, r->kind | (uint64_t)records_type(r) << 32, 8);
    at = wire_put(at, r->signature, 8);
    return wire_put(at, r->bytes, 8);
}

static unsigned get_record(const uint8_t *at, struct coll_record *r)
{
    unsigned what = (unsigned)wire_get(&at, 8);
    uint64_t kind;

    r->sequence = (uint32_t)wire_get(&at, 8);
    kind = wire_get(&at, 8);
    r->kind = (uint32_t)kind;
    r->type = (uint32_t)(kind >> 32);
    r->signature = (uint32_t)wire_get(&at, 8);
    r->bytes = wire_get(&at, 8);
    r->site = 0;
    return what;
}

static void say(const struct coll *c, int rank, unsigned what, const struct coll_record *r)
{
    uint8_t word[HEAD_BYTES];

    put_record(word, what, r);
    word_send(c->group, rank, WORD_CALL, word, sizeof word);
}

static void answer(const struct coll *c, int rank, uint32_t sequence)
{
    const struct coll_record none = {.sequence = sequence, .kind = NOT_THERE};
    const struct coll_record *own = records_own(c, sequence);
    uint8_t word[ANSWER_BYTES + RECORDS_MODULE_MAX], *at;
    char module[RECORDS_MODULE_MAX] = "";
    uint64_t address = 0;

    /* the call, not what comes behind it */
    if (own && own->site)
        source_place(own->site - 1, module, sizeof module, &address);
    at = wire_put(put_record(word, ANSWER, own ? own : &none), address, 8);
    memcpy(at, module, strlen(module));
    word_send(c->group, rank, WORD_CALL, word, ANSWER_BYTES + strlen(module));
}

/* Whether this task may still come to a call. */
static bool comes(const struct coll *c, uint32_t sequence)
{
    return c->failed == DVM_OK && (int32_t)(sequence - c->sequence) > 0;
}

/* Answer now, or when this task has come to that call. */
static void asked(struct coll *c, struct said *by, int rank, uint32_t sequence)
{
    by->asks = comes(c, sequence);
    by->asks_for = sequence;
    if (by->asks)
        c->asked = true;
    else
        answer(c, rank, sequence);
}

static void answer_late(struct coll *c)
{
    c->asked = false;
    for (int r = 0; r < c->group->size; r++)
        if (c->said[r].asks)
            asked(c, &c->said[r], r, c->said[r].asks_for);
}

static void take_answer(struct said *s, const struct coll_record *r, const uint8_t *bytes,
                        size_t size)
{
    const uint8_t *at = bytes + HEAD_BYTES;
    size_t length = size - ANSWER_BYTES;

    if (s->answered || s->record.sequence != r->sequence)
        return; /* nobody has asked for that */
    s->told = s->answered = true;
    s->there = r->kind != NOT_THERE;
    s->record = *r;
    s->address = wire_get(&at, 8);
    length = length < sizeof s->module ? length : sizeof s->module - 1;
    memcpy(s->module, at, length);
    s->module[length] = '\0';
}

/* ---- contradictions ------------------------------------------------------------------- */

static bool differs(const struct coll_record *a, const struct coll_record *b)
{
    return a->kind != b->kind || a->signature != b->signature ||
           (a->bytes != b->bytes && a->bytes != COLL_BYTES_UNKNOWN &&
            b->bytes != COLL_BYTES_UNKNOWN);
}

/* Whether a collective of the group is under way here. */
static bool is_in_one(const struct coll *c)
{
    for (const struct schedule *s = waiting; s; s = s->next)
        if (s->coll == c)
            return true;
    for (const struct schedule *s = start_first(); s; s = s->next)
        if (s->coll == c)
            return true;
    return false;
}

/* A member has told of a call: compare it with this task's. */
static void compare(struct coll *c, const struct coll_record *theirs)
{
    const struct coll_record *own = records_own(c, theirs->sequence);

    if (!own || c->mixed || c->failed != DVM_OK || !differs(own, theirs))
        return;
    c->mixed = true;
    c->mixed_at = theirs->sequence;
    if (!is_in_one(c))
        mixup_end(c);
}

/* Whether it is what the contradiction is told from: a card for another call that is under way does
 * not take its place. */
static bool is_evidence(const struct coll *c, const struct said *s)
{
    return c->mixed && s->told && s->there && s->record.sequence == c->mixed_at;
}

void records_word(struct group *g, int rank, const uint8_t *bytes, size_t size)
{
    struct coll *c = g->coll;
    struct said *s = c && size >= HEAD_BYTES ? said_by(c, rank) : NULL;
    struct coll_record r;
    unsigned what;

    if (!s)
        return;
    what = get_record(bytes, &r);
    if (what == CARD && s->answered && s->there && s->record.sequence == r.sequence) {
        compare(c, &r); /* an answer said the same, and more */
    } else if (what == CARD && !is_evidence(c, s)) {
        s->told = s->there = true;
        s->answered = false;
        s->record = r;
        s->address = 0;
        s->module[0] = '\0';
        compare(c, &r);
    } else if (what == ASK) {
        asked(c, s, rank, r.sequence);
    } else if (what == ANSWER && size >= ANSWER_BYTES) {
        take_answer(s, &r, bytes, size);
    }
}

/* Tell those whose message is missing, each once. */
static void tell_awaited(const struct schedule *s)
{
    struct coll *c = s->coll;
    const struct coll_record *own = records_own(c, s->sequence);
    int last = -1;

    for (size_t i = s->pending_at; own && i < s->pending_count; i++) {
        const struct step *step = &s->steps[s->pending[i].step];

        if (step->what == STEP_RECEIVE && step->rank != last &&
            !match_complete(s->pending[i].request))
            say(c, step->rank, CARD, own);
        last = step->rank;
    }
    records_compare(c);
}

void records_compare(struct coll *c)
{
    for (int r = 0; c->said && r < c->group->size; r++)
        if (c->said[r].told && c->said[r].there)
            compare(c, &c->said[r].record);
}

void records_tell(const struct coll *c, uint32_t sequence)
{
    const struct coll_record *own = records_own(c, sequence);

    for (int r = 0; own && r < c->group->size; r++)
        if (r != c->group->rank) {
            say(c, r, CARD, own);
            answer(c, r, sequence);
        }
}

double records_stalled(unsigned times)
{
    if (!waiting && !start_first())
        return 0;
    for (const struct schedule *s = waiting; s; s = s->next)
        tell_awaited(s);
    for (const struct schedule *s = start_first(); s; s = s->next)
        tell_awaited(s);
    return times < TIMES_MAX ? AGAIN_SECONDS : 0;
}

/* ---- asking all ------------------------------------------------------------------------ */

/* Those that are awaited: of all, or only of those that are known to be in a call. */
static bool awaited(const struct coll *c, uint32_t sequence, bool known)
{
    for (int r = 0; r < c->group->size; r++) {
        const struct said *s = &c->said[r];

        if (r != c->group->rank && !s->answered && (!known || s->told) &&
            s->record.sequence == sequence && !match_task_gone(c->group->receive_tids[r], NULL))
            return true;
    }
    return false;
}

static size_t answers(const struct coll *c)
{
    size_t count = 0;

    for (int r = 0; r < c->group->size; r++)
        count += c->said[r].answered;
    return count;
}

/* A wait for answers. */
struct hearing {
    const struct coll *c;
    uint32_t sequence;
    size_t before; /* answers when it began */
};

static bool heard(void *arg)
{
    const struct hearing *h = arg;

    return answers(h->c) > h->before || !awaited(h->c, h->sequence, false);
}

/* Wait for answers: while some come, or one is lacking of who is known to wait in a call; who
 * computes does not hear the question. */
static void hear(const struct coll *c, uint32_t sequence)
{
    const double end = clock_seconds() + records_patience;
    struct hearing h = {.c = c, .sequence = sequence};
    double left = records_patience;

    while (left > 0 && awaited(c, sequence, false)) {
        bool known = awaited(c, sequence, true);
        double quiet = records_patience * QUIET_SHARE;

        h.before = answers(c);
        if (match_wait_until(heard, &h, known || quiet > left ? left : quiet, NULL) && !known)
            return;
        left = end - clock_seconds();
    }
}

bool records_ask(struct coll *c, uint32_t sequence)
{
    const struct coll_record question = {.sequence = sequence};

    if (!said_by(c, 0))
        return false;
    for (int r = 0; r < c->group->size; r++) {
        if (r == c->group->rank)
            continue;
        /* what a card has told stands until there is an answer */
        if (!c->said[r].told || c->said[r].record.sequence != sequence) {
            c->said[r].told = c->said[r].answered = false;
            c->said[r].record = question;
        }
        say(c, r, ASK, &question);
    }
    hear(c, sequence);
    return true;
}
