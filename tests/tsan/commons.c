/* commons: members of memory in common as threads of one process, in random operations, now
 * in step and now far ahead of each other, asleep or not: nothing is read that was not put in
 * this operation, nobody is told of a mix-up that is none, nobody sleeps for ever, and no
 * access is a race. The waits are the test's own: a bell is a semaphore. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/commons_alone.h"

#define MEMBERS 4
#define TURNS 3000
#define LOOKS 3           /* at most, before a sleep */
#define PATIENCE 100     /* seconds of sleep that are for ever */
#define LONG 100          /* bytes that need a block */

static uint8_t *memory;
static sem_t bells[MEMBERS];
static const int tids[MEMBERS] = {0, 1, 2, 3};
static unsigned sleeps;

static void check(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "commons: %s\n", what);
    exit(1);
}

void *test_make(size_t bytes, int tasks, uint64_t *at)
{
    (void)tasks;
    *at = DVM_LINE;
    return memory = calloc(1, bytes);
}

void *test_join(int tid, uint64_t at, size_t bytes)
{
    (void)tid, (void)at, (void)bytes;
    return memory;
}

void test_offer(int tid) { (void)tid; }
void test_leave(void *map, size_t bytes) { (void)map, (void)bytes; }
void test_give_back(uint64_t at, size_t bytes) { (void)at, (void)bytes; }
void test_ring(int tid) { sem_post(&bells[tid]); }
bool test_wait_spins(void) { return false; }
bool test_wait_threaded(void) { return false; }
bool test_gone(int tid, const char **why) { (void)tid, (void)why; return false; }

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void sleep_on(sem_t *bell)
{
    struct timespec limit;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE;
    while (sem_timedwait(bell, &limit) != 0)
        check(errno == EINTR, "one sleeps for ever");
    __atomic_add_fetch(&sleeps, 1, __ATOMIC_RELAXED);
}

int test_wait_looking(bool (*done)(void *arg), void *arg, const struct wait_look *look,
                      const struct board_subject *subject)
{
    const struct commons_op *op = arg;
    static _Thread_local uint32_t state = 1;

    (void)subject;
    while (!done(arg)) {
        bool found = false;

        for (uint32_t i = draw(&state) % LOOKS; i > 0 && !found; i--)
            found = look->ready(arg);
        if (found)
            continue;
        if (look->to_sleep(arg))
            sleep_on(&bells[op->commons->rank]);
        look->has_slept(arg);
    }
    return DVM_OK;
}

static bool never(void *arg) { (void)arg; return false; }
static void no_matter(void *arg, bool begins) { (void)arg, (void)begins; }

static void look_at(struct commons_op *op, int rank)
{
    const uint8_t *data = commons_of(op, rank);

    for (uint32_t i = 0; i < op->bytes; i += op->bytes - 1)
        check(data[i] == (uint8_t)(op->commons->turn * MEMBERS + (unsigned)rank),
              "what was put is not what is read");
}

/* What a member puts in an operation that is known. */
static void look_known(uint64_t turn, const void *bytes, int rank)
{
    uint8_t data[8];

    memset(data, (int)(turn * MEMBERS + (unsigned)rank), sizeof data);
    check(memcmp(bytes, data, sizeof data) == 0, "at once: what was put is not what is read");
}

/* A broadcast or a reduction at once, if all is there: whoever has turned a coin. */
static bool at_once(struct commons *c, uint32_t turn, bool sum, int root)
{
    static _Thread_local uint32_t coin = 5;
    const struct commons_word word = {turn, 8, 0};
    uint8_t data[8];
    int first = sum ? 0 : root, end = sum ? c->size : root + 1;
    const void *bytes;

    if (draw(&coin) & 1)
        return false;
    memset(data, (int)((c->turn + 1) * MEMBERS + (unsigned)c->rank), sizeof data);
    if (sum != (c->rank == root))
        return commons_give(c, &word, data);
    for (int r = first; r < end; r++) {
        bytes = r == c->rank ? data : commons_look(c, &word, r);
        if (!bytes)
            return false;
        look_known(c->turn + 1, bytes, r);
    }
    commons_pass(c, &word, end - 1);
    return true;
}

/* Put so many bytes at once, in a cell or a block, if there is room. */
static bool offer(struct commons *c, const struct commons_word *word, const void *data)
{
    void *place = word->bytes > 8 ? commons_next(c, word->bytes) : NULL;

    if (word->bytes == 8)
        return commons_offer(c, word, data);
    if (!place)
        return false;
    memcpy(place, data, word->bytes);
    commons_offer_next(c, word, word->bytes);
    return true;
}

/* A barrier at once, if all are there: else this member may have put. */
static bool meet_at_once(struct commons *c, uint32_t turn, uint32_t put)
{
    static _Thread_local uint32_t coin = 11;
    const struct commons_word word = {turn, put, 0};
    uint8_t data[LONG];
    const void *bytes;

    memset(data, (int)((c->turn + 1) * MEMBERS + (unsigned)c->rank), sizeof data);
    if (draw(&coin) & 1 || !offer(c, &word, data))
        return false;
    for (int r = 0; r < c->size; r++) {
        if (r != c->rank && !commons_answer(c, &word, r))
            return false;
        bytes = r == c->rank ? data : commons_given(c, put, r);
        look_known(c->turn, bytes, r);
        look_known(c->turn, (const uint8_t *)bytes + put - 8, r);
    }
    commons_met_next(c, put);
    return true;
}

