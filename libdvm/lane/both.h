/* both.h: one large message, copied by both of its tasks at once.
 *
 * The receiver reads from the front of the sender's buffer (process_vm_readv). A sender that
 * has nothing to do but wait writes from the back into the receiver's (process_vm_writev). They
 * meet by three words in the pair's home ring, of which each has one writer; the order of
 * steps is in both.c, and tests/model/both.pml has them all. Without the sender, or
 * where it may not write, the receiver reads all.
 */
#ifndef DVM_LANE_BOTH_H
#define DVM_LANE_BOTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lane/copy.h"
#include "proto/segment.h"

#define BOTH_LEAST ((size_t)48 << 10) /* bytes from which a message is offered to its sender */

/* How far a copy is. */
enum both_result {
    BOTH_COPIED,
    BOTH_HELPED, /* the same, and the sender has copied some of it */
    BOTH_LEFT,  /* the sender has not finished its part: it rings when it has */
    BOTH_FAILED /* the sender's memory could not be read; nobody writes any more */
};

/* The receiver's side of a pair: one message at a time. Zeroed: none yet. */
struct both_take {
    struct dvm_ring *ring;     /* the pair's home, of the sender's */
    struct copy_source *source; /* the sender's memory */
    struct copy_source whom;   /* the same, also when it could not be read */
    uint64_t from;
    uint8_t *to;
    size_t bytes;
    uint32_t number;           /* of the offer */
    uint32_t pages, front, told; /* in all; read from the front; the same as it was told */
    bool left;                 /* the sender has not finished */
    bool failed;
};

/* The sender's side of a pair. */
struct both_give {
    uint32_t seen; /* number of the last offer that was looked at */
};

/* Copy bytes at address from of the sender's to to, where its message with this ref lies, and let
 * it help. None may be under way. */
enum both_result both_take(struct both_take *take, struct dvm_ring *home,
                           struct copy_source *source, uint64_t ref, uint64_t from, void *to,
                           size_t bytes);

/* After BOTH_LEFT: whether the sender has finished. */
enum both_result both_look(struct both_take *take);

/* After BOTH_LEFT: end it. Nobody writes into the buffer afterwards; waits until a sender that
 * is at it has done its piece, or is dead. */
void both_withdraw(struct both_take *take);

/* Whether there is an offer that was not seen before, and of which message: one load, mostly.
 * It counts as seen. */
static inline bool both_offered(struct both_give *give, const struct dvm_ring *home, uint64_t *ref)
{
    /* pairs with the stores of both_front: what it offers is there */
    uint64_t front = atomic_load_explicit(&home->both_front, memory_order_acquire);
    uint32_t number = (uint32_t)(front >> DVM_BOTH_NUMBER);

    if (number == give->seen)
        return false;
    give->seen = number;
    *ref = atomic_load_explicit(&home->both_ref, memory_order_acquire);
    return true;
}

/* The offer that was seen last is of a message of so many bytes: copy from its back, until all is
 * copied. Returns whether the receiver is to be rung. */
bool both_give(const struct both_give *give, struct dvm_ring *home, struct copy_source *source,
               const void *from, size_t bytes);

#endif
