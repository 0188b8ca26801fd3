/* match.c: messages between tasks over a fake daemon: every size around the
 * limits, both lanes, order, credit, probes, errors. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/daemon_link.h"
#include "match/match.h"
#include "proto/control.h"
#include "stream/stream.h"
#include "tests/support/fake_daemon.h"

#define CONTEXT UINT64_C(0x4000100000002)

static const struct fake_options shm, relay = {.lanes = "relay"}, hosts = {.hosts = 2};

static int send_bytes(enum match_mode mode, int dest, int tag, const void *buffer, size_t bytes)
{
    return match_send(mode, CONTEXT, dest, tag, buffer, bytes, 0, 0, 0);
}

static int recv_bytes(int source, int tag, void *buffer, size_t capacity,
                      struct match_result *result)
{
    struct match_filter filter = {.context = CONTEXT, .source = source, .tag = tag};
    struct match_sink sink = {.buffer = buffer, .capacity = capacity};

    return match_recv(&filter, &sink, result);
}

static struct dvm_request *post(int source, int tag, void *buffer, size_t capacity)
{
    struct match_filter filter = {.context = CONTEXT, .source = source, .tag = tag};
    struct match_sink sink = {.buffer = buffer, .capacity = capacity};
    struct dvm_request *request;

    return match_irecv(&filter, &sink, &request) ? NULL : request;
}

static int finish(struct dvm_request *request, struct match_result *result)
{
    size_t index;
    int rc = match_wait_any(1, &request, 100, &index);

    return rc ? rc : match_finish(request, result);
}

static void fill(uint8_t *bytes, size_t size, unsigned salt)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251 + salt);
}

static bool filled(const uint8_t *bytes, size_t size, unsigned salt)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (uint8_t)(i * 31 + i / 251 + salt))
            return false;
    return true;
}

static bool never(void *arg)
{
    return false;
}

/* ---- sizes ------------------------------------------------------------------- */

static const size_t sizes[] = {0, 1, 8, 63, 64, 65, 127, 128, 1000, 4095, 4096, 32, 33,
                               16383, 16384, 16385, 32703, 32704, 32705, 63 * 1024 - 1, 63 * 1024,
                               63 * 1024 + 1, 65471, 65472, 65473, 65535, 65536, 65537, 131072,
                               1048575, 1048576, 1048577, 5000000};
#define SIZES (sizeof sizes / sizeof sizes[0])
#define MOST 5000000

static int all_sizes(const struct fake_task *me)
{
    static const enum match_mode modes[] = {MATCH_STANDARD, MATCH_BUFFERED, MATCH_SYNC};
    uint8_t *buffer = malloc(MOST + 1);
    int peer = me->tids[!me->rank];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SIZES; i++) {
            struct match_result result;

            if (me->rank == 0) {
                fill(buffer, sizes[i], (unsigned)i);
                FAKE_CHECK(send_bytes(modes[round], peer, (int)i, buffer, sizes[i]) == 0);
            } else {
                memset(buffer, 0xee, MOST + 1);
                FAKE_CHECK(recv_bytes(round == 1 ? DVM_ANY : peer, round == 2 ? DVM_ANY : (int)i,
                                      buffer, sizes[i], &result) == 0);
                FAKE_CHECK(result.source == peer && result.tag == (int)i);
                FAKE_CHECK(result.bytes == sizes[i] && filled(buffer, sizes[i], (unsigned)i));
                FAKE_CHECK(buffer[sizes[i]] == 0xee);
            }
        }
    }
    free(buffer);
    return 0;
}

Test(match, all_sizes_shm)
{
    static const char *const ways[] = {"auto", "always", "never"};
    static const uint32_t shares[] = {0, FAKE_SHARE_MIDDLE, FAKE_SHARE_NONE};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct fake_options options = shm;

        options.share = shares[i];
        setenv("DVM_SINGLE_COPY", ways[i], 1);
        cr_assert_eq(fake_run(2, all_sizes, NULL, &options), 0, "DVM_SINGLE_COPY=%s", ways[i]);
        setenv("DVM_SINGLE_COPY", "never", 1);
        cr_assert_eq(fake_run(2, all_sizes, NULL, &options), 0, "a share of %u", shares[i]);
    }
}

