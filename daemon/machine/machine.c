/* machine.c: the members, the actions, and who handles what (machine.h).
 *
 * coordinator.c orders changes, member.c follows; both change the members only here,
 * through entries of the log, so that every host sees the same ups and downs in the
 * same order.
 */
#include "daemon/machine/machine.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/machine/state.h"

#define FIRST_WORD_MS 10000 /* for a new member, or a new member's coordinator, at least */

/* ---- actions ------------------------------------------------------------------ */

struct machine_action *machine_push(struct machine *m, int type)
{
    struct queued *q = calloc(1, sizeof *q);

    if (!q)
        abort(); /* an action cannot be left out: members would disagree */
    q->action.type = type;
    if (m->last)
        m->last->next = q;
    else
        m->first = q;
    m->last = q;
    return &q->action;
}

struct machine_action *machine_push_message(struct machine *m, int slot, int type)
{
    struct machine_action *a = machine_push(m, MACHINE_DO_SEND);

    a->slot = slot;
    a->message.type = type;
    a->message.log_index = m->index;
    return a;
}

void machine_end(struct machine *m, int status, const char *format, ...)
{
    struct machine_action *a;
    va_list ap;

    if (m->ended)
        return;
    m->ended = true;
    a = machine_push(m, MACHINE_DO_END);
    a->status = status;
    va_start(ap, format);
    vsnprintf(a->text, sizeof a->text, format, ap);
    va_end(ap);
}

bool machine_action(struct machine *m, struct machine_action *out)
{
    struct queued *q = m->first;

    if (!q)
        return false;
    m->first = q->next;
    if (!m->first)
        m->last = NULL;
    *out = q->action;
    free(q);
    return true;
}

void machine_message_free(struct machine_message *msg)
{
    free(msg->entries);
    free(msg->snapshot);
    free(msg->loads);
    msg->entries = NULL;
    msg->snapshot = NULL;
    msg->loads = NULL;
}

/* ---- members -------------------------------------------------------------------- */

bool machine_insert(struct machine *m, uint64_t now, const struct machine_host *host)
{
    struct member *who;

    assert(host->slot > 0 && host->slot < MACHINE_SLOTS && !m->members[host->slot]);
    who = calloc(1, sizeof *who);
    if (!who)
        return false;
    who->host = *host;
    who->heard = now;
    who->suspect_at = who->leave_by = MACHINE_NEVER;
    m->members[host->slot] = who;
    m->count++;
    m->version++;
    if (host->slot > m->highest)
        m->highest = host->slot;
    return true;
}

void machine_erase(struct machine *m, uint64_t now, int slot)
{
    assert(m->members[slot] && slot != m->self);
    free(m->members[slot]);
    m->members[slot] = NULL;
    m->count--;
    m->version++;
    m->free_at[slot] = now + MACHINE_QUARANTINE_MS;
    while (m->highest > 0 && !m->members[m->highest])
        m->highest--;
}

bool machine_apply(struct machine *m, uint64_t now, const struct machine_entry *e)
{
    struct member *who = m->members[e->host.slot];
    struct machine_action *a;

    assert(e->index == m->index + 1);
    m->index = e->index;
    if (e->event == MACHINE_ADD) {
        if (who || !machine_insert(m, now, &e->host))
            return false;
        a = machine_push(m, MACHINE_DO_UP);
        a->host = e->host;
        return true;
    }
    if (!who || who->host.incarnation != e->host.incarnation || e->host.slot == m->self)
        return false;
    a = machine_push(m, MACHINE_DO_DOWN);
    a->host = who->host;
    a->host.state = e->event == MACHINE_LOST ? DVM_HOST_LOST : DVM_HOST_LEAVING;
    a->lost = e->event == MACHINE_LOST;
    memcpy(a->text, e->reason, sizeof a->text);
    machine_erase(m, now, e->host.slot);
    return true;
}

/* ---- life ------------------------------------------------------------------------ */

static struct machine *create(const struct machine_config *config)
{
    struct machine *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->silence_ms = config->silence_ms ? config->silence_ms : MACHINE_SILENCE_DEFAULT_MS;
    if (m->silence_ms < MACHINE_SILENCE_MIN_MS)
        m->silence_ms = MACHINE_SILENCE_MIN_MS;
    if (m->silence_ms > MACHINE_SILENCE_MAX_MS)
        m->silence_ms = MACHINE_SILENCE_MAX_MS;
    m->rejoin_ms = config->rejoin_ms < MACHINE_REJOIN_MAX_MS ? config->rejoin_ms
                                                             : MACHINE_REJOIN_MAX_MS;
    m->tick_at = m->halt_by = MACHINE_NEVER;
    return m;
}

