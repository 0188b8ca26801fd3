/* group.c: joining, leaving, asking, freezing, waiting.
 *
 * The machine keeps the groups (dvm_named_join and its kin in dvm.h), so there is no group
 * server that could be missing or die. What a frozen group's members are is kept here, too.
 */
#include "bindings/pvm3/groups/group.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dvm.h"
#include "bindings/pvm3/groups/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/groups/meet.h"
#include "bindings/pvm3/send.h"

#define TIDS_FEW 64

/* A group that this task has frozen. */
struct frozen {
    struct frozen *next;
    int *tids; /* owned */
    int count;
    char name[];
};
static struct frozen *frozen;

static struct frozen *find_frozen(const char *name)
{
    struct frozen *f = frozen;

    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static void forget_frozen(const char *name)
{
    for (struct frozen **f = &frozen; *f; f = &(*f)->next)
        if (strcmp((*f)->name, name) == 0) {
            struct frozen *gone = *f;

            *f = gone->next;
            free(gone->tids);
            free(gone);
            return;
        }
}

int pvm3_group_enter(const char *call, const char *name)
{
    int rc = pvm3_enter(call);

    if (rc == PvmOk && (!name || !name[0]))
        rc = pvm3_fail(call, PvmNullGroup, "no group is named");
    return rc;
}

int pvm3_group_fail(const char *call, int rc)
{
    static const struct {
        int dvm, pvm;
    } codes[] = {
        {DVM_ERR_GROUP, PvmNoGroup},   {DVM_ERR_MEMBER, PvmNotInGroup},
        {DVM_ERR_RANK, PvmNoInst},     {DVM_ERR_EXISTS, PvmDupGroup},
        {DVM_ERR_REFUSED, PvmDupGroup}, {DVM_ERR_TASK_GONE, PvmNoInst},
        {DVM_ERR_ARG, PvmMismatch},
    };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].dvm == rc)
            return pvm3_fail(call, codes[i].pvm, "%s", dvm_last_error());
    return pvm3_fail_dvm(call, rc);
}

int pvm3_group_tids(const char *call, const char *name, int **tids)
{
    const struct frozen *f = find_frozen(name);
    size_t room = TIDS_FEW, count = 0;
    int rc = DVM_OK, *larger;

    for (*tids = NULL;; room = count) {
        room = f ? (size_t)f->count : room;
        larger = realloc(*tids, room * sizeof **tids);
        if (!larger) {
            free(*tids);
            return pvm3_fail(call, PvmNoMem, NULL);
        }
        *tids = larger;
        if (f) {
            memcpy(*tids, f->tids, room * sizeof **tids);
            return f->count;
        }
        rc = dvm_named_tids(name, *tids, room, &count);
        if (rc != DVM_OK || count <= room)
            break;
    }
    if (rc == DVM_OK)
        return (int)count;
    free(*tids);
    return pvm3_group_fail(call, rc);
}

int pvm3_group_has(const char *name, int tid)
{
    int instance;

    return dvm_named_instance(name, tid, &instance) == DVM_OK;
}

int pvm_joingroup(char *name)
{
    static const char call[] = "pvm_joingroup";
    int rc = pvm3_group_enter(call, name), instance;

    if (rc != PvmOk)
        return rc;
    pvm3_meet_forget(name);
    rc = dvm_named_join(name, &instance);
    return rc == DVM_OK ? instance : pvm3_group_fail(call, rc);
}

int pvm_lvgroup(char *name)
{
    static const char call[] = "pvm_lvgroup";
    int rc = pvm3_group_enter(call, name);

    if (rc != PvmOk)
        return rc;
    if (find_frozen(name)) { /* it stays what it is, but this task uses it no more */
        forget_frozen(name);
        return PvmOk;
    }
    pvm3_meet_forget(name);
    rc = dvm_named_leave(name);
    return rc == DVM_OK ? PvmOk : pvm3_group_fail(call, rc);
}

int pvm_gsize(char *name)
{
    static const char call[] = "pvm_gsize";
    int rc = pvm3_group_enter(call, name), size;

    if (rc != PvmOk)
        return rc;
    rc = dvm_named_size(name, &size);
    return rc == DVM_OK ? size : pvm3_group_fail(call, rc);
}

