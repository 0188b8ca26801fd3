/* coordinator.c: the member that orders the log: admission, heartbeats, losses.
 *
 * A member is lost after a time of silence, or shortly after its connection broke if
 * it does not come back; a new one has longer for its first word. The next look is when
 * the first of them would be over time, not up to an interval later. Lateness of our own
 * timer is forgiven to all (machine_tick), so a stopped coordinator does not declare
 * everybody lost when it wakes up.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/join.h"
#include "daemon/machine/state.h"

#define FILL_AGAIN_MS 1000  /* a member that is behind gets entries so often */
#define NAME_TRIES 100000
#define MS_PER_SECOND 1000.0

bool coordinator_open(struct machine *m)
{
    m->log = calloc(MACHINE_LOG_KEPT, sizeof *m->log);
    m->log_first = m->index + 1;
    m->former = former_create();
    return m->log != NULL && m->former != NULL;
}

static struct machine_entry *log_entry(struct machine *m, uint64_t index)
{
    return &m->log[index % MACHINE_LOG_KEPT];
}

/* Append to the log, apply, tell all. */
static bool append(struct machine *m, uint64_t now, int event, const struct machine_host *host,
                   const char *reason)
{
    struct machine_entry *e = log_entry(m, m->index + 1);
    struct machine_action *a;

    memset(e, 0, sizeof *e);
    e->index = m->index + 1;
    e->event = event;
    e->host = *host;
    snprintf(e->reason, sizeof e->reason, "%s", reason);
    if (!machine_apply(m, now, e))
        return false;
    m->log_at[e->index % MACHINE_LOG_KEPT] = now;
    if (m->index - m->log_first >= MACHINE_LOG_KEPT)
        m->log_first = m->index - MACHINE_LOG_KEPT + 1;
    if (m->count > 1) {
        a = machine_push_message(m, MACHINE_ALL, MACHINE_MEMBERS);
        a->message.entries = malloc(sizeof *e);
        if (a->message.entries) {
            a->message.entries[0] = *e;
            a->message.entry_count = 1; /* else: heartbeats show the gap */
        }
    }
    return true;
}

/* ---- admission -------------------------------------------------------------------- */

static bool name_taken(const struct machine *m, const char *name)
{
    for (int slot = 1; slot <= m->highest; slot++)
        if (m->members[slot] && strcmp(m->members[slot]->host.name, name) == 0)
            return true;
    return false;
}

/* name, or name-2, name-3 ... */
static void unique_name(const struct machine *m, char name[DVM_NAME_MAX])
{
    char base[DVM_NAME_MAX], end[16];

    snprintf(base, sizeof base, "%s", name[0] ? name : "host");
    snprintf(name, DVM_NAME_MAX, "%s", base);
    for (int i = 2; i < NAME_TRIES && name_taken(m, name); i++) {
        int n = snprintf(end, sizeof end, "-%d", i);

        snprintf(name, DVM_NAME_MAX, "%.*s%s", DVM_NAME_MAX - 1 - n, base, end);
    }
}

static int free_slot(const struct machine *m, uint64_t now)
{
    for (int slot = 1; slot < MACHINE_SLOTS; slot++)
        if (!m->members[slot] && now >= m->free_at[slot])
            return slot;
    return 0;
}

static int slot_of_nonce(const struct machine *m, const uint8_t *nonce)
{
    for (int slot = 1; slot <= m->highest; slot++)
        if (m->members[slot] && slot != m->self &&
            memcmp(m->members[slot]->nonce, nonce, MACHINE_NONCE_BYTES) == 0)
            return slot;
    return 0;
}

static int admit(struct machine *m, uint64_t now, const struct machine_host *asked,
                 uint64_t incarnation, const uint8_t *nonce, int slot)
{
    struct machine_host host = *asked;

    host.slot = slot;
    host.incarnation = incarnation;
    host.state = DVM_HOST_UP;
    unique_name(m, host.name);
    if (!append(m, now, MACHINE_ADD, &host, ""))
        return DVM_ERR_NO_MEMORY;
    memcpy(m->members[slot]->nonce, nonce, MACHINE_NONCE_BYTES);
    if (m->tick_at == MACHINE_NEVER)
        m->tick_at = now + machine_interval(m);
    return 0;
}

/* Let a host in at any free slot. */
static int admit_anywhere(struct machine *m, uint64_t now, const struct machine_host *asked,
                          uint64_t incarnation, const uint8_t *nonce, int *slot, char *error,
                          size_t size)
{
    int found, code;

    if (m->self != m->coordinator) {
        join_mark(JOIN_COORDINATOR);
        snprintf(error, size, "%s is not the coordinator of this machine",
                 m->members[m->self]->host.name);
        return DVM_ERR_REFUSED;
    }
    if (m->ended || m->halt_by != MACHINE_NEVER) {
        snprintf(error, size, "the machine is being stopped");
        return DVM_ERR_CLOSING;
    }
    found = free_slot(m, now);
    if (!found) {
        join_mark(JOIN_FULL);
        snprintf(error, size, "the machine is full: %d places are in use, or were a few minutes "
                 "ago", DVM_SLOT_MAX);
        return DVM_ERR_LIMIT;
    }
    code = admit(m, now, asked, incarnation, nonce, found);
    if (code == 0)
        *slot = found;
    else
        snprintf(error, size, "the coordinator has no memory left for another host");
    return code;
}

