/* commons_odd.c: who is in another call than this member.
 *
 * Each member says which call it is in (entered), and each cell for which it was put; and a member
 * remembers its own calls of the last turns. So a mix-up is seen by whoever is behind the others,
 * even when they have gone on.
 */
#include "match/commons_own.h"

/* Whether a member has put in a turn, for another call than this task's. */
static bool has_put_odd(const struct commons *c, uint64_t turn, int rank, uint32_t *call)
{
    const struct dvm_commons_cell *cell = cell_in(c, turn, rank);

    if (atomic_load(&cell->mark) != (uint32_t)turn)
        return false;
    *call = cell->call;
    return *call != own_call(c, (uint32_t)turn);
}

/* Whether a member is in this turn or an earlier one with another call than this task was, or
 * was so in this turn or the last: who puts and goes on has looked at nobody. *call is which.
 * Whoever is behind all others finds what is wrong so, or is found: what was put in its turn
 * is still there, and somebody puts in every operation. */
static bool is_odd(const struct commons_op *op, int rank, uint32_t *call)
{
    const struct commons *c = op->commons;
    uint64_t entered = atomic_load(&c->members[rank].entered);
    uint32_t turn = (uint32_t)(entered >> TURN_SHIFT);

    *call = (uint32_t)entered;
    if ((uint32_t)c->turn - turn < c->rows && *call != own_call(c, turn))
        return true;
    return has_put_odd(c, c->turn, rank, call) || has_put_odd(c, c->turn - 1, rank, call);
}

bool commons_differs(const struct commons *c, int *rank, uint32_t *call)
{
    for (*rank = 0; *rank < c->size; ++*rank)
        for (uint32_t back = 0; back < c->rows && back < c->turn; back++)
            if (has_put_odd(c, c->turn - back, *rank, call))
                return true;
    return false;
}

bool commons_ahead(const struct commons *c, int *rank, uint32_t *call)
{
    for (*rank = 0; *rank < c->size; ++*rank) {
        const struct dvm_commons_cell *cell = cell_in(c, c->turn + 1, *rank);

        if (atomic_load(&cell->mark) != (uint32_t)c->turn + 1)
            continue;
        *call = cell->call;
        return true;
    }
    return false;
}

bool commons_find_odd(struct commons_op *op)
{
    for (int r = 0; r < op->commons->size && op->odd < 0; r++)
        if (is_odd(op, r, &op->odd_call))
            op->odd = r;
    return op->odd >= 0;
}

bool commons_odd(const struct commons_op *op, uint32_t *bytes, uint32_t *type)
{
    const struct dvm_commons_cell *cell = cell_of(op->commons, op->odd);

    if (op->odd_call != op->call || atomic_load(&cell->mark) != (uint32_t)op->commons->turn)
        return false;
    *bytes = cell->bytes;
    *type = cell->type;
    return true;
}
