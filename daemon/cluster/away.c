/* away.c: see away.h.
 *
 * The tasks of a lost host count as ended everywhere else, and others may have been
 * started in their place: so they are ended before this host comes back, all that they
 * started included. Then the parts that know this host's slot (clients, tasks, routes)
 * are made anew, since it comes back with another one. Keeper, folder, lock and log stay.
 */
#include "daemon/cluster/away.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/keeper.h"
#include "daemon/local.h"
#include "daemon/names.h"
#include "daemon/tasks.h"

#define LOOK_SECONDS 0.01   /* how often it is looked whether tasks are left */
#define GIVE_UP_SECONDS 5.0 /* then those that do not die are left to the keeper */

struct away {
    ev_timer timer;
    double since;
    char why[DVM_SENTENCE_MAX];
};

static void close_parts(struct daemon *d)
{
    struct away *a = d->away;

    ev_timer_stop(d->loop, &a->timer);
    if (keeper_sweep(d->keeper))
        log_warning("what tasks of this host have started may still run");
    names_destroy(d->names);
    d->names = NULL;
    daemon_route_close(d);
    tasks_destroy(d->tasks);
    local_destroy(d->local, a->why);
    d->tasks = NULL;
    d->local = NULL;
    if (local_create(&d->local, d))
        daemon_end_now(d, EXIT_FAILURE, dvm_last_error());
    else
        cluster_clear(d->cluster);
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct daemon *d = ev_userdata(loop);

    if (!d->ending &&
        (tasks_children(d->tasks) == 0 || clock_seconds() - d->away->since > GIVE_UP_SECONDS))
        close_parts(d);
}

void away_enter(struct daemon *d, const char *why)
{
    struct away *a = calloc(1, sizeof *a);
    int running = tasks_running(d->tasks);

    if (!a) {
        daemon_end_now(d, EXIT_FAILURE, why);
        return;
    }
    log_error("host %s has lost machine %s: %s; %d task%s of it count%s as lost there and %s ended "
              "here; it tries to rejoin", d->host, d->machine, why, running,
              running == 1 ? "" : "s", running == 1 ? "s" : "", running == 1 ? "is" : "are");
    d->away = a;
    a->since = clock_seconds();
    snprintf(a->why, sizeof a->why, "host %s has lost the machine, where its tasks count as ended: "
             "%s", d->host, why);
    tasks_end_all(d->tasks, SIGKILL, a->why);
    ev_timer_init(&a->timer, on_look, LOOK_SECONDS, LOOK_SECONDS);
    ev_timer_start(d->loop, &a->timer);
}

void away_leave(struct daemon *d)
{
    const struct cluster_host *self = cluster_host(d->cluster, cluster_self(d->cluster));
    double seconds = clock_seconds() - d->away->since;
    int r;

    away_free(d);
    snprintf(d->host, sizeof d->host, "%s", self->name);
    r = tasks_create(&d->tasks, d);
    if (!r)
        r = daemon_route_open(d);
    if (!r)
        r = names_create(&d->names, d);
    if (r) {
        daemon_end_now(d, EXIT_FAILURE, dvm_last_error());
        return;
    }
    log_info("host %s is in machine %s again after %.1f s, in slot %d", d->host, d->machine,
             seconds, self->slot);
}

void away_free(struct daemon *d)
{
    if (!d->away)
        return;
    ev_timer_stop(d->loop, &d->away->timer);
    free(d->away);
    d->away = NULL;
}
