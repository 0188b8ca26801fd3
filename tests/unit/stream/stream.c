/* stream.c: the parts of a stream: order of frames, ids, blocks, tables; and a peer
 * that sends nonsense. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/request.h"
#include "stream/blocks.h"
#include "stream/ids.h"
#include "tests/support/fake_daemon.h"

#define PEER DVM_TID_MAKE(9, 1)

/* ---- order --------------------------------------------------------------------- */

#define FRAMES 100

static enum lane_taken deliver_eager(const struct lane *lane, int seq)
{
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER, .src = PEER,
                              .dst = lane_self(), .seq = (uint64_t)seq, .context = 2,
                              .size = sizeof seq, .length = sizeof seq};

    return lane_deliver(lane, lane_peer(PEER), &frame, (const uint8_t *)&seq);
}

static int receive_number(void)
{
    struct match_filter filter = {.context = 2, .source = PEER};
    int value = -1;
    struct match_sink sink = {.buffer = &value, .capacity = sizeof value};
    struct dvm_request *r;

    if (match_irecv(&filter, &sink, &r) || !match_complete(r) || match_finish(r, NULL))
        return -1;
    return value;
}

static int shuffled(const struct fake_task *me)
{
    uint64_t seed = *(uint64_t *)me->arg;
    int order[FRAMES];

    for (int i = 0; i < FRAMES; i++)
        order[i] = i + 1;
    for (int i = FRAMES - 1; i > 0; i--) {
        int k = (int)(fake_random(&seed) % (unsigned)(i + 1)), swap = order[i];

        order[i] = order[k];
        order[k] = swap;
    }
    for (int i = 0; i < FRAMES; i++) {
        FAKE_CHECK(deliver_eager(&relay_lane, order[i]) == LANE_TAKEN);
        /* a doubled frame changes nothing */
        FAKE_CHECK(deliver_eager(&relay_lane, order[i]) == LANE_TAKEN);
    }
    for (int i = 1; i <= FRAMES; i++)
        FAKE_CHECK(receive_number() == i);
    /* a lane that can keep a frame is asked to */
    FAKE_CHECK(deliver_eager(&shm_lane, FRAMES + 2) == LANE_HELD);
    FAKE_CHECK(deliver_eager(&relay_lane, FRAMES + 1) == LANE_TAKEN);
    FAKE_CHECK(deliver_eager(&shm_lane, FRAMES + 2) == LANE_TAKEN);
    FAKE_CHECK(receive_number() == FRAMES + 1 && receive_number() == FRAMES + 2);
    return 0;
}

Test(stream, puts_frames_in_order)
{
    uint64_t seed = fake_seed("puts_frames_in_order");

    cr_assert_eq(fake_run(1, shuffled, &seed, NULL), 0);
}

/* Early frames are bounded, however many a peer sends. */
static int too_early(const struct fake_task *me)
{
    struct stream *s;

    for (int i = 2; i < 2000; i++)
        FAKE_CHECK(deliver_eager(&relay_lane, i) == LANE_TAKEN);
    s = stream_known(PEER);
    FAKE_CHECK(s && s->early_count <= 256 && s->recv_seq == 0);
    return 0;
}

Test(stream, bounds_early_frames)
{
    cr_assert_eq(fake_run(1, too_early, NULL, NULL), 0);
}

/* A sender without credit is not believed. */
static int no_credit(const struct fake_task *me)
{
    struct stream *s;
    int seq = 1;

    while (deliver_eager(&relay_lane, seq) == LANE_TAKEN && seq < 2000)
        seq++;
    s = stream_known(PEER);
    FAKE_CHECK(s->came <= STREAM_CREDIT_START);
    FAKE_CHECK(s->came + STREAM_HEADER_COST + sizeof seq > STREAM_CREDIT_START);
    return 0;
}

Test(stream, holds_a_peer_to_its_credit)
{
    cr_assert_eq(fake_run(1, no_credit, NULL, NULL), 0);
}

#define MANY_PEERS 1100 /* their first windows alone are more than the limit */

static int many_peers(const struct fake_task *me)
{
    struct stream *s;

    for (int i = 0; i < MANY_PEERS; i++)
        FAKE_CHECK(stream_of(DVM_TID_MAKE(8, 1 + i)) != NULL);
    s = stream_of(PEER);
    for (int seq = 1; s->granted - s->came >= STREAM_HEADER_COST + relay_lane.eager_max; seq++)
        FAKE_CHECK(deliver_eager(&relay_lane, seq) == LANE_TAKEN);
    FAKE_CHECK(s->window == STREAM_CREDIT_START);
    stream_grant_starved(); /* as before a sleep: what is waited for may be behind that */
    FAKE_CHECK(s->window == 2 * STREAM_CREDIT_START);
    FAKE_CHECK(receive_number() == 1);
    return 0;
}

Test(stream, a_thousand_peers_leave_room_for_one_that_starves)
{
    cr_assert_eq(fake_run(1, many_peers, NULL, NULL), 0);
}

/* ---- nonsense --------------------------------------------------------------------- */

#define NONSENSE 200000

