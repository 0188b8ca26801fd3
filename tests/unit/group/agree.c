/* agree: the machine of agreements under every weather: 1 to 17 members, words in any order
 * between pairs, members that die at any event, also in the middle of telling the others, and
 * whose last words are lost; deaths that are told early to some and late to others. Whoever
 * decides decides the same, those that die afterwards included, and whoever lives decides. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group/agree.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/full_size.h"

#define SIZE_MAX_HERE 17
#define NUMBERS 3      /* agreements one after the other */
#define WORDS_MAX 16   /* of one pair, under way */
#define WORD_BYTES 64
#define SLOW 100
#define QUICK_RUNS 20000
#define LONG_RUNS 300000
#define STEPS_MAX 200000

struct flight {
    uint8_t bytes[WORDS_MAX][WORD_BYTES];
    size_t length[WORDS_MAX];
    int first, count;
    bool slow; /* what is said here often comes late */
};

struct player {
    struct world *world;
    struct agreement *machine;
    int rank;
    bool dead;     /* killed, or left */
    int sends;     /* words until it dies; negative: any number */
    int begun;     /* agreements */
    uint64_t votes[NUMBERS];
    bool told[SIZE_MAX_HERE]; /* of the death of that rank */
};

struct world {
    int size, deaths; /* that may still come */
    bool patient;     /* what is slow has time */
    uint64_t seed;
    struct player players[SIZE_MAX_HERE];
    struct flight flights[SIZE_MAX_HERE][SIZE_MAX_HERE]; /* from, to */
    bool decided[NUMBERS];
    uint64_t flags[NUMBERS], contexts[NUMBERS];
    uint8_t gone[NUMBERS][(SIZE_MAX_HERE + 7) / 8];
};

static int pick(struct world *w, int below)
{
    return (int)(fake_random(&w->seed) % (unsigned)below);
}

/* It dies: of what it has said a part may be lost, for each of the others another. */
static void die(struct player *p)
{
    struct world *w = p->world;

    p->dead = true;
    for (int to = 0; to < w->size; to++) {
        struct flight *f = &w->flights[p->rank][to];

        if (f->count > 0 && pick(w, 2))
            f->count = pick(w, f->count + 1);
    }
}

static void send(void *arg, int rank, const uint8_t *word, size_t bytes)
{
    struct player *p = arg;
    struct flight *f = &p->world->flights[p->rank][rank];
    int at = (f->first + f->count) % WORDS_MAX;

    if (p->dead)
        return;
    if (p->sends == 0) {
        die(p);
        return;
    }
    p->sends -= p->sends > 0;
    cr_assert(f->count < WORDS_MAX && bytes <= WORD_BYTES);
    memcpy(f->bytes[at], word, bytes);
    f->length[at] = bytes;
    f->count++;
}

/* What it has decided, if it has, is what all others have. */
static void look(struct player *p)
{
    struct world *w = p->world;
    const struct agree_value *v = p->begun > 0 ? agree_decided(p->machine) : NULL;
    int n = p->begun - 1;
    size_t bytes = ((size_t)w->size + 7) / 8;

    if (!v || p->dead)
        return;
    if (!w->decided[n]) {
        w->decided[n] = true;
        w->flags[n] = v->flags;
        w->contexts[n] = v->context;
        memcpy(w->gone[n], v->gone, bytes);
    }
    cr_assert_eq(v->flags, w->flags[n]);
    cr_assert_eq(v->context, w->contexts[n]);
    cr_assert_eq(v->kinds, UINT64_C(1) << n);
    cr_assert_eq(memcmp(v->gone, w->gone[n], bytes), 0);
}

static bool can_begin(const struct player *p)
{
    return !p->dead && p->begun < NUMBERS && (p->begun == 0 || agree_decided(p->machine));
}

static void begin(struct player *p)
{
    int n = p->begun++;

    p->votes[n] = fake_random(&p->world->seed) | fake_random(&p->world->seed);
    agree_begin(p->machine, p->votes[n], (unsigned)n, (uint64_t)(p->rank + 1));
}

/* One event of this kind, if there is any: it is done. */
static bool event(struct world *w, int kind)
{
    int at = pick(w, w->size), from = pick(w, w->size);

    for (int i = 0; i < w->size * w->size; i++) {
        struct player *p = &w->players[(at + i) % w->size];
        int other = (from + i / w->size) % w->size;
        struct flight *f = &w->flights[other][p->rank];

        if (p->dead)
            continue;
        if (kind == 0 && f->count > 0 && !(f->slow && w->patient && pick(w, SLOW))) {
            int first = f->first;

            f->first = (first + 1) % WORDS_MAX;
            f->count--;
            cr_assert(agree_word(p->machine, other, f->bytes[first], f->length[first]));
            look(p);
            return true;
        }
        if (kind == 1 && w->players[other].dead && !p->told[other] && f->count == 0) {
            p->told[other] = true;
            agree_gone(p->machine, other);
            look(p);
            return true;
        }
        if (kind == 2 && can_begin(p)) {
            begin(p);
            look(p);
            return true;
        }
        if (kind == 3 && w->deaths > 0 && p->sends < 0) {
            w->deaths--;
            p->sends = pick(w, 2 * w->size);
            if (pick(w, 3) == 0)
                die(p);
            return true;
        }
        /* who is through may leave: all that it has said arrives */
        if (kind == 4 && p->begun == NUMBERS && agree_decided(p->machine)) {
            p->dead = true;
            return true;
        }
    }
    return false;
}

