/* run_end.c: how tasks end, and what that means for the others and the status.
 *
 * The first task that fails by itself is the cause: its status is the run's, and with
 * --on-failure=kill its sentence is printed and the rest is ended. With notify the
 * sentence is printed and the rest goes on (their calls that involve the failed one
 * fail, and dvm_notify tells them, as always), with ignore nothing is said. Tasks that
 * the machine ended are consequences. After ^C nothing is taken for a cause: the tasks
 * clean up.
 *
 * The answer to SPAWN waits for all hosts, so tasks of a quick one may have ended, and it may
 * be lost, before their tids are known here: such news is kept until then. What a task has
 * spawned is told by the task's host, which may know less than this one of who is lost.
 */
#include "console/run/run.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "proto/control.pb-c.h"
#include "proto/event.h"

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
    run_patience(r, RUN_LEAVE_SECONDS);
    for (int i = 0; i < r->count; i++) {
        int slot = r->tasks[i].tid >> DVM_TID_N_BITS;

        if (r->tasks[i].ended || slot <= 0 || slot > DVM_SLOT_MAX || seen[slot])
            continue;
        seen[slot] = true;
        send_abort(r, slot, status, why);
    }
}

/* The news of a failure and what comes of the others; what the task said last may have
 * scrolled away. */
static void tell(struct run *r, int rank, const char *before, const char *after)
{
    const char *text = r->tasks[rank].text ? r->tasks[rank].text : "a task ended";
    const char *last = run_stdio_last(r, rank);

    if (r->left == 0)
        run_say(r, "%s", text);
    else if (r->left == 1)
        run_say(r, "%s; %sthe other task%s", text, before, after);
    else
        run_say(r, "%s; %sthe other %d tasks%s", text, before, r->left, after);
    if (last)
        run_say(r, "the last line of its stderr: %s", last);
}

/* A task has failed by itself. */
static void judge(struct run *r, int rank)
{
    bool first = r->first < 0;

    if (run_stopped(r))
        return;
    if (first)
        r->first = rank;
    r->failures++;
    if (r->policy == RUN_NOTIFY && r->failures <= RUN_NEWS_MAX)
        tell(r, rank, "", r->left == 1 ? " goes on" : " go on");
    if (r->policy != RUN_KILL || !first)
        return;
    tell(r, rank, "ending ", "");
    if (r->left > 0)
        run_abort(r, exit_of(&r->tasks[rank]), r->tasks[rank].text);
}

/* The ranks of those tasks for which the function says so. */
static void ranks_of(const struct run *r, bool (*is_one)(const struct run_task *t),
                     char text[RANKS_TEXT_MAX])
{
    struct ranks set;

    text[0] = '\0';
    if (!ranks_make(&set, r->count))
        return;
    for (int i = 0; i < r->count; i++)
        if (is_one(&r->tasks[i]))
            ranks_add(&set, i);
    ranks_text(&set, text);
    ranks_free(&set);
}

static bool runs(const struct run_task *t)
{
    return !t->ended;
}

static bool failed_by_itself(const struct run_task *t)
{
    return failed(t) && !t->by_machine;
}

int run_left(const struct run *r)
{
    return r->left + r->guests.left;
}

const char *run_running(const struct run *r, char *text)
{
    char ranks[RANKS_TEXT_MAX];

    if (r->left == 0)
        return run_guests_text(r, text);
    ranks_of(r, runs, ranks);
    snprintf(text, RUN_RUNNING_MAX, "rank%s %s", run_many(r->left), ranks);
    return text;
}

/* Tasks that this run has not ended, and the machine has, as dvm kill does: their status is
 * the run's, so it says why. */
static void tell_ended(struct run *r)
{
    int first = -1, others = -1;

    for (int i = r->count - 1; i >= 0; i--)
        if (failed(&r->tasks[i])) {
            first = i;
            others++;
        }
    if (first < 0 || r->first >= 0 || r->result >= 0 || r->aborted || r->interrupts > 0 ||
        r->policy == RUN_IGNORE || !r->tasks[first].text)
        return;
    if (others > 0)
        run_say(r, "%s; so %s %d other%s", r->tasks[first].text, others == 1 ? "was" : "were",
                others, run_many(others));
    else
        run_say(r, "%s", r->tasks[first].text);
}

void run_summary(struct run *r)
{
    char ranks[RANKS_TEXT_MAX];

    tell_ended(r);
    run_tell_echoes(r);
    if (r->policy != RUN_NOTIFY || r->failures == 0)
        return;
    ranks_of(r, failed_by_itself, ranks);
    run_say(r, "%d of %d tasks failed: rank%s %s", r->failures, r->count,
            run_many(r->failures), ranks);
}

