/* storm.c: many tasks send each other messages of all sizes and kinds at once, over
 * both lanes. Each message arrives once, whole, and in the order of its sender and
 * tag; and when one task is killed in the middle, nobody hangs. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/match.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define TASKS 6
#define MESSAGES 400   /* that each task sends */
#define TAGS 3
#define OPEN_MAX 16    /* sends under way in one task */
#define BIG 150000
#define PATIENCE 100.0  /* seconds that no wait lasts */

struct storm {
    uint64_t seed;
    bool deadly;       /* one is killed: errors TASK_GONE are no faults */
};

struct planned {
    int dst, tag;
    size_t bytes;
    enum match_mode mode;
};

struct state {
    const struct fake_task *me;
    struct storm storm;
    uint64_t own;                    /* what only this task draws from */
    struct planned plan[MESSAGES];
    int next, expected, got, open;
    int sent_to[TASKS][TAGS], got_from[TASKS][TAGS];
    struct dvm_request *sends[OPEN_MAX];
    uint8_t *buffers[OPEN_MAX];
    uint8_t *in;
    bool over;                       /* somebody died */
};

/* What a task will send: everybody can compute it. */
static void make_plan(struct planned *plan, uint64_t seed, int rank)
{
    seed += (uint64_t)rank * 7919;
    for (int i = 0; i < MESSAGES; i++) {
        unsigned kind = fake_random(&seed) % 10;

        plan[i].dst = (int)(fake_random(&seed) % TASKS);
        plan[i].tag = (int)(fake_random(&seed) % TAGS);
        plan[i].bytes = 8 + fake_random(&seed) % (kind < 7 ? 500 : kind < 9 ? 20000 : BIG);
        plan[i].mode = (enum match_mode)(fake_random(&seed) % 3);
    }
}

static void write_message(uint8_t *bytes, size_t size, int src, int number)
{
    memset(bytes, src * 37 + number, size);
    memcpy(bytes, &src, sizeof src);
    memcpy(bytes + sizeof src, &number, sizeof number);
}

/* Start the next planned message if a place is free. */
static int send_next(struct state *s)
{
    const struct planned *p = &s->plan[s->next];
    int at = 0;

    if (s->next == MESSAGES || s->open == OPEN_MAX)
        return 0;
    while (s->sends[at])
        at++;
    write_message(s->buffers[at], p->bytes, s->me->rank, s->sent_to[p->dst][p->tag]++);
    FAKE_CHECK(match_isend(p->mode, CONTEXT, s->me->tids[p->dst], p->tag, s->buffers[at],
                           p->bytes, 0, 0, 0, &s->sends[at]) == 0);
    s->next++;
    s->open++;
    return 0;
}

/* An error is a fault, unless it is the death that was to be. */
static int judge(struct state *s, int rc)
{
    if (rc && s->storm.deadly && rc == DVM_ERR_TASK_GONE) {
        s->over = true;
        return 0;
    }
    FAKE_CHECK(rc == 0);
    return 0;
}

static int reap_sends(struct state *s)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        if (!s->sends[i] || !match_complete(s->sends[i]))
            continue;
        FAKE_CHECK(judge(s, match_finish(s->sends[i], NULL)) == 0);
        s->sends[i] = NULL;
        s->open--;
    }
    return 0;
}

static int check_message(struct state *s, const struct match_result *result)
{
    int src, number;

    memcpy(&src, s->in, sizeof src);
    memcpy(&number, s->in + sizeof src, sizeof number);
    FAKE_CHECK(src >= 0 && src < TASKS && result->source == s->me->tids[src]);
    /* of a task that died, announced messages may be missing */
    FAKE_CHECK(number == s->got_from[src][result->tag] ||
               (s->storm.deadly && number > s->got_from[src][result->tag]));
    s->got_from[src][result->tag] = number + 1;
    for (size_t i = 8; i < result->bytes; i++)
        if (s->in[i] != (uint8_t)(src * 37 + number))
            FAKE_CHECK(!"a byte of the message");
    s->got++;
    return 0;
}

static int receive_one(struct state *s)
{
    struct match_filter filter = {.context = CONTEXT, .source = DVM_ANY, .tag = DVM_ANY};
    struct match_sink sink = {.buffer = s->in, .capacity = BIG + 8};
    struct match_result result;
    struct dvm_message *message;
    bool found;
    int rc;

    if (fake_random(&s->own) % 3 == 0)
        filter.tag = (int)(fake_random(&s->own) % TAGS);
    rc = match_probe(&filter, false, true, 0, &found, &message, &result);
    FAKE_CHECK(judge(s, rc) == 0);
    if (rc || !found)
        return 0;
    rc = match_mrecv(&message, &sink, &result);
    FAKE_CHECK(judge(s, rc) == 0);
    return rc ? 0 : check_message(s, &result);
}

