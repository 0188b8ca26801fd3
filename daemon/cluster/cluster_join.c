/* cluster_join.c: inviting and joining: tickets, REGISTER, REGISTERED, refusals.
 *
 * A refusal is a sentence that the joiner's user reads and that the coordinator
 * logs with the joiner's name. Nothing of a ticket but its existence is logged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/join.h"
#include "base/log.h"
#include "daemon/cluster/cluster_state.h"
#include "daemon/links/ticket.h"

#define SENTENCE_BYTES 512
#define MS_PER_SECOND 1000.0

/* ---- the coordinator ------------------------------------------------------------- */

/* Listen, and say where; the rest of *t is 0. Returns 0 or an error with a sentence. */
static int prepare(struct cluster *c, struct ticket *t, char *error, size_t size)
{
    uint8_t old[KEY_BYTES];
    int code = cluster_listen(c, error, size);

    if (code != 0)
        return code;
    while (tickets_forget(c->tickets, cluster_now(), old))
        links_ticket(c->links, old, false);
    *t = (struct ticket){.addresses = 0};
    t->addresses = links_addresses(c->links, t->address);
    memcpy(t->server, links_key(c->links), KEY_BYTES);
    return 0;
}

/* Let a ticket's key in. */
static int add_ticket(struct cluster *c, const uint8_t *key, unsigned uses, double seconds)
{
    int code = tickets_add(c->tickets, cluster_now(), key, uses, seconds);

    if (code == 0)
        links_ticket(c->links, key, true);
    return code;
}

int cluster_invite(struct cluster *c, unsigned uses, double seconds, char *text, char *error,
                   size_t size)
{
    struct ticket t;
    int code = prepare(c, &t, error, size);

    if (code != 0)
        return code;
    code = key_create(&t.key);
    if (code == 0)
        code = add_ticket(c, t.key.public, uses, seconds);
    if (code == 0)
        code = ticket_encode(&t, text, TICKET_TEXT_BYTES);
    key_wipe(&t.key);
    if (code != 0)
        snprintf(error, size, "no ticket could be made: %s", dvm_error_text(code));
    return code;
}

/* Whether a key is a host's, or one of an earlier ticket: that one's rights it keeps. */
static bool is_known(const struct cluster *c, const uint8_t *key)
{
    const struct machine_host *host = NULL;

    while ((host = machine_next(c->machine, host ? host->slot : 0)) != NULL)
        if (memcmp(host->key, key, KEY_BYTES) == 0)
            return true;
    return tickets_has(c->tickets, key);
}

int cluster_admit(struct cluster *c, const uint8_t *key, double seconds, char *text, char *error,
                  size_t size)
{
    struct ticket t;
    int code = prepare(c, &t, error, size);

    if (code != 0)
        return code;
    if (key && is_known(c, key)) {
        snprintf(error, size, "this key is a host's, or was admitted before");
        return DVM_ERR_EXISTS;
    }
    if (key)
        code = add_ticket(c, key, 1, seconds);
    if (code == 0)
        code = ticket_encode(&t, text, TICKET_TEXT_BYTES);
    if (code != 0)
        snprintf(error, size, "the key cannot be admitted: %s", dvm_error_text(code));
    return code;
}

static void refuse(struct cluster *c, const struct links_joiner *joiner, const char *name,
                   int code, const char *text)
{
    size_t length;
    enum join_code mark = join_marked(code);
    uint8_t *bytes = cluster_refuse_write(code, mark, text, &length);

    log_warning("host %s was not let in: %s [J%03d]", name, text, (int)mark);
    if (bytes)
        links_answer(c->links, joiner, DVM_CTL_REFUSE, bytes, length);
    free(bytes);
}

static void welcome(struct cluster *c, const struct links_joiner *joiner, unsigned protocol,
                    int slot)
{
    struct cluster_registered r = {.protocol = protocol, .slot = slot,
                                   .coordinator = machine_coordinator(c->machine),
                                   .silence_ms = machine_silence(c->machine),
                                   .rejoin_ms = machine_rejoin(c->machine),
                                   .lane_security = c->lane_security};
    const struct machine_host *host = NULL;
    uint8_t *bytes = NULL;
    size_t length;

    r.log_index = machine_index(c->machine);
    memcpy(r.machine, c->machine_name, sizeof r.machine);
    r.hosts = calloc(machine_count(c->machine), sizeof *r.hosts);
    while (r.hosts && (host = machine_next(c->machine, host ? host->slot : 0)) != NULL)
        r.hosts[r.count++] = *host;
    if (r.hosts)
        bytes = cluster_registered_write(&r, &length);
    if (bytes)
        links_answer(c->links, joiner, DVM_CTL_REGISTERED, bytes, length);
    free(bytes);
    free(r.hosts);
}

