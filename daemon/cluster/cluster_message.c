/* cluster_message.c: the machine's messages to and from protobuf.
 *
 * Strings and lists from the wire are copied into the machine's bounded structs, cut
 * or refused where they do not fit. Lists of hosts may exceed a frame: they are sent
 * in parts, which the flow keeps in order.
 */
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/join.h"
#include "daemon/cluster/cluster_state.h"
#include "proto/control.pb-c.h"
#include "proto/control.h"

#define PART_HOSTS 32 /* hosts or entries in a part: with all addresses they fit a frame */

#define PONG_LOADS 2900 /* in a heartbeat; more could exceed a frame */
#define LOAD_BYTES 22   /* longest form of one */

_Static_assert(PONG_LOADS * LOAD_BYTES < DVM_PAYLOAD_MAX, "a heartbeat fits into a frame");
_Static_assert(PART_HOSTS * (sizeof(struct machine_host) + MACHINE_REASON_BYTES + 64) <
               DVM_PAYLOAD_MAX, "a part fits into a frame");

/* A protobuf Host that points into a machine_host. */
struct host_view {
    Dvm__Pb__Host pb;
    char *addresses[MACHINE_ADDRESSES];
};

static void view(struct host_view *v, const struct machine_host *h)
{
    dvm__pb__host__init(&v->pb);
    v->pb.slot = (uint32_t)h->slot;
    v->pb.incarnation = h->incarnation;
    v->pb.name = (char *)h->name;
    v->pb.arch = (char *)h->arch;
    v->pb.version = (char *)h->version;
    v->pb.cores = (uint32_t)h->cores;
    v->pb.computer = h->computer;
    v->pb.tasks = (uint32_t)h->tasks;
    v->pb.state = (uint32_t)h->state;
    v->pb.key.data = (uint8_t *)h->key;
    v->pb.key.len = MACHINE_KEY_BYTES;
    v->pb.control_port = (uint32_t)h->port;
    for (size_t i = 0; i < h->addresses; i++)
        v->addresses[i] = (char *)h->address[i];
    v->pb.addresses = v->addresses;
    v->pb.n_addresses = h->addresses;
}

/* A number from the wire as an int that is not negative. */
static int count_of(uint32_t number)
{
    return number > INT32_MAX ? INT32_MAX : (int)number;
}

static bool read_host(const Dvm__Pb__Host *pb, struct machine_host *out)
{
    memset(out, 0, sizeof *out);
    if (!pb || pb->slot > DVM_SLOT_MAX || pb->key.len != MACHINE_KEY_BYTES ||
        pb->n_addresses > MACHINE_ADDRESSES)
        return false;
    out->slot = (int)pb->slot;
    out->incarnation = pb->incarnation;
    out->state = count_of(pb->state);
    out->cores = count_of(pb->cores);
    out->computer = pb->computer;
    out->tasks = count_of(pb->tasks);
    out->port = count_of(pb->control_port);
    snprintf(out->name, sizeof out->name, "%s", pb->name);
    snprintf(out->arch, sizeof out->arch, "%s", pb->arch);
    snprintf(out->version, sizeof out->version, "%s", pb->version);
    memcpy(out->key, pb->key.data, MACHINE_KEY_BYTES);
    for (size_t i = 0; i < pb->n_addresses; i++) {
        if (strlen(pb->addresses[i]) >= MACHINE_ADDRESS_BYTES)
            return false;
        snprintf(out->address[i], MACHINE_ADDRESS_BYTES, "%s", pb->addresses[i]);
    }
    out->addresses = pb->n_addresses;
    return true;
}

/* ---- reading -------------------------------------------------------------------- */

static bool read_ping(const uint8_t *p, size_t n, struct machine_message *out)
{
    Dvm__Pb__Ping *pb = dvm__pb__ping__unpack(NULL, n, p);

    if (!pb)
        return false;
    out->type = MACHINE_PING;
    out->sent_ms = pb->sent_ms;
    out->tasks = count_of(pb->tasks);
    out->change = pb->change;
    out->strain_ms = pb->strain_ms;
    out->log_index = pb->log_index;
    dvm__pb__ping__free_unpacked(pb, NULL);
    return true;
}

