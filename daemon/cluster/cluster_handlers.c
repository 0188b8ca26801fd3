/* cluster_handlers.c: the table of the cluster's control messages (cluster.h).
 *
 * Every daemon answers HOSTS with what it knows. INVITE, REMOVE and HALT are the
 * coordinator's; another daemon refuses them and names it. The messages between
 * daemons are taken by the cluster itself before they reach a table (cluster.c),
 * as they are handled even while the rest of the daemon is not there yet; their
 * rows here refuse whoever sends them otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/cluster/cluster_state.h"
#include "daemon/daemon.h"
#include "proto/control.pb-c.h"

#define SENTENCE_BYTES 512

static void host_fill(Dvm__Pb__Host *to, const struct cluster_host *from)
{
    dvm__pb__host__init(to);
    to->slot = (uint32_t)from->slot;
    to->incarnation = from->incarnation;
    to->name = (char *)from->name;
    to->address = (char *)from->address;
    to->arch = (char *)from->arch;
    to->version = (char *)from->version;
    to->cores = (uint32_t)from->cores;
    to->tasks = (uint32_t)from->tasks;
    to->state = (uint32_t)from->state;
    to->coordinator = from->coordinator;
    if (from->coordinator)
        to->survives = (char *)"none";
}

static void on_hosts(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__HostsReply reply = DVM__PB__HOSTS_REPLY__INIT;
    size_t count;
    const struct cluster_host *hosts = cluster_hosts(d->cluster, &count);
    Dvm__Pb__Host *rows = calloc(count + 1, sizeof *rows);
    Dvm__Pb__Host **pointers = calloc(count + 1, sizeof *pointers);
    uint8_t *packed = NULL;

    (void)payload;
    if (rows && pointers) {
        for (size_t i = 0; i < count; i++) {
            host_fill(&rows[i], &hosts[i]);
            pointers[i] = &rows[i];
        }
        reply.hosts = pointers;
        reply.n_hosts = count;
        reply.machine = d->machine;
        reply.self = (uint32_t)cluster_self(d->cluster);
        reply.lane_security = (uint32_t)cluster_lane_security(d->cluster) + 1;
        packed = malloc(dvm__pb__hosts_reply__get_packed_size(&reply));
    }
    if (packed)
        daemon_reply(d, frame, DVM_CTL_HOSTS_REPLY, packed,
                     dvm__pb__hosts_reply__pack(&reply, packed));
    else
        daemon_fail(d, frame, DVM_ERR_NO_MEMORY, "no memory for the list of hosts");
    free(packed);
    free(pointers);
    free(rows);
}

/* Whether this daemon coordinates; if not, the request is refused. */
static bool coordinates(struct daemon *d, const struct dvm_frame *frame)
{
    const struct cluster_host *c;

    if (cluster_self(d->cluster) == cluster_coordinator(d->cluster))
        return true;
    c = cluster_host(d->cluster, cluster_coordinator(d->cluster));
    daemon_fail(d, frame, DVM_ERR_REFUSED, "%s does not coordinate the machine; ask %s for %s",
                d->host, c ? c->name : "the coordinator", dvm_control_name(frame->tag));
    return false;
}

/* A ticket, or an offer for those who make tickets themselves. */
static int invite(struct cluster *c, const Dvm__Pb__Invite *ask, char *text, char *error,
                  size_t size)
{
    if (ask->key.len > 0 && ask->key.len != KEY_BYTES) {
        snprintf(error, size, "a key of %zu bytes; it has %d", ask->key.len, KEY_BYTES);
        return DVM_ERR_ARG;
    }
    if (ask->key.len > 0)
        return cluster_admit(c, ask->key.data, ask->seconds, text, error, size);
    return ask->offer ? cluster_admit(c, NULL, 0, text, error, size)
                      : cluster_invite(c, ask->uses, ask->seconds, text, error, size);
}