/* Messages of all lengths between more pairs than there are slots. */
static int all_pairs(const struct fake_task *me)
{
    static uint8_t buffer[3000], other[3000];
    uint64_t seed = 1;

    for (int round = 0; round < 10; round++) {
        for (int step = 1; step < me->count; step++) {
            int to = me->tids[(me->rank + step) % me->count];
            int from = me->tids[(me->rank - step + me->count) % me->count];
            size_t size = fake_random(&seed) % sizeof buffer;
            struct dvm_request *request = post(from, round, other, sizeof other);
            struct match_result result;

            fill(buffer, size, (unsigned)me->rank);
            FAKE_CHECK(request && send_bytes(MATCH_STANDARD, to, round, buffer, size) == 0);
            FAKE_CHECK(finish(request, &result) == 0);
            FAKE_CHECK(result.bytes == size &&
                       filled(other, size, (unsigned)((me->rank - step + me->count) % me->count)));
        }
    }
    return 0;
}

Test(match, all_pairs_share_few_slots)
{
    static const uint32_t shares[] = {0, FAKE_SHARE_MIDDLE, FAKE_SHARE_NONE};

    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        struct fake_options options = shm;

        options.share = shares[i];
        cr_assert_eq(fake_run(8, all_pairs, NULL, &options), 0, "a share of %u", shares[i]);
    }
}

Test(match, all_sizes_relay)
{
    cr_assert_eq(fake_run(2, all_sizes, NULL, &relay), 0);
}

Test(match, all_sizes_between_hosts)
{
    cr_assert_eq(fake_run(2, all_sizes, NULL, &hosts), 0);
}

/* ---- both ways at once ----------------------------------------------------------- */

#define HUGE_BYTES ((size_t)100 << 20)

static int both_bsend(const struct fake_task *me)
{
    uint8_t *out = malloc(HUGE_BYTES), *in = malloc(HUGE_BYTES);
    int peer = me->tids[!me->rank];

    fill(out, HUGE_BYTES, (unsigned)me->rank);
    FAKE_CHECK(send_bytes(MATCH_BUFFERED, peer, 1, out, HUGE_BYTES) == 0);
    memset(out, 0, HUGE_BYTES);
    FAKE_CHECK(recv_bytes(peer, 1, in, HUGE_BYTES, NULL) == 0);
    FAKE_CHECK(filled(in, HUGE_BYTES, (unsigned)!me->rank));
    free(in);
    free(out);
    return 0;
}

Test(match, both_send_100_mib_buffered)
{
    cr_assert_eq(fake_run(2, both_bsend, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, both_bsend, NULL, &relay), 0);
}

/* ---- floods ------------------------------------------------------------------------ */

#define FLOOD 30000

static int flood(const struct fake_task *me)
{
    uint8_t bytes[200];

    if (me->rank == 0) {
        for (int i = 0; i < FLOOD; i++) {
            memcpy(bytes, &i, sizeof i);
            FAKE_CHECK(send_bytes(MATCH_BUFFERED, me->tids[1], 1, bytes, sizeof bytes) == 0);
        }
        FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[1], 2, "end", 3) == 0);
        return 0;
    }
    /* what is waited for stands behind everything else */
    FAKE_CHECK(recv_bytes(me->tids[0], 2, bytes, sizeof bytes, NULL) == 0);
    for (int i = 0; i < FLOOD; i++) {
        int got;

        FAKE_CHECK(recv_bytes(me->tids[0], 1, bytes, sizeof bytes, NULL) == 0);
        memcpy(&got, bytes, sizeof got);
        FAKE_CHECK(got == i);
    }
    return 0;
}

Test(match, flood_arrives_in_order)
{
    cr_assert_eq(fake_run(2, flood, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, flood, NULL, &relay), 0);
}

/* ---- order and wildcards --------------------------------------------------------- */

static int wildcards(const struct fake_task *me)
{
    int value, root = me->tids[0];
    struct dvm_request *r[6];
    struct match_result result;
    int in[6];

    if (me->rank) {
        for (value = 0; value < 6; value++)
            FAKE_CHECK(send_bytes(MATCH_STANDARD, root, value % 3, &value, sizeof value) == 0);
        return 0;
    }
    /* the earliest posted receive that fits gets the earliest message that fits */
    r[0] = post(me->tids[1], 2, &in[0], sizeof(int));
    r[1] = post(DVM_ANY, 0, &in[1], sizeof(int));
    r[2] = post(me->tids[1], DVM_ANY, &in[2], sizeof(int));
    r[3] = post(DVM_ANY, DVM_ANY, &in[3], sizeof(int));
    r[4] = post(me->tids[1], 1, &in[4], sizeof(int));
    r[5] = post(DVM_ANY, 2, &in[5], sizeof(int));
    for (int i = 0; i < 6; i++) {
        FAKE_CHECK(finish(r[i], &result) == 0);
        FAKE_CHECK(result.source == me->tids[1] && result.tag == in[i] % 3);
    }
    FAKE_CHECK(in[0] == 2 && in[1] == 0 && in[2] == 1 && in[3] == 3 && in[4] == 4 && in[5] == 5);
    return 0;
}

