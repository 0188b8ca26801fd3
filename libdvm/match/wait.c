/* wait.c: progress, and sleeping until there is some.
 *
 * With one thread: look at the bell for a moment (spin.c), then sleep on it.
 *
 * With DVM_THREAD_MULTIPLE one lock guards the library; a thread that waits gives
 * it up while it sleeps. One of the waiting threads owns progress: it sleeps on
 * the bell. The others sleep on a condition until something completed or the
 * owner leaves. A thread that completes something while the owner sleeps rings
 * the task's own bell.
 *
 * What is waited for goes on the board (lane/board.h) when the thread is about to sleep,
 * or when it has been woken in vain many times.
 */
#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "match/load.h"
#include "match/request.h"
#include "match/spin.h"

#define LOOK_TURNS 32              /* turns of progress between looks at descriptors */
#define CHECK_SECONDS 0.5          /* how often a lost daemon is looked for */
#define BOARD_TURNS 64             /* turns of a wait that never sleeps until it is on the board */

static struct {
    bool threads;          /* DVM_THREAD_MULTIPLE */
    bool child;            /* ends with its daemon by itself */
    bool patient;          /* the owner of the bell has slept long */
    unsigned turns;        /* of progress */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned others;       /* threads that sleep on cond */
    bool owned;            /* a thread sleeps on the bell */
    bool served;           /* that is the service thread */
    bool wanted;           /* it must leave the bell to another */
    bool turning;          /* progress is being made in a call */
    bool changed;          /* something completed since others were told */
    const struct wait_look *look; /* what is waited for beside the bell; NULL: nothing */
    void *look_arg;
} waiting;

