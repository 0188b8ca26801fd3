/* cluster_probe.c: PROBE: which hosts does this one reach, at which addresses, how fast?
 *
 * Each host that is asked for is tried with a hello at its addresses (links/survey.h) and
 * sent a PROBE of its own, only to be answered, over the way that frames go now. A few are
 * at work at a time; what has not ended when time is over is answered as it is. An answer
 * may outlive its request, so it finds that by number.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "daemon/cluster/cluster_state.h"
#include "daemon/computer/checkup.h"
#include "daemon/daemon.h"
#include "daemon/lanes.h"
#include "daemon/links/survey.h"
#include "proto/control.pb-c.h"

#define PROBES_AT_ONCE 2     /* hosts that one request has tried at the same time: a handshake
                              * costs a millisecond of both sides' processors */
#define PROBINGS_MAX 16      /* requests at work; more are refused */
#define HOST_MS 2500         /* for one host */
#define TIME_DEFAULT_MS 10000
#define TIME_MAX_MS 60000
#define NS_PER_US 1000
#define MS_PER_SECOND 1000.0
#define ECHO_SLOT_BITS 12    /* of an echo's number: the rest is that of its request */

_Static_assert(DVM_SLOT_MAX < 1 << ECHO_SLOT_BITS, "a slot fits an echo's number");

struct probed {
    struct probing *probing;
    int slot;
    struct survey *survey; /* while it is at work */
    struct lanes_attempt *attempt; /* likewise, at its lane port */
    bool surveyed, echoed, called;
    uint64_t since;        /* ns: when the echo was asked for */
    uint32_t echo_us;
    struct survey_result list[TICKET_ADDRESSES];
    size_t count;
    struct lanes_tried lanes[CLUSTER_ADDRESSES];
    size_t lane_count;
    char lane_text[DVM_SENTENCE_MAX];
};

struct probing {
    struct probing *next;
    struct daemon *daemon; /* borrowed */
    unsigned number;
    struct dvm_frame request;
    ev_timer limit;
    ev_timer finish; /* it is answered from the loop, and at no other moment */
    size_t count, begun, open; /* open: hosts that are being tried */
    struct probed hosts[];
};

static void probing_free(struct probing *p)
{
    struct cluster *c = p->daemon->cluster;
    struct probing **at = &c->probing;

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    for (size_t i = 0; i < p->count; i++) {
        survey_cancel(p->hosts[i].survey);
        lanes_attempt_cancel(p->hosts[i].attempt);
    }
    ev_timer_stop(c->loop, &p->limit);
    ev_timer_stop(c->loop, &p->finish);
    free(p);
}

void cluster_probe_stop(struct cluster *c)
{
    while (c->probing)
        probing_free(c->probing);
}

/* ---- the answer ---------------------------------------------------------------------- */

/* One host of the answer with all that it points to. */
struct row {
    Dvm__Pb__ProbedHost host;
    Dvm__Pb__ProbedAddress address[TICKET_ADDRESSES], *pointers[TICKET_ADDRESSES];
    Dvm__Pb__ProbedAddress lane[CLUSTER_ADDRESSES], *lanes[CLUSTER_ADDRESSES];
};

/* What is not known when time is over is answered as far as it is. */
static void take_rest(const struct links *l, struct probed *h)
{
    struct ticket host;

    if (h->attempt)
        h->lane_count = lanes_attempt_look(h->attempt, h->lanes, h->lane_text);
    if (h->surveyed)
        return;
    if (h->survey) {
        h->count = survey_look(h->survey, h->list);
    } else if (l && links_way_back(l, h->slot, &host)) {
        h->count = host.addresses;
        for (size_t i = 0; i < h->count; i++) {
            h->list[i] = (struct survey_result){.result = DVM_PROBE_NOT_TRIED};
            memcpy(h->list[i].address, host.address[i], TICKET_ADDRESS_BYTES);
        }
        key_wipe(&host.key);
    }
}

