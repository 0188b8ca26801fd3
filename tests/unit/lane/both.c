/* both.c: a message that both of its tasks copy arrives whole, whoever comes when, refuses,
 * fails or is killed; and nobody writes into the buffer behind the end of its receive. */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lane/both.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/full_size.h"

#define MOST ((size_t)2 << 20) /* bytes of a message */
#define LONGEST 7200 /* seconds, at full size with a sanitizer; ctest has a limit for each build */
#define REF 77
#define NUMBERED(number, low) ((uint64_t)(number) << DVM_BOTH_NUMBER | (low))

/* What two processes share. */
struct stage {
    _Atomic size_t bytes;      /* of the next message */
    _Atomic unsigned turn;     /* odd: one is offered, even: its receive is over */
    _Atomic unsigned helped;   /* messages that the sender wrote something of */
    _Atomic bool refuses, looks; /* the sender may not write; it is there */
    struct dvm_ring home;      /* last: it ends with an array */
};

static uint8_t content[MOST], buffer[MOST + 1];

static struct stage *stage_make(void)
{
    struct stage *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                           -1, 0);

    cr_assert_neq(s, MAP_FAILED);
    for (size_t i = 0; i < MOST; i++)
        content[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16) * 5);
    copy_start();
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* both ways, where Yama asks */
    return s;
}

/* This process as it may be read and written by a child of it, and the other way round. */
static struct copy_source process(pid_t pid)
{
    struct dvm_ring ring;
    struct copy_source source;

    copy_tell(&ring);
    ring.pid = pid;
    copy_learn(&source, &ring);
    return source;
}

/* A child that waits for offers and helps, as a task that spins does. */
static pid_t sender_make(struct stage *s)
{
    pid_t parent = getpid(), pid = fork();
    struct copy_source receiver = process(parent), nobody = {0};
    struct both_give give = {0};
    uint64_t ref;

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    for (;;) {
        s->looks = true;
        if (both_offered(&give, &s->home, &ref) && ref == REF) {
            receiver.unwritable = false;
            both_give(&give, &s->home, s->refuses ? &nobody : &receiver, content, s->bytes);
            if (s->home.both_back >> DVM_BOTH_NUMBER == give.seen &&
                (uint32_t)s->home.both_done != (DVM_BOTH_OVER | (s->bytes + 4095) >> 12))
                s->helped++;
        }
        sched_yield();
    }
}

static void sender_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static bool readable(pid_t pid)
{
    struct copy_source source = process(pid);

    return copy_read(&source, (uintptr_t)content, buffer, 1);
}

static struct stage *begin(pid_t *pid)
{
    struct stage *s = stage_make();

    *pid = sender_make(s);
    while (!s->looks)
        sched_yield();
    if (!readable(*pid)) {
        sender_end(*pid);
        cr_skip_test("this system lets no process read another one");
    }
    return s;
}

static enum both_result receive(struct stage *s, struct both_take *take,
                                struct copy_source *source, size_t bytes)
{
    enum both_result result;

    memset(buffer, 0xee, bytes + 1);
    s->bytes = bytes;
    result = both_take(take, &s->home, source, REF, (uintptr_t)content, buffer, bytes);
    while (result == BOTH_LEFT && copy_lives(&take->whom)) {
        sched_yield();
        result = both_look(take);
    }
    return result;
}

static void check_whole(size_t bytes)
{
    cr_assert(memcmp(buffer, content, bytes) == 0, "%zu bytes", bytes);
    cr_assert_eq(buffer[bytes], 0xee, "written behind %zu bytes", bytes);
}

/* Messages of all sizes around what changes the way, and random ones. */
static size_t size_of(int i, uint64_t *seed)
{
    static const size_t sizes[] = {1, 4096, BOTH_LEAST - 1, BOTH_LEAST, BOTH_LEAST + 1,
                                   ((size_t)64 << 10) - 1, (size_t)64 << 10,
                                   ((size_t)128 << 10) - 1, (size_t)128 << 10,
                                   ((size_t)128 << 10) + 1,
                                   ((size_t)256 << 10) - 1, (size_t)256 << 10,
                                   ((size_t)1 << 20) - 1, (size_t)1 << 20,
                                   ((size_t)1 << 20) + 1, MOST - 1, MOST};
    const int count = sizeof sizes / sizeof sizes[0];

    return i < count ? sizes[i] : 1 + fake_random(seed) % (i % 2 ? 4 * BOTH_LEAST : MOST);
}

