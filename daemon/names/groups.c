/* groups.c: joining, leaving, and looking who is in a group. */
#include <limits.h>
#include <stdlib.h>

#include "dvm.h"
#include "daemon/names/book_state.h"

/* The group that is asked for; NULL: the ask has been answered. */
static struct named *find(struct act *a)
{
    struct named *g = named_find(a->b, a->call->name);

    if (!g)
        book_fail(a, a->ask, DVM_ERR_GROUP, "there is no group \"%s\": nobody has joined it, or "
                  "all have left", a->call->name);
    return g;
}

static bool may_change(struct act *a, const struct named *g)
{
    if (!g || !g->frozen)
        return true;
    book_fail(a, a->ask, DVM_ERR_REFUSED, "the group \"%s\" is frozen: nobody joins or leaves it "
              "any more", g->name);
    return false;
}

/* Whether there is room for one more member, and its group where that is new; if not the ask
 * has been answered. */
static bool has_room(struct act *a, const struct named *g)
{
    const struct book *b = a->b;
    size_t cost = BOOK_MEMBER_COST + (g ? 0 : named_cost(a->call->name));

    if (b->group_bytes + cost <= BOOK_GROUP_BYTES && (g || b->group_count < BOOK_GROUPS_MAX))
        return true;
    book_fail(a, a->ask, DVM_ERR_LIMIT, "the machine keeps %zu named groups, and no more are "
              "possible: %d groups, and %d MiB of their names and members, are the most",
              b->group_count, BOOK_GROUPS_MAX, BOOK_GROUP_BYTES >> 20);
    return false;
}

void book_join(struct act *a)
{
    struct named *g = named_find(a->b, a->call->name);
    int instance;

    if (!may_change(a, g))
        return;
    if (g && named_instance(g, a->ask->from) >= 0) {
        book_fail(a, a->ask, DVM_ERR_EXISTS, "task 0x%x is in the group \"%s\" already, as "
                  "instance %d", (unsigned)a->ask->from, g->name,
                  named_instance(g, a->ask->from));
        return;
    }
    if (!has_room(a, g))
        return;
    g = g ? g : named_add(a->b, a->call->name);
    instance = g ? named_seat(a->b, g, a->ask->from, -1) : -1;
    if (instance >= 0)
        book_ok(a, instance);
    else
        book_fail(a, a->ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
    if (g)
        named_drop_empty(a->b, g);
}

/* The instance of a member; -1: the ask has been answered. */
static int place_of(struct act *a, const struct named *g, int tid)
{
    int instance = named_instance(g, tid);

    if (instance < 0)
        book_fail(a, a->ask, DVM_ERR_MEMBER, "task 0x%x is not in the group \"%s\"",
                  (unsigned)tid, g->name);
    return instance;
}

void book_leave(struct act *a)
{
    struct named *g = find(a);
    int instance = g && may_change(a, g) ? place_of(a, g, a->ask->from) : -1;
    struct held *waits = instance >= 0 ? named_waiting(g, a->ask->from) : NULL;

    if (instance < 0)
        return;
    if (waits) /* another thread of the same task */
        book_fail(a, waits, DVM_ERR_CANCELLED, "task 0x%x has left the group \"%s\" while it "
                  "waited in its barrier", (unsigned)a->ask->from, g->name);
    named_unseat(a->b, g, instance);
    named_drop_empty(a->b, g);
    book_ok(a, 0);
}

void book_size(struct act *a)
{
    const struct named *g = find(a);

    if (g)
        book_ok(a, g->members);
}

void book_tid(struct act *a)
{
    const struct named *g = find(a);
    int instance = a->call->number;

    if (!g)
        return;
    if (instance >= 0 && instance < g->room && g->seats[instance].tid)
        book_ok(a, g->seats[instance].tid);
    else
        book_fail(a, a->ask, DVM_ERR_RANK, "the group \"%s\" has no instance %d", g->name,
                  instance);
}

void book_instance(struct act *a)
{
    const struct named *g = find(a);
    int instance = g ? place_of(a, g, a->call->tid) : -1;

    if (instance >= 0)
        book_ok(a, instance);
}

void book_members(struct act *a)
{
    Dvm__Pb__NameAnswer answer = DVM__PB__NAME_ANSWER__INIT;
    const struct named *g = find(a);

    if (!g)
        return;
    answer.tids = malloc((size_t)g->members * sizeof *answer.tids);
    for (int i = 0; answer.tids && i < g->room; i++)
        if (g->seats[i].tid)
            answer.tids[answer.n_tids++] = g->seats[i].tid;
    answer.number = g->members;
    if (answer.tids)
        book_answer(a, a->ask, &answer);
    else
        book_fail(a, a->ask, DVM_ERR_NO_MEMORY, "the keeper of names has no memory left");
    free(answer.tids);
}