void wait_start(const struct match_config *config)
{
    pthread_condattr_t attributes;

    waiting.threads = config->thread_level == DVM_THREAD_MULTIPLE;
    waiting.child = config->child;
    waiting.patient = false;
    load_start(config->bound);
    spin_start(waiting.threads, config->neighbours);
    waiting.others = 0;
    waiting.owned = waiting.served = waiting.wanted = waiting.changed = waiting.turning = false;
    waiting.look = NULL;
    service_start(waiting.threads);
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiting.cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void wait_lock(void)
{
    if (waiting.threads)
        pthread_mutex_lock(&waiting.lock);
}

void wait_unlock(void)
{
    if (waiting.threads)
        pthread_mutex_unlock(&waiting.lock);
}

bool wait_last(double seconds)
{
    struct timespec limit;

    if (waiting.threads) {
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += (time_t)seconds + 1;
        return pthread_mutex_timedlock(&waiting.lock, &limit) == 0;
    }
    if (waiting.turning)
        return false;
    if (waiting.owned)
        bell_disarm();
    waiting.owned = false;
    waiting.look = NULL;
    return true;
}

void wait_stop(void)
{
    wait_unlock();
    load_stop();
    waiting.threads = waiting.owned = waiting.served = waiting.changed = false;
}

void wait_changed(void)
{
    waiting.changed = true;
}

/* Wake the threads that may wait for what changed, or all when the caller is leaving
 * and may have been the one that watched the bell. */
static void tell_others(bool leaving)
{
    if (!waiting.threads)
        return;
    if (waiting.others && (waiting.changed || leaving))
        pthread_cond_broadcast(&waiting.cond);
    if (waiting.changed && waiting.owned && !waiting.served)
        dvm_inbox_ring(bell_inbox(), bell_index());
    waiting.changed = false;
}

void wait_arm(void)
{
    /* else another thread sleeps for all */
    if (!waiting.owned && !lane_arm())
        bell_kick();
}

void wait_leave(void)
{
    if (waiting.changed)
        tell_others(false);
}

void (*match_on_progress)(void);
void (*match_on_words)(void);
double (*match_on_stall)(unsigned times);

/* Take in what came. Anything may have changed then: an answer, a death. */
static int progress(void)
{
    int rc;

    /* a task that never sleeps looks at descriptors now and then */
    if (bell_watching() && !waiting.owned && ++waiting.turns % LOOK_TURNS == 0)
        bell_glance();
    if (waiting.threads && lane_rung())
        waiting.changed = true;
    waiting.turning = true;
    quick_progress();
    rc = lane_progress();
    if (match_on_words)
        match_on_words();
    if (match_on_progress)
        match_on_progress();
    waiting.turning = false;
    return rc;
}

void wait_in_vain(void)
{
    stream_watch_now();
    stream_grant_starved();
    lane_rest();
}

/* This thread is about to sleep: so it stands on the board. limit: as of sleep_owner. */
static void show_in_vain(struct board_place *place, double limit)
{
    board_show(place, limit > 0 || waiting.threads);
    wait_in_vain();
}

/* Sleep on the bell, at most until limit (clock_seconds; negative: for ever). */
static int sleep_owner(double limit)
{
    double now = limit >= 0 || !waiting.child ? clock_seconds() : 0;
    double seconds = limit < 0 ? -1 : limit > now ? limit - now : 0;
    bool check = !waiting.child && !waiting.patient && (seconds < 0 || seconds > CHECK_SECONDS);

    wait_unlock();
    lane_sleep(check ? CHECK_SECONDS : seconds);
    wait_lock();
    if (!check || lane_rung())
        return DVM_OK;
    /* for long: from now on where the daemon's end is seen */
    waiting.patient = bell_patient(true);
    return lane_check();
}

/* The bell's owner leaves it: the next may sleep for a moment only. */
static void impatient(void)
{
    if (waiting.patient)
        bell_patient(false);
    waiting.patient = false;
}

/* Sleep on the condition, at most until limit. */
static void sleep_other(double limit)
{
    struct timespec until;

    waiting.others++;
    if (limit < 0) {
        pthread_cond_wait(&waiting.cond, &waiting.lock);
    } else {
        until.tv_sec = (time_t)limit;
        until.tv_nsec = (long)((limit - (double)until.tv_sec) * CLOCK_NS_PER_SECOND);
        pthread_cond_timedwait(&waiting.cond, &waiting.lock, &until);
    }
    waiting.others--;
}

/* Have the service thread leave the bell to this one. */
static void have_bell(void)
{
    waiting.wanted = true;
    dvm_inbox_ring(bell_inbox(), bell_index());
}

bool wait_own(bool own)
{
    if (own && waiting.owned)
        return false;
    waiting.owned = waiting.served = own;
    waiting.wanted = false;
    if (!own)
        tell_others(true);
    return true;
}

bool wait_wanted(void)
{
    return waiting.wanted;
}

int wait_turn(double seconds)
{
    int rc = progress();

    tell_others(false);
    if (rc || lane_rung())
        return rc;
    wait_in_vain();
    wait_unlock();
    lane_sleep(seconds);
    wait_lock();
    return DVM_OK;
}

/* When a wait that sleeps is to ask what is wrong. */
struct stall {
    double at; /* clock_seconds; 0: it has not slept, negative: not any more */
    unsigned times;
};

/* Until when it may sleep; limit: its own, negative for ever. */
static double stall_limit(struct stall *s, double limit)
{
    if (!match_on_stall || s->at < 0)
        return limit;
    if (s->at == 0)
        s->at = clock_seconds() + MATCH_STALL_SECONDS;
    return limit < 0 || s->at < limit ? s->at : limit;
}

/* It has slept. */
static void stall_look(struct stall *s)
{
    double next;

    if (s->at <= 0 || !match_on_stall || clock_seconds() < s->at)
        return;
    next = match_on_stall(++s->times);
    s->at = next > 0 ? clock_seconds() + next : -1;
}

/* Sleep like that while those who write what is looked at know of it. */
static int sleep_looking(double limit)
{
    const struct wait_look *look = waiting.look;
    int rc = look->to_sleep(waiting.look_arg) ? sleep_owner(limit) : DVM_OK;

    look->has_slept(waiting.look_arg);
    return rc;
}

/* Wait for a bell, as its owner. */
static int wait_bell(double limit, struct stall *stall, struct board_place *place)
{
    bool found;
    int rc = DVM_OK;

    waiting.owned = true;
    wait_unlock();
    found = spin(place->subject, waiting.look, waiting.look_arg);
    wait_lock();
    if (!found) {
        show_in_vain(place, limit);
        limit = stall_limit(stall, limit);
        rc = waiting.look ? sleep_looking(limit) : sleep_owner(limit);
        spin_slept();
    }
    waiting.owned = false;
    return rc;
}

/* For match_waited. */
static _Thread_local struct dvm_wait failed_in;

static void note_wait(const struct board_place *place, unsigned failures)
{
    if (place->shown && request_failures != failures)
        failed_in = place->wait;
}

bool match_waited(uintptr_t site, struct match_waited *waited)
{
    struct dvm_wait wait = failed_in;

    failed_in.site = 0;
    waited->call = wait.call;
    waited->seconds = (double)(clock_ns() - wait.since) / CLOCK_NS_PER_SECOND;
    return wait.site && wait.site == site;
}

int match_wait_until(bool (*done)(void *arg), void *arg, double timeout,
                     const struct board_subject *subject)
{
    double limit = timeout <= 0 ? timeout : clock_seconds() + timeout;
    struct board_place place = {.subject = subject, .arg = arg};
    struct stall stall = {0};
    unsigned turns = 0, failures = request_failures;
    bool over = done(arg);
    int rc = DVM_OK;

    /* who does not wait does not sleep, where descriptors are looked at */
    if (!over && timeout == 0 && !waiting.owned)
        bell_look();
    while (!over) {
        rc = rc ? rc : progress();
        /* once a turn: to ask may acknowledge a death */
        over = done(arg);
        if (over || rc)
            break;
        if (limit >= 0 && (timeout == 0 || clock_seconds() >= limit)) {
            wait_in_vain();
            rc = dvm_fail(DVM_ERR_TIMEOUT, "the time limit of %g s has passed", timeout);
            break;
        }
        tell_others(false);
        if (++turns == BOARD_TURNS)
            board_show(&place, limit > 0 || waiting.threads);
        if (!waiting.owned) {
            rc = wait_bell(limit, &stall, &place);
        } else {
            /* the owner may sleep for long */
            show_in_vain(&place, limit);
            if (waiting.served)
                have_bell();
            sleep_other(stall_limit(&stall, limit));
        }
        stall_look(&stall);
    }
    note_wait(&place, failures);
    board_hide(&place);
    if (!waiting.owned)
        impatient();
    /* another thread must take the bell over */
    tell_others(true);
    return over ? DVM_OK : rc;
}

int wait_looking(bool (*done)(void *arg), void *arg, const struct wait_look *look,
                 const struct board_subject *subject)
{
    int rc;

    waiting.look = look;
    waiting.look_arg = arg;
    rc = match_wait_until(done, arg, -1, subject);
    waiting.look = NULL;
    return rc;
}

bool wait_threaded(void)
{
    return waiting.threads;
}

int match_progress(void)
{
    bool rang;
    int rc;

    if (!waiting.owned)
        bell_look();
    rang = lane_rung();
    rc = progress();

    if (!rang)
        wait_in_vain();
    if (waiting.changed)
        tell_others(false);
    return rc;
}

void match_breathe(void)
{
    if (!quick_many())
        return;
    progress();
    if (waiting.changed)
        tell_others(false);
}
