/* log_timer.c: the implementation of log_timer.h. A daemon has one log and one loop, so
 * there is one timer. */
#include "daemon/log_timer.h"

#include <ev.h>
#include <stddef.h>

#include "base/log.h"

#define SPARE_MS 50 /* a timer may be a little early */
#define MS_PER_SECOND 1000.0

static struct {
    struct ev_loop *loop; /* borrowed; NULL: stopped */
    ev_timer timer;
} due;

static void set(int ms);

static void on_due(struct ev_loop *loop, ev_timer *w, int revents)
{
    int next = log_due();

    (void)loop, (void)w, (void)revents;
    if (next > 0)
        set(next);
}

static void set(int ms)
{
    if (ev_is_active(&due.timer))
        return;
    ev_now_update(due.loop);
    ev_timer_set(&due.timer, (ms + SPARE_MS) / MS_PER_SECOND, 0.0);
    ev_timer_start(due.loop, &due.timer);
}

void log_timer_start(struct ev_loop *loop)
{
    due.loop = loop;
    ev_timer_init(&due.timer, on_due, 0.0, 0.0);
    log_alarm(set);
}

void log_timer_stop(void)
{
    if (!due.loop)
        return;
    log_alarm(NULL);
    ev_timer_stop(due.loop, &due.timer);
    due.loop = NULL;
}
