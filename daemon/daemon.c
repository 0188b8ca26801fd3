/* daemon.c: the life of one daemon: its parts are started in order, run in one
 * libev loop, and are ended in the opposite order.
 *
 * The end: nothing new is taken, tasks get SIGTERM and a short time, then
 * SIGKILL; when none is left, or time is up, the loop ends, clients are told, and
 * the keeper makes sure that no process stays. After an end in good order, and
 * always for a private machine, the runtime folder goes, too; else the log stays.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <ev.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/join.h"
#include "base/log.h"
#include "base/pushed.h"
#include "base/sweep.h"
#include "daemon/cluster/away.h"
#include "daemon/config.h"
#include "daemon/keeper.h"
#include "daemon/lanes.h"
#include "daemon/local.h"
#include "daemon/log_timer.h"
#include "daemon/names.h"
#include "daemon/options.h"
#include "daemon/tasks/bind.h"
#include "daemon/tasks.h"
#include "daemon/watch.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"

#define GRACE_SECONDS 2.0     /* from SIGTERM to SIGKILL */
#define GIVE_UP_SECONDS 5.0   /* from the first signal to the end of the loop */
#define ENDING_SECONDS 0.01   /* how often it is looked whether tasks are left */
#define HOSTED_SECONDS 60.0 /* its key goes the way of its hoster first, who may start many */

struct ending {
    ev_signal signals[3];
    ev_timer timer;
    double since;
    bool killed; /* SIGKILL has been sent */
    char why[DVM_SENTENCE_MAX];
};

/* ---- what the parts tell ------------------------------------------------------- */

static void on_frame(void *arg, const struct dvm_frame *frame, const uint8_t *payload)
{
    struct daemon *d = arg;

    if (!d->route)
        return; /* not yet started, or no more: whoever asked hears of the host itself */
    if (DVM_TID_SLOT(frame->dst) == cluster_self(d->cluster))
        daemon_route(d, CLUSTER_BULK, frame, payload);
    else
        log_warning("a frame for 0x%x came to this host by mistake", (unsigned)frame->dst);
}

static void tell_event(struct daemon *d, const struct cluster_host *host,
                       enum dvm_event event, const char *reason)
{
    Dvm__Pb__HostEvent m = DVM__PB__HOST_EVENT__INIT;
    Dvm__Pb__Host h = DVM__PB__HOST__INIT;

    h.slot = (uint32_t)host->slot;
    h.incarnation = host->incarnation;
    h.name = (char *)(uintptr_t)host->name;
    h.address = (char *)(uintptr_t)host->address;
    h.arch = (char *)(uintptr_t)host->arch;
    h.version = (char *)(uintptr_t)host->version;
    h.cores = (uint32_t)host->cores;
    h.tasks = (uint32_t)host->tasks;
    h.state = (uint32_t)host->state;
    h.coordinator = host->coordinator;
    m.event = event;
    m.host = &h;
    m.reason = (char *)(uintptr_t)reason;
    local_broadcast(d->local, DVM_CTL_HOST_EVENT, &m.base);
}

static void on_host_up(void *arg, const struct cluster_host *host)
{
    struct daemon *d = arg;

    if (!d->tasks || host->self)
        return; /* not yet started: nobody to tell */
    log_info("host %s (slot %d, %s) has joined", host->name, host->slot, host->address);
    watch_host(d->watch, DVM_EVENT_HOST_JOINED, host, host->address);
    tell_event(d, host, DVM_EVENT_HOST_JOINED, "");
    tasks_host_up(d->tasks, host);
    names_host_up(d->names);
}

static void on_host_down(void *arg, const struct cluster_host *host, bool lost, const char *why)
{
    enum dvm_event kind = lost ? DVM_EVENT_HOST_LOST : DVM_EVENT_HOST_LEFT;
    struct daemon *d = arg;

    if (!d->tasks)
        return;
    log_info("host %s (slot %d) %s: %s", host->name, host->slot, lost ? "was lost" : "has left",
             why);
    watch_host(d->watch, kind, host, why);
    tell_event(d, host, kind, why);
    tasks_host_down(d->tasks, host, lost);
    names_host_down(d->names, host, why);
    daemon_route_host_down(d, host->slot, host->name, lost, why);
}

static void on_cluster_end(void *arg, int status, const char *why)
{
    struct daemon *d = arg;

    if (d->tasks || d->away) /* else it is still starting, and joining fails */
        daemon_end_now(d, status, why);
}

static void on_away(void *arg, const char *why)
{
    away_enter(arg, why);
}

