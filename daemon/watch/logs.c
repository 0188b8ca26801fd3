/* logs.c: LOGS: what a task has written, or this daemon itself.
 *
 * A place in a task's output says what somebody has got. What is there behind it is given
 * at once; if nothing is, and the request may wait, it waits here.
 */
#include <stdlib.h>

#include "base/error.h"
#include "daemon/tasks.h"
#include "daemon/watch/state.h"

/* ---- output of a task ------------------------------------------------------------------ */

/* The stretches behind *after, at most WATCH_ANSWER_BYTES. Error: NO_MEMORY. */
static int fill_pieces(const struct output_log *log, int stream, uint64_t *after,
                       Dvm__Pb__LogsReply *reply)
{
    size_t left = WATCH_ANSWER_BYTES, room = 0;
    struct output_piece piece;

    while (left > 0 && output_piece(log, stream, left, after, &piece)) {
        Dvm__Pb__LogPiece *p = malloc(sizeof *p);

        if (reply->n_pieces == room) {
            size_t more = room ? 2 * room : 64;
            Dvm__Pb__LogPiece **bigger = p ? realloc(reply->pieces, more * sizeof(*bigger))
                                           : NULL;

            if (!bigger) {
                free(p);
                return DVM_ERR_NO_MEMORY;
            }
            reply->pieces = bigger;
            room = more;
        }
        if (!p)
            return DVM_ERR_NO_MEMORY;
        dvm__pb__log_piece__init(p);
        p->stream = (uint32_t)piece.stream;
        p->data.data = (uint8_t *)(uintptr_t)piece.bytes;
        p->data.len = piece.size;
        reply->pieces[reply->n_pieces++] = p;
        left -= piece.size;
    }
    return DVM_OK;
}

static void free_pieces(Dvm__Pb__LogsReply *reply)
{
    for (size_t i = 0; i < reply->n_pieces; i++)
        free(reply->pieces[i]);
    free(reply->pieces);
}

/* Answer with what is behind p->after. news: only if there is anything, or nothing will
 * ever be; returns whether it was answered. p->after is moved on. */
static bool answer_output(struct watch *w, struct pending *p, bool news)
{
    Dvm__Pb__LogsReply reply = DVM__PB__LOGS_REPLY__INIT;
    const struct output_log *log = output_find(&w->output, p->tid);
    struct tasks_fate fate;
    uint64_t asked = p->after;

    tasks_fate(w->d->tasks, p->tid, &fate);
    if (log && asked < output_begins(log)) {
        reply.missed = output_begins(log) - asked;
        p->after = output_begins(log);
    }
    if (log && fill_pieces(log, p->stream, &p->after, &reply)) {
        free_pieces(&reply);
        daemon_fail(w->d, &p->request, DVM_ERR_NO_MEMORY, "host %s has no memory to show output",
                    w->d->host);
        return true;
    }
    reply.more = log && p->after < log->end;
    reply.ended = !reply.more && (log ? log->ended : !fate.known || fate.ended);
    if (news && reply.n_pieces == 0 && reply.missed == 0 && !reply.ended)
        return false;
    reply.next = p->after;
    reply.rank = (uint32_t)fate.rank;
    reply.program = (char *)(uintptr_t)fate.program;
    reply.text = fate.text;
    daemon_answer(w->d, CLUSTER_CONTROL, &p->request, DVM_CTL_LOGS_REPLY, &reply.base);
    free_pieces(&reply);
    return true;
}

static void answer_now(struct watch *w, const struct pending *p)
{
    struct pending copy = *p;

    answer_output(w, &copy, false);
}

static bool waits_for(const void *arg, const struct pending *p)
{
    return p->tid == *(const int *)arg;
}

void logs_news(struct watch *w, int tid)
{
    struct pending_list still = {0};
    struct pending *p;

    if (!w->for_output.first)
        return;
    while ((p = pending_take(&w->for_output, waits_for, &tid))) {
        if (!answer_output(w, p, true) && pending_add(&still, p))
            answer_now(w, p);
        free(p);
    }
    while ((p = pending_take(&still, NULL, NULL))) {
        if (pending_add(&w->for_output, p))
            answer_now(w, p);
        free(p);
    }
}

