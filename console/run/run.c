/* run.c: the loop of dvm run.
 *
 * Everything is an event: messages of the daemon, signals (by signalfd), stdin,
 * room for output, the clock. What the tasks write is queued and goes out when it
 * can; what the console says goes into the same queue, so that it stands behind
 * the output that came before.
 */
#include "console/run/run.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "proto/control.pb-c.h"

#define BATCH 64 /* messages taken before the output gets its turn */

void run_acknowledge(struct run *r, int tid, uint64_t bytes)
{
    Dvm__Pb__StdioAck message = DVM__PB__STDIO_ACK__INIT;

    message.tid = tid;
    message.bytes = bytes;
    client_send(r->client, DVM_TID_DAEMON(tid >> DVM_TID_N_BITS), DVM_CTL_STDIO_ACK,
                &message.base, NULL);
}

/* The output's report of what is written. */
static void written(void *arg, int tid, uint64_t bytes)
{
    run_acknowledge(arg, tid, bytes);
}

const char *run_many(int count)
{
    return count == 1 ? "" : "s";
}

void run_say(struct run *r, const char *format, ...)
{
    char line[RUN_SENTENCE_MAX] = "dvm: ";
    va_list ap;

    va_start(ap, format);
    vsnprintf(line + strlen(line), sizeof line - strlen(line), format, ap);
    va_end(ap);
    if (r->fold)
        fold_flush(r->fold, 0, true);
    run_output_say(&r->output, line);
}

void run_broken(struct run *r, int code)
{
    if (r->leaving)
        return;
    r->result = console_failed(r->c, code);
    run_abort(r, r->result, "dvm run cannot go on");
    r->leaving = true;
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
    run_watch_heard(r, clock_seconds());
    if (f->flags & DVM_FLAG_REPLY)
        on_answer(r, f, payload);
    else if (f->tag == DVM_CTL_STDIO)
        run_stdio(r, payload, f->length);
    else if (f->tag == DVM_CTL_TASK_EXIT)
        run_task_exit(r, f, payload);
    else if (f->tag == DVM_CTL_HOST_EVENT)
        run_host_event(r, f, payload);
    else if (f->tag == DVM_CTL_GUESTS)
        run_guests_started(r, payload, f->length);
}

static void lose_daemon(struct run *r, int code)
{
    if (r->left > 0 || run_guests_waited(r)) {
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
    const double times[] = {r->deadline, r->grace, r->fold ? fold_deadline(r->fold) : 0,
                            run_input_deadline(r), run_guests_deadline(r),
                            run_watch_deadline(r)};
    double first = INFINITY;

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] > 0 && times[i] < first)
            first = times[i];
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
        {.fd = run_watch_fd(r), .events = POLLIN},
    };

    if (poll(p, sizeof p / sizeof p[0], next_wait(r, clock_seconds())) < 0)
        return;
    if (p[1].revents)
        run_signals_take(r);
    if (p[0].revents)
        take_messages(r);
    if (p[2].revents && run_input_wanted(r))
        run_input_ready(r);
    if (p[4].revents)
        run_watch_ready(r);
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

static int send_requests(struct run *r)
{
    int dst = DVM_TID_DAEMON(client_info(r->client)->slot);
    int code = DVM_OK;

    /* one after the other without waiting: the answers come in this order */
    if (r->tag)
        code = client_send(r->client, dst, DVM_CTL_HOSTS, NULL, &r->hosts_ref);
    if (!code)
        code = client_send(r->client, dst, DVM_CTL_SPAWN, &r->spawning->message.base,
                           &r->spawn_ref);
    return code;
}

/* Nothing more will come. */
static void finish(struct run *r)
{
    int code = files_close(r->files);

    run_watch_end(r);
    r->files = NULL;
    if (r->fold)
        fold_flush(r->fold, 0, true);
    if (!r->leaving)
        run_summary(r);
    run_guests_leave(r);
    if (code && r->result < 0)
        r->result = console_failed(r->c, code);
    drain_output(r);
    run_debug_restore(r);
}

int run_all(struct run *r)
{
    double now;
    int code = run_signals_open(r);

    if (!code)
        code = send_requests(r);
    if (code)
        return console_failed(r->c, code);
    run_output_begin(&r->output, r->s->raw, written, r);
    if (r->s->timeout > 0)
        r->deadline = clock_seconds() + r->s->timeout;
    run_watch_begin(r, r->watch.after);
    while ((r->left > 0 || r->spawn_ref || run_guests_waited(r)) && !r->leaving) {
        run_guests_clock(r, clock_seconds());
        wait_for_events(r);
        run_output_flush(&r->output);
        if (r->output.broken && !r->leaving)
            output_broken(r);
        now = clock_seconds();
        run_clocks(r, now);
        run_watch_clock(r, now);
        run_input_pump(r, now);
        if (r->fold)
            fold_flush(r->fold, now, false);
    }
    finish(r);
    run_output_free(&r->output);
    close(r->signals);
    return run_status(r);
}
