/* What clients and other daemons say to a daemon, from anywhere: packets on the local
 * socket, through HELLO, the router and all handlers; frames of another host; the
 * keeper's words in any order; bytes in the pipes of tasks.
 *
 * The daemon is the real one (daemon_start to daemon_run) of a private machine, which
 * opens no port. Only its keeper is this file's: nothing is executed, no signal sent.
 * Clients are ends of socket pairs with the pid of nobody.
 */
#include <ev.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/settings.h"
#include "daemon/daemon.h"
#include "daemon/keeper.h"
#include "daemon/lanes/lanes.h"
#include "daemon/names.h"
#include "daemon/local/seat.h"
#include "daemon/options.h"
#include "daemon/tasks/tasks.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 3
#define ORDERS 16      /* starts that are remembered */
#define FAR_SLOT 2     /* a host that is not in the machine */
#define NOBODY INT_MAX /* no process has this pid */

struct keeper {
    struct keeper_events events;
    void *arg;
    int tids[ORDERS]; /* of tasks to be started */
    unsigned count;
    int out;          /* the last one's end of its stdout, or -1 */
};

struct visitor {
    int fd;  /* -1: none */
    int tid; /* by its WELCOME; 0: not yet */
};

static struct daemon d;
static struct keeper keeper;
static struct visitor visitors[CLIENTS];
static struct input in;
static struct input_packet packet;
static char folder[] = "/tmp/dvm-fuzz-XXXXXX";
static int ring; /* a memfd that would do as one */

/* ---- the keeper --------------------------------------------------------------------- */

int keeper_fork(struct keeper **out, const struct keeper_limits *limits)
{
    return DVM_ERR_UNSUPPORTED;
}

const struct cgroup *keeper_cgroup(const struct keeper *k)
{
    return NULL;
}

void keeper_attach(struct keeper *k, struct ev_loop *loop, const struct keeper_events *events,
                   void *arg)
{
    k->events = *events;
    k->arg = arg;
}

int keeper_start(struct keeper *k, const struct keeper_task *task)
{
    if (!task->path[0] || !task->argv[0] || task->fds[0] < 0 || task->fds[1] < 0)
        abort();
    if (k->out >= 0)
        close(k->out);
    k->out = fcntl(task->fds[1], F_DUPFD_CLOEXEC, 0);
    k->tids[k->count++ % ORDERS] = task->tid;
    return DVM_OK;
}

int keeper_signal(struct keeper *k, int tid, int signal)
{
    return DVM_OK;
}

int keeper_guard(struct keeper *k, const char *folder_of_it)
{
    return DVM_OK;
}

int keeper_sweep(struct keeper *k)
{
    return DVM_OK;
}

pid_t keeper_pid(const struct keeper *k)
{
    return NOBODY;
}

void keeper_destroy(struct keeper *k)
{
}

/* ---- steps ------------------------------------------------------------------------------ */

static unsigned choose(unsigned count)
{
    return (unsigned)input_int(&in, 1) % count;
}

static void turn(void)
{
    ev_run(d.loop, EVRUN_NOWAIT);
}

static void open_visitor(struct visitor *v)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
        abort();
    if (connection_accept(d.local, ends[0], NOBODY, geteuid()))
        abort();
    *v = (struct visitor){ends[1], 0};
}

/* Take in what the daemon has told; all of it must be frames for this client. */
static void hear(struct visitor *v)
{
    static uint8_t bytes[INPUT_PACKET_MAX];
    int fds[INPUT_FDS], fd_count;
    ssize_t got;

    while (v->fd >= 0 && (got = input_receive(v->fd, bytes, sizeof bytes, fds, &fd_count)) > 0) {
        struct dvm_frame f;

        if (dvm_frame_decode(&f, bytes, (size_t)got))
            abort();
        if (f.op == DVM_OP_CONTROL && f.tag == DVM_CTL_WELCOME)
            v->tid = f.dst;
        if (f.dst != v->tid)
            abort();
        for (int i = 0; i < fd_count; i++)
            close(fds[i]);
    }
}

static int choose_dst(void)
{
    unsigned n = choose(CLIENTS + 4);

    if (n < CLIENTS)
        return visitors[n].tid;
    switch (n - CLIENTS) {
    case 0:
        return DVM_TID_MAKE(FAR_SLOT, 1);
    case 1:
        return DVM_TID_DAEMON(FAR_SLOT);
    default:
        return DVM_TID_DAEMON(cluster_self(d.cluster));
    }
}

