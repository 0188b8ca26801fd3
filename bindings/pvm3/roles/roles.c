/* roles.c: see roles.h. A role's entry of the mailbox is its holder's tid, as in PVM.
 *
 * What a program sends to a daemon goes to the function of its tag: there is no daemon of PVM,
 * so the library of the role's holder does what one would do, or passes the message on to the
 * task on whose behalf it was sent.
 */
#include "bindings/pvm3/roles/roles.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dvm.h"
#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/buffer/codec.h"
#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/mailbox.h"
#include "bindings/pvm3/roles/hoster.h"
#include "bindings/pvm3/roles/manager.h"
#include "bindings/pvm3/option.h"
#include "bindings/pvm3/queue.h"
#include "bindings/pvm3/roles/tasker.h"
#include "bindings/pvm3/send.h"

#define LOOK_SECONDS 0.5 /* how often one who waits for a role's holder looks whether it is that */
#define VALUE_MOST 256   /* bytes of an entry */
#define ROLES 4

static struct mine {
    const char *role;
    int self; /* as which task it was taken */
} mine[ROLES];

static struct mine *find_mine(const char *role)
{
    for (int i = 0; i < ROLES; i++)
        if (mine[i].role && strcmp(mine[i].role, role) == 0 && mine[i].self == pvm3_self())
            return &mine[i];
    return NULL;
}

bool pvm3_role_is_mine(const char *role)
{
    return find_mine(role);
}

int pvm3_role_holder(const char *role)
{
    char value[VALUE_MOST];
    struct dvm_value *what = malloc(sizeof *what); /* its name is long */
    int holder = 0;

    if (what && dvm_value_get(role, 0, 0, value, sizeof value, what) == DVM_OK)
        holder = what->owner;
    free(what);
    return holder;
}

static int take(const char *call, const char *role, int index)
{
    struct pvm3_buffer *b = pvm3_buffer_make(PvmDataDefault, 0);
    int self = pvm3_self(), rc = DVM_ERR_NO_MEMORY;

    if (b) {
        pvm3_put_int(b, self);
        rc = pvm3_mailbox_put(role, b, index, PvmMboxMultiInstance);
    }
    pvm3_buffer_free(b);
    if (rc == DVM_ERR_EXISTS || rc == DVM_ERR_REFUSED)
        return pvm3_fail(call, PvmAlready, "task 0x%x is that", (unsigned)pvm3_role_holder(role));
    return rc >= 0 ? PvmOk : pvm3_fail_dvm(call, rc);
}

int pvm3_role_switch(const char *call, const char *role, int index)
{
    struct mine *m = find_mine(role);
    int rc;

    if (m) {
        m->role = NULL;
        dvm_value_delete(role, index);
        return PvmOk;
    }
    rc = take(call, role, index);
    for (int i = 0; rc == PvmOk && i < ROLES && !m; i++)
        if (!mine[i].role || mine[i].self != pvm3_self())
            m = &mine[i];
    if (m)
        *m = (struct mine){role, pvm3_self()};
    return rc;
}

/* ---- messages --------------------------------------------------------------------- */

int pvm3_role_message(const char *call, int tid, int tag, int ctx, struct pvm3_buffer *b)
{
    unsigned char *all;
    bool owned = false;
    int rc;

    b->ctx = ctx;
    pvm3_header_write(b, b->data);
    all = pvm3_buffer_gather(b, &owned);
    if (!all)
        return pvm3_fail(call, PvmNoMem, NULL);
    rc = pvm3_send_bytes(call, tid, tag - SM_FIRST, all, PVM3_HEADER + b->bytes);
    if (owned)
        pvm3_buffer_free_bytes(all, b->bytes);
    return rc;
}

void pvm3_role_translate(struct pvm3_buffer *b)
{
    b->tag = b->tag <= PVM3_SIBLINGS - SM_FIRST ? SM_FIRST + b->tag : PVM3_SIBLINGS;
    if (b->ctx != PVM3_TO_PROGRAM)
        return;
    b->ctx = PvmBaseContext;
    pvm3_manager_hears(b);
    pvm3_hoster_hears(b);
    if (b->tag == SM_EXECACK || b->tag == SM_STHOST)
        b->src = PVM3_DAEMON;
}

void pvm3_role_deliver(struct pvm3_buffer *b, int tag, int wid)
{
    b->tag = tag;
    b->wid = wid;
    b->ctx = PvmBaseContext;
    b->src = PVM3_DAEMON;
    b->dst = pvm3_self();
    b->next = 0;
    pvm3_queue_put(b);
}

/* What goes to a daemon. */
static const struct {
    int tag;
    const char *role; /* whose it is */
    int (*send)(const char *call, int tid, struct pvm3_buffer *b);
} to_daemon[] = {
    {SM_EXEC, PVMRMCLASS, pvm3_manager_exec},
    {SM_ADD, PVMRMCLASS, pvm3_manager_add},
    {SM_TASKX, PVMTASKERCLASS, pvm3_tasker_over},
    {SM_STHOSTACK, PVMHOSTERCLASS, pvm3_hoster_answers},
};

int pvm3_role_send(const char *call, int tid, int tag)
{
    struct pvm3_buffer *b = pvm3_sending();

    if (!pvm3_option(PvmResvTids))
        return pvm3_fail(call, PvmBadParam, "tag %d is reserved; pvm_setopt(PvmResvTids, 1) lets "
                         "a program send it", tag);
    if (!b)
        return pvm3_fail(call, PvmNoBuf, "there is no send buffer; pvm_initsend makes one");
    b->next = 0;
    b->src = pvm3_self();
    if (PVM3_TID_OK(tid)) {
        bool answer = pvm3_role_is_mine(PVMRMCLASS) && pvm3_manager_answers(tid, tag);

        return pvm3_role_message(call, tid, tag, answer ? PVM3_TO_LIBRARY : PVM3_TO_PROGRAM, b);
    }
    for (size_t i = 0; i < sizeof to_daemon / sizeof to_daemon[0]; i++)
        if (to_daemon[i].tag == tag && pvm3_role_is_mine(to_daemon[i].role))
            return to_daemon[i].send(call, tid, b);
    return PvmOk; /* PVM's daemons drop what they do not expect */
}

double pvm3_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct pvm3_buffer *pvm3_role_await(const char *call, const char *role, int tid, double limit)
{
    const double end = pvm3_seconds() + limit;
    const struct pvm3_wanted wanted = {.tid = tid, .tag = -1, .ctx = PVM3_TO_LIBRARY,
                                       .internal = true, .site = __builtin_return_address(0)};
    struct pvm3_buffer *found;

    for (;;) {
        if (pvm3_queue_find(call, &wanted, LOOK_SECONDS, &found) != PvmOk)
            return NULL;
        if (found) {
            pvm3_queue_take(found);
            return found;
        }
        if (pvm3_seconds() > end || pvm3_role_holder(role) != tid)
            return NULL;
    }
}
