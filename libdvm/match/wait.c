/* wait.c: progress, and sleeping until there is some.
 *
 * With one thread: look at the bell, spin for a moment while the computer has an idle
 * core, then sleep on it. Spinning stops for a while
 * when the spinner notices that somebody else had its core. Where tasks are more than
 * cores they yield instead.
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
#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "match/brief.h"
#include "match/load.h"
#include "match/request.h"

#define SPIN_NS 150000             /* how long to spin while the computer has an idle core */
#define SPIN_CROWD_NS 1000000        /* the same while others get the core in between */
#define CROWD_LARGE 4              /* more tasks a core than these: who waits for a message */
#define CROWD_YIELDS 5             /* lets others have the core so often, then sleeps */
#define YIELDS_MOST 32             /* of the short way until load and bell are asked again */
#define SPIN_AFTER 8               /* waits of a task before it spins: the first are for its
                                    * daemon and for tasks that are still starting */
#define SPIN_LOOK 16               /* looks at the bell between looks at the clock */
#define SPIN_GAP_NS 20000          /* a gap in the clock that may mean: the core was lost */
#define SPIN_PAUSE_NS 1000000      /* no spinning for so long when it was; doubles when */
#define SPIN_PAUSES 8              /* it is lost again within so many times the last pause, */
#define SPIN_PAUSE_MAX_NS 100000000 /* up to this */
#define LOOK_TURNS 32              /* turns of progress between looks at descriptors */
#define CHECK_SECONDS 0.5          /* how often a lost daemon is looked for */
#define BOARD_TURNS 64             /* turns of a wait that never sleeps until it is on the board */

static struct {
    bool threads;          /* DVM_THREAD_MULTIPLE */
    bool child;            /* ends with its daemon by itself */
    bool patient;          /* the owner of the bell has slept long */
    int neighbours;        /* tasks on this computer, with this one, that it works with: those of
                            * its world, or of a group with more of them */
    unsigned turns;        /* of progress */
    unsigned waits;        /* that there were, up to SPIN_AFTER; then any number */
    unsigned yields;       /* that wait_yields may still do */
    uint64_t no_spin;      /* before this time, ns; 0: spin */
    uint64_t pause;        /* ns that the last pause took, */
    uint64_t paused;       /* and when it was over */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned others;       /* threads that sleep on cond */
    bool owned;            /* a thread sleeps on the bell */
    bool served;           /* that is the service thread */
    bool wanted;           /* it must leave the bell to another */
    bool turning;          /* progress is being made in a call */
    bool spun;             /* the last look at the bell took all of its time, in vain */
    bool changed;          /* something completed since others were told */
    const struct wait_look *look; /* what is waited for beside the bell; NULL: nothing */
    void *look_arg;
} waiting;

