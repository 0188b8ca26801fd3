/* ways.c: see ways.h.
 *
 * What a task alone sees (bypass.c) is not what a call costs all of its members, so whole calls are
 * timed: two in a row go the other way now and then, of which the second counts, as the first
 * finds caches as the way before has left them; and so does the second of the next two.
 */
#include "coll/ways.h"

#define EVERY 64      /* calls, of which two in a row go the other way; */
#define MEASURED 2    /* of the second, and of the second that goes as always, the time counts */
#define CLEARLY 0.95f /* the other way takes so much of the time, or less: it is taken */
#define NEWEST 0.25f  /* share of the newest in a mean, */
#define LESS 0.75f    /* where it is less: what is too much is soon forgotten, as a core was lost */

bool ways_next(struct ways *w, bool *timed)
{
    unsigned turn = w->calls++ % EVERY;

    *timed = turn % MEASURED == MEASURED - 1 && turn < 2 * MEASURED;
    return turn < MEASURED ? !w->way : w->way;
}

void ways_learn(struct ways *w, bool way, float ns)
{
    float *mean = &w->ns[way];

    *mean = *mean == 0 ? ns : *mean + (ns < *mean ? LESS : NEWEST) * (ns - *mean);
    if (w->ns[0] > 0 && w->ns[1] > 0 && w->ns[!w->way] < CLEARLY * w->ns[w->way])
        w->way = !w->way;
}
