/* happened.h: events of the machine as the console shows them: read from the rings of all
 * daemons, merged by time, each told once. */
#ifndef DVM_CONSOLE_HAPPENED_H
#define DVM_CONSOLE_HAPPENED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/console.h"
#include "proto/control.pb-c.h"

#define HAPPENED_TIME_MAX 40 /* bytes of a point in time with its NUL */
#define HAPPENED_SEEN_MAX 8192 /* events of hosts that are remembered as told */

/* The events of hosts that were told: every daemon has them. All zero: none. */
struct happened_seen {
    struct {
        uint32_t kind, slot;
        uint64_t incarnation;
    } *list; /* owned: HAPPENED_SEEN_MAX places */
    size_t count, next;
};

/* Replies that were gathered. All zero: none. */
struct happened {
    Dvm__Pb__EventsReply **replies; /* owned */
    size_t count, room;
};

/* Read a point in time: a length of time before now (10m), or 2026-03-01T12:00:00, with Z
 * at its end in UTC, else local; also without its time of day. *ms: since 1970. Returns
 * false when text is none. */
bool happened_since(const char *text, uint64_t now_ms, uint64_t *ms);

/* Keep a reply, which is owned from then on. False: no memory; it was freed. */
bool happened_keep(struct happened *h, Dvm__Pb__EventsReply *reply);

/* Print what was gathered in order of time, the last `most` only (0: all). */
void happened_print(const struct console *c, const struct happened *h,
                    struct happened_seen *seen, size_t most);

/* Print one event, unless it is one of a host that was told already. */
void happened_tell(const struct console *c, struct happened_seen *seen,
                   const Dvm__Pb__Event *event);

/* Free what was gathered. */
void happened_free(struct happened *h);

/* Free what is remembered as told. */
void happened_forget(struct happened_seen *seen);

#endif
