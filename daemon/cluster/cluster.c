/* cluster.c: the implementation of cluster.h: machine/ decides who is a member,
 * links/ moves the frames, and this file carries events from one to the other.
 *
 * Whatever comes in (a frame, a timer, a broken connection, a request) is given to
 * the machine with the time; then cluster_drain does what it decided: sends, adds and
 * removes links, calls host_up, host_down and end. A frame counts only if its source
 * tid belongs to the host whose link it came over.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/fnv.h"
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/join.h"
#include "base/log.h"
#include "daemon/cluster/cluster_state.h"
#include "daemon/links/address.h"

#define NS_PER_MS 1000000
#define MS_PER_SECOND 1000.0
#define PORTS_A_HOST 2 /* control and lanes */
#define FLUSH_MS 500 /* for the last words of a daemon that ends */

uint64_t cluster_now(void)
{
    return clock_ns() / NS_PER_MS;
}

/* ---- sending --------------------------------------------------------------------- */

static struct dvm_frame control(const struct cluster *c, int slot, int type, size_t length)
{
    return (struct dvm_frame){.version = DVM_FRAME_VERSION,
                              .op = DVM_OP_CONTROL,
                              .src = DVM_TID_DAEMON(machine_self(c->machine)),
                              .dst = DVM_TID_DAEMON(slot),
                              .tag = type,
                              .length = (uint32_t)length};
}

void cluster_tell(struct cluster *c, int slot, int type, const void *payload, size_t length)
{
    struct dvm_frame frame = control(c, slot, type, length);

    if (type == DVM_CTL_PING || type == DVM_CTL_PONG)
        links_send_loose(c->links, slot, &frame, payload);
    else if (links_send(c->links, slot, LINK_CONTROL, &frame, payload) != 0)
        log_warning("%s could not be sent to the host of slot %d", dvm_control_name(type), slot);
}

void cluster_answer(struct cluster *c, const struct dvm_frame *request, int type)
{
    struct dvm_frame frame = control(c, 0, type, 0);

    frame.dst = request->src;
    frame.ref = request->ref;
    frame.flags = DVM_FLAG_REPLY;
    if (DVM_TID_SLOT(frame.dst) == machine_self(c->machine))
        c->events.frame(c->arg, &frame, NULL);
    else
        cluster_send(c, DVM_TID_SLOT(frame.dst), CLUSTER_CONTROL, &frame, NULL);
}

struct target {
    struct cluster *c;
    int slot;
};

static void send_part(void *arg, int type, const void *payload, size_t length)
{
    const struct target *to = arg;
    const struct machine_host *host = NULL;

    if (to->slot != MACHINE_ALL) {
        cluster_tell(to->c, to->slot, type, payload, length);
        return;
    }
    while ((host = machine_next(to->c->machine, host ? host->slot : 0)) != NULL)
        if (host->slot != machine_self(to->c->machine))
            cluster_tell(to->c, host->slot, type, payload, length);
}

/* ---- doing what the machine decided ------------------------------------------------ */

static void host_fill(const struct cluster *c, struct cluster_host *to,
                      const struct machine_host *from)
{
    memset(to, 0, sizeof *to);
    to->slot = from->slot;
    to->incarnation = from->incarnation;
    to->state = from->state;
    to->cores = from->cores;
    to->computer = from->computer;
    to->tasks = from->tasks;
    to->self = from->slot == machine_self(c->machine);
    to->coordinator = from->slot == machine_coordinator(c->machine);
    memcpy(to->name, from->name, sizeof to->name);
    memcpy(to->arch, from->arch, sizeof to->arch);
    memcpy(to->version, from->version, sizeof to->version);
    snprintf(to->address, sizeof to->address, "%s",
             from->addresses ? endpoint_shown(from->address[0]) : "local");
}

static int link_add(struct cluster *c, const struct machine_host *host)
{
    struct links_peer peer = {host->slot, host->incarnation, host->key, host->address,
                              host->addresses};

    return links_peer_add(c->links, &peer);
}

