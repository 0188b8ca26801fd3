/* model.c: the matcher against a model of it: random receives, messages, probes,
 * cancels and failures, on a list that is searched from the front. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "match/request.h"
#include "tests/support/fake_daemon.h"

#define STEPS 30000
#define LIVE_MAX 400  /* receives and messages that wait, each */
#define SOURCES 3
#define TAGS_FEW 3
#define TAGS_MANY 100 /* now and then: wildcards then have to look far */
#define CONTEXTS 2
#define BYTES_MAX 64

struct model_message {
    struct match_result what;
    int id;
};

struct model_receive {
    struct match_filter filter;
    size_t capacity;
    struct dvm_request *request;
    uint8_t buffer[BYTES_MAX];
};

static struct {
    struct model_message messages[LIVE_MAX];
    struct model_receive *receives[LIVE_MAX], places[LIVE_MAX];
    int message_count, receive_count;
    bool used[LIVE_MAX];
    int last_id;
    unsigned tags; /* in use now */
    uint64_t seed;
} model;

static unsigned pick(unsigned n)
{
    return fake_random(&model.seed) % n;
}

/* A predicate over what both sides know: messages of odd length. */
static bool odd_length(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    return bytes % 2 == 1;
}

static bool fits(const struct match_filter *f, const struct match_result *what)
{
    return (f->any_context || f->context == what->context) &&
           (f->source == DVM_ANY || f->source == what->source) &&
           (f->tag == DVM_ANY || f->tag == what->tag) &&
           (!f->accept || odd_length(NULL, 0, 0, what->bytes, 0));
}

static struct match_filter random_filter(void)
{
    struct match_filter f = {.context = 2 + 2 * pick(CONTEXTS),
                             .source = (int)DVM_TID_MAKE(9, 1 + (int)pick(SOURCES)),
                             .tag = (int)pick(model.tags)};

    if (pick(4) == 0)
        f.source = DVM_ANY;
    if (pick(4) == 0)
        f.tag = DVM_ANY;
    f.any_context = pick(20) == 0;
    if (pick(10) == 0)
        f.accept = odd_length;
    return f;
}

static void message_remove(int at)
{
    model.message_count--;
    memmove(&model.messages[at], &model.messages[at + 1],
            (size_t)(model.message_count - at) * sizeof model.messages[0]);
}

static void receive_remove(int at)
{
    model.used[model.receives[at] - model.places] = false;
    model.receive_count--;
    memmove(&model.receives[at], &model.receives[at + 1],
            (size_t)(model.receive_count - at) * sizeof model.receives[0]);
}

static int first_message(const struct match_filter *f)
{
    for (int i = 0; i < model.message_count; i++)
        if (fits(f, &model.messages[i].what))
            return i;
    return -1;
}

/* The receive must have got exactly this message, or failed because of it. */
static int check_met(struct model_receive *r, const struct model_message *m)
{
    bool small = m->what.bytes > r->capacity;
    struct match_result result;
    int id;

    FAKE_CHECK(match_complete(r->request));
    FAKE_CHECK(match_finish(r->request, &result) == (small ? DVM_ERR_TRUNCATE : DVM_OK));
    FAKE_CHECK(result.bytes == m->what.bytes && result.tag == m->what.tag);
    FAKE_CHECK(result.source == m->what.source && result.context == m->what.context);
    memcpy(&id, r->buffer, sizeof id);
    FAKE_CHECK(small || id == m->id);
    return 0;
}

static int arrive(void)
{
    uint8_t bytes[BYTES_MAX] = {0};
    struct model_message m = {.id = ++model.last_id};
    struct incoming in = {.whole = true, .payload = bytes};

    if (model.message_count == LIVE_MAX)
        return 0;
    m.what.context = 2 + 2 * pick(CONTEXTS);
    m.what.source = (int)DVM_TID_MAKE(9, 1 + (int)pick(SOURCES));
    m.what.tag = (int)pick(model.tags);
    m.what.bytes = sizeof m.id + pick(BYTES_MAX - sizeof m.id);
    memcpy(bytes, &m.id, sizeof m.id);
    in.what = m.what;
    deliver_arrival(&in);
    for (int i = 0; i < model.receive_count;) {
        struct model_receive *r = model.receives[i];

        if (!fits(&r->filter, &m.what)) {
            i++;
            continue;
        }
        FAKE_CHECK(check_met(r, &m) == 0);
        receive_remove(i);
        if (m.what.bytes <= r->capacity)
            return 0;
    }
    model.messages[model.message_count++] = m;
    return 0;
}