static bool read_pong(const uint8_t *p, size_t n, struct machine_message *out)
{
    Dvm__Pb__Pong *pb = dvm__pb__pong__unpack(NULL, n, p);
    bool good = pb && pb->n_slots == pb->n_tasks && pb->n_slots == pb->n_changes;

    if (good) {
        out->type = MACHINE_PONG;
        out->sent_ms = pb->sent_ms;
        out->log_index = pb->log_index;
        out->strain_ms = pb->strain_ms;
        out->loads = calloc(pb->n_slots + 1, sizeof *out->loads);
        for (size_t i = 0; out->loads && i < pb->n_slots; i++)
            out->loads[out->load_count++] =
                (struct machine_load){count_of(pb->slots[i]), count_of(pb->tasks[i]),
                                      pb->changes[i]};
    }
    if (pb)
        dvm__pb__pong__free_unpacked(pb, NULL);
    return good;
}

static bool fill_members(const Dvm__Pb__Members *pb, struct machine_message *out)
{
    out->type = MACHINE_MEMBERS;
    out->log_index = pb->commit;
    out->entries = calloc(pb->n_entries + 1, sizeof *out->entries);
    out->snapshot = calloc(pb->n_snapshot + 1, sizeof *out->snapshot);
    if (!out->entries || !out->snapshot)
        return false;
    for (size_t i = 0; i < pb->n_entries; i++) {
        struct machine_entry *e = &out->entries[i];

        e->index = pb->entries[i]->index;
        e->event = count_of(pb->entries[i]->event);
        snprintf(e->reason, sizeof e->reason, "%s", pb->entries[i]->reason);
        if (!read_host(pb->entries[i]->host, &e->host))
            return false;
    }
    for (size_t i = 0; i < pb->n_snapshot; i++)
        if (!read_host(pb->snapshot[i], &out->snapshot[i]))
            return false;
    out->entry_count = pb->n_entries;
    out->snapshot_count = pb->n_snapshot;
    return true;
}

static bool read_members(const uint8_t *p, size_t n, struct machine_message *out, bool *more)
{
    Dvm__Pb__Members *pb = dvm__pb__members__unpack(NULL, n, p);
    bool good = pb && fill_members(pb, out);

    if (good)
        *more = pb->more;
    else
        machine_message_free(out);
    if (pb)
        dvm__pb__members__free_unpacked(pb, NULL);
    return good;
}

static bool read_goodbye(const uint8_t *p, size_t n, struct machine_message *out)
{
    Dvm__Pb__Goodbye *pb = dvm__pb__goodbye__unpack(NULL, n, p);

    if (!pb)
        return false;
    out->type = MACHINE_GOODBYE;
    out->halt = pb->halt;
    snprintf(out->reason, sizeof out->reason, "%s", pb->reason);
    dvm__pb__goodbye__free_unpacked(pb, NULL);
    return true;
}

bool cluster_message_own(int type)
{
    return type == DVM_CTL_PING || type == DVM_CTL_PONG || type == DVM_CTL_MEMBERS ||
           type == DVM_CTL_GOODBYE || type == DVM_CTL_CONNECT;
}

bool cluster_message_read(int type, const uint8_t *payload, size_t length,
                          struct machine_message *out, bool *more)
{
    memset(out, 0, sizeof *out);
    *more = false;
    switch (type) {
    case DVM_CTL_PING:
        return read_ping(payload, length, out);
    case DVM_CTL_PONG:
        return read_pong(payload, length, out);
    case DVM_CTL_MEMBERS:
        return read_members(payload, length, out, more);
    case DVM_CTL_GOODBYE:
        return read_goodbye(payload, length, out);
    default:
        return false;
    }
}

/* ---- writing -------------------------------------------------------------------- */

static void send_packed(const ProtobufCMessage *pb, int type, cluster_message_send_f *send,
                        void *arg)
{
    size_t length = protobuf_c_message_get_packed_size(pb);
    uint8_t *bytes = malloc(length + 1);

    assert(length <= DVM_PAYLOAD_MAX);
    if (!bytes)
        return; /* as if it were lost: the heartbeats show it */
    protobuf_c_message_pack(pb, bytes);
    send(arg, type, bytes, length);
    free(bytes);
}

static void write_pong(const struct machine_message *msg, cluster_message_send_f *send, void *arg)
{
    Dvm__Pb__Pong pb = DVM__PB__PONG__INIT;
    uint32_t slots[MACHINE_SLOTS], tasks[MACHINE_SLOTS];
    uint64_t changes[MACHINE_SLOTS];
    size_t count = msg->load_count < PONG_LOADS ? msg->load_count : PONG_LOADS;

    pb.sent_ms = msg->sent_ms;
    pb.log_index = msg->log_index;
    pb.strain_ms = (uint32_t)msg->strain_ms;
    for (size_t i = 0; i < count; i++) {
        slots[i] = (uint32_t)msg->loads[i].slot;
        tasks[i] = (uint32_t)msg->loads[i].tasks;
        changes[i] = msg->loads[i].change;
    }
    pb.slots = slots;
    pb.tasks = tasks;
    pb.changes = changes;
    pb.n_slots = pb.n_tasks = pb.n_changes = count;
    send_packed(&pb.base, DVM_CTL_PONG, send, arg);
}