static void on_invite(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Invite *ask = dvm__pb__invite__unpack(NULL, frame->length, payload);
    Dvm__Pb__InviteReply reply = DVM__PB__INVITE_REPLY__INIT;
    char text[TICKET_TEXT_BYTES], error[SENTENCE_BYTES];
    uint8_t packed[TICKET_TEXT_BYTES + 16];
    int code;

    if (!ask) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "the request for a ticket is malformed");
    } else if (d->is_private) {
        daemon_fail(d, frame, DVM_ERR_REFUSED, "a private machine invites nobody");
    } else if (coordinates(d, frame)) {
        code = invite(d->cluster, ask, text, error, sizeof error);
        reply.ticket = text;
        if (code != 0)
            daemon_fail(d, frame, code, "%s", error);
        else
            daemon_reply(d, frame, DVM_CTL_INVITE_REPLY, packed,
                         dvm__pb__invite_reply__pack(&reply, packed));
        explicit_bzero(text, sizeof text);
        explicit_bzero(packed, sizeof packed);
    }
    if (ask)
        dvm__pb__invite__free_unpacked(ask, NULL);
}

static void on_remove(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Remove *ask = dvm__pb__remove__unpack(NULL, frame->length, payload);
    struct cluster *c = d->cluster;
    struct waiting *w = calloc(1, sizeof *w);
    char error[SENTENCE_BYTES];
    int code;

    if (!ask || !w) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "the request to remove a host is malformed");
    } else if (coordinates(d, frame)) {
        w->token = ++c->next_token;
        w->request = *frame;
        code = machine_remove(c->machine, cluster_now(), ask->name, w->token, error,
                              sizeof error);
        if (code != 0) {
            daemon_fail(d, frame, code, "%s", error);
        } else {
            w->next = c->waiting;
            c->waiting = w;
            w = NULL;
            cluster_drain(c);
        }
    }
    free(w);
    if (ask)
        dvm__pb__remove__free_unpacked(ask, NULL);
}

static void on_halt(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Halt *ask = dvm__pb__halt__unpack(NULL, frame->length, payload);
    char error[SENTENCE_BYTES];
    int code;

    if (!ask) {
        daemon_fail(d, frame, DVM_ERR_PROTOCOL, "the request to halt is malformed");
    } else if (coordinates(d, frame)) {
        code = machine_halt(d->cluster->machine, cluster_now(), ask->reason, error, sizeof error);
        if (code != 0)
            daemon_fail(d, frame, code, "%s", error);
        else
            daemon_ok(d, frame);
        cluster_drain(d->cluster);
    }
    if (ask)
        dvm__pb__halt__free_unpacked(ask, NULL);
}

static void on_load(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Load *m = dvm__pb__load__unpack(NULL, frame->length, payload);

    if (m && m->tasks <= INT32_MAX)
        cluster_load_of(d->cluster, DVM_TID_SLOT(frame->src), (int)m->tasks, m->change);
    dvm__pb__load__free_unpacked(m, NULL);
}

static void on_stray(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    (void)payload;
    daemon_fail(d, frame, DVM_ERR_PROTOCOL, "%s is a matter between daemons",
                dvm_control_name(frame->tag));
}

const struct handler cluster_handlers[] = {
    {DVM_CTL_HOSTS, on_hosts, ROLE_ALL},
    {DVM_CTL_INVITE, on_invite, ROLE_CLIENT},
    {DVM_CTL_REMOVE, on_remove, ROLE_CLIENT},
    {DVM_CTL_HALT, on_halt, ROLE_CLIENT},
    {DVM_CTL_LOAD, on_load, ROLE_DAEMON},
    {DVM_CTL_PROBE, cluster_on_probe, ROLE_CONSOLE | ROLE_DAEMON},
    {DVM_CTL_REGISTER, on_stray, ROLE_DAEMON},
    {DVM_CTL_REGISTERED, on_stray, ROLE_DAEMON},
    {DVM_CTL_MEMBERS, on_stray, ROLE_DAEMON},
    {DVM_CTL_PING, on_stray, ROLE_DAEMON},
    {DVM_CTL_PONG, on_stray, ROLE_DAEMON},
    {DVM_CTL_GOODBYE, on_stray, ROLE_DAEMON},
    {DVM_CTL_CONNECT, on_stray, ROLE_DAEMON},
    {0, NULL, 0},
};