/* Note the end of a task. */
static void end_task(struct run *r, int rank, const char *text)
{
    struct run_task *t = &r->tasks[rank];

    assert(!t->ended && r->left > 0);
    t->ended = true;
    t->text = strdup(text);
    r->left--;
    run_stdio_end(r, rank);
    if (run_debug_owns(r, rank))
        run_debug_restore(r); /* ^C is for the others now */
    if (r->started && failed_by_itself(t))
        judge(r, rank);
}

/* Whether it is a task of the run's, or one that another has spawned, only its tid tells. */
static void take_exit(void *run, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__TaskExit *e = dvm__pb__task_exit__unpack(NULL, f->length, payload);
    struct run *r = run;
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
    } else {
        run_guests_ended(r, e->tid);
        /* statuses are for who has spawned it, and many programs have none on purpose */
        if (e->signal && !e->ended_by_machine && r->interrupts == 0 && r->policy != RUN_IGNORE)
            run_say(r, "%#x, which this run has spawned: %s", (unsigned)e->tid, e->text);
    }
    dvm__pb__task_exit__free_unpacked(e, NULL);
}

void run_task_exit(struct run *r, const struct dvm_frame *f, const uint8_t *payload)
{
    /* the tids are in the answer to SPAWN */
    if (!r->spawn_ref || !held_keep(&r->early, f, payload))
        take_exit(r, f, payload);
}

/* All tasks of a host are lost with it: one sentence for them all. */
static void lose_host(struct run *r, const Dvm__Pb__HostEvent *e)
{
    char text[RUN_SENTENCE_MAX], list[RANKS_TEXT_MAX];
    struct ranks lost;
    int first = -1;

    if (!ranks_make(&lost, r->count)) {
        run_broken(r, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the loss of a host"));
        return;
    }
    for (int i = 0; i < r->count; i++) {
        struct run_task *t = &r->tasks[i];

        if (t->ended || t->tid >> DVM_TID_N_BITS != (int)e->host->slot)
            continue;
        t->ended = t->lost = true;
        t->status = -1;
        snprintf(t->host, sizeof t->host, "%s", e->host->name);
        r->left--;
        run_stdio_end(r, i);
        first = first < 0 ? i : first;
        ranks_add(&lost, i);
    }
    if (first >= 0) {
        snprintf(text, sizeof text, "host %s %s, and rank%s %s with it%s%s", e->host->name,
                 e->event == DVM_EVENT_HOST_LEFT ? "left the machine" : "was lost",
                 run_many(lost.members), ranks_text(&lost, list), e->reason[0] ? ": " : "",
                 e->reason);
        r->tasks[first].text = strdup(text);
        judge(r, first);
        if (r->failures > 0)
            r->failures += lost.members - 1; /* one is counted already */
    }
    ranks_free(&lost);
}

static void take_host(void *run, const struct dvm_frame *f, const uint8_t *payload)
{
    Dvm__Pb__HostEvent *e = dvm__pb__host_event__unpack(NULL, f->length, payload);
    struct run *r = run;

    if (!e)
        return;
    if (e->host && e->host->slot <= DVM_SLOT_MAX) {
        bool lost = e->event != DVM_EVENT_HOST_JOINED;

        if (lost)
            lose_host(r, e);
        run_guests_host(r, (int)e->host->slot, lost);
    }
    dvm__pb__host_event__free_unpacked(e, NULL);
}

void run_host_event(struct run *r, const struct dvm_frame *f, const uint8_t *payload)
{
    if (!r->spawn_ref || !held_keep(&r->early_hosts, f, payload))
        take_host(r, f, payload);
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
        if (failed_by_itself(&r->tasks[i]))
            judge(r, i);
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
    for (int i = 0; i < r->count; i++) {
        int tid = (size_t)i < reply->n_tids ? reply->tids[i] : DVM_ERR_SPAWN;

        if (tid > 0 && !r->tasks[i].ended)
            r->tasks[i].tid = tid;
        else if (tid <= 0 && (!bad || bad == DVM_ERR_SPAWN))
            bad = tid < 0 ? tid : DVM_ERR_SPAWN; /* SPAWN alone: because of another */
    }
    held_release(&r->early, take_exit, r); /* failures are judged later, in order of ranks */
    r->started = true;
    if (bad) {
        r->result = spawning_failed(r->c, r->spawning, reply, bad);
        run_abort(r, r->result, "not all tasks of the run could be started");
        r->leaving = true;
    } else {
        if (reply->note[0] && !r->c->quiet)
            run_say(r, "%s", reply->note);
        if (reply->unlike[0] && !r->c->quiet)
            run_say(r, "%s", reply->unlike);
        run_debug_started(r);
        catch_up(r);
        held_release(&r->early_hosts, take_host, r);
    }
    dvm__pb__spawn_reply__free_unpacked(reply, NULL);
}
