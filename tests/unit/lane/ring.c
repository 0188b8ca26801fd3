/* ring.c: the ring between two tasks: what goes in comes out, and a neighbour
 * that writes nonsense is found out. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/ringpool.h"
#include "lane/ring.h"
#include "tests/support/fake_daemon.h"

#define PRODUCER 0x40001
#define CONSUMER 0x40002

#define MIDDLE_MAX DVM_RING_PAYLOAD_MAX(DVM_MIDDLE_DATA)

/* A pair in a ring of middle size, at the first slot of its pool. */
struct pair {
    struct ringpool pool;
    struct ring_out out;
    struct ring_in in;
};

static struct pair make_home(void)
{
    struct pair p = {.pool = {.base = NULL}};
    uint64_t at;

    cr_assert_eq(ringpool_open(&p.pool), 0);
    cr_assert_eq(ringpool_home(&p.pool, &at), 0);
    ring_format(ringpool_ring(&p.pool, at), DVM_HOME_CELLS, PRODUCER, CONSUMER);
    ring_begin(&p.out, ringpool_ring(&p.pool, at), at);
    cr_assert_eq(ring_map(&p.in, p.pool.fd, at, PRODUCER, CONSUMER), 0);
    return p;
}

static void go_away(struct pair *p)
{
    uint64_t at = DVM_POOL_SLOTS_AT;

    ring_format(ringpool_ring(&p->pool, at), DVM_MIDDLE_CELLS, PRODUCER, CONSUMER);
    ring_move(&p->out, ringpool_ring(&p->pool, at), at, DVM_MIDDLE_CELLS, DVM_MIDDLE_DATA);
}

static struct pair make_pair(void)
{
    struct pair p = make_home();

    go_away(&p);
    return p;
}

static void free_pair(struct pair *p)
{
    ringpool_close(&p->pool);
    ring_free_in(&p->in);
    cr_assert_null(p->in.base);
}

static struct dvm_frame frame_with(uint32_t length, uint64_t seq)
{
    return (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                              .src = PRODUCER, .dst = CONSUMER, .seq = seq,
                              .size = length, .length = length};
}

/* To a slot, if its last use is over, or home. Returns whether it went. */
static bool move(struct pair *p, uint64_t *end)
{
    if (ring_is_away(&p->out)) {
        *end = p->out.now.cells + 1;
        ring_move_home(&p->out);
        return true;
    }
    if (*end && !ring_left(ringpool_ring(&p->pool, DVM_POOL_SLOTS_AT), *end))
        return false;
    go_away(p);
    return true;
}

Test(ring, keeps_frames_in_order)
{
    struct pair p = make_home();
    uint64_t seed = fake_seed("keeps_frames_in_order"), put = 0, got = 0, end = 0;
    static uint8_t bytes[MIDDLE_MAX];
    uint32_t lengths[2 * DVM_MIDDLE_CELLS], full = 0, moves = 0;
    const uint8_t *payload;

    for (int i = 0; i < 200000; i++) {
        struct dvm_frame frame;

        if (fake_random(&seed) % 100 == 0) {
            moves += move(&p, &end);
        } else if (fake_random(&seed) % 2) {
            uint32_t length = fake_random(&seed) % (fake_random(&seed) % 8 ? 300
                                                    : MIDDLE_MAX + 1);

            if (length > p.out.now.payload_max)
                length = p.out.now.payload_max;

            frame = frame_with(length, put);
            memset(bytes, (int)put, length);
            frame.ref = length % 2; /* then a small one lies in the data region, too */
            if (ring_put(&p.out, &frame, bytes)) {
                lengths[put % (2 * DVM_MIDDLE_CELLS)] = length;
                put++;
            } else {
                full++;
            }
        } else if (ring_peek(&p.in, &frame, &payload) == 1) {
            cr_assert_eq(frame.seq, got);
            cr_assert_eq(frame.length, lengths[got % (2 * DVM_MIDDLE_CELLS)]);
            for (uint32_t k = 0; k < frame.length; k++)
                if (payload[k] != (uint8_t)got)
                    cr_assert_fail("byte %u of frame %lu", k, got);
            cr_assert_eq(frame.ref, frame.length % 2);
            cr_assert_eq(frame.src, PRODUCER);
            cr_assert_eq(frame.dst, CONSUMER);
            ring_take(&p.in);
            got++;
        } else {
            cr_assert_not(ring_ready(&p.in));
            cr_assert_eq(put, got);
        }
    }
    cr_assert_gt(got, 10000);
    cr_assert_gt(full, 100);
    cr_assert_gt(moves, 100);
    free_pair(&p);
}

