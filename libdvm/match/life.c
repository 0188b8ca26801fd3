/* life.c: from match_start to match_stop, and the gate that every call passes.
 *
 * With one thread, and nothing owed when the last call left, the gate is one load and
 * one comparison each way. Otherwise calls take progress back from the service thread, or
 * the lock, and leave it again.
 *
 * A child after fork is no task: a handler that runs in it closes its copy of
 * the socket and shuts the gate; what else it inherited is freed if it becomes a
 * task itself.
 */
#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/crash.h"
#include "base/error.h"
#include "lane/bell.h"
#include "lane/board.h"
#include "lane/uplink.h"
#include "match/commons.h"
#include "match/request.h"

double match_acknowledge_seconds = 0.5;

enum gate {
    GATE_CLOSED, /* not to be passed without gate_enter */
    GATE_OPEN
};

static struct {
    uint8_t gate;  /* enum gate; written by a task of one thread only */
    bool careful;  /* calls leave by gate_leave: there are threads, or polled */
    bool threads;  /* DVM_THREAD_MULTIPLE */
    bool polled;   /* the program has the bell's descriptor */
    bool started;
    bool forked;  /* this process was forked from a task, and is none */
    bool handler; /* the handler for forks is installed */
    pthread_t thread; /* that of match_start; with one thread it alone makes calls */
} life;

static const struct stream_up calls = {
    .message = deliver_message,
    .notice = deliver_notice,
    .gone = gone_stream,
    .host_gone = gone_host,
};

/* No thread is in the middle of a change when the child gets its copy. */
static void before_fork(void)
{
    if (!life.started)
        return;
    wait_lock();
    if (!life.threads)
        service_take();
}

static void in_parent(void)
{
    if (!life.started)
        return;
    if (life.gate == GATE_CLOSED && !life.threads && !life.polled && lane_owed)
        service_open();
    wait_unlock();
}

static void after_fork(void)
{
    if (!life.started)
        return;
    life.started = life.careful = false;
    life.gate = GATE_CLOSED;
    life.forked = true;
    service_forked();
    lane_forked();
}

/* Progress is this thread's, which has the lock. */
static void take_over(void)
{
    if (!life.threads)
        service_take();
    if (life.polled)
        bell_disarm();
    if (!life.careful)
        life.gate = GATE_OPEN;
}

/* What is not done for every call: errors, the lock, taking progress back. */
static int gate_enter(void)
{
    if (!life.started)
        return life.forked
                   ? dvm_fail(DVM_ERR_FORKED, "%s", dvm_error_text(DVM_ERR_FORKED))
                   : dvm_fail(DVM_ERR_NOT_INIT, "%s", dvm_error_text(DVM_ERR_NOT_INIT));
    if (life.threads)
        crash_thread();
    wait_lock();
    take_over();
    return DVM_OK;
}

/* Leave progress to whoever makes it now, and the lock. */
static void gate_leave(void)
{
    if (!life.started)
        return; /* this call has ended the task's life */
    wait_leave();
    if (life.polled)
        wait_arm();
    else if (lane_owed && service_open() && !life.threads)
        life.gate = GATE_CLOSED; /* the next call takes progress back */
    wait_unlock();
}

int dvm_enter(void)
{
    return __builtin_expect(life.gate == GATE_OPEN, 1) ? DVM_OK : gate_enter();
}

int dvm_leave(int rc)
{
    if (__builtin_expect(life.careful || lane_owed, 0))
        gate_leave();
    return rc == DVM_OK ? rc : dvm_report(rc);
}

int match_descriptor(void)
{
    int fd = bell_descriptor();

    if (fd < 0)
        return fd;
    service_never();
    life.polled = life.careful = true;
    life.gate = GATE_CLOSED;
    return fd;
}

static void stop_all(void)
{
    commons_stop();
    unexpected_stop();
    posted_stop();
    stream_stop();
    request_stop();
    send_stop();
    gone_stop();
    life.started = life.forked = life.careful = life.polled = false;
    life.gate = GATE_CLOSED;
}

int match_start(const struct match_config *config)
{
    struct lane_config lanes = {.self = config->self, .socket = config->socket,
                                .inbox = config->inbox, .index = config->index,
                                .alone = config->alone,
                                .threads = config->thread_level == DVM_THREAD_MULTIPLE};
    int rc;

    assert(!life.started && config->inbox);
    if (life.forked)
        stop_all();
    if (!life.handler && pthread_atfork(before_fork, in_parent, after_fork))
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the handler of forks");
    life.handler = true;
    deliver_open(true);
    gone_start();
    send_start();
    wait_start(config);
    uplink_wait = match_wait_until;
    /* first: it takes over socket and inbox, whatever happens */
    rc = stream_start(&lanes, &calls);
    if (!rc)
        rc = request_start();
    if (!rc)
        rc = posted_start();
    if (!rc)
        rc = unexpected_start();
    if (rc) {
        stop_all();
        return rc;
    }
    life.thread = pthread_self();
    life.threads = life.careful = lanes.threads;
    life.gate = life.careful ? GATE_CLOSED : GATE_OPEN;
    life.started = true;
    return DVM_OK;
}

static bool all_went(void *arg)
{
    for (const struct stream *s = stream_first(); s; s = stream_next(s))
        if (!stream_went(s))
            return false;
    return true;
}

static bool all_sent(void *arg)
{
    for (const struct stream *s = stream_first(); s; s = stream_next(s))
        if (!stream_idle(s))
            return false;
    return true;
}

static bool all_acknowledged(void *arg)
{
    for (const struct stream *s = stream_first(); s; s = stream_next(s))
        if (s->resend.first)
            return false;
    return true;
}

size_t match_unsent(uint64_t *bytes)
{
    size_t count = 0;

    *bytes = 0;
    for (const struct stream *s = stream_first(); s; s = stream_next(s))
        count += stream_unsent(s, bytes);
    return count;
}

/* Wait until the others have acknowledged, for a moment: a peer that computes does not. Then
 * what is kept for that goes to the daemons. */
static int settle_up(bool (*done)(void *arg), double timeout, const struct board_subject *subject)
{
    stream_settle_up();
    if (!match_wait_until(done, NULL, match_acknowledge_seconds, subject))
        return DVM_OK;
    stream_hand_over();
    return match_wait_until(done, NULL, timeout, subject);
}

int match_flush(double timeout, uintptr_t site)
{
    const struct board_subject subject = {
        .call = DVM_BOARD_FINALIZE, .site = site, .describe = flush_describe};
    int rc;

    deliver_open(false);
    while (posted_first())
        match_cancel(posted_first());
    unexpected_drop();
    rc = match_wait_until(all_went, NULL, timeout, &subject);
    return rc || all_sent(NULL) ? rc : settle_up(all_sent, timeout, &subject);
}

bool match_last(double seconds)
{
    const struct board_subject subject = {.call = DVM_BOARD_FINALIZE,
                                          .describe = flush_describe};

    if (!life.started || service_is_self() ||
        (!life.threads && !pthread_equal(pthread_self(), life.thread)) || !wait_last(seconds))
        return false;
    take_over();
    /* main has returned: its arrays are no more. Other threads go on with theirs. */
    while (!life.threads && posted_earliest())
        match_cancel(posted_earliest());
    match_wait_until(all_went, NULL, seconds, &subject);
    if (!all_acknowledged(NULL))
        settle_up(all_acknowledged, seconds, &subject);
    service_never();
    return true;
}

int match_stop(double timeout)
{
    int rc = match_flush(timeout, 0);

    service_stop();
    stop_all();
    wait_stop();
    return rc;
}
