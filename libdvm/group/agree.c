/* agree.c: agreement with a coordinator, in the order of ranks; see agree.h.
 *
 * The coordinator is the lowest rank that is not known to have ended. Each member tells it its
 * STATE: its vote, or what it is locked on. When all that live have, it chooses: the value of
 * the lock that is held from the highest coordinator, or else the votes combined. It says
 * DECIDE, which locks those that hear it, they CONFIRM, and when all that live have, the value
 * is decided: COMMIT. When it dies the next rank begins anew, with the same value if anybody
 * can have decided: then all that lived were locked, itself as well.
 *
 * A member returns with COMMIT, and may leave others behind who have lost theirs with the
 * coordinator. It answers them later (STATE, ASK, DECIDE of an agreement that is over), in
 * whatever call it is then. Nobody can be more than one agreement behind.
 *
 * Cost: 4 (n - 1) small words, four one after the other.
 * Sources: G. Bosilca et al., "Fault tolerant MPI agreement" in W. Bland et al., "Post-failure
 * recovery of MPI communication capability", IJHPCA 27 (2013), for what is agreed on; T. Herault
 * et al., "Practical scalable consensus for pseudo-synchronous distributed systems", SC15 (ERA),
 * for returning early and answering later. Theirs goes along a tree; this goes to one.
 */
#include "group/agree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

#define HEADER_BYTES 48 /* of a word: six numbers, then a bit for each rank */
#define NOT_LOCKED (-1)

enum word_kind { STATE = 1, ASK, DECIDE, CONFIRM, COMMIT };

struct head {
    enum word_kind kind;
    uint64_t number; /* of the agreement, from 1 */
    int ballot;      /* the coordinator that the value is from; NOT_LOCKED: a vote */
};

/* What is known of a member. */
struct member {
    uint64_t state_of;   /* number of the agreement of which its STATE is here; 0: none */
    uint64_t asked;      /* likewise its ASK */
    uint64_t confirmed;
    int ballot;
    bool gone;
};

struct agreement {
    int size, self;
    agree_send_f *send;
    void *arg;
    uint64_t number;     /* of the last that was begun */
    uint64_t decided;    /* of the last that is over */
    int coordinator;     /* whom this task follows; self: it asks the others */
    bool told;           /* it has told another its STATE */
    bool deciding;       /* it has said DECIDE */
    int ballot;          /* of the lock */
    size_t gone_bytes, stride;
    struct member *members;
    uint8_t *values;     /* size + 2 of stride bytes: the members', then value, result */
    uint8_t *word;       /* room for one */
};

static struct agree_value *value_at(const struct agreement *a, int place)
{
    return (struct agree_value *)(void *)(a->values + a->stride * (size_t)place);
}

/* This task's own: its vote, then what it is locked on. */
static struct agree_value *own(const struct agreement *a)
{
    return value_at(a, a->self);
}

static struct agree_value *chosen(const struct agreement *a)
{
    return value_at(a, a->size);
}

static struct agree_value *result(const struct agreement *a)
{
    return value_at(a, a->size + 1);
}

static void copy(const struct agreement *a, struct agree_value *to, const struct agree_value *from)
{
    memcpy(to, from, a->stride);
}

size_t agree_word_max(int size)
{
    return HEADER_BYTES + ((size_t)size + 7) / 8;
}

struct agreement *agree_new(int size, int self, agree_send_f *send, void *arg)
{
    struct agreement *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->size = size;
    a->self = self;
    a->send = send;
    a->arg = arg;
    a->gone_bytes = ((size_t)size + 7) / 8;
    a->stride = (sizeof(struct agree_value) + a->gone_bytes + 7) / 8 * 8;
    a->members = calloc((size_t)size, sizeof *a->members);
    a->values = calloc((size_t)size + 2, a->stride);
    a->word = malloc(agree_word_max(size));
    if (!a->members || !a->values || !a->word) {
        agree_free(a);
        return NULL;
    }
    return a;
}

void agree_free(struct agreement *a)
{
    if (!a)
        return;
    free(a->members);
    free(a->values);
    free(a->word);
    free(a);
}

/* ---- words ------------------------------------------------------------------------- */

