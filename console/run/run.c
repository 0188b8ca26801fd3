/* run.c: the loop of dvm run.
 *
 * Everything is an event: messages of the daemon, signals (by signalfd), stdin,
 * room for output, the clock. What the tasks write is queued and goes out when it
 * can; what the console says goes into the same queue, so that it stands behind
 * the output that came before.
 */
#include "console/run/run.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "proto/control.pb-c.h"

#define TAG_MAX (DVM_NAME_MAX + 32) /* bytes of "[rank host] " with its NUL */
#define BATCH 64 /* messages taken before the output gets its turn */

static const int passed_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};

/* The output's report of what is written: acknowledged to the task's daemon. */
static void acknowledge(void *arg, int tid, uint64_t bytes)
{
    struct run *r = arg;
    Dvm__Pb__StdioAck message = DVM__PB__STDIO_ACK__INIT;

    message.tid = tid;
    message.bytes = bytes;
    client_send(r->client, DVM_TID_DAEMON(tid >> DVM_TID_N_BITS), DVM_CTL_STDIO_ACK,
                &message.base, NULL);
}

static const char *tag_of(const struct run *r, const Dvm__Pb__Stdio *m, char tag[TAG_MAX])
{
    int slot = m->tid >> DVM_TID_N_BITS;
    const char *host = "?";

    if (!r->s->tag)
        return NULL;
    if (slot > 0 && slot <= DVM_SLOT_MAX && r->host_names && r->host_names[slot][0])
        host = r->host_names[slot];
    snprintf(tag, TAG_MAX, "[%u %s] ", m->rank, host);
    return tag;
}

