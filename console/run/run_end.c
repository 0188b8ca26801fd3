/* run_end.c: how tasks end, and what that means for the others and the status.
 *
 * The first task that fails by itself is the cause: its status is the run's, its
 * sentence is printed, and the rest is ended. Tasks that the machine ended are
 * consequences. After ^C nothing is taken for a cause: the tasks clean up.
 */
#include "console/run/run.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "console/words.h"
#include "proto/control.pb-c.h"

#define SENTENCE_MAX 1024 /* bytes of what the console says, with its NUL */
#define HOST_JOINED 1     /* HostEvent.event */
#define HOST_LEFT 2

/* Say something behind the output that has come so far. */
__attribute__((format(printf, 2, 3))) static void say(struct run *r, const char *format, ...)
{
    char line[SENTENCE_MAX] = "dvm: ";
    va_list ap;

    va_start(ap, format);
    vsnprintf(line + strlen(line), sizeof line - strlen(line), format, ap);
    va_end(ap);
    run_output_say(&r->output, line);
}

static const char *many(int count)
{
    return count == 1 ? "" : "s";
}

static bool failed(const struct run_task *t)
{
    return t->ended && (t->status != 0 || t->signal != 0 || t->lost);
}

static int exit_of(const struct run_task *t)
{
    if (t->signal)
        return EXIT_SIGNAL + t->signal;
    return t->lost || t->status < 0 ? EXIT_GENERIC : t->status;
}

int run_status(const struct run *r)
{
    if (r->result >= 0)
        return r->result;
    if (r->first >= 0)
        return exit_of(&r->tasks[r->first]);
    for (int i = 0; i < r->count; i++)
        if (failed(&r->tasks[i]))
            return exit_of(&r->tasks[i]);
    return EXIT_OK;
}

/* The host of a tid is at most DVM_SLOT_MAX: ABORT goes to each slot once. */
static void send_abort(struct run *r, int slot, int status, const char *why)
{
    Dvm__Pb__Abort message = DVM__PB__ABORT__INIT;
    int32_t *tids = calloc((size_t)r->count, sizeof *tids);

    if (!tids)
        return; /* the connection's end will end them */
    for (int i = 0; i < r->count; i++)
        if (!r->tasks[i].ended && r->tasks[i].tid >> DVM_TID_N_BITS == slot)
            tids[message.n_tids++] = r->tasks[i].tid;
    message.tids = tids;
    message.status = status;
    message.text = (char *)(uintptr_t)why;
    client_send(r->client, DVM_TID_DAEMON(slot), DVM_CTL_ABORT, &message.base, NULL);
    free(tids);
}

void run_abort(struct run *r, int status, const char *why)
{
    bool seen[DVM_SLOT_MAX + 1] = {false};

    if (r->aborted)
        return;
    r->aborted = true;
    r->grace = clock_seconds() + RUN_GRACE_SECONDS;
    for (int i = 0; i < r->count; i++) {
        int slot = r->tasks[i].tid >> DVM_TID_N_BITS;

        if (r->tasks[i].ended || slot <= 0 || slot > DVM_SLOT_MAX || seen[slot])
            continue;
        seen[slot] = true;
        send_abort(r, slot, status, why);
    }
}

void run_signal(struct run *r, int number)
{
    Dvm__Pb__Kill message = DVM__PB__KILL__INIT;

    if (!r->started) {
        r->pending_signal = number;
        return;
    }
    message.signal = number;
    for (int i = 0; i < r->count; i++) {
        message.tid = r->tasks[i].tid;
        if (!r->tasks[i].ended)
            client_send(r->client, DVM_TID_DAEMON(message.tid >> DVM_TID_N_BITS), DVM_CTL_KILL,
                        &message.base, NULL);
    }
}

/* ^C, harder each time. */
static void interrupt_again(struct run *r)
{
    static const struct {
        int number;
        const char *next;
    } steps[] = {{SIGINT, "; ^C again sends SIGTERM"},
                 {SIGTERM, "; ^C again sends SIGKILL"},
                 {SIGKILL, "; ^C again leaves them to their daemons"}};
    char name[WORDS_AGE_MAX];
    size_t step = (size_t)r->interrupts++;

    if (step >= sizeof steps / sizeof steps[0]) {
        r->leaving = true;
        r->result = EXIT_SIGNAL + SIGINT;
        return;
    }
    say(r, "%s sent to %d task%s%s", words_signal_name(name, steps[step].number), r->left,
        many(r->left), steps[step].next);
    run_signal(r, steps[step].number);
}

void run_interrupted(struct run *r, int number)
{
    char name[WORDS_AGE_MAX];
    int pass = number;

    if (number == SIGINT || number == SIGQUIT) {
        interrupt_again(r);
        return;
    }
    /* asked twice to end, the console does not ask politely any more */
    if (r->interrupts++ > 0)
        pass = SIGKILL;
    else if (number == SIGHUP)
        pass = SIGTERM;
    say(r, "%s came; %d task%s get SIG%s", words_signal_name(name, number), r->left, many(r->left),
        sigabbrev_np(pass));
    r->grace = clock_seconds() + RUN_GRACE_SECONDS;
    run_signal(r, pass);
}

/* A task has failed by itself: it is the cause, and the others follow. */
static void first_failure(struct run *r, int rank)
{
    const struct run_task *t = &r->tasks[rank];

    if (r->first >= 0 || r->interrupts > 0 || r->timed_out)
        return;
    r->first = rank;
    if (r->left == 0) {
        say(r, "%s", t->text);
        return;
    }
    if (r->left == 1)
        say(r, "%s; ending the other task", t->text);
    else
        say(r, "%s; ending the other %d tasks", t->text, r->left);
    run_abort(r, exit_of(t), t->text);
}

