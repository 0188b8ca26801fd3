/* depth.c [MESSAGES]: what matching costs when much waits. A plain program whose
 * functions count_NAME are counted by callgrind (tests/system/depth.sh): each matches
 * MESSAGES messages (10,000), after the same was done once, so that memory is there.
 * No lane takes part: messages are handed to the matcher as if they had just come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match/request.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT 2
#define PART 100 /* sources, or contexts, that messages are spread over */
#define SOURCE DVM_TID_MAKE(9, 1)
#ifdef __clang__ /* which makes no copies of functions that it may not inline */
#define COUNTED __attribute__((noinline)) static void
#else
#define COUNTED __attribute__((noinline, noclone)) static void
#endif

static int total = 10000;
static int *forward, *backward, *shuffled;
static struct dvm_request **posted;
static int value;
static long wrong; /* messages that were not what they should be */

/* The filter of message number i of total, or of the receive that wants it. */
typedef struct match_filter filter_f(int i);

static struct match_filter by_tag(int i)
{
    return (struct match_filter){.context = CONTEXT, .source = SOURCE, .tag = i};
}

static int part(int i)
{
    return (int)((long)i * PART / total);
}

static struct match_filter by_source(int i)
{
    return (struct match_filter){.context = CONTEXT, .source = SOURCE + part(i), .tag = i};
}

static struct match_filter by_context(int i)
{
    return (struct match_filter){.context = CONTEXT + 2 * (uint64_t)part(i), .source = SOURCE,
                                 .tag = i};
}

static struct match_filter any_source(int i)
{
    return (struct match_filter){.context = CONTEXT, .source = DVM_ANY, .tag = i};
}

static struct match_filter any_tag(int i)
{
    struct match_filter f = by_source(i);

    f.tag = DVM_ANY;
    return f;
}

static struct match_filter any(int i)
{
    struct match_filter f = by_context(i);

    f.source = f.tag = DVM_ANY;
    return f;
}

static void arrive(filter_f *row, int i)
{
    struct match_filter f = row(i);
    struct incoming in = {.whole = true, .payload = (uint8_t *)&i};

    in.what = (struct match_result){.context = f.context, .source = f.source, .tag = f.tag,
                                    .bytes = sizeof i};
    wrong += !deliver_arrival(&in);
}

static struct dvm_request *post(filter_f *row, int i)
{
    struct match_filter f = row(i);
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};
    struct dvm_request *r = NULL;

    wrong += match_irecv(&f, &sink, &r) != 0;
    return r;
}

/* Finish a receive of a message of this row. */
static void finish(struct dvm_request *r, filter_f *row, int i, bool exact)
{
    struct match_filter f = row(i);
    struct match_result result = {.tag = -2};

    wrong += !match_complete(r) || match_finish(r, &result) != 0;
    wrong += result.context != f.context || result.source != f.source;
    wrong += exact && (result.tag != i || value != i);
}

/* ---- one after the other: nothing waits ---------------------------------------- */

static void empty_posted(void)
{
    for (int i = 0; i < total; i++) {
        struct dvm_request *r = post(by_tag, i);

        arrive(by_tag, i);
        finish(r, by_tag, i, true);
    }
}

static void empty_unexpected(void)
{
    for (int i = 0; i < total; i++) {
        arrive(by_tag, i);
        finish(post(by_tag, i), by_tag, i, true);
    }
}

/* ---- all at once ----------------------------------------------------------------- */

/* All receives are posted, then the messages come in this order. */
static void deep_posted(const int *order)
{
    for (int i = 0; i < total; i++)
        posted[i] = post(by_tag, i);
    for (int i = 0; i < total; i++) {
        arrive(by_tag, order[i]);
        finish(posted[order[i]], by_tag, order[i], true);
    }
}

/* All messages come, then they are received in this order. */
static void deep_unexpected(filter_f *row, filter_f *wanted, const int *order, bool exact)
{
    for (int i = 0; i < total; i++)
        arrive(row, i);
    for (int i = 0; i < total; i++)
        finish(post(wanted, order[i]), row, order[i], exact);
}

static bool nothing(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    return false;
}

/* Some receives with wildcards stand before and between the others, and fit nothing. */
static void few_wildcards(const int *order)
{
    struct match_filter filters[] = {
        {.context = CONTEXT, .source = DVM_ANY, .tag = total},
        {.context = CONTEXT, .source = SOURCE + 1, .tag = DVM_ANY},
        {.context = CONTEXT + 2, .source = DVM_ANY, .tag = DVM_ANY},
        {.any_context = true, .source = DVM_ANY, .tag = total},
        {.context = CONTEXT, .source = DVM_ANY, .tag = DVM_ANY, .accept = nothing},
    };
    enum { FILTERS = sizeof filters / sizeof filters[0] };
    struct dvm_request *waiting[FILTERS];
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};

    for (int i = 0; i < FILTERS; i++)
        wrong += match_irecv(&filters[i], &sink, &waiting[i]) != 0;
    deep_posted(order);
    for (int i = 0; i < FILTERS; i++) {
        match_cancel(waiting[i]);
        match_finish(waiting[i], NULL);
    }
}

/* ---- what is counted ----------------------------------------------------------------- */

#define COUNT(name, call)          \
    COUNTED count_##name(void)     \
    {                              \
        call;                      \
    }
#define ROWS(row)                                                                     \
    row(posted_empty, empty_posted())                                                 \
    row(unexpected_empty, empty_unexpected())                                         \
    row(posted_forward, deep_posted(forward))                                         \
    row(posted_backward, deep_posted(backward))                                       \
    row(posted_shuffled, deep_posted(shuffled))                                       \
    row(unexpected_forward, deep_unexpected(by_tag, by_tag, forward, true))           \
    row(unexpected_backward, deep_unexpected(by_tag, by_tag, backward, true))         \
    row(unexpected_shuffled, deep_unexpected(by_tag, by_tag, shuffled, true))         \
    row(wildcards_posted, few_wildcards(backward))                                    \
    row(wildcards_source, deep_unexpected(by_tag, any_source, backward, true))        \
    row(wildcards_tag, deep_unexpected(by_source, any_tag, backward, false))          \
    row(wildcards_both, deep_unexpected(by_context, any, backward, false))

ROWS(COUNT)

static void row(const char *name, void (*count)(void))
{
    printf("%s\n", name);
    count();
}

static int play(const struct fake_task *me)
{
    uint64_t seed = fake_seed("depth");

    /* the sources are made up: the daemon, if it were asked, would say so */
    for (int i = 0; i < PART; i++)
        stream_of(SOURCE + i)->watched = true;
    for (int i = 0; i < total; i++) {
        int other = (int)(fake_random(&seed) % (unsigned)(i + 1));

        forward[i] = i;
        backward[i] = total - 1 - i;
        shuffled[i] = shuffled[other];
        shuffled[other] = i;
    }
#define WARM(name, call) call;
    ROWS(WARM)
#define RUN(name, call) row(#name, count_##name);
    ROWS(RUN)
    FAKE_CHECK(wrong == 0);
    return 0;
}

int main(int argc, char **argv)
{
    struct fake_options o = {.seconds = 250};

    if (argc > 1)
        total = atoi(argv[1]);
    forward = calloc(3 * (size_t)total, sizeof *forward);
    posted = calloc((size_t)total, sizeof(struct dvm_request *));
    if (total < 1 || !forward || !posted)
        return 2;
    backward = forward + total;
    shuffled = backward + total;
    if (fake_run(1, play, NULL, &o))
        return 1;
    free(forward);
    free(posted);
    return 0;
}
