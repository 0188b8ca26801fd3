/* away.c: a member that has lost its machine, or was declared lost by it.
 *
 * What it ran has been declared lost, so it is ended; when the daemon says that this is
 * done (machine_clear) the coordinator is asked again and again, less and less often,
 * to let the host in anew. It is the answer that ends it: let in, refused, nobody there;
 * or the time.
 *
 *   member --lost--> away --clear--> asking <--unanswered-- asked
 *                                      |  ^-------- pause -----|
 *      member again <--rejoined--------+-- refused, time over --> ended
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/machine/state.h"

#define MS_PER_SECOND 1000.0

void away_begin(struct machine *m, uint64_t now, const char *format, ...)
{
    char why[MACHINE_REASON_BYTES];
    struct machine_action *a;
    va_list ap;

    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    if (m->rejoin_ms == 0) {
        machine_end(m, 1, "%s", why);
        return;
    }
    if (m->away || m->ended)
        return;
    m->away = true;
    m->clear = false;
    m->away_until = now + m->rejoin_ms;
    m->try_ms = MACHINE_TRY_MIN_MS;
    m->tick_at = MACHINE_NEVER;
    memcpy(m->away_why, why, sizeof m->away_why);
    a = machine_push(m, MACHINE_DO_AWAY);
    memcpy(a->text, why, sizeof a->text);
}

void away_tick(struct machine *m, uint64_t now)
{
    if (now >= m->away_until) {
        machine_end(m, 1, "%.100s; it could not rejoin within %.0f s", m->away_why,
                    (double)m->rejoin_ms / MS_PER_SECOND);
    } else if (m->clear && now >= m->tick_at) {
        m->tick_at = MACHINE_NEVER; /* until there is an answer */
        machine_push(m, MACHINE_DO_REJOIN);
    }
}

uint64_t away_deadline(const struct machine *m)
{
    return m->tick_at < m->away_until ? m->tick_at : m->away_until;
}

void machine_clear(struct machine *m, uint64_t now)
{
    if (!m->away || m->ended)
        return;
    m->clear = true;
    m->tick_at = now;
}

void machine_unanswered(struct machine *m, uint64_t now)
{
    if (!m->away || m->ended)
        return;
    m->tick_at = now + m->try_ms;
    m->try_ms = 2 * m->try_ms > MACHINE_TRY_MAX_MS ? MACHINE_TRY_MAX_MS : 2 * m->try_ms;
}

void machine_refused(struct machine *m, const char *why)
{
    if (m->away)
        machine_end(m, 1, "%.80s; %.74s", m->away_why, why);
}

bool machine_rejoined(struct machine *m, uint64_t now, int self, int coordinator,
                      uint64_t log_index, const struct machine_host *hosts, size_t count)
{
    if (!m->away || m->ended || !machine_become(m, now, self, coordinator, log_index, hosts, count))
        return false;
    m->away = false;
    return true;
}

bool machine_away(const struct machine *m)
{
    return m->away;
}