static void on_listening(void *arg, int port)
{
    struct daemon *d = arg;

    lanes_listen(d->lanes, d->bind, port + 1);
}

static void on_back(void *arg)
{
    away_leave(arg);
}

static int on_load(void *arg)
{
    const struct daemon *d = arg;

    return d->tasks ? tasks_running(d->tasks) : 0;
}

static void on_started(void *arg, int tid, pid_t pid, int error, enum keeper_step step)
{
    struct daemon *d = arg;

    if (d->tasks)
        tasks_started(d->tasks, tid, pid, error, step);
}

static void on_ended(void *arg, int tid, int status)
{
    struct daemon *d = arg;

    if (d->tasks)
        tasks_ended(d->tasks, tid, status);
}

static void on_memory(void *arg, int tid, enum keeper_memory what)
{
    struct daemon *d = arg;

    if (d->tasks)
        tasks_memory(d->tasks, tid, what);
}

static void on_keeper_lost(void *arg)
{
    struct daemon *d = arg;

    daemon_end_now(d, EXIT_FAILURE, "the keeper process of this host was killed, so its tasks "
                                    "were ended and the host leaves the machine");
    ev_break(d->loop, EVBREAK_ALL); /* nobody is left to wait for */
}

/* ---- descriptors ----------------------------------------------------------------- */

static long count_files(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > LONG_MAX ? LONG_MAX
                                                                       : (long)limit.rlim_cur;
}

bool daemon_files_low(const struct daemon *d, int fd)
{
    return fd >= d->files - DAEMON_FILES_SPARE;
}

int daemon_fail_files(const struct daemon *d, const char *what)
{
    if (errno == EMFILE)
        return dvm_fail(DVM_ERR_LIMIT, "host %s cannot %s: its daemon may have %ld open files "
                        "only; raise the limit there (ulimit -Hn) and start it again", d->host,
                        what, d->files);
    return dvm_fail_errno(DVM_ERR_SYSTEM, "host %s cannot %s", d->host, what);
}

/* ---- the end -------------------------------------------------------------------- */

static void kill_all(struct daemon *d)
{
    d->finish->killed = true;
    if (d->tasks)
        tasks_end_all(d->tasks, SIGKILL, d->finish->why);
}

static void on_ending(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct daemon *d = ev_userdata(loop);
    double passed = clock_seconds() - d->finish->since;

    if (!d->tasks || tasks_children(d->tasks) == 0 || passed > GIVE_UP_SECONDS)
        ev_break(loop, EVBREAK_ALL);
    else if (!d->finish->killed && passed > GRACE_SECONDS)
        kill_all(d);
}

static void begin_end(struct daemon *d, int status, const char *why)
{
    d->ending = true;
    d->status = status;
    d->finish->since = clock_seconds();
    snprintf(d->finish->why, sizeof d->finish->why, "%s", why);
    if (status)
        log_error("this daemon ends: %s", why);
    else
        log_info("this daemon ends: %s", why);
    ev_timer_start(d->loop, &d->finish->timer);
}

void daemon_end(struct daemon *d, int status, const char *why)
{
    if (d->ending)
        return;
    begin_end(d, status, why);
    if (d->tasks)
        tasks_end_all(d->tasks, SIGTERM, why);
}

void daemon_end_now(struct daemon *d, int status, const char *why)
{
    if (!d->ending)
        begin_end(d, status, why);
    if (!d->finish->killed)
        kill_all(d);
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
    struct daemon *d = ev_userdata(loop);
    char why[64];

    snprintf(why, sizeof why, "it got signal %d (%s)", w->signum, strsignal(w->signum));
    if (d->ending)
        daemon_end_now(d, d->status, why); /* a second signal: no more patience */
    else
        daemon_end(d, EXIT_SUCCESS, why);
}

static int watch_signals(struct daemon *d)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct ending *e = calloc(1, sizeof *e);

    if (!e)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the daemon");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ev_signal_init(&e->signals[i], on_signal, numbers[i]);
        ev_signal_start(d->loop, &e->signals[i]);
    }
    ev_timer_init(&e->timer, on_ending, ENDING_SECONDS, ENDING_SECONDS);
    d->finish = e;
    return DVM_OK;
}

static void unwatch_signals(struct daemon *d)
{
    if (!d->finish)
        return;
    for (size_t i = 0; i < sizeof d->finish->signals / sizeof d->finish->signals[0]; i++)
        ev_signal_stop(d->loop, &d->finish->signals[i]);
    ev_timer_stop(d->loop, &d->finish->timer);
    free(d->finish);
    d->finish = NULL;
}

