/* signals.c: the implementation of signals.h: each task's own daemon is asked. */
#include "console/watch/signals.h"

#include <stdlib.h>

#include "console/ask.h"
#include "console/text/words.h"
#include "console/watch/targets.h"

/* The requests of one command. */
struct kills {
    const char *schema;
    char by[CONSOLE_WHO_MAX];
    int number;
    struct ask *asks;
    Dvm__Pb__Kill *messages;
    size_t count;
};

int signals_read(const struct console *c, const char *text, int *number)
{
    if (words_signal(text, number))
        return EXIT_OK;
    console_wrong(c, "\"%.60s\" is no signal; give a name such as TERM or a number (kill -l lists "
                     "them)", text);
    return EXIT_USAGE;
}

/* Whether a task was one of many, and ended after they were listed: nobody minds. */
static bool went_by_itself(const struct ask *a, const struct target *target)
{
    return a->result == DVM_ERR_NO_TASK && !target->named;
}

static int report(const struct console *c, const struct kills *k, const struct targets *targets)
{
    json_t *list = json_array();
    size_t failed = 0;
    int code = DVM_OK;

    for (size_t i = 0; i < k->count; i++) {
        const struct ask *a = &k->asks[i];

        if (a->result && !went_by_itself(a, &targets->list[i])) {
            failed++;
            code = a->result;
            console_wrong(c, "task 0x%x was not signalled: %s", (unsigned)k->messages[i].tid,
                          a->sentence);
        }
        json_array_append_new(list, json_pack("{s:i,s:b,s:o?}", "tid", k->messages[i].tid, "done",
                                              a->result == DVM_OK, "error",
                                              a->result ? console_text(a->sentence) : NULL));
    }
    if (c->json)
        console_json(json_pack("{s:s,s:i,s:o}", "schema", k->schema, "signal", k->number, "tasks",
                               list));
    else
        json_decref(list);
    return console_exit_some(failed, k->count, code);
}

static int send_all(const struct console *c, struct client *client, struct kills *k,
                    const struct targets *targets)
{
    int r;

    for (size_t i = 0; i < k->count; i++) {
        int tid = targets->list[i].tid;

        dvm__pb__kill__init(&k->messages[i]);
        k->messages[i].tid = tid;
        k->messages[i].signal = k->number;
        k->messages[i].by = k->by;
        k->asks[i] = (struct ask){.dst = DVM_TID_DAEMON(tid >> DVM_TID_N_BITS),
                                  .type = DVM_CTL_KILL,
                                  .want = DVM_CTL_OK,
                                  .message = &k->messages[i].base};
    }
    console_who(c, client, k->by);
    ask_all(client, k->asks, k->count, ASK_SECONDS);
    r = report(c, k, targets);
    ask_free(k->asks, k->count);
    return r;
}

static int send_to(const struct console *c, struct client *client, struct kills *k,
                   const struct targets *targets)
{
    int r;

    k->count = targets->count;
    k->asks = calloc(k->count + 1, sizeof *k->asks);
    k->messages = calloc(k->count + 1, sizeof *k->messages);
    if (k->asks && k->messages)
        r = send_all(c, client, k, targets);
    else
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu requests", k->count));
    free(k->asks);
    free(k->messages);
    return r;
}

int signals_send(const struct console *c, const char *schema, int number, int argc, char **argv)
{
    struct kills k = {.schema = schema, .number = number};
    struct targets targets;
    struct client *client;
    int r = targets_check(c, argc, argv);

    if (!r)
        r = console_connect(c, &client);
    if (r)
        return r;
    r = targets_find(c, client, 0, argc, argv, &targets);
    if (!r)
        r = send_to(c, client, &k, &targets);
    targets_free(&targets);
    client_close(client);
    return r;
}
