/* events.h: a ring of the last events of one daemon, bounded in number and bytes. Pure:
 * no daemon needed. */
#ifndef DVMD_WATCH_EVENTS_H
#define DVMD_WATCH_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/control.pb-c.h"

#define EVENTS_MAX 4096                    /* events that are kept */
#define EVENTS_BYTES_MAX ((size_t)2 << 20) /* and their bytes in memory; the last is always kept */

/* All zero is an empty ring. */
struct events {
    Dvm__Pb__Event **ring; /* owned: EVENTS_MAX places, made with the first event */
    size_t count;
    size_t bytes;
    uint64_t last;         /* number of the last event; they count from 1 */
};

/* Add a copy of an event, numbered by the ring; the oldest go as far as they must.
 * Errors: NO_MEMORY: the event is lost, but its number is not given to another. */
int events_add(struct events *e, const Dvm__Pb__Event *event);

/* The event with a number, or NULL when it is not kept. */
const Dvm__Pb__Event *events_at(const struct events *e, uint64_t number);

/* What was asked for. */
struct events_wish {
    uint64_t after;    /* events with higher numbers */
    uint64_t since_ms; /* not older than this */
    uint32_t most;     /* the last so many only; 0: all */
};

/* Fill a reply: *list receives borrowed events, allocated here and to be freed, as many as
 * fit into bytes (at least one); more, next and missed say what else there is. Errors:
 * NO_MEMORY. */
int events_reply(const struct events *e, const struct events_wish *wish, size_t bytes,
                 Dvm__Pb__EventsReply *reply);

/* Free all events. */
void events_free(struct events *e);

#endif
