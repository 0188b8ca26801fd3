/* bell: a task that watches descriptors sleeps in epoll, is woken there by whoever rings
 * and by nobody else, and sleeps on the futex again when nothing is watched. */
#include "lane/bell.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "dvm_errors.h"
#include "match/match.h"
#include "tests/support/fake_daemon.h"

#define OWN 5       /* index */
#define OTHER 130
#define LONG 100.0  /* seconds that no sleep here should last */
#define SHORT 0.02
#define CONTEXT UINT64_C(0x4000100000002)

static struct dvm_inbox *inbox;
static int ends[2];       /* of a pipe */
static unsigned called;   /* how often ready was */
static uint32_t came;     /* its events */
static unsigned rang[DVM_INDEX_MAX + 1];

static void setup(void)
{
    inbox = mmap(NULL, DVM_INBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(inbox, MAP_FAILED);
    bell_start(inbox, OWN);
    cr_assert_eq(pipe(ends), 0);
}

static void teardown(void)
{
    bell_stop();
    close(ends[0]);
    close(ends[1]);
}

TestSuite(bell, .init = setup, .fini = teardown);

static void ready(void *arg, uint32_t events)
{
    called++;
    came = events;
    cr_assert_eq(arg, &called);
}

static void rung(unsigned index)
{
    rang[index]++;
}

static void watch(void)
{
    cr_assert_eq(bell_watch(ends[0], EPOLLIN, ready, &called), DVM_OK);
    bell_take(rung); /* the first watch rings this task itself */
}

/* Sleep, which must end before its limit. */
static void sleep_short(void)
{
    double begun = clock_seconds();

    bell_sleep(LONG, NULL);
    cr_assert_lt(clock_seconds() - begun, LONG / 2);
}

Test(bell, a_watched_descriptor_wakes)
{
    watch();
    cr_assert_eq(write(ends[1], "x", 1), 1);
    sleep_short();
    cr_assert(bell_rung());
    cr_assert_eq(called, 0); /* not before bell_take */
    bell_take(rung);
    cr_assert_eq(called, 1);
    cr_assert_eq(came, EPOLLIN);
    sleep_short(); /* it is ready still */
    bell_take(rung);
    cr_assert_eq(called, 2);
    close(ends[1]);
    ends[1] = -1;
    cr_assert_eq(bell_rewatch(ends[0], 0), DVM_OK);
    sleep_short();
    bell_take(rung);
    cr_assert_eq(came, EPOLLHUP);
}

Test(bell, what_is_no_longer_watched_is_not_called)
{
    watch();
    cr_assert_eq(write(ends[1], "x", 1), 1);
    sleep_short();
    bell_unwatch(ends[0]);
    bell_take(rung);
    cr_assert_eq(called, 0);
    cr_assert_not(bell_watching());
    watch();
    sleep_short();
    bell_unwatch(ends[0]);
    watch(); /* the same number is another one now; this takes what was found */
    cr_assert_eq(called, 0);
    bell_unwatch(ends[0]);
    bell_unwatch(ends[0]);
    bell_sleep(SHORT, NULL);
    cr_assert_not(bell_rung());
}

/* Whether the last look found it; it is called then. */
static bool found(void)
{
    unsigned before = called;

    if (bell_rung())
        bell_take(rung);
    return called == before + 1;
}

/* Nobody asks for what stands aside, but whoever sleeps or looks at all. */
Test(bell, who_stands_aside_is_taken_back)
{
    watch();
    cr_assert_eq(write(ends[1], "x", 1), 1);
    bell_aside(ends[0]);
    bell_aside(ends[0]);
    cr_assert(bell_watching());
    bell_glance();
    cr_assert_not(found());
    bell_look();
    cr_assert(found());
    bell_glance();
    cr_assert(found());
    bell_aside(ends[0]);
    sleep_short();
    cr_assert(found());
    bell_aside(ends[0]);
    cr_assert(bell_arm(NULL));
    bell_disarm();
    bell_glance();
    cr_assert(found());
}

Test(bell, who_stands_aside_is_changed_or_goes)
{
    watch();
    cr_assert_eq(write(ends[1], "x", 1), 1);
    bell_aside(ends[0]);
    cr_assert_eq(bell_rewatch(ends[0], 0), DVM_OK);
    bell_look();
    cr_assert_not(found());
    cr_assert_eq(bell_rewatch(ends[0], EPOLLIN), DVM_OK);
    bell_aside(ends[0]);
    bell_unwatch(ends[0]);
    bell_look();
    cr_assert_not(found());
    watch();
    bell_glance();
    cr_assert(found());
    /* the program sees only what is in the set */
    cr_assert_geq(bell_descriptor(), 0);
    bell_aside(ends[0]);
    bell_glance();
    cr_assert(found());
}

Test(bell, twice_is_refused)
{
    watch();
    cr_assert_eq(bell_watch(ends[0], EPOLLIN, ready, &called), DVM_ERR_EXISTS);
    cr_assert_eq(bell_watch(ends[1] + 1000, EPOLLIN, ready, &called), DVM_ERR_SYSTEM);
    bell_unwatch(ends[0]);
    cr_assert_not(bell_watching());
}

Test(bell, a_sleep_has_its_limit)
{
    double begun = clock_seconds();

    watch();
    bell_sleep(SHORT, NULL);
    cr_assert_geq(clock_seconds() - begun, SHORT);
    bell_sleep(0, NULL);
    cr_assert_not(bell_rung());
}

static void *ring_when_asleep(void *arg)
{
    while (atomic_load(&inbox->sleep) == DVM_AWAKE)
        sched_yield();
    cr_assert(dvm_inbox_ring(inbox, OTHER));
    return arg;
}

static void woken_by_a_ringer(uint32_t how)
{
    pthread_t ringer;

    cr_assert_eq(pthread_create(&ringer, NULL, ring_when_asleep, NULL), 0);
    while (!bell_rung()) {
        sleep_short();
        cr_assert_eq(atomic_load(&inbox->sleep), DVM_AWAKE);
    }
    pthread_join(ringer, NULL);
    rang[OTHER] = 0;
    bell_take(rung);
    cr_assert_eq(rang[OTHER], 1);
    cr_assert_eq(bell_watching() ? DVM_ASLEEP_EPOLL : DVM_ASLEEP_FUTEX, how);
}

Test(bell, ringers_wake_either_way)
{
    woken_by_a_ringer(DVM_ASLEEP_FUTEX);
    watch();
    woken_by_a_ringer(DVM_ASLEEP_EPOLL);
    bell_unwatch(ends[0]);
    woken_by_a_ringer(DVM_ASLEEP_FUTEX);
}

Test(bell, a_full_queue_is_rung_already)
{
    watch();
    atomic_store(&inbox->sleep, DVM_ASLEEP_EPOLL);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert(dvm_inbox_ring(inbox, OTHER + i));
    sleep_short();
    bell_take(rung);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert_eq(rang[OTHER + i], 1);
    /* the datagrams may wake once more, and then no longer */
    sleep_short();
    bell_take(rung);
    bell_sleep(SHORT, NULL);
    cr_assert_not(bell_rung());
}

/* Whether a datagram of a stranger gets into the queue. */
static bool wakes(const void *bytes, size_t size)
{
    struct sockaddr_un to;
    unsigned length = dvm_bell_address(inbox->bell, &to);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    cr_assert_geq(sendto(fd, bytes, size, 0, (struct sockaddr *)&to, length), 0);
    close(fd);
    bell_sleep(SHORT, NULL);
    if (!bell_rung())
        return false;
    bell_take(rung);
    return true;
}

Test(bell, only_who_has_the_key_can_ring)
{
    uint64_t key;

    watch();
    key = inbox->bell_key;
    cr_assert(wakes(&key, sizeof key));
    key ^= 1;
    cr_assert_not(wakes(&key, sizeof key));
    key ^= 1 | UINT64_C(1) << 63;
    cr_assert_not(wakes(&key, sizeof key));
    cr_assert_not(wakes("x", 1));
    cr_assert_not(wakes("", 0));
}

Test(bell, the_daemon_is_asked_for_a_bell_out_of_reach)
{
    atomic_store(&inbox->sleep, DVM_ASLEEP_EPOLL);
    atomic_store(&inbox->bell, 1); /* nobody has this name */
    cr_assert_not(dvm_inbox_ring(inbox, OTHER));
    cr_assert(dvm_inbox_ring(inbox, DVM_INDEX_DAEMON));
    atomic_store(&inbox->sleep, DVM_AWAKE);
}

static unsigned daemon_calls;

static void daemon_ready(void)
{
    daemon_calls++;
}

Test(bell, the_daemons_end_wakes)
{
    int pair[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    bell_daemon(pair[0], daemon_ready);
    watch();
    bell_sleep(SHORT, NULL);
    cr_assert_not(bell_rung());
    close(pair[1]);
    sleep_short();
    bell_take(rung);
    cr_assert_eq(daemon_calls, 1);
    bell_unwatch(ends[0]);
    close(pair[0]);
}

/* ---- tasks ------------------------------------------------------------------------- */

static void drain(void *arg, uint32_t events)
{
    char bytes[8];

    called += read(*(int *)arg, bytes, sizeof bytes) > 0;
}

static int pass_on(const struct fake_task *me)
{
    struct match_filter from = {.context = CONTEXT, .tag = DVM_ANY,
                                .source = me->tids[(me->rank + me->count - 1) % me->count]};
    int next = me->tids[(me->rank + 1) % me->count], value = 0, got = -1;
    struct match_sink sink = {.buffer = &got, .capacity = sizeof got};

    called = 0;
    FAKE_CHECK(pipe(ends) == 0);
    /* every other one: both ways of sleeping ring each other */
    if (me->rank % 2)
        FAKE_CHECK(bell_watch(ends[0], EPOLLIN, drain, &ends[0]) == DVM_OK);
    for (; value < 500; value++) {
        if (value % 100 == 50)
            FAKE_CHECK(write(ends[1], "x", 1) == 1);
        if (me->rank == 0)
            FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, next, 1, &value, 4, 0, 0, 0) == 0);
        FAKE_CHECK(match_recv(&from, &sink, NULL) == 0 && got == value);
        if (me->rank != 0)
            FAKE_CHECK(match_send(MATCH_STANDARD, CONTEXT, next, 1, &got, 4, 0, 0, 0) == 0);
    }
    FAKE_CHECK(called == 0 || me->rank % 2);
    bell_unwatch(ends[0]);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

Test(bells, tasks_wake_each_other)
{
    struct fake_options o = {.threads = DVM_THREAD_SINGLE};

    cr_assert_eq(fake_run(4, pass_on, NULL, &o), 0);
    o.threads = DVM_THREAD_MULTIPLE;
    cr_assert_eq(fake_run(4, pass_on, NULL, &o), 0);
    o.hosts = 2;
    cr_assert_eq(fake_run(4, pass_on, NULL, &o), 0);
}
