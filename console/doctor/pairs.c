/* pairs.c: dvm doctor without operands: each member's daemon tries the addresses of all
 * others and says what its own computer is like (PROBE); here the two views of a pair are
 * put together. A direct connection is made by the host with the higher slot, which joined later;
 * so its view decides, and that of the other is only told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "console/ask.h"
#include "console/doctor/doctor.h"

#define MS_PER_SECOND 1000
#define PROBE_SECONDS_MAX 60.0
#define GRACE_SECONDS 5.0 /* for the answers, once the daemons' time is over */
#define ROUNDS 2.0        /* so many times a daemon's time is waited for all of them */
#define ASKED_AT_ONCE 16  /* daemons: more would take the processors of simulated hosts */

/* ---- asking -------------------------------------------------------------------------- */

static int by_slot(const void *a, const void *b)
{
    const Dvm__Pb__ProbedHost *const *x = a, *const *y = b;

    return (*x)->slot < (*y)->slot ? -1 : (*x)->slot > (*y)->slot;
}

static void take_findings(struct findings *to, const Dvm__Pb__Probed *from)
{
    for (size_t i = 0; i < from->n_findings && to->count < FINDING_MAX; i++) {
        const Dvm__Pb__Finding *m = from->findings[i];
        struct finding *f = &to->list[to->count++];

        *f = (struct finding){.level = m->level < FINDING_LEVELS ? (enum finding_level)m->level
                                                                 : FINDING_BAD};
        snprintf(f->check, sizeof f->check, "%s", m->check);
        snprintf(f->code, sizeof f->code, "%s", m->code);
        snprintf(f->text, sizeof f->text, "%s", m->text);
    }
}

static void take_report(struct doctor_host *h, const struct ask *a)
{
    if (!a->result)
        h->report = dvm__pb__probed__unpack(NULL, a->length, a->payload);
    if (!h->report) {
        finding_add(&h->findings, FINDING_BAD, FINDING_NO_ANSWER, "%.250s",
                    a->result ? a->sentence : "its report cannot be read");
        return;
    }
    qsort(h->report->hosts, h->report->n_hosts, sizeof *h->report->hosts, by_slot);
    take_findings(&h->findings, h->report);
    finding_well(&h->findings, "daemon", "it answers");
}

/* Daemons that are asked one after the other. */
struct queue {
    const struct doctor *d;
    struct client *client;
    struct ask *asks;
    size_t first, next, count;
};

static void ask_next(void *arg, struct ask *a)
{
    struct queue *q = arg;

    (void)a;
    while (q->next < q->count) {
        struct ask *one = &q->asks[q->next];

        one->dst = DVM_TID_DAEMON(q->d->hosts[q->first + q->next++].slot);
        if (ask_send(q->client, one) == DVM_OK)
            return;
    }
}

/* Ask the members, which begin at first in d->hosts. */
static int ask_members(struct doctor *d, struct client *client, size_t first)
{
    size_t count = d->count - first;
    struct ask *asks = calloc(count, sizeof *asks);
    uint32_t *slots = calloc(count, sizeof *slots);
    Dvm__Pb__Probe message = DVM__PB__PROBE__INIT;
    double seconds = d->seconds < PROBE_SECONDS_MAX ? d->seconds : PROBE_SECONDS_MAX;
    struct queue q = {.d = d, .client = client, .asks = asks, .first = first, .count = count,
                      .next = count < ASKED_AT_ONCE ? count : ASKED_AT_ONCE};
    const struct ask_calls calls = {.done = ask_next, .arg = &q};

    if (!asks || !slots) {
        free(asks);
        free(slots);
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts", count);
    }
    for (size_t i = 0; i < count; i++) {
        slots[i] = (uint32_t)d->hosts[first + i].slot;
        asks[i] = (struct ask){.type = DVM_CTL_PROBE, .want = DVM_CTL_PROBED,
                               .message = &message.base};
        if (i < q.next)
            asks[i].dst = DVM_TID_DAEMON(d->hosts[first + i].slot);
    }
    message.slots = slots;
    message.n_slots = count;
    message.time_ms = (uint32_t)(seconds * MS_PER_SECOND);
    ask_each(client, asks, count, ROUNDS * seconds + GRACE_SECONDS, &calls);
    for (size_t i = 0; i < count; i++)
        take_report(&d->hosts[first + i], &asks[i]);
    ask_free(asks, count);
    free(asks);
    free(slots);
    return DVM_OK;
}