/* One part: hosts or entries from `from` on. Returns how many went. */
static size_t write_part(const struct machine_message *msg, size_t from,
                         cluster_message_send_f *send, void *arg)
{
    Dvm__Pb__Members pb = DVM__PB__MEMBERS__INIT;
    struct host_view views[PART_HOSTS];
    Dvm__Pb__LogEntry entries[PART_HOSTS], *entry_list[PART_HOSTS];
    Dvm__Pb__Host *hosts[PART_HOSTS];
    bool all = msg->snapshot_count > 0;
    size_t total = all ? msg->snapshot_count : msg->entry_count;
    size_t n = total - from < PART_HOSTS ? total - from : PART_HOSTS;

    for (size_t i = 0; i < n; i++) {
        const struct machine_entry *e = all ? NULL : &msg->entries[from + i];

        view(&views[i], all ? &msg->snapshot[from + i] : &e->host);
        hosts[i] = &views[i].pb;
        if (all)
            continue;
        dvm__pb__log_entry__init(&entries[i]);
        entries[i].index = e->index;
        entries[i].event = (uint32_t)e->event;
        entries[i].reason = (char *)e->reason;
        entries[i].host = hosts[i];
        entry_list[i] = &entries[i];
    }
    pb.commit = msg->log_index;
    pb.snapshot = hosts;
    pb.n_snapshot = all ? n : 0;
    pb.entries = entry_list;
    pb.n_entries = all ? 0 : n;
    pb.more = from + n < total;
    send_packed(&pb.base, DVM_CTL_MEMBERS, send, arg);
    return n;
}

static void write_members(const struct machine_message *msg, cluster_message_send_f *send,
                          void *arg)
{
    size_t total = msg->snapshot_count ? msg->snapshot_count : msg->entry_count;

    for (size_t from = 0; from < total;)
        from += write_part(msg, from, send, arg);
}

void cluster_message_write(const struct machine_message *msg, cluster_message_send_f *send,
                           void *arg)
{
    Dvm__Pb__Ping ping = DVM__PB__PING__INIT;
    Dvm__Pb__Goodbye goodbye = DVM__PB__GOODBYE__INIT;

    switch (msg->type) {
    case MACHINE_PING:
        ping.sent_ms = msg->sent_ms;
        ping.tasks = (uint32_t)msg->tasks;
        ping.change = msg->change;
        ping.strain_ms = (uint32_t)msg->strain_ms;
        ping.log_index = msg->log_index;
        send_packed(&ping.base, DVM_CTL_PING, send, arg);
        break;
    case MACHINE_PONG:
        write_pong(msg, send, arg);
        break;
    case MACHINE_MEMBERS:
        write_members(msg, send, arg);
        break;
    case MACHINE_GOODBYE:
        goodbye.reason = (char *)msg->reason;
        goodbye.halt = msg->halt;
        send_packed(&goodbye.base, DVM_CTL_GOODBYE, send, arg);
        break;
    }
}

/* ---- admission ------------------------------------------------------------------- */

static uint8_t *packed(const ProtobufCMessage *pb, size_t *length)
{
    uint8_t *bytes;

    *length = protobuf_c_message_get_packed_size(pb);
    bytes = malloc(*length + 1);
    if (bytes)
        protobuf_c_message_pack(pb, bytes);
    return bytes;
}

uint8_t *cluster_register_write(const struct cluster_register *r, size_t *length)
{
    Dvm__Pb__Register pb = DVM__PB__REGISTER__INIT;
    struct host_view v;

    view(&v, &r->host);
    pb.protocol_min = r->protocol_min;
    pb.protocol_max = r->protocol_max;
    pb.host = &v.pb;
    pb.nonce.data = (uint8_t *)r->nonce;
    pb.nonce.len = MACHINE_NONCE_BYTES;
    pb.lane_security_least = (uint32_t)(r->lane_security_least + 1);
    return packed(&pb.base, length);
}