/* ---- departures -------------------------------------------------------------------- */

static void depart(struct machine *m, uint64_t now, struct member *who, int event,
                   const char *reason)
{
    struct machine_host host = who->host;
    uint64_t token = who->token;
    struct machine_action *a;

    append(m, now, event, &host, reason);
    if (event == MACHINE_LOST && m->rejoin_ms > 0)
        former_add(m->former, &host, now + m->rejoin_ms + m->silence_ms);
    if (token) {
        a = machine_push(m, MACHINE_DO_REMOVED);
        a->token = token;
        a->host = host;
    }
}

static bool same_key(const struct member *who, const struct machine_host *host)
{
    return memcmp(who->host.key, host->key, MACHINE_KEY_BYTES) == 0;
}

/* ---- who asks to be let in ---------------------------------------------------- */

int machine_register(struct machine *m, uint64_t now, const struct machine_host *asked,
                     uint64_t incarnation, const uint8_t nonce[MACHINE_NONCE_BYTES], int *slot,
                     char *error, size_t size)
{
    int found = slot_of_nonce(m, nonce);

    if (found) {
        *slot = found;
        return 0;
    }
    return admit_anywhere(m, now, asked, incarnation, nonce, slot, error, size);
}

int machine_readmit(struct machine *m, uint64_t now, const struct machine_host *asked,
                    uint64_t incarnation, const uint8_t nonce[MACHINE_NONCE_BYTES], int *slot,
                    char *error, size_t size)
{
    int found = slot_of_nonce(m, nonce);
    struct member *old = asked->slot > 0 && asked->slot < MACHINE_SLOTS ? m->members[asked->slot]
                                                                        : NULL;

    if (found && same_key(m->members[found], asked)) {
        *slot = found;
        return 0;
    }
    if (m->self == m->coordinator && old && asked->slot != m->self &&
        old->host.incarnation == asked->incarnation && old->leave_by == MACHINE_NEVER &&
        same_key(old, asked))
        depart(m, now, old, MACHINE_LOST, "it had lost the coordinator, and came back");
    if (m->former && !former_take(m->former, now, asked->slot, asked->incarnation, asked->key)) {
        snprintf(error, size, "host %s was removed, or was lost more than %.0f s ago: join it "
                 "again with a ticket", asked->name, (double)m->rejoin_ms / MS_PER_SECOND);
        return DVM_ERR_REFUSED;
    }
    return admit_anywhere(m, now, asked, incarnation, nonce, slot, error, size);
}

/* ---- who must go -------------------------------------------------------------- */

int machine_remove(struct machine *m, uint64_t now, const char *name, uint64_t token,
                   char *error, size_t size)
{
    struct member *who = NULL;
    struct machine_action *a;

    for (int slot = 1; slot <= m->highest && !who; slot++)
        if (m->members[slot] && strcmp(m->members[slot]->host.name, name) == 0)
            who = m->members[slot];
    if (!who && m->former && former_forget(m->former, now, name)) {
        a = machine_push(m, MACHINE_DO_REMOVED);
        a->token = token;
        return 0;
    }
    if (!who) {
        snprintf(error, size, "no host is called %s; dvm hosts lists them", name);
        return DVM_ERR_NO_HOST;
    }
    if (m->self != m->coordinator || who->host.slot == m->self) {
        snprintf(error, size, "%s coordinates the machine and cannot be removed; dvm halt ends "
                 "the whole machine", m->members[m->coordinator]->host.name);
        return DVM_ERR_REFUSED;
    }
    if (who->token) {
        snprintf(error, size, "%s is being removed already", name);
        return DVM_ERR_REFUSED;
    }
    who->host.state = DVM_HOST_LEAVING;
    who->token = token;
    who->leave_by = now + MACHINE_LEAVE_MS;
    m->version++;
    a = machine_push_message(m, who->host.slot, MACHINE_GOODBYE);
    snprintf(a->message.reason, sizeof a->message.reason, "this host was removed from the machine");
    return 0;
}

int machine_halt(struct machine *m, uint64_t now, const char *reason, char *error, size_t size)
{
    struct machine_action *a;

    if (m->self != m->coordinator) {
        snprintf(error, size, "only the coordinator %s can halt the machine",
                 m->members[m->coordinator]->host.name);
        return DVM_ERR_REFUSED;
    }
    if (m->halt_by != MACHINE_NEVER)
        return 0;
    snprintf(m->halt_reason, sizeof m->halt_reason, "%s",
             reason[0] ? reason : "the machine was halted");
    if (m->count == 1) {
        machine_end(m, 0, "%s", m->halt_reason);
        return 0;
    }
    m->halt_by = now + MACHINE_LEAVE_MS;
    a = machine_push_message(m, MACHINE_ALL, MACHINE_GOODBYE);
    a->message.halt = true;
    memcpy(a->message.reason, m->halt_reason, sizeof a->message.reason);
    return 0;
}