Test(match, wildcards_keep_the_order)
{
    cr_assert_eq(fake_run(2, wildcards, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, wildcards, NULL, &relay), 0);
}

#define GATHERED 200

static int gather(const struct fake_task *me)
{
    int pair[2], next[8] = {0};

    if (me->rank) {
        for (int i = 0; i < GATHERED; i++) {
            pair[0] = me->rank;
            pair[1] = i;
            FAKE_CHECK(send_bytes(i % 7 ? MATCH_STANDARD : MATCH_SYNC, me->tids[0], i % 5, pair,
                                  sizeof pair) == 0);
        }
        return 0;
    }
    for (int i = 0; i < GATHERED * (me->count - 1); i++) {
        struct match_result result;

        FAKE_CHECK(recv_bytes(DVM_ANY, DVM_ANY, pair, sizeof pair, &result) == 0);
        FAKE_CHECK(result.source == me->tids[pair[0]] && pair[1] == next[pair[0]]);
        next[pair[0]]++;
    }
    return 0;
}

Test(match, gather_from_many)
{
    struct fake_options mixed = {.hosts = 2};

    cr_assert_eq(fake_run(6, gather, NULL, &shm), 0);
    cr_assert_eq(fake_run(6, gather, NULL, &mixed), 0);
}

/* ---- probes ------------------------------------------------------------------------- */

static int probes(const struct fake_task *me)
{
    struct match_filter filter = {.context = CONTEXT, .source = DVM_ANY, .tag = 5};
    uint8_t bytes[100000];
    struct match_sink sink = {.buffer = bytes, .capacity = sizeof bytes};
    struct dvm_message *message = NULL, *second = NULL;
    struct match_result result;
    bool found = true;

    if (me->rank) {
        FAKE_CHECK(recv_bytes(me->tids[0], 9, NULL, 0, NULL) == 0);
        fill(bytes, sizeof bytes, 1);
        FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[0], 5, bytes, 10) == 0);
        FAKE_CHECK(send_bytes(MATCH_BUFFERED, me->tids[0], 5, bytes, sizeof bytes) == 0);
        FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[0], 5, bytes, 11) == 0);
        return 0;
    }
    FAKE_CHECK(match_probe(&filter, false, false, 0, &found, NULL, NULL) == 0 && !found);
    FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[1], 9, NULL, 0) == 0);
    FAKE_CHECK(match_probe(&filter, true, false, 0, &found, NULL, &result) == 0 && found);
    FAKE_CHECK(result.bytes == 10 && result.source == me->tids[1]);
    FAKE_CHECK(match_probe(&filter, true, true, 0, &found, &message, &result) == 0);
    FAKE_CHECK(result.bytes == 10);
    FAKE_CHECK(match_probe(&filter, true, true, 0, &found, &second, &result) == 0);
    FAKE_CHECK(result.bytes == sizeof bytes);
    FAKE_CHECK(recv_bytes(DVM_ANY, 5, bytes, sizeof bytes, &result) == 0 && result.bytes == 11);
    sink.capacity = sizeof bytes - 1;
    FAKE_CHECK(match_mrecv(&second, &sink, &result) == DVM_ERR_TRUNCATE && second);
    sink.capacity = sizeof bytes;
    FAKE_CHECK(match_mrecv(&second, &sink, &result) == 0 && filled(bytes, sizeof bytes, 1));
    FAKE_CHECK(match_mrecv(&message, &sink, &result) == 0 && result.bytes == 10);
    FAKE_CHECK(!message && !second);
    return 0;
}

Test(match, probes_find_and_take)
{
    cr_assert_eq(fake_run(2, probes, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, probes, NULL, &relay), 0);
}

static bool wants_even(void *arg, int source, int tag, size_t bytes, uint32_t type)
{
    ++*(int *)arg;
    return tag % 2 == 0;
}

static int predicate(const struct fake_task *me)
{
    int asked = 0, value;
    struct match_filter filter = {.any_context = true, .source = DVM_ANY, .tag = DVM_ANY,
                                  .accept = wants_even, .accept_arg = &asked};
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};
    struct match_result result;

    if (me->rank) {
        for (value = 1; value < 9; value++)
            FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT + 2 * (uint64_t)(value / 4),
                                  me->tids[0], value, &value, sizeof value, 0, 0, 0) == 0);
        return 0;
    }
    for (int even = 2; even < 9; even += 2) {
        FAKE_CHECK(match_recv(&filter, &sink, &result) == 0);
        FAKE_CHECK(value == even && result.tag == even);
        FAKE_CHECK(result.context == CONTEXT + 2 * (uint64_t)(even / 4));
    }
    FAKE_CHECK(asked >= 8);
    filter.accept = NULL;
    for (int odd = 1; odd < 9; odd += 2)
        FAKE_CHECK(match_recv(&filter, &sink, &result) == 0 && value == odd);
    return 0;
}