static void fill_host(const struct links *l, struct probed *from, struct row *to)
{
    take_rest(l, from);
    dvm__pb__probed_host__init(&to->host);
    to->host.slot = (uint32_t)from->slot;
    to->host.connected = l && links_connected(l, from->slot);
    to->host.address = (char *)(uintptr_t)(l ? links_dialed(l, from->slot) : "");
    to->host.echo_us = from->echo_us;
    to->host.addresses = to->pointers;
    to->host.n_addresses = from->count;
    for (size_t i = 0; i < from->count; i++) {
        Dvm__Pb__ProbedAddress *a = to->pointers[i] = &to->address[i];

        dvm__pb__probed_address__init(a);
        a->address = from->list[i].address;
        a->result = from->list[i].result;
        a->rtt_us = from->list[i].rtt_us;
        a->ready_us = from->list[i].ready_us;
    }
    to->host.lane_text = from->lane_text;
    to->host.lanes = to->lanes;
    to->host.n_lanes = from->lane_count;
    for (size_t i = 0; i < from->lane_count; i++) {
        Dvm__Pb__ProbedAddress *a = to->lanes[i] = &to->lane[i];

        dvm__pb__probed_address__init(a);
        a->address = from->lanes[i].address;
        a->result = from->lanes[i].result;
    }
}

static void fill_findings(struct findings *from, Dvm__Pb__Finding *rows,
                          Dvm__Pb__Finding **pointers)
{
    for (size_t i = 0; i < from->count; i++) {
        dvm__pb__finding__init(&rows[i]);
        rows[i].check = from->list[i].check;
        rows[i].level = from->list[i].level;
        rows[i].code = from->list[i].code;
        rows[i].text = from->list[i].text;
        pointers[i] = &rows[i];
    }
}

static void answer(struct probing *p)
{
    struct daemon *d = p->daemon;
    Dvm__Pb__Probed reply = DVM__PB__PROBED__INIT;
    Dvm__Pb__Finding rows[FINDING_MAX], *pointers[FINDING_MAX];
    struct row *list = calloc(p->count + 1, sizeof *list);
    Dvm__Pb__ProbedHost **hosts = calloc(p->count + 1, sizeof(void *));
    struct findings findings = {.count = 0};

    if (!list || !hosts) {
        daemon_fail(d, &p->request, DVM_ERR_NO_MEMORY, "host %s has no memory to say which hosts "
                    "it reaches", d->host);
    } else {
        for (size_t i = 0; i < p->count; i++) {
            fill_host(d->cluster->links, &p->hosts[i], &list[i]);
            hosts[i] = &list[i].host;
        }
        checkup_computer(&findings, d->folder);
        fill_findings(&findings, rows, pointers);
        reply.hosts = hosts;
        reply.n_hosts = p->count;
        reply.findings = pointers;
        reply.n_findings = findings.count;
        daemon_answer(d, CLUSTER_CONTROL, &p->request, DVM_CTL_PROBED, &reply.base);
    }
    free(list);
    free(hosts);
}

static void on_end(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct probing *p = w->data;

    (void)loop, (void)revents;
    answer(p);
    probing_free(p);
}

/* ---- at work ------------------------------------------------------------------------- */

static bool is_done(const struct probing *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->hosts[i].surveyed || !p->hosts[i].echoed || !p->hosts[i].called)
            return false;
    return true;
}

static void on_echo(struct daemon *d, void *arg, int type, const uint8_t *payload, size_t length)
{
    uintptr_t number = (uintptr_t)arg;
    int slot = (int)(number & ((1U << ECHO_SLOT_BITS) - 1));
    struct probing *p = d->cluster->probing;

    (void)payload, (void)length;
    while (p && p->number != (unsigned)(number >> ECHO_SLOT_BITS))
        p = p->next;
    for (size_t i = 0; p && i < p->count; i++) {
        struct probed *h = &p->hosts[i];

        if (h->slot != slot)
            continue;
        h->echoed = true;
        if (type == DVM_CTL_PROBED)
            h->echo_us = (uint32_t)((clock_ns() - h->since) / NS_PER_US) + 1;
    }
    if (p && is_done(p) && !ev_is_active(&p->finish))
        ev_timer_start(p->daemon->loop, &p->finish);
}

static void ask_echo(struct probed *h)
{
    struct probing *p = h->probing;
    Dvm__Pb__Probe message = DVM__PB__PROBE__INIT;
    uintptr_t number = (uintptr_t)p->number << ECHO_SLOT_BITS | (unsigned)h->slot;

    message.echo = true;
    h->since = clock_ns();
    daemon_ask(p->daemon, h->slot, DVM_CTL_PROBE, &message.base, on_echo, (void *)number);
}

static void begin_more(struct probing *p);

