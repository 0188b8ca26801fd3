/* cluster_handlers.c: the control messages of cluster.h's table: HOSTS is
 * answered by every daemon, HALT by the coordinator's. */
#include <stdlib.h>

#include "daemon/cluster.h"
#include "daemon/daemon.h"
#include "proto/control.pb-c.h"

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
    Dvm__Pb__Host *rows = calloc(count, sizeof *rows);
    Dvm__Pb__Host **pointers = calloc(count, sizeof *pointers);
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

static void on_halt(struct daemon *d, const struct dvm_frame *frame, const uint8_t *payload)
{
    (void)payload;
    daemon_ok(d, frame);
    daemon_end(d, 0, "the machine was halted");
}

const struct handler cluster_handlers[] = {
    {DVM_CTL_HOSTS, on_hosts, ROLE_ALL},
    {DVM_CTL_HALT, on_halt, ROLE_CLIENT},
    {0, NULL, 0},
};