/* A value that is sometimes right. */
static uint64_t odd_value(uint64_t *seed)
{
    switch (fake_random(seed) % 5) {
    case 0:
        return fake_random(seed) % 4;
    case 1:
        return (uint64_t)(1 + fake_random(seed) % 3) << 32 | fake_random(seed) % 4;
    case 2:
        return fake_random(seed) % 200000;
    case 3:
        return UINT64_MAX - fake_random(seed) % 4;
    default:
        return (uint64_t)fake_random(seed) << 32 | fake_random(seed);
    }
}

static int nonsense(const struct fake_task *me)
{
    static uint8_t bytes[200000], payload[DVM_PAYLOAD_MAX];
    uint64_t seed = *(uint64_t *)me->arg;
    struct match_filter filter = {.any_context = true, .source = DVM_ANY, .tag = DVM_ANY};
    struct match_sink sink = {.buffer = bytes, .capacity = sizeof bytes};
    struct dvm_request *r;

    for (int i = 0; i < NONSENSE; i++) {
        struct stream *s = stream_of(PEER);
        struct dvm_frame frame = {.version = DVM_FRAME_VERSION,
                                  .op = (uint8_t)(fake_random(&seed) % 10),
                                  .kind = fake_random(&seed) % 20 == 0,
                                  .flags = fake_random(&seed) & 1, .src = PEER,
                                  .dst = lane_self(), .seq = s->recv_seq + 1};

        frame.context = odd_value(&seed);
        frame.ref = odd_value(&seed);
        frame.extra = odd_value(&seed);
        frame.length = fake_random(&seed) % 2 ? fake_random(&seed) % 100
                                              : fake_random(&seed) % DVM_PAYLOAD_MAX;
        frame.size = fake_random(&seed) % 2 ? frame.length : odd_value(&seed);
        if (fake_random(&seed) % 50 == 0)
            frame.seq += odd_value(&seed);
        lane_deliver(fake_random(&seed) % 2 ? &relay_lane : &shm_lane, &s->peer, &frame,
                     payload);
        if (fake_random(&seed) % 3 == 0) {
            FAKE_CHECK(match_irecv(&filter, &sink, &r) == 0);
            match_cancel(r);
            match_release(r);
        }
        if (fake_random(&seed) % 500 == 0) {
            FAKE_CHECK(match_isend((enum match_mode)(fake_random(&seed) % 3), 2, PEER, 1, bytes,
                                   fake_random(&seed) % sizeof bytes, 0, 0, 0, &r) == 0);
            match_release(r);
        }
    }
    /* it ended in one piece; what is open fails with the peer */
    match_gone(PEER, DVM_ERR_TASK_GONE, "enough", false);
    return 0;
}

Test(stream, survives_nonsense)
{
    uint64_t seed = fake_seed("survives_nonsense");
    struct fake_options o = {.lanes = "relay"};

    cr_assert_eq(fake_run(1, nonsense, &seed, &o), 0);
}

/* ---- ids, blocks, tables ------------------------------------------------------------ */

Test(ids, old_and_invented_ids_find_nothing)
{
    struct ids ids = {0};
    int things[300];
    uint64_t id[300];

    cr_assert_null(ids_find(&ids, 0));
    for (int i = 0; i < 300; i++) {
        id[i] = ids_add(&ids, &things[i]);
        cr_assert_neq(id[i], 0);
    }
    for (int i = 0; i < 300; i++) {
        cr_assert_eq(ids_find(&ids, id[i]), &things[i]);
        ids_remove(&ids, id[i]);
        cr_assert_null(ids_find(&ids, id[i]));
    }
    for (int i = 0; i < 300; i++)
        cr_assert_neq(ids_add(&ids, &things[0]), id[i]);
    cr_assert_null(ids_find(&ids, UINT64_MAX));
    cr_assert_null(ids_find(&ids, (uint64_t)7 << 32 | 3));
    ids_clear(&ids);
}

Test(blocks, are_used_again)
{
    void *a = blocks_get(1000), *b = blocks_get(10 << 20);

    cr_assert(a && b);
    memset(a, 1, 1000);
    memset(b, 1, 10 << 20);
    blocks_put(a, 1000);
    cr_assert_eq(blocks_get(1024), a);
    blocks_put(a, 1000);
    blocks_put(b, 10 << 20);
    blocks_put(NULL, 5);
    blocks_clear();
}

Test(table, keeps_each_key_in_order)
{
    static struct match_link links[5000];
    struct match_table table;

    cr_assert_eq(match_table_start(&table), 0);
    for (int i = 0; i < 5000; i++) {
        struct match_key key = {(uint64_t)i % 7, i % 11, i % 1000 == 0 ? DVM_ANY : i % 13};

        cr_assert(match_table_add(&table, &key, &links[i]));
    }
    for (int i = 0; i < 5000; i++) {
        struct match_key key = {(uint64_t)i % 7, i % 11, i % 1000 == 0 ? DVM_ANY : i % 13};

        cr_assert_eq(match_table_first(&table, &key), &links[i]);
        match_table_remove(&table, &links[i]);
    }
    cr_assert_eq(table.queues, 0);
    match_table_stop(&table);
}