/* Whoever finds no room is told when there is some, though the consumer tells seldom. */
static void fill_and_empty(uint32_t length)
{
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(length, 1);
    static uint8_t bytes[MIDDLE_MAX];
    const uint8_t *payload;
    int count = 0, taken = 0;
    bool rung = false;

    for (; ring_put(&p.out, &frame, bytes); frame.seq++)
        count++;
    cr_assert_geq(count, DVM_MIDDLE_DATA / MIDDLE_MAX);
    cr_assert_leq(count, DVM_MIDDLE_CELLS);
    for (struct dvm_frame got; !rung && ring_peek(&p.in, &got, &payload) == 1; taken++)
        rung = ring_take(&p.in);
    cr_assert(rung);
    cr_assert_lt(taken, count);
    cr_assert(ring_put(&p.out, &frame, bytes));
    cr_assert_eq(atomic_load(&p.out.now.ring->wants_space), 0);
    free_pair(&p);
}

Test(ring, full_and_wanted)
{
    static const uint32_t lengths[] = {0, 8, DVM_CELL_INLINE, DVM_CELL_INLINE + 1, 1000,
                                       MIDDLE_MAX - 1, MIDDLE_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        fill_and_empty(lengths[i]);
}

Test(ring, polled)
{
    struct pair p = make_home();

    cr_assert_not(ring_polled(&p.out));
    ring_poll(&p.in, true);
    cr_assert(ring_polled(&p.out));
    ring_poll(&p.in, false);
    cr_assert_not(ring_polled(&p.out));
    free_pair(&p);
}

/* Each is something that no sane producer writes. */
static void bad_inside(struct dvm_cell *c)
{
    c->inside = 1;
}

static void bad_length(struct dvm_cell *c)
{
    c->length = MIDDLE_MAX + 1;
}

static void bad_length_huge(struct dvm_cell *c)
{
    c->length = UINT32_MAX;
}

static void bad_place(struct dvm_cell *c)
{
    c->at = DVM_LINE;
}

static void bad_place_far(struct dvm_cell *c)
{
    c->at = UINT64_MAX - 10;
}

static struct ring_wish wish_for(struct pair *p, void *buffer, size_t capacity)
{
    return (struct ring_wish){.seq = p->in.first + p->in.frames, .any_tag = true,
                              .credit = MIDDLE_MAX, .capacity = capacity, .buffer = buffer};
}

/* Put a frame, and try to take it by the short way. */
static enum ring_taken put_and_wish(struct pair *p, struct dvm_frame frame, const uint8_t *bytes,
                                    uint8_t *buffer, size_t capacity)
{
    struct ring_wish wish = wish_for(p, buffer, capacity);
    enum ring_taken taken;

    frame.seq = wish.seq;
    cr_assert(ring_put(&p->out, &frame, bytes));
    taken = ring_take_small(&p->in, &wish);
    if (taken != RING_NONE)
        cr_assert_eq(wish.came, frame.length);
    return taken;
}

Test(ring, takes_what_is_wished)
{
    static uint8_t bytes[MIDDLE_MAX], buffer[MIDDLE_MAX];
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(1, 1);
    const uint8_t *payload;

    /* the number of the first frame is learnt by a look */
    cr_assert(ring_put(&p.out, &frame, bytes));
    cr_assert_eq(ring_peek(&p.in, &frame, &payload), 1);
    ring_take(&p.in);
    for (uint32_t length = 0; length <= MIDDLE_MAX; length++) {
        memset(bytes, (int)length + 1, length);
        cr_assert_neq(put_and_wish(&p, frame_with(length, 0), bytes, buffer, length), RING_NONE);
        cr_assert_eq(memcmp(buffer, bytes, length), 0, "%u bytes", length);
    }
    cr_assert_eq(put_and_wish(&p, frame_with(100, 0), bytes, buffer, 99), RING_NONE);
    cr_assert_eq(ring_peek(&p.in, &frame, &payload), 1);
    ring_take(&p.in);
    frame = frame_with(100, 0);
    frame.ref = 1; /* somebody waits for an answer to it */
    cr_assert_eq(put_and_wish(&p, frame, bytes, buffer, 100), RING_NONE);
    free_pair(&p);
}

Test(ring, nonsense_is_found)
{
    static void (*const bad[])(struct dvm_cell *) = {bad_inside, bad_length, bad_length_huge,
                                                     bad_place, bad_place_far};
    static const char bytes[100];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pair p = make_pair();
        struct dvm_frame frame = frame_with(sizeof bytes, 1);
        const uint8_t *payload;

        cr_assert(ring_put(&p.out, &frame, bytes));
        bad[i](&p.out.now.ring->cells[0]);
        cr_assert_eq(ring_peek(&p.in, &frame, &payload), DVM_ERR_PROTOCOL, "case %zu", i);
        free_pair(&p);
    }
}

