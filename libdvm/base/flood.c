/* flood.c: the implementation of flood.h. The kinds are few (a program has so many
 * warnings), so they are searched one by one; when all places are taken, the kind that
 * began first and has nothing to tell gives way. A line that finds no place passes. */
#include "base/flood.h"

#include <stdio.h>
#include <string.h>

static struct flood_kind *find(struct flood *f, const void *key)
{
    struct flood_kind *place = NULL;

    for (int i = 0; i < FLOOD_KINDS; i++) {
        struct flood_kind *k = &f->kinds[i];

        if (k->key == key)
            return k;
        if (k->held == 0 && (!place || (place->key && (!k->key || k->since < place->since))))
            place = k;
    }
    if (place) {
        memset(place, 0, sizeof *place);
        place->key = key;
    }
    return place;
}

bool flood_pass(struct flood *f, const void *key, const char *text, uint64_t now, bool *first)
{
    struct flood_kind *k = find(f, key);

    *first = false;
    if (!k)
        return true;
    if (k->passed == 0 || (k->held == 0 && now - k->since >= FLOOD_MS)) {
        k->again = (k->again || k->passed >= FLOOD_MANY) && now - k->since < 2 * FLOOD_MS;
        k->since = now;
        k->passed = 0;
    }
    if (k->passed < (k->again ? FLOOD_AGAIN : FLOOD_LINES)) {
        k->passed++;
        return true;
    }
    *first = k->held++ == 0;
    snprintf(k->text, sizeof k->text, "%s", text);
    return false;
}

const struct flood_kind *flood_due(struct flood *f, uint64_t now, bool all)
{
    static struct flood_kind told;

    for (int i = 0; i < FLOOD_KINDS; i++) {
        struct flood_kind *k = &f->kinds[i];

        if (k->held == 0 || (!all && now - k->since < FLOOD_MS))
            continue;
        told = *k;
        k->held = 0;
        k->passed = 0;
        k->again = true;
        return &told;
    }
    return NULL;
}

int flood_next(const struct flood *f, uint64_t now)
{
    int next = 0;

    for (int i = 0; i < FLOOD_KINDS; i++) {
        const struct flood_kind *k = &f->kinds[i];
        uint64_t passed = now - k->since;
        int left = passed < FLOOD_MS ? (int)(FLOOD_MS - passed) : 1;

        if (k->held > 0 && (next == 0 || left < next))
            next = left;
    }
    return next;
}