/* ---- the start -------------------------------------------------------------------- */

static int check_name(const char *what, const char *name)
{
    if (runtime_name_ok(name))
        return DVM_OK;
    return dvm_fail(DVM_ERR_ARG,
                    "\"%s\" cannot be a %s's name: use letters, digits, '.', '-' and '_', fewer "
                    "than %d of them, no '.' first",
                    name, what, DVM_NAME_MAX);
}

static int set_names(struct daemon *d)
{
    const struct options *o = d->options;
    char host[DVM_NAME_MAX];
    int r = o->host ? DVM_OK : runtime_host(host, sizeof host);

    if (r)
        return r;
    snprintf(d->host, sizeof d->host, "%s", o->host ? o->host : host);
    if (d->is_private && !o->machine)
        snprintf(d->machine, sizeof d->machine, SWEEP_PRIVATE "%d", (int)getpid());
    else if (o->machine)
        snprintf(d->machine, sizeof d->machine, "%s", o->machine);
    else
        r = runtime_machine(d->machine, sizeof d->machine);
    if (!r)
        r = check_name("host", d->host);
    return r ? r : check_name("machine", d->machine);
}

/* A private machine has its own folder whatever DVM_DIR says: that of another one. */
static int name_folder(struct daemon *d)
{
    if (d->options->folder) {
        if ((size_t)snprintf(d->folder, sizeof d->folder, "%s", d->options->folder) <
            sizeof d->folder)
            return DVM_OK;
        return dvm_fail(DVM_ERR_ARG, "the path of the folder is too long");
    }
    if (d->is_private)
        unsetenv("DVM_DIR");
    return runtime_folder(d->folder, sizeof d->folder, d->machine, d->host);
}

static int open_folder(struct daemon *d)
{
    char path[RUNTIME_PATH_MAX + sizeof RUNTIME_LOG + 1];
    const struct options *o = d->options;
    int r = name_folder(d);

    if (!r && d->is_private) /* before the folder is made: it never stays without its keeper */
        r = keeper_guard(d->keeper, d->folder);
    if (!r)
        r = runtime_lock(d->folder, &d->lock);
    if (r)
        join_mark(r == DVM_ERR_EXISTS ? JOIN_LOCK : r == DVM_ERR_SYSTEM ? JOIN_DISK
                                                                       : JOIN_FOLDER);
    if (r == DVM_ERR_EXISTS)
        return dvm_fail(r, "a daemon for host %s of machine %s runs already (folder %s)",
                        d->host, d->machine, d->folder);
    if (r)
        return r;
    sweep_folders(d->machine); /* with our own lock held: this one stays */
    snprintf(path, sizeof path, "%s/%s", d->folder, RUNTIME_LOG);
    log_limit((size_t)settings_number(d->settings, SETTING_LOG_SIZE));
    r = log_open(path, o->debug ? LOG_DEBUG : LOG_INFO, o->foreground);
    if (r)
        join_mark(JOIN_DISK);
    else
        config_log(d->settings);
    return r;
}

/* For so long it is tried to join. Who sent a ticket through a pipe waits at its other end and
 * gives up himself: what joined later would surprise him. */
static double join_seconds(const struct daemon *d)
{
    double seconds = settings_number(d->settings, SETTING_JOIN);

    if (d->options->hosted)
        return HOSTED_SECONDS;
    if (strcmp(d->options->join, "-") == 0 && seconds > SETTING_JOIN_S)
        return SETTING_JOIN_S;
    return seconds;
}