int pvm_getinst(char *name, int tid)
{
    static const char call[] = "pvm_getinst";
    int rc = pvm3_group_enter(call, name), instance;

    if (rc != PvmOk)
        return rc;
    rc = dvm_named_instance(name, tid, &instance);
    return rc == DVM_OK ? instance : pvm3_group_fail(call, rc);
}

int pvm_gettid(char *name, int instance)
{
    static const char call[] = "pvm_gettid";
    int rc = pvm3_group_enter(call, name), tid;

    if (rc != PvmOk)
        return rc;
    if (instance < 0)
        return pvm3_fail(call, PvmNoInst, "%d is no instance", instance);
    rc = dvm_named_tid(name, instance, &tid);
    return rc == DVM_OK ? tid : pvm3_group_fail(call, rc);
}

/* Wait for count members. A member that ends is no reason to give up, as in PVM, unless those
 * who are left are too few. */
static int wait_for(const char *call, const char *name, int count)
{
    int rc, size;

    do
        rc = dvm_named_barrier(name, count);
    while (rc == DVM_ERR_TASK_GONE && dvm_named_size(name, &size) == DVM_OK && size >= count);
    return rc == DVM_OK ? PvmOk : pvm3_group_fail(call, rc);
}

/* count as PVM has it: -1 for all who are in the group. */
static int how_many(const char *call, const char *name, int count)
{
    int size, rc = count == -1 ? dvm_named_size(name, &size) : DVM_OK;

    if (rc != DVM_OK)
        return pvm3_group_fail(call, rc);
    if (count == -1)
        return size;
    return count > 0 ? count
                     : pvm3_fail(call, PvmMismatch, "%d members; 1 is the least, -1 all", count);
}

/* In memory where that goes; a frozen group has its own way. */
static int meet(const char *call, const char *name, int count)
{
    int rc;

    if (find_frozen(name))
        return wait_for(call, name, count);
    if (pvm3_meet(name, count))
        return PvmOk;
    rc = wait_for(call, name, count);
    pvm3_meet_asked(name, count, rc == PvmOk);
    return rc;
}

int pvm_barrier(char *name, int count)
{
    static const char call[] = "pvm_barrier";
    int rc = pvm3_group_enter(call, name);

    if (rc == PvmOk)
        rc = how_many(call, name, count);
    return rc > 0 ? meet(call, name, rc) : rc;
}

/* Keep what a frozen group is. */
static int keep_frozen(const char *call, const char *name, int size)
{
    struct frozen *f = malloc(sizeof *f + strlen(name) + 1);
    int count;

    if (!f)
        return pvm3_fail(call, PvmNoMem, NULL);
    count = pvm3_group_tids(call, name, &f->tids);
    if (count != size) {
        if (count >= 0)
            free(f->tids);
        free(f);
        return count < 0 ? count : size; /* one has ended since: asked each time, then */
    }
    f->count = count;
    strcpy(f->name, name);
    f->next = frozen;
    frozen = f;
    return size;
}

int pvm_freezegroup(char *name, int size)
{
    static const char call[] = "pvm_freezegroup";
    int rc = pvm3_group_enter(call, name), me;
    dvm_group group;

    if (rc != PvmOk)
        return rc;
    if (find_frozen(name))
        return pvm3_fail(call, PvmDupGroup, "the group \"%s\" is frozen", name);
    rc = dvm_named_instance(name, pvm_mytid(), &me);
    if (rc != DVM_OK)
        return pvm3_group_fail(call, rc);
    size = how_many(call, name, size);
    if (size < 0)
        return size;
    rc = wait_for(call, name, size); /* until all have joined */
    if (rc != PvmOk)
        return rc;
    rc = dvm_named_freeze(name, size, &group);
    return rc == DVM_OK ? keep_frozen(call, name, size) : pvm3_group_fail(call, rc);
}

int pvm_bcast(char *name, int tag)
{
    static const char call[] = "pvm_bcast";
    int rc = pvm3_group_enter(call, name), count, *tids;

    if (rc != PvmOk)
        return rc;
    count = pvm3_group_tids(call, name, &tids);
    if (count < 0)
        return count;
    if (count == 0 || (count == 1 && tids[0] == pvm_mytid()))
        rc = pvm3_fail(call, PvmNoInst, "nobody else is in \"%s\"", name);
    else if (tag < 0)
        rc = pvm3_fail(call, PvmBadParam, "tag %d; tags are 0 or more", tag);
    else
        rc = pvm3_mcast(call, tids, count, tag);
    free(tids);
    return rc;
}
