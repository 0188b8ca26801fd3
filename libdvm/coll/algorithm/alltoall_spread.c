/* alltoall_spread.c: all messages at once, each task beginning behind itself.
 *
 * Used for small blocks, and where tasks are more than the cores: each waits once.
 * Cost: n - 1 messages each way, all under way together.
 * Source: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective communication
 * operations in MPICH", Int. J. High Perf. Comput. Appl. 19 (2005): medium messages of alltoall.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void alltoall_spread(struct schedule *s, const struct blocks *in, const struct blocks *out)
{
    int n = s->size;

    for (int i = 1; i < n; i++) {
        int from = (s->rank - i + n) % n;

        schedule_receive(s, from, blocks_at(out, from), blocks_count(out, from), out->type);
    }
    for (int i = 1; i < n; i++) {
        int to = (s->rank + i) % n;

        schedule_send(s, to, blocks_at(in, to), blocks_count(in, to), in->type);
    }
    schedule_copy_between(s, blocks_at(out, s->rank), out->type, blocks_at(in, s->rank), in->type,
                          blocks_count(in, s->rank));
}
