/* ring.c: the ring between two tasks: what goes in comes out, and a neighbour
 * that writes nonsense is found out. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/ring.h"
#include "tests/support/fake_daemon.h"

#define PRODUCER 0x40001
#define CONSUMER 0x40002

struct pair {
    struct ring_out out;
    struct ring_in in;
};

static struct pair make_pair(void)
{
    struct pair p = {0};
    int fd;

    cr_assert_eq(ring_make(&p.out, PRODUCER, CONSUMER, &fd), 0);
    cr_assert_eq(ring_map(&p.in, fd, PRODUCER, CONSUMER), 0);
    close(fd);
    return p;
}

static void free_pair(struct pair *p)
{
    ring_free_out(&p->out);
    ring_free_in(&p->in);
    cr_assert_null(p->out.ring);
}

static struct dvm_frame frame_with(uint32_t length, uint64_t seq)
{
    return (struct dvm_frame){.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                              .src = PRODUCER, .dst = CONSUMER, .seq = seq,
                              .length = length};
}

Test(ring, keeps_frames_in_order)
{
    struct pair p = make_pair();
    uint64_t seed = fake_seed("keeps_frames_in_order"), put = 0, got = 0;
    static uint8_t bytes[RING_PAYLOAD_MAX];
    uint32_t lengths[DVM_RING_DATA / DVM_LINE];
    const uint8_t *payload;

    for (int i = 0; i < 200000; i++) {
        struct dvm_frame frame;

        if (fake_random(&seed) % 2) {
            uint32_t length = fake_random(&seed) % (fake_random(&seed) % 8 ? 300
                                                    : RING_PAYLOAD_MAX + 1);

            frame = frame_with(length, put);
            memset(bytes, (int)put, length);
            if (ring_put(&p.out, &frame, bytes)) {
                lengths[put % (DVM_RING_DATA / DVM_LINE)] = length;
                put++;
            } else {
                cr_assert(ring_wanted(&p.in));
            }
        } else if (ring_peek(&p.in, &frame, &payload) == 1) {
            cr_assert_eq(frame.seq, got);
            cr_assert_eq(frame.length, lengths[got % (DVM_RING_DATA / DVM_LINE)]);
            for (uint32_t k = 0; k < frame.length; k++)
                if (payload[k] != (uint8_t)got)
                    cr_assert_fail("byte %u of frame %lu", k, got);
            ring_take(&p.in, frame.length);
            got++;
        } else {
            cr_assert_eq(put, got);
        }
    }
    cr_assert_gt(got, 10000);
    free_pair(&p);
}

Test(ring, full_and_wanted)
{
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(RING_PAYLOAD_MAX, 1);
    static uint8_t bytes[RING_PAYLOAD_MAX];
    const uint8_t *payload;
    int count = 0;

    cr_assert_not(ring_wanted(&p.in));
    while (ring_put(&p.out, &frame, bytes))
        count++;
    cr_assert_eq(count, DVM_RING_DATA / DVM_RING_FRAME_MAX);
    cr_assert(ring_wanted(&p.in));
    cr_assert_eq(ring_peek(&p.in, &frame, &payload), 1);
    ring_take(&p.in, frame.length);
    cr_assert(ring_put(&p.out, &frame, bytes));
    cr_assert_not(ring_wanted(&p.in));
    free_pair(&p);
}

/* Each is something that no sane producer writes. */
static void bad_tail_far(struct dvm_ring *r, struct dvm_frame *f)
{
    atomic_store(&r->tail, DVM_RING_DATA + DVM_LINE);
}

static void bad_tail_odd(struct dvm_ring *r, struct dvm_frame *f)
{
    atomic_store(&r->tail, 65);
}

static void bad_length(struct dvm_ring *r, struct dvm_frame *f)
{
    f->length = RING_PAYLOAD_MAX + 1;
}

static void bad_length_tail(struct dvm_ring *r, struct dvm_frame *f)
{
    f->length = 4 * DVM_LINE;
}

static void bad_version(struct dvm_ring *r, struct dvm_frame *f)
{
    f->version = 77;
}

static void bad_pad(struct dvm_ring *r, struct dvm_frame *f)
{
    f->op = DVM_OP_PAD;
}

Test(ring, nonsense_is_found)
{
    static void (*const bad[])(struct dvm_ring *, struct dvm_frame *) = {
        bad_tail_far, bad_tail_odd, bad_length, bad_length_tail, bad_version, bad_pad};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pair p = make_pair();
        struct dvm_frame frame = frame_with(8, 1);
        const uint8_t *payload;

        cr_assert(ring_put(&p.out, &frame, "12345678"));
        bad[i](p.out.ring, (struct dvm_frame *)((uint8_t *)p.out.ring + DVM_RING_HEADER));
        cr_assert_eq(ring_peek(&p.in, &frame, &payload), DVM_ERR_PROTOCOL, "case %zu", i);
        free_pair(&p);
    }
}

Test(ring, a_lying_consumer_makes_no_room)
{
    struct pair p = make_pair();
    struct dvm_frame frame = frame_with(RING_PAYLOAD_MAX, 1);
    static uint8_t bytes[RING_PAYLOAD_MAX];

    while (ring_put(&p.out, &frame, bytes))
        continue;
    atomic_store(&p.out.ring->head, UINT64_MAX - 5);
    cr_assert_not(ring_put(&p.out, &frame, bytes));
    atomic_store(&p.out.ring->head, p.out.tail + DVM_LINE);
    cr_assert_not(ring_put(&p.out, &frame, bytes));
    free_pair(&p);
}

Test(ring, only_sealed_segments_of_the_right_pair)
{
    struct ring_out out;
    struct ring_in in;
    struct dvm_inbox *inbox;
    int fd, loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    cr_assert_eq(ring_make(&out, PRODUCER, CONSUMER, &fd), 0);
    cr_assert_eq(ring_map(&in, fd, PRODUCER + 1, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, fd, PRODUCER, CONSUMER + 1), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map_inbox(&inbox, fd, PRODUCER), DVM_ERR_PROTOCOL);
    cr_assert_neq(ftruncate(fd, 0), 0);
    cr_assert_eq(ftruncate(loose, DVM_RING_BYTES), 0);
    cr_assert_eq(ring_map(&in, loose, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(fcntl(loose, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    cr_assert_eq(ring_map(&in, loose, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    cr_assert_eq(ring_map(&in, 0, PRODUCER, CONSUMER), DVM_ERR_PROTOCOL);
    close(loose);
    close(fd);
    ring_free_out(&out);
}