static void on_stdio(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__Stdio *m = dvm__pb__stdio__unpack(NULL, length, payload);
    char tag[TAG_MAX];
    int fd;

    if (!m)
        return;
    fd = m->stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO;
    if (!run_output_put(&r->output, fd, m->tid, tag_of(r, m, tag), m->data.data, m->data.len)) {
        r->result = console_failed(r->c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for output"));
        r->leaving = true;
    }
    dvm__pb__stdio__free_unpacked(m, NULL);
}

static void on_hosts(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__HostsReply *reply = dvm__pb__hosts_reply__unpack(NULL, length, payload);

    r->hosts_ref = 0;
    r->host_names = calloc(DVM_SLOT_MAX + 1, sizeof *r->host_names);
    for (size_t i = 0; reply && r->host_names && i < reply->n_hosts; i++)
        if (reply->hosts[i]->slot <= DVM_SLOT_MAX)
            snprintf(r->host_names[reply->hosts[i]->slot], DVM_NAME_MAX, "%s",
                     reply->hosts[i]->name);
    if (reply)
        dvm__pb__hosts_reply__free_unpacked(reply, NULL);
}

static void on_answer(struct run *r, const struct dvm_frame *f, const uint8_t *payload)
{
    bool good = f->tag != DVM_CTL_FAIL;

    if (r->spawn_ref && f->ref == r->spawn_ref) {
        if (good)
            run_spawned(r, payload, f->length);
        else
            run_not_spawned(r, client_failure(payload, f->length));
    } else if (r->hosts_ref && f->ref == r->hosts_ref && good) {
        on_hosts(r, payload, f->length);
    } else {
        /* OK and FAIL to KILL and ABORT tell nothing new: TASK_EXIT will */
        run_input_answer(r, f->ref, good);
    }
}

static void on_message(struct run *r, const struct dvm_frame *f, const uint8_t *payload)
{
    if (f->flags & DVM_FLAG_REPLY)
        on_answer(r, f, payload);
    else if (f->tag == DVM_CTL_STDIO)
        on_stdio(r, payload, f->length);
    else if (f->tag == DVM_CTL_TASK_EXIT)
        run_task_exit(r, payload, f->length);
    else if (f->tag == DVM_CTL_HOST_EVENT)
        run_host_event(r, payload, f->length);
}

static void lose_daemon(struct run *r, int code)
{
    if (r->left > 0) {
        r->result = EXIT_GENERIC;
        console_failed(r->c, code);
    }
    r->leaving = true;
}

static void take_messages(struct run *r)
{
    for (int i = 0; i < BATCH && !r->leaving; i++) {
        struct dvm_frame f;
        const uint8_t *payload;
        int code = client_receive(r->client, &f, &payload, 0);

        if (code == DVM_ERR_TIMEOUT)
            return;
        if (code) {
            lose_daemon(r, code);
            return;
        }
        on_message(r, &f, payload);
    }
}

/* ^Z: the tasks stop and the console with them; both go on together. Tasks have
 * no terminal and would ignore SIGTSTP. */
static void stop_here(struct run *r)
{
    run_signal(r, SIGSTOP);
    raise(SIGSTOP);
    run_signal(r, SIGCONT);
}

static void take_signals(struct run *r)
{
    struct signalfd_siginfo s;

    while (read(r->signals, &s, sizeof s) == (ssize_t)sizeof s) {
        if (s.ssi_signo == SIGTSTP)
            stop_here(r);
        else if (s.ssi_signo != SIGCONT) /* that one only wakes the loop */
            run_interrupted(r, (int)s.ssi_signo);
    }
}

/* A descriptor takes nothing any more: the tasks would get SIGPIPE, in a shell. */
static void output_broken(struct run *r)
{
    int error = r->output.broken;

    if (r->result < 0)
        r->result = error == EPIPE ? EXIT_SIGNAL + SIGPIPE : EXIT_GENERIC;
    if (error != EPIPE)
        console_wrong(r->c, "output cannot be written: %s; the tasks are ended", strerror(error));
    run_abort(r, r->result, "nobody reads the output of dvm run");
    r->leaving = true;
}

static int next_wait(const struct run *r, double now)
{
    double first = r->deadline > 0 ? r->deadline : INFINITY;

    if (r->grace > 0 && r->grace < first)
        first = r->grace;
    if (!isfinite(first))
        return -1;
    return first <= now ? 0 : (int)((first - now) * 1e3) + 1;
}

static void wait_for_events(struct run *r)
{
    bool full = run_output_waiting(&r->output) >= RUN_OUTPUT_FULL;
    struct pollfd p[] = {
        {.fd = full ? -1 : client_fd(r->client), .events = POLLIN},
        {.fd = r->signals, .events = POLLIN},
        {.fd = run_input_wanted(r) ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = run_output_fd(&r->output), .events = POLLOUT},
    };

    if (poll(p, sizeof p / sizeof p[0], next_wait(r, clock_seconds())) < 0)
        return;
    if (p[1].revents)
        take_signals(r);
    if (p[0].revents)
        take_messages(r);
    if (p[2].revents && run_input_wanted(r))
        run_input_ready(r);
}

/* What is left in the queue, when nothing more will come: this may wait. */
static void drain_output(struct run *r)
{
    while (!r->output.broken && run_output_fd(&r->output) >= 0) {
        struct pollfd p[] = {{.fd = run_output_fd(&r->output), .events = POLLOUT},
                             {.fd = r->signals, .events = POLLIN}};

        poll(p, sizeof p / sizeof p[0], -1);
        if (p[1].revents)
            return;
        run_output_flush(&r->output);
    }
}

static int open_signals(struct run *r)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof passed_signals / sizeof passed_signals[0]; i++)
        sigaddset(&set, passed_signals[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals < 0 ? dvm_fail_errno(DVM_ERR_SYSTEM, "signals cannot be waited for") : DVM_OK;
}

static int send_requests(struct run *r)
{
    int dst = DVM_TID_DAEMON(client_info(r->client)->slot);
    int code = DVM_OK;

    /* one after the other without waiting: the answers come in this order */
    if (r->s->tag)
        code = client_send(r->client, dst, DVM_CTL_HOSTS, NULL, &r->hosts_ref);
    if (!code)
        code = client_send(r->client, dst, DVM_CTL_SPAWN, &r->spawning->message.base,
                           &r->spawn_ref);
    return code;
}

int run_all(struct run *r)
{
    int code = open_signals(r);

    if (!code)
        code = send_requests(r);
    if (code)
        return console_failed(r->c, code);
    run_output_begin(&r->output, acknowledge, r);
    if (r->s->timeout > 0)
        r->deadline = clock_seconds() + r->s->timeout;
    while ((r->left > 0 || r->spawn_ref) && !r->leaving) {
        wait_for_events(r);
        run_output_flush(&r->output);
        if (r->output.broken && !r->leaving)
            output_broken(r);
        run_clocks(r, clock_seconds());
    }
    drain_output(r);
    run_output_free(&r->output);
    close(r->signals);
    return run_status(r);
}