Test(match, predicate_and_any_context)
{
    cr_assert_eq(fake_run(2, predicate, NULL, &shm), 0);
}

/* ---- failures of one receive ---------------------------------------------------------- */

static int truncation(const struct fake_task *me)
{
    static const size_t lengths[] = {1600, 200000};
    uint8_t bytes[200000];
    struct match_result result;
    char text[200];

    fill(bytes, sizeof bytes, 3);
    for (int i = 0; i < 2; i++) {
        struct dvm_request *posted;

        if (me->rank) {
            FAKE_CHECK(recv_bytes(me->tids[0], 1, NULL, 0, NULL) == 0);
            FAKE_CHECK(send_bytes(MATCH_BUFFERED, me->tids[0], 7, bytes, lengths[i]) == 0);
            FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[0], 7, "next", 4) == 0);
            continue;
        }
        /* posted before it comes, and again when it is there */
        posted = post(me->tids[1], 7, bytes, 800);
        FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[1], 1, NULL, 0) == 0);
        FAKE_CHECK(finish(posted, &result) == DVM_ERR_TRUNCATE && result.bytes == lengths[i]);
        FAKE_CHECK(recv_bytes(DVM_ANY, 7, bytes, 801, &result) == DVM_ERR_TRUNCATE);
        snprintf(text, sizeof text, "tid %#x sent %zu bytes, tag 7; this task posted 801 bytes",
                 me->tids[1], lengths[i]);
        FAKE_CHECK(strncmp(dvm_last_error(), text, strlen(text)) == 0);
        memset(bytes, 0, sizeof bytes);
        FAKE_CHECK(recv_bytes(me->tids[1], 7, bytes, sizeof bytes, &result) == 0);
        FAKE_CHECK(result.bytes == lengths[i] && filled(bytes, lengths[i], 3));
        FAKE_CHECK(recv_bytes(me->tids[1], 7, bytes, sizeof bytes, &result) == 0);
        FAKE_CHECK(result.bytes == 4 && memcmp(bytes, "next", 4) == 0);
    }
    return 0;
}

Test(match, truncation_leaves_the_message)
{
    cr_assert_eq(fake_run(2, truncation, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, truncation, NULL, &relay), 0);
}

/* Types: a sink that wants type 4, converts type 5 by adding one, refuses others. */
static int check_type(const struct match_sink *sink, struct match_result *message)
{
    if (message->type == 4)
        return DVM_OK;
    return message->type == 5 ? 1 : dvm_fail(DVM_ERR_TYPE, "type %u is none", message->type);
}

static int add_one(const struct match_sink *sink, const struct match_result *message,
                   const void *raw)
{
    for (size_t i = 0; i < message->bytes; i++)
        ((uint8_t *)sink->buffer)[i] = (uint8_t)(((const uint8_t *)raw)[i] + 1);
    return DVM_OK;
}

static int types(const struct fake_task *me)
{
    static const size_t lengths[] = {100, 300000};
    struct match_filter filter = {.context = CONTEXT, .source = DVM_ANY, .tag = DVM_ANY};
    uint8_t bytes[300000];
    struct match_sink sink = {.buffer = bytes, .capacity = sizeof bytes, .check = check_type,
                              .convert = add_one};

    for (int i = 0; i < 6; i++) {
        size_t length = lengths[i / 3];
        uint32_t type = 4 + (uint32_t)i % 3;

        if (me->rank) {
            fill(bytes, length, (unsigned)i);
            FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, me->tids[0], i, bytes, length, type,
                                  0, 0) == 0);
        } else if (type == 6) {
            FAKE_CHECK(match_recv(&filter, &sink, NULL) == DVM_ERR_TYPE);
            FAKE_CHECK(strcmp(dvm_last_error(), "type 6 is none") == 0);
            FAKE_CHECK(recv_bytes(DVM_ANY, i, bytes, sizeof bytes, NULL) == 0);
            FAKE_CHECK(filled(bytes, length, (unsigned)i));
        } else {
            FAKE_CHECK(match_recv(&filter, &sink, NULL) == 0);
            FAKE_CHECK(filled(bytes, length, (unsigned)i + (type == 5)));
        }
    }
    return 0;
}