static size_t encode(const struct agreement *a, struct head h, const struct agree_value *v,
                     uint8_t *word)
{
    uint8_t *at = wire_put(word, h.kind, 8);

    at = wire_put(at, h.number, 8);
    at = wire_put(at, (uint64_t)(int64_t)h.ballot, 8);
    at = wire_put(at, v->flags, 8);
    at = wire_put(at, v->kinds, 8);
    at = wire_put(at, v->context, 8);
    memcpy(at, v->gone, a->gone_bytes);
    return HEADER_BYTES + a->gone_bytes;
}

static bool decode_head(const uint8_t *word, size_t bytes, struct head *h)
{
    uint64_t kind;

    if (bytes < HEADER_BYTES)
        return false;
    kind = wire_get(&word, 8);
    h->kind = (enum word_kind)kind;
    h->number = wire_get(&word, 8);
    h->ballot = (int)(int64_t)wire_get(&word, 8);
    return kind >= STATE && kind <= COMMIT && h->number > 0;
}

/* The value of a word that decode_head has taken. */
static void decode_value(const struct agreement *a, const uint8_t *word, struct agree_value *v)
{
    const uint8_t *at = word + 3 * sizeof(uint64_t);

    v->flags = wire_get(&at, 8);
    v->kinds = wire_get(&at, 8);
    v->context = wire_get(&at, 8);
    memcpy(v->gone, at, a->gone_bytes);
}

static void say(struct agreement *a, int rank, struct head h, const struct agree_value *v)
{
    size_t bytes = encode(a, h, v, a->word);

    a->send(a->arg, rank, a->word, bytes);
}

static void say_to_all(struct agreement *a, enum word_kind kind)
{
    for (int r = 0; r < a->size; r++)
        if (r != a->self && !a->members[r].gone)
            say(a, r, (struct head){kind, a->number, a->ballot}, own(a));
}

static void say_decided(struct agreement *a, int rank)
{
    say(a, rank, (struct head){COMMIT, a->decided, a->self}, result(a));
}

/* ---- the coordinator ------------------------------------------------------------------ */

/* The first that lives and has not done it: at that place in struct member this agreement's
 * number is missing. -1: all have. */
static int first_without(const struct agreement *a, size_t place)
{
    for (int r = 0; r < a->size; r++) {
        const struct member *m = &a->members[r];
        uint64_t number;

        memcpy(&number, (const char *)m + place, sizeof number);
        if (r != a->self && !m->gone && number != a->number)
            return r;
    }
    return -1;
}

static int first_silent(const struct agreement *a)
{
    return first_without(a, a->deciding ? offsetof(struct member, confirmed)
                                        : offsetof(struct member, state_of));
}

static void combine(const struct agreement *a, struct agree_value *sum, const struct agree_value *v)
{
    sum->flags &= v->flags;
    sum->kinds |= v->kinds;
    for (size_t i = 0; i < a->gone_bytes; i++)
        sum->gone[i] |= v->gone[i];
}

/* All states are here: the value of the highest lock, or the votes. */
static void choose(struct agreement *a)
{
    int best = a->self, ballot = a->ballot;

    for (int r = 0; r < a->size; r++)
        if (r != a->self && a->members[r].state_of == a->number && a->members[r].ballot > ballot) {
            best = r;
            ballot = a->members[r].ballot;
        }
    copy(a, chosen(a), value_at(a, best));
    for (int r = 0; ballot == NOT_LOCKED && r < a->size; r++) {
        if (r != a->self && a->members[r].state_of == a->number)
            combine(a, chosen(a), value_at(a, r));
        if (a->members[r].gone)
            chosen(a)->gone[r / 8] |= (uint8_t)(1u << r % 8);
    }
    copy(a, own(a), chosen(a));
    a->ballot = a->self;
    a->deciding = true;
    say_to_all(a, DECIDE);
}

static void decide(struct agreement *a, const struct agree_value *v)
{
    copy(a, result(a), v);
    a->decided = a->number;
    for (int r = 0; r < a->size; r++) {
        const struct member *m = &a->members[r];

        if (r != a->self && !m->gone && (m->state_of == a->number || m->asked == a->number))
            say_decided(a, r);
    }
}

