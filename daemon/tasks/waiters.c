/* waiters.c: see waiters.h. Lists are short: plain arrays. */
#include "daemon/tasks/waiters.h"

#include <stdlib.h>

#define ROOM_FIRST 4
#define PRUNE_FROM 64

int waiters_add(struct waiters *w, const struct waiter *one)
{
    if (one->kind == WAITER_WATCH)
        for (size_t i = 0; i < w->count; i++)
            if (w->list[i].kind == WAITER_WATCH && w->list[i].tid == one->tid)
                return DVM_OK;
    if (w->count == WAITERS_MAX)
        return DVM_ERR_LIMIT;
    if (w->count == w->room) {
        size_t room = w->room ? w->room * 2 : ROOM_FIRST;
        struct waiter *bigger = realloc(w->list, room * sizeof *bigger);

        if (!bigger)
            return DVM_ERR_NO_MEMORY;
        w->list = bigger;
        w->room = room;
    }
    w->list[w->count++] = *one;
    return DVM_OK;
}

void waiters_prune(struct waiters *w, bool (*gone)(void *arg, int tid), void *arg)
{
    size_t kept = 0;

    if (w->count < w->room || w->count < PRUNE_FROM)
        return;
    for (size_t i = 0; i < w->count; i++)
        if (!gone(arg, w->list[i].tid))
            w->list[kept++] = w->list[i];
    w->count = kept;
}

static void remove_at(struct waiters *w, size_t i)
{
    for (w->count--; i < w->count; i++)
        w->list[i] = w->list[i + 1];
}

bool waiters_take(struct waiters *w, enum waiter_kind kind, struct waiter *one)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->list[i].kind != kind)
            continue;
        *one = w->list[i];
        remove_at(w, i);
        return true;
    }
    return false;
}

void waiters_drop(struct waiters *w, int tid)
{
    for (size_t i = 0; i < w->count;)
        if (w->list[i].tid == tid)
            remove_at(w, i);
        else
            i++;
}

void waiters_free(struct waiters *w)
{
    free(w->list);
    *w = (struct waiters){0};
}