Test(ring, nonsense_is_not_wished_for)
{
    static void (*const bad[])(struct dvm_cell *) = {bad_inside, bad_length, bad_length_huge,
                                                     bad_place, bad_place_far};
    static const uint8_t bytes[100];
    static uint8_t buffer[MIDDLE_MAX];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pair p = make_pair();
        struct dvm_frame frame = frame_with(1, 1);
        struct ring_wish wish;
        const uint8_t *payload;

        cr_assert(ring_put(&p.out, &frame, bytes));
        cr_assert_eq(ring_peek(&p.in, &frame, &payload), 1);
        ring_take(&p.in);
        frame = frame_with(sizeof bytes, 2);
        cr_assert(ring_put(&p.out, &frame, bytes));
        bad[i](&p.out.now.ring->cells[1]);
        wish = wish_for(&p, buffer, sizeof buffer);
        cr_assert_eq(ring_take_small(&p.in, &wish), RING_NONE, "case %zu", i);
        free_pair(&p);
    }
}

Test(ring, a_lying_consumer_makes_no_room)
{
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(MIDDLE_MAX, 1);
    static uint8_t bytes[MIDDLE_MAX];

    while (ring_put(&p.out, &frame, bytes))
        frame.seq++;
    atomic_store(&p.out.now.ring->data_out, UINT64_MAX - 5);
    cr_assert_not(ring_put(&p.out, &frame, bytes));
    atomic_store(&p.out.now.ring->data_out, p.out.now.data + DVM_LINE);
    cr_assert_not(ring_put(&p.out, &frame, bytes));
    atomic_store(&p.out.now.ring->cells_out, p.out.now.cells + 1);
    cr_assert_not(ring_put(&p.out, &frame, bytes));
    free_pair(&p);
}

Test(ring, a_lying_consumer_does_not_stop_the_producer)
{
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(0, 7);

    cr_assert(ring_put(&p.out, &frame, NULL));
    p.out.home.ring->first = 1;
    frame.seq++;
    cr_expect(ring_put(&p.out, &frame, NULL));
    free_pair(&p);
}