static int open_cluster(struct daemon *d, const char *ticket)
{
    static const struct cluster_events events = {on_frame, on_host_up, on_host_down,
                                                 on_cluster_end, on_load, on_away, on_back,
                                                 on_listening};
    const struct options *o = d->options;
    const struct setting_value *port = settings_get(d->settings, SETTING_PORT);
    const char *name;
    const struct setting *security = &d->settings->list[SETTING_LANE_SECURITY];
    struct cluster_config config = {.machine = d->machine, .host = d->host,
                                    .bind = d->bind[0] ? d->bind : NULL,
                                    .hosted = o->hosted != NULL,
                                    .port = (int)port->number, .port_most = (int)port->most,
                                    .port_from = d->settings->list[SETTING_PORT].from,
                                    .silence = settings_number(d->settings, SETTING_SILENCE),
                                    .rejoin = settings_number(d->settings, SETTING_REJOIN),
                                    .lane_security = (enum setting_lane_security)
                                        settings_number(d->settings, SETTING_LANE_SECURITY),
                                    .lane_security_least =
                                        security->limit_from[0] ? (int)security->limit.number : -1,
                                    .cores = o->cores ? (int)o->cores
                                                      : bind_cores(!d->is_private)};
    char error[DVM_SENTENCE_MAX] = "";
    int r;

    if (ticket)
        r = cluster_join(&d->cluster, d->loop, &config, ticket, join_seconds(d), &events, d,
                         d->machine, error, sizeof error);
    else
        r = cluster_create(&d->cluster, d->loop, &config, &events, d, error, sizeof error);
    if (r)
        return dvm_fail(r, "%s", error[0] ? error : dvm_error_text(r));
    if (ticket)
        config_joined(d->settings, d->cluster);
    name = cluster_host(d->cluster, cluster_self(d->cluster))->name;
    if (strcmp(name, d->host) != 0)
        runtime_put_name(d->folder, name);
    snprintf(d->host, sizeof d->host, "%s", name);
    return DVM_OK;
}

static void end_parts(struct daemon *d)
{
    const char *why = d->finish && d->finish->why[0] ? d->finish->why : "the daemon ends";

    d->ending = true;
    away_free(d);
    names_destroy(d->names);
    d->names = NULL;
    daemon_route_close(d);
    if (d->local) {
        tasks_destroy(d->tasks);
        local_destroy(d->local, why);
    }
    watch_destroy(d->watch);
    d->watch = NULL;
    d->tasks = NULL;
    d->local = NULL;
    if (d->is_private && d->lock >= 0)
        runtime_remove(d->folder); /* while the keeper still guards it */
    keeper_destroy(d->keeper);
    cluster_destroy(d->cluster);
    lanes_destroy(d->lanes);
    unwatch_signals(d);
    log_timer_stop();
    if (d->loop)
        ev_loop_destroy(d->loop);
    log_close();
    if (d->lock >= 0) {
        if (d->status == 0)
            runtime_remove(d->folder);
        close(d->lock);
    }
    pushed_remove_own();
}

/* With a ticket the name of the machine is known only once it is joined. */
static int open_all(struct daemon *d, const char *ticket)
{
    bool late = ticket && !d->options->machine && !d->options->folder;
    int r = set_names(d);

    if (!r)
        r = config_addresses(d->settings, d->bind, sizeof d->bind);
    if (!r && !late)
        r = open_folder(d);
    if (!r)
        r = lanes_create(&d->lanes, d);
    if (!r)
        r = open_cluster(d, ticket);
    if (!r && late)
        r = open_folder(d);
    if (!r)
        r = watch_signals(d);
    if (!r)
        r = local_create(&d->local, d);
    if (!r)
        r = watch_create(&d->watch, d);
    if (!r)
        r = tasks_create(&d->tasks, d);
    if (!r)
        r = daemon_route_open(d);
    if (!r)
        r = names_create(&d->names, d);
    return r;
}

int daemon_start(struct daemon *d, const struct options *options, struct settings *settings,
                 const char *ticket, struct keeper *keeper)
{
    static const struct keeper_events events = {on_started, on_ended, on_keeper_lost, on_memory};
    int r;

    *d = (struct daemon){.options = options, .settings = settings, .keeper = keeper, .lock = -1,
                         .files = count_files(), .is_private = options->is_private};
    d->loop = ev_loop_new(EVFLAG_AUTO);
    if (!d->loop) {
        keeper_destroy(keeper);
        return dvm_fail(DVM_ERR_SYSTEM, "no event loop can be made");
    }
    ev_set_userdata(d->loop, d);
    log_timer_start(d->loop);
    r = open_all(d, ticket);
    if (r) {
        end_parts(d);
        return r;
    }
    keeper_attach(keeper, d->loop, &events, d);
    watch_host(d->watch, DVM_EVENT_HOST_JOINED,
               cluster_host(d->cluster, cluster_self(d->cluster)),
               ticket ? "it joined the machine" : "the machine was started here");
    log_info("host %s (slot %d) of machine %s is ready: dvmd %s, pid %d, keeper %d, %d cores",
             d->host, cluster_self(d->cluster), d->machine, DVMD_VERSION, (int)getpid(),
             (int)keeper_pid(keeper), cluster_host(d->cluster, cluster_self(d->cluster))->cores);
    return DVM_OK;
}

int daemon_run(struct daemon *d)
{
    ev_run(d->loop, 0);
    end_parts(d);
    return d->status;
}