Test(match, types_are_asked_and_converted)
{
    cr_assert_eq(fake_run(2, types, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, types, NULL, &relay), 0);
}

static int cancel(const struct fake_task *me)
{
    int value = 0;
    struct match_result result;
    struct dvm_request *r = post(me->tids[!me->rank], 1, &value, sizeof value), *send;

    FAKE_CHECK(match_cancel(r) == 0 && match_complete(r));
    FAKE_CHECK(match_finish(r, &result) == 0 && result.cancelled);
    if (me->rank) {
        value = 42;
        FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, me->tids[0], 1, &value, sizeof value, 0, 0,
                               0, &send) == 0);
        FAKE_CHECK(!match_complete(send) && match_cancel(send) == DVM_ERR_REQUEST);
        return finish(send, NULL);
    }
    FAKE_CHECK(recv_bytes(me->tids[1], 1, &value, sizeof value, NULL) == 0 && value == 42);
    /* nothing else came; cancelling what is complete changes nothing */
    r = post(me->tids[0], 8, &value, sizeof value);
    FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[0], 8, &value, sizeof value) == 0);
    FAKE_CHECK(match_complete(r) && match_cancel(r) == 0);
    FAKE_CHECK(match_finish(r, &result) == 0 && !result.cancelled);
    return 0;
}

Test(match, cancel_of_a_receive)
{
    cr_assert_eq(fake_run(2, cancel, NULL, &shm), 0);
}

/* ---- synchronous, self ------------------------------------------------------------------ */

static int synchronous(const struct fake_task *me)
{
    static const size_t lengths[] = {8, 100000};
    uint8_t bytes[100000] = {0};

    for (int i = 0; i < 2; i++) {
        struct dvm_request *r;

        if (me->rank == 0) {
            FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, me->tids[1], 1, bytes, lengths[i], 0, 0,
                                   0, &r) == 0);
            /* the peer has it, unmatched, when the second has made its way */
            FAKE_CHECK(send_bytes(MATCH_SYNC, me->tids[1], 2, bytes, 8) == 0);
            match_progress();
            FAKE_CHECK(!match_complete(r));
            FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[1], 3, bytes, 8) == 0);
            FAKE_CHECK(finish(r, NULL) == 0);
        } else {
            FAKE_CHECK(recv_bytes(me->tids[0], 2, bytes, sizeof bytes, NULL) == 0);
            FAKE_CHECK(recv_bytes(me->tids[0], 3, bytes, sizeof bytes, NULL) == 0);
            FAKE_CHECK(recv_bytes(me->tids[0], 1, bytes, sizeof bytes, NULL) == 0);
        }
    }
    return 0;
}

Test(match, synchronous_sends_wait_for_the_match)
{
    cr_assert_eq(fake_run(2, synchronous, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, synchronous, NULL, &relay), 0);
}

static int self(const struct fake_task *me)
{
    uint8_t *out = malloc(MOST), *in = malloc(MOST);
    int mine = me->tids[0];
    struct dvm_request *r;

    for (size_t i = 0; i < SIZES; i++) {
        fill(out, sizes[i], (unsigned)i);
        FAKE_CHECK(send_bytes(MATCH_STANDARD, mine, 1, out, sizes[i]) == 0);
        FAKE_CHECK(send_bytes(MATCH_BUFFERED, mine, 2, out, sizes[i]) == 0);
        FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, mine, 3, out, sizes[i], 0, 0, 0, &r) == 0);
        FAKE_CHECK(!match_complete(r));
        for (int tag = 1; tag <= 3; tag++) {
            memset(in, 0, sizes[i]);
            FAKE_CHECK(recv_bytes(tag == 2 ? DVM_ANY : mine, tag, in, MOST, NULL) == 0);
            FAKE_CHECK(filled(in, sizes[i], (unsigned)i));
        }
        FAKE_CHECK(match_complete(r) && match_finish(r, NULL) == 0);
        r = post(mine, 4, in, MOST);
        FAKE_CHECK(send_bytes(MATCH_SYNC, mine, 4, out, sizes[i]) == 0);
        FAKE_CHECK(match_complete(r) && match_finish(r, NULL) == 0);
    }
    free(in);
    free(out);
    return 0;
}

Test(match, messages_to_oneself)
{
    cr_assert_eq(fake_run(1, self, NULL, &shm), 0);
}

/* ---- many requests, released ones, limits -------------------------------------------------- */

#define MANY 2000

