/* hoster.c: the side of the task that is the hoster, and pvm_reg_hoster.
 *
 * The wait id of a request is this library's own: it stands for who asked, and for the number that
 * the asker has given, since a hoster answers "the daemon".
 */
#include "bindings/pvm3/roles/hoster.h"

#include "bindings/pvm3/trace/plain.h"
#include <pvm3.h>

#include "bindings/pvm3/error.h"
#include "bindings/pvm3/life.h"
#include "bindings/pvm3/roles/roles.h"

#define ASKERS 64 /* at a time; the oldest is forgotten for a further one, and waits in vain */

static struct asker {
    int tid, wid; /* its own number */
    int now;      /* the number here; 0: free */
} askers[ASKERS];
static int last;

void pvm3_hoster_hears(struct pvm3_buffer *b)
{
    struct asker *a = &askers[last % ASKERS];

    if (b->tag != SM_STHOST || !pvm3_role_is_mine(PVMHOSTERCLASS))
        return;
    *a = (struct asker){b->src, b->wid, ++last};
    b->wid = last;
}

int pvm3_hoster_answers(const char *call, int tid, struct pvm3_buffer *b)
{
    const int wid = b->wid; /* the program's buffer keeps it */
    struct asker *a = NULL;
    int rc;

    (void)tid;
    for (int i = 0; i < ASKERS; i++)
        if (wid && askers[i].now == wid)
            a = &askers[i];
    if (!a)
        return PvmOk; /* PVM's daemon drops an answer that nobody waits for */
    b->wid = a->wid;
    rc = pvm3_role_message(call, a->tid, SM_STHOSTACK, PVM3_TO_LIBRARY, b);
    b->wid = wid;
    a->now = 0;
    return rc;
}

int pvm_reg_hoster(void)
{
    static const char call[] = "pvm_reg_hoster";
    int rc = pvm3_enter(call);

    return rc == PvmOk ? pvm3_role_switch(call, PVMHOSTERCLASS, 0) : rc;
}
