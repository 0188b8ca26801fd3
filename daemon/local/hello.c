/* hello.c: the first frame of a connection, and what it is answered.
 *
 * A refusal is a sentence that the program prints. A console gets a tid, but no
 * inbox: it sleeps on its socket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/local/seat.h"
#include "daemon/memory.h"
#include "daemon/tasks.h"
#include "proto/control.pb-c.h"

#define SMALL_MACHINE 64 /* hosts: a task is told the names of all */

static const char *whose(const Dvm__Pb__Hello *h)
{
    return h->version[0] ? h->version : "unknown";
}

/* Whether versions and role go together; else the client is refused. */
static bool acceptable(struct connection *c, const Dvm__Pb__Hello *h)
{
    if (h->protocol_min > LOCAL_PROTOCOL_MAX || h->protocol_max < LOCAL_PROTOCOL_MIN) {
        connection_refuse(c, DVM_ERR_VERSION,
                          "%s (DVM %s) speaks protocol %u to %u, the daemon of host %s (DVM %s) "
                          "%d to %d; install the same release on both",
                          h->program, whose(h), h->protocol_min, h->protocol_max,
                          c->local->d->host, DVMD_VERSION, LOCAL_PROTOCOL_MIN,
                          LOCAL_PROTOCOL_MAX);
        return false;
    }
    if (h->role != ROLE_TASK && h->role != ROLE_CONSOLE) {
        connection_refuse(c, DVM_ERR_PROTOCOL, "there is no role %u", h->role);
        return false;
    }
    if (c->last || (h->role == ROLE_TASK && daemon_files_low(c->local->d, c->fd))) {
        errno = EMFILE;
        connection_refuse(c, daemon_fail_files(c->local->d, "take another client"), "%s",
                          dvm_last_error());
        return false;
    }
    if (h->role == ROLE_TASK && memory_check(c->local->d->host, "take another task")) {
        connection_refuse(c, DVM_ERR_NO_MEMORY, "%s", dvm_last_error());
        return false;
    }
    if (c->local->d->away) {
        connection_refuse(c, DVM_ERR_CLOSING,
                          "host %s has lost machine %s, and tries to rejoin it; its log says why "
                          "(%s/%s)", c->local->d->host, c->local->d->machine,
                          c->local->d->folder, RUNTIME_LOG);
        return false;
    }
    if (c->local->ending || c->local->d->ending) {
        connection_refuse(c, DVM_ERR_CLOSING, "machine %s is being stopped",
                          c->local->d->machine);
        return false;
    }
    return true;
}

static int take_seat(struct connection *c, int tid)
{
    struct seat *s = seat_find(c->local, tid);
    int r = s->role == ROLE_TASK ? seat_inbox(c->local, s) : DVM_OK;

    if (r)
        return r;
    c->seat = s;
    s->client = c;
    return DVM_OK;
}

/* Hosts that a task is told the names of. */
struct names {
    Dvm__Pb__HostName *list; /* owned, as the pointers */
    Dvm__Pb__HostName **pointers;
    size_t count;
};

/* Of a small machine all hosts, of a large one those with tasks of the world. Without
 * memory none: its sentences name slots. */
static void names_collect(struct names *n, const struct daemon *d, const struct tasks_place *t)
{
    const struct cluster_host *hosts;
    uint64_t wanted[DVM_SLOT_MAX / 64 + 1] = {0};
    size_t count;

    hosts = cluster_hosts(d->cluster, &count);
    n->count = 0;
    n->list = calloc(count + 1, sizeof *n->list);
    n->pointers = calloc(count + 1, sizeof(*n->pointers));
    for (size_t i = 0; i < t->world_count && count > SMALL_MACHINE; i++)
        wanted[DVM_TID_SLOT(t->world_tids[i]) / 64] |= UINT64_C(1)
                                                       << DVM_TID_SLOT(t->world_tids[i]) % 64;
    for (size_t i = 0; n->list && n->pointers && i < count; i++) {
        if (count > SMALL_MACHINE &&
            !(wanted[hosts[i].slot / 64] & UINT64_C(1) << hosts[i].slot % 64))
            continue;
        dvm__pb__host_name__init(&n->list[n->count]);
        n->list[n->count].slot = (uint32_t)hosts[i].slot;
        n->list[n->count].name = (char *)(uintptr_t)hosts[i].name;
        n->pointers[n->count] = &n->list[n->count];
        n->count++;
    }
}

static void names_free(struct names *n)
{
    free(n->list);
    free(n->pointers);
}

/* How many tasks of its world a task has on this computer, which may have several hosts. */
static uint32_t count_neighbours(const struct daemon *d, const struct tasks_place *t)
{
    uint64_t here[DVM_SLOT_MAX / 64 + 1] = {0}, own = 0;
    uint32_t found = 0;
    size_t count;
    const struct cluster_host *hosts = cluster_hosts(d->cluster, &count);

    for (size_t i = 0; i < count; i++)
        if (hosts[i].self)
            own = hosts[i].computer;
    for (size_t i = 0; i < count; i++)
        if (hosts[i].self || (own && hosts[i].computer == own))
            here[hosts[i].slot / 64] |= UINT64_C(1) << hosts[i].slot % 64;
    for (size_t i = 0; i < t->world_count; i++) {
        int slot = DVM_TID_SLOT(t->world_tids[i]);

        found += here[slot / 64] >> slot % 64 & 1;
    }
    return found ? found : 1;
}