static int many_requests(const struct fake_task *me)
{
    static int in[MANY], out[MANY];
    static struct dvm_request *r[2 * MANY];
    int peer = me->tids[!me->rank];

    for (int i = 0; i < MANY; i++) {
        r[i] = post(peer, i, &in[i], sizeof in[i]);
        FAKE_CHECK(r[i]);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        out[i] = i * 3;
        FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, peer, i, &out[i], sizeof out[i], 0, 0, 7,
                               &r[MANY + i]) == 0);
        FAKE_CHECK(match_group(r[MANY + i]) == 7);
    }
    for (int left = 2 * MANY; left > 0; left--) {
        size_t index;

        FAKE_CHECK(match_wait_any(2 * MANY, r, 100, &index) == 0);
        FAKE_CHECK(match_finish(r[index], NULL) == 0);
        r[index] = NULL;
    }
    for (int i = 0; i < MANY; i++)
        FAKE_CHECK(in[i] == i * 3);
    FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT, peer, 1, out, sizeof out, 0, 0, 0, r) == 0);
    match_release(r[0]);
    FAKE_CHECK(recv_bytes(peer, 1, in, sizeof in, NULL) == 0);
    return 0;
}

Test(match, many_requests_in_any_order)
{
    cr_assert_eq(fake_run(2, many_requests, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, many_requests, NULL, &relay), 0);
}

static int bsend_limit(const struct fake_task *me)
{
    uint8_t bytes[50000];

    if (me->rank == 0) {
        for (unsigned i = 0; i < 100; i++) {
            fill(bytes, sizeof bytes, i);
            FAKE_CHECK(send_bytes(MATCH_BUFFERED, me->tids[1], 1, bytes, sizeof bytes) == 0);
        }
        return 0;
    }
    for (unsigned i = 0; i < 100; i++) {
        FAKE_CHECK(recv_bytes(me->tids[0], 1, bytes, sizeof bytes, NULL) == 0);
        FAKE_CHECK(filled(bytes, sizeof bytes, i));
    }
    return 0;
}

Test(match, buffered_sends_wait_past_their_limit)
{
    setenv("DVM_BSEND_BYTES", "200000", 1);
    cr_assert_eq(fake_run(2, bsend_limit, NULL, &shm), 0);
}

/* What a receiver holds unreceived is bounded by what it grants, however much comes. */
#define CREDIT_LIMIT 1000000
#define HELD_BYTES 1000

static int held_back(const struct fake_task *me)
{
    uint8_t bytes[HELD_BYTES] = {0};
    struct stream *s;
    uint64_t before = 0;

    if (me->rank == 0) {
        for (int i = 0; i < 10000; i++)
            FAKE_CHECK(send_bytes(MATCH_BUFFERED, me->tids[1], 1, bytes, sizeof bytes) == 0);
        return 0;
    }
    /* it sleeps again and again, and so lets the sender have all there is: until that has sent
     * something, and then nothing more for a while */
    s = stream_of(me->tids[0]);
    for (int quiet = 0; s->came == 0 || quiet < 50; quiet = s->came > before ? 0 : quiet + 1) {
        before = s->came;
        FAKE_CHECK(match_wait_until(never, NULL, 0.004, 0) == DVM_ERR_TIMEOUT);
    }
    FAKE_CHECK(s->came > 0 && s->came <= CREDIT_LIMIT);
    for (int i = 0; i < 10000; i++)
        FAKE_CHECK(recv_bytes(me->tids[0], 1, bytes, sizeof bytes, NULL) == 0);
    FAKE_CHECK(s->consumed == 10000 * (STREAM_HEADER_COST + HELD_BYTES));
    return 0;
}

Test(match, credit_bounds_what_is_held)
{
    char limit[16];

    snprintf(limit, sizeof limit, "%d", CREDIT_LIMIT);
    setenv("DVM_CREDIT_BYTES", limit, 1);
    cr_assert_eq(fake_run(2, held_back, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, held_back, NULL, &relay), 0);
}

/* Tasks that end with messages to each other that nobody receives do end. */
static int end_together(const struct fake_task *me)
{
    static uint8_t bytes[1000000];
    int value, peer = me->tids[!me->rank];
    struct dvm_request *r = post(peer, 9, &value, sizeof value);

    for (int i = 0; i < 3; i++)
        FAKE_CHECK(send_bytes(MATCH_BUFFERED, peer, 1, bytes, sizeof bytes) == 0);
    for (int i = 0; i < 2000; i++)
        FAKE_CHECK(send_bytes(MATCH_BUFFERED, peer, 2, bytes, 1000) == 0);
    match_release(r);
    return 0;
}

