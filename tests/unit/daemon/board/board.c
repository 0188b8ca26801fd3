/* board: what a task waits for is read as it was written, never as two halves; nonsense is
 * refused; and of several threads that wait the last is told of, then those before it. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/source.h"
#include "daemon/board.h"
#include "dvm.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "lane/daemon_link.h"
#include "proto/board.h"
#include "proto/control.h"
#include "proto/frame.h"
#include "proto/segment.h"
#include "tests/support/fake_daemon.h"

#define WRITES 200000
#define TID 0x40001

/* All fields tell the same number, so that halves of two records are seen. */
static struct dvm_wait wait_number(uint64_t n)
{
    return (struct dvm_wait){.call = (uint8_t)(1 + n % DVM_BOARD_FINALIZE),
                             .why = (uint8_t)(1 + n % DVM_BOARD_END),
                             .threads = (uint16_t)(1 + n % 1000), .context = n,
                             .peer = (int)(TID + n), .tag = (int)n, .bytes = n, .since = n,
                             .site = n, 
                             .requests = (uint32_t)n, .timed = n % 2, .waits = n};
}

static bool same(const struct dvm_wait *a, const struct dvm_wait *b)
{
    return a->call == b->call && a->why == b->why && a->threads == b->threads &&
           a->context == b->context && a->peer == b->peer && a->tag == b->tag &&
           a->bytes == b->bytes && a->since == b->since && a->site == b->site &&
           a->requests == b->requests && a->timed == b->timed && a->waits == b->waits;
}

static struct dvm_board shared;
static atomic_bool over;

static void *write_many(void *arg)
{
    for (uint64_t n = 1; n <= WRITES; n++) {
        struct dvm_wait w = wait_number(n);

        dvm_board_write(&shared, &w);
    }
    atomic_store(&over, true);
    return arg;
}

Test(board, a_reader_never_sees_two_halves)
{
    pthread_t writer;
    struct dvm_wait w, wanted;
    uint64_t last = 0;

    cr_assert_eq(pthread_create(&writer, NULL, write_many, NULL), 0);
    while (!atomic_load(&over)) {
        if (!dvm_board_read(&shared, &w) || w.call == DVM_BOARD_NOTHING)
            continue;
        wanted = wait_number(w.waits);
        cr_assert(same(&w, &wanted), "halves of two records");
        cr_assert(w.waits >= last, "an older record than before");
        last = w.waits;
    }
    pthread_join(writer, NULL);
    wanted = wait_number(WRITES);
    cr_assert(dvm_board_read(&shared, &w) && same(&w, &wanted));
}

Test(board, a_writer_that_stopped_in_the_middle_is_not_waited_for)
{
    struct dvm_board b = {.sequence = 7};
    struct dvm_wait w;

    cr_assert_not(dvm_board_read(&b, &w));
}

Test(board, nonsense_is_refused)
{
    const struct dvm_wait good = wait_number(5);
    struct dvm_wait bad[] = {good, good, good, good, good, good, good}, w;
    struct dvm_board b = {0};

    bad[0].call = DVM_BOARD_CALL_END;
    bad[1].call = DVM_BOARD_FINALIZE + 1; /* a number that is not given */
    bad[2].why = 0;
    bad[3].why = DVM_BOARD_WHY_END;
    bad[4].peer = -7;
    bad[5].tag = -2;
    bad[6].threads = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dvm_board_write(&b, &bad[i]);
        cr_expect_not(dvm_board_read(&b, &w), "record %zu", i);
    }
    dvm_board_write(&b, &good);
    cr_expect(dvm_board_read(&b, &w));
}

Test(board, words_of_numbers)
{
    cr_expect_str_eq(dvm_board_call_name(DVM_BOARD_TASK_WAIT), "task_wait");
    cr_expect_str_eq(dvm_board_call_name(250), "call");
    cr_expect_str_eq(dvm_board_why_name(DVM_BOARD_CREDIT), "credit");
    cr_expect_str_eq(dvm_board_why_name(0), "unknown");
    cr_expect(dvm_board_collective(DVM_BOARD_BARRIER) && dvm_board_collective(DVM_BOARD_ALLREDUCE));
    cr_expect_not(dvm_board_collective(DVM_BOARD_RECV) || dvm_board_collective(DVM_BOARD_SPAWN));
}

/* ---- this task's own board -------------------------------------------------------------- */

static void describe(void *arg, struct dvm_wait *wait)
{
    wait->why = DVM_BOARD_MESSAGE;
    wait->peer = TID;
    wait->tag = *(const int *)arg;
}

static struct dvm_wait read_own(const struct dvm_inbox *inbox)
{
    struct dvm_wait w = {0};

    cr_assert(dvm_board_read(&inbox->board, &w));
    return w;
}

Test(board, the_thread_that_came_last_is_told_of)
{
    const struct board_subject recv = {DVM_BOARD_RECV, 1, describe};
    const struct board_subject probe = {DVM_BOARD_PROBE, 2, describe};
    struct dvm_inbox *inbox = calloc(1, sizeof *inbox);
    int tags[] = {10, 20};
    struct board_place first = {.subject = &recv, .arg = &tags[0]};
    struct board_place second = {.subject = &probe, .arg = &tags[1]};
    uint64_t since;

    board_show(&first, false); /* before there is an inbox: nothing happens */
    cr_assert_not(first.shown);
    board_use(inbox);
    cr_expect_eq(read_own(inbox).call, DVM_BOARD_NOTHING);
    board_show(&first, false);
    cr_expect_eq(read_own(inbox).tag, 10);
    cr_expect_eq(read_own(inbox).threads, 1);
    since = read_own(inbox).since;
    board_show(&second, true);
    cr_expect_eq(read_own(inbox).call, DVM_BOARD_PROBE);
    cr_expect_eq(read_own(inbox).threads, 2);
    cr_expect(read_own(inbox).timed);
    tags[0] = 11; /* what the first waits for has changed; it is not on the board now */
    board_show(&first, false);
    cr_expect_eq(read_own(inbox).tag, 20);
    board_hide(&second);
    cr_expect_eq(read_own(inbox).tag, 11);
    cr_expect_not(read_own(inbox).timed);
    cr_expect_eq(read_own(inbox).since, since, "the time when it began stays");
    cr_expect_eq(read_own(inbox).waits, 2);
    board_hide(&first);
    board_hide(&first);
    cr_expect_eq(read_own(inbox).call, DVM_BOARD_NOTHING);
    cr_expect_eq(read_own(inbox).waits, 2);
    board_use(NULL);
    free(inbox);
}

