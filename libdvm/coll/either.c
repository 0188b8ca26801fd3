/* either.c: long broadcasts between two tasks, in pieces through memory in common, or by one
 * message, whichever takes less time; see shared.h.
 *
 * A message is copied once, by both ends (lane/both.c), and leaves what both caches hold half as
 * large; pieces are copied twice, by copies that do not ask the kernel. Which is faster is the
 * computer's, and the program's: whether it writes all bytes anew. So the root times whole calls
 * (ways.c), for each size by itself, and tells in a first operation, without pieces, which
 * way this call goes. In a call that is timed the other puts there, too, so both are there
 * when time begins; by pieces both meet at the end. A message takes until the other has it.
 *
 *     root                                    other
 *       put word                                wait for it
 *       timed: wait for the other's put         timed: put
 *       pieces (timed: both meet) or a message, as the word says
 *
 * Nothing here writes or reads wide memory but pieces_bcast, whose operations follow the
 * first, and that message has the call's own tag: it is the only one of this call. The other
 * goes by the root's word alone, so what each has learnt need not be alike.
 * Cost: one cell more than either way.
 * Used where both are on one host with a core each, in calls that wait.
 */
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "coll/shared.h"
#include "coll/ways.h"
#include "type/type.h"

#define CLASSES 5 /* of sizes: from BCAST_EITHER_MIN on, each from twice the one before */

/* A message counts so many times what it takes: it keeps the root until the other has it, but by
 * pieces the root goes on, and works on the next data meanwhile. */
#define KEEPS_ROOT 1.3f

/* Bits of the root's word. */
enum { BY_MESSAGE = 1, IS_TIMED = 2 };

/* Whether calls of a class go by message, where this task is the root. */
static struct ways by_message[CLASSES];

static struct ways *ways_of(size_t bytes)
{
    int class = 0;

    while (class < CLASSES - 1 && bytes >= BCAST_EITHER_MIN << (class + 1))
        class++;
    return &by_message[class];
}

/* The root's word, at both. */
static int agree(struct commons_op *op, const struct schedule *s, int root, uint32_t *word)
{
    int rc = s->rank == root ? commons_put(op, word) : commons_wait(op, root, root + 1);

    if (rc == COMMONS_OK && s->rank != root)
        memcpy(word, commons_of(op, root), sizeof *word);
    if (rc != COMMONS_OK || !(*word & IS_TIMED))
        return rc;
    return s->rank == root ? commons_wait(op, !root, !root + 1) : commons_put(op, word);
}

static int by_pieces(struct commons_op *op, struct schedule *s, int root, void *buffer,
                     size_t bytes, dvm_type type, bool timed)
{
    int rc;

    op->put = 0;
    pieces_go_on(op);
    rc = pieces_bcast(op, s, root, buffer, bytes, type);
    if (rc == COMMONS_OK && timed) {
        pieces_go_on(op);
        rc = pieces_meet(op, s->size);
    }
    return shared_end(op, s, rc);
}

int bcast_either(struct schedule *s, int root, void *buffer, size_t count, dvm_type type)
{
    size_t bytes = count * type_find(type)->size;
    struct ways *ways = ways_of(bytes);
    bool timed, message, is_root = s->rank == root;
    uint32_t word = 0;
    struct commons_op op;
    uint64_t begun;
    int rc;

    if (is_root && ways_next(ways, &timed))
        word |= BY_MESSAGE;
    if (is_root && timed)
        word |= IS_TIMED;
    shared_begin_put(&op, s, bytes, type_code(type), sizeof word);
    rc = agree(&op, s, root, &word);
    if (rc != COMMONS_OK)
        return shared_end(&op, s, rc);
    message = word & BY_MESSAGE;
    timed = word & IS_TIMED;
    begun = timed ? clock_ns() : 0;
    if (message) {
        commons_end(&op);
        bcast_binomial(s, root, buffer, count, type);
        rc = schedule_run(s);
    } else {
        rc = by_pieces(&op, s, root, buffer, bytes, type, timed);
    }
    if (is_root && timed && rc == DVM_OK)
        ways_learn(ways, message,
                   (float)(clock_ns() - begun) / (float)bytes * (message ? KEEPS_ROOT : 1));
    return rc;
}