bool cluster_register_read(const uint8_t *payload, size_t length, struct cluster_register *out)
{
    Dvm__Pb__Register *pb = dvm__pb__register__unpack(NULL, length, payload);
    bool good = pb && pb->nonce.len == MACHINE_NONCE_BYTES && read_host(pb->host, &out->host);

    if (good) {
        out->protocol_min = pb->protocol_min;
        out->protocol_max = pb->protocol_max;
        memcpy(out->nonce, pb->nonce.data, MACHINE_NONCE_BYTES);
        /* one that this version does not know is more than this machine has */
        out->lane_security_least = pb->lane_security_least > LANE_SECURITY_FULL + 1
                                       ? LANE_SECURITY_FULL + 1
                                       : (int)pb->lane_security_least - 1;
    }
    if (pb)
        dvm__pb__register__free_unpacked(pb, NULL);
    return good;
}

uint8_t *cluster_registered_write(const struct cluster_registered *r, size_t *length)
{
    Dvm__Pb__Registered pb = DVM__PB__REGISTERED__INIT;
    struct host_view *views = calloc(r->count + 1, sizeof *views);
    Dvm__Pb__Host **hosts = calloc(r->count + 1, sizeof *hosts);
    uint8_t *bytes = NULL;

    if (views && hosts) {
        for (size_t i = 0; i < r->count; i++) {
            view(&views[i], &r->hosts[i]);
            hosts[i] = &views[i].pb;
            if (r->hosts[i].slot == r->slot)
                pb.incarnation = r->hosts[i].incarnation;
        }
        pb.protocol = r->protocol;
        pb.slot = (uint32_t)r->slot;
        pb.coordinator = (uint32_t)r->coordinator;
        pb.machine = (char *)r->machine;
        pb.log_index = r->log_index;
        pb.silence_ms = (uint32_t)r->silence_ms;
        pb.rejoin_ms = r->rejoin_ms;
        pb.lane_security = (uint32_t)r->lane_security + 1;
        pb.hosts = hosts;
        pb.n_hosts = r->count;
        bytes = packed(&pb.base, length);
    }
    free(views);
    free(hosts);
    return bytes;
}

bool cluster_registered_read(const uint8_t *payload, size_t length,
                             struct cluster_registered *out)
{
    Dvm__Pb__Registered *pb = dvm__pb__registered__unpack(NULL, length, payload);
    bool good = pb && pb->slot <= DVM_SLOT_MAX && pb->coordinator <= DVM_SLOT_MAX;

    memset(out, 0, sizeof *out);
    if (good) {
        out->protocol = pb->protocol;
        out->slot = (int)pb->slot;
        out->coordinator = (int)pb->coordinator;
        out->log_index = pb->log_index;
        out->silence_ms = pb->silence_ms;
        out->rejoin_ms = pb->rejoin_ms;
        out->lane_security = pb->lane_security > 0 && pb->lane_security <= LANE_SECURITY_FULL
                                 ? (enum setting_lane_security)(pb->lane_security - 1)
                                 : LANE_SECURITY_FULL;
        snprintf(out->machine, sizeof out->machine, "%s", pb->machine);
        out->hosts = calloc(pb->n_hosts + 1, sizeof *out->hosts);
        for (size_t i = 0; out->hosts && good && i < pb->n_hosts; i++)
            good = read_host(pb->hosts[i], &out->hosts[out->count++]);
    }
    if (!good || !out->hosts) {
        free(out->hosts);
        out->hosts = NULL;
        good = false;
    }
    if (pb)
        dvm__pb__registered__free_unpacked(pb, NULL);
    return good;
}

uint8_t *cluster_refuse_write(int code, int join, const char *text, size_t *length)
{
    Dvm__Pb__Refuse pb = DVM__PB__REFUSE__INIT;

    pb.code = code;
    pb.join_code = (uint32_t)join;
    pb.text = (char *)text;
    return packed(&pb.base, length);
}

bool cluster_refuse_read(const uint8_t *payload, size_t length, int *code, char *text,
                         size_t size)
{
    Dvm__Pb__Refuse *pb = dvm__pb__refuse__unpack(NULL, length, payload);

    if (!pb)
        return false;
    *code = pb->code < 0 ? pb->code : DVM_ERR_REFUSED;
    if (pb->join_code > 0 && pb->join_code <= INT_MAX)
        join_mark(join_fault((int)pb->join_code)->code);
    snprintf(text, size, "%s", pb->text);
    dvm__pb__refuse__free_unpacked(pb, NULL);
    return true;
}
