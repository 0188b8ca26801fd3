/* rm.c: dvm rm: hosts leave, each by a request to the coordinator. */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hostlist.h"
#include "console/ask.h"
#include "console/operands.h"

/* A host ends its tasks before it leaves, which may take some time, seconds. */
#define REMOVE_SECONDS 20.0

static int report(const struct console *c, const struct hostlist *names, const struct ask *asks,
                  size_t failed)
{
    json_t *list = json_array();
    int code = DVM_OK;

    for (size_t i = 0; i < names->count; i++) {
        const struct ask *a = &asks[i];

        if (a->result) {
            code = a->result;
            console_wrong(c, "host %s was not removed: %s", names->names[i], a->sentence);
        } else {
            console_say(c, "host %s has left", names->names[i]);
        }
        json_array_append_new(list, json_pack("{s:s,s:b,s:o?}", "name", names->names[i], "removed",
                                              a->result == DVM_OK, "error",
                                              a->result ? console_text(a->sentence) : NULL));
    }
    if (c->json)
        console_json(json_pack("{s:s,s:o}", "schema", "rm/1", "hosts", list));
    else
        json_decref(list);
    return console_exit_some(failed, names->count, code);
}

/* The host through which the machine is asked goes last: the other answers come through it. That
 * its daemon ends may be heard before the coordinator's answer is. Returns how many failed. */
static size_t ask_in_order(struct client *client, const struct hostlist *names, struct ask *asks)
{
    size_t own = hostlist_find(names, client_info(client)->host), failed;
    int dst = own < names->count ? asks[own].dst : 0;

    if (dst)
        asks[own].dst = 0; /* not yet */
    failed = ask_all(client, asks, names->count, REMOVE_SECONDS);
    if (!dst)
        return failed;
    asks[own].dst = dst;
    failed += ask_all(client, &asks[own], 1, REMOVE_SECONDS);
    if (asks[own].result == DVM_ERR_LOST_DAEMON && client_dismissed(client)) {
        asks[own].result = DVM_OK;
        failed--;
    }
    return failed;
}

static int remove_all(const struct console *c, struct client *client,
                      const struct hostlist *names)
{
    struct ask *asks = calloc(names->count, sizeof *asks);
    Dvm__Pb__Remove *messages = calloc(names->count, sizeof *messages);
    int r;

    if (!asks || !messages) {
        r = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu requests",
                                       names->count));
    } else {
        for (size_t i = 0; i < names->count; i++) {
            dvm__pb__remove__init(&messages[i]);
            messages[i].name = names->names[i];
            asks[i] = (struct ask){.dst = DVM_TID_DAEMON(client_info(client)->coordinator),
                                   .type = DVM_CTL_REMOVE,
                                   .want = DVM_CTL_OK,
                                   .message = &messages[i].base};
        }
        r = report(c, names, asks, ask_in_order(client, names, asks));
        ask_free(asks, names->count);
    }
    free(asks);
    free(messages);
    return r;
}

static int rm(struct console *c, const void *settings, int argc, char **argv)
{
    struct hostlist names;
    struct client *client;
    int r = operands_hosts(c, &names, argc, argv);

    if (r)
        return r;
    r = console_connect(c, &client);
    if (!r) {
        r = remove_all(c, client, &names);
        client_close(client);
    }
    hostlist_free(&names);
    return r;
}

const struct command command_rm = {
    .name = "rm",
    .alias = "delete",
    .operands = "HOST...",
    .summary = "remove hosts from the machine; their tasks are ended",
    .text = "HOST is a name as dvm hosts shows it, or a list such as node[1-8,12].\n",
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = rm,
    .examples = "dvm rm node3\n"
                "dvm rm node[4-8]\n",
};
