/* flow.c: the reliable flow under loss, doubling, reordering and resets, in virtual
 * time. Protects: every frame arrives once and in order, whatever the path does, the
 * window holds, and nothing stays pending. Each random run prints its seed. */
#include "daemon/links/flow.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES 5000
#define FLIGHT_MAX 20000
#define HOURS_MS 3600000

struct flying {
    uint64_t at; /* ms: when it arrives */
    bool used, ack;
    uint64_t seq, got, early;
    uint32_t value;
};

struct path {
    struct flow a, b; /* a sends to b */
    struct flying flights[FLIGHT_MAX];
    uint64_t now;
    unsigned random;
    int loss, twice, jitter; /* percent, percent, ms */
    uint32_t delivered;
    size_t most_unacked;
};

static unsigned draw(struct path *p, unsigned below)
{
    p->random = p->random * 1103515245u + 12345u;
    return (p->random >> 8) % below;
}

static void launch(struct path *p, struct flying f)
{
    int copies = 1;

    if ((int)draw(p, 100) < p->loss)
        return;
    if ((int)draw(p, 100) < p->twice)
        copies = 2;
    for (int i = 0; i < FLIGHT_MAX && copies > 0; i++)
        if (!p->flights[i].used) {
            f.used = true;
            f.at = p->now + 1 + draw(p, (unsigned)p->jitter + 1);
            p->flights[i] = f;
            copies--;
        }
}

static uint32_t value_of(const struct flow_frame *f)
{
    uint32_t value;

    memcpy(&value, f->data, sizeof value);
    return value;
}

static void pump(struct path *p)
{
    const struct flow_frame *f;
    int budget = 300;

    while (budget-- > 0 && (f = flow_peek(&p->a)) != NULL) {
        struct flying x = {.seq = f->seq, .value = value_of(f)};

        launch(p, x);
        flow_sent(&p->a, p->now);
    }
    if (p->a.unacked > p->most_unacked)
        p->most_unacked = p->a.unacked;
}

static void deliver(struct path *p, uint32_t value)
{
    cr_assert_eq(value, p->delivered + 1, "frame %u came after %u", value, p->delivered);
    p->delivered = value;
}

static void arrive(struct path *p, const struct flying *x)
{
    struct flow_frame *f;

    if (x->ack) {
        flow_ack(&p->a, p->now, x->got, x->early);
        return;
    }
    switch (flow_check(&p->b, p->now, x->seq, sizeof x->value)) {
    case FLOW_NEXT:
        deliver(p, x->value);
        while ((f = flow_early(&p->b, p->now)) != NULL) {
            deliver(p, value_of(f));
            free(f);
        }
        break;
    case FLOW_EARLY:
        f = flow_frame_create(sizeof x->value);
        f->seq = x->seq;
        memcpy(f->data, &x->value, sizeof x->value);
        flow_keep(&p->b, f);
        break;
    case FLOW_DROP:
        break;
    }
}

static void step(struct path *p)
{
    p->now++;
    for (int i = 0; i < FLIGHT_MAX; i++)
        if (p->flights[i].used && p->flights[i].at <= p->now) {
            p->flights[i].used = false;
            arrive(p, &p->flights[i]);
        }
    if (flow_ack_due(&p->b, p->now)) {
        struct flying x = {.ack = true, .got = p->b.got, .early = flow_gap(&p->b)};

        launch(p, x);
        flow_ack_sent(&p->b, true);
    }
    flow_tick(&p->a, p->now);
    pump(p);
}

static void push(struct path *p, uint32_t value, size_t bytes)
{
    struct flow_frame *f = flow_frame_create(bytes);

    memcpy(f->data, &value, sizeof value);
    flow_push(&p->a, f);
}

static struct path *path_new(unsigned seed, size_t window)
{
    struct path *p = calloc(1, sizeof *p);

    p->random = seed;
    p->now = 1000;
    flow_init(&p->a, window);
    flow_init(&p->b, window);
    return p;
}

static void path_free(struct path *p)
{
    flow_free(&p->a);
    flow_free(&p->b);
    free(p);
}

static void run(struct path *p, uint32_t frames, int reset_every)
{
    uint32_t pushed = 0;

    while (p->delivered < frames || p->a.bytes > 0) {
        for (int i = 0; i < 20 && pushed < frames; i++)
            push(p, ++pushed, 100);
        if (reset_every && draw(p, (unsigned)reset_every) == 0) {
            memset(p->flights, 0, sizeof p->flights);
            flow_rewind(&p->a, p->now);
        }
        step(p);
        cr_assert(p->now < HOURS_MS, "it never ends: %u of %u", p->delivered, frames);
    }
    cr_assert_eq(p->delivered, frames);
    cr_assert_null(p->b.early);
}

