/* bcast_star.c: a broadcast from the root to each task.
 *
 * Used for small messages where tasks are more than the cores: nobody but the root has to
 * be given a core before the others can go on.
 * Cost: (n - 1) messages of the root.
 * Source: J. Pjesivac-Grbovic and others, "Performance analysis of MPI collective operations",
 * Cluster Computing 10 (2007): the flat tree.
 */
#include "coll/algorithms.h"

void bcast_star(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    if (s->rank != root) {
        schedule_receive(s, root, buffer, count, type);
        return;
    }
    for (int i = 1; i < s->size; i++)
        schedule_send(s, (root + i) % s->size, buffer, count, type);
}
