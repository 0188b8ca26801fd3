/* service.c: progress while the program is outside of the library.
 *
 * What moves data is calls. When one returns while this task owes others something
 * (lane_owed: a rendezvous under way, a posted receive that may become one, a buffered send
 * that waits for credit, a connection that is being opened, a collective that does not wait),
 * a service thread takes over. It is made at the first time, and asleep unless it is needed:
 * with something owed it looks at each tick whether the program has been in a call since, and
 * only where it has not does it make progress and sleep on the bell. So calls that follow
 * each other closely pay a few loads and stores for it, and no system call.
 *
 * One word says who owns progress:
 *
 *     CALLS      a call, or nobody, as nothing is owed
 *     OPEN + n   nobody: the n-th call that has left with something owed
 *     BUSY       the thread, which makes progress
 *     WANTED     the same, and a call waits for it to stop
 *     SERVED     the thread, which sleeps on the bell: a call may take it
 *
 * Only a call leaves CALLS; the thread takes OPEN + n to BUSY, and the call that enters
 * takes OPEN + n and SERVED back, all by compare and swap. [P] Each change but BUSY to
 * WANTED hands over all that the library keeps: a release, and the acquire of whoever
 * reads it. A thread that a call has overtaken on its way to the bell would sleep there
 * although nobody rings, so it never sleeps for longer than BELL_SECONDS.
 *
 * With DVM_THREAD_MULTIPLE the lock owns progress. The thread then is one more that waits,
 * gives way to any other, and of the word only OPEN + n is used, to see the calls.
 *
 * A program that has asked for dvm_fd makes its progress itself.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lane/bell.h"
#include "match/request.h"

#define TICK_NS 2000000        /* between looks at whether the program makes calls */
#define IDLE_TICKS 5           /* with nothing owed, until the thread sleeps */
#define BELL_SECONDS 0.1       /* longest sleep on the bell */
#define STACK_BYTES (256 << 10)

enum { CALLS, BUSY, WANTED, SERVED, QUIT, OPEN };
enum place { TICKING, HOME, BELL }; /* where the thread is */

static struct {
    bool started, never;     /* there is a thread; there will be none */
    bool threads;            /* DVM_THREAD_MULTIPLE */
    pthread_t thread;
    uint32_t left;           /* the last OPEN + n */
    _Atomic uint32_t word;
    _Atomic uint32_t place;  /* enum place; a futex */
    _Atomic unsigned turns;  /* that the thread has served: for tests */
} service;

static void futex_wait(_Atomic uint32_t *word, uint32_t value, const struct timespec *limit)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, limit, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Take the word from one value to another. [P] */
static bool change(uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(&service.word, &from, to);
}

/* ---- the thread -------------------------------------------------------------------- */

/* It has what nobody owns: make progress until there is none to make, or a call comes.
 * Returns whether to go on serving. */
static bool turn(void)
{
    int rc = DVM_OK;

    service.turns++;
    do {
        rc = lane_progress();
        if (match_on_progress)
            match_on_progress();
    } while (!rc && lane_rung() && atomic_load(&service.word) == BUSY);
    if (rc || !lane_owed)
        return false;
    wait_in_vain();
    return true;
}

/* Give progress up, as BUSY or WANTED. */
static void give(uint32_t to)
{
    if (change(BUSY, to))
        return;
    atomic_store(&service.word, CALLS);
    futex_wake(&service.word);
}

/* BUSY: until nothing is owed or a call comes. */
static void serve(void)
{
    while (turn()) {
        if (atomic_load(&service.word) == WANTED || !lane_arm()) {
            if (atomic_load(&service.word) == WANTED)
                break;
            continue;
        }
        atomic_store(&service.place, BELL);
        if (!change(BUSY, SERVED)) {
            bell_disarm();
            break;
        }
        bell_wait(BELL_SECONDS);
        atomic_store(&service.place, TICKING);
        if (!change(SERVED, BUSY))
            return;
        bell_disarm();
    }
    atomic_store(&service.place, TICKING);
    give(CALLS);
}

