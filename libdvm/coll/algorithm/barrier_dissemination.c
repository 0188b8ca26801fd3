/* barrier_dissemination.c: a barrier without a centre.
 *
 * In round k each task sends to the task 2^k places after it and receives from the one 2^k
 * places before it, so that after the last round it has heard, directly or not, from all.
 * Used where the tasks are not more than the cores.
 * Cost: ceil(log2 n) rounds of one latency.
 * Source: D. Hensgen, R. Finkel, U. Manber, "Two algorithms for barrier
 * synchronization", Int. J. Parallel Programming 17 (1988).
 */
#include "coll/algorithms.h"

void barrier_dissemination(struct schedule *s)
{
    for (int distance = 1; distance < s->size; distance *= 2) {
        schedule_receive(s, (s->rank - distance + s->size) % s->size, NULL, 0, DVM_BYTE);
        schedule_send(s, (s->rank + distance) % s->size, NULL, 0, DVM_BYTE);
        schedule_round(s);
    }
}
