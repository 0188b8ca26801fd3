/* manager.c: the side of the task that is the resource manager, and pvm_reg_rm.
 *
 * What it sends to a daemon of PVM is done here, or, if it is about a task whose pvm_spawn waits
 * for it, by that task (manager_task.c). What a daemon would tell it of ends, comes by
 * pvm_notify.
 */
#include "bindings/pvm3/roles/manager.h"

#include <stdlib.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/hosts.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/notify.h"
#include "bindings/pvm3/roles/roles.h"
#include "bindings/pvm3/spawn.h"

/* Who waits for an answer to its pvm_spawn. */
static struct {
    int *tids; /* owned */
    size_t count, room;
} spawning;

static int *find_spawning(int tid)
{
    for (size_t i = 0; i < spawning.count; i++)
        if (spawning.tids[i] == tid)
            return &spawning.tids[i];
    return NULL;
}

static void add_spawning(int tid)
{
    int *larger;

    if (find_spawning(tid))
        return;
    if (spawning.count == spawning.room) {
        larger = realloc(spawning.tids, (2 * spawning.room + 1) * sizeof *larger);
        if (!larger)
            return;
        spawning.tids = larger;
        spawning.room = 2 * spawning.room + 1;
    }
    spawning.tids[spawning.count++] = tid;
}

/* Ask to be told of the ends of tasks that are the manager's from now on. */
static void watch_tasks(struct pvm3_buffer *b)
{
    int count = pvm3_get_int(b);

    for (int i = 0; i < count && b->next < b->bytes; i++) {
        int tid = pvm3_get_int(b);

        if (PVM3_TID_OK(tid))
            pvm3_notify_role(PvmTaskExit, SM_TASKX, &tid, 1);
    }
    b->next = 0;
}

void pvm3_manager_hears(struct pvm3_buffer *b)
{
    if (b->tag == SM_SPAWN)
        add_spawning(b->src);
    else if (b->tag == SM_EXECACK && pvm3_role_is_mine(PVMRMCLASS))
        watch_tasks(b);
}

bool pvm3_manager_answers(int tid, int tag)
{
    int *place = tag == SM_SPAWN ? find_spawning(tid) : NULL;

    if (place)
        *place = spawning.tids[--spawning.count];
    return tag == SM_SPAWN || tag == SM_TASK || tag == SM_CONFIG || tag == SM_ADDHOST ||
           tag == SM_DELHOST;
}

int pvm3_manager_exec(const char *call, int tid, struct pvm3_buffer *b)
{
    int host = PVM3_TID_HOST(tid), whose = pvm3_get_int(b), wid = b->wid, rc = PvmNoMem;
    struct pvm3_buffer *made = pvm3_buffer_make(PvmDataDefault, 0);

    if (made && find_spawning(whose)) {
        pvm3_put_int(made, host);
        made->wid = wid;
        if (pvm3_put_message(made, b))
            rc = pvm3_role_message(call, whose, SM_EXEC, PVM3_TO_LIBRARY, made);
    } else if (made) {
        pvm3_spawn_order(b, host, made);
        watch_tasks(made);
        pvm3_role_deliver(made, SM_EXECACK, wid);
        return PvmOk;
    }
    pvm3_buffer_free(made);
    return rc;
}

/* Five words of a host, or of an error in its place. */
static void put_host(struct pvm3_buffer *b, int tid, const char *asked)
{
    struct pvmhostinfo *hosts;
    const char *arch = "";
    int count = 0, numbers[2] = {0, 0};

    if (tid > 0 && pvm_config(&count, NULL, &hosts) != PvmOk)
        count = 0;
    for (int i = 0; i < count; i++)
        if (hosts[i].hi_tid == tid) {
            numbers[0] = hosts[i].hi_speed;
            numbers[1] = hosts[i].hi_dsig;
            asked = hosts[i].hi_name;
            arch = hosts[i].hi_arch;
        }
    pvm3_put_int(b, tid);
    pvm3_put_text(b, asked);
    pvm3_put_text(b, arch);
    pvm3_put_ints(b, numbers, 2);
}

int pvm3_manager_add(const char *call, int tid, struct pvm3_buffer *b)
{
    struct pvm3_buffer *made = pvm3_buffer_make(PvmDataDefault, 0);
    int count = pvm3_get_int(b), formats = 0, *infos, added = 0;
    char **names;
    bool ok;

    count = count < 0 || (size_t)count > b->bytes ? 0 : count;
    names = calloc((size_t)count + 1, sizeof *names);
    infos = calloc((size_t)count + 1, sizeof *infos);
    ok = made && names && infos;
    if (ok) {
        for (int i = 0; i < count; i++)
            names[i] = pvm3_get_text(b);
        if (count > 0)
            added = pvm_addhosts(names, count, infos);
        pvm_config(NULL, &formats, NULL);
        pvm3_put_int(made, count);
        pvm3_put_int(made, formats);
        for (int i = 0; i < count; i++) {
            put_host(made, infos[i], names[i] ? names[i] : "");
            if (infos[i] > 0 && added > 0)
                pvm3_notify_role(PvmHostDelete, SM_HOSTX, &infos[i], 1);
        }
        pvm3_role_deliver(made, SM_ADDACK, b->wid);
        made = NULL;
    }
    for (int i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
    free(infos);
    pvm3_buffer_free(made);
    return ok ? PvmOk : pvm3_fail(call, PvmNoMem, NULL);
}

int pvm_reg_rm(struct pvmhostinfo **hosts)
{
    static const char call[] = "pvm_reg_rm";
    struct pvmhostinfo *list;
    int rc = pvm3_enter(call), count = 0;

    if (rc == PvmOk && !pvm3_role_is_mine(PVMRMCLASS))
        rc = pvm3_role_switch(call, PVMRMCLASS, 0);
    if (rc != PvmOk)
        return rc;
    rc = pvm_config(&count, NULL, &list);
    if (rc != PvmOk)
        return rc;
    for (int i = 0; i < count; i++)
        pvm3_notify_role(PvmHostDelete, SM_HOSTX, &list[i].hi_tid, 1);
    if (hosts)
        *hosts = list;
    return PvmOk;
}
