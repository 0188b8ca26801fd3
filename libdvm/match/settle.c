/* settle.c: see settle.h.
 *
 * Beside another process that computes the scheduler has its reasons for where it puts tasks, and
 * who moves back makes all wait for the task that shares a core with that process. So a task
 * moves only if all together have had nearly all of the cores since they last looked: tasks
 * that yield or compute use what there is. What one has had says nothing, as the scheduler
 * may leave one alone on a core, and all others on another. Who has moved, and is elsewhere
 * again, waits twice as long with the next move.
 */
#include "match/settle.h"

#include <stddef.h>

#include "base/clock.h"
#include "lane/apart.h"
#include "match/load.h"

#define WHOLE 1000            /* thousandths of a core */
#define MOST_OF(all) ((all) * 85 / 100)

static struct {
    const void *who;
    struct settling when;
} own;

uint32_t settle_look(struct settling *s, uint64_t now, uint64_t used)
{
    bool first = s->pause == 0;
    uint64_t had = first ? 0 : (used - s->used) * WHOLE / (now - s->seen);

    if (first)
        s->pause = SETTLE_NS;
    s->due = now + s->pause;
    s->seen = now;
    s->used = used;
    return (uint32_t)had;
}

void settle_moved(struct settling *s)
{
    if (s->pause < SETTLE_NS_MOST)
        s->pause *= 2;
    s->due = s->seen + s->pause;
}

bool settle_due(const void *who, int count, uint32_t *had)
{
    uint64_t now = clock_ns();

    if (!own.who)
        own.who = who;
    if (own.who != who || now < own.when.due || count <= load_cores())
        return false;
    *had = settle_look(&own.when, now, clock_used_ns());
    return true;
}

void settle(uint64_t had, int place, int count)
{
    if (had >= MOST_OF((uint64_t)load_cores() * WHOLE) && apart_settle(place, count))
        settle_moved(&own.when);
}

void settle_forget(const void *who)
{
    if (own.who == who)
        own.who = NULL;
}
