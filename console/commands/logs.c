/* logs.c: dvm logs: what tasks have written, and what daemons have, from where they run.
 *
 * Without --follow one task after the other, in the order of the operands; with it all at
 * the same time. A line is never mixed with another task's.
 */
#include "console/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/ask.h"
#include "console/text/words.h"
#include "console/watch/targets.h"

#define HOST_LINES 50        /* of a daemon's log, unless more are asked for */
#define HOST_FOLLOW_LINES 10
#define PREFIX_MAX (DVM_NAME_MAX + 32)

enum { STREAM_BOTH = 0, STREAM_OUT = 1, STREAM_ERR = 2 };

struct settings {
    bool follow;
    const char *stream;
    int lines;
};

static const struct option_row rows[] = {
    {"follow", 'f', OPTION_FLAG, offsetof(struct settings, follow), NULL,
     "go on until the tasks have ended", 0, 0},
    {"stream", 0, OPTION_TEXT, offsetof(struct settings, stream), "out|err",
     "only this stream (default: both, in the order in which they were written)", 0, 0},
    {"lines", 'n', OPTION_INT, offsetof(struct settings, lines), "N",
     "only the last N lines (default: all that is kept; of a host 50)", 1, 1e6},
    OPTION_END};

/* One target, while it is read. */
struct source {
    const struct target *target;
    Dvm__Pb__Logs message;
    char prefix[PREFIX_MAX]; /* of its lines; "" for none */
    bool begun;              /* something was asked before */
};

struct reading {
    const struct console *c;
    struct client *client;
    bool follow;
    struct source *sources;
    struct ask *asks;
    size_t count, failed;
    int code;
    const struct source *middle; /* whose line has no end yet on stdout, or NULL */
    uint32_t stream;             /* and of which stream it is */
};

static bool is_host(const struct source *s)
{
    return DVM_TID_N(s->target->tid) == 0;
}

/* ---- printing --------------------------------------------------------------------------- */

static void print_json(const struct source *s, const Dvm__Pb__LogsReply *reply, uint32_t stream,
                       const char *line, size_t size, bool whole)
{
    char *text = strndup(line, size);
    json_t *o = json_pack("{s:s,s:i,s:o,s:b}", "schema", "log/1", "tid", s->target->tid, "text",
                          console_text(text ? text : ""), "whole", (int)whole);

    if (is_host(s)) {
        json_object_set_new(o, "host", json_string(s->target->host));
    } else {
        json_object_set_new(o, "rank", json_integer(reply->rank));
        json_object_set_new(o, "stream", json_string(stream == STREAM_ERR ? "err" : "out"));
    }
    if (o)
        json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
    free(text);
}

static void print_text(struct reading *r, const struct source *s, uint32_t stream,
                       const char *line, size_t size, bool whole)
{
    bool goes_on = r->middle == s && r->stream == stream;

    if (r->middle && !goes_on)
        putchar('\n');
    if (!goes_on)
        fputs(s->prefix, stdout);
    fwrite(line, 1, size, stdout);
    if (whole)
        putchar('\n');
    r->middle = whole ? NULL : s;
    r->stream = stream;
}

static void print_piece(struct reading *r, const struct source *s,
                        const Dvm__Pb__LogsReply *reply, const Dvm__Pb__LogPiece *piece)
{
    const char *at = (const char *)piece->data.data;
    const char *end = piece->data.len ? at + piece->data.len : at; /* at may be NULL then */

    while (at < end) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((nl ? nl : end) - at);

        if (r->c->json)
            print_json(s, reply, piece->stream, at, size, nl != NULL);
        else
            print_text(r, s, piece->stream, at, size, nl != NULL);
        at += size + (nl != NULL);
    }
}

static void say_missed(const struct reading *r, const struct source *s, uint64_t missed)
{
    unsigned tid = (unsigned)s->target->tid;

    if (missed == 0)
        return;
    if (s->begun)
        console_wrong(r->c, "%llu bytes that task 0x%x has written are missing here: it writes "
                            "faster than they are read", (unsigned long long)missed, tid);
    else
        console_wrong(r->c, "the first %llu bytes that task 0x%x has written are not kept any "
                            "more", (unsigned long long)missed, tid);
}

