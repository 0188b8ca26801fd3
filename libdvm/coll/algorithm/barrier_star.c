/* barrier_star.c: a barrier with a centre: all tell rank 0, and it tells all.
 *
 * Used where tasks are more than the cores: each task is given a core twice, to say that it
 * has come and to hear that all have, instead of once a round.
 * Cost: 2 (n - 1) messages, of which each task but the centre sends and receives one.
 * Source: J. Mellor-Crummey, M. Scott, "Algorithms for scalable synchronization on shared-memory
 * multiprocessors", ACM Trans. Computer Systems 9 (1991): the centralized barrier.
 */
#include "coll/algorithms.h"

void barrier_star(struct schedule *s)
{
    if (s->rank > 0) {
        schedule_receive(s, 0, NULL, 0, DVM_BYTE);
        schedule_send(s, 0, NULL, 0, DVM_BYTE);
        return;
    }
    for (int r = 1; r < s->size; r++)
        schedule_receive(s, r, NULL, 0, DVM_BYTE);
    schedule_round(s);
    for (int r = 1; r < s->size; r++)
        schedule_send(s, r, NULL, 0, DVM_BYTE);
}
