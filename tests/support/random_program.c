/* random_program.c: see the header.
 *
 * The reference needs no arrivals: senders' rows are in order, receives are in order of
 * posting, and both prefer the earliest of the other, so who gets what is decided, whenever
 * messages come. A cancelled receive got nothing that fitted before, so it counts as never
 * posted; a probe that found nothing does, too. A receive that is too small fails with the
 * message that it was offered, which stays. A synchronous send may be over only
 * when its receive has begun, which a clock that all share tells.
 */
#include "tests/support/random_program.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "match/match.h"

#define TAGS 4
#define TAG_END TAGS       /* behind all others of a sender */
#define SENDS 12           /* under way at most */
#define POSTED 8
#define SMALL_MAX 200      /* bytes, of most messages; of some; of few */
#define MIDDLE_MAX 20000
#define LARGE_MAX 150000
#define IDLE_SECONDS 100.0
#define QUIET_TURNS 50     /* before a player waits */
#define LOOK_SECONDS 0.01  /* between looks at whether the others have finished */

/* receives of a player: one for each message, and as many that get none */
#define ASKED_USEFUL (RANDOM_PLAYERS * (RANDOM_OPERATIONS + RANDOM_PLAYERS))
#define ASKED_MAX (2 * ASKED_USEFUL)

/* A message as its sender knows it. */
struct sent {
    int dest, tag;
    uint32_t bytes, salt;
    enum match_mode mode;
    uint64_t over;         /* synchronous: the clock when it was over */
};

/* A receive, probe or matched probe that asked for something. */
struct asked {
    int source, tag;       /* player, or DVM_ANY */
    uint32_t capacity;
    uint64_t began;        /* the clock before it was started */
    bool over, cancelled;
    int error;
    struct match_result got; /* source: the player */
    uint32_t salt;         /* in the bytes that came */
    bool good;             /* the bytes are those of the salt, and nothing behind them */
};

struct player {
    int sents, askeds;
    struct sent sent[RANDOM_OPERATIONS + RANDOM_PLAYERS];
    struct asked asked[ASKED_MAX];
};

struct random_program {
    int players, messages;
    uint64_t seed;
    _Atomic uint64_t clock;
    _Atomic int finished;  /* players */
    struct player player[];
};

/* What a player has under way. */
struct play {
    struct random_program *p;
    struct player *me;
    int number, left, ends;
    const int *tids;
    uint64_t context, seed;
    struct dvm_request *sends[SENDS], *posts[POSTED];
    struct sent *sending[SENDS];
    struct asked *asking[POSTED];
    uint8_t *out[SENDS], *in[POSTED];
};

static size_t size_of(int players)
{
    return sizeof(struct random_program) + (size_t)players * sizeof(struct player);
}

struct random_program *random_make(int players, int messages, uint64_t seed)
{
    struct random_program *p = mmap(NULL, size_of(players), PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED || players > RANDOM_PLAYERS || messages > RANDOM_OPERATIONS)
        abort();
    p->players = players;
    p->messages = messages;
    p->seed = seed;
    return p;
}

void random_free(struct random_program *p)
{
    munmap(p, size_of(p->players));
}

static unsigned draw(struct play *g, unsigned below)
{
    return fake_random(&g->seed) % below;
}

static int draw_player(struct play *g)
{
    return (int)draw(g, (unsigned)g->p->players);
}

/* A row of bytes for a salt: the salt first, as far as it fits. */
static void fill(uint8_t *bytes, uint32_t size, uint32_t salt)
{
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = i < sizeof salt ? (uint8_t)(salt >> 8 * i) : (uint8_t)(salt + i * 31 + i / 251);
}

static bool filled(const uint8_t *bytes, size_t size, uint32_t salt)
{
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != (i < sizeof salt ? (uint8_t)(salt >> 8 * i)
                                         : (uint8_t)(salt + i * 31 + i / 251)))
            return false;
    return true;
}

/* ---- sending -------------------------------------------------------------------- */

static int send_over(struct play *g, int at)
{
    FAKE_CHECK(match_finish(g->sends[at], NULL) == 0);
    g->sending[at]->over = atomic_fetch_add(&g->p->clock, 1);
    g->sends[at] = NULL;
    return 0;
}