static void do_up(struct cluster *c, const struct machine_host *host)
{
    struct cluster_host told;

    if (host->slot == machine_self(c->machine))
        return;
    if (link_add(c, host) != 0)
        log_error("no memory for links to %s: it cannot be reached", host->name);
    log_debug("host %s joined (slot %d, %d cores, %s)", host->name, host->slot, host->cores,
             host->addresses ? endpoint_shown(host->address[0]) : "no address");
    host_fill(c, &told, host);
    if (!c->closing)
        c->events.host_up(c->arg, &told);
}

static void do_down(struct cluster *c, const struct machine_action *a)
{
    struct cluster_host told;

    log_debug("host %s %s: %s", a->host.name, a->lost ? "was lost" : "left", a->text);
    links_peer_remove(c->links, a->host.slot, a->text);
    host_fill(c, &told, &a->host);
    if (!c->closing)
        c->events.host_down(c->arg, &told, a->lost, a->text);
}

static void do_removed(struct cluster *c, uint64_t token)
{
    for (struct waiting **at = &c->waiting; *at; at = &(*at)->next) {
        struct waiting *w = *at;

        if (w->token != token)
            continue;
        *at = w->next;
        if (!c->closing)
            cluster_answer(c, &w->request, DVM_CTL_OK);
        free(w);
        return;
    }
}

static void do_action(struct cluster *c, const struct machine_action *a)
{
    struct target to = {c, a->slot};

    switch (a->type) {
    case MACHINE_DO_SEND:
        if (c->links)
            cluster_message_write(&a->message, send_part, &to);
        break;
    case MACHINE_DO_UP:
        do_up(c, &a->host);
        break;
    case MACHINE_DO_DOWN:
        do_down(c, a);
        break;
    case MACHINE_DO_REMOVED:
        do_removed(c, a->token);
        break;
    case MACHINE_DO_DOUBT:
        log_debug("nothing is heard of slot %d: is there another way?", a->slot);
        links_doubt(c->links, a->slot);
        break;
    case MACHINE_DO_AWAY:
        cluster_away(c, a->text);
        break;
    case MACHINE_DO_REJOIN:
        cluster_rejoin(c);
        break;
    case MACHINE_DO_END:
        log_debug("this daemon ends: %s", a->text);
        if (!c->closing)
            c->events.end(c->arg, a->status, a->text);
        break;
    }
}

static void rearm(struct cluster *c)
{
    uint64_t at = machine_deadline(c->machine), now;

    if (at == c->armed)
        return;
    c->armed = at;
    ev_timer_stop(c->loop, &c->timer);
    if (at == MACHINE_NEVER)
        return;
    now = cluster_now();
    ev_now_update(c->loop);
    ev_timer_set(&c->timer, at > now ? (double)(at - now) / MS_PER_SECOND : 0.0, 0.0);
    ev_timer_start(c->loop, &c->timer);
}