/* The highest protocol version that both speak, or 0. */
static unsigned common_protocol(const struct cluster_register *r)
{
    unsigned low = r->protocol_min > CLUSTER_PROTOCOL_MIN ? r->protocol_min : CLUSTER_PROTOCOL_MIN;
    unsigned high = r->protocol_max < CLUSTER_PROTOCOL_MAX ? r->protocol_max
                                                           : CLUSTER_PROTOCOL_MAX;

    return low <= high ? high : 0;
}

static void name_versions(const struct cluster *c, const struct cluster_register *r, char *text,
                          size_t size)
{
    const struct machine_host *self = machine_host(c->machine, machine_self(c->machine));

    snprintf(text, size, "%s runs dvmd %s (protocol %u to %u) and the coordinator %s dvmd %s "
             "(protocol %d to %d), which do not go together: update the older of the two",
             r->host.name, r->host.version, r->protocol_min, r->protocol_max, self->name,
             self->version, CLUSTER_PROTOCOL_MIN, CLUSTER_PROTOCOL_MAX);
}

/* Refuse a host whose administrator demands more than this machine has. */
static int check_security(const struct cluster *c, const struct cluster_register *r, char *text,
                          size_t size)
{
    const char *const *words = setting_row(SETTING_LANE_SECURITY)->choices;
    int least = r->lane_security_least;

    if (least <= (int)c->lane_security)
        return 0;
    snprintf(text, size, "the administrator of %s demands lane_security = %s, but the machine has "
             "%s", r->host.name, least > LANE_SECURITY_FULL ? "more than this version knows"
                                                            : words[least],
             words[c->lane_security]);
    join_mark(JOIN_SECURITY);
    return DVM_ERR_REFUSED;
}

/* By a ticket, or by the key of an earlier life. Returns 0 or an error with a sentence. */
static int admit(struct cluster *c, const struct links_joiner *joiner, struct cluster_register *r,
                 int *slot, char *text, size_t size)
{
    uint64_t incarnation, now = cluster_now();
    int code = DVM_OK;

    if (getrandom(&incarnation, sizeof incarnation, 0) < 0) {
        snprintf(text, size, "the coordinator has no random numbers");
        return DVM_ERR_SYSTEM;
    }
    if (!joiner->ticket) {
        r->host.slot = joiner->slot;
        r->host.incarnation = joiner->incarnation;
        return machine_readmit(c->machine, now, &r->host, incarnation, r->nonce, slot, text, size);
    }
    code = tickets_use(c->tickets, now, joiner->ticket, r->nonce, text, size);
    if (code != 0)
        return code;
    code = machine_register(c->machine, now, &r->host, incarnation, r->nonce, slot, text, size);
    if (code != 0)
        tickets_give_back(c->tickets, joiner->ticket, r->nonce);
    return code;
}

void cluster_on_join(void *arg, const struct links_joiner *joiner, const struct dvm_frame *frame,
                     const uint8_t *payload)
{
    struct cluster *c = arg;
    struct cluster_register r;
    char text[SENTENCE_BYTES];
    int slot, code;

    if (frame->tag != DVM_CTL_REGISTER || c->closing)
        return;
    join_clear();
    if (!cluster_register_read(payload, frame->length, &r)) {
        refuse(c, joiner, "?", DVM_ERR_PROTOCOL, "the coordinator could not read the request to "
               "join: the two versions of dvmd do not go together");
        return;
    }
    if (!common_protocol(&r)) {
        name_versions(c, &r, text, sizeof text);
        refuse(c, joiner, r.host.name, DVM_ERR_VERSION, text);
        return;
    }
    code = check_security(c, &r, text, sizeof text);
    if (code == 0)
        code = admit(c, joiner, &r, &slot, text, sizeof text);
    if (code != 0) {
        refuse(c, joiner, r.host.name, code, text);
        return;
    }
    cluster_drain(c); /* lets its key in, before it hears of that */
    welcome(c, joiner, common_protocol(&r), slot);
}

/* ---- the joiner ------------------------------------------------------------------ */

int cluster_ask(struct cluster *c, const struct cluster_register *r, const struct ticket *t,
                double timeout, struct cluster_registered *out, char *address, char *error,
                size_t size)
{
    uint8_t *answer = NULL, *request;
    size_t length, answer_length;
    int type = DVM_CTL_REGISTER, code = DVM_ERR_NO_MEMORY;

    snprintf(error, size, "no memory to join");
    request = cluster_register_write(r, &length);
    if (request)
        code = links_join(c->links, t, timeout, &type, request, length, &answer, &answer_length,
                          address, error, size);
    free(request);
    if (code != 0)
        return code;
    if (type == DVM_CTL_REGISTERED && cluster_registered_read(answer, answer_length, out)) {
        code = 0;
    } else if (type != DVM_CTL_REFUSE ||
               !cluster_refuse_read(answer, answer_length, &code, error, size)) {
        snprintf(error, size, "the coordinator at %s gave an answer that this dvmd %d.%d.%d "
                 "cannot read", address, DVM_VERSION_MAJOR, DVM_VERSION_MINOR, DVM_VERSION_PATCH);
        code = DVM_ERR_VERSION;
    }
    free(answer);
    return code;
}