/* The payload of WELCOME; *bytes to be freed, NULL without memory. Returns its size. */
static size_t pack_welcome(struct connection *c, const struct tasks_place *t, uint32_t protocol,
                           uint8_t **bytes)
{
    struct daemon *d = c->local->d;
    Dvm__Pb__Welcome w = DVM__PB__WELCOME__INIT;
    struct names names = {0};
    size_t size;

    w.protocol = protocol;
    w.tid = t->tid;
    w.slot = (uint32_t)cluster_self(d->cluster);
    w.host = d->host;
    w.machine = d->machine;
    w.version = (char *)(uintptr_t)DVMD_VERSION;
    w.parent = t->parent;
    w.world = t->world;
    w.world_tids = t->world_tids;
    w.n_world_tids = t->world_count;
    w.rank = (uint32_t)t->rank;
    w.index = c->seat->index;
    w.coordinator = (uint32_t)cluster_coordinator(d->cluster);
    w.child = t->child;
    w.neighbours = count_neighbours(d, t);
    w.bound = t->bound;
    if (c->seat->role == ROLE_TASK)
        names_collect(&names, d, t);
    w.hosts = names.pointers;
    w.n_hosts = names.count;
    size = dvm__pb__welcome__get_packed_size(&w);
    *bytes = malloc(size + 1);
    if (*bytes)
        dvm__pb__welcome__pack(&w, *bytes);
    names_free(&names);
    return size;
}

/* WELCOME must be the first frame, before those that wait in the seat; that of a
 * large world goes in several. */
static void welcome(struct connection *c, const struct tasks_place *t, uint32_t protocol)
{
    struct daemon *d = c->local->d;
    struct seat *s = c->seat;
    struct outbox waiting = s->waiting;
    struct dvm_frame f = {.version = DVM_FRAME_VERSION, .op = DVM_OP_CONTROL,
                          .src = DVM_TID_DAEMON(cluster_self(d->cluster)), .dst = t->tid,
                          .tag = DVM_CTL_WELCOME};
    uint8_t *bytes;

    f.size = pack_welcome(c, t, protocol, &bytes);
    if (!bytes) {
        connection_refuse(c, DVM_ERR_NO_MEMORY, "no memory to welcome a task");
        return;
    }
    s->waiting = (struct outbox){0};
    for (f.extra = 0; f.extra < f.size; f.extra += f.length) {
        size_t left = f.size - f.extra;

        f.length = left < DVM_PAYLOAD_MAX ? (uint32_t)left : DVM_PAYLOAD_MAX;
        seat_put(s, &f, bytes + f.extra, &s->inbox_fd, f.extra == 0 && s->inbox_fd >= 0);
    }
    free(bytes);
    outbox_append(&s->waiting, &waiting);
    connection_flush(c);
}

/* Enrol it and give it its seat, or refuse it. */
static void admit(struct connection *c, const Dvm__Pb__Hello *h)
{
    struct tasks *tasks = c->local->d->tasks;
    struct tasks_enrol who = {.role = (enum role)h->role, .pid = c->pid, .program = h->program,
                              .token = h->token.data, .token_size = h->token.len};
    struct tasks_place place;

    if (tasks_enrol(tasks, &who, &place)) {
        connection_refuse(c, DVM_ERR_REFUSED, "%s", dvm_last_error());
        return;
    }
    if (take_seat(c, place.tid)) {
        connection_refuse(c, DVM_ERR_LIMIT, "%s", dvm_last_error());
        tasks_disconnected(tasks, place.tid);
        return;
    }
    ev_timer_stop(c->local->d->loop, &c->hello);
    c->owner = h->owner;
    if (h->owner)
        tasks_owner_came(tasks, place.tid);
    welcome(c, &place, h->protocol_max < LOCAL_PROTOCOL_MAX ? h->protocol_max
                                                            : LOCAL_PROTOCOL_MAX);
    tasks_tell_missing(tasks, place.tid);
}

void hello_take(struct connection *c, const struct dvm_frame *frame, const uint8_t *payload)
{
    Dvm__Pb__Hello *h = NULL;

    if (frame->op == DVM_OP_CONTROL && frame->tag == DVM_CTL_HELLO)
        h = dvm__pb__hello__unpack(NULL, frame->length, payload);
    if (!h) {
        if (memory_check(c->local->d->host, "take another client"))
            connection_refuse(c, DVM_ERR_NO_MEMORY, "%s", dvm_last_error());
        else
            connection_refuse(c, DVM_ERR_PROTOCOL, "the first frame must be HELLO");
        return;
    }
    if (acceptable(c, h))
        admit(c, h);
    dvm__pb__hello__free_unpacked(h, NULL);
}