static void make_prefix(const struct reading *r, struct source *s,
                        const Dvm__Pb__LogsReply *reply)
{
    if (r->count == 1)
        return;
    if (is_host(s))
        snprintf(s->prefix, sizeof s->prefix, "[%s] ", s->target->host);
    else
        snprintf(s->prefix, sizeof s->prefix, "[0x%x rank %u] ", (unsigned)s->target->tid,
                 reply->rank);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void on_reply(struct reading *r, struct ask *a, const Dvm__Pb__LogsReply *reply)
{
    struct source *s = &r->sources[a - r->asks];

    if (!s->begun)
        make_prefix(r, s, reply);
    say_missed(r, s, reply->missed);
    for (size_t i = 0; i < reply->n_pieces; i++)
        print_piece(r, s, reply, reply->pieces[i]);
    console_flush();
    s->begun = true;
    s->message.after = reply->next;
    s->message.lines = 0;
    s->message.wait = r->follow && !reply->more;
    if (reply->more || (r->follow && !reply->ended))
        ask_send(r->client, a);
    else if (r->follow && reply->text[0])
        console_say(r->c, "dvm: 0x%x: %s", (unsigned)s->target->tid, reply->text);
}

static void on_done(void *arg, struct ask *a)
{
    struct reading *r = arg;
    const struct target *target = r->sources[a - r->asks].target;
    Dvm__Pb__LogsReply *reply =
        a->result ? NULL : dvm__pb__logs_reply__unpack(NULL, a->length, a->payload);

    if (reply) {
        on_reply(r, a, reply);
        dvm__pb__logs_reply__free_unpacked(reply, NULL);
        return;
    }
    if (!a->result)
        a->result = dvm_fail(DVM_ERR_PROTOCOL, "its daemon's answer cannot be read");
    r->code = a->result;
    r->failed++;
    if (DVM_TID_N(target->tid) == 0)
        console_wrong(r->c, "the log of host %s cannot be shown: %s", target->host,
                      a->sentence[0] ? a->sentence : dvm_last_error());
    else
        console_wrong(r->c, "the output of task 0x%x cannot be shown: %s",
                      (unsigned)target->tid, a->sentence[0] ? a->sentence : dvm_last_error());
}

static void prepare(struct reading *r, const struct settings *s, const struct targets *targets,
                    int stream)
{
    for (size_t i = 0; i < r->count; i++) {
        struct source *source = &r->sources[i];
        int tid = targets->list[i].tid;

        source->target = &targets->list[i];
        dvm__pb__logs__init(&source->message);
        source->message.tid = tid;
        source->message.stream = (uint32_t)stream;
        source->message.lines = (uint32_t)s->lines;
        if (is_host(source) && s->lines == 0)
            source->message.lines = s->follow ? HOST_FOLLOW_LINES : HOST_LINES;
        r->asks[i] = (struct ask){.dst = DVM_TID_DAEMON(tid >> DVM_TID_N_BITS),
                                  .type = DVM_CTL_LOGS, .want = DVM_CTL_LOGS_REPLY,
                                  .message = &source->message.base};
    }
}

static int read_all(struct reading *r)
{
    const struct ask_calls calls = {on_done, NULL, r};

    if (r->follow)
        ask_each(r->client, r->asks, r->count, -1, &calls);
    for (size_t i = 0; !r->follow && i < r->count; i++)
        ask_each(r->client, &r->asks[i], 1, ASK_SECONDS, &calls);
    if (r->middle)
        putchar('\n');
    return console_exit_some(r->failed, r->count, r->code);
}

static int read_targets(struct reading *r, const struct settings *s,
                        const struct targets *targets, int stream)
{
    int status;

    r->count = targets->count;
    r->sources = calloc(r->count + 1, sizeof *r->sources);
    r->asks = calloc(r->count + 1, sizeof *r->asks);
    if (r->sources && r->asks) {
        prepare(r, s, targets, stream);
        status = read_all(r);
    } else {
        status = console_failed(r->c, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the output of "
                                               "%zu tasks", r->count));
    }
    if (r->asks)
        ask_free(r->asks, r->count);
    free(r->asks);
    free(r->sources);
    return status;
}

static int stream_of(const char *text)
{
    if (!text)
        return STREAM_BOTH;
    if (!strcmp(text, "out"))
        return STREAM_OUT;
    return !strcmp(text, "err") ? STREAM_ERR : -1;
}

static int logs(struct console *c, const void *settings, int argc, char **argv)
{
    const struct settings *s = settings;
    struct reading r = {.c = c, .follow = s->follow};
    struct targets targets;
    int stream = stream_of(s->stream), status = targets_check(c, argc, argv);

    if (stream < 0) {
        console_wrong(c, "--stream is out or err, not \"%.40s\"", s->stream);
        return EXIT_USAGE;
    }
    if (!status)
        status = console_connect(c, &r.client);
    if (status)
        return status;
    status = targets_find(c, r.client, TARGETS_ENDED | TARGETS_HOSTS, argc, argv, &targets);
    if (!status)
        status = read_targets(&r, s, &targets, stream);
    targets_free(&targets);
    client_close(r.client);
    return status;
}

const struct command command_logs = {
    .name = "logs",
    .operands = "TASK|HOST...",
    .summary = "what tasks have written, or the log of a host's daemon",
    .text = "TASK is a tid as dvm ps shows it (0x40001), TID:RANKS for some ranks of the run that\n"
            "this task is of (0x40001:0-3,7), or all. HOST, or several such as node[3-8], means\n"
            "the logs of the daemons there.\n"
            "A daemon keeps the last 64 KiB of each of its tasks, 16 MiB in all, also when they\n"
            "have ended; the output of those that ended first goes first.\n"
            "With --json one object a line.\n",
    .options = rows,
    .settings_size = sizeof(struct settings),
    .operands_min = 1,
    .operands_max = COMMAND_ANY,
    .function = logs,
    .examples = "dvm logs 0x40001              # what is kept of it\n"
                "dvm logs -f 0x40001:0-3       # four ranks of a run, until they have ended\n"
                "dvm logs --stream err all     # what all tasks have complained about\n"
                "dvm logs -n 20 node3          # the last words of a daemon\n",
};