static int send_one(struct play *g, int at)
{
    static const enum match_mode modes[] = {MATCH_STANDARD, MATCH_BUFFERED, MATCH_SYNC};
    struct sent *s = &g->me->sent[g->me->sents++];
    unsigned kind = draw(g, 50);

    *s = (struct sent){.dest = draw_player(g), .tag = (int)draw(g, TAGS),
                       .salt = (uint32_t)(g->number << 24 | g->me->sents),
                       .mode = modes[draw(g, 3)]};
    s->bytes = draw(g, kind == 0 ? LARGE_MAX : kind < 5 ? MIDDLE_MAX : SMALL_MAX);
    fill(g->out[at], s->bytes, s->salt);
    g->left--;
    g->sending[at] = s;
    FAKE_CHECK(match_isend(s->mode, g->context, g->tids[s->dest], s->tag, g->out[at], s->bytes,
                           0, 0, 0, &g->sends[at]) == 0);
    return 0;
}

static int send_ends(struct play *g)
{
    g->left = -1;
    for (int i = 0; i < g->p->players; i++) {
        g->me->sent[g->me->sents++] = (struct sent){.dest = i, .tag = TAG_END,
                                                    .mode = MATCH_BUFFERED};
        FAKE_CHECK(match_send(MATCH_BUFFERED, g->context, g->tids[i], TAG_END, NULL, 0, 0, 0,
                              0) == 0);
    }
    return 0;
}

static int turn_sends(struct play *g)
{
    for (int i = 0; i < SENDS; i++) {
        if (g->sends[i] && match_complete(g->sends[i]))
            FAKE_CHECK(send_over(g, i) == 0);
        if (!g->sends[i] && g->left > 0 && draw(g, 3) == 0)
            FAKE_CHECK(send_one(g, i) == 0);
    }
    return g->left == 0 ? send_ends(g) : 0;
}

/* ---- receiving -------------------------------------------------------------------- */

/* Whether there is room for a receive that gets nothing. */
static bool may_waste(const struct play *g)
{
    return g->me->askeds < ASKED_USEFUL - POSTED;
}

static struct asked *ask(struct play *g, struct match_filter *filter)
{
    struct asked *a = &g->me->asked[g->me->askeds++];

    *a = (struct asked){.source = draw(g, 2) ? DVM_ANY : draw_player(g), .capacity = LARGE_MAX,
                        .tag = draw(g, 2) ? DVM_ANY : (int)draw(g, TAGS)};
    if (draw(g, 8) == 0 && may_waste(g))
        a->capacity = draw(g, SMALL_MAX);
    a->began = atomic_fetch_add(&g->p->clock, 1);
    *filter = (struct match_filter){.context = g->context, .tag = a->tag,
                                    .source = a->source == DVM_ANY ? DVM_ANY : g->tids[a->source]};
    return a;
}

static struct match_sink sink_of(struct play *g, int at, const struct asked *a)
{
    memset(g->in[at], 0xee, a->capacity < SMALL_MAX ? SMALL_MAX + 1 : SMALL_MAX);
    return (struct match_sink){.buffer = g->in[at], .capacity = a->capacity};
}

/* Note what a receive got. */
static void asked_over(struct play *g, struct asked *a, int rc, const struct match_result *result,
                       const uint8_t *bytes)
{
    a->over = true;
    a->error = rc;
    a->cancelled = result->cancelled;
    a->got = *result;
    for (int i = 0; i < g->p->players; i++)
        if (g->tids[i] == result->source)
            a->got.source = i;
    if (rc || result->cancelled)
        return;
    g->ends += result->tag == TAG_END;
    for (uint32_t i = 0; i < sizeof a->salt && i < result->bytes; i++)
        a->salt |= (uint32_t)bytes[i] << 8 * i;
    a->good = filled(bytes, result->bytes, a->salt);
    if (a->capacity < SMALL_MAX)
        a->good = a->good && bytes[a->capacity] == 0xee;
}

static int post_over(struct play *g, int at)
{
    struct match_result result;
    int rc = match_finish(g->posts[at], &result);

    FAKE_CHECK(rc == 0 || rc == DVM_ERR_TRUNCATE);
    asked_over(g, g->asking[at], rc, &result, g->in[at]);
    g->posts[at] = NULL;
    return 0;
}

