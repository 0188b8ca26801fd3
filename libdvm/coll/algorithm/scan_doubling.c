/* scan_doubling.c: prefix reductions by doubling distances.
 *
 * What a task has combined ends with its own rank and grows to the left: it sends that to
 * the task 2^k after it, and puts what comes from 2^k before in front of its own.
 * Used always.
 * Cost: ceil(log2 n) (latency + bytes / bandwidth + bytes * op), twice the operations when
 * this task's own operand is left out.
 * Source: W. D. Hillis, G. L. Steele, "Data parallel algorithms", Comm. ACM 29 (1986).
 */
#include "coll/algorithms.h"
#include "type/type.h"

void scan_doubling(struct schedule *s, const struct reduction *r, bool inclusive)
{
    size_t bytes = r->count * type_find(r->type)->size;
    void *mine = schedule_space(s, bytes), *other = schedule_space(s, bytes);
    void *before = r->out; /* the combination of those before this task */
    bool first = true;

    schedule_copy(s, mine, r->in, bytes);
    for (int distance = 1; distance < s->size; distance *= 2) {
        bool from = s->rank >= distance;
        void *swap = mine;

        if (from)
            schedule_receive(s, s->rank - distance, other, r->count, r->type);
        if (s->rank + distance < s->size)
            schedule_send(s, s->rank + distance, mine, r->count, r->type);
        schedule_round(s);
        if (!from)
            continue;
        if (!inclusive && first) {
            schedule_copy(s, before, other, bytes);
        } else if (!inclusive) { /* by way of other's copy: what came is the left one */
            void *left = schedule_space(s, bytes);

            schedule_copy(s, left, other, bytes);
            schedule_combine(s, left, before, r->count, r->type, r->op);
            schedule_copy(s, before, left, bytes);
        }
        first = false;
        schedule_combine(s, other, mine, r->count, r->type, r->op);
        mine = other;
        other = swap;
    }
    if (inclusive)
        schedule_copy(s, r->out, mine, bytes);
}
