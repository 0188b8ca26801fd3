/* tickets.h: the tickets that this coordinator gave out, and what is left of them.
 *
 * Pure. A ticket is known by the public key of its secret. One that is used up or
 * expired is remembered for a while, so that who comes with it is told so.
 */
#ifndef DVMD_MACHINE_TICKETS_H
#define DVMD_MACHINE_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKETS_KEY_BYTES 32
#define TICKETS_KEPT 1024               /* at most, the dead included */
#define TICKETS_REMEMBER_MS 3600000     /* how long a dead one is remembered */
#define TICKETS_SECONDS_DEFAULT 3600    /* lifetime when none was asked for */
#define TICKETS_SECONDS_MAX 604800      /* longest lifetime: a week */
#define TICKETS_NONCE_BYTES 16

struct tickets;

/* An empty book, or NULL without memory. */
struct tickets *tickets_create(void);

/* Free it. Accepts NULL. */
void tickets_destroy(struct tickets *t);

/* Note a new ticket, good for uses joins (0 means 1) during seconds (0: the default).
 * Returns 0, or DVM_ERR_LIMIT. */
int tickets_add(struct tickets *t, uint64_t now_ms, const uint8_t *key, unsigned uses,
                double seconds);

/* Whether a key is that of a ticket, a dead one included. */
bool tickets_has(const struct tickets *t, const uint8_t *key);

/* Take one use for a joiner with a nonce; the same nonce again costs nothing.
 * Returns 0, or DVM_ERR_TICKET with a sentence in error. */
int tickets_use(struct tickets *t, uint64_t now_ms, const uint8_t *key, const uint8_t *nonce,
                char *error, size_t size);

/* Give a use back: the joiner was refused for another reason. */
void tickets_give_back(struct tickets *t, const uint8_t *key, const uint8_t *nonce);

/* Forget one dead ticket whose time of remembrance is over: copies its key and
 * returns true; false when there is none. */
bool tickets_forget(struct tickets *t, uint64_t now_ms, uint8_t *key);

#endif
