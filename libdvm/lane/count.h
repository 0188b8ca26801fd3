/* count.h: this task's counters of messages, which its daemon reads (proto/segment.h).
 *
 * Only the task writes them, under the library's lock where there is one: plain loads and
 * stores, a nanosecond a message. Without an inbox they go to a page that nobody reads, so
 * that nothing is asked on the way of a message.
 */
#ifndef DVM_LANE_COUNT_H
#define DVM_LANE_COUNT_H

#include "proto/segment.h"

/* Where this task counts; never NULL. */
extern struct dvm_counters *count_page;

/* Count in this inbox from now on; NULL: in none. */
void count_use(struct dvm_inbox *inbox);

static inline void count_add(_Atomic uint64_t *word, uint64_t more)
{
    atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* Messages that were sent, or begun, and bytes of messages that went. */
static inline void count_sent(uint64_t messages, uint64_t bytes)
{
    count_add(&count_page->sent_messages, messages);
    count_add(&count_page->sent_bytes, bytes);
}

/* Messages that have come, or begun to come, and bytes of messages that came. */
static inline void count_received(uint64_t messages, uint64_t bytes)
{
    count_add(&count_page->received_messages, messages);
    count_add(&count_page->received_bytes, bytes);
}

#endif
