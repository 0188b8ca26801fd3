/* kill.c: dvm kill: a signal to tasks, each by the daemon of its host. */
#include "console/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "console/ask.h"
#include "console/words.h"

struct settings {
    const char *signal;
};

static const struct settings defaults = {.signal = "TERM"};

static const struct option_row rows[] = {
    {"signal", 's', OPTION_TEXT, offsetof(struct settings, signal), "SIGNAL",
     "name or number (default: TERM)", 0, 0},
    OPTION_END};

/* The requests of one dvm kill. */
struct kills {
    struct ask *asks;
    Dvm__Pb__Kill *messages;
    size_t count;
};

static int read_tids(const struct console *c, struct kills *k, char **argv, int number)
{
    for (size_t i = 0; i < k->count; i++) {
        int tid;

        if (!words_tid(argv[i], &tid)) {
            console_wrong(c, "\"%.60s\" is no tid; dvm ps shows them, such as 0x40001", argv[i]);
            return EXIT_USAGE;
        }
        dvm__pb__kill__init(&k->messages[i]);
        k->messages[i].tid = tid;
        k->messages[i].signal = number;
        k->asks[i] = (struct ask){.dst = DVM_TID_DAEMON(tid >> DVM_TID_N_BITS),
                                  .type = DVM_CTL_KILL,
                                  .want = DVM_CTL_OK,
                                  .message = &k->messages[i].base};
    }
    return EXIT_OK;
}

static int report(const struct console *c, const struct kills *k, size_t failed)
{
    json_t *list = json_array();
    int code = DVM_OK;

    for (size_t i = 0; i < k->count; i++) {
        const struct ask *a = &k->asks[i];

        if (a->result) {
            code = a->result;
            console_wrong(c, "task 0x%x was not signalled: %s", (unsigned)k->messages[i].tid,
                          a->sentence);
        }
        json_array_append_new(list, json_pack("{s:i,s:b,s:o?}", "tid", k->messages[i].tid, "done",
                                              a->result == DVM_OK, "error",
                                              a->result ? console_text(a->sentence) : NULL));
    }
    if (c->json)
        console_json(json_pack("{s:s,s:i,s:o}", "schema", "kill/1", "signal",
                               k->messages[0].signal, "tasks", list));
    else
        json_decref(list);
    return console_exit_some(failed, k->count, code);
}

static int send_all(const struct console *c, struct kills *k)
{
    struct client *client;
    int r = console_connect(c, &client);

    if (r)
        return r;
    r = report(c, k, ask_all(client, k->asks, k->count, ASK_SECONDS));
    ask_free(k->asks, k->count);
    client_close(client);
    return r;
}

static int kill_tasks(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct kills k = {.count = (size_t)argc};
    int number, r;

    if (!words_signal(s->signal, &number)) {
        console_wrong(c, "\"%.60s\" is no signal; give a name such as TERM or a number (kill -l "
                         "lists them)",
                      s->signal);
        return EXIT_USAGE;
    }
    k.asks = calloc(k.count, sizeof *k.asks);
    k.messages = calloc(k.count, sizeof *k.messages);
    if (!k.asks || !k.messages)
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu requests", k.count));
    else
        r = read_tids(c, &k, argv, number);
    if (!r)
        r = send_all(c, &k);
    free(k.asks);
    free(k.messages);
    return r;
}

const struct command command_kill = {
    .name = "kill",
    .operands = "TID...",
    .summary = "send a signal to tasks",
    .text = "What a task has started gets the signal, too. dvm ps shows the tids.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = kill_tasks,
    .examples = "dvm kill 0x40001                   # asks it to end\n"
                "dvm kill -s KILL 0x40001 0x80001   # ends both\n",
};
