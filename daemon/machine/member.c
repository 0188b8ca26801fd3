/* member.c: a member that is not the coordinator: it sends heartbeats, applies the
 * log in order, and is away when the coordinator is lost, or ends when it tells it to.
 *
 * A heartbeat that is answered is enough for a good while (833 ms of 3 s of silence);
 * until the answer is there the next is due after a third of a second. So a lost one costs
 * nothing, and a dead connection is doubted as early as with three times as many, which
 * would cost all computers as many wakings. */
#include <stdio.h>
#include <string.h>

#include "daemon/machine/state.h"

#define MS_PER_SECOND 1000.0

static uint64_t limited(uint64_t ms, uint64_t most)
{
    return ms > most ? most : ms < MACHINE_PING_MIN_MS ? MACHINE_PING_MIN_MS : ms;
}

/* From a ping to the next when there is no answer. */
static uint64_t again_interval(const struct machine *m)
{
    return limited(m->silence_ms / MACHINE_AGAINS_PER_SILENCE, MACHINE_AGAIN_MAX_MS);
}

uint64_t member_interval(const struct machine *m)
{
    uint64_t ms = m->silence_ms > MACHINE_GAP_MS ? m->silence_ms - MACHINE_GAP_MS : 0;

    return limited(ms / MACHINE_PINGS_PER_SILENCE, MACHINE_PING_MAX_MS);
}

static bool same_host(const struct machine_host *a, const struct machine_host *b)
{
    return a && b && a->slot == b->slot && a->incarnation == b->incarnation;
}

static const struct machine_host *in_snapshot(const struct machine_message *msg, int slot)
{
    for (size_t i = 0; i < msg->snapshot_count; i++)
        if (msg->snapshot[i].slot == slot)
            return &msg->snapshot[i];
    return NULL;
}

/* Become what a snapshot says; what happened in between shows as ups and downs. */
static void take_snapshot(struct machine *m, uint64_t now, const struct machine_message *msg)
{
    struct machine_action *a;

    if (msg->log_index <= m->index)
        return;
    if (!same_host(in_snapshot(msg, m->self), &m->members[m->self]->host)) {
        machine_expelled(m, now, "it was declared lost");
        return;
    }
    for (int slot = 1; slot <= m->highest; slot++) {
        const struct machine_host *host = machine_host(m, slot);

        if (!host || same_host(host, in_snapshot(msg, slot)))
            continue;
        a = machine_push(m, MACHINE_DO_DOWN);
        a->host = *host;
        a->host.state = DVM_HOST_LOST;
        a->lost = true;
        snprintf(a->text, sizeof a->text, "it left or was lost some time ago");
        machine_erase(m, now, slot);
    }
    for (size_t i = 0; i < msg->snapshot_count; i++) {
        const struct machine_host *host = &msg->snapshot[i];

        if (host->slot <= 0 || host->slot >= MACHINE_SLOTS || m->members[host->slot] ||
            !machine_insert(m, now, host))
            continue;
        a = machine_push(m, MACHINE_DO_UP);
        a->host = *host;
    }
    m->index = msg->log_index;
}

static void take_entries(struct machine *m, uint64_t now, const struct machine_message *msg)
{
    for (size_t i = 0; i < msg->entry_count; i++) {
        const struct machine_entry *e = &msg->entries[i];

        if (e->index != m->index + 1 || e->host.slot <= 0 || e->host.slot >= MACHINE_SLOTS)
            continue; /* known, or behind a gap that the next heartbeat shows */
        if (e->host.slot == m->self && e->event != MACHINE_ADD)
            machine_expelled(m, now, e->reason);
        else
            machine_apply(m, now, e);
    }
}

static void take_loads(struct machine *m, const struct machine_message *msg)
{
    for (size_t i = 0; i < msg->load_count; i++)
        machine_load_of(m, msg->loads[i].slot, msg->loads[i].tasks, msg->loads[i].change);
}

/* The answer to the last ping is there: the next can wait, unless it is due already (and
 * so is the look at how late it is). */
static void on_pong(struct machine *m, uint64_t now, const struct machine_message *msg)
{
    if (msg->sent_ms == m->pinged && now < m->tick_at)
        m->tick_at = m->pinged + member_interval(m);
    take_loads(m, msg);
}

static void on_goodbye(struct machine *m, const struct machine_message *msg)
{
    struct machine_action *a = machine_push_message(m, m->coordinator, MACHINE_GOODBYE);

    snprintf(a->message.reason, sizeof a->message.reason, "%s",
             msg->halt ? "the machine was halted" : "it was removed");
    machine_end(m, 0, "%s", msg->reason[0] ? msg->reason : "the coordinator said so");
}

void member_receive(struct machine *m, uint64_t now, const struct machine_message *msg)
{
    switch (msg->type) {
    case MACHINE_MEMBERS:
        if (msg->snapshot_count > 0)
            take_snapshot(m, now, msg);
        else
            take_entries(m, now, msg);
        break;
    case MACHINE_PONG:
        on_pong(m, now, msg);
        break;
    case MACHINE_GOODBYE:
        on_goodbye(m, msg);
        break;
    default:
        break; /* a ping is for coordinators */
    }
}

static void ping(struct machine *m, uint64_t now)
{
    struct machine_action *a = machine_push_message(m, m->coordinator, MACHINE_PING);

    a->message.sent_ms = m->pinged = now;
    a->message.strain_ms = machine_strain(m, now);
    a->message.tasks = m->members[m->self]->host.tasks;
    a->message.change = m->members[m->self]->host.change;
}

void member_tick(struct machine *m, uint64_t now)
{
    const struct member *c = m->members[m->coordinator];

    if (now >= c->suspect_at) {
        away_begin(m, now, "the coordinator %s was lost: its connection broke and did not come "
                   "back", c->host.name);
        return;
    }
    if (now >= machine_silent_at(m, now, c)) {
        away_begin(m, now, "the coordinator %s was lost: no sign of life for %.1f s", c->host.name,
                   (double)(now - c->heard) / MS_PER_SECOND);
        return;
    }
    if (now >= m->tick_at) {
        /* A ping has had no answer; that the last was long ago means nothing by itself. On a
         * busy computer answers are late, and each doubt costs both sides a connection. */
        uint64_t doubt_at = c->heard + machine_patience(m, now, c) / MACHINE_DOUBTS_PER_SILENCE;

        if (c->heard < m->pinged && now > doubt_at)
            machine_push(m, MACHINE_DO_DOUBT)->slot = m->coordinator;
        ping(m, now);
        m->tick_at = now + again_interval(m);
    }
}

uint64_t member_deadline(const struct machine *m)
{
    const struct member *c = m->members[m->coordinator];
    uint64_t at = c->suspect_at < m->tick_at ? c->suspect_at : m->tick_at;
    uint64_t silent_at = machine_silent_at(m, c->heard, c);

    return silent_at < at ? silent_at : at;
}
