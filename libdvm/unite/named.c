/* named.c: named groups, which tasks join and leave while they run: dvm_named_join and its
 * kin.
 *
 * The machine keeps who is in them; this task asks its daemon each time. Freezing ends that:
 * all members get the list, make an ordinary group of it, and meet in one of their own from
 * then on, without the daemons.
 */
#include <stdlib.h>

#include "base/error.h"
#include "coll/calls.h"
#include "coll/group_make.h"
#include "group/entry.h"
#include "group/message.h"
#include "unite/ask.h"
#include "unite/frozen.h"

#define ASK(function, number_of, what_is)                                                   \
    {.call = #function, .board = DVM_BOARD_##number_of, .site = ENTRY_SITE(),              \
     .what = DVM_NAME_##what_is, .name = name}

/* Ask for a number, and put it into its place. */
static int ask_number(const struct named_ask *ask, int *place)
{
    Dvm__Pb__NameAnswer *answer;
    int rc;

    if (!place)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the result", ask->call);
    rc = named_ask(ask, &answer);
    if (rc != DVM_OK)
        return rc;
    *place = answer->number;
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return DVM_OK;
}

int dvm_named_join(const char *name, int *instance)
{
    const struct named_ask ask = ASK(dvm_named_join, NAMED_JOIN, JOIN);
    int unwanted;

    ENTRY_BEGIN();
    return dvm_leave(ask_number(&ask, instance ? instance : &unwanted));
}

int dvm_named_leave(const char *name)
{
    const struct named_ask ask = ASK(dvm_named_leave, NAMED_LEAVE, LEAVE);

    ENTRY_BEGIN();
    return dvm_leave(named_ask(&ask, NULL));
}

int dvm_named_size(const char *name, int *size)
{
    const struct named_ask ask = ASK(dvm_named_size, NAMED_SIZE, SIZE);

    ENTRY_BEGIN();
    return dvm_leave(ask_number(&ask, size));
}

int dvm_named_tid(const char *name, int instance, int *tid)
{
    struct named_ask ask = ASK(dvm_named_tid, NAMED_TID, TID);

    ENTRY_BEGIN();
    ask.number = instance;
    return dvm_leave(ask_number(&ask, tid));
}

int dvm_named_instance(const char *name, int tid, int *instance)
{
    struct named_ask ask = ASK(dvm_named_instance, NAMED_INSTANCE, INSTANCE);

    ENTRY_BEGIN();
    ask.tid = tid;
    return dvm_leave(ask_number(&ask, instance));
}

int dvm_named_tids(const char *name, int *tids, size_t max, size_t *count)
{
    const struct named_ask ask = ASK(dvm_named_tids, NAMED_TIDS, MEMBERS);
    Dvm__Pb__NameAnswer *answer;
    int rc;

    ENTRY_BEGIN();
    if (!count || (max > 0 && !tids))
        return dvm_leave(dvm_fail(DVM_ERR_ARG, "dvm_named_tids: there is no place for the result"));
    rc = named_ask(&ask, &answer);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    for (size_t i = 0; i < answer->n_tids && i < max; i++)
        tids[i] = answer->tids[i];
    *count = answer->n_tids;
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return dvm_leave(DVM_OK);
}

/* ---- meeting ------------------------------------------------------------------------- */

/* All members of a frozen group meet, so the first time they can make the group for it. */
static int meet_frozen(struct frozen *f, struct call *c)
{
    int rc = DVM_OK;

    if (f->group == DVM_GROUP_NONE)
        rc = group_make_agreed("dvm_named_barrier", c->site, f->tids, f->size, &f->group);
    return rc == DVM_OK ? call_barrier(c, f->group) : rc;
}

int dvm_named_barrier(const char *name, int count)
{
    struct named_ask ask = ASK(dvm_named_barrier, NAMED_BARRIER, MEET);
    struct call barrier = CALL(BARRIER);
    struct frozen *f;

    ENTRY_BEGIN();
    f = name ? frozen_find(name) : NULL;
    if (f && f->size == count)
        return dvm_leave(meet_frozen(f, &barrier));
    ask.number = count;
    return dvm_leave(named_ask(&ask, NULL));
}

static int freeze(const struct named_ask *ask, dvm_group *result)
{
    Dvm__Pb__NameAnswer *answer;
    int rc;

    if (!result)
        return dvm_fail(DVM_ERR_ARG, "%s: there is no place for the new group", ask->call);
    rc = named_ask(ask, &answer);
    if (rc != DVM_OK)
        return rc;
    rc = frozen_add(ask->call, ask->name, answer->tids, answer->n_tids);
    if (rc == DVM_OK)
        rc = group_make_agreed(ask->call, ask->site, answer->tids, (int)answer->n_tids, result);
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return rc;
}

int dvm_named_freeze(const char *name, int count, dvm_group *result)
{
    struct named_ask ask = ASK(dvm_named_freeze, NAMED_FREEZE, FREEZE);

    ENTRY_BEGIN();
    ask.number = count;
    return dvm_leave(freeze(&ask, result));
}

/* ---- messages ------------------------------------------------------------------------- */

/* Take this task's own tid out of a list. */
static size_t others(int32_t *tids, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (tids[i] != vm.self)
            tids[kept++] = tids[i];
    return kept;
}

int dvm_named_bcast(const char *name, int tag, const void *buf, size_t count, dvm_type type)
{
    const struct named_ask ask = ASK(dvm_named_bcast, NAMED_BCAST, MEMBERS);
    Dvm__Pb__NameAnswer *answer;
    int rc;

    ENTRY_BEGIN();
    rc = named_ask(&ask, &answer);
    if (rc != DVM_OK)
        return dvm_leave(rc);
    rc = message_to_each(ask.call, ask.site, answer->tids, others(answer->tids, answer->n_tids),
                         tag, buf, count, type);
    dvm__pb__name_answer__free_unpacked(answer, NULL);
    return dvm_leave(rc);
}
