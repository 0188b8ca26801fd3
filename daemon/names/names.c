/* names.c: who keeps the names, and the life of this part; see daemon/names.h.
 *
 * Every daemon finds keeper and deputy by itself from the members, which all learn in the
 * same order: no vote is needed. Slots are given in ascending order for a long time, so a
 * host that joins seldom takes the names over; if it does, it gets them like any new keeper.
 */
#include "daemon/names.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "daemon/names/state.h"

const struct handler names_handlers[] = {
    {DVM_CTL_NAMES, names_on_call, ROLE_CLIENT},
    {DVM_CTL_NAMES_ASK, names_on_ask, ROLE_DAEMON},
    {DVM_CTL_NAMES_TOLD, names_on_told, ROLE_DAEMON},
    {DVM_CTL_NAMES_COPY, names_on_copy, ROLE_DAEMON},
    {DVM_CTL_NAMES_COPIED, names_on_copied, ROLE_DAEMON},
    {DVM_CTL_NAMES_FETCH, names_on_fetch, ROLE_DAEMON},
    {0, NULL, 0},
};

static void choose(struct names *n)
{
    size_t count;
    const struct cluster_host *hosts = cluster_hosts(n->d->cluster, &count);
    int coordinator = cluster_coordinator(n->d->cluster);

    n->keeper = coordinator;
    for (size_t i = count; i-- > 0;) /* they come in order of slots */
        if (hosts[i].slot != coordinator && hosts[i].state != DVM_HOST_LOST)
            n->keeper = hosts[i].slot;
    n->deputy = n->keeper != coordinator ? coordinator : 0;
}

static void view(struct names *n)
{
    int keeper = n->keeper, deputy = n->deputy;

    choose(n);
    names_keep_view(n, keeper, deputy);
    if (n->keeper == keeper)
        return;
    names_withdraw(n, keeper);
    names_ask_again(n);
}

int names_create(struct names **out, struct daemon *d)
{
    struct names *n = calloc(1, sizeof *n);
    size_t count;

    if (!n)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for names");
    n->d = d;
    n->last = &n->first;
    n->late_last = &n->late_first;
    n->early_last = &n->early_first;
    cluster_hosts(d->cluster, &count);
    if (count <= 1 && !(n->book = book_create())) {
        free(n);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for names");
    }
    *out = n;
    view(n);
    return DVM_OK;
}

void names_destroy(struct names *n)
{
    if (!n)
        return;
    names_ask_free(n);
    names_keep_free(n);
    free(n);
}

void names_host_up(struct names *n)
{
    if (n)
        view(n);
}

void names_host_down(struct names *n, const struct cluster_host *host, const char *why)
{
    if (!n)
        return;
    n->lost = host->slot;
    snprintf(n->lost_text, sizeof n->lost_text, "host %s is not in the machine any more: %s",
             host->name, why);
    view(n);
}
