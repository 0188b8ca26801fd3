/* happened: points in time as people write them, and events of many daemons as one list: by
 * time, what all daemons saw told once, names of programs never as commands to a terminal. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/watch/happened.h"
#include "proto/event.h"

#define NOW_MS UINT64_C(1772366400000) /* 2026-03-01T12:00:00Z */
#define MINUTE_MS UINT64_C(60000)
#define TEXT_MAX 4096

static uint64_t since(const char *text)
{
    uint64_t ms = 0;

    cr_assert(happened_since(text, NOW_MS, &ms), "%s", text);
    return ms;
}

Test(happened, points_in_time)
{
    setenv("TZ", "UTC-2", 1); /* two hours east */
    tzset();
    cr_expect_eq(since("10m"), NOW_MS - 10 * MINUTE_MS);
    cr_expect_eq(since("0"), NOW_MS);
    cr_expect_eq(since("1000000d"), 0, "before 1970 is all that there is");
    cr_expect_eq(since("2026-03-01T12:00:00Z"), NOW_MS);
    cr_expect_eq(since("2026-03-01 12:01Z"), NOW_MS + MINUTE_MS);
    cr_expect_eq(since("2026-03-01T14:00:00"), NOW_MS);
    cr_expect_eq(since("2026-03-01Z"), NOW_MS - 12 * 60 * MINUTE_MS);
    cr_expect_eq(since("2026-03-01"), NOW_MS - 14 * 60 * MINUTE_MS);
    cr_expect_eq(since("2028-02-29Z"), since("2028-03-01Z") - 24 * 60 * MINUTE_MS);
}

Test(happened, what_is_no_point_in_time)
{
    static const char *const wrong[] = {
        "", "yesterday", "-5m", "2026-03-01T12:00:00ZZ", "2026-03-01T", "2026-13-01",
        "2026-03-01T12:00:00 Z", "1960-01-01Z", "2026-02-31", "2026-02-31Z", "2026-02-29T10:00"};
    uint64_t ms = 7;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(happened_since(wrong[i], NOW_MS, &ms), "%s", wrong[i]);
    cr_expect_eq(ms, 7);
}

/* ---- what is told --------------------------------------------------------------------- */

static Dvm__Pb__Event *event(uint64_t ms, unsigned kind, const char *host, unsigned slot, int tid,
                             const char *text)
{
    Dvm__Pb__Event *e = malloc(sizeof *e);

    dvm__pb__event__init(e);
    e->time_ms = NOW_MS + ms;
    e->kind = kind;
    e->host = strdup(host);
    e->slot = slot;
    e->incarnation = 1;
    e->tid = tid;
    e->program = strdup(tid ? "/bin/\033[31mred" : "");
    e->text = strdup(text);
    return e;
}

static Dvm__Pb__EventsReply *reply(size_t count, Dvm__Pb__Event **events)
{
    Dvm__Pb__EventsReply *r = malloc(sizeof *r);

    dvm__pb__events_reply__init(r);
    r->n_events = count;
    r->events = malloc(count * sizeof *events);
    memcpy(r->events, events, count * sizeof *events);
    return r;
}

/* Two daemons: both saw host b come, each has tasks of its own. */
static void gather(struct happened *h)
{
    Dvm__Pb__Event *first[] = {event(1, DVM_EVENT_HOST_JOINED, "b", 2, 0, "b joined"),
                               event(4, DVM_EVENT_TASK_STARTED, "a", 1, 0x40001, "")};
    Dvm__Pb__Event *second[] = {event(2, DVM_EVENT_HOST_JOINED, "b", 2, 0, "b joined"),
                                event(3, DVM_EVENT_TASK_STARTED, "b", 2, 0x80001, ""),
                                event(4, DVM_EVENT_TASK_ENDED, "b", 2, 0x80001, "exited")};

    cr_assert(happened_keep(h, reply(2, first)));
    cr_assert(happened_keep(h, reply(3, second)));
}

/* Print the last `most` of what was gathered. */
static void told(size_t most, struct happened_seen *seen, char text[TEXT_MAX])
{
    const struct console c = {.color = COLOR_NEVER};
    struct happened h = {0};
    FILE *out = cr_get_redirected_stdout();
    size_t got;

    gather(&h);
    happened_print(&c, &h, seen, most);
    happened_free(&h);
    puts("end");
    fflush(stdout);
    for (got = 0; got < TEXT_MAX - 1 && fgets(text + got, (int)(TEXT_MAX - got), out);) {
        if (!strcmp(text + got, "end\n"))
            break;
        got += strlen(text + got);
    }
    text[got] = '\0';
}

static size_t lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

Test(happened, one_list_by_time, .init = cr_redirect_stdout)
{
    struct happened_seen seen = {0};
    char text[TEXT_MAX], *joined, *started, *first, *ended;

    told(0, &seen, text);
    cr_expect_eq(lines(text), 4, "%s", text);
    joined = strstr(text, "b joined");
    started = strstr(text, "0x80001");
    first = strstr(text, "0x40001");
    ended = strstr(text, "exited");
    cr_assert(joined && started && first && ended, "%s", text);
    cr_expect(joined < started && started < first, "%s", text);
    cr_expect_lt(first, ended, "of one moment: as they came");
    cr_expect_null(strstr(joined + 1, "b joined"), "told twice");
    cr_expect_null(strchr(text, '\033'), "a program's name reaches the terminal");

    told(0, &seen, text);
    cr_expect_null(strstr(text, "b joined"), "told again later");
    happened_forget(&seen);
}

Test(happened, the_last_ones, .init = cr_redirect_stdout)
{
    struct happened_seen seen = {0};
    char text[TEXT_MAX];

    told(1, &seen, text);
    cr_expect_eq(lines(text), 1, "%s", text);
    cr_expect_not_null(strstr(text, "exited"), "%s", text);
    told(0, &seen, text); /* what was left out is not news either */
    cr_expect_null(strstr(text, "b joined"), "%s", text);
    happened_forget(&seen);
}