/* Note the end of a task. */
static void end_task(struct run *r, int rank, const char *text)
{
    struct run_task *t = &r->tasks[rank];

    assert(!t->ended && r->left > 0);
    t->ended = true;
    t->text = strdup(text);
    r->left--;
    if (r->started && failed(t) && !t->by_machine)
        first_failure(r, rank);
}

void run_task_exit(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__TaskExit *e = dvm__pb__task_exit__unpack(NULL, length, payload);
    struct run_task *t;

    if (!e)
        return;
    if (e->rank < (uint32_t)r->count && !r->tasks[e->rank].ended &&
        (r->tasks[e->rank].tid == 0 || r->tasks[e->rank].tid == e->tid)) {
        t = &r->tasks[e->rank];
        t->tid = e->tid;
        t->status = e->status;
        t->signal = e->signal;
        t->lost = e->lost;
        t->by_machine = e->ended_by_machine;
        t->age = e->age;
        snprintf(t->host, sizeof t->host, "%s", e->host);
        end_task(r, (int)e->rank, e->text);
    }
    dvm__pb__task_exit__free_unpacked(e, NULL);
}

/* All tasks of a host are lost with it: one sentence for them all. */
static void lose_host(struct run *r, const Dvm__Pb__HostEvent *e)
{
    char text[SENTENCE_MAX], ranks[SENTENCE_MAX / 2] = "";
    size_t used = 0;
    int first = -1, lost = 0;

    for (int i = 0; i < r->count; i++) {
        struct run_task *t = &r->tasks[i];

        if (t->ended || t->tid >> DVM_TID_N_BITS != (int)e->host->slot)
            continue;
        t->ended = t->lost = true;
        t->status = -1;
        snprintf(t->host, sizeof t->host, "%s", e->host->name);
        r->left--;
        lost++;
        first = first < 0 ? i : first;
        if (used < sizeof ranks - 1)
            used += (size_t)snprintf(ranks + used, sizeof ranks - used, "%s%d",
                                     used ? ", " : "", i);
    }
    if (first < 0)
        return;
    snprintf(text, sizeof text, "host %s %s, and rank%s %s with it%s%s", e->host->name,
             e->event == HOST_LEFT ? "left the machine" : "was lost", many(lost), ranks,
             e->reason[0] ? ": " : "", e->reason);
    r->tasks[first].text = strdup(text);
    first_failure(r, first);
}

void run_host_event(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__HostEvent *e = dvm__pb__host_event__unpack(NULL, length, payload);

    if (!e)
        return;
    if (e->event != HOST_JOINED && e->host && r->started)
        lose_host(r, e);
    dvm__pb__host_event__free_unpacked(e, NULL);
}

void run_not_spawned(struct run *r, int code)
{
    r->spawn_ref = 0;
    r->result = spawning_failed(r->c, r->spawning, NULL, code);
    r->leaving = true;
}

/* Failures that came before the tids were known, in order of ranks. */
static void catch_up(struct run *r)
{
    if (r->pending_signal) {
        run_signal(r, r->pending_signal);
        r->pending_signal = 0;
    }
    for (int i = 0; i < r->count; i++)
        if (failed(&r->tasks[i]) && !r->tasks[i].by_machine) {
            first_failure(r, i);
            return;
        }
}

void run_spawned(struct run *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__SpawnReply *reply = dvm__pb__spawn_reply__unpack(NULL, length, payload);
    int bad = DVM_OK;

    r->spawn_ref = 0;
    if (!reply) {
        run_not_spawned(r, dvm_fail(DVM_ERR_PROTOCOL, "the answer to SPAWN cannot be read; do "
                                                      "dvm and dvmd have the same version?"));
        return;
    }
    for (int i = 0; i < r->count && !bad; i++) {
        int tid = (size_t)i < reply->n_tids ? reply->tids[i] : DVM_ERR_SPAWN;

        bad = tid > 0 ? DVM_OK : tid < 0 ? tid : DVM_ERR_SPAWN;
        if (!bad && !r->tasks[i].ended)
            r->tasks[i].tid = tid;
    }
    r->started = true;
    if (bad) {
        r->result = spawning_failed(r->c, r->spawning, reply, bad);
        run_abort(r, r->result, "not all tasks of the run could be started");
        r->leaving = true;
    } else {
        if (reply->note[0] && !r->c->quiet)
            say(r, "%s", reply->note);
        catch_up(r);
    }
    dvm__pb__spawn_reply__free_unpacked(reply, NULL);
}

static void time_is_over(struct run *r)
{
    r->deadline = 0;
    r->timed_out = true;
    r->result = EXIT_RUN_TIMEOUT;
    say(r, "the time limit of %g s is over; ending %d task%s", r->s->timeout, r->left,
        many(r->left));
    if (r->started)
        run_abort(r, EXIT_RUN_TIMEOUT, "the time limit of dvm run is over");
    else
        r->leaving = true;
}

void run_clocks(struct run *r, double now)
{
    if (r->deadline > 0 && now >= r->deadline && r->left > 0)
        time_is_over(r);
    if (r->grace <= 0 || now < r->grace || r->left == 0)
        return;
    if (!r->killed) {
        r->killed = true;
        r->grace = now + RUN_GRACE_SECONDS;
        say(r, "%d task%s did not end within %.0f s and get SIGKILL", r->left, many(r->left),
            RUN_GRACE_SECONDS);
        run_signal(r, SIGKILL);
        return;
    }
    say(r, "%d task%s cannot be heard of any more; dvm ps shows whether they are left", r->left,
        many(r->left));
    r->leaving = true;
    if (r->result < 0 && r->first < 0)
        r->result = EXIT_GENERIC;
}