static int post(void)
{
    struct match_sink sink = {0};
    struct model_receive *r = model.places;
    int at;

    if (model.receive_count == LIVE_MAX)
        return 0;
    while (model.used[r - model.places])
        r++;
    memset(r->buffer, 0, sizeof r->buffer);
    r->filter = random_filter();
    r->capacity = pick(4) ? BYTES_MAX : pick(BYTES_MAX);
    sink.buffer = r->buffer;
    sink.capacity = r->capacity;
    FAKE_CHECK(match_irecv(&r->filter, &sink, &r->request) == 0);
    at = first_message(&r->filter);
    if (at < 0) {
        FAKE_CHECK(!match_complete(r->request));
        model.used[r - model.places] = true;
        model.receives[model.receive_count++] = r;
        return 0;
    }
    FAKE_CHECK(check_met(r, &model.messages[at]) == 0);
    if (model.messages[at].what.bytes <= r->capacity)
        message_remove(at);
    return 0;
}

static int cancel(void)
{
    struct match_result result;
    int at;

    if (!model.receive_count)
        return 0;
    at = (int)pick((unsigned)model.receive_count);
    FAKE_CHECK(!match_complete(model.receives[at]->request));
    FAKE_CHECK(match_cancel(model.receives[at]->request) == 0);
    FAKE_CHECK(match_finish(model.receives[at]->request, &result) == 0 && result.cancelled);
    receive_remove(at);
    return 0;
}

static int probe(void)
{
    struct match_filter filter = random_filter();
    int at = first_message(&filter), id;
    bool take = pick(2), found;
    struct dvm_message *message = NULL;
    struct match_result result;
    uint8_t buffer[BYTES_MAX];
    struct match_sink sink = {.buffer = buffer, .capacity = 3};

    FAKE_CHECK(match_probe(&filter, false, take, 0, &found, &message, &result) == 0);
    FAKE_CHECK(found == (at >= 0));
    if (!found)
        return 0;
    FAKE_CHECK(result.bytes == model.messages[at].what.bytes);
    FAKE_CHECK(result.source == model.messages[at].what.source);
    if (!take)
        return 0;
    FAKE_CHECK(match_mrecv(&message, &sink, &result) == DVM_ERR_TRUNCATE);
    sink.capacity = sizeof buffer;
    FAKE_CHECK(match_mrecv(&message, &sink, &result) == 0);
    memcpy(&id, buffer, sizeof id);
    FAKE_CHECK(id == model.messages[at].id);
    message_remove(at);
    return 0;
}

static int play(const struct fake_task *me)
{
    model.seed = *(uint64_t *)me->arg;
    /* the sources are made up: the daemon, if it were asked, would say so */
    for (int i = 0; i < SOURCES; i++)
        stream_of(DVM_TID_MAKE(9, 1 + i))->watched = true;
    for (int i = 0; i < STEPS; i++) {
        /* the weights move, so that either queue becomes deep at times */
        unsigned lean = (unsigned)(i / 1000) % 3, what = pick(20);

        model.tags = (i / 3000) % 2 ? TAGS_MANY : TAGS_FEW;
        if (what < 6 + 3 * (lean == 1))
            FAKE_CHECK(arrive() == 0);
        else if (what < 15 + 2 * (lean == 2))
            FAKE_CHECK(post() == 0);
        else if (what == 18)
            FAKE_CHECK(cancel() == 0);
        else
            FAKE_CHECK(probe() == 0);
    }
    while (model.receive_count)
        FAKE_CHECK(cancel() == 0);
    return 0;
}

Test(model, agrees_with_the_matcher)
{
    uint64_t seed = fake_seed("agrees_with_the_matcher");

    cr_assert_eq(fake_run(1, play, &seed, NULL), 0);
}

/* ---- deep queues ------------------------------------------------------------------ */

#define DEEP 10000
#define DEEP_SECONDS 10.0 /* of processor time */

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Neither deep queue makes an exact receive slow. */
static int deep(const struct fake_task *me)
{
    static struct dvm_request *posted[DEEP];
    struct match_filter filter = {.context = 2, .source = me->tids[0]};
    double begun = processor_seconds();
    int value;
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};

    for (int i = 0; i < DEEP; i++)
        FAKE_CHECK(match_send(MATCH_STANDARD, 2, me->tids[0], i, &i, sizeof i, 0, 0, 0) == 0);
    for (int i = DEEP - 1; i >= 0; i--) {
        filter.tag = i;
        FAKE_CHECK(match_recv(&filter, &sink, NULL) == 0 && value == i);
    }
    for (int i = 0; i < DEEP; i++) {
        filter.tag = i;
        FAKE_CHECK(match_irecv(&filter, &sink, &posted[i]) == 0);
    }
    for (int i = DEEP - 1; i >= 0; i--) {
        FAKE_CHECK(match_send(MATCH_STANDARD, 2, me->tids[0], i, &i, sizeof i, 0, 0, 0) == 0);
        FAKE_CHECK(value == i && match_complete(posted[i]));
        FAKE_CHECK(match_finish(posted[i], NULL) == 0);
    }
    FAKE_CHECK(processor_seconds() - begun < DEEP_SECONDS);
    return 0;
}

Test(model, deep_queues)
{
    cr_assert_eq(fake_run(1, deep, NULL, NULL), 0);
}
