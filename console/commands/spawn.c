/* spawn.c: dvm spawn: tasks that outlive the console; prints their tids. */
#include "console/command.h"

#include <stdio.h>

#include "base/error.h"
#include "console/ask.h"
#include "console/spawning.h"

struct settings {
    int count;
    const char *where;
};

/* Looking for a program and starting it may wait for a slow disk, seconds. */
#define SPAWN_SECONDS 60.0

static const struct settings defaults = {.count = 1};

static const struct option_row rows[] = {
    {"tasks", 'n', OPTION_INT, offsetof(struct settings, count), "N",
     "how many tasks (default: 1)", 1, SPAWNING_TASKS_MAX},
    {"where", 0, OPTION_TEXT, offsetof(struct settings, where), "HOSTS",
     "on these hosts, such as node[3-8] (default: all)", 0, 0},
    OPTION_END};

static int report(const struct console *c, const struct spawning *s,
                  const Dvm__Pb__SpawnReply *reply)
{
    json_t *tids = json_array(), *errors = json_array();
    size_t failed = 0;
    int code = DVM_OK;

    for (size_t i = 0; i < reply->n_tids; i++) {
        int tid = reply->tids[i];

        if (tid < 0) {
            failed++;
            code = code ? code : tid;
        } else if (!c->json) {
            printf("0x%x\n", (unsigned)tid);
        }
        json_array_append_new(tids, json_integer(tid));
    }
    for (size_t i = 0; i < reply->n_errors; i++)
        json_array_append_new(errors, console_text(reply->errors[i]));
    if (c->json)
        console_json(json_pack("{s:s,s:O,s:O}", "schema", "spawn/1", "tids", tids, "errors",
                               errors));
    json_decref(tids);
    json_decref(errors);
    if (reply->note[0] && failed < reply->n_tids) /* what does not start is no load */
        console_say(c, "dvm: %s", reply->note);
    if (reply->unlike[0])
        console_say(c, "dvm: %s", reply->unlike);
    if (failed == 0 && reply->n_tids > 0)
        return EXIT_OK;
    code = spawning_failed(c, s, reply, code ? code : DVM_ERR_SPAWN);
    return failed < reply->n_tids ? EXIT_PARTIAL : code;
}

static int ask_spawn(const struct console *c, struct client *client, const struct spawning *s)
{
    Dvm__Pb__SpawnReply *reply;
    struct dvm_frame f;
    const uint8_t *payload;
    int r = client_call(client, DVM_TID_DAEMON(client_info(client)->slot), DVM_CTL_SPAWN,
                        &s->message.base, DVM_CTL_SPAWN_REPLY, &f, &payload, SPAWN_SECONDS);

    if (r)
        return spawning_failed(c, s, NULL, r);
    reply = dvm__pb__spawn_reply__unpack(NULL, f.length, payload);
    if (!reply)
        return console_failed(c, dvm_fail(DVM_ERR_PROTOCOL, "the answer to SPAWN cannot be read"));
    r = report(c, s, reply);
    dvm__pb__spawn_reply__free_unpacked(reply, NULL);
    return r;
}

static int spawn(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *o = settings;
    struct spawning s;
    struct client *client;
    int r = spawning_make(&s, o->count, o->where, argv);

    if (r)
        return console_failed(c, r);
    r = console_connect(c, &client);
    if (!r) {
        r = ask_spawn(c, client, &s);
        client_close(client);
    }
    spawning_free(&s);
    return r;
}

const struct command command_spawn = {
    .name = "spawn",
    .operands = "[--] PROGRAM [ARGUMENT...]",
    .summary = "start tasks and return at once",
    .text = "The tids are printed, one a line; dvm logs shows what the tasks write. As\n"
            "dvm run otherwise.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .stops = true,
    .function = spawn,
    .examples = "dvm spawn -n 8 ./worker            # prints eight tids\n"
                "dvm spawn --where node3 ./server\n",
};
