/* events.c: dvm events: asks all daemons for what happened, and, with --follow, again for
 * what comes after that; a host that joins meanwhile is asked, too.
 */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "console/ask.h"
#include "console/watch/happened.h"
#include "proto/event.h"

#define FOLLOW_LINES 10 /* older events that --follow begins with */

struct settings {
    bool follow;
    const char *since;
    int lines;
};

static const struct settings defaults = {.lines = -1};

static const struct option_row rows[] = {
    {"follow", 'f', OPTION_FLAG, offsetof(struct settings, follow), NULL,
     "go on: print what happens from now on, until ^C", 0, 0},
    {"since", 0, OPTION_TEXT, offsetof(struct settings, since), "TIME",
     "only what happened in the last 10m, say, or since 2026-03-01T12:00 (UTC with Z)", 0, 0},
    {"lines", 'n', OPTION_INT, offsetof(struct settings, lines), "N",
     "only the last N of the older ones (default: all; with --follow 10)", 0, 1e6},
    OPTION_END};

/* One reading of all hosts; by slot. */
struct reading {
    const struct console *c;
    struct client *client;
    struct ask *asks;
    Dvm__Pb__Events *messages;
    struct happened old;
    struct happened_seen seen;
    bool following, limited; /* only the last of the older ones are wanted */
    size_t hosts, failed;
    int code;
};

static void say_missed(const struct reading *r, size_t slot, uint64_t missed)
{
    if (missed == 0 || r->limited)
        return;
    console_wrong(r->c, "%llu %sevents of slot %zu are not kept any more",
                  (unsigned long long)missed, r->following ? "" : "earlier ", slot);
}

static void on_reply(struct reading *r, struct ask *a, Dvm__Pb__EventsReply *reply)
{
    size_t slot = (size_t)(a - r->asks);
    Dvm__Pb__Events *m = &r->messages[slot];
    bool more = reply->more;

    say_missed(r, slot, reply->missed);
    m->after = reply->next;
    m->most = 0;
    if (r->following) {
        for (size_t i = 0; i < reply->n_events; i++)
            happened_tell(r->c, &r->seen, reply->events[i]);
        console_flush();
        dvm__pb__events_reply__free_unpacked(reply, NULL);
    } else if (!happened_keep(&r->old, reply)) {
        console_wrong(r->c, "no memory for all events: some of slot %zu are left out", slot);
        more = false;
    }
    if (r->following || more)
        ask_send(r->client, a);
}

static void on_done(void *arg, struct ask *a)
{
    struct reading *r = arg;
    Dvm__Pb__EventsReply *reply =
        a->result ? NULL : dvm__pb__events_reply__unpack(NULL, a->length, a->payload);

    if (reply) {
        on_reply(r, a, reply);
        return;
    }
    if (!a->result)
        a->result = DVM_ERR_PROTOCOL;
    r->code = a->result;
    if (r->following)
        return; /* the loss of a host is an event of the others */
    r->failed++;
    console_wrong(r->c, "the events of the host of slot %zu are not known: %s",
                  (size_t)(a - r->asks), a->sentence[0] ? a->sentence : "it answers nonsense");
}

static void prepare(struct reading *r, uint32_t slot)
{
    dvm__pb__events__init(&r->messages[slot]);
    r->asks[slot] = (struct ask){.dst = DVM_TID_DAEMON((int)slot), .type = DVM_CTL_EVENTS,
                                 .want = DVM_CTL_EVENTS_REPLY,
                                 .message = &r->messages[slot].base};
}

/* A host joined while events are followed. */
static void on_host(void *arg, const Dvm__Pb__HostEvent *e)
{
    struct reading *r = arg;

    if (!r->following || e->event != DVM_EVENT_HOST_JOINED || e->host->slot > DVM_SLOT_MAX ||
        e->host->slot == 0 || r->asks[e->host->slot].ref)
        return;
    ask_free(&r->asks[e->host->slot], 1); /* of a host that had this slot before */
    prepare(r, e->host->slot);
    r->messages[e->host->slot].wait = true;
    ask_send(r->client, &r->asks[e->host->slot]);
}

static int follow(struct reading *r)
{
    const struct ask_calls calls = {on_done, on_host, r};
    size_t count = DVM_SLOT_MAX + 1;

    r->following = true;
    for (size_t i = 0; i < count; i++) {
        ask_free(&r->asks[i], 1);
        r->messages[i].wait = true;
        if (r->asks[i].result)
            r->asks[i].dst = 0;
    }
    ask_each(r->client, r->asks, count, -1, &calls);
    /* nobody is left to be asked: the machine has ended, or this host's part of it */
    console_failed(r->c, r->code);
    return EXIT_NOT_CONNECTED;
}

static int read_all(struct reading *r, const struct settings *s, uint64_t since_ms)
{
    const struct ask_calls calls = {on_done, NULL, r};
    size_t most = s->lines >= 0 ? (size_t)s->lines : s->follow && !s->since ? FOLLOW_LINES : 0;
    bool none = s->lines == 0;
    Dvm__Pb__HostsReply *hosts;
    int code = ask_hosts(r->client, &hosts);

    if (code)
        return console_failed(r->c, code);
    r->limited = most > 0 || none;
    for (size_t i = 0; i < hosts->n_hosts; i++) {
        uint32_t slot = hosts->hosts[i]->slot;

        if (slot == 0 || slot > DVM_SLOT_MAX)
            continue;
        prepare(r, slot);
        r->messages[slot].since_ms = since_ms;
        r->messages[slot].most = none ? 1 : (uint32_t)most;
        r->hosts++;
    }
    dvm__pb__hosts_reply__free_unpacked(hosts, NULL);
    ask_each(r->client, r->asks, DVM_SLOT_MAX + 1, ASK_SECONDS, &calls);
    if (!none)
        happened_print(r->c, &r->old, &r->seen, most);
    console_flush();
    happened_free(&r->old);
    return s->follow ? follow(r) : console_exit_some(r->failed, r->hosts, r->code);
}

static int events(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct reading r = {.c = c};
    uint64_t since_ms = 0;
    int status;

    if (s->since && !happened_since(s->since, clock_wall_ms(), &since_ms)) {
        console_wrong(c, "\"%.60s\" is no time: give a length of time such as 10m, or a moment "
                         "such as 2026-03-01T12:00", s->since);
        return EXIT_USAGE;
    }
    status = console_connect(c, &r.client);
    if (status)
        return status;
    r.asks = calloc(DVM_SLOT_MAX + 1, sizeof *r.asks);
    r.messages = calloc(DVM_SLOT_MAX + 1, sizeof *r.messages);
    if (r.asks && r.messages)
        status = read_all(&r, s, since_ms);
    else
        status = console_failed(c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for events"));
    if (r.asks)
        ask_free(r.asks, DVM_SLOT_MAX + 1);
    free(r.asks);
    free(r.messages);
    happened_free(&r.old);
    happened_forget(&r.seen);
    client_close(r.client);
    return status;
}

const struct command command_events = {
    .name = "events",
    .operands = "",
    .summary = "what happened: hosts and tasks that came and went, and why",
    .text = "Each daemon keeps its last 4096 events (2 MiB at most); those of all hosts are\n"
            "merged by time. What a host that is lost kept about its tasks is lost with it.\n"
            "With --json one object a line.\n",
    .options = rows,
    .defaults = &defaults,
    .settings_size = sizeof(struct settings),
    .function = events,
    .examples = "dvm events --since 1h   # what happened in the last hour\n"
                "dvm events -f           # the last ten, then what comes\n",
};