static unsigned exchange(bool refuses)
{
    uint64_t seed = fake_seed("both");
    pid_t pid;
    struct stage *s = begin(&pid);
    struct copy_source source = process(pid);
    struct both_take take = {0};

    s->refuses = refuses;
    for (int i = 0; i < (full_size() ? 20000 : 400); i++) {
        size_t bytes = size_of(i, &seed);

        cr_assert_leq(receive(s, &take, &source, bytes), BOTH_HELPED);
        check_whole(bytes);
    }
    sender_end(pid);
    return s->helped;
}

Test(both, arrives_whole, .timeout = LONGEST)
{
    cr_assert_gt(exchange(false), 0, "nobody has helped");
}

Test(both, the_sender_may_not_write, .timeout = LONGEST)
{
    cr_assert_eq(exchange(true), 0);
}

/* The sender dies anywhere: what is said to be copied is; if it is not, the receive ends. */
Test(both, the_sender_is_killed, .timeout = LONGEST)
{
    uint64_t seed = fake_seed("killed");
    int whole = 0, lost = 0;

    for (int i = 0; i < (full_size() ? 5000 : 30); i++) {
        pid_t pid;
        struct stage *s = begin(&pid);
        struct copy_source source = process(pid);
        struct both_take take = {0};
        enum both_result result;
        unsigned until = fake_random(&seed) % 20, after = fake_random(&seed) % 20;
        pid_t killer = fork();

        if (killer == 0) {
            while (s->turn < after)
                ;
            while (until--)
                sched_yield();
            kill(pid, SIGKILL);
            _exit(0);
        }
        do {
            result = receive(s, &take, &source, MOST);
            if (result <= BOTH_HELPED)
                check_whole(MOST);
            whole += result <= BOTH_HELPED;
            s->turn++;
        } while (result <= BOTH_HELPED);
        lost++;
        waitpid(killer, NULL, 0);
        if (take.left)
            both_withdraw(&take);
        /* dead: whatever it had begun is done */
        memset(buffer, 0xdd, MOST);
        sender_end(pid);
        for (size_t k = 0; k < MOST; k += 4096)
            cr_assert_eq(buffer[k], 0xdd);
        munmap(s, sizeof *s);
    }
    cr_log_info("%d whole, %d lost", whole, lost);
}

/* The receiver dies anywhere: the sender comes to the end of its part. */
Test(both, the_receiver_is_killed, .timeout = LONGEST)
{
    uint64_t seed = fake_seed("receiver killed");

    for (int i = 0; i < (full_size() ? 5000 : 30); i++) {
        struct stage *s = stage_make();
        unsigned until = fake_random(&seed) % 200;
        pid_t parent = getpid(), pid = fork();
        struct copy_source receiver = process(pid);
        struct both_give give = {0};
        uint64_t ref;

        if (pid == 0) {
            struct copy_source source = process(parent);
            struct both_take take = {0};

            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
            while (both_take(&take, &s->home, &source, REF, (uintptr_t)content, buffer, MOST) <=
                   BOTH_HELPED)
                s->turn++;
            for (;;)
                pause();
        }
        while (!s->turn && !both_offered(&give, &s->home, &ref))
            sched_yield();
        while (until--)
            if (both_offered(&give, &s->home, &ref) || until % 16 == 0)
                both_give(&give, &s->home, &receiver, content, MOST);
        sender_end(pid);
        if (both_offered(&give, &s->home, &ref))
            both_give(&give, &s->home, &receiver, content, MOST);
        munmap(s, sizeof *s);
    }
}

/* ---- a sender that is acted: this process is both ------------------------------------- */

static struct stage *act(struct copy_source *source, uint64_t back, uint64_t done)
{
    struct stage *s = stage_make();

    *source = process(getpid());
    memset(buffer, 0xee, sizeof buffer);
    s->home.both_back = back;
    s->home.both_done = done;
    return s;
}

static enum both_result take_from(struct stage *s, struct both_take *take,
                                  struct copy_source *source)
{
    return both_take(take, &s->home, source, REF, (uintptr_t)content, buffer, MOST);
}

#define PAGES (MOST >> 12)
#define CLAIMED 300u /* the acted sender's back */

