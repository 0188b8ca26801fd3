/* ends.c: what the end of a task, or of a host with all its tasks, does to the book.
 *
 * A dead member leaves its groups. Each other member is told once: at once if it waits in
 * the barrier, else by its next one. So nobody waits for somebody who cannot come, and all
 * hear of it at the same place of their programs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "base/error.h"
#include "daemon/names/values.h"
#include "proto/frame.h"

/* The first member of a slot, or with this tid; -1: none. */
static int find_dead(const struct named *g, int tid, int slot)
{
    if (tid)
        return named_instance(g, tid);
    for (int i = 0; i < g->room; i++)
        if (g->seats[i].tid && DVM_TID_SLOT(g->seats[i].tid) == slot)
            return i;
    return -1;
}

/* The seat of a dead member is free; what it waited for is nobody's. */
static void unseat(struct act *a, struct named *g, int instance)
{
    struct held *own = named_waiting(g, g->seats[instance].tid);

    if (own)
        book_fail(a, own, DVM_ERR_TASK_GONE, "the task has ended");
    named_unseat(a->b, g, instance);
}

static void tell_others(struct act *a, struct named *g, const char *text)
{
    for (int i = 0; i < g->room; i++)
        if (g->seats[i].tid && !g->seats[i].owed && !named_waiting(g, g->seats[i].tid))
            g->seats[i].owed = strdup(text);
    while (g->waiting)
        book_fail(a, g->waiting, DVM_ERR_TASK_GONE, "%s", text);
}

/* Take a task, or all of a slot, out of a group. The first is named to the others. False:
 * none was in it; else the group may be gone. */
static bool bury(struct act *a, struct named *g, int tid, int slot)
{
    int instance = find_dead(g, tid, slot);
    char text[DVM_SENTENCE_MAX];

    if (instance < 0)
        return false;
    snprintf(text, sizeof text, "task 0x%x, instance %d of the group \"%s\", has ended: %s",
             (unsigned)g->seats[instance].tid, instance, g->name, a->call->text);
    for (; instance >= 0; instance = find_dead(g, tid, slot))
        unseat(a, g, instance);
    tell_others(a, g, text);
    named_drop_empty(a->b, g);
    return true;
}

/* The walk begins anew when a group may be gone. */
static void bury_all(struct act *a, int tid, int slot)
{
    struct named *g = NULL;
    size_t at = 0;

    while ((g = named_next(a->b, &at, g)))
        if (bury(a, g, tid, slot)) {
            at = 0;
            g = NULL;
        }
}

void book_task_end(struct act *a)
{
    struct held *ask, *next;

    for (ask = a->b->awaiting; ask; ask = next) {
        next = ask->next_waiting;
        if (ask->from == a->call->tid)
            book_fail(a, ask, DVM_ERR_TASK_GONE, "the task has ended"); /* nobody hears it */
    }
    if (a->call->tid > 0) {
        bury_all(a, a->call->tid, 0);
        values_bury(a->b, a->call->tid, 0);
    }
    book_ok(a, 0);
}

void book_host_end(struct act *a)
{
    int slot = a->call->number;

    if (slot <= 0 || slot >= BOOK_SLOTS)
        return;
    bury_all(a, 0, slot);
    values_bury(a->b, 0, slot);
    while (a->b->asks[slot]) { /* its daemon asks no more; what waits was a console's */
        struct held *ask = a->b->asks[slot];

        a->b->asks[slot] = ask->next;
        if (ask->group)
            named_unwait(ask);
        if (ask->name)
            values_unwait(a->b, ask);
        free(ask->answer);
        free(ask);
    }
}

int book_find_lost(const struct book *b, bool (*up)(void *arg, int slot), void *arg)
{
    struct named *g = NULL;
    size_t at = 0;

    for (int slot = 1; slot < BOOK_SLOTS; slot++)
        if (b->asks[slot] && !up(arg, slot))
            return slot;
    for (size_t i = 0; i < b->value_count; i++)
        if (b->values[i]->owner && !up(arg, DVM_TID_SLOT(b->values[i]->owner)))
            return DVM_TID_SLOT(b->values[i]->owner);
    while ((g = named_next(b, &at, g)))
        for (int i = 0; i < g->room; i++)
            if (g->seats[i].tid && !up(arg, DVM_TID_SLOT(g->seats[i].tid)))
                return DVM_TID_SLOT(g->seats[i].tid);
    return 0;
}
