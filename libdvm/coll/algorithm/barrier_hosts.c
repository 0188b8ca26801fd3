/* barrier_hosts.c: a barrier of two levels: the tasks of a host tell the one that stands for
 * it, those meet, and each tells its own.
 *
 * Used over several hosts of which one at least has several tasks.
 * Cost: between hosts ceil(log2 h) rounds of h messages, of h hosts; inside one there and back.
 * Source: as shared.c inside, barrier_dissemination.c between.
 */
#include "coll/level.h"

void barrier_hosts(struct schedule *s)
{
    struct level l;

    if (!level_begin(s, DVM_NULL, &l))
        return;
    level_gather(s, &l, NULL, NULL, 0, DVM_BYTE);
    if (l.stands) {
        level_between(s, &l);
        barrier_dissemination(s);
    }
    level_bcast(s, &l, NULL, 0, DVM_BYTE);
    level_end(s);
}