/* Follow another coordinator. */
static void follow(struct agreement *a, int coordinator)
{
    a->coordinator = coordinator;
    if (coordinator != a->self) {
        say(a, coordinator, (struct head){STATE, a->number, a->ballot}, own(a));
        a->told = true;
    } else if (a->told) {
        /* only who has told its state can have been left behind by some that decided */
        say_to_all(a, ASK);
    }
}

static void step(struct agreement *a)
{
    int lowest = 0;

    if (a->decided == a->number)
        return;
    while (a->members[lowest].gone)
        lowest++;
    if (lowest != a->coordinator)
        follow(a, lowest);
    if (lowest != a->self)
        return;
    if (!a->deciding && first_silent(a) < 0)
        choose(a);
    if (a->deciding && first_silent(a) < 0)
        decide(a, own(a));
}

/* ---- events ------------------------------------------------------------------------------ */

void agree_begin(struct agreement *a, uint64_t flags, unsigned kind, uint64_t context)
{
    struct agree_value *v = own(a);

    a->number++;
    a->coordinator = -1;
    a->told = a->deciding = false;
    a->ballot = NOT_LOCKED;
    memset(v, 0, a->stride);
    v->flags = flags;
    v->kinds = UINT64_C(1) << kind;
    v->context = context;
    for (int r = 0; r < a->size; r++)
        if (a->members[r].gone)
            v->gone[r / 8] |= (uint8_t)(1u << r % 8);
    step(a);
}

void agree_gone(struct agreement *a, int rank)
{
    assert(rank != a->self);
    if (a->members[rank].gone)
        return;
    a->members[rank].gone = true;
    step(a);
}

bool agree_is_gone(const struct agreement *a, int rank)
{
    return a->members[rank].gone;
}

/* A state of the agreement under way, or of the next. */
static void on_state(struct agreement *a, int from, const struct head *h, const uint8_t *word)
{
    struct member *m = &a->members[from];

    m->state_of = h->number;
    m->ballot = h->ballot;
    decode_value(a, word, value_at(a, from));
}

static void on_decide(struct agreement *a, int from, const struct head *h, const uint8_t *word)
{
    if (from != a->coordinator)
        return; /* its end is known here */
    decode_value(a, word, own(a));
    a->ballot = h->ballot;
    say(a, from, (struct head){CONFIRM, a->number, a->ballot}, own(a));
}

bool agree_word(struct agreement *a, int from, const uint8_t *word, size_t bytes)
{
    struct head h;

    if (!decode_head(word, bytes, &h) || bytes != HEADER_BYTES + a->gone_bytes || from < 0 ||
        from >= a->size || from == a->self || h.ballot < NOT_LOCKED || h.ballot >= a->size)
        return false;
    if (h.number <= a->decided) {
        if (h.number == a->decided && h.kind != CONFIRM && h.kind != COMMIT)
            say_decided(a, from);
        return true;
    }
    if (h.kind == STATE)
        on_state(a, from, &h, word);
    else if (h.kind == ASK)
        a->members[from].asked = h.number;
    else if (h.number != a->number)
        return false;
    else if (h.kind == DECIDE)
        on_decide(a, from, &h, word);
    else if (h.kind == CONFIRM && a->deciding)
        a->members[from].confirmed = h.number;
    else if (h.kind == COMMIT) {
        decode_value(a, word, chosen(a));
        decide(a, chosen(a));
    }
    step(a);
    return true;
}

const struct agree_value *agree_decided(const struct agreement *a)
{
    return a->number > 0 && a->decided == a->number ? result(a) : NULL;
}

int agree_awaited(const struct agreement *a)
{
    if (a->decided == a->number)
        return -1;
    return a->coordinator != a->self ? a->coordinator : first_silent(a);
}

uint8_t *agree_last_word(const struct agreement *a, size_t *bytes)
{
    uint8_t *word = a->decided > 0 ? malloc(agree_word_max(a->size)) : NULL;

    if (word)
        *bytes = encode(a, (struct head){COMMIT, a->decided, a->self}, result(a), word);
    return word;
}

bool agree_asks_for(const uint8_t *word, size_t bytes, const uint8_t *last, size_t last_bytes)
{
    struct head question, answer;

    return decode_head(word, bytes, &question) && decode_head(last, last_bytes, &answer) &&
           question.number == answer.number && question.kind != CONFIRM &&
           question.kind != COMMIT;
}