static void step_client(void)
{
    struct visitor *v = &visitors[choose(CLIENTS)];
    int dst = choose_dst();
    struct dvm_frame f;

    if (v->fd < 0)
        open_visitor(v);
    input_packet(&in, &packet, &f, v->tid, v->tid ? dst : 0);
    input_send(v->fd, packet.bytes, packet.size, &ring, packet.repairs >> 7);
    turn();
    if (!v->tid)
        hear(v);
}

/* A frame of another host; the links have checked that its src is of that host. */
static void step_far(void)
{
    int src = choose(2) ? DVM_TID_DAEMON(FAR_SLOT) : DVM_TID_MAKE(FAR_SLOT, 1);
    int dst = choose_dst();
    struct dvm_frame f;

    if (!input_packet(&in, &packet, &f, src, dst))
        return;
    f.src = src;
    if (DVM_TID_SLOT(f.dst) == cluster_self(d.cluster))
        daemon_route(&d, CLUSTER_BULK, &f, packet.bytes + DVM_FRAME_BYTES);
    turn();
}

static void step_started(void)
{
    int tid = keeper.tids[choose(ORDERS)];
    int error = (int)choose(3);

    keeper.events.started(keeper.arg, tid, error ? 0 : NOBODY, error,
                          (enum keeper_step)(int)choose(8));
    turn();
}

static void step_ended(void)
{
    int tid = keeper.tids[choose(ORDERS)];

    keeper.events.ended(keeper.arg, tid, (int)input_int(&in, 2));
    turn();
}

static void step_output(void)
{
    size_t size = (size_t)input_int(&in, 2);

    size = size < in.left ? size : in.left;
    if (keeper.out >= 0) {
        fcntl(keeper.out, F_SETFL, O_NONBLOCK);
        if (size && write(keeper.out, in.at, size) < 0)
            size = 0;
    }
    in.at += size;
    in.left -= size;
    turn();
}

static void step_leave(void)
{
    struct visitor *v = &visitors[choose(CLIENTS)];

    hear(v);
    if (v->fd >= 0)
        close(v->fd);
    *v = (struct visitor){-1, 0};
    turn();
}

static void step_hear(void)
{
    hear(&visitors[choose(CLIENTS)]);
    turn();
}

static void step_host(void)
{
    struct cluster_host host = {.slot = FAR_SLOT, .state = DVM_HOST_UP, .name = "far"};
    bool up = choose(2);

    if (up)
        tasks_host_up(d.tasks, &host);
    else
        tasks_host_down(d.tasks, &host, true);
    if (!up)
        names_host_down(d.names, &host, "it is far");
    if (!up)
        daemon_route_host_down(&d, FAR_SLOT, "far", true, "silent");
    turn();
}

static void (*const steps[])(void) = {
    step_client, step_client, step_far,  step_started, step_ended,
    step_output, step_leave,  step_hear, step_host,
};

/* ---- the whole --------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    input_be_quiet();
    signal(SIGPIPE, SIG_IGN); /* as dvmd does */
    ring = input_segment(DVM_POOL_BYTES);
    if (!mkdtemp(folder) || ring < 0)
        abort();
    return 0;
}

static void begin(void)
{
    static const struct options options = {.machine = "fuzz", .host = "h", .folder = folder,
                                           .ready_fd = -1, .is_private = true, .cores = 4,
                                           .debug = true};
    static struct settings settings;

    settings_init(&settings);
    keeper = (struct keeper){.out = -1};
    for (int i = 0; i < CLIENTS; i++)
        visitors[i] = (struct visitor){-1, 0};
    if (daemon_start(&d, &options, &settings, NULL, &keeper))
        abort();
    d.lanes->port = 1; /* as if it were open: nobody calls there */
}

static void on_enough(struct ev_loop *loop, ev_timer *w, int revents)
{
    ev_break(loop, EVBREAK_ALL);
}

static void end(void)
{
    ev_timer enough;

    for (int i = 0; i < CLIENTS; i++) {
        hear(&visitors[i]);
        if (visitors[i].fd >= 0)
            close(visitors[i].fd);
    }
    ev_timer_init(&enough, on_enough, 0.0, 0.0);
    ev_timer_start(d.loop, &enough);
    daemon_run(&d);
    if (keeper.out >= 0)
        close(keeper.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    in = (struct input){data, size};
    begin();
    while (in.left > 0)
        steps[choose(sizeof steps / sizeof steps[0])]();
    end();
    return 0;
}
