/* cluster.h: the other hosts, as the rest of the daemon sees them.
 *
 * Behind it stand machine/ (who is a member: a pure state machine) and links/
 * (reliable ordered flows of frames between daemons over ZeroMQ). ZeroMQ is
 * started with the first invitation or join: a machine of one host opens no port.
 */
#ifndef DVMD_CLUSTER_H
#define DVMD_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/setting.h"
#include "daemon/handler.h"
#include "dvm.h"

struct ev_loop;
struct cluster;

struct cluster_host {
    int slot;
    uint64_t incarnation;
    int state; /* DVM_HOST_... */
    int cores, tasks;
    uint64_t computer; /* the same for hosts of one computer; 0: not known */
    bool coordinator, self;
    char name[DVM_NAME_MAX];
    char address[DVM_NAME_MAX]; /* "192.0.2.7:7117", "local" before there are other hosts */
    char arch[16], version[16];
};

enum cluster_class {
    CLUSTER_CONTROL, /* small and urgent: requests, answers, heartbeats */
    CLUSTER_BULK     /* task frames, output, and what must come after them (GONE, TASK_EXIT) */
};

struct cluster_events {
    /* A frame for this host came; control messages and task frames alike. */
    void (*frame)(void *arg, const struct dvm_frame *frame, const uint8_t *payload);
    /* A host joined. Not called for this host, nor for those that cluster_hosts() names
     * right after cluster_join. */
    void (*host_up)(void *arg, const struct cluster_host *host);
    /* lost: false when it left in good order. */
    void (*host_down)(void *arg, const struct cluster_host *host, bool lost, const char *why);
    /* This daemon must end: the machine was halted, it was removed, or it lost the
     * coordinator. status: for exit. */
    void (*end)(void *arg, int status, const char *why);
    /* Tasks that run here now, for heartbeats. */
    int (*load)(void *arg);
    /* The machine is lost to this host, and what runs here is lost to the machine: end it,
     * then call cluster_clear. */
    void (*away)(void *arg, const char *why);
    /* This host is in the machine again: cluster_self and all else may have changed. */
    void (*back)(void *arg);
    /* The control port was opened; comes before or out of cluster_join, too. */
    void (*listening)(void *arg, int port);
};

struct cluster_config {
    const char *machine; /* name of the machine */
    const char *host;    /* name of this host; made unique by the coordinator */
    int cores;
    const char *bind;    /* address to listen on, NULL: all */
    int port, port_most; /* control port: the first free pair of this range; 0: any */
    const char *port_from; /* where that was said; borrowed, as long as the cluster lives */
    double silence;      /* seconds of silence after which a host is lost (default 3) */
    double rejoin;       /* seconds for which a lost host may come back; 0: it may not */
    enum setting_lane_security lane_security; /* for a new machine */
    int lane_security_least; /* to join one: enum setting_lane_security, -1: none */
    bool hosted;         /* to join one: it learns of the ticket's key only now */
};

/* Start a machine of this host alone, as its coordinator, slot 1. config is copied.
 * On failure error receives a sentence. */
int cluster_create(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                   const struct cluster_events *events, void *arg, char *error, size_t size);

/* Join the machine of a ticket: waits (at most timeout seconds, running no other
 * part of the daemon) until the coordinator has registered this host or refused.
 * machine (DVM_NAME_MAX bytes) receives the machine's name. Errors: TICKET,
 * VERSION, REFUSED, TIMEOUT, SYSTEM, each with its sentence in error. */
int cluster_join(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                 const char *ticket, double timeout, const struct cluster_events *events,
                 void *arg, char *machine, char *error, size_t size);

/* What ran on this host has ended (events.away): it may try to come back. */
void cluster_clear(struct cluster *c);

/* Say goodbye, flush for a short time, free everything. Accepts NULL. */
void cluster_destroy(struct cluster *c);

/* What holds for the whole machine. */
double cluster_silence(const struct cluster *c); /* seconds */
enum setting_lane_security cluster_lane_security(const struct cluster *c);

int cluster_self(const struct cluster *c);        /* this host's slot */
int cluster_coordinator(const struct cluster *c); /* its slot */

/* The member of a slot, or NULL; and all members in order of slots (count in *count).
 * Valid until the next event. */
const struct cluster_host *cluster_host(const struct cluster *c, int slot);
const struct cluster_host *cluster_hosts(const struct cluster *c, size_t *count);

/* The tasks that run here now, as events.load says, and which change of it this is;
 * and what another host said of itself so. */
int cluster_load(struct cluster *c, uint64_t *change);
void cluster_load_of(struct cluster *c, int slot, int tasks, uint64_t change);

/* The addresses of this host that others may try, with a port, as texts of endpoint.h, in
 * the order to be tried. Returns how many. */
#define CLUSTER_ADDRESSES 16
size_t cluster_addresses(const struct cluster *c, int port,
                         char out[CLUSTER_ADDRESSES][ENDPOINT_BYTES]);

/* Send a frame to the daemon of a slot (not this one), which routes it by dst. The
 * frame arrives once and in order of its class, or the host is declared down.
 * Errors: NO_HOST, NO_MEMORY. */
int cluster_send(struct cluster *c, int slot, enum cluster_class class,
                 const struct dvm_frame *frame, const void *payload);

/* Bytes queued here for the daemon of a slot, not yet acknowledged: to hold back. */
size_t cluster_queued(const struct cluster *c, int slot);

/* The cluster's control messages: HOSTS, INVITE, REMOVE, HALT and those between
 * daemons. A row with function NULL ends the table. */
extern const struct handler cluster_handlers[];

#endif