Test(match, tasks_that_end_together)
{
    struct fake_options o = {.lanes = NULL};

    cr_assert_eq(fake_run(2, end_together, NULL, &o), 0);
    o.lanes = "relay";
    cr_assert_eq(fake_run(2, end_together, NULL, &o), 0);
}

/* ---- time limits, lost daemon, fork, revocation ---------------------------------------------- */

static int time_limit(const struct fake_task *me)
{
    int value;
    size_t index;
    struct dvm_request *r = post(DVM_ANY, 1, &value, sizeof value);

    FAKE_CHECK(match_wait_any(1, &r, 0.05, &index) == DVM_ERR_TIMEOUT);
    FAKE_CHECK(match_wait_until(never, NULL, 0, 0) == DVM_ERR_TIMEOUT);
    FAKE_CHECK(match_cancel(r) == 0 && match_finish(r, NULL) == 0);
    return 0;
}

Test(match, waits_end_at_their_limit)
{
    cr_assert_eq(fake_run(1, time_limit, NULL, &shm), 0);
}

static int lost_daemon(const struct fake_task *me)
{
    int value;

    FAKE_CHECK(recv_bytes(DVM_ANY, 1, &value, sizeof value, NULL) == DVM_ERR_LOST_DAEMON);
    FAKE_CHECK(match_progress() == DVM_ERR_LOST_DAEMON);
    FAKE_CHECK(recv_bytes(me->tids[!me->rank], 1, &value, sizeof value, NULL) ==
               DVM_ERR_LOST_DAEMON);
    FAKE_CHECK(match_flush(-1, 0) == 0);
    return 0;
}

Test(match, a_lost_daemon_ends_every_wait)
{
    struct fake_options o = {.hang_up = true, .kill_us = 20000};

    cr_assert_eq(fake_run(2, lost_daemon, NULL, &o), 0);
}

/* The daemon closes the connection some time after its last word. */
Test(match, a_refusal_ends_every_wait)
{
    struct fake_options o = {.hang_up = true, .refuse = true, .kill_us = 20000};

    cr_assert_eq(fake_run(2, lost_daemon, NULL, &o), 0);
}

static int forked(const struct fake_task *me)
{
    int status, pid;

    FAKE_CHECK(dvm_leave(DVM_OK) == 0);
    pid = fork();
    if (pid == 0)
        _exit(dvm_enter() == DVM_ERR_FORKED ? 0 : 1);
    FAKE_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    /* the parent is a task as before */
    FAKE_CHECK(dvm_enter() == 0);
    FAKE_CHECK(send_bytes(MATCH_STANDARD, me->tids[!me->rank], 1, NULL, 0) == 0);
    FAKE_CHECK(recv_bytes(me->tids[!me->rank], 1, NULL, 0, NULL) == 0);
    return 0;
}

Test(match, a_forked_child_is_no_task)
{
    cr_assert_eq(fake_run(2, forked, NULL, &shm), 0);
}

static int revocation(const struct fake_task *me)
{
    static uint8_t bytes[300000];
    int peer = me->tids[!me->rank], value;
    struct dvm_request *r[4];
    struct match_filter other = {.context = CONTEXT + 2, .source = peer, .tag = 1};
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};

    r[0] = post(peer, 1, &value, sizeof value);
    r[1] = post(DVM_ANY, 2, &value, sizeof value);
    FAKE_CHECK(match_isend(MATCH_STANDARD, CONTEXT | 1, peer, 3, bytes, sizeof bytes, 0, 0, 0,
                           &r[2]) == 0);
    FAKE_CHECK(match_isend(MATCH_SYNC, CONTEXT, peer, 4, bytes, 8, 0, 0, 0, &r[3]) == 0);
    match_revoke(CONTEXT, DVM_ERR_TASK_GONE, "revoked in words");
    /* one half of the context, and not the other */
    FAKE_CHECK(match_complete(r[0]) && match_complete(r[1]) && match_complete(r[3]));
    FAKE_CHECK(!match_complete(r[2]));
    match_revoke(CONTEXT | 1, DVM_ERR_TASK_GONE, "revoked in words");
    for (int i = 0; i < 4; i++) {
        FAKE_CHECK(match_complete(r[i]));
        FAKE_CHECK(match_finish(r[i], NULL) == DVM_ERR_TASK_GONE);
        FAKE_CHECK(strcmp(dvm_last_error(), "revoked in words") == 0);
    }
    FAKE_CHECK(send_bytes(MATCH_STANDARD, peer, 1, NULL, 0) == DVM_ERR_TASK_GONE);
    FAKE_CHECK(recv_bytes(peer, 1, NULL, 0, NULL) == DVM_ERR_TASK_GONE);
    /* other contexts go on */
    FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT + 2, peer, 1, &value, sizeof value, 0, 0,
                          0) == 0);
    return match_recv(&other, &sink, NULL);
}

