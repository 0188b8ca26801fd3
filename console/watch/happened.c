/* happened.c: the implementation of happened.h.
 *
 * The clocks of hosts differ a little, so the order of events of two hosts is only as good
 * as those. Each daemon keeps its own order: the merge is stable within a host.
 */
#include "console/watch/happened.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console/text/words.h"
#include "proto/event.h"

#define MS 1000
#define LINE_MAX_BYTES 1024
#define GREEN "\033[32m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

/* ---- time ---------------------------------------------------------------------------- */

bool happened_since(const char *text, uint64_t now_ms, uint64_t *ms)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
    double seconds;

    if (options_time(text, &seconds) && seconds >= 0) {
        *ms = seconds * MS < (double)now_ms ? now_ms - (uint64_t)(seconds * MS) : 0;
        return true;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm parts = {.tm_isdst = -1};
        const char *rest = strptime(text, forms[i], &parts);
        int day = parts.tm_mday;
        time_t at;

        if (!rest || (*rest && strcmp(rest, "Z")))
            continue;
        at = *rest ? timegm(&parts) : mktime(&parts);
        if (at < 0 || parts.tm_mday != day) /* a day that the month has not */
            return false;
        *ms = (uint64_t)at * MS;
        return true;
    }
    return false;
}

/* For people in local time, for programs in UTC. */
static const char *time_text(char text[HAPPENED_TIME_MAX], uint64_t ms, bool iso)
{
    time_t at = (time_t)(ms / MS);
    struct tm parts;
    char day[HAPPENED_TIME_MAX / 2 + 4];

    if (!(iso ? gmtime_r(&at, &parts) : localtime_r(&at, &parts)))
        parts = (struct tm){.tm_mday = 1};
    strftime(day, sizeof day, iso ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(text, HAPPENED_TIME_MAX, "%s.%03u%s", day, (unsigned)(ms % MS), iso ? "Z" : "");
    return text;
}

/* ---- one event ------------------------------------------------------------------------- */

static bool is_host_event(const Dvm__Pb__Event *e)
{
    return e->tid == 0 && e->slot != 0;
}

/* Whether it was told before; else it is remembered. */
static bool seen_before(struct happened_seen *seen, const Dvm__Pb__Event *e)
{
    if (!is_host_event(e))
        return false;
    for (size_t i = 0; i < seen->count; i++)
        if (seen->list[i].kind == e->kind && seen->list[i].slot == e->slot &&
            seen->list[i].incarnation == e->incarnation)
            return true;
    if (!seen->list)
        seen->list = calloc(HAPPENED_SEEN_MAX, sizeof *seen->list);
    if (!seen->list)
        return false;
    seen->list[seen->next].kind = e->kind;
    seen->list[seen->next].slot = e->slot;
    seen->list[seen->next].incarnation = e->incarnation;
    seen->next = (seen->next + 1) % HAPPENED_SEEN_MAX;
    if (seen->count < HAPPENED_SEEN_MAX)
        seen->count++;
    return false;
}

static void print_json(const Dvm__Pb__Event *e)
{
    char time[HAPPENED_TIME_MAX], number[WORDS_HEX_MAX];
    json_t *o = json_pack("{s:s,s:s,s:s,s:o,s:i,s:o}", "schema", "event/1", "time",
                          time_text(time, e->time_ms, true), "kind", dvm_event_name(e->kind),
                          "host", console_text(e->host), "slot", (int)e->slot, "text",
                          console_text(e->text));

    if (is_host_event(e)) {
        json_object_set_new(o, "incarnation", json_string(words_hex(number, e->incarnation)));
    } else {
        json_object_set_new(o, "tid", json_integer(e->tid));
        json_object_set_new(o, "rank", json_integer(e->rank));
        json_object_set_new(o, "world", json_string(words_hex(number, e->world)));
        json_object_set_new(o, "program", console_text(e->program));
    }
    if (e->kind == DVM_EVENT_TASK_ENDED) {
        json_object_set_new(o, "status", json_integer(e->status));
        json_object_set_new(o, "signal", json_integer(e->signal));
    }
    if (o)
        json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

/* The last word of an event's name: "joined", "ended". */
static const char *verb(unsigned kind)
{
    const char *name = dvm_event_name(kind), *last = strrchr(name, '_');

    return last ? last + 1 : name;
}

static const char *color(const Dvm__Pb__Event *e)
{
    switch (e->kind) {
    case DVM_EVENT_HOST_JOINED:
    case DVM_EVENT_TASK_STARTED:
        return GREEN;
    case DVM_EVENT_HOST_LOST:
    case DVM_EVENT_TASK_FAILED:
        return RED;
    case DVM_EVENT_TASK_ENDED:
        return e->status ? RED : PLAIN;
    default:
        return PLAIN;
    }
}

static void print_line(const struct console *c, const Dvm__Pb__Event *e)
{
    char time[HAPPENED_TIME_MAX], line[LINE_MAX_BYTES];
    bool colored = console_colored(c, STDOUT_FILENO);
    const char *base = strrchr(e->program, '/');

    if (is_host_event(e))
        snprintf(line, sizeof line, "%s", e->text);
    else
        snprintf(line, sizeof line, "0x%x rank %u %s%s%s", (unsigned)e->tid, e->rank,
                 base ? base + 1 : e->program, e->text[0] ? ": " : "", e->text);
    for (char *at = line; *at; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?'; /* names of programs are whatever somebody chose */
    printf("%s  %-12s  %s%-9s%s  %s\n", time_text(time, e->time_ms, false), e->host,
           colored ? color(e) : "", verb(e->kind), colored ? PLAIN : "", line);
}

void happened_tell(const struct console *c, struct happened_seen *seen, const Dvm__Pb__Event *e)
{
    if (seen_before(seen, e))
        return;
    if (c->json)
        print_json(e);
    else
        print_line(c, e);
}

/* ---- many events ------------------------------------------------------------------------ */

bool happened_keep(struct happened *h, Dvm__Pb__EventsReply *reply)
{
    if (h->count == h->room) {
        size_t room = h->room ? 2 * h->room : 16;
        Dvm__Pb__EventsReply **bigger = realloc(h->replies, room * sizeof(*bigger));

        if (!bigger) {
            dvm__pb__events_reply__free_unpacked(reply, NULL);
            return false;
        }
        h->replies = bigger;
        h->room = room;
    }
    h->replies[h->count++] = reply;
    return true;
}

/* One of all, and where it stood: for a stable order. */
struct place {
    const Dvm__Pb__Event *event;
    size_t at;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->event->time_ms != y->event->time_ms)
        return x->event->time_ms < y->event->time_ms ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

void happened_print(const struct console *c, const struct happened *h,
                    struct happened_seen *seen, size_t most)
{
    size_t count = 0, kept = 0, begin;
    struct happened_seen told = {0};
    struct place *all;

    for (size_t i = 0; i < h->count; i++)
        count += h->replies[i]->n_events;
    all = malloc((count + 1) * sizeof *all);
    if (!all) {
        console_wrong(c, "no memory for %zu events; ask for fewer (--since, --lines)", count);
        return;
    }
    count = 0;
    for (size_t i = 0; i < h->count; i++)
        for (size_t j = 0; j < h->replies[i]->n_events; j++, count++)
            all[count] = (struct place){h->replies[i]->events[j], count};
    qsort(all, count, sizeof *all, by_time);
    for (size_t i = 0; i < count; i++)
        if (!seen_before(&told, all[i].event))
            all[kept++] = all[i];
    happened_forget(&told);
    begin = most && most < kept ? kept - most : 0;
    for (size_t i = 0; i < begin; i++)
        seen_before(seen, all[i].event);
    for (size_t i = begin; i < kept; i++)
        happened_tell(c, seen, all[i].event);
    free(all);
}

void happened_free(struct happened *h)
{
    for (size_t i = 0; i < h->count; i++)
        dvm__pb__events_reply__free_unpacked(h->replies[i], NULL);
    free(h->replies);
    *h = (struct happened){0};
}

void happened_forget(struct happened_seen *seen)
{
    free(seen->list);
    *seen = (struct happened_seen){0};
}