Test(flow, a_clean_path_resends_nothing)
{
    struct path *p = path_new(1, 0);

    run(p, FRAMES, 0);
    cr_assert_eq(p->a.resent, 0);
    cr_assert_eq(p->b.duplicates, 0);
    cr_assert_eq(flow_deadline(&p->a), FLOW_NEVER);
    path_free(p);
}

Test(flow, weather)
{
    static const struct {
        int loss, twice, jitter, reset;
    } weather[] = {{1, 0, 0, 0},   {20, 0, 5, 0},   {0, 30, 20, 0},  {0, 0, 200, 0},
                   {5, 5, 30, 400}, {0, 0, 3, 100}, {50, 10, 50, 0}, {2, 2, 2, 50}};
    unsigned seed = getenv("DVM_TEST_SEED") ? (unsigned)atoi(getenv("DVM_TEST_SEED"))
                                            : (unsigned)time(NULL);

    printf("flow: seed %u\n", seed);
    for (size_t i = 0; i < sizeof weather / sizeof weather[0]; i++)
        for (int windowed = 0; windowed < 2; windowed++) {
            struct path *p = path_new(seed + (unsigned)i, windowed ? 20000 : 0);

            p->loss = weather[i].loss;
            p->twice = weather[i].twice;
            p->jitter = weather[i].jitter;
            run(p, FRAMES / 5, weather[i].reset);
            cr_assert(!windowed || p->most_unacked <= 20000);
            path_free(p);
        }
}

Test(flow, the_window_holds_back_and_opens)
{
    struct path *p = path_new(1, 1000);

    for (uint32_t i = 1; i <= 30; i++)
        push(p, i, 100);
    pump(p);
    cr_assert_eq(p->a.unacked, 1000);
    cr_assert_null(flow_peek(&p->a));
    flow_ack(&p->a, p->now, 4, 0);
    cr_assert_eq(flow_peek(&p->a)->seq, 11);
    pump(p);
    cr_assert_eq(p->a.unacked, 1000);
    cr_assert_eq(p->a.bytes, 2600);
    path_free(p);
}

Test(flow, one_frame_larger_than_the_window_still_goes)
{
    struct path *p = path_new(1, 50);

    push(p, 1, 100);
    push(p, 2, 100);
    cr_assert_eq(flow_peek(&p->a)->seq, 1);
    flow_sent(&p->a, p->now);
    cr_assert_null(flow_peek(&p->a));
    path_free(p);
}

Test(flow, acknowledgements_that_cannot_be_are_ignored)
{
    struct path *p = path_new(1, 0);

    push(p, 1, 100);
    flow_ack(&p->a, p->now, 1, 0); /* it was not sent */
    cr_assert_eq(p->a.bytes, 100);
    pump(p);
    flow_ack(&p->a, p->now, UINT64_MAX, UINT64_MAX);
    cr_assert_eq(p->a.bytes, 100);
    flow_ack(&p->a, p->now, 1, 0);
    flow_ack(&p->a, p->now, 0, 1);
    cr_assert_eq(p->a.bytes, 0);
    cr_assert_null(p->a.head);
    path_free(p);
}

Test(flow, a_gap_is_filled_once)
{
    struct path *p = path_new(1, 0);

    for (uint32_t i = 1; i <= 10; i++)
        push(p, i, 100);
    pump(p);
    flow_ack(&p->a, p->now, 2, 6); /* 3, 4 and 5 are missing */
    for (uint64_t seq = 3; seq <= 5; seq++) {
        cr_assert_eq(flow_peek(&p->a)->seq, seq);
        flow_sent(&p->a, p->now);
    }
    cr_assert_null(flow_peek(&p->a));
    flow_ack(&p->a, p->now + 1, 2, 6);
    cr_assert_null(flow_peek(&p->a), "not again at once");
    flow_ack(&p->a, p->now + FLOW_FILL_MS, 2, 6);
    cr_assert_eq(flow_peek(&p->a)->seq, 3);
    path_free(p);
}

Test(flow, resends_back_off_and_recover)
{
    struct path *p = path_new(1, 0);
    uint64_t first;

    push(p, 1, 100);
    pump(p);
    first = flow_deadline(&p->a);
    cr_assert_eq(first, p->now + FLOW_RESEND_FIRST_MS);
    p->now = first;
    flow_tick(&p->a, p->now);
    cr_assert_eq(flow_peek(&p->a)->seq, 1);
    flow_sent(&p->a, p->now);
    cr_assert_eq(flow_deadline(&p->a), p->now + 2 * FLOW_RESEND_FIRST_MS);
    flow_ack(&p->a, p->now, 1, 0);
    cr_assert_eq(flow_deadline(&p->a), FLOW_NEVER);
    path_free(p);
}