Test(match, a_revoked_context_fails_all)
{
    cr_assert_eq(fake_run(2, revocation, NULL, &shm), 0);
    cr_assert_eq(fake_run(2, revocation, NULL, &relay), 0);
}

/* ---- requests to the daemon ------------------------------------------------------- */

static int requests(const struct fake_task *me)
{
    struct daemon_answer answer;
    int daemon = DVM_TID_DAEMON(me->tids[0] >> DVM_TID_N_BITS);

    FAKE_CHECK(daemon_link_request(daemon, DVM_CTL_HOSTS, NULL, 0, -1, &answer) == 0);
    FAKE_CHECK(answer.type == DVM_CTL_HOSTS_REPLY && answer.length == 1);
    free(answer.payload);
    FAKE_CHECK(daemon_link_request(daemon, DVM_CTL_KILL, NULL, 0, -1, &answer) ==
               DVM_ERR_REFUSED);
    FAKE_CHECK(strcmp(dvm_last_error(), "the fake daemon kills nobody") == 0);
    FAKE_CHECK(daemon_link_request(daemon, DVM_CTL_SPAWN, NULL, 0, 0.05, &answer) ==
               DVM_ERR_TIMEOUT);
    return 0;
}

Test(match, requests_to_the_daemon)
{
    cr_assert_eq(fake_run(1, requests, NULL, &shm), 0);
}

/* ---- threads ----------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 2000

struct thread_part {
    const struct fake_task *me;
    int tag, bad;
};

static void *echo(void *arg)
{
    struct thread_part *part = arg;
    int peer = part->me->tids[!part->me->rank];

    for (int i = 0; i < ROUNDS; i++) {
        int value = i, rc = dvm_enter();

        if (part->me->rank == 0) {
            rc |= send_bytes(MATCH_STANDARD, peer, part->tag, &value, sizeof value);
            rc |= recv_bytes(peer, part->tag, &value, sizeof value, NULL);
        } else {
            rc |= recv_bytes(peer, part->tag, &value, sizeof value, NULL);
            rc |= send_bytes(MATCH_STANDARD, peer, part->tag, &value, sizeof value);
        }
        part->bad |= rc | (value != i);
        dvm_leave(DVM_OK);
    }
    return NULL;
}

static int threads(const struct fake_task *me)
{
    pthread_t thread[THREADS];
    struct thread_part part[THREADS];

    dvm_leave(DVM_OK);
    for (int i = 0; i < THREADS; i++) {
        part[i] = (struct thread_part){me, i, 0};
        pthread_create(&thread[i], NULL, echo, &part[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        FAKE_CHECK(part[i].bad == 0);
    }
    return dvm_enter();
}

Test(match, many_threads_wait_at_once)
{
    struct fake_options o = {.threads = DVM_THREAD_MULTIPLE};

    cr_assert_eq(fake_run(2, threads, NULL, &o), 0);
    o.lanes = "relay";
    cr_assert_eq(fake_run(2, threads, NULL, &o), 0);
}

/* ---- the first frames of a pair ---------------------------------------------------- */

/* One word in all costs no ring and no watch; the second brings both, and so does a
 * first one that needs an answer. */
static int settles(const struct fake_task *me)
{
    int peer = me->tids[!me->rank], value = 1;
    bool sync = *(bool *)me->arg;
    struct stream *s;

    if (me->rank) {
        for (int i = 0; i < 2 - sync; i++)
            FAKE_CHECK(recv_bytes(peer, 1, &value, sizeof value, NULL) == DVM_OK);
        return 0;
    }
    FAKE_CHECK(send_bytes(sync ? MATCH_SYNC : MATCH_STANDARD, peer, 1, &value, sizeof value) ==
               DVM_OK);
    s = stream_known(peer);
    FAKE_CHECK(s && s->watched == sync && (s->peer.shm.state != SHM_NONE) == sync);
    if (sync)
        return 0;
    FAKE_CHECK(send_bytes(MATCH_STANDARD, peer, 1, &value, sizeof value) == DVM_OK);
    FAKE_CHECK(s->watched && s->peer.shm.state != SHM_NONE);
    return 0;
}

Test(match, makes_a_ring_for_more_than_one_frame)
{
    for (int sync = 0; sync < 2; sync++) {
        bool answer = sync;

        cr_assert_eq(fake_run(2, settles, &answer, &shm), 0);
    }
}