struct machine *machine_start(const struct machine_config *config, uint64_t now,
                              const struct machine_host *self)
{
    struct machine *m = create(config);
    struct machine_host host = *self;

    if (!m)
        return NULL;
    host.slot = m->self = m->coordinator = 1;
    host.state = DVM_HOST_UP;
    m->index = 1; /* entry 1 is this host's own */
    if (!coordinator_open(m) || !machine_insert(m, now, &host)) {
        machine_destroy(m);
        return NULL;
    }
    return m;
}

static bool makes_sense(int self, int coordinator, const struct machine_host *hosts, size_t count)
{
    bool seen[MACHINE_SLOTS] = {false};

    for (size_t i = 0; i < count; i++) {
        if (hosts[i].slot <= 0 || hosts[i].slot >= MACHINE_SLOTS || seen[hosts[i].slot])
            return false;
        seen[hosts[i].slot] = true;
    }
    return self > 0 && self < MACHINE_SLOTS && coordinator > 0 && coordinator < MACHINE_SLOTS &&
           self != coordinator && seen[self] && seen[coordinator];
}

bool machine_become(struct machine *m, uint64_t now, int self, int coordinator,
                    uint64_t log_index, const struct machine_host *hosts, size_t count)
{
    if (!makes_sense(self, coordinator, hosts, count))
        return false;
    for (int slot = 0; slot < MACHINE_SLOTS; slot++) {
        free(m->members[slot]);
        m->members[slot] = NULL;
    }
    m->count = 0;
    m->highest = 0;
    m->self = self;
    m->coordinator = coordinator;
    m->index = log_index;
    for (size_t i = 0; i < count; i++)
        if (!machine_insert(m, now, &hosts[i]))
            abort(); /* as for an action: members would disagree */
    m->tick_at = now; /* the first heartbeat at once */
    return true;
}

struct machine *machine_join(const struct machine_config *config, uint64_t now, int self,
                             int coordinator, uint64_t log_index,
                             const struct machine_host *hosts, size_t count)
{
    struct machine *m = create(config);

    if (m && machine_become(m, now, self, coordinator, log_index, hosts, count))
        return m;
    machine_destroy(m);
    return NULL;
}

void machine_destroy(struct machine *m)
{
    struct machine_action a;

    if (!m)
        return;
    while (machine_action(m, &a))
        machine_message_free(&a.message);
    for (int slot = 0; slot < MACHINE_SLOTS; slot++)
        free(m->members[slot]);
    former_destroy(m->former);
    free(m->log);
    free(m);
}

/* ---- events ---------------------------------------------------------------------- */

static bool is_coordinator(const struct machine *m)
{
    return m->self == m->coordinator;
}

static struct member *other(struct machine *m, int slot)
{
    return slot > 0 && slot < MACHINE_SLOTS && slot != m->self ? m->members[slot] : NULL;
}

void machine_heard(struct machine *m, uint64_t now, int slot)
{
    struct member *who = other(m, slot);

    if (!who)
        return;
    who->heard = now;
    who->talked = true;
}

void machine_receive(struct machine *m, uint64_t now, int slot, const struct machine_message *msg)
{
    struct member *who = other(m, slot);

    if (!who || m->ended || m->away)
        return;
    machine_heard(m, now, slot);
    if (msg->type == MACHINE_PING || msg->type == MACHINE_PONG)
        who->strain_ms = msg->strain_ms;
    if (is_coordinator(m))
        coordinator_receive(m, now, who, msg);
    else if (slot == m->coordinator)
        member_receive(m, now, msg);
}

void machine_connection(struct machine *m, uint64_t now, int slot, bool up)
{
    struct member *who = other(m, slot);

    if (!who || m->away || !(is_coordinator(m) || slot == m->coordinator))
        return;
    if (up)
        who->suspect_at = MACHINE_NEVER;
    else if (who->suspect_at == MACHINE_NEVER)
        who->suspect_at = now + MACHINE_SUSPECT_MS + machine_patience(m, now, who) - m->silence_ms;
}

void machine_taken(struct machine *m, int slot)
{
    struct member *who = other(m, slot);

    if (who && !m->away)
        who->suspect_at = MACHINE_NEVER;
}

void machine_expelled(struct machine *m, uint64_t now, const char *why)
{
    away_begin(m, now, "the coordinator %s ended this host's membership: %s",
               m->members[m->coordinator] ? m->members[m->coordinator]->host.name : "?", why);
}

uint64_t machine_strain(const struct machine *m, uint64_t now)
{
    uint64_t halvings = now > m->strain_at ? (now - m->strain_at) / MACHINE_STRAIN_HALF_MS : 0;

    return halvings < 64 ? m->strain_ms >> halvings : 0;
}