/* ---- judging ------------------------------------------------------------------------- */

/* What a host says of another. */
static const Dvm__Pb__ProbedHost *view(const struct doctor_host *from, int slot)
{
    Dvm__Pb__ProbedHost key = DVM__PB__PROBED_HOST__INIT, *pointer = &key, **found;

    if (!from->report || from->report->n_hosts == 0)
        return NULL;
    key.slot = (uint32_t)slot;
    found = bsearch(&pointer, from->report->hosts, from->report->n_hosts, sizeof pointer, by_slot);
    return found ? *found : NULL;
}

/* The address that was good, or NULL. */
static const Dvm__Pb__ProbedAddress *good_of(const Dvm__Pb__ProbedHost *h)
{
    for (size_t i = 0; h && i < h->n_addresses; i++)
        if (h->addresses[i]->result == DVM_PROBE_GOOD)
            return h->addresses[i];
    return NULL;
}

static bool has(Dvm__Pb__ProbedAddress **tried, size_t count, enum dvm_probe result)
{
    for (size_t i = 0; i < count; i++)
        if (tried[i]->result == result)
            return true;
    return false;
}

/* The code of what is in the way: the first that was met, of these. */
static enum finding_code code_of(const Dvm__Pb__ProbedHost *h)
{
    static const struct {
        enum dvm_probe result;
        enum finding_code code;
    } rows[] = {
        {DVM_PROBE_SILENT, FINDING_SILENT},     {DVM_PROBE_REFUSED, FINDING_REFUSED},
        {DVM_PROBE_STRANGER, FINDING_STRANGER}, {DVM_PROBE_NO_ROUTE, FINDING_ROUTE},
        {DVM_PROBE_NOT_TRIED, FINDING_NOT_TRIED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (has(h->addresses, h->n_addresses, rows[i].result))
            return rows[i].code;
    return FINDING_ADDRESS;
}

/* A finding with all addresses that were tried, and what came of each. */
static void add_tried(struct findings *to, enum finding_level level, enum finding_code code,
                      Dvm__Pb__ProbedAddress **tried, size_t count)
{
    char text[FINDING_TEXT_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.63s %s", i ? ", " : "",
                                 tried[i]->address, doctor_probe_name(tried[i]->result));
    finding_add(to, level, code, "%s", text[0] ? text : finding_row((int)code)->cause);
}

static void set_fault(struct doctor_pair *p, enum finding_level level, enum finding_code code,
                      const Dvm__Pb__ProbedHost *tried)
{
    struct findings one = {.count = 0};

    add_tried(&one, level, code, tried ? tried->addresses : NULL, tried ? tried->n_addresses : 0);
    p->fault = one.list[0];
}

static void judge(struct doctor_pair *p)
{
    const Dvm__Pb__ProbedAddress *good = good_of(p->there);

    p->connected = (p->there && p->there->connected) || (p->back && p->back->connected);
    p->address = good ? good->address : "";
    p->rtt_us = good ? good->rtt_us : 0;
    p->echo_us = p->there && p->there->echo_us ? p->there->echo_us
                                               : p->back ? p->back->echo_us : 0;
    p->way = good || p->connected ? DOCTOR_DIRECT : p->there ? DOCTOR_RELAYED : DOCTOR_UNKNOWN;
    p->who = p->high;
    p->where = p->low;
    if (p->way == DOCTOR_RELAYED) {
        set_fault(p, FINDING_BAD, code_of(p->there), p->there);
    } else if (p->way == DOCTOR_UNKNOWN) {
        p->where = p->high;
        p->who = p->low;
        set_fault(p, FINDING_BAD, FINDING_NO_ANSWER, NULL);
    } else if (!p->echo_us) {
        /* whoever reported has asked the other in vain */
        p->who = p->there ? p->high : p->low;
        p->where = p->there ? p->low : p->high;
        set_fault(p, FINDING_BAD, FINDING_NO_ECHO, NULL);
    } else if (p->back && !good_of(p->back) && code_of(p->back) != FINDING_NOT_TRIED) {
        p->where = p->high;
        p->who = p->low;
        set_fault(p, FINDING_NOTE, FINDING_ONE_WAY, p->back);
    }
}

/* Whether tasks of low can dial those of high, by what the daemon of low has tried. */
static void judge_lane(struct doctor_pair *p)
{
    static const struct {
        enum dvm_probe result;
        enum finding_code code;
    } rows[] = {
        {DVM_PROBE_SILENT, FINDING_LANE_SILENT},     {DVM_PROBE_REFUSED, FINDING_LANE_REFUSED},
        {DVM_PROBE_STRANGER, FINDING_LANE_STRANGER}, {DVM_PROBE_NO_ROUTE, FINDING_LANE_ROUTE},
    };
    const Dvm__Pb__ProbedHost *h = p->back;
    struct findings one = {.count = 0};

    p->lane_address = "";
    p->lane = DOCTOR_UNKNOWN; /* also of a daemon that does not know of lanes */
    for (size_t i = 0; h && i < h->n_lanes; i++)
        if (h->lanes[i]->result == DVM_PROBE_GOOD) {
            p->lane = DOCTOR_DIRECT;
            p->lane_address = h->lanes[i]->address;
            return;
        }
    if (h && h->lane_text[0])
        finding_add(&one, FINDING_NOTE, FINDING_LANE_CLOSED, "%.250s", h->lane_text);
    for (size_t i = 0; h && one.count == 0 && i < sizeof rows / sizeof rows[0]; i++)
        if (has(h->lanes, h->n_lanes, rows[i].result))
            add_tried(&one, FINDING_NOTE, rows[i].code, h->lanes, h->n_lanes);
    if (one.count == 0)
        return;
    p->lane = DOCTOR_RELAYED;
    p->lane_fault = one.list[0];
}

static int judge_all(struct doctor *d, size_t first)
{
    size_t count = d->count - first;

    d->pairs = calloc(count * (count - 1) / 2 + 1, sizeof *d->pairs);
    if (!d->pairs)
        return dvm_fail(DVM_ERR_NO_MEMORY, "no memory for the pairs of %zu hosts", count);
    for (size_t i = first; i < d->count; i++)
        for (size_t k = i + 1; k < d->count; k++) {
            struct doctor_pair *p = &d->pairs[d->pair_count++];

            p->low = &d->hosts[i];
            p->high = &d->hosts[k];
            p->there = view(p->high, p->low->slot);
            p->back = view(p->low, p->high->slot);
            judge(p);
            judge_lane(p);
        }
    return DVM_OK;
}

int doctor_members(struct doctor *d, struct client *client)
{
    Dvm__Pb__HostsReply *reply;
    size_t first = d->count, coordinator = SIZE_MAX;
    int r = ask_hosts(client, &reply);

    if (r)
        return console_failed(d->c, r);
    snprintf(d->machine, sizeof d->machine, "%s", reply->machine);
    for (size_t i = 0; !r && i < reply->n_hosts; i++) {
        struct doctor_host *h;

        if (reply->hosts[i]->state != DVM_HOST_UP)
            continue;
        h = doctor_host_add(d, reply->hosts[i]->name, DOCTOR_MEMBER);
        if (!h) {
            r = dvm_fail(DVM_ERR_NO_MEMORY, "no memory for %zu hosts", reply->n_hosts);
            break;
        }
        h->slot = (int)reply->hosts[i]->slot;
        if (reply->hosts[i]->coordinator)
            coordinator = d->count - 1;
    }
    dvm__pb__hosts_reply__free_unpacked(reply, NULL);
    if (!r)
        r = ask_members(d, client, first);
    if (!r && coordinator != SIZE_MAX)
        d->coordinator = &d->hosts[coordinator];
    if (!r)
        r = judge_all(d, first);
    return r ? console_failed(d->c, r) : EXIT_OK;
}