/* Where the pair should go on must be a place for a ring. */
Test(ring, moves_to_nowhere_are_found)
{
    static const struct {
        uint64_t at, cells, data;
    } bad[] = {{0, 32, 8192}, {DVM_POOL_SLOTS_AT + 64, 32, 8192}, {DVM_POOL_BYTES, 32, 8192},
               {DVM_POOL_SLOTS_AT, 33, 8192}, {DVM_POOL_SLOTS_AT, 0, 8192},
               {DVM_POOL_SLOTS_AT, 32, 8191}, {DVM_POOL_SLOTS_AT, 1 << 20, 8192},
               {DVM_POOL_SLOTS_AT, 32, 1 << 30}, {DVM_POOL_BYTES - DVM_POOL_PAGE, 64, 8192},
               {UINT64_MAX - 4095, 32, 8192}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pair p = make_pair();
        struct dvm_cell *cell = &p.out.home.ring->cells[0];
        struct dvm_frame frame;
        const uint8_t *payload;

        cell->size = bad[i].at;
        cell->ref = bad[i].cells;
        cell->extra = bad[i].data;
        cr_assert_eq(ring_peek(&p.in, &frame, &payload), DVM_ERR_PROTOCOL, "case %zu", i);
        free_pair(&p);
    }
}

/* A full ring does not hold a move up, and what was there before it is taken before. */
Test(ring, a_full_ring_moves)
{
    struct pair p = make_home();
    struct dvm_frame frame = frame_with(8, 1);
    const uint8_t *payload;
    uint64_t seq = 1;

    for (; ring_put(&p.out, &frame, "12345678"); frame.seq++)
        continue;
    cr_assert_eq(frame.seq, DVM_HOME_CELLS);
    go_away(&p);
    cr_assert(ring_put(&p.out, &frame, "12345678"));
    ring_move_home(&p.out);
    cr_assert_not(ring_left(ringpool_ring(&p.pool, DVM_POOL_SLOTS_AT), 2));
    for (struct dvm_frame got; ring_peek(&p.in, &got, &payload) == 1; ring_take(&p.in))
        cr_assert_eq(got.seq, seq++);
    cr_assert_eq(seq, frame.seq + 1);
    cr_assert(p.in.returned);
    cr_assert(ring_left(ringpool_ring(&p.pool, DVM_POOL_SLOTS_AT), 2));
    free_pair(&p);
}

/* What is polled stays polled behind a move, and no old word is found at home. */
Test(ring, polled_moves_along)
{
    struct pair p = make_home();
    struct dvm_frame frame;
    const uint8_t *payload;

    ring_poll(&p.in, true);
    go_away(&p);
    cr_assert_not(ring_polled(&p.out));
    cr_assert(ring_ready(&p.in));
    cr_assert_eq(ring_peek(&p.in, &frame, &payload), 0);
    cr_assert(ring_polled(&p.out));
    ring_poll(&p.in, false);
    ring_move_home(&p.out);
    cr_assert_not(ring_polled(&p.out));
    cr_assert_eq(ring_peek(&p.in, &frame, &payload), 0);
    cr_assert_not(ring_polled(&p.out));
    free_pair(&p);
}

Test(ring, only_sealed_segments_of_the_right_pair)
{
    struct pair p = make_pair();
    struct ring_in in;
    struct dvm_inbox *inbox;
    int fd = p.pool.fd, loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    cr_assert_eq(ring_map(&in, fd, 0, PRODUCER + 1, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, fd, 0, PRODUCER, CONSUMER + 1), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, fd, DVM_LINE, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, fd, DVM_POOL_SLOTS_AT, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map_inbox(&inbox, fd, PRODUCER), DVM_ERR_PROTOCOL);
    cr_assert_neq(ftruncate(fd, 0), 0);
    cr_assert_eq(ftruncate(loose, DVM_POOL_BYTES), 0);
    cr_assert_eq(ring_map(&in, loose, 0, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(fcntl(loose, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    cr_assert_eq(ring_map(&in, loose, 0, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, 0, 0, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    close(loose);
    free_pair(&p);
}
