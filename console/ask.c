/* ask.c: several requests at the same time.
 *
 * A request is open while its ref is not 0. Answers come in any order; the loss
 * of a host fails its open requests at once, the loss of the daemon all of them.
 */
#include "console/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/event.h"

/* Requests that are asked together. */
struct round {
    struct ask *list; /* borrowed */
    size_t count;
    const struct ask_calls *calls;
};

static void end(struct round *r, struct ask *a, int result)
{
    a->result = result;
    a->ref = 0;
    if (r->calls->done)
        r->calls->done(r->calls->arg, a);
}

static bool any_open(const struct round *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].ref)
            return true;
    return false;
}

/* End a request with an error whose sentence is the last one. */
static void fail(struct round *r, struct ask *a, int code)
{
    snprintf(a->sentence, sizeof a->sentence, "%s", dvm_last_error());
    end(r, a, code);
}

static void fail_open(struct round *r, int slot, int code)
{
    char sentence[DVM_SENTENCE_MAX];

    error_save(sentence);
    for (size_t i = 0; i < r->count; i++) {
        struct ask *a = &r->list[i];

        if (!a->ref || (slot != 0 && a->dst >> DVM_TID_N_BITS != slot))
            continue;
        snprintf(a->sentence, sizeof a->sentence, "%s", sentence);
        end(r, a, code);
    }
}

static void host_event(struct round *r, const uint8_t *payload, size_t length)
{
    Dvm__Pb__HostEvent *e = dvm__pb__host_event__unpack(NULL, length, payload);

    if (e && e->event != DVM_EVENT_HOST_JOINED && e->host) {
        dvm_fail(DVM_ERR_HOST_GONE, "host %s %s%s%s", e->host->name,
                 e->event == DVM_EVENT_HOST_LEFT ? "has left the machine" : "was lost",
                 e->reason[0] ? ": " : "", e->reason);
        fail_open(r, (int)e->host->slot, DVM_ERR_HOST_GONE);
    }
    if (e && e->host && r->calls->host)
        r->calls->host(r->calls->arg, e);
    if (e)
        dvm__pb__host_event__free_unpacked(e, NULL);
}

static void take_answer(struct round *r, struct ask *a, const struct dvm_frame *f,
                        const uint8_t *payload)
{
    if (f->tag == DVM_CTL_FAIL) {
        fail(r, a, client_failure(payload, f->length));
        return;
    }
    if (f->tag != a->want) {
        fail(r, a, dvm_fail(DVM_ERR_PROTOCOL, "the daemon answered with %s instead of %s",
                            dvm_control_name(f->tag), dvm_control_name(a->want)));
        return;
    }
    a->payload = malloc(f->length + 1);
    if (!a->payload) {
        fail(r, a, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for an answer"));
        return;
    }
    memcpy(a->payload, payload, f->length);
    a->length = f->length;
    end(r, a, DVM_OK);
}

static void take(struct round *r, const struct dvm_frame *f, const uint8_t *payload)
{
    if (f->tag == DVM_CTL_HOST_EVENT)
        host_event(r, payload, f->length);
    if (!(f->flags & DVM_FLAG_REPLY) || f->ref == 0)
        return;
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].ref == f->ref) {
            take_answer(r, &r->list[i], f, payload);
            return;
        }
}

int ask_send(struct client *client, struct ask *a)
{
    free(a->payload);
    a->payload = NULL;
    a->length = 0;
    a->result = client_send(client, a->dst, a->type, a->message, &a->ref);
    if (!a->result)
        return DVM_OK;
    a->ref = 0;
    snprintf(a->sentence, sizeof a->sentence, "%s", dvm_last_error());
    return a->result;
}

size_t ask_each(struct client *client, struct ask *list, size_t count, double timeout,
                const struct ask_calls *calls)
{
    struct round r = {.list = list, .count = count, .calls = calls};
    double deadline = clock_seconds() + timeout;
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        if (list[i].dst && ask_send(client, &list[i]))
            end(&r, &list[i], list[i].result);
    while (any_open(&r)) {
        struct dvm_frame f;
        const uint8_t *payload;
        double left = timeout < 0 ? -1 : deadline - clock_seconds();
        int code = client_receive(client, &f, &payload, timeout < 0 || left > 0 ? left : 0);

        if (code == DVM_ERR_TIMEOUT)
            dvm_fail(code, "no answer within %g s", timeout);
        if (code)
            fail_open(&r, 0, code);
        else
            take(&r, &f, payload);
    }
    for (size_t i = 0; i < count; i++)
        failed += list[i].result != DVM_OK;
    return failed;
}

size_t ask_all(struct client *client, struct ask *list, size_t count, double timeout)
{
    const struct ask_calls none = {NULL, NULL, NULL};

    return ask_each(client, list, count, timeout, &none);
}

void ask_free(struct ask *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].payload);
        list[i].payload = NULL;
    }
}

static int by_slot(const void *a, const void *b)
{
    const Dvm__Pb__Host *const *x = a, *const *y = b;

    return (*x)->slot < (*y)->slot ? -1 : (*x)->slot > (*y)->slot;
}

/* Slots become addresses: what is none makes the whole list one that cannot be read. */
static bool is_sound(const Dvm__Pb__HostsReply *reply)
{
    for (size_t i = 0; i < reply->n_hosts; i++)
        if (reply->hosts[i]->slot < 1 || reply->hosts[i]->slot > DVM_SLOT_MAX)
            return false;
    return reply->n_hosts > 0; /* at least the one that answers */
}

int ask_hosts(struct client *client, Dvm__Pb__HostsReply **out)
{
    struct dvm_frame f;
    const uint8_t *payload;
    Dvm__Pb__HostsReply *reply;
    int r = client_call(client, DVM_TID_DAEMON(client_info(client)->slot), DVM_CTL_HOSTS, NULL,
                        DVM_CTL_HOSTS_REPLY, &f, &payload, ASK_SECONDS);

    if (r)
        return r;
    reply = dvm__pb__hosts_reply__unpack(NULL, f.length, payload);
    if (!reply || !is_sound(reply)) {
        if (reply)
            dvm__pb__hosts_reply__free_unpacked(reply, NULL);
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon's list of hosts cannot be read; do dvm and "
                                          "dvmd have the same version? (dvm version)");
    }
    qsort(reply->hosts, reply->n_hosts, sizeof(Dvm__Pb__Host *), by_slot);
    *out = reply;
    return DVM_OK;
}