static int post_one(struct play *g, int at)
{
    struct match_filter filter;
    struct asked *a = g->asking[at] = ask(g, &filter);
    struct match_sink sink;

    /* one takes whatever comes, so that nothing stays for ever */
    if (at == 0) {
        a->source = a->tag = filter.source = filter.tag = DVM_ANY;
        a->capacity = LARGE_MAX;
    }
    sink = sink_of(g, at, a);
    FAKE_CHECK(match_irecv(&filter, &sink, &g->posts[at]) == 0);
    return 0;
}

static int turn_posts(struct play *g)
{
    for (int i = 0; i < POSTED; i++) {
        if (g->posts[i] && ((draw(g, 30) == 0 && may_waste(g)) || g->ends == g->p->players))
            FAKE_CHECK(match_cancel(g->posts[i]) == 0);
        if (g->posts[i] && match_complete(g->posts[i]))
            FAKE_CHECK(post_over(g, i) == 0);
        if (!g->posts[i] && g->ends < g->p->players && (i == 0 || draw(g, 3) == 0))
            FAKE_CHECK(post_one(g, i) == 0);
    }
    return 0;
}

/* A probe must tell of the message that a receive then gets. Nothing is between them. */
static int probe(struct play *g)
{
    struct match_filter filter;
    struct asked *a = ask(g, &filter);
    struct match_sink sink = {0};
    struct match_result told, result;
    struct dvm_message *message = NULL;
    bool take = draw(g, 2), found;
    uint8_t *bytes = malloc(LARGE_MAX);
    int rc = 0;

    FAKE_CHECK(match_probe(&filter, false, take, 0, &found, &message, &told) == 0);
    if (!found) {
        g->me->askeds--;
        free(bytes);
        return 0;
    }
    a->capacity = LARGE_MAX;
    sink = (struct match_sink){.buffer = bytes, .capacity = LARGE_MAX};
    filter.source = told.source;
    filter.tag = told.tag;
    if (take)
        rc = match_mrecv(&message, &sink, &result);
    else
        rc = match_recv(&filter, &sink, &result);
    FAKE_CHECK(rc == 0 && result.source == told.source && result.tag == told.tag);
    FAKE_CHECK(result.bytes == told.bytes);
    asked_over(g, a, rc, &result, bytes);
    free(bytes);
    return 0;
}

/* ---- playing ---------------------------------------------------------------------- */

/* Whether a send is under way: who has some left and none under way must not wait. */
static bool is_sending(const struct play *g)
{
    for (int i = 0; i < SENDS; i++)
        if (g->sends[i])
            return true;
    return false;
}

/* Whether nothing is under way: a receive may have its message, but not all of its bytes. */
static bool is_idle(const struct play *g)
{
    if (is_sending(g))
        return false;
    for (int i = 0; i < POSTED; i++)
        if (g->posts[i])
            return false;
    return true;
}

static bool is_over(const struct play *g)
{
    return g->left < 0 && g->ends == g->p->players && is_idle(g);
}

/* Wait for anything. */
static int idle(struct play *g)
{
    struct dvm_request *all[SENDS + POSTED];
    size_t index;

    memcpy(all, g->sends, sizeof g->sends);
    memcpy(all + SENDS, g->posts, sizeof g->posts);
    FAKE_CHECK(match_wait_any(SENDS + POSTED, all, IDLE_SECONDS, &index) == 0);
    return 0;
}

static int play(struct play *g)
{
    int quiet = 0;

    while (!is_over(g)) {
        int before = g->me->sents + g->me->askeds + g->ends;

        FAKE_CHECK(turn_sends(g) == 0);
        FAKE_CHECK(turn_posts(g) == 0);
        if (draw(g, 2))
            FAKE_CHECK(probe(g) == 0);
        FAKE_CHECK(match_progress() == 0);
        /* other threads of this task have their turn */
        dvm_leave(DVM_OK);
        FAKE_CHECK(dvm_enter() == 0);
        quiet = g->me->sents + g->me->askeds + g->ends > before ? 0 : quiet + 1;
        /* what is posted when all ends have come is cancelled in the next turn */
        if (quiet > QUIET_TURNS && !is_idle(g) && (g->left < 0 || is_sending(g)))
            FAKE_CHECK(idle(g) == 0);
    }
    return 0;
}

