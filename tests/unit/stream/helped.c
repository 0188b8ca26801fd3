/* helped.c: senders that help with the copy of their messages (lane/both.h), through the whole
 * of streams and matching: every message arrives whole and in order, in both directions at once,
 * from senders that look whenever they like; and who is killed meanwhile ends the other's wait. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "match/match.h"
#include "stream/stream.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/full_size.h"

#define CONTEXT UINT64_C(0x4000100000002)
#define MOST ((size_t)1 << 20)
#define WINDOW 4

static uint8_t *in, *out; /* WINDOW messages of MOST bytes each */

struct counts {
    _Atomic unsigned helped, went;
};

static int messages(void)
{
    return full_size() ? 5000 : 80;
}

/* Of all sizes, half of them short: those have a piece for each of the two. */
static size_t size_of(int i)
{
    if (i % 8 == 0)
        return MOST;
    return BOTH_LEAST / 2 + (size_t)i * 77773 % (i % 2 ? 4 * BOTH_LEAST : MOST - BOTH_LEAST / 2);
}

static void fill(uint8_t *bytes, int rank, int i)
{
    uint64_t value = (uint64_t)i * 1000003 + (uint64_t)rank * 7;

    for (size_t k = 0; k + sizeof value <= size_of(i); k += sizeof value, value += 3)
        memcpy(bytes + k, &value, sizeof value);
}

static bool filled(const uint8_t *bytes, int rank, int i)
{
    uint64_t value = (uint64_t)i * 1000003 + (uint64_t)rank * 7;

    for (size_t k = 0; k + sizeof value <= size_of(i); k += sizeof value, value += 3)
        if (memcmp(bytes + k, &value, sizeof value) != 0)
            return false;
    return true;
}

/* Wait for it as a task that spins does. */
static int finish(struct counts *counts, struct dvm_request *r, uint64_t *seed)
{
    while (!match_complete(r)) {
        if (stream_told && fake_random(seed) % 4 && stream_help())
            counts->helped++;
        if (match_progress())
            return dvm_fail(DVM_ERR_LOST_DAEMON, "no progress");
    }
    return match_finish(r, NULL);
}

/* One round: WINDOW messages each way. */
static int round_of(const struct fake_task *me, int first, uint64_t *seed)
{
    struct dvm_request *requests[2 * WINDOW];
    int peer = me->tids[!me->rank], rc = 0;

    for (int i = 0; i < WINDOW; i++) {
        struct match_filter filter = {.context = CONTEXT, .source = peer, .tag = first + i};
        struct match_sink sink = {.buffer = in + (size_t)i * MOST, .capacity = MOST};

        rc = rc ? rc : match_irecv(&filter, &sink, &requests[i]);
    }
    for (int i = 0; i < WINDOW && !rc; i++) {
        uint8_t *bytes = out + (size_t)i * MOST;

        fill(bytes, me->rank, first + i);
        rc = match_isend(MATCH_STANDARD, CONTEXT, peer, first + i, bytes, size_of(first + i), 0, 0,
                         0, &requests[WINDOW + i]);
    }
    for (int i = 0; i < 2 * WINDOW && !rc; i++)
        rc = finish(me->arg, requests[i], seed);
    return rc;
}

static void make_buffers(void)
{
    in = malloc(WINDOW * MOST);
    out = malloc(WINDOW * MOST);
    cr_assert(in && out);
}

static int both_ways(const struct fake_task *me)
{
    struct counts *counts = me->arg;
    uint64_t seed = fake_seed("both_ways");

    make_buffers();
    for (int first = 0; first < messages(); first += WINDOW) {
        FAKE_CHECK(round_of(me, first, &seed) == 0);
        for (int i = 0; i < WINDOW; i++)
            FAKE_CHECK(filled(in + (size_t)i * MOST, !me->rank, first + i));
        counts->went++;
    }
    free(in);
    free(out);
    return 0;
}

static struct counts *counts_make(void)
{
    struct counts *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                            -1, 0);

    cr_assert_neq(c, MAP_FAILED);
    return c;
}