/* Receive one with a posted wildcard, while sends go on. */
static int receive_posted(struct state *s)
{
    struct match_filter filter = {.context = CONTEXT, .source = DVM_ANY, .tag = DVM_ANY};
    struct match_sink sink = {.buffer = s->in, .capacity = BIG + 8};
    struct match_result result;
    struct dvm_request *both[OPEN_MAX + 1];
    /* what others wait for must go out first */
    bool idle = s->next == MESSAGES || s->open == OPEN_MAX;
    double limit = !idle ? 0 : s->storm.deadly ? 2 : PATIENCE;
    size_t index;
    int rc;

    FAKE_CHECK(match_irecv(&filter, &sink, &both[OPEN_MAX]) == 0);
    memcpy(both, s->sends, sizeof s->sends);
    rc = match_wait_any(OPEN_MAX + 1, both, limit, &index);
    FAKE_CHECK(rc == 0 || (rc == DVM_ERR_TIMEOUT && (!idle || s->storm.deadly)));
    s->over |= rc && idle;
    if (!match_complete(both[OPEN_MAX]))
        match_cancel(both[OPEN_MAX]);
    while (!match_complete(both[OPEN_MAX]))
        FAKE_CHECK(match_wait_any(1, &both[OPEN_MAX], PATIENCE, &index) == 0);
    rc = match_finish(both[OPEN_MAX], &result);
    FAKE_CHECK(judge(s, rc) == 0);
    return rc || result.cancelled ? 0 : check_message(s, &result);
}

/* Nothing is left to receive: wait for a send. */
static int finish_one(struct state *s)
{
    size_t index;

    FAKE_CHECK(match_wait_any(OPEN_MAX, s->sends, PATIENCE, &index) == 0);
    return 0;
}

static int weather(struct state *s)
{
    while (!s->over && (s->got < s->expected || s->next < MESSAGES || s->open)) {
        FAKE_CHECK(send_next(s) == 0);
        FAKE_CHECK(reap_sends(s) == 0);
        if (s->got < s->expected)
            FAKE_CHECK(fake_random(&s->own) % 2 ? receive_one(s) == 0
                                                : receive_posted(s) == 0);
        else if (s->open)
            FAKE_CHECK(finish_one(s) == 0);
    }
    return 0;
}

static int storm(const struct fake_task *me)
{
    static struct state state; /* keeps the buffers of sends that a death leaves open */
    static struct planned other[MESSAGES];
    struct state *s = &state;

    s->me = me;
    s->storm = *(struct storm *)me->arg;
    s->own = s->storm.seed + 1000003 * (uint64_t)me->rank;
    s->in = malloc(BIG + 8);
    for (int i = 0; i < OPEN_MAX; i++)
        s->buffers[i] = malloc(BIG + 8);
    make_plan(s->plan, s->storm.seed, me->rank);
    for (int rank = 0; rank < TASKS; rank++) {
        make_plan(other, s->storm.seed, rank);
        for (int i = 0; i < MESSAGES; i++)
            s->expected += other[i].dst == me->rank;
    }
    FAKE_CHECK(weather(s) == 0);
    for (int i = 0; i < OPEN_MAX; i++)
        if (!s->sends[i])
            free(s->buffers[i]);
    free(s->in);
    return 0;
}

Test(storm, everything_arrives)
{
    static const struct fake_options weathers[] = {
        {.hosts = 1}, {.hosts = 2}, {.lanes = "relay"}, {.hosts = 3}};
    struct storm s = {.seed = fake_seed("everything_arrives")};

    for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++) {
        s.seed++;
        cr_assert_eq(fake_run(TASKS, storm, &s, &weathers[i]), 0, "seed %llu",
                     (unsigned long long)s.seed);
    }
}

Test(storm, nobody_hangs_when_one_dies)
{
    struct storm s = {.seed = fake_seed("nobody_hangs_when_one_dies"), .deadly = true};

    for (int i = 0; i < 10; i++) {
        struct fake_options o = {.hosts = 1 + i % 2, .kill = true, .kill_rank = i % TASKS,
                                 .kill_us = fake_random(&s.seed) % 100000,
                                 .world = true};

        cr_assert_eq(fake_run(TASKS, storm, &s, &o), 0);
    }
}
