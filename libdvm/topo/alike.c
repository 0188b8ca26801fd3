/* alike.c: what rank 0 says goes to all, who compare; the largest rank that differs comes
 * back to all. So all end a call that is wrong with the same sentence, and nobody waits for
 * one that gave up. Cost: a broadcast and an allreduce, 3 ceil(log2 n) messages in a row.
 */
#include "topo/alike.h"

#include <stdbool.h>
#include <string.h>

static int compare(struct call *c, const int64_t *words, const int64_t *first, int *other)
{
    bool differs = memcmp(words + 1, first + 1, (ALIKE_WORDS - 1) * sizeof *words) != 0;
    int mine = differs ? c->group->rank : -1;
    int rc = call_begin(c, 0);

    if (rc != DVM_OK)
        return rc;
    allreduce_doubling(c->schedule, &(struct reduction){&mine, other, 1, DVM_INT, DVM_MAX});
    return schedule_run(c->schedule);
}

int alike(struct call *c, int64_t words[ALIKE_WORDS], int *other)
{
    int64_t first[ALIKE_WORDS];
    int rc = call_begin(c, 0);

    *other = -1;
    if (rc != DVM_OK || !c->schedule)
        return rc;
    memcpy(first, words, sizeof first);
    bcast_binomial(c->schedule, 0, first, ALIKE_WORDS, DVM_INT64);
    rc = schedule_run(c->schedule);
    if (rc == DVM_OK)
        rc = compare(c, words, first, other);
    if (rc == DVM_OK)
        words[0] = first[0];
    return rc;
}
