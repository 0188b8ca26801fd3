/* match.c: messages between tasks over a fake daemon: every size around the
 * limits, both lanes, order, credit, probes, errors. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "match/match.h"
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
    int rc = match_wait_any(1, &request, 20, &index);

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

/* ---- sizes ------------------------------------------------------------------- */

static const size_t sizes[] = {0, 1, 8, 63, 64, 65, 127, 128, 1000, 4095, 4096, 16383, 16384,
                               16385, 32703, 32704, 32705, 63 * 1024 - 1, 63 * 1024,
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
    cr_assert_eq(fake_run(2, all_sizes, NULL, &shm), 0);
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