/* Ask with a ticket, as a host that nobody knows. */
static int ask(struct cluster *c, const struct cluster_config *config, const struct ticket *t,
               double timeout, struct cluster_registered *out, char *address, char *error,
               size_t size)
{
    struct cluster_register r = {CLUSTER_PROTOCOL_MIN, CLUSTER_PROTOCOL_MAX, {0}, {0},
                                 config->lane_security_least};

    cluster_describe(config, &r.host);
    r.host.port = links_port(c->links);
    r.host.addresses = links_addresses(c->links, r.host.address);
    memcpy(r.host.key, links_key(c->links), KEY_BYTES);
    if (getrandom(r.nonce, sizeof r.nonce, 0) != sizeof r.nonce) {
        snprintf(error, size, "the system has no random numbers: %s", strerror(errno));
        return DVM_ERR_SYSTEM;
    }
    return cluster_ask(c, &r, t, timeout, out, address, error, size);
}

int cluster_enter(struct cluster *c, int coordinator, const char *address, char *error,
                  size_t size)
{
    const struct machine_host *host = NULL;
    int slot = machine_self(c->machine);

    links_identity(c->links, slot, machine_host(c->machine, slot)->incarnation);
    links_relay(c->links, coordinator);
    links_silence(c->links, machine_silence(c->machine));
    while ((host = machine_next(c->machine, host ? host->slot : 0)) != NULL) {
        struct links_peer peer = {host->slot, host->incarnation, host->key, host->address,
                                  host->addresses};

        if (host->slot != slot && links_peer_add(c->links, &peer) != 0) {
            snprintf(error, size, "no memory for links to %s", host->name);
            return DVM_ERR_NO_MEMORY;
        }
    }
    links_dial(c->links, coordinator, address);
    return 0;
}

/* Become the member that REGISTERED says. */
static int enter(struct cluster *c, const struct cluster_registered *r, const char *address,
                 char *error, size_t size)
{
    struct machine_config rules = {r->silence_ms, r->rejoin_ms};

    c->machine = machine_join(&rules, cluster_now(), r->slot, r->coordinator, r->log_index,
                              r->hosts, r->count);
    if (!c->machine) {
        snprintf(error, size, "the coordinator at %s gave a list of hosts that makes no sense",
                 address);
        return DVM_ERR_PROTOCOL;
    }
    memcpy(c->machine_name, r->machine, sizeof c->machine_name);
    c->lane_security = r->lane_security;
    return cluster_enter(c, r->coordinator, address, error, size);
}

/* Refuse what answered in a version that this side does not speak. */
static int check_protocol(const struct cluster_registered *r, const char *address, char *error,
                          size_t size)
{
    if (r->protocol >= CLUSTER_PROTOCOL_MIN && r->protocol <= CLUSTER_PROTOCOL_MAX)
        return 0;
    join_mark(JOIN_VERSION);
    snprintf(error, size, "the coordinator at %s chose protocol %u, but this dvmd %d.%d.%d speaks "
             "%d to %d: update the older of the two", address, r->protocol, DVM_VERSION_MAJOR,
             DVM_VERSION_MINOR, DVM_VERSION_PATCH, CLUSTER_PROTOCOL_MIN, CLUSTER_PROTOCOL_MAX);
    return DVM_ERR_VERSION;
}

int cluster_join(struct cluster **out, struct ev_loop *loop, const struct cluster_config *config,
                 const char *ticket, double timeout, const struct cluster_events *events,
                 void *arg, char *machine, char *error, size_t size)
{
    struct cluster_registered r = {0};
    struct ticket t = {0};
    char address[TICKET_ADDRESS_BYTES];
    struct cluster *c;
    int code = ticket_decode(ticket, &t, error, size);

    if (code == 0 && ticket_is_offer(&t)) {
        join_mark(JOIN_TICKET_NONE);
        snprintf(error, size, "this is an offer, not a ticket: dvmd --hosted takes it");
        code = DVM_ERR_TICKET;
    }
    if (code != 0)
        return code;
    t.awaited = config->hosted;
    c = cluster_new(loop, config, events, arg);
    snprintf(error, size, "no memory to join");
    code = DVM_ERR_NO_MEMORY;
    if (c)
        c->tickets = tickets_create();
    if (c && c->tickets)
        code = cluster_open_links(c, error, size);
    if (code == 0)
        code = ask(c, config, &t, timeout, &r, address, error, size);
    if (code == 0)
        code = check_protocol(&r, address, error, size);
    if (code == 0)
        code = enter(c, &r, address, error, size);
    free(r.hosts);
    key_wipe(&t.key);
    if (code != 0) {
        cluster_destroy(c);
        return code;
    }
    cluster_drain(c);
    snprintf(machine, DVM_NAME_MAX, "%s", c->machine_name);
    *out = c;
    return 0;
}