/* ---- messages ----------------------------------------------------------------------- */

/* Send a member what it misses, or all hosts when the log no longer has it. */
static void fill(struct machine *m, uint64_t now, struct member *who, uint64_t has)
{
    struct machine_action *a;
    struct machine_message *msg;

    who->behind_at = now;
    a = machine_push_message(m, who->host.slot, MACHINE_MEMBERS);
    msg = &a->message;
    if (has + 1 >= m->log_first) {
        msg->entries = calloc(m->index - has, sizeof *msg->entries);
        for (uint64_t i = has + 1; msg->entries && i <= m->index; i++)
            msg->entries[msg->entry_count++] = *log_entry(m, i);
        return;
    }
    msg->snapshot = calloc(m->count, sizeof *msg->snapshot);
    for (int slot = 1; msg->snapshot && slot <= m->highest; slot++)
        if (m->members[slot])
            msg->snapshot[msg->snapshot_count++] = m->members[slot]->host;
}

static void pong(struct machine *m, uint64_t now, struct member *who,
                 const struct machine_message *ping)
{
    struct machine_action *a = machine_push_message(m, who->host.slot, MACHINE_PONG);
    struct machine_message *msg = &a->message;

    msg->sent_ms = ping->sent_ms;
    msg->strain_ms = machine_strain(m, now);
    if (who->told_load == m->load_version)
        return;
    msg->loads = calloc(m->count, sizeof *msg->loads);
    for (int slot = 1; msg->loads && slot <= m->highest; slot++)
        if (m->members[slot] && m->members[slot]->load_version > who->told_load)
            msg->loads[msg->load_count++] =
                (struct machine_load){slot, m->members[slot]->host.tasks,
                                      m->members[slot]->host.change};
    /* N.B. a heartbeat may be lost: only a later ping could confirm it. Tasks are
     * display only, so they are told once more when they change again. */
    if (msg->loads)
        who->told_load = m->load_version;
}

static void on_ping(struct machine *m, uint64_t now, struct member *who,
                    const struct machine_message *msg)
{
    uint64_t next = msg->log_index + 1;

    machine_load_of(m, who->host.slot, msg->tasks, msg->change);
    pong(m, now, who, msg);
    /* behind, and not only because the entry is still on its way */
    if (msg->log_index < m->index && now >= who->behind_at + FILL_AGAIN_MS &&
        (next < m->log_first || now >= m->log_at[next % MACHINE_LOG_KEPT] + FILL_AGAIN_MS))
        fill(m, now, who, msg->log_index);
}

void coordinator_receive(struct machine *m, uint64_t now, struct member *from,
                         const struct machine_message *msg)
{
    if (msg->type == MACHINE_PING)
        on_ping(m, now, from, msg);
    else if (msg->type == MACHINE_GOODBYE)
        depart(m, now, from, MACHINE_LEFT, msg->reason);
    if (m->halt_by != MACHINE_NEVER && m->count == 1)
        machine_end(m, 0, "%s", m->halt_reason);
}

/* ---- time ---------------------------------------------------------------------------- */

static void check(struct machine *m, uint64_t now, struct member *who)
{
    char reason[MACHINE_REASON_BYTES];

    if (now >= who->suspect_at) {
        depart(m, now, who, who->leave_by == MACHINE_NEVER ? MACHINE_LOST : MACHINE_LEFT,
               "its connection broke and did not come back");
    } else if (now >= machine_silent_at(m, now, who)) {
        snprintf(reason, sizeof reason, "no sign of life for %.1f s",
                 (double)(now - who->heard) / MS_PER_SECOND);
        depart(m, now, who, MACHINE_LOST, reason);
    } else if (now >= who->leave_by) {
        depart(m, now, who, MACHINE_LEFT, "it was removed and did not answer");
    }
}

/* When to look again: what is heard until then only makes it a look in vain. */
static uint64_t next_look(const struct machine *m, uint64_t now)
{
    uint64_t at = now + machine_interval(m);

    for (int slot = 1; slot <= m->highest; slot++) {
        const struct member *who = slot == m->self ? NULL : m->members[slot];
        uint64_t end = who ? machine_silent_at(m, now, who) : MACHINE_NEVER;

        if (end < at)
            at = end;
    }
    return at > now ? at : now + 1;
}

void coordinator_tick(struct machine *m, uint64_t now)
{
    for (int slot = 1; slot <= m->highest; slot++)
        if (m->members[slot] && slot != m->self)
            check(m, now, m->members[slot]);
    m->tick_at = m->count > 1 ? next_look(m, now) : MACHINE_NEVER;
    if (m->halt_by != MACHINE_NEVER && (m->count == 1 || now >= m->halt_by))
        machine_end(m, 0, "%s", m->halt_reason);
}

uint64_t coordinator_deadline(const struct machine *m)
{
    uint64_t at = m->tick_at;

    for (int slot = 1; slot <= m->highest; slot++) {
        const struct member *who = slot == m->self ? NULL : m->members[slot];

        if (who && who->suspect_at < at)
            at = who->suspect_at;
    }
    return at;
}
