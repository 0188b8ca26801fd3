/* ask.c: several requests at the same time.
 *
 * A request is open while its ref is not 0. Answers come in any order; the loss
 * of a host fails its open requests at once, the loss of the daemon all of them.
 */
#include "console/ask.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* End a request with an error whose sentence is the last one. */
static void fail(struct ask *a, int code)
{
    a->result = code;
    a->ref = 0;
    snprintf(a->sentence, sizeof a->sentence, "%s", dvm_last_error());
}

static size_t fail_open(struct ask *list, size_t count, int slot, int code)
{
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        if (list[i].ref && (slot == 0 || list[i].dst >> DVM_TID_N_BITS == slot)) {
            fail(&list[i], code);
            failed++;
        }
    return failed;
}

static size_t host_event(struct ask *list, size_t count, const uint8_t *payload, size_t length)
{
    Dvm__Pb__HostEvent *e = dvm__pb__host_event__unpack(NULL, length, payload);
    size_t ended = 0;

    if (e && e->event != 1 && e->host) {
        dvm_fail(DVM_ERR_HOST_GONE, "host %s %s while its answer was awaited%s%s", e->host->name,
                 e->event == 2 ? "left the machine" : "was lost", e->reason[0] ? ": " : "",
                 e->reason);
        ended = fail_open(list, count, (int)e->host->slot, DVM_ERR_HOST_GONE);
    }
    if (e)
        dvm__pb__host_event__free_unpacked(e, NULL);
    return ended;
}

static void take_answer(struct ask *a, const struct dvm_frame *f, const uint8_t *payload)
{
    if (f->tag == DVM_CTL_FAIL) {
        fail(a, client_failure(payload, f->length));
        return;
    }
    if (f->tag != a->want) {
        fail(a, dvm_fail(DVM_ERR_PROTOCOL, "the daemon answered with %s instead of %s",
                         dvm_control_name(f->tag), dvm_control_name(a->want)));
        return;
    }
    a->payload = malloc(f->length + 1);
    if (!a->payload) {
        fail(a, dvm_fail(DVM_ERR_NO_MEMORY, "no memory for an answer"));
        return;
    }
    memcpy(a->payload, payload, f->length);
    a->length = f->length;
    a->ref = 0;
    a->result = DVM_OK;
}

/* Returns how many requests the message ended. */
static size_t take(struct ask *list, size_t count, const struct dvm_frame *f,
                   const uint8_t *payload)
{
    if (f->tag == DVM_CTL_HOST_EVENT)
        return host_event(list, count, payload, f->length);
    if (!(f->flags & DVM_FLAG_REPLY) || f->ref == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].ref == f->ref) {
            take_answer(&list[i], f, payload);
            return 1;
        }
    return 0;
}

size_t ask_all(struct client *client, struct ask *list, size_t count, double timeout)
{
    double deadline = clock_seconds() + timeout;
    size_t open = 0, failed = 0;

    for (size_t i = 0; i < count; i++) {
        int r = client_send(client, list[i].dst, list[i].type, list[i].message, &list[i].ref);

        if (r)
            fail(&list[i], r);
        else
            open++;
    }
    while (open > 0) {
        struct dvm_frame f;
        const uint8_t *payload;
        double left = deadline - clock_seconds();
        int r = client_receive(client, &f, &payload, left > 0 ? left : 0);

        if (r == DVM_ERR_TIMEOUT)
            dvm_fail(r, "no answer within %.0f s", timeout);
        open -= r ? fail_open(list, count, 0, r) : take(list, count, &f, payload);
    }
    for (size_t i = 0; i < count; i++)
        failed += list[i].result != DVM_OK;
    return failed;
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

int ask_hosts(struct client *client, Dvm__Pb__HostsReply **out)
{
    struct dvm_frame f;
    const uint8_t *payload;
    int r = client_call(client, DVM_TID_DAEMON(client_info(client)->slot), DVM_CTL_HOSTS, NULL,
                        DVM_CTL_HOSTS_REPLY, &f, &payload, ASK_SECONDS);

    if (r)
        return r;
    *out = dvm__pb__hosts_reply__unpack(NULL, f.length, payload);
    if (!*out)
        return dvm_fail(DVM_ERR_PROTOCOL, "the daemon's list of hosts cannot be read; do dvm and "
                                          "dvmd have the same version? (dvm version)");
    qsort((*out)->hosts, (*out)->n_hosts, sizeof *(*out)->hosts, by_slot);
    return DVM_OK;
}