/* Why there is no output to be had of a task, kept as a sentence; DVM_OK when there may be. */
static int check_task(const struct watch *w, int tid)
{
    struct tasks_fate fate;

    tasks_fate(w->d->tasks, tid, &fate);
    if (output_find(&w->output, tid) || (fate.known && fate.captured))
        return DVM_OK;
    if (!fate.known)
        return dvm_fail(DVM_ERR_NO_TASK, "there is no task 0x%x on host %s, or it ended long ago "
                        "and its output is not kept any more", (unsigned)tid, w->d->host);
    if (fate.console)
        return dvm_fail(DVM_ERR_NO_TASK, "0x%x is a console, not a task: its output is on its "
                        "own terminal", (unsigned)tid);
    return dvm_fail(DVM_ERR_UNSUPPORTED, "the output of task 0x%x does not pass through the "
                    "daemon of host %s: it goes to where the program was started",
                    (unsigned)tid, w->d->host);
}

static void logs_of_task(struct watch *w, const struct dvm_frame *frame, const Dvm__Pb__Logs *m)
{
    struct pending p = {.request = *frame, .tid = m->tid, .after = m->after,
                        .stream = m->stream <= 2 ? (int)m->stream : 0};
    const struct output_log *log = output_find(&w->output, m->tid);
    int r = check_task(w, m->tid);

    if (r) {
        daemon_fail(w->d, frame, r, "%s", dvm_last_error());
        return;
    }
    if (log && m->lines)
        p.after = output_tail(log, p.stream, m->lines);
    if (log && p.after > log->end)
        p.after = log->end;
    if (!answer_output(w, &p, m->wait))
        watch_keep(w, &w->for_output, &p, answer_now);
}

/* ---- the daemon's own log ----------------------------------------------------------------- */

/* As answer_output. */
static bool answer_own(struct watch *w, struct pending *p, uint32_t lines, bool news)
{
    Dvm__Pb__LogsReply reply = DVM__PB__LOGS_REPLY__INIT;
    Dvm__Pb__LogPiece piece = DVM__PB__LOG_PIECE__INIT, *pieces = &piece;
    struct own_log log;
    int r = own_log_read(w->d, p->after, lines, &log);

    if (r) {
        daemon_fail(w->d, &p->request, r, "%s", dvm_last_error());
        return true;
    }
    p->after = log.next;
    if (news && log.size == 0) {
        free(log.bytes);
        return false;
    }
    piece.stream = 1;
    piece.data.data = (uint8_t *)log.bytes;
    piece.data.len = log.size;
    reply.pieces = &pieces;
    reply.n_pieces = log.size > 0;
    reply.next = log.next;
    reply.more = log.more;
    daemon_answer(w->d, CLUSTER_CONTROL, &p->request, DVM_CTL_LOGS_REPLY, &reply.base);
    free(log.bytes);
    return true;
}

static void answer_own_now(struct watch *w, const struct pending *p)
{
    struct pending copy = *p;

    answer_own(w, &copy, 0, false);
}

/* Before the loop sleeps: who waits for lines gets those that this turn has written. */
void logs_look(struct ev_loop *loop, ev_prepare *watcher, int revents)
{
    struct watch *w = watcher->data;
    uint64_t size = own_log_size(w->d);
    struct pending_list waiting = w->for_log;
    struct pending *p;

    w->for_log = (struct pending_list){0};
    while ((p = pending_take(&waiting, NULL, NULL))) {
        if (size == p->after || !answer_own(w, p, 0, true))
            watch_keep(w, &w->for_log, p, answer_own_now);
        free(p);
    }
    if (!w->for_log.first)
        ev_prepare_stop(loop, watcher);
}

static void logs_of_daemon(struct watch *w, const struct dvm_frame *frame,
                           const Dvm__Pb__Logs *m)
{
    struct pending p = {.request = *frame, .tid = m->tid, .after = m->after};

    if (answer_own(w, &p, m->lines, m->wait))
        return;
    watch_keep(w, &w->for_log, &p, answer_own_now);
    ev_prepare_start(w->d->loop, &w->look);
}

void handle_logs(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Logs *m = dvm__pb__logs__unpack(NULL, frame->length, payload);

    if (!m)
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a LOGS that cannot be read");
    else if (DVM_TID_SLOT(m->tid) != cluster_self(d->cluster) || m->tid < 0)
        daemon_fail(d, frame, DVM_ERR_NO_TASK, "0x%x is not of host %s", (unsigned)m->tid,
                    d->host);
    else if (DVM_TID_N(m->tid) == 0)
        logs_of_daemon(d->watch, frame, m);
    else
        logs_of_task(d->watch, frame, m);
    dvm__pb__logs__free_unpacked(m, NULL);
}
