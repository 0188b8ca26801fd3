/* tag.h: the tags of messages of collectives.
 *
 *     bits 30-15  number of the call in its group
 *     bits 14-10  enum coll_kind
 *     bit 9       the call does not wait (dvm_i..., or a persistent one)
 *     bits 8-0    signature: a checksum of what all members must give alike, in this call and
 *                 in those before it
 *
 * Members call the same collectives in the same order, so the tag of a call is the same at
 * all. A message whose tag is of a call that is over, or of the present number with
 * another kind or signature, shows that they do not (mixup.h). That it goes back shows also a
 * broadcast of which each task took itself for the root: it waits for nobody, the next call does.
 */
#ifndef DVM_COLL_TAG_H
#define DVM_COLL_TAG_H

#include <stdint.h>

#include "coll/coll.h"

#define TAG_KIND_BITS 5
#define TAG_SIGNATURE_BITS 10 /* with the form */
#define TAG_STARTS (1u << 9)
#define TAG_FACTOR 37u /* odd: nothing of a history is lost */
#define TAG_SEQUENCE_MASK 0xffffu

_Static_assert(COLL_KIND_COUNT <= 1 << TAG_KIND_BITS, "a kind fits into a tag");

/* history: of the calls before, all alike at all members. */
static inline int tag_make(uint32_t sequence, unsigned kind, unsigned signature, unsigned history)
{
    return (int)((sequence & TAG_SEQUENCE_MASK) << (TAG_KIND_BITS + TAG_SIGNATURE_BITS) |
                 kind << TAG_SIGNATURE_BITS | (signature & COLL_STARTS ? TAG_STARTS : 0) |
                 (signature + history) % TAG_STARTS);
}

/* The history behind a call. */
static inline unsigned tag_history(unsigned history, unsigned kind, unsigned signature)
{
    return history * TAG_FACTOR + kind + signature;
}

/* The group's next collective is this one: its number, which is r's, its place among the recent
 * ones, and the history behind it. */
static inline void tag_note(struct coll *c, const struct coll_record *r)
{
    c->sequence = r->sequence;
    c->history = tag_history(c->history, r->kind, r->signature);
    c->recent[r->sequence % COLL_RECENT] = *r;
}

static inline unsigned tag_kind(int tag)
{
    return (unsigned)tag >> TAG_SIGNATURE_BITS & ((1u << TAG_KIND_BITS) - 1);
}

static inline uint32_t tag_sequence(int tag)
{
    return (uint32_t)tag >> (TAG_KIND_BITS + TAG_SIGNATURE_BITS) & TAG_SEQUENCE_MASK;
}

#endif
