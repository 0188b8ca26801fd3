/* events.c: see events.h.
 *
 * Events have consecutive numbers, so the place of one in the ring is known from its
 * number alone. An event that found no memory leaves an empty place: who asks is told that
 * one is missing.
 */
#include "daemon/watch/events.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

#define PIECE_BYTES 256 /* of each event, counted besides its packed bytes */

static size_t cost(const Dvm__Pb__Event *event)
{
    return PIECE_BYTES + dvm__pb__event__get_packed_size(event);
}

static Dvm__Pb__Event **place(const struct events *e, uint64_t number)
{
    return &e->ring[number % EVENTS_MAX];
}

static uint64_t oldest(const struct events *e)
{
    return e->last - e->count + 1;
}

static void drop_oldest(struct events *e)
{
    Dvm__Pb__Event **at = place(e, oldest(e));

    if (*at) {
        e->bytes -= cost(*at);
        dvm__pb__event__free_unpacked(*at, NULL);
    }
    *at = NULL;
    e->count--;
}

/* A copy with everything that it points to. */
static Dvm__Pb__Event *copy(const Dvm__Pb__Event *event)
{
    size_t size = dvm__pb__event__get_packed_size(event);
    uint8_t *bytes = malloc(size + 1);
    Dvm__Pb__Event *made = NULL;

    if (bytes)
        made = dvm__pb__event__unpack(NULL, dvm__pb__event__pack(event, bytes), bytes);
    free(bytes);
    return made;
}

int events_add(struct events *e, const Dvm__Pb__Event *event)
{
    Dvm__Pb__Event mine = *event;
    Dvm__Pb__Event *made;

    if (!e->ring)
        e->ring = calloc(EVENTS_MAX, sizeof(*e->ring));
    if (!e->ring)
        return DVM_ERR_NO_MEMORY;
    if (e->count == EVENTS_MAX)
        drop_oldest(e);
    mine.number = ++e->last;
    e->count++;
    made = copy(&mine);
    *place(e, e->last) = made;
    if (!made)
        return DVM_ERR_NO_MEMORY;
    e->bytes += cost(made);
    while (e->bytes > EVENTS_BYTES_MAX && e->count > 1)
        drop_oldest(e);
    return DVM_OK;
}

const Dvm__Pb__Event *events_at(const struct events *e, uint64_t number)
{
    return e->count && number >= oldest(e) && number <= e->last ? *place(e, number) : NULL;
}

static bool wanted(const struct events_wish *wish, const Dvm__Pb__Event *event)
{
    return event && event->time_ms >= wish->since_ms;
}

/* The lowest number that is kept. */
static uint64_t lowest_of(const struct events *e)
{
    return e->count ? oldest(e) : e->last + 1;
}

/* The number to begin behind: of the last `most` events that are wanted. */
static uint64_t begin(const struct events *e, const struct events_wish *wish)
{
    uint64_t at = e->last, lowest = lowest_of(e);
    uint32_t found = 0;

    if (!wish->most)
        return wish->after < e->last ? wish->after : e->last;
    for (; at >= lowest && at > wish->after; at--)
        if (wanted(wish, events_at(e, at)) && ++found > wish->most)
            break;
    return at;
}

/* Events behind `after` that were wanted, and are not kept. One that is kept and older
 * than what is wanted shows that all newer ones are kept, too. */
static uint64_t missed(const struct events *e, const struct events_wish *wish, uint64_t after)
{
    uint64_t lowest = lowest_of(e);
    const Dvm__Pb__Event *first = events_at(e, lowest);

    if (wish->most || after + 1 >= lowest || (first && first->time_ms < wish->since_ms))
        return 0;
    return lowest - after - 1;
}

int events_reply(const struct events *e, const struct events_wish *wish, size_t bytes,
                 Dvm__Pb__EventsReply *reply)
{
    uint64_t after = begin(e, wish), number = after + 1;
    size_t used = 0;

    reply->missed = missed(e, wish, after);
    if (number < lowest_of(e))
        number = lowest_of(e);
    reply->events = malloc((e->count + 1) * sizeof(*reply->events));
    if (!reply->events)
        return DVM_ERR_NO_MEMORY;
    for (; number <= e->last; number++) {
        Dvm__Pb__Event *event = *place(e, number);

        if (!event)
            reply->missed++;
        if (!wanted(wish, event))
            continue;
        if (reply->n_events > 0 && used + cost(event) > bytes)
            break;
        used += cost(event);
        reply->events[reply->n_events++] = event;
    }
    reply->next = number - 1;
    reply->more = number <= e->last;
    return DVM_OK;
}

void events_free(struct events *e)
{
    while (e->count)
        drop_oldest(e);
    free(e->ring);
    *e = (struct events){0};
}
