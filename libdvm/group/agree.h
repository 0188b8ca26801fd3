/* agree.h: agreement among the members of a group, some of which may die meanwhile: a pure
 * machine. No message and no wait is in it: its user hands in words and deaths, and sends what
 * it asks for; so a test can drive many of them through any order of events.
 *
 * What it needs: words from one member to another come in order and are lost only when one of
 * the two dies; who dies is told to all others, sooner or later, and nobody else is. What it
 * gives: all members that decide have the same value, also those that die afterwards; who
 * lives decides when all living members have begun.
 */
#ifndef DVM_GROUP_AGREE_H
#define DVM_GROUP_AGREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is agreed on. Votes are combined: flags by and, kinds and gone by or. */
struct agree_value {
    uint64_t flags;
    uint64_t kinds;   /* 1 << kind of call: one bit, if all have made the same call */
    uint64_t context; /* one of a coordinator; for a new group */
    uint8_t gone[];   /* bit r: rank r has ended */
};

struct agreement;

/* Send a word to another member; it must not come back before this has returned. */
typedef void agree_send_f(void *arg, int rank, const uint8_t *word, size_t bytes);

/* Longest word in a group of this size. */
size_t agree_word_max(int size);

/* A machine for the member with rank self of size. NULL without memory. */
struct agreement *agree_new(int size, int self, agree_send_f *send, void *arg);
void agree_free(struct agreement *a);

/* Begin the next agreement with this vote; the ranks that are known to have ended are added to
 * it. The one before is over, or was given up. */
void agree_begin(struct agreement *a, uint64_t flags, unsigned kind, uint64_t context);

/* A member has ended. Idempotent. */
void agree_gone(struct agreement *a, int rank);
bool agree_is_gone(const struct agreement *a, int rank);

/* A word from another member. Returns whether it made sense. */
bool agree_word(struct agreement *a, int from, const uint8_t *word, size_t bytes);

/* The value, when the agreement that was begun last is over, else NULL. Valid until the next
 * is begun. */
const struct agree_value *agree_decided(const struct agreement *a);

/* The member whose word is waited for now: the coordinator, or one that it has not heard from;
 * -1: none. */
int agree_awaited(const struct agreement *a);

/* What is to be answered to late questions when the machine is gone: the last decision as a
 * word (owned by the caller); NULL when there was none, or without memory. */
uint8_t *agree_last_word(const struct agreement *a, size_t *bytes);

/* Whether a word asks for an answer that this last word gives. */
bool agree_asks_for(const uint8_t *word, size_t bytes, const uint8_t *last, size_t last_bytes);

#endif
