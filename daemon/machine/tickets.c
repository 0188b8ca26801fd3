/* tickets.c: the implementation of tickets.h: an array, as there are few. Nonces of
 * joiners are kept with their ticket, since a joiner asks until it is answered. */
#include "daemon/machine/tickets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/join.h"
#include "dvm.h"

#define MS_PER_SECOND 1000.0

struct use {
    uint8_t nonce[TICKETS_NONCE_BYTES];
};

struct entry {
    uint8_t key[TICKETS_KEY_BYTES];
    uint64_t expires_ms;
    unsigned left;
    struct use *used;
    size_t used_count;
};

struct tickets {
    struct entry entries[TICKETS_KEPT];
    size_t count;
};

struct tickets *tickets_create(void)
{
    return calloc(1, sizeof(struct tickets));
}

void tickets_destroy(struct tickets *t)
{
    for (size_t i = 0; t && i < t->count; i++)
        free(t->entries[i].used);
    free(t);
}

int tickets_add(struct tickets *t, uint64_t now_ms, const uint8_t *key, unsigned uses,
                double seconds)
{
    struct entry *e;

    if (t->count == TICKETS_KEPT)
        return DVM_ERR_LIMIT;
    if (!(seconds > 0))
        seconds = TICKETS_SECONDS_DEFAULT;
    if (seconds > TICKETS_SECONDS_MAX)
        seconds = TICKETS_SECONDS_MAX;
    e = &t->entries[t->count++];
    memset(e, 0, sizeof *e);
    memcpy(e->key, key, TICKETS_KEY_BYTES);
    e->expires_ms = now_ms + (uint64_t)(seconds * MS_PER_SECOND);
    e->left = uses ? uses : 1;
    return 0;
}

static struct entry *find(struct tickets *t, const uint8_t *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (memcmp(t->entries[i].key, key, TICKETS_KEY_BYTES) == 0)
            return &t->entries[i];
    return NULL;
}

bool tickets_has(const struct tickets *t, const uint8_t *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (memcmp(t->entries[i].key, key, TICKETS_KEY_BYTES) == 0)
            return true;
    return false;
}

static struct use *find_use(struct entry *e, const uint8_t *nonce)
{
    for (size_t i = 0; i < e->used_count; i++)
        if (memcmp(e->used[i].nonce, nonce, TICKETS_NONCE_BYTES) == 0)
            return &e->used[i];
    return NULL;
}

int tickets_use(struct tickets *t, uint64_t now_ms, const uint8_t *key, const uint8_t *nonce,
                char *error, size_t size)
{
    struct entry *e = find(t, key);
    const char *why = NULL;
    enum join_code mark = JOIN_LIMIT;
    struct use *more;

    if (e && find_use(e, nonce))
        return 0;
    if (!e) {
        why = "is not of this machine";
        mark = JOIN_TICKET_UNKNOWN;
    } else if (e->left == 0) {
        why = "is used up";
        mark = JOIN_TICKET_USED;
    } else if (now_ms >= e->expires_ms) {
        why = "has expired";
        mark = JOIN_TICKET_EXPIRED;
    }
    more = why ? NULL : realloc(e->used, (e->used_count + 1) * sizeof *more);
    if (!more) {
        join_mark(mark);
        snprintf(error, size, "the ticket %s",
                 why ? why : "could not be noted for want of memory");
        return DVM_ERR_TICKET;
    }
    e->used = more;
    memcpy(more[e->used_count++].nonce, nonce, TICKETS_NONCE_BYTES);
    e->left--;
    return 0;
}

void tickets_give_back(struct tickets *t, const uint8_t *key, const uint8_t *nonce)
{
    struct entry *e = find(t, key);
    struct use *use = e ? find_use(e, nonce) : NULL;

    if (!use)
        return;
    *use = e->used[--e->used_count];
    e->left++;
}

bool tickets_forget(struct tickets *t, uint64_t now_ms, uint8_t *key)
{
    for (size_t i = 0; i < t->count; i++) {
        struct entry *e = &t->entries[i];

        if (now_ms < e->expires_ms + TICKETS_REMEMBER_MS)
            continue;
        memcpy(key, e->key, TICKETS_KEY_BYTES);
        free(e->used);
        *e = t->entries[--t->count];
        return true;
    }
    return false;
}
