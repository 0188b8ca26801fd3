/* cluster.c: the implementation of cluster.h for a machine of one host. */
#include "daemon/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

struct cluster {
    struct cluster_host self;
    struct cluster_events events;
    void *arg;
    char machine[DVM_NAME_MAX];
};

int cluster_create(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                   const struct cluster_events *events, void *arg, char *error, size_t size)
{
    struct cluster *c = calloc(1, sizeof *c);
    struct utsname system;

    (void)loop;
    if (!c) {
        snprintf(error, size, "no memory for the machine");
        return DVM_ERR_NO_MEMORY;
    }
    c->events = *events;
    c->arg = arg;
    snprintf(c->machine, sizeof c->machine, "%s", config->machine);
    c->self.slot = 1;
    if (getrandom(&c->self.incarnation, sizeof c->self.incarnation, 0) < 0)
        c->self.incarnation = 1;
    c->self.state = DVM_HOST_UP;
    c->self.cores = config->cores;
    c->self.coordinator = c->self.self = true;
    snprintf(c->self.name, sizeof c->self.name, "%s", config->host);
    snprintf(c->self.address, sizeof c->self.address, "local");
    uname(&system);
    snprintf(c->self.arch, sizeof c->self.arch, "%.15s", system.machine);
    snprintf(c->self.version, sizeof c->self.version, "%d.%d.%d", DVM_VERSION_MAJOR,
             DVM_VERSION_MINOR, DVM_VERSION_PATCH);
    *out = c;
    return DVM_OK;
}

int cluster_join(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                 const char *ticket, double timeout, const struct cluster_events *events,
                 void *arg, char *machine, char *error, size_t size)
{
    (void)out, (void)loop, (void)config, (void)ticket, (void)timeout;
    (void)events, (void)arg, (void)machine;
    snprintf(error, size, "this dvmd cannot join another machine");
    return DVM_ERR_UNSUPPORTED;
}

void cluster_destroy(struct cluster *c)
{
    free(c);
}

int cluster_self(const struct cluster *c)
{
    return c->self.slot;
}

int cluster_coordinator(const struct cluster *c)
{
    return c->self.slot;
}

static void load_refresh(const struct cluster *c)
{
    if (c->events.load)
        ((struct cluster *)c)->self.tasks = c->events.load(c->arg);
}

const struct cluster_host *cluster_host(const struct cluster *c, int slot)
{
    load_refresh(c);
    return slot == c->self.slot ? &c->self : NULL;
}

const struct cluster_host *cluster_hosts(const struct cluster *c, size_t *count)
{
    load_refresh(c);
    *count = 1;
    return &c->self;
}

int cluster_send(struct cluster *c, int slot, enum cluster_class class,
                 const struct dvm_frame *frame, const void *payload)
{
    (void)c, (void)slot, (void)class, (void)frame, (void)payload;
    return DVM_ERR_NO_HOST;
}

size_t cluster_queued(const struct cluster *c, int slot)
{
    (void)c, (void)slot;
    return 0;
}