/* One of the two that try a host has ended. */
static void tried(struct probed *h)
{
    struct probing *p = h->probing;

    if (!h->surveyed || !h->called)
        return;
    p->open--;
    begin_more(p);
    if (is_done(p) && !ev_is_active(&p->finish))
        ev_timer_start(p->daemon->loop, &p->finish);
}

static void on_survey(void *arg, const struct survey_result *list, size_t count)
{
    struct probed *h = arg;

    h->survey = NULL;
    h->surveyed = true;
    h->count = count;
    memcpy(h->list, list, count * sizeof *list);
    tried(h);
}

static void on_called(void *arg)
{
    struct probed *h = arg;

    h->lane_count = lanes_attempt_look(h->attempt, h->lanes, h->lane_text);
    lanes_attempt_cancel(h->attempt);
    h->attempt = NULL;
    h->called = true;
    tried(h);
}

static void begin(struct probed *h)
{
    struct probing *p = h->probing;
    struct cluster *c = p->daemon->cluster;
    struct ticket host;

    if (c->links && links_way_back(c->links, h->slot, &host)) {
        h->survey = survey_start(c->links, &host, HOST_MS, on_survey, h);
        key_wipe(&host.key);
    }
    if (h->survey) {
        p->open++;
        h->attempt = lanes_attempt_start(p->daemon->lanes, h->slot, on_called, h);
        h->called = !h->attempt;
        ask_echo(h);
    } else {
        h->surveyed = h->echoed = h->called = true; /* it has gone */
    }
}

static void begin_more(struct probing *p)
{
    while (p->begun < p->count && p->open < PROBES_AT_ONCE)
        begin(&p->hosts[p->begun++]);
}

static size_t count_probings(const struct cluster *c)
{
    size_t n = 0;

    for (const struct probing *p = c->probing; p; p = p->next)
        n++;
    return n;
}

/* Each member that is asked for, once, but for this host. */
static void take_slots(struct probing *p, const struct cluster *c, const Dvm__Pb__Probe *m)
{
    bool known[DVM_SLOT_MAX + 1] = {false};

    for (size_t i = 0; i < m->n_slots; i++) {
        uint32_t slot = m->slots[i];

        if (slot < 1 || slot > DVM_SLOT_MAX || known[slot] ||
            (int)slot == machine_self(c->machine) || !machine_host(c->machine, (int)slot))
            continue;
        known[slot] = true;
        p->hosts[p->count++] = (struct probed){.probing = p, .slot = (int)slot};
    }
}

static struct probing *probing_create(struct daemon *d, const struct dvm_frame *frame,
                                      const Dvm__Pb__Probe *m)
{
    struct cluster *c = d->cluster;
    size_t most = m->n_slots < DVM_SLOT_MAX ? m->n_slots : DVM_SLOT_MAX;
    struct probing *p = calloc(1, sizeof *p + most * sizeof *p->hosts);
    uint32_t ms = m->time_ms == 0 ? TIME_DEFAULT_MS
                                  : m->time_ms < TIME_MAX_MS ? m->time_ms : TIME_MAX_MS;

    if (!p)
        return NULL;
    p->daemon = d;
    p->request = *frame;
    p->number = ++c->probings;
    take_slots(p, c, m);
    ev_now_update(c->loop);
    ev_timer_init(&p->limit, on_end, ms / MS_PER_SECOND, 0.0);
    ev_timer_init(&p->finish, on_end, 0.0, 0.0);
    p->limit.data = p->finish.data = p;
    p->next = c->probing;
    c->probing = p;
    return p;
}

void cluster_on_probe(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Probe *m = dvm__pb__probe__unpack(NULL, frame->length, payload);
    Dvm__Pb__Probed none = DVM__PB__PROBED__INIT;
    struct probing *p;

    if (!m) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "a PROBE that cannot be read");
    } else if (m->echo) {
        daemon_answer(d, CLUSTER_CONTROL, frame, DVM_CTL_PROBED, &none.base);
    } else if (count_probings(d->cluster) == PROBINGS_MAX) {
        daemon_fail(d, frame, DVM_ERR_LIMIT, "host %s is asked by %d already which hosts it "
                    "reaches; ask again later", d->host, PROBINGS_MAX);
    } else if (!(p = probing_create(d, frame, m))) {
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "host %s has no memory to look which hosts it "
                    "reaches", d->host);
    } else {
        begin_more(p);
        ev_timer_start(d->loop, is_done(p) ? &p->finish : &p->limit);
    }
    dvm__pb__probe__free_unpacked(m, NULL);
}