/* The same with the lock of DVM_THREAD_MULTIPLE. last: OPEN + n, as it was a tick ago. */
static void serve_locked(uint32_t last)
{
    bool mine;

    wait_lock();
    mine = atomic_load(&service.word) == last && wait_own(true);
    if (mine) {
        while (lane_owed && !wait_wanted() && atomic_load(&service.word) != QUIT) {
            service.turns++;
            if (wait_turn(BELL_SECONDS))
                break;
        }
        wait_own(false);
    }
    /* whoever has the bell now will leave by service_open */
    if (!mine || !lane_owed)
        change(last, CALLS);
    wait_unlock();
}

/* Sleep until a call leaves with something owed. */
static void go_home(void)
{
    atomic_store(&service.place, HOME);
    /* pairs with service_open: of its store of the word, and this of place, one is seen */
    if (atomic_load(&service.word) == CALLS)
        futex_wait(&service.place, HOME, NULL);
    atomic_store(&service.place, TICKING);
}

static void *service_thread(void *arg)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    uint32_t last = CALLS, word;
    int idle = 0;

    while ((word = atomic_load(&service.word)) != QUIT) {
        if (word >= OPEN && word == last) {
            if (service.threads)
                serve_locked(last);
            else if (change(word, BUSY))
                serve();
            word = CALLS;
        }
        last = word;
        idle = word >= OPEN ? 0 : idle + 1;
        if (idle < IDLE_TICKS) {
            futex_wait(&service.place, TICKING, &tick);
        } else {
            go_home();
            idle = 0;
        }
    }
    return NULL;
}

/* ---- calls ------------------------------------------------------------------------- */

/* No signal of the program's is handled in a thread that it does not know. */
static bool start(void)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int rc;

    if (service.started || service.never)
        return service.started;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    rc = pthread_create(&service.thread, &attributes, service_thread, NULL);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    service.started = rc == 0;
    service.never = rc != 0;
    return service.started;
}

/* Have the thread look at the word. */
static void wake(void)
{
    uint32_t home = HOME;

    if (atomic_compare_exchange_strong(&service.place, &home, TICKING))
        futex_wake(&service.place);
    else if (home == BELL)
        bell_kick();
}

bool service_open(void)
{
    if (!start())
        return false;
    service.left = service.left >= UINT32_MAX - 1 || service.left < OPEN ? OPEN : service.left + 1;
    atomic_store(&service.word, service.left);
    if (atomic_load(&service.place) != TICKING)
        wake();
    return true;
}

void service_take(void)
{
    uint32_t word = atomic_load(&service.word);

    while (word != CALLS) {
        if (word == BUSY && change(BUSY, WANTED))
            word = WANTED;
        if (word == WANTED) {
            futex_wait(&service.word, WANTED, NULL);
        } else if ((word == SERVED || word >= OPEN) && change(word, CALLS)) {
            if (word == SERVED) {
                bell_disarm();
                bell_kick();
            }
            return;
        }
        word = atomic_load(&service.word);
    }
}

void service_start(bool threads)
{
    service.threads = threads;
    service.started = service.never = false;
    service.turns = 0;
    atomic_store(&service.place, TICKING);
    atomic_store(&service.word, CALLS);
}

void service_never(void)
{
    service_stop();
    service.never = true;
}

void service_stop(void)
{
    if (!service.started)
        return;
    /* while it is busy it would overwrite what it is told */
    if (!service.threads)
        service_take();
    atomic_store(&service.word, QUIT);
    atomic_store(&service.place, TICKING);
    futex_wake(&service.place);
    /* whether it sleeps on the bell or is about to */
    dvm_inbox_ring(bell_inbox(), bell_index());
    bell_kick();
    wait_unlock();
    pthread_join(service.thread, NULL);
    wait_lock();
    service_start(service.threads);
}

bool service_is_self(void)
{
    return service.started && pthread_equal(pthread_self(), service.thread);
}

void service_forked(void)
{
    service_start(service.threads);
}

unsigned service_turns(void)
{
    return service.turns;
}