Test(board, a_wait_without_a_subject_is_not_shown)
{
    struct dvm_inbox *inbox = calloc(1, sizeof *inbox);
    struct board_place place = {0};

    board_use(inbox);
    board_show(&place, false);
    cr_expect_eq(read_own(inbox).call, DVM_BOARD_NOTHING);
    board_hide(&place);
    board_use(NULL);
    free(inbox);
}

/* ---- the daemon's look ------------------------------------------------------------------ */

__attribute__((noinline)) static uintptr_t who_called(void)
{
    return (uintptr_t)__builtin_return_address(0);
}

Test(board, the_daemon_tells_the_file_of_the_call)
{
    struct dvm_inbox *inbox = calloc(1, sizeof *inbox);
    struct dvm_wait w = wait_number(DVM_BOARD_SEND - 1);
    Dvm__Pb__Waiting *m;
    uint64_t address;
    Dl_info info;

    cr_assert(board_look(inbox, getpid(), &m));
    cr_expect_null(m, "it does not wait");
    w.site = who_called();
    w.since = clock_ns() - UINT64_C(3000000000);
    dvm_board_write(&inbox->board, &w);
    cr_assert(board_look(inbox, getpid(), &m));
    cr_assert_not_null(m);
    cr_expect_eq(m->call, DVM_BOARD_SEND);
    cr_expect(m->seconds >= 3);
    cr_expect_not_null(strstr(m->module, "unit_board"), "%s", m->module);
    cr_expect(m->module_bytes > 0 && m->module_time > 0);
    cr_assert(source_address(m->module, m->offset, &address) && dladdr(&inbox, &info) == 0);
    cr_assert(dladdr((void *)w.site, &info));
    cr_expect_eq((uintptr_t)info.dli_fbase + address, w.site, "a PIE counts from 0");
    board_free(m);
    free(inbox);
}

Test(board, a_hostile_board_is_told_of_no_further_than_it_makes_sense)
{
    struct dvm_inbox *inbox = calloc(1, sizeof *inbox);
    const uint64_t sites[] = {1, 0x1000, UINT64_MAX, (uintptr_t)&inbox};
    struct dvm_wait w = wait_number(5);
    Dvm__Pb__Waiting *m;

    for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
        w.site = sites[i];
        w.since = UINT64_MAX; /* in times to come */
        dvm_board_write(&inbox->board, &w);
        cr_assert(board_look(inbox, getpid(), &m) && m);
        cr_expect_str_eq(m->module, "", "site %zu", i);
        cr_expect_eq(m->seconds, 0);
        board_free(m);
    }
    memset(&inbox->board, 0xff, sizeof inbox->board);
    cr_expect_not(board_look(inbox, getpid(), &m));
    cr_expect_null(m);
    free(inbox);
}

/* ---- a request that nobody answers ------------------------------------------------------- */

#define SITE 77
#define PATIENCE 60.0 /* seconds: the machine may be busy */

struct watcher {
    const struct dvm_inbox *inbox;
    atomic_bool seen, stop;
    struct dvm_wait wait;
};

static void *watch(void *arg)
{
    struct watcher *w = arg;

    while (!atomic_load(&w->stop) && !atomic_load(&w->seen)) {
        if (dvm_board_read(&w->inbox->board, &w->wait) && w->wait.call != DVM_BOARD_NOTHING)
            atomic_store(&w->seen, true);
        sched_yield();
    }
    return NULL;
}

static int unanswered(const struct fake_task *me)
{
    int host = DVM_TID_DAEMON(DVM_TID_SLOT(me->tids[0]));
    struct watcher w = {.inbox = bell_inbox()};
    double end = clock_seconds() + PATIENCE;
    struct daemon_answer answer;
    struct dvm_wait now;
    pthread_t thread;

    daemon_link_asker(DVM_BOARD_SPAWN, SITE, 0);
    FAKE_CHECK(pthread_create(&thread, NULL, watch, &w) == 0);
    while (!atomic_load(&w.seen) && clock_seconds() < end)
        FAKE_CHECK(daemon_link_request(host, DVM_CTL_SPAWN, NULL, 0, 0.05, &answer) ==
                   DVM_ERR_TIMEOUT);
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    FAKE_CHECK(atomic_load(&w.seen) && w.wait.call == DVM_BOARD_SPAWN);
    FAKE_CHECK(w.wait.why == DVM_BOARD_ANSWER && w.wait.peer == host && w.wait.site == SITE);
    FAKE_CHECK(w.wait.tag == DVM_ANY && w.wait.threads == 1);
    FAKE_CHECK(dvm_board_read(&bell_inbox()->board, &now) && now.call == DVM_BOARD_NOTHING);
    return 0;
}

Test(board, a_request_tells_which_call_waits_for_the_daemon)
{
    cr_assert_eq(fake_run(1, unanswered, NULL, NULL), 0);
}