static bool all_finished(void *arg)
{
    struct random_program *p = arg;

    return atomic_load(&p->finished) >= p->players;
}

/* A receive from who has left fails: nobody leaves before the last. */
static int leave_together(struct random_program *p)
{
    int looks = (int)(IDLE_SECONDS / LOOK_SECONDS);

    atomic_fetch_add(&p->finished, 1);
    while (looks-- && match_wait_until(all_finished, p, LOOK_SECONDS, NULL) == DVM_ERR_TIMEOUT)
        continue;
    FAKE_CHECK(all_finished(p));
    return 0;
}

int random_play(struct random_program *p, int number, const int *tids, uint64_t context)
{
    struct play g = {.p = p, .me = &p->player[number], .number = number, .left = p->messages,
                     .tids = tids, .context = context,
                     .seed = p->seed * 1000003 + (uint64_t)number};
    uint8_t *room = malloc((SENDS + POSTED) * (size_t)LARGE_MAX);
    int bad;

    for (int i = 0; i < SENDS; i++)
        g.out[i] = room + (size_t)i * LARGE_MAX;
    for (int i = 0; i < POSTED; i++)
        g.in[i] = room + (size_t)(SENDS + i) * LARGE_MAX;
    bad = play(&g);
    free(room);
    return bad ? bad : leave_together(p);
}

/* ---- the reference ------------------------------------------------------------------ */

static bool gone[RANDOM_PLAYERS][RANDOM_OPERATIONS + RANDOM_PLAYERS]; /* received */

static int differs(const struct random_program *p, int number, const struct asked *a,
                   const char *how)
{
    fprintf(stderr, "seed %llu: receive %d of player %d (source %d, tag %d, capacity %u): %s: got "
            "%zu bytes, tag %d, of player %d, error %d\n", (unsigned long long)p->seed,
            (int)(a - p->player[number].asked), number, a->source, a->tag, a->capacity, how,
            a->got.bytes, a->got.tag, a->got.source, a->error);
    return 1;
}

/* The earliest message of a sender that this receive fits and nobody has; NULL if none. */
static const struct sent *offered(const struct random_program *p, int number,
                                  const struct asked *a, int source)
{
    const struct player *from = &p->player[source];

    for (int i = 0; i < from->sents; i++)
        if (!gone[source][i] && from->sent[i].dest == number &&
            (a->tag == DVM_ANY || a->tag == from->sent[i].tag))
            return &from->sent[i];
    return NULL;
}

static int check_asked(const struct random_program *p, int number, const struct asked *a)
{
    const struct sent *s;

    if (a->cancelled)
        return 0;
    if (!a->over || a->got.source < 0 || a->got.source >= p->players ||
        (a->source != DVM_ANY && a->source != a->got.source))
        return differs(p, number, a, "not over, or of another source");
    s = offered(p, number, a, a->got.source);
    if (!s || s->tag != a->got.tag || s->bytes != a->got.bytes)
        return differs(p, number, a, "another message was its turn");
    if ((s->bytes > a->capacity) != (a->error == DVM_ERR_TRUNCATE))
        return differs(p, number, a, "wrongly judged too long, or not");
    if (a->error)
        return 0;
    if (!a->good || (s->bytes >= sizeof s->salt && a->salt != s->salt))
        return differs(p, number, a, "other bytes");
    if (s->mode == MATCH_SYNC && s->over < a->began)
        return differs(p, number, a, "its synchronous send was over before");
    gone[a->got.source][s - p->player[a->got.source].sent] = true;
    return 0;
}

int random_check(const struct random_program *p)
{
    int bad = 0;

    memset(gone, 0, sizeof gone);
    for (int i = 0; i < p->players && !bad; i++)
        for (int j = 0; j < p->player[i].askeds && !bad; j++)
            bad = check_asked(p, i, &p->player[i].asked[j]);
    for (int i = 0; i < p->players && !bad; i++)
        for (int j = 0; j < p->player[i].sents && !bad; j++)
            if (!gone[i][j]) {
                fprintf(stderr, "seed %llu: message %d of player %d was received by nobody\n",
                        (unsigned long long)p->seed, j, i);
                bad = 1;
            }
    return bad;
}
