/* bcast_binomial.c: a broadcast down a binomial tree.
 *
 * On ranks counted from the root, a task receives from the task without its lowest set
 * bit, then sends to those that have one lower bit more, the largest subtree first.
 * Used for small messages, and on one host.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth).
 * Source: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective
 * communication operations in MPICH", Int. J. High Perf. Comput. Appl. 19 (2005).
 */
#include "coll/algorithms.h"

void bcast_binomial(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    int n = s->size, place = (s->rank - root + n) % n; /* counted from the root */
    int bit = 1;

    while (bit < n && !(place & bit))
        bit *= 2;
    if (place > 0) {
        schedule_receive(s, (place - bit + root) % n, buffer, count, type);
        schedule_round(s);
    }
    for (bit /= 2; bit > 0; bit /= 2)
        if (place + bit < n)
            schedule_send(s, (place + bit + root) % n, buffer, count, type);
}
