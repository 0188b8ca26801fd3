/* listing.c: the implementation of listing.h.
 *
 * Only a host knows its tasks, so each is asked. One that is slow or lost costs its own
 * tasks, not the list.
 */
#include "console/listing.h"

#include <stdio.h>
#include <stdlib.h>

/* Read what the hosts have answered. */
static void read_replies(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct ask *a = &l->asks[i];

        if (a->result)
            continue;
        l->replies[i] = dvm__pb__tasks_reply__unpack(NULL, a->length, a->payload);
        if (l->replies[i])
            continue;
        a->result = DVM_ERR_PROTOCOL;
        snprintf(a->sentence, sizeof a->sentence, "its list of tasks cannot be read");
        l->failed++;
    }
}

int listing_get(struct client *client, const Dvm__Pb__Tasks *message, struct listing *out)
{
    struct listing l = {0};
    int r = ask_hosts(client, &l.hosts);

    *out = l;
    if (r)
        return r;
    out->count = out->hosts->n_hosts;
    out->asks = calloc(out->count + 1, sizeof *out->asks);
    out->replies = calloc(out->count + 1, sizeof(*out->replies));
    if (!out->asks || !out->replies)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the list of tasks");
    for (size_t i = 0; i < out->count; i++)
        out->asks[i] = (struct ask){.dst = DVM_TID_DAEMON((int)out->hosts->hosts[i]->slot),
                                    .type = DVM_CTL_TASKS, .want = DVM_CTL_TASKS_REPLY,
                                    .message = &message->base};
    out->failed = ask_all(client, out->asks, out->count, ASK_SECONDS);
    read_replies(out);
    return DVM_OK;
}

int listing_complain(const struct console *c, const struct listing *l)
{
    int code = DVM_OK;

    for (size_t i = 0; i < l->count; i++)
        if (l->asks[i].result) {
            console_wrong(c, "the tasks of host %s are not known: %s", l->hosts->hosts[i]->name,
                          l->asks[i].sentence);
            code = l->asks[i].result;
        }
    return code;
}

const Dvm__Pb__Host *listing_host(const struct listing *l, int slot)
{
    for (size_t i = 0; i < l->hosts->n_hosts; i++)
        if ((int)l->hosts->hosts[i]->slot == slot)
            return l->hosts->hosts[i];
    return NULL;
}

void listing_free(struct listing *l)
{
    for (size_t i = 0; l->replies && i < l->count; i++)
        if (l->replies[i])
            dvm__pb__tasks_reply__free_unpacked(l->replies[i], NULL);
    if (l->asks)
        ask_free(l->asks, l->count);
    if (l->hosts)
        dvm__pb__hosts_reply__free_unpacked(l->hosts, NULL);
    free(l->replies);
    free(l->asks);
    *l = (struct listing){0};
}
