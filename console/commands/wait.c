/* wait.c: dvm wait: ends when tasks have ended, and tells how each did.
 *
 * Each task's own daemon is asked, and answers when the task has ended, at once if it
 * has. The status is that of the first task, in the order of the operands, that did not
 * end well: a script sees the cause that it asked for, not the one that came first.
 */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "console/ask.h"
#include "console/watch/targets.h"

struct settings {
    double timeout; /* seconds; negative: none */
};

static const struct settings defaults = {.timeout = -1};

static const struct option_row rows[] = {
    {"timeout", 't', OPTION_TIME, offsetof(struct settings, timeout), "TIME",
     "wait no longer than this (90, 10m, 2h); the status is 5 then", 0, 1e9},
    OPTION_END};

/* What is waited for. */
struct waits {
    const struct console *c;
    struct ask *asks;
    Dvm__Pb__TaskWait *messages;
    Dvm__Pb__TaskExit **ends; /* owned; NULL: it is not known to have ended */
    size_t count;
};

/* One task has ended, or will not be heard of. */
static void on_done(void *arg, struct ask *a)
{
    struct waits *w = arg;
    size_t i = (size_t)(a - w->asks);
    Dvm__Pb__TaskExit *m = NULL;

    if (!a->result) {
        m = dvm__pb__task_exit__unpack(NULL, a->length, a->payload);
        if (!m) {
            a->result = DVM_ERR_PROTOCOL;
            snprintf(a->sentence, sizeof a->sentence, "its daemon's answer cannot be read");
        }
    }
    w->ends[i] = m;
    if (m && !w->c->json) {
        printf("0x%x: %s\n", (unsigned)m->tid, m->text);
        console_flush();
    } else if (a->result == DVM_ERR_TIMEOUT) {
        console_wrong(w->c, "task 0x%x has not ended", (unsigned)w->messages[i].tid);
    } else if (a->result == DVM_ERR_HOST_GONE) {
        console_wrong(w->c, "task 0x%x is not heard of any more: %s",
                      (unsigned)w->messages[i].tid, a->sentence);
    } else if (a->result) {
        console_wrong(w->c, "how task 0x%x ended is not known: %s",
                      (unsigned)w->messages[i].tid, a->sentence);
    }
}

static int status_of(const struct ask *a, const Dvm__Pb__TaskExit *m)
{
    if (!m)
        return console_exit_code(a->result);
    if (m->signal)
        return EXIT_SIGNAL + m->signal;
    return m->status >= 0 ? m->status : EXIT_GENERIC;
}

static json_t *task_json(const struct ask *a, int tid, const Dvm__Pb__TaskExit *m)
{
    if (!m)
        return json_pack("{s:i,s:b,s:o}", "tid", tid, "ended", 0, "error",
                         console_text(a->sentence));
    return json_pack("{s:i,s:b,s:i,s:s,s:i,s:i,s:b,s:b,s:f,s:o,s:n}", "tid", tid, "ended", 1,
                     "rank", (int)m->rank, "host", m->host, "status", m->status, "signal",
                     m->signal, "lost", (int)m->lost, "ended_by_machine",
                     (int)m->ended_by_machine, "age", m->age, "text", console_text(m->text),
                     "error");
}

static int report(const struct waits *w)
{
    json_t *list = json_array();
    int status = EXIT_OK;

    for (size_t i = 0; i < w->count; i++) {
        if (status == EXIT_OK)
            status = status_of(&w->asks[i], w->ends[i]);
        json_array_append_new(list, task_json(&w->asks[i], w->messages[i].tid, w->ends[i]));
    }
    if (w->c->json)
        console_json(json_pack("{s:s,s:i,s:o}", "schema", "wait/1", "status", status, "tasks",
                               list));
    else
        json_decref(list);
    return status;
}

static int wait_all(struct client *client, struct waits *w, const struct targets *targets,
                    double timeout)
{
    for (size_t i = 0; i < w->count; i++) {
        int tid = targets->list[i].tid;

        dvm__pb__task_wait__init(&w->messages[i]);
        w->messages[i].tid = tid;
        w->asks[i] = (struct ask){.dst = DVM_TID_DAEMON(tid >> DVM_TID_N_BITS),
                                  .type = DVM_CTL_TASK_WAIT,
                                  .want = DVM_CTL_TASK_EXIT,
                                  .message = &w->messages[i].base};
    }
    ask_each(client, w->asks, w->count, timeout, &(struct ask_calls){on_done, NULL, w});
    return report(w);
}

static int wait_for(const struct console *c, struct client *client,
                    const struct targets *targets, double timeout)
{
    struct waits w = {.c = c, .count = targets->count};
    int r;

    w.asks = calloc(w.count + 1, sizeof *w.asks);
    w.messages = calloc(w.count + 1, sizeof *w.messages);
    w.ends = calloc(w.count + 1, sizeof(*w.ends));
    if (w.asks && w.messages && w.ends)
        r = wait_all(client, &w, targets, timeout);
    else
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory to wait for %zu tasks",
                                       w.count));
    for (size_t i = 0; w.ends && i < w.count; i++)
        if (w.ends[i])
            dvm__pb__task_exit__free_unpacked(w.ends[i], NULL);
    if (w.asks)
        ask_free(w.asks, w.count);
    free(w.asks);
    free(w.messages);
    free(w.ends);
    return r;
}

static int wait_tasks(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct targets targets;
    struct client *client;
    int r = targets_check(c, argc, argv);

    if (!r)
        r = console_connect(c, &client);
    if (r)
        return r;
    r = targets_find(c, client, TARGETS_ENDED, argc, argv, &targets);
    if (!r)
        r = wait_for(c, client, &targets, s->timeout);
    targets_free(&targets);
    client_close(client);
    return r;
}

const struct command command_wait = {
    .name = "wait",
    .operands = TARGETS_OPERANDS,
    .summary = "wait until tasks have ended, and tell how",
    .text = TARGETS_TEXT
            "Tasks that have ended count, too: their daemons remember them for ten minutes.\n"
            "The exit status is that of the first of the tasks, in the order given, that did not\n"
            "end well: its own, 128 + N for signal N, 1 when it is not known, 5 when the time\n"
            "is up; 0 when all ended well.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = wait_tasks,
    .examples = "dvm wait 0x40001               # one task\n"
                "dvm wait --timeout 10m node3   # all tasks on node3, ten minutes at most\n",
};