static void judge(const struct world *w)
{
    uint64_t all[NUMBERS];

    for (int n = 0; n < NUMBERS; n++) {
        all[n] = UINT64_MAX;
        for (int r = 0; r < w->size; r++) {
            const struct player *p = &w->players[r];

            if (p->begun > n)
                all[n] &= p->votes[n];
            if (p->dead)
                continue;
            /* who lives was heard, and is not taken for dead */
            cr_assert(w->decided[n]);
            cr_assert_eq(w->flags[n] & ~p->votes[n], 0);
            cr_assert_eq(w->gone[n][r / 8] >> r % 8 & 1, 0);
        }
        cr_assert(!w->decided[n] || !(all[n] & ~w->flags[n]));
    }
    for (int r = 0; r < w->size; r++)
        cr_assert(w->players[r].dead ||
                  (w->players[r].begun == NUMBERS && agree_decided(w->players[r].machine)),
                  "rank %d of %d hangs", r, w->size);
}

static void run(struct world *w, uint64_t seed)
{
    int idle = 0;

    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->patient = true;
    w->size = 1 + pick(w, 1 + pick(w, SIZE_MAX_HERE)); /* few: rare orders are likelier */
    w->deaths = pick(w, 4) ? pick(w, w->size + 1) : 0;
    for (int r = 0; r < w->size; r++) {
        w->players[r] = (struct player){.world = w, .rank = r, .sends = -1};
        w->players[r].machine = agree_new(w->size, r, send, &w->players[r]);
        for (int to = 0; to < w->size; to++)
            w->flights[r][to].slow = pick(w, 3) == 0;
    }
    for (int steps = 0; idle < 5; steps++) {
        static const int often[] = {0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4};
        int kind = often[pick(w, (int)(sizeof often / sizeof often[0]))];

        cr_assert(steps < STEPS_MAX);
        if (kind == 3 && pick(w, 8))
            continue;
        if (event(w, kind)) {
            idle = 0;
            continue;
        }
        /* nothing of this kind: is there anything at all? */
        w->patient = false;
        for (idle = 0; idle < 3 && !event(w, idle); idle++)
            continue;
        w->patient = true;
        idle = idle == 3 ? 5 : 0;
    }
    judge(w);
    for (int r = 0; r < w->size; r++)
        agree_free(w->players[r].machine);
}

Test(agree, all_decide_alike_whoever_dies)
{
    uint64_t seed = fake_seed("agree");
    int runs = full_size() ? LONG_RUNS : QUICK_RUNS;
    struct world *w = malloc(sizeof *w);

    for (int i = 0; i < runs; i++)
        run(w, seed + (uint64_t)i * 7919);
    free(w);
}

static void nowhere(void *arg, int rank, const uint8_t *word, size_t bytes)
{
    size_t *length = arg;

    (void)rank;
    (void)word;
    *length = bytes;
}

Test(agree, nonsense_is_refused)
{
    size_t length = 0;
    struct agreement *a = agree_new(3, 1, nowhere, &length);
    uint8_t word[WORD_BYTES] = {1, [8] = 1}; /* a state of the first, with a vote */

    agree_begin(a, 1, 0, 0);
    memset(word + 16, 0xff, 8);
    cr_assert(agree_word(a, 0, word, length));
    cr_assert_not(agree_word(a, 0, word, length - 1));
    cr_assert_not(agree_word(a, 0, word, 3));
    cr_assert_not(agree_word(a, 1, word, length));
    cr_assert_not(agree_word(a, 3, word, length));
    word[0] = 9;
    cr_assert_not(agree_word(a, 0, word, length));
    word[0] = 5; /* decided, of an agreement that was not begun */
    word[8] = 2;
    cr_assert_not(agree_word(a, 0, word, length));
    cr_assert_null(agree_decided(a));
    agree_free(a);
}

/* The last word answers late questions when the machine is gone. */
Test(agree, last_words)
{
    size_t length = 0, bytes = 0;
    struct agreement *a = agree_new(1, 0, nowhere, &length);
    uint8_t *last, question[WORD_BYTES] = {1, [8] = 1};

    cr_assert_null(agree_last_word(a, &bytes));
    agree_begin(a, 5, 2, 9);
    cr_assert_eq(agree_decided(a)->flags, 5);
    cr_assert_eq(agree_awaited(a), -1);
    last = agree_last_word(a, &bytes);
    cr_assert(last && bytes == agree_word_max(1));
    cr_assert(agree_asks_for(question, bytes, last, bytes));
    question[8] = 2;
    cr_assert_not(agree_asks_for(question, bytes, last, bytes));
    question[8] = 1;
    question[0] = 5;
    cr_assert_not(agree_asks_for(question, bytes, last, bytes));
    free(last);
    agree_free(a);
}
