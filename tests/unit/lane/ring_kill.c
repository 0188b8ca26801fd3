/* ring_kill.c: a producer, or a consumer, that is killed at any instruction blocks nobody.
 *
 * A child puts frames of all lengths into its ring and moves between its home and a slot; it
 * is killed after a random number of frames. What the test finds then are whole frames in
 * their order, and an end. The other way round the child takes, and is killed: the test,
 * which puts, is never stopped by what it left behind, and the slot can be lent again. The
 * quick form kills a hundred times each, DVM_TEST_LONG=1 five thousand times.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane/ring.h"
#include "lane/ringpool.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/full_size.h"

#define PRODUCER 0x40001
#define CONSUMER 0x40002
#define MOVES 50      /* frames between two moves */
#define LIFE 400      /* frames that a child lives to see, at most */

static int kills(void)
{
    return full_size() ? 5000 : 100;
}

struct pair {
    struct ringpool pool;
    struct ring_out out;
    struct ring_in in;
    uint64_t slot_end; /* cells of the slot's last use */
};

static void pair_make(struct pair *p)
{
    uint64_t at;

    memset(p, 0, sizeof *p);
    cr_assert_eq(ringpool_open(&p->pool), 0);
    cr_assert_eq(ringpool_home(&p->pool, &at), 0);
    ring_format(ringpool_ring(&p->pool, at), DVM_HOME_CELLS, PRODUCER, CONSUMER);
    ring_begin(&p->out, ringpool_ring(&p->pool, at), at);
    cr_assert_eq(ring_map(&p->in, p->pool.fd, at, PRODUCER, CONSUMER), 0);
}

static void pair_free(struct pair *p)
{
    ring_free_in(&p->in);
    ringpool_close(&p->pool);
}

static uint32_t length_of(const struct pair *p, uint64_t seq)
{
    return (uint32_t)(seq * 2654435761u >> 5) % (p->out.now.payload_max + 1);
}

/* Put one frame, or move. Returns whether a frame went. */
static bool put(struct pair *p)
{
    static uint8_t bytes[DVM_RING_PAYLOAD_MAX(DVM_MIDDLE_DATA)];
    uint64_t seq = p->out.frames + 1;
    uint32_t length = length_of(p, seq);
    struct dvm_frame frame = {.version = DVM_FRAME_VERSION, .op = DVM_OP_EAGER, .seq = seq,
                              .size = length, .length = length, .tag = (int)length};
    uint64_t at = DVM_POOL_SLOTS_AT;

    if (seq / MOVES % 2 != ring_is_away(&p->out)) {
        if (ring_is_away(&p->out)) {
            p->slot_end = p->out.now.cells + 1;
            ring_move_home(&p->out);
        } else if (!p->slot_end || ring_left(ringpool_ring(&p->pool, at), p->slot_end)) {
            ring_format(ringpool_ring(&p->pool, at), DVM_MIDDLE_CELLS, PRODUCER, CONSUMER);
            ring_move(&p->out, ringpool_ring(&p->pool, at), at, DVM_MIDDLE_CELLS,
                      DVM_MIDDLE_DATA);
        }
        return false;
    }
    memset(bytes, (int)seq, length);
    return ring_put(&p->out, &frame, bytes);
}

/* Take one frame, which must be whole. Returns whether there was one. */
static bool take(struct pair *p)
{
    struct dvm_frame frame;
    const uint8_t *payload;
    int rc = ring_peek(&p->in, &frame, &payload);

    cr_assert_geq(rc, 0, "nonsense behind %lu frames", p->in.frames);
    if (rc == 0)
        return false;
    cr_assert_eq(frame.seq, p->in.frames + 1);
    cr_assert_eq((uint32_t)frame.tag, frame.length);
    for (uint32_t i = 0; i < frame.length; i++)
        cr_assert_eq(payload[i], (uint8_t)frame.seq, "byte %u of frame %lu", i, frame.seq);
    ring_take(&p->in);
    return true;
}

/* A child that does this again and again; returns when it has begun. */
static pid_t start(struct pair *p, bool (*work)(struct pair *p))
{
    int begun[2];
    char byte;
    pid_t pid;

    cr_assert_eq(pipe(begun), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* when the test fails */
        if (write(begun[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            if (!work(p))
                sched_yield();
    }
    cr_assert_eq(read(begun[0], &byte, 1), 1);
    close(begun[0]);
    close(begun[1]);
    return pid;
}

static bool ended(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, WNOHANG) != pid)
        return false;
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it found fault by itself");
    return true;
}

/* Work on this side until the other one has let it do so many frames, then kill that in
 * the middle of what it does, and see it end. */
static void kill_at(struct pair *p, pid_t pid, const uint64_t *frames, uint64_t most,
                    bool (*work)(struct pair *p))
{
    while (*frames < most)
        if (!work(p))
            sched_yield();
    kill(pid, SIGKILL);
    while (!ended(pid))
        if (!work(p))
            sched_yield();
}

Test(ring_kill, a_producer, .timeout = 900)
{
    uint64_t seed = fake_seed("a_producer"), frames = 0;

    for (int i = kills(); i > 0; i--) {
        struct pair p;

        pair_make(&p);
        kill_at(&p, start(&p, put), &p.in.frames, fake_random(&seed) % LIFE, take);
        while (take(&p))
            continue;
        frames += p.in.frames;
        pair_free(&p);
    }
    cr_assert_gt(frames, 0);
}

Test(ring_kill, a_consumer, .timeout = 900)
{
    uint64_t seed = fake_seed("a_consumer"), frames = 0;

    for (int i = kills(); i > 0; i--) {
        struct pair p;
        pid_t pid;

        pair_make(&p);
        pid = start(&p, take);
        kill_at(&p, pid, &p.out.frames, fake_random(&seed) % LIFE, put);
        /* no room is no reason to wait, and its words make no room that there is not */
        for (int k = 0; k < 2 * DVM_MIDDLE_CELLS; k++)
            put(&p);
        cr_assert_leq(p.out.now.cells - p.out.now.cells_out, p.out.now.mask);
        frames += p.out.frames;
        /* its death is known: the place is another pair's */
        ring_format(ringpool_ring(&p.pool, DVM_POOL_SLOTS_AT), DVM_MIDDLE_CELLS, PRODUCER,
                    CONSUMER);
        pair_free(&p);
    }
    cr_assert_gt(frames, 0);
}
