/* events: the ring of a daemon's last events keeps to its bounds, forgets the oldest, and
 * says how many of those that were asked for it has forgotten. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/watch/events.h"
#include "dvm.h"

#define PLENTY ((size_t)64 << 20)

static struct events ring;

static void add(uint64_t time_ms, const char *text)
{
    Dvm__Pb__Event e = DVM__PB__EVENT__INIT;

    e.time_ms = time_ms;
    e.text = (char *)(uintptr_t)text;
    cr_assert_eq(events_add(&ring, &e), DVM_OK);
}

/* Ask; what is in the reply is borrowed from the ring. */
static Dvm__Pb__EventsReply ask(struct events_wish wish, size_t bytes)
{
    Dvm__Pb__EventsReply reply = DVM__PB__EVENTS_REPLY__INIT;

    cr_assert_eq(events_reply(&ring, &wish, bytes, &reply), DVM_OK);
    return reply;
}

static void expect(struct events_wish wish, uint64_t first, uint64_t last, uint64_t missed)
{
    Dvm__Pb__EventsReply reply = ask(wish, PLENTY);

    cr_expect_eq(reply.n_events, last + 1 - first, "%zu events", reply.n_events);
    for (size_t i = 0; i < reply.n_events; i++)
        cr_expect_eq(reply.events[i]->number, first + i);
    cr_expect_eq(reply.missed, missed, "missed %lu", (unsigned long)reply.missed);
    cr_expect_eq(reply.next, ring.last);
    cr_expect_not(reply.more);
    free(reply.events);
}

Test(events, are_numbered_copied_and_found)
{
    char text[] = "why";

    expect((struct events_wish){0}, 1, 0, 0);
    add(10, text);
    text[0] = '?';
    add(20, "");
    cr_expect_str_eq(events_at(&ring, 1)->text, "why");
    cr_expect_null(events_at(&ring, 0));
    cr_expect_null(events_at(&ring, 3));
    expect((struct events_wish){0}, 1, 2, 0);
    expect((struct events_wish){.after = 1}, 2, 2, 0);
    expect((struct events_wish){.after = 2}, 3, 2, 0);
    expect((struct events_wish){.after = 99}, 3, 2, 0);
    expect((struct events_wish){.since_ms = 15}, 2, 2, 0);
    expect((struct events_wish){.most = 1}, 2, 2, 0);
    expect((struct events_wish){.most = 5}, 1, 2, 0);
    events_free(&ring);
    cr_expect_null(events_at(&ring, 1));
}

Test(events, the_oldest_go_by_number)
{
    const uint64_t more = 1000;

    for (uint64_t i = 1; i <= EVENTS_MAX + more; i++)
        add(i, "x");
    cr_expect_eq(ring.count, EVENTS_MAX);
    cr_expect_null(events_at(&ring, more));
    cr_expect_not_null(events_at(&ring, more + 1));
    expect((struct events_wish){0}, more + 1, EVENTS_MAX + more, more);
    expect((struct events_wish){.after = 1}, more + 1, EVENTS_MAX + more, more - 1);
    expect((struct events_wish){.after = more}, more + 1, EVENTS_MAX + more, 0);
    expect((struct events_wish){.most = 3}, EVENTS_MAX + more - 2, EVENTS_MAX + more, 0);
    /* all that is newer than the oldest that is kept is kept, too */
    expect((struct events_wish){.since_ms = more + 10}, more + 10, EVENTS_MAX + more, 0);
    expect((struct events_wish){.since_ms = 5}, more + 1, EVENTS_MAX + more, more);
    events_free(&ring);
}

Test(events, the_oldest_go_by_bytes)
{
    size_t size = EVENTS_BYTES_MAX / 4;
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    for (int i = 0; i < 10; i++) {
        add(1, text);
        cr_expect_leq(ring.bytes, EVENTS_BYTES_MAX);
    }
    cr_expect_eq(ring.count, 3);
    free(text);
    text = malloc(2 * EVENTS_BYTES_MAX + 1);
    memset(text, 'y', 2 * EVENTS_BYTES_MAX);
    text[2 * EVENTS_BYTES_MAX] = '\0';
    add(1, text); /* the last one is always kept */
    cr_expect_eq(ring.count, 1);
    expect((struct events_wish){.after = 10}, 11, 11, 0);
    free(text);
    events_free(&ring);
    cr_expect_eq(ring.bytes, 0);
}

Test(events, a_long_answer_comes_in_parts)
{
    struct events_wish wish = {0};
    Dvm__Pb__EventsReply reply;
    uint64_t next = 1;

    for (int i = 0; i < 1000; i++)
        add(1, "twelve bytes");
    do {
        reply = ask(wish, 10000);
        cr_assert_gt(reply.n_events, 0);
        cr_assert_lt(reply.n_events, 100);
        for (size_t i = 0; i < reply.n_events; i++)
            cr_assert_eq(reply.events[i]->number, next++);
        wish.after = reply.next;
        free(reply.events);
    } while (reply.more);
    cr_expect_eq(next, 1001);
    reply = ask((struct events_wish){.after = 998}, 1);
    cr_expect_eq(reply.n_events, 1, "one at least");
    cr_expect(reply.more);
    free(reply.events);
    events_free(&ring);
}