void wait_start(const struct match_config *config)
{
    pthread_condattr_t attributes;

    waiting.threads = config->thread_level == DVM_THREAD_MULTIPLE;
    waiting.child = config->child;
    waiting.neighbours = config->neighbours;
    waiting.no_spin = waiting.pause = waiting.paused = 0;
    waiting.waits = waiting.yields = 0;
    waiting.patient = false;
    load_start(config->bound);
    brief_start();
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
        bell_look();
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

/* The bell's owner looks for what only descriptors tell: with several threads no lane reads its
 * sockets by itself, as it would need the lock for that; and with one thread a lane reads a few. */
static void spin_look(void)
{
    if (waiting.threads || lane_unseen())
        bell_look();
}

/* Whether there is something to do: the bell, or what is looked at beside it. */
static inline bool rang(void)
{
    return lane_rung() || (waiting.look && waiting.look->ready(waiting.look_arg));
}

/* More tasks than cores: let the others run, and look at the bell now and then. A core
 * that has gone to sleep takes longer to wake than the next task takes to answer. Not
 * where others want the cores, too: who sleeps gets one sooner than who yields. Nor long
 * in a large crowd, but in a collective, where all go on: with a message often only one can,
 * which would be given a core when all the others have been, but is the next when they sleep. */
static bool spin_crowded(bool collective)
{
    uint64_t start = clock_ns(), now = start;
    bool brief = !collective && waiting.neighbours > CROWD_LARGE * load_cores();

    for (int i = 0; (!brief || i < CROWD_YIELDS) && now - start < SPIN_CROWD_NS &&
         load_idle(now, waiting.neighbours); i++) {
        waiting.yields = waiting.threads ? 0 : YIELDS_MOST;
        if (rang())
            return true;
        sched_yield();
        bell_look(); /* a turn comes seldom: at all sockets, each time */
        now = clock_ns();
    }
    if (!load_idle(now, waiting.neighbours))
        waiting.yields = 0;
    return rang();
}

void match_together(int tasks)
{
    if (tasks > waiting.neighbours)
        waiting.neighbours = tasks;
}

bool wait_spins(void)
{
    /* once only: the clock takes as long as a third of a message's way */
    if (waiting.no_spin && clock_ns() >= waiting.no_spin)
        waiting.no_spin = 0;
    return !waiting.threads && waiting.waits > SPIN_AFTER && load_cores() > 1 &&
           waiting.neighbours <= load_cores() && (!waiting.no_spin || brief_hopes());
}

bool wait_yields(void)
{
    if (waiting.yields == 0)
        return false;
    waiting.yields--;
    sched_yield();
    return true;
}

/* The core was lost, and somebody wants it still: no spinning for a while. Daemons that run for
 * a moment are often such a case, too, so the first pause is short; who stays is met again. */
static void spin_lost(uint64_t now)
{
    bool again = now < waiting.paused + SPIN_PAUSES * waiting.pause;

    waiting.pause = again ? 2 * waiting.pause : SPIN_PAUSE_NS;
    if (waiting.pause > SPIN_PAUSE_MAX_NS)
        waiting.pause = SPIN_PAUSE_MAX_NS;
    waiting.paused = waiting.no_spin = now + waiting.pause;
}

/* Others want the cores: look at the bell no longer than sleeping would take, and only while that
 * is of use. */
static bool spin_brief(uint64_t start)
{
    uint64_t now = start;
    bool found = rang();

    if (found || !brief_try() || !lane_answers())
        return found;
    do {
        for (int i = 0; i < SPIN_LOOK && !found; i++) {
            wait_pause();
            found = rang();
        }
        now = clock_ns();
    } while (!found && now - start < BRIEF_NS);
    brief_took(found ? now - start : UINT64_MAX);
    return found;
}

/* Look at the bell for a short while; subject: of the wait, or NULL. Returns whether it rang. */
static bool spin(const struct board_subject *subject)
{
    uint64_t start, last, now;

    waiting.spun = false;
    if (load_cores() < 2 || ++waiting.waits <= SPIN_AFTER)
        return rang();
    if (waiting.neighbours > load_cores())
        return spin_crowded(subject && subject->call >= DVM_BOARD_BARRIER &&
                            subject->call < DVM_BOARD_REQUEST);
    start = last = clock_ns();
    if (start < waiting.no_spin || !load_idle(start, load_cores()))
        return spin_brief(start);
    do {
        for (int i = 0; i < SPIN_LOOK; i++) {
            if (rang())
                return true;
            wait_pause();
        }
        spin_look();
        now = clock_ns();
        /* to something that is still there, not a moment's work of the kernel */
        if (now - last > SPIN_GAP_NS && load_core_lost() && load_now() > load_cores()) {
            spin_lost(now);
            return rang();
        }
        last = now;
    } while (now - start < SPIN_NS && load_idle(now, load_cores()));
    waiting.spun = now - start >= SPIN_NS;
    return false;
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

/* It has spun in vain and was woken: to a core that is idle, while the other task sleeps or spins:
 * not to a third one's. */
static void part(void)
{
    int running = load_now();

    if (running <= load_cores())
        lane_part(running < load_cores());
}

/* Wait for a bell, as its owner. */
static int wait_bell(double limit, struct stall *stall, struct board_place *place)
{
    bool found;
    int rc = DVM_OK;

    waiting.owned = true;
    wait_unlock();
    found = spin(place->subject);
    wait_lock();
    if (!found) {
        show_in_vain(place, limit);
        limit = stall_limit(stall, limit);
        rc = waiting.look ? sleep_looking(limit) : sleep_owner(limit);
        if (waiting.spun)
            part();
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

struct any {
    size_t count, found;
    struct dvm_request *const *requests;
};

static bool any_complete(void *arg)
{
    struct any *any = arg;

    for (size_t i = 0; i < any->count; i++) {
        if (any->requests[i] && any->requests[i]->state == REQUEST_COMPLETE) {
            any->found = i;
            return true;
        }
    }
    return false;
}

struct first {
    struct any any; /* first: for its description */
    unsigned failures;
};

static bool first_complete(void *arg)
{
    const struct first *first = arg;

    return first->any.requests[0]->state == REQUEST_COMPLETE ||
           request_failures != first->failures;
}

/* The first that is not complete, and how many there are. */
static void any_describe(void *arg, struct dvm_wait *wait)
{
    const struct any *any = arg;
    const struct dvm_request *first = NULL;

    for (size_t i = 0; i < any->count; i++) {
        if (!any->requests[i] || any->requests[i]->state == REQUEST_COMPLETE ||
            any->requests[i]->state == REQUEST_IDLE)
            continue;
        first = first ? first : any->requests[i];
        wait->requests++;
    }
    if (first)
        request_describe(first, wait);
}

int match_wait_call(enum dvm_board_call call, uintptr_t site, size_t count,
                    struct dvm_request *const *requests, double timeout, size_t *index)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct any any = {.count = count, .requests = requests};
    int rc = match_wait_until(any_complete, &any, timeout, &subject);

    if (!rc)
        *index = any.found;
    return rc;
}

int match_wait_first(enum dvm_board_call call, uintptr_t site, size_t count,
                     struct dvm_request *const *requests, bool *failed)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct first first = {{.count = count, .requests = requests}, request_failures};
    int rc = match_wait_until(first_complete, &first, -1, &subject);

    *failed = request_failures != first.failures;
    return rc;
}

int match_wait_any(size_t count, struct dvm_request *const *requests, double timeout,
                   size_t *index)
{
    return match_wait_call(DVM_BOARD_NOTHING, 0, count, requests, timeout, index);
}

struct either {
    struct any any; /* first: of one request */
    bool (*other)(void *arg);
    void *arg;
};

static bool either_done(void *arg)
{
    struct either *e = arg;

    return any_complete(&e->any) || e->other(e->arg);
}

int match_wait_or(enum dvm_board_call call, uintptr_t site, struct dvm_request *request,
                  bool (*other)(void *arg), void *arg)
{
    const struct board_subject subject = {.call = call, .site = site, .describe = any_describe};
    struct either either = {
        .any = {.count = 1, .requests = &request}, .other = other, .arg = arg};

    return match_wait_until(either_done, &either, -1, &subject);
}
