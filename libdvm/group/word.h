/* word.h: words: small messages of the library's own among the members of a group, taken in
 * whatever call a task is in, as soon as it is in one. They travel in the alarm's context of
 * the group, and go on when the group is revoked.
 */
#ifndef DVM_GROUP_WORD_H
#define DVM_GROUP_WORD_H

#include <stddef.h>
#include <stdint.h>

#include "group/group.h"

/* What a word is about: its tag; 0 is the alarm of coll/, which is no word. */
enum word_tag {
    WORD_AGREE = 1,  /* agree.h */
    WORD_REVOKE = 2, /* the group is revoked; the rank that began it, 8 bytes */
    WORD_CALL = 3,   /* coll/: which collective a member is in */
    WORD_TAG_END
};

/* Begin and end to take in words. */
void word_start(void);
void word_stop(void);

/* Send a word to a rank. It never waits; what is sent to the dead is lost. */
void word_send(const struct group *g, int rank, enum word_tag tag, const void *bytes, size_t size);

/* The same to a task, in the context of a group that may be gone. */
void word_send_to(uint64_t context, int tid, enum word_tag tag, const void *bytes, size_t size);

/* Words may have come for this group before it was known here. */
void word_group_made(struct group *g);

/* Takes a word of a member with this rank. It may send, but not wait. */
typedef void word_f(struct group *g, int rank, const uint8_t *bytes, size_t size);

/* Who takes words about collectives; set by coll/. NULL: they are dropped. */
extern word_f *word_on_call;

#endif