void cluster_drain(struct cluster *c)
{
    struct machine_action a;

    if (c->draining)
        return;
    c->draining = true;
    while (machine_action(c->machine, &a)) {
        do_action(c, &a);
        machine_message_free(&a.message);
    }
    c->draining = false;
    rearm(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct cluster *c = w->data;
    uint64_t now = cluster_now();

    (void)loop, (void)revents;
    if (now < c->armed && c->armed != MACHINE_NEVER) {
        c->armed = MACHINE_NEVER; /* a timer may be a little early: again */
        rearm(c);
        return;
    }
    c->armed = MACHINE_NEVER;
    if (c->events.load)
        machine_load(c->machine, c->events.load(c->arg));
    machine_tick(c->machine, now);
    cluster_drain(c);
}

/* ---- what links report --------------------------------------------------------------- */

/* Add a part of MEMBERS to what came before it. False without memory. */
static bool assemble(struct cluster *c, struct machine_message *part)
{
    struct machine_message *whole = &c->partial;
    size_t entries = whole->entry_count + part->entry_count;
    size_t hosts = whole->snapshot_count + part->snapshot_count;
    struct machine_entry *e = realloc(whole->entries, (entries + 1) * sizeof *e);
    struct machine_host *h = realloc(whole->snapshot, (hosts + 1) * sizeof *h);

    whole->entries = e ? e : whole->entries;
    whole->snapshot = h ? h : whole->snapshot;
    if (!e || !h || entries > MACHINE_LOG_KEPT || hosts > MACHINE_SLOTS)
        return false;
    memcpy(e + whole->entry_count, part->entries, part->entry_count * sizeof *e);
    memcpy(h + whole->snapshot_count, part->snapshot, part->snapshot_count * sizeof *h);
    whole->entry_count = entries;
    whole->snapshot_count = hosts;
    whole->type = part->type;
    whole->log_index = part->log_index;
    return true;
}

static void drop_partial(struct cluster *c)
{
    machine_message_free(&c->partial);
    memset(&c->partial, 0, sizeof c->partial);
}

static void take_own(struct cluster *c, int slot, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    struct machine_message msg;
    bool more;

    if (frame->tag == DVM_CTL_CONNECT) {
        links_dial(c->links, slot, NULL);
        return;
    }
    if (!cluster_message_read(frame->tag, payload, frame->length, &msg, &more)) {
        log_warning("%s from slot %d is malformed", dvm_control_name(frame->tag), slot);
        return;
    }
    if (msg.type == MACHINE_MEMBERS && !assemble(c, &msg)) {
        drop_partial(c);
    } else if (msg.type == MACHINE_MEMBERS && !more) {
        machine_receive(c->machine, cluster_now(), slot, &c->partial);
        drop_partial(c);
    } else if (msg.type != MACHINE_MEMBERS) {
        machine_receive(c->machine, cluster_now(), slot, &msg);
    }
    machine_message_free(&msg);
    cluster_drain(c);
}

static void on_frame(void *arg, int slot, enum link_class class, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    struct cluster *c = arg;

    (void)class;
    if (DVM_TID_SLOT(frame->src) != slot ||
        DVM_TID_SLOT(frame->dst) != machine_self(c->machine)) {
        log_warning("a frame from slot %d for tid %x names tid %x as its source: dropped", slot,
                    (unsigned)frame->dst, (unsigned)frame->src);
        return;
    }
    if (frame->op == DVM_OP_CONTROL && DVM_TID_N(frame->dst) == 0 &&
        DVM_TID_N(frame->src) == 0 && cluster_message_own(frame->tag))
        take_own(c, slot, frame, payload);
    else if (!c->closing)
        c->events.frame(c->arg, frame, payload);
}

static void on_heard(void *arg, int slot)
{
    struct cluster *c = arg;

    machine_heard(c->machine, cluster_now(), slot);
}

static void on_connection(void *arg, int slot, bool up)
{
    struct cluster *c = arg;

    log_debug("the connection with slot %d is %s", slot, up ? "up" : "broken");
    machine_connection(c->machine, cluster_now(), slot, up);
    cluster_drain(c);
}

static void on_taken(void *arg, int slot)
{
    struct cluster *c = arg;

    machine_taken(c->machine, slot);
}

static void on_bye(void *arg, const char *why)
{
    struct cluster *c = arg;

    machine_expelled(c->machine, cluster_now(), why);
    cluster_drain(c);
}

static void on_want_dial(void *arg, int slot)
{
    cluster_tell(arg, slot, DVM_CTL_CONNECT, NULL, 0);
}

const struct links_events cluster_links_events = {
    .frame = on_frame,
    .heard = on_heard,
    .connection = on_connection,
    .taken = on_taken,
    .join = cluster_on_join,
    .bye = on_bye,
    .want_dial = on_want_dial,
};

/* ---- life ------------------------------------------------------------------------ */

/* A number that all daemons of this computer come to, since it was booted. */
static uint64_t computer(void)
{
    char id[64]; /* more than a boot id */
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    size_t got = f ? fread(id, 1, sizeof id, f) : 0;

    if (f)
        fclose(f);
    return got ? fnv64(FNV64_BEGIN, id, got) : 0;
}

void cluster_describe(const struct cluster_config *config, struct machine_host *out)
{
    struct utsname system;

    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", config->host);
    out->cores = config->cores;
    out->computer = computer();
    out->state = DVM_HOST_UP;
    if (uname(&system) == 0)
        snprintf(out->arch, sizeof out->arch, "%.15s", system.machine);
    snprintf(out->version, sizeof out->version, "%d.%d.%d", DVM_VERSION_MAJOR, DVM_VERSION_MINOR,
             DVM_VERSION_PATCH);
}

struct cluster *cluster_new(struct ev_loop *loop, const struct cluster_config *config,
                            const struct cluster_events *events, void *arg)
{
    struct cluster *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->loop = loop;
    c->events = *events;
    c->arg = arg;
    c->port = config->port;
    c->port_most = config->port_most;
    c->port_from = config->port_from;
    c->lane_security = config->lane_security;
    c->armed = MACHINE_NEVER;
    snprintf(c->bind, sizeof c->bind, "%s", config->bind ? config->bind : "");
    snprintf(c->machine_name, sizeof c->machine_name, "%s", config->machine);
    ev_timer_init(&c->timer, on_timer, 0.0, 0.0);
    c->timer.data = c;
    return c;
}

int cluster_create(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                   const struct cluster_events *events, void *arg, char *error, size_t size)
{
    struct cluster *c = cluster_new(loop, config, events, arg);
    struct machine_config rules = {(uint64_t)(config->silence * MS_PER_SECOND),
                                   (uint64_t)(config->rejoin * MS_PER_SECOND)};
    struct machine_host self;

    cluster_describe(config, &self);
    if (c && getrandom(&self.incarnation, sizeof self.incarnation, 0) < 0) {
        snprintf(error, size, "the system has no random numbers: %s", strerror(errno));
        cluster_destroy(c);
        return DVM_ERR_SYSTEM;
    }
    if (c) {
        c->tickets = tickets_create();
        c->machine = machine_start(&rules, cluster_now(), &self);
    }
    if (!c || !c->tickets || !c->machine) {
        cluster_destroy(c);
        snprintf(error, size, "no memory for the machine");
        return DVM_ERR_NO_MEMORY;
    }
    *out = c;
    return DVM_OK;
}

static int open_links(struct cluster *c, char *error, size_t size)
{
    const char *bind = c->bind[0] ? c->bind : NULL;
    int port = c->port, code;
    size_t used;

    /* another may take a port between the look and the use: then the next is tried */
    for (; port < c->port_most; port += PORTS_A_HOST)
        if (address_port_pair(bind, port) == port &&
            links_create(&c->links, c->loop, bind, port, &cluster_links_events, c, error,
                         size) == 0)
            return 0;
    if (c->port_most > c->port) {
        join_mark(JOIN_PORT);
        snprintf(error, size, "no two neighbouring ports from %d to %d are free on this host; "
                 "give a larger range (port, %s)", c->port, c->port_most, c->port_from);
        return DVM_ERR_SYSTEM;
    }
    code = links_create(&c->links, c->loop, bind, port, &cluster_links_events, c, error, size);
    used = strlen(error);
    if (code == DVM_ERR_SYSTEM && port)
        snprintf(error + used, size - used, " (port, %s; of a range a free one is taken)",
                 c->port_from);
    return code;
}

int cluster_open_links(struct cluster *c, char *error, size_t size)
{
    int code = open_links(c, error, size);

    if (code == 0 && c->events.listening)
        c->events.listening(c->arg, links_port(c->links));
    return code;
}

int cluster_listen(struct cluster *c, char *error, size_t size)
{
    const struct machine_host *self = machine_host(c->machine, machine_self(c->machine));
    struct machine_host where = *self;
    int code;

    if (c->links)
        return 0;
    code = cluster_open_links(c, error, size);
    if (code != 0)
        return code;
    links_identity(c->links, self->slot, self->incarnation);
    links_relay(c->links, machine_coordinator(c->machine));
    links_silence(c->links, machine_silence(c->machine));
    memcpy(where.key, links_key(c->links), sizeof where.key);
    where.port = links_port(c->links);
    where.addresses = links_addresses(c->links, where.address);
    machine_listen(c->machine, &where);
    log_info("listening on port %d", where.port);
    return 0;
}

void cluster_destroy(struct cluster *c)
{
    if (!c)
        return;
    c->closing = true;
    cluster_probe_stop(c);
    if (c->machine && c->links) {
        machine_leave(c->machine, "its daemon ended");
        cluster_drain(c);
        links_flush(c->links, FLUSH_MS);
    }
    ev_timer_stop(c->loop, &c->timer);
    cluster_rejoin_free(c->rejoin);
    links_destroy(c->links);
    machine_destroy(c->machine);
    tickets_destroy(c->tickets);
    drop_partial(c);
    while (c->waiting) {
        struct waiting *w = c->waiting;

        c->waiting = w->next;
        free(w);
    }
    free(c->list);
    free(c);
}

/* ---- reading and sending ------------------------------------------------------------ */

double cluster_silence(const struct cluster *c)
{
    return (double)machine_silence(c->machine) / MS_PER_SECOND;
}

enum setting_lane_security cluster_lane_security(const struct cluster *c)
{
    return c->lane_security;
}

size_t cluster_addresses(const struct cluster *c, int port,
                         char out[CLUSTER_ADDRESSES][ENDPOINT_BYTES])
{
    return address_list(c->bind[0] ? c->bind : NULL, port, out);
}

int cluster_self(const struct cluster *c)
{
    return machine_self(c->machine);
}

int cluster_coordinator(const struct cluster *c)
{
    return machine_coordinator(c->machine);
}

/* Bring the list up to date. */
static bool refresh(struct cluster *c)
{
    const struct machine_host *host = NULL;
    struct cluster_host *list;
    size_t n = 0;

    if (c->events.load && !c->closing)
        machine_load(c->machine, c->events.load(c->arg));
    if (!c->list || c->version != machine_version(c->machine)) {
        list = realloc(c->list, machine_count(c->machine) * sizeof *list);
        if (!list)
            return false;
        c->list = list;
    }
    while ((host = machine_next(c->machine, host ? host->slot : 0)) != NULL)
        host_fill(c, &c->list[n++], host);
    assert(n == machine_count(c->machine));
    c->count = n;
    c->version = machine_version(c->machine);
    return true;
}

const struct cluster_host *cluster_hosts(const struct cluster *c, size_t *count)
{
    struct cluster *mine = (struct cluster *)c; /* the list is only a cache */

    *count = refresh(mine) ? c->count : 0;
    return c->list;
}

const struct cluster_host *cluster_host(const struct cluster *c, int slot)
{
    size_t count, low = 0, high;
    const struct cluster_host *list;

    if (!machine_host(c->machine, slot))
        return NULL;
    list = cluster_hosts(c, &count);
    for (high = count; low < high;) {
        size_t middle = (low + high) / 2;

        if (list[middle].slot == slot)
            return &list[middle];
        if (list[middle].slot < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int cluster_load(struct cluster *c, uint64_t *change)
{
    const struct machine_host *self = machine_host(c->machine, machine_self(c->machine));

    machine_load(c->machine, c->events.load(c->arg));
    *change = self->change;
    return self->tasks;
}

void cluster_load_of(struct cluster *c, int slot, int tasks, uint64_t change)
{
    machine_load_of(c->machine, slot, tasks, change);
}

int cluster_send(struct cluster *c, int slot, enum cluster_class class,
                 const struct dvm_frame *frame, const void *payload)
{
    if (!c->links || slot == machine_self(c->machine))
        return DVM_ERR_NO_HOST;
    return links_send(c->links, slot, class == CLUSTER_BULK ? LINK_BULK : LINK_CONTROL, frame,
                      payload);
}

size_t cluster_queued(const struct cluster *c, int slot)
{
    return c->links ? links_queued(c->links, slot, LINK_BULK) +
                          links_queued(c->links, slot, LINK_CONTROL)
                    : 0;
}
