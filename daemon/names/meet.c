/* meet.c: barriers of named groups, and freezing one, which is a barrier after which nobody
 * joins or leaves.
 *
 * It is over when as many members as they said have come; who they are is not fixed before.
 * The end of a member ends it with an error, and who had not come yet gets that error when
 * it comes (ends.c): so each member hears of it once, in the same place of its program.
 */
#include <stdlib.h>

#include "dvm.h"
#include "daemon/names/book_state.h"

static const char *verb(uint32_t what)
{
    return what == DVM_NAME_FREEZE ? "freezes" : "waits in the barrier of";
}

/* What is wrong with the ask by itself; false: it has been answered. */
static bool check(struct act *a, const struct named *g)
{
    uint32_t what = a->call->what;
    unsigned from = (unsigned)a->ask->from;

    if (!g)
        book_fail(a, a->ask, DVM_ERR_GROUP, "there is no group \"%s\": nobody has joined it, or "
                  "all have left", a->call->name);
    else if (named_instance(g, a->ask->from) < 0)
        book_fail(a, a->ask, DVM_ERR_MEMBER, "task 0x%x is not in the group \"%s\"", from,
                  g->name);
    else if (a->call->number < 1)
        book_fail(a, a->ask, DVM_ERR_ARG, "task 0x%x %s the group \"%s\" for %d tasks; it takes "
                  "at least 1", from, verb(what), g->name, a->call->number);
    else if (what == DVM_NAME_FREEZE && g->frozen)
        book_fail(a, a->ask, DVM_ERR_EXISTS, "the group \"%s\" is frozen already", g->name);
    else if (named_waiting(g, a->ask->from))
        book_fail(a, a->ask, DVM_ERR_ARG, "task 0x%x %s the group \"%s\" and waits there already",
                  from, verb(what), g->name);
    else
        return true;
    return false;
}

/* The first that came decides; false: the ask differs, and has been answered. */
static bool agrees(struct act *a, struct named *g)
{
    if (!g->waiting) {
        g->what = a->call->what;
        g->count = a->call->number;
        return true;
    }
    if (g->what == a->call->what && g->count == a->call->number)
        return true;
    book_fail(a, a->ask, DVM_ERR_ARG, "task 0x%x %s the group \"%s\" for %d tasks, but 0x%x, which "
              "came before it, %s it for %d", (unsigned)a->ask->from, verb(a->call->what), g->name,
              a->call->number, (unsigned)g->waiting->from, verb(g->what), g->count);
    return false;
}

/* All get the same answer. */
static void answer_all(struct act *a, struct named *g, Dvm__Pb__NameAnswer *answer)
{
    while (g->waiting)
        book_answer(a, g->waiting, answer);
}

static void freeze(struct act *a, struct named *g, Dvm__Pb__NameAnswer *answer)
{
    answer->tids = malloc((size_t)g->members * sizeof *answer->tids);
    for (int i = 0; answer->tids && i < g->room; i++)
        if (g->seats[i].tid)
            answer->tids[answer->n_tids++] = g->seats[i].tid;
    answer->code = answer->tids ? DVM_OK : DVM_ERR_NO_MEMORY;
    g->frozen = answer->tids;
    answer_all(a, g, answer);
    free(answer->tids);
}

static void complete(struct act *a, struct named *g)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;

    answer.number = g->count;
    if (g->what == DVM_NAME_MEET)
        answer_all(a, g, &answer);
    else if (g->count == g->members)
        freeze(a, g, &answer);
    else
        while (g->waiting)
            book_fail(a, g->waiting, DVM_ERR_ARG, "%d tasks freeze the group \"%s\", but it has %d "
                      "members; all of them must", g->count, g->name, g->members);
}

void book_meet(struct act *a)
{
    struct named *g = named_find(a->b, a->call->name);
    struct seat *seat;

    if (!check(a, g))
        return;
    seat = &g->seats[named_instance(g, a->ask->from)];
    if (seat->owed) {
        book_fail(a, a->ask, DVM_ERR_TASK_GONE, "%s", seat->owed);
        free(seat->owed);
        seat->owed = NULL;
    } else if (agrees(a, g)) {
        named_wait(g, a->ask);
        if (g->waiting_count >= g->count)
            complete(a, g);
    }
}
