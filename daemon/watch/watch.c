/* watch.c: the life of this part; events: how they are recorded, EVENTS.
 *
 * Hosts that come and go are events of every daemon, tasks only of their own: so the loss
 * of a host takes its tasks' events with it, but never the news of the loss.
 */
#include "daemon/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/watch/state.h"

int watch_create(struct watch **out, struct daemon *d)
{
    struct watch *w = calloc(1, sizeof *w);

    if (!w)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the record of events");
    w->d = d;
    output_begin(&w->output, OUTPUT_TASK_MAX, OUTPUT_HOST_MAX);
    ev_prepare_init(&w->look, logs_look);
    w->look.data = w;
    *out = w;
    return DVM_OK;
}

static void drop_all(struct pending_list *list)
{
    struct pending *p;

    while ((p = pending_take(list, NULL, NULL)))
        free(p);
}

void watch_destroy(struct watch *w)
{
    if (!w)
        return;
    drop_all(&w->for_events);
    drop_all(&w->for_output);
    drop_all(&w->for_log);
    ev_prepare_stop(w->d->loop, &w->look);
    events_free(&w->events);
    output_free(&w->output);
    free(w);
}

void watch_client_gone(struct watch *w, int tid)
{
    pending_drop(&w->for_events, tid);
    pending_drop(&w->for_output, tid);
    pending_drop(&w->for_log, tid);
}

void watch_keep(struct watch *w, struct pending_list *list, const struct pending *one,
                void (*answer)(struct watch *w, const struct pending *p))
{
    struct pending *oldest = NULL;

    if (list->count >= WATCH_WAITING_MAX)
        oldest = pending_take(list, NULL, NULL);
    if (pending_add(list, one))
        daemon_fail(w->d, &one->request, DVM_ERR_NO_MEMORY, "host %s has no memory for another "
                    "who waits for news", w->d->host);
    if (oldest)
        answer(w, oldest);
    free(oldest);
}

/* ---- EVENTS ------------------------------------------------------------------------ */

/* Answer what was asked for. news: only if there is anything; returns whether it was
 * answered. *after receives how far was looked. */
static bool answer_wish(struct watch *w, const struct dvm_frame *request,
                        const struct events_wish *wish, bool news, uint64_t *after)
{
    Dvm__Pb__EventsReply reply = DVM__PB__EVENTS_REPLY__INIT;
    bool answered = true;

    if (events_reply(&w->events, wish, WATCH_ANSWER_BYTES, &reply)) {
        daemon_fail(w->d, request, DVM_ERR_NO_MEMORY, "host %s has no memory to list events",
                    w->d->host);
        return true;
    }
    *after = reply.next;
    if (news && reply.n_events == 0 && reply.missed == 0)
        answered = false;
    else
        daemon_answer(w->d, CLUSTER_CONTROL, request, DVM_CTL_EVENTS_REPLY, &reply.base);
    free(reply.events);
    return answered;
}

static void answer_events(struct watch *w, const struct pending *p)
{
    struct events_wish wish = {.after = p->after};
    uint64_t after;

    answer_wish(w, &p->request, &wish, false, &after);
}

static void handle_events(struct daemon *d, const struct dvm_frame *frame,
                          const uint8_t *payload)
{
    Dvm__Pb__Events *m = dvm__pb__events__unpack(NULL, frame->length, payload);
    struct pending p = {.request = *frame};

    if (!m) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "an EVENTS that cannot be read");
        return;
    }
    if (!answer_wish(d->watch, frame,
                     &(struct events_wish){m->after, m->since_ms, m->most}, m->wait, &p.after))
        watch_keep(d->watch, &d->watch->for_events, &p, answer_events);
    dvm__pb__events__free_unpacked(m, NULL);
}

/* ---- what happens ------------------------------------------------------------------- */

static void record(struct watch *w, Dvm__Pb__Event *e, enum dvm_event kind, const char *text)
{
    struct pending_list waiting = w->for_events;
    struct pending *p;

    e->kind = kind;
    e->time_ms = clock_wall_ms();
    e->text = (char *)(uintptr_t)text;
    if (events_add(&w->events, e))
        log_warning("no memory for the event %s", dvm_event_name(kind));
    w->for_events = (struct pending_list){0};
    while ((p = pending_take(&waiting, NULL, NULL))) {
        answer_events(w, p);
        free(p);
    }
}

void watch_host(struct watch *w, enum dvm_event kind, const struct cluster_host *host,
                const char *text)
{
    Dvm__Pb__Event e = DVM__PB__EVENT__INIT;
    int daemon = DVM_TID_DAEMON(host->slot);

    e.host = (char *)(uintptr_t)host->name;
    e.slot = (uint32_t)host->slot;
    e.incarnation = host->incarnation;
    record(w, &e, kind, text);
    if (kind != DVM_EVENT_HOST_JOINED)
        watch_client_gone(w, daemon);
}

void watch_task(struct watch *w, enum dvm_event kind, const struct watch_task *task,
                const char *text)
{
    Dvm__Pb__Event e = DVM__PB__EVENT__INIT;

    e.host = w->d->host;
    e.slot = (uint32_t)cluster_self(w->d->cluster);
    e.tid = task->tid;
    e.rank = (uint32_t)task->rank;
    e.world = task->world;
    e.program = (char *)(uintptr_t)task->program;
    e.status = task->status;
    e.signal = task->signal;
    record(w, &e, kind, text);
}

void watch_task_output(struct watch *w, int tid, int stream, const void *bytes, size_t size)
{
    output_add(&w->output, tid, stream, bytes, size);
    logs_news(w, tid);
}

void watch_task_ended(struct watch *w, int tid)
{
    output_end(&w->output, tid);
    logs_news(w, tid);
}

const struct handler watch_handlers[] = {
    {DVM_CTL_EVENTS, handle_events, ROLE_CLIENT},
    {DVM_CTL_LOGS, handle_logs, ROLE_CLIENT},
    {0, NULL, 0},
};