/* All draw the same operations: a barrier, a broadcast or a reduction. */
static void one(struct commons *c, uint32_t turn, uint32_t random)
{
    uint32_t what = random % 4, bytes = what == 0 && random & 64 ? LONG : 8;
    int root = (int)(random / 128 % MEMBERS);
    struct commons_op op = {.commons = c, .call = turn, .bytes = bytes, .put = bytes, .stop = never,
                            .waits = no_matter};
    uint8_t data[LONG];

    if (what == 0 ? meet_at_once(c, turn, bytes) : at_once(c, turn, what > 1, root))
        return;
    commons_begin(&op);
    memset(data, (int)(c->turn * MEMBERS + (unsigned)c->rank), sizeof data);
    if (what != 1 || c->rank == root)
        check(commons_put(&op, data) == COMMONS_OK, "no room");
    if (what == 0 || (what > 1 && c->rank == root)) {
        check(commons_wait(&op, 0, c->size) == COMMONS_OK, "a mix-up that is none");
        for (int r = 0; r < c->size; r++)
            look_at(&op, r);
    } else if (what == 1 && c->rank != root) {
        check(commons_wait(&op, root, root + 1) == COMMONS_OK, "a mix-up that is none");
        look_at(&op, root);
    }
    commons_end(&op);
}

/* The same through wide memory: all give to all, or a root to all. */
static void one_wide(struct commons *c, uint32_t turn, uint32_t random)
{
    bool rooted = random & 64;
    int root = (int)(random / 128 % MEMBERS);
    struct commons_op op = {.commons = c, .call = turn, .bytes = 1u << 20,
                            .stop = never, .waits = no_matter};
    uint8_t *parts;

    commons_begin(&op);
    parts = commons_parts(&op, rooted ? 1 : random & 32 ? 2 : DVM_COMMONS_PARTS,
                          random & 1024 ? MEMBERS * LONG : 0);
    if (!rooted || c->rank == root) {
        check(commons_room(&op) == COMMONS_OK, "no wide room");
        memset(parts + c->rank * LONG, (int)(c->turn * MEMBERS + (unsigned)c->rank), LONG);
        check(commons_put(&op, NULL) == COMMONS_OK, "no room");
    }
    check(commons_wait(&op, rooted ? root : 0, rooted ? root + 1 : c->size) == COMMONS_OK,
          "a mix-up that is none");
    for (int r = rooted ? root : 0; r < (rooted ? root + 1 : c->size); r++)
        for (int i = 0; i < LONG; i++)
            check(parts[r * LONG + i] == (uint8_t)(c->turn * MEMBERS + (unsigned)r),
                  "wide: what was written is not what is read");
    commons_end(&op);
}

/* Up the tree by pairs, each with what it has: who comes last has the sum. */
static void one_sum(struct commons *c, uint32_t turn)
{
    struct commons_op op = {.commons = c, .call = turn, .bytes = 1u << 20,
                            .stop = never, .waits = no_matter};
    int first, begin = c->rank;
    uint32_t sum = turn * (uint32_t)(c->rank + 1), *parts;

    commons_begin(&op);
    parts = commons_parts(&op, 2, 0);
    check(commons_room(&op) == COMMONS_OK, "no wide room");
    for (int bit = 1; bit < c->size; bit *= 2) {
        int left = begin & ~bit, right = left + bit;

        if (right >= c->size)
            continue;
        if (commons_first(&op, right, &first))
            break;
        check(commons_wait(&op, first, first + 1) == COMMONS_OK, "a mix-up that is none");
        sum += parts[begin == left ? right : left];
        begin = left;
    }
    parts[begin] = sum;
    check(commons_put(&op, NULL) == COMMONS_OK, "no room");
    check(commons_wait(&op, 0, c->size) == COMMONS_OK, "a mix-up that is none");
    check(parts[0] == turn * MEMBERS * (MEMBERS + 1) / 2, "a part is missing in a sum");
    commons_end(&op);
}

static void *member(void *arg)
{
    struct commons *c = arg;
    uint32_t same = 7, era = 0;

    for (uint32_t turn = 1; turn <= TURNS; turn++) {
        uint32_t random = draw(&same);

        /* for a while always a reduction to rank 0: the others run as far as they may */
        if (turn % 500 == 0)
            era = !era;
        if (!era && random % 8 == 7)
            one_sum(c, turn);
        else if (!era && random & 256)
            one_wide(c, turn, random);
        else
            one(c, turn, era ? 2 : random);
    }
    return NULL;
}

int main(void)
{
    struct commons *members[MEMBERS];
    pthread_t threads[MEMBERS];
    uint8_t *first;
    uint64_t at = 0, wide = 0;

    for (int r = 0; r < MEMBERS; r++) {
        sem_init(&bells[r], 0, 0);
        members[r] = r == 0 ? commons_make(tids, MEMBERS, 0, &at)
                            : commons_join(tids, MEMBERS, r, at);
        check(members[r] != NULL, "no memory");
        /* the low half of the turn wraps on the way */
        members[r]->turn = members[r]->done = UINT32_MAX - TURNS / 2;
        members[r]->members[r].done = (uint32_t)members[r]->turn;
    }
    first = memory;
    for (int r = 0; r < MEMBERS; r++)
        check(r == 0 ? commons_widen(members[0], &at, &wide)
                     : commons_widen_join(members[r], at, wide),
              "no wide memory");
    for (int r = 0; r < MEMBERS; r++)
        pthread_create(&threads[r], NULL, member, members[r]);
    for (int r = 0; r < MEMBERS; r++)
        pthread_join(threads[r], NULL);
    for (int r = MEMBERS - 1; r >= 0; r--)
        commons_free(members[r], false);
    free(first);
    free(memory);
    printf("%u sleeps\n", sleeps);
    return 0;
}