Test(both, waits_for_what_is_claimed_and_reads_what_is_given_back)
{
    struct copy_source source;
    struct both_take take = {0};
    struct stage *s = act(&source, NUMBERED(1, CLAIMED), 0);

    cr_assert_eq(take_from(s, &take, &source), BOTH_LEFT);
    cr_assert(s->home.both_front & DVM_BOTH_RING, "the sender is not asked to ring");
    cr_assert_eq(buffer[(size_t)CLAIMED << 12], 0xee);
    s->home.both_done = NUMBERED(1, CLAIMED + 100);
    cr_assert_eq(both_look(&take), BOTH_LEFT);
    /* it gives the rest back */
    s->home.both_done = NUMBERED(1, (CLAIMED + 100) | DVM_BOTH_OVER);
    cr_assert_eq(both_look(&take), BOTH_HELPED);
    cr_assert(memcmp(buffer, content, ((size_t)CLAIMED + 100) << 12) == 0);
    cr_assert_eq(buffer[((size_t)CLAIMED + 100) << 12], 0xee, "it was said to be written");
}

Test(both, words_of_another_offer_count_as_nothing)
{
    struct copy_source source;
    struct both_take take = {0};
    struct stage *s = act(&source, NUMBERED(9, 3), NUMBERED(9, 3));

    cr_assert_eq(take_from(s, &take, &source), BOTH_COPIED);
    check_whole(MOST);
}

Test(both, nonsense_is_taken_for_nothing_done)
{
    struct copy_source source;
    struct both_take take = {0};
    const uint64_t far = NUMBERED(1, 0x7fffffff);
    struct stage *s = act(&source, far, far | DVM_BOTH_OVER);

    cr_assert_eq(take_from(s, &take, &source), BOTH_COPIED);
    check_whole(MOST);
}

Test(both, a_read_that_fails_waits_for_the_sender)
{
    struct copy_source source;
    struct both_take take = {0};
    struct stage *s = act(&source, NUMBERED(1, CLAIMED), 0);

    source.cookie++;
    cr_assert_eq(take_from(s, &take, &source), BOTH_LEFT);
    cr_assert_eq((uint32_t)s->home.both_front & ~DVM_BOTH_RING, PAGES, "it may go on");
    s->home.both_done = NUMBERED(1, CLAIMED);
    cr_assert_eq(both_look(&take), BOTH_LEFT, "it may write still");
    s->home.both_done = NUMBERED(1, CLAIMED | DVM_BOTH_OVER);
    cr_assert_eq(both_look(&take), BOTH_FAILED);
}

Test(both, an_offer_that_is_over_is_not_written_to)
{
    struct copy_source source;
    struct both_take take = {0};
    struct stage *s = act(&source, 0, 0);
    struct both_give give = {0};
    uint64_t ref;

    cr_assert_not(both_offered(&give, &s->home, &ref));
    cr_assert_eq(take_from(s, &take, &source), BOTH_COPIED);
    memset(buffer, 0xdd, sizeof buffer);
    cr_assert(both_offered(&give, &s->home, &ref) && ref == REF);
    cr_assert_not(both_give(&give, &s->home, &source, content, MOST));
    cr_assert_not(both_offered(&give, &s->home, &ref), "it was seen");
    for (size_t k = 0; k < MOST; k += 4096)
        cr_assert_eq(buffer[k], 0xdd);
    cr_assert_eq(s->home.both_back, 0);
}

Test(both, a_failed_write_gives_the_claim_back_and_rings)
{
    struct copy_source source;
    struct stage *s = act(&source, 0, 0);
    struct both_give give = {.seen = 5};

    s->home.both_to = 16; /* no memory there */
    s->home.both_front = NUMBERED(5, 10 | DVM_BOTH_RING);
    cr_assert(both_give(&give, &s->home, &source, content, MOST));
    cr_assert_eq(s->home.both_done, NUMBERED(5, PAGES | DVM_BOTH_OVER));
    cr_assert(source.unwritable);
}

/* What is given up waits until the sender has seen that, and no longer than it lives. */
Test(both, giving_up_waits_for_the_sender)
{
    struct copy_source source;
    struct both_take take = {0};
    struct stage *s = act(&source, NUMBERED(1, CLAIMED), 0);
    pid_t pid;

    cr_assert_eq(take_from(s, &take, &source), BOTH_LEFT);
    pid = fork();
    if (pid == 0) {
        while (((uint32_t)s->home.both_front & ~DVM_BOTH_RING) != PAGES)
            sched_yield();
        s->turn = 1;
        s->home.both_done = NUMBERED(1, CLAIMED | DVM_BOTH_OVER);
        _exit(0);
    }
    both_withdraw(&take);
    cr_assert_eq(s->turn, 1);
    waitpid(pid, NULL, 0);

    /* and of one that is dead it expects nothing */
    s->home.both_back = NUMBERED(2, CLAIMED);
    cr_assert_eq(take_from(s, &take, &source), BOTH_LEFT);
    take.whom.pid = pid;
    both_withdraw(&take);
}
