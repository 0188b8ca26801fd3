/* alltoall_pairwise.c: one exchange a round, so that no receiver is flooded.
 *
 * Used for large blocks.
 * Cost: (n - 1) (latency + block / bandwidth).
 * Source: as bcast_binomial.c.
 */
#include "coll/algorithms.h"
#include "type/type.h"

void alltoall_pairwise(struct schedule *s, const struct blocks *in, const struct blocks *out)
{
    int n = s->size;

    for (int i = 1; i < n; i++) {
        int from = (s->rank - i + n) % n, to = (s->rank + i) % n;

        schedule_receive(s, from, blocks_at(out, from), blocks_count(out, from), out->type);
        schedule_send(s, to, blocks_at(in, to), blocks_count(in, to), in->type);
        schedule_round(s);
    }
    schedule_copy_between(s, blocks_at(out, s->rank), out->type, blocks_at(in, s->rank), in->type,
                          blocks_count(in, s->rank));
}