Test(helped, both_ways)
{
    static const char *const ways[] = {"always", "auto"};

    for (int i = 0; i < 2; i++) {
        struct counts *counts = counts_make();

        setenv("DVM_SINGLE_COPY", ways[i], 1);
        cr_assert_eq(fake_run(2, both_ways, counts, NULL), 0, "DVM_SINGLE_COPY=%s", ways[i]);
        cr_log_info("%s: helped with %u of %u rounds", ways[i], counts->helped, counts->went);
    }
}

/* Until the peer is dead, which either of the two may be. */
static int until_dead(const struct fake_task *me)
{
    struct counts *counts = me->arg;
    uint64_t seed = fake_seed("until_dead");
    int first = 0, rc;

    make_buffers();
    do {
        rc = round_of(me, first, &seed);
        if (!rc)
            for (int i = 0; i < WINDOW; i++)
                FAKE_CHECK(filled(in + (size_t)i * MOST, !me->rank, first + i));
        first += WINDOW;
        counts->went++;
    } while (!rc);
    FAKE_CHECK(rc == DVM_ERR_TASK_GONE);
    FAKE_CHECK(strstr(dvm_last_error(), "has ended: killed by signal 9") != NULL);
    return 0;
}

Test(helped, one_is_killed, .timeout = 900)
{
    uint64_t seed = fake_seed("one_is_killed");

    setenv("DVM_SINGLE_COPY", "always", 1);
    for (int i = 0; i < (full_size() ? 500 : 10); i++) {
        struct counts *counts = counts_make();
        struct fake_options options = {.kill = true, .kill_rank = i % 2,
                                       .kill_us = fake_random(&seed) % 20000,
                                       .when = &counts->went, .reached = 4};

        cr_assert_eq(fake_run(2, until_dead, counts, &options), 0, "after %u us",
                     options.kill_us);
    }
}

/* A context that is revoked gives the buffers back at once: nothing is written there any more. */
static int revoked(const struct fake_task *me)
{
    uint64_t seed = fake_seed("revoked");
    int peer = me->tids[!me->rank], done = 0;
    struct counts *counts = me->arg;

    make_buffers();
    for (int i = 0; i < (full_size() ? 1000 : 60); i++) {
        uint64_t context = CONTEXT + 2 * (uint64_t)(i + 1);
        struct match_filter filter = {.context = context, .source = peer, .tag = 1};
        struct match_filter next = {.context = CONTEXT, .source = peer, .tag = 2};
        struct match_sink sink = {.buffer = in, .capacity = MOST};
        struct match_sink note = {.buffer = &done, .capacity = sizeof done};
        struct dvm_request *r;

        if (me->rank == 0) {
            FAKE_CHECK(match_isend(MATCH_STANDARD, context, peer, 1, out, MOST, 0, 0, 0, &r) == 0);
            while (!match_complete(r)) {
                stream_help();
                FAKE_CHECK(match_progress() == 0);
            }
            match_finish(r, NULL);
            FAKE_CHECK(match_recv(&next, &note, NULL) == 0);
            continue;
        }
        FAKE_CHECK(match_irecv(&filter, &sink, &r) == 0);
        for (uint32_t turns = fake_random(&seed) % 1000; turns; turns--)
            FAKE_CHECK(match_progress() == 0);
        match_revoke(context, DVM_ERR_REVOKED, "it is revoked");
        counts->went += match_finish(r, NULL) != 0;
        memset(in, 0xdd, MOST);
        FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, peer, 2, &done, sizeof done, 0, 0, 0) == 0);
        for (size_t k = 0; k < MOST; k += 64)
            FAKE_CHECK(in[k] == 0xdd);
    }
    return 0;
}

Test(helped, revoked_receives_are_written_to_no_more, .timeout = 300)
{
    struct counts *counts = counts_make();

    setenv("DVM_SINGLE_COPY", "always", 1);
    cr_assert_eq(fake_run(2, revoked, counts, NULL), 0);
    cr_log_info("%u were under way", counts->went);
}