uint64_t machine_patience(const struct machine *m, uint64_t now, const struct member *who)
{
    uint64_t own = machine_strain(m, now), strain = who->strain_ms > own ? who->strain_ms : own;
    uint64_t most = MACHINE_STRAIN_SILENCES * m->silence_ms;

    return m->silence_ms +
           (strain > most / MACHINE_STRAIN_FACTOR ? most : strain * MACHINE_STRAIN_FACTOR);
}

uint64_t machine_interval(const struct machine *m)
{
    uint64_t ms = m->silence_ms / MACHINE_TICKS_PER_SILENCE;

    return ms > MACHINE_TICK_MS ? MACHINE_TICK_MS : ms;
}

uint64_t machine_silent_at(const struct machine *m, uint64_t now, const struct member *who)
{
    uint64_t ms = machine_patience(m, now, who) - machine_interval(m);

    return who->heard + (who->talked || ms > FIRST_WORD_MS ? ms : FIRST_WORD_MS);
}

/* This process ran late: what others may have sent meanwhile is still unread. */
static void forgive(struct machine *m, uint64_t now, uint64_t late)
{
    for (int slot = 1; slot <= m->highest; slot++) {
        struct member *who = other(m, slot);

        if (!who)
            continue;
        who->heard = who->heard + late > now ? now : who->heard + late;
        if (who->suspect_at != MACHINE_NEVER)
            who->suspect_at += late;
    }
}

void machine_tick(struct machine *m, uint64_t now)
{
    uint64_t due;

    if (m->ended)
        return;
    if (m->away) {
        away_tick(m, now);
        return;
    }
    due = machine_deadline(m);
    if (now > due && now - due > MACHINE_LATE_MS) {
        forgive(m, now, now - due);
        if (now - due > machine_strain(m, now)) {
            m->strain_ms = now - due;
            m->strain_at = now;
        }
    }
    if (is_coordinator(m))
        coordinator_tick(m, now);
    else
        member_tick(m, now);
}

uint64_t machine_deadline(const struct machine *m)
{
    if (m->ended)
        return MACHINE_NEVER;
    if (m->away)
        return away_deadline(m);
    return is_coordinator(m) ? coordinator_deadline(m) : member_deadline(m);
}

void machine_leave(struct machine *m, const char *reason)
{
    struct machine_action *a;

    if (m->ended && m->halt_by == MACHINE_NEVER)
        return;
    if (m->count > 1 && m->halt_by == MACHINE_NEVER && !m->away) {
        a = machine_push_message(m, is_coordinator(m) ? MACHINE_ALL : m->coordinator,
                                 MACHINE_GOODBYE);
        a->message.halt = is_coordinator(m);
        snprintf(a->message.reason, sizeof a->message.reason, "%s", reason);
    }
    m->ended = true;
}

void machine_load(struct machine *m, int tasks)
{
    struct member *self = m->members[m->self];

    if (self->host.tasks == tasks)
        return;
    self->host.tasks = tasks;
    self->host.change++;
    self->load_version = ++m->load_version;
}

void machine_load_of(struct machine *m, int slot, int tasks, uint64_t change)
{
    struct member *who = other(m, slot);

    if (!who || change <= who->host.change)
        return;
    who->host.tasks = tasks;
    who->host.change = change;
    who->load_version = ++m->load_version;
}

void machine_listen(struct machine *m, const struct machine_host *where)
{
    struct machine_host *self = &m->members[m->self]->host;

    memcpy(self->key, where->key, sizeof self->key);
    self->port = where->port;
    self->addresses = where->addresses;
    memcpy(self->address, where->address, sizeof self->address);
    m->version++;
}

/* ---- reading ----------------------------------------------------------------------- */

int machine_self(const struct machine *m)
{
    return m->self;
}

int machine_coordinator(const struct machine *m)
{
    return m->coordinator;
}

uint64_t machine_silence(const struct machine *m)
{
    return m->silence_ms;
}

uint64_t machine_rejoin(const struct machine *m)
{
    return m->rejoin_ms;
}

uint64_t machine_index(const struct machine *m)
{
    return m->index;
}

const struct machine_host *machine_host(const struct machine *m, int slot)
{
    return slot > 0 && slot < MACHINE_SLOTS && m->members[slot] ? &m->members[slot]->host : NULL;
}

size_t machine_count(const struct machine *m)
{
    return m->count;
}

const struct machine_host *machine_next(const struct machine *m, int slot)
{
    while (++slot <= m->highest)
        if (m->members[slot])
            return &m->members[slot]->host;
    return NULL;
}

uint64_t machine_version(const struct machine *m)
{
    return m->version;
}
