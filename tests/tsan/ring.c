/* ring.c: two tasks as two threads over one ring and two inboxes, for
 * ThreadSanitizer: what the consumer reads was written before, and neither side
 * sleeps for ever when the other has rung, whether the consumer sleeps on a futex or
 * in epoll. Ends with status 0. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lane/bell.h"
#include "lane/ring.h"

#define FRAMES 100000 /* in each way of sleeping */
#define POLL_CHANGES 7 /* how often the consumer begins or ends to poll, in frames */
#define PRODUCER 0x40001
#define CONSUMER 0x40002
#define MOVES 1000 /* frames between two moves of the pair */
#define PAYLOAD_MAX DVM_RING_PAYLOAD_MAX(DVM_MIDDLE_DATA)

static struct dvm_inbox *producer_inbox, *consumer_inbox;
static uint8_t *pool;

static void *shared_page(size_t bytes)
{
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        abort();
    return page;
}

/* Whether the pair is in the slot then. */
static bool away(uint64_t seq)
{
    return seq / MOVES % 2;
}

static uint32_t length_of(uint64_t seq)
{
    uint32_t length = (uint32_t)(seq * 2654435761u >> 7) % (seq % 64 ? 100 : PAYLOAD_MAX);

    return away(seq) ? length : length % (DVM_RING_PAYLOAD_MAX(DVM_HOME_DATA) + 1);
}

/* The producer's sleep, as in bell.c, which knows one inbox a process only. */
static void producer_sleep(void)
{
    atomic_store(&producer_inbox->sleep, DVM_ASLEEP_FUTEX);
    if (atomic_load(&producer_inbox->summary) == 0)
        syscall(SYS_futex, &producer_inbox->summary, FUTEX_WAIT, 0, NULL, NULL, 0);
    atomic_store(&producer_inbox->sleep, DVM_AWAKE);
    atomic_exchange(&producer_inbox->summary, 0);
}

static uint64_t slot_end; /* cells of the slot's last use; 0: it had none */

/* To the slot, which the consumer must have left, and back again. */
static void move(struct ring_out *out)
{
    struct dvm_ring *slot = (struct dvm_ring *)(pool + DVM_POOL_SLOTS_AT);

    if (ring_is_away(out)) {
        slot_end = out->now.cells + 1;
        ring_move_home(out);
        dvm_inbox_ring(consumer_inbox, 1);
        return;
    }
    while (slot_end && !ring_left(slot, slot_end))
        producer_sleep();
    ring_format(slot, DVM_MIDDLE_CELLS, PRODUCER, CONSUMER);
    ring_move(out, slot, DVM_POOL_SLOTS_AT, DVM_MIDDLE_CELLS, DVM_MIDDLE_DATA);
}

static void *produce(void *arg)
{
    struct ring_out out;
    static uint8_t bytes[PAYLOAD_MAX];

    ring_begin(&out, (struct dvm_ring *)pool, 0);
    for (uint64_t seq = 0; seq < FRAMES; seq++) {
        struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER,
                                  .src = PRODUCER, .dst = CONSUMER, .seq = seq,
                                  .size = length_of(seq), .length = length_of(seq)};

        if (away(seq) != ring_is_away(&out))
            move(&out);
        memset(bytes, (int)seq, frame.length);
        while (!ring_put(&out, &frame, bytes))
            producer_sleep();
        /* as in shm.c */
        if (!ring_polled(&out) || atomic_load(&consumer_inbox->sleep) != DVM_AWAKE)
            if (!dvm_inbox_ring(consumer_inbox, 1))
                abort();
    }
    return NULL;
}

static unsigned rings;

static void rung(unsigned index)
{
    rings += index == 1;
}

/* Take out what is there; returns false for a frame that is not what it must be. */
static bool take_all(struct ring_in *in, uint64_t *next)
{
    struct dvm_frame frame;
    const uint8_t *payload;
    int rc;

    while ((rc = ring_peek(in, &frame, &payload)) == 1) {
        if (frame.seq != *next || frame.length != length_of(*next))
            return false;
        for (uint32_t i = 0; i < frame.length; i++)
            if (payload[i] != (uint8_t)*next)
                return false;
        if (ring_take(in))
            dvm_inbox_ring(producer_inbox, 2);
        ++*next;
    }
    if (in->returned)
        dvm_inbox_ring(producer_inbox, 2);
    in->returned = false;
    return rc == 0;
}

static struct ring_in in;
static bool polls;

static bool ready(void)
{
    return polls && ring_ready(&in);
}

/* Take all frames. Returns false when one is wrong. */
static bool consume(void)
{
    uint64_t next = 0;

    while (next < FRAMES) {
        bell_take(rung);
        if (!take_all(&in, &next)) {
            fprintf(stderr, "frame %lu is wrong\n", (unsigned long)next);
            return false;
        }
        if (next % POLL_CHANGES == 0) {
            polls = !polls;
            ring_poll(&in, polls);
        }
        if (next < FRAMES && !ring_ready(&in))
            bell_sleep(-1, ready);
    }
    return true;
}

static void nothing(void *arg, uint32_t events)
{
}

/* A fresh ring and inboxes; epoll: the consumer watches something. */
static bool run(bool epoll)
{
    pthread_t producer;
    int silent[2];
    bool good;

    producer_inbox = shared_page(DVM_INBOX_BYTES);
    consumer_inbox = shared_page(DVM_INBOX_BYTES);
    pool = shared_page(DVM_POOL_BYTES);
    slot_end = 0;
    ring_format((struct dvm_ring *)pool, DVM_HOME_CELLS, PRODUCER, CONSUMER);
    ring_take_from(&in, pool, 0, PRODUCER, CONSUMER);
    polls = false;
    bell_start(consumer_inbox, 2);
    if (pipe(silent) || (epoll && bell_watch(silent[0], EPOLLIN, nothing, NULL)) ||
        pthread_create(&producer, NULL, produce, NULL))
        abort();
    good = consume();
    if (good)
        pthread_join(producer, NULL);
    bell_stop();
    close(silent[0]);
    close(silent[1]);
    return good;
}

int main(void)
{
    bool good = run(false) && run(true);

    return good && rings ? 0 : 1;
}
