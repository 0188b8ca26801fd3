/* held.h: messages that came before they can be taken. */
#ifndef CONSOLE_HELD_H
#define CONSOLE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/frame.h"

struct held;

/* All 0: empty. */
struct held_list {
    struct held *first, *last; /* owned */
};

/* Keep a copy of a message at the end. false: no memory. */
bool held_keep(struct held_list *list, const struct dvm_frame *f, const uint8_t *payload);

/* Give take each message, in the order in which they came, and free them; what take keeps is
 * for the next time. take NULL: they are forgotten. */
void held_release(struct held_list *list,
                  void (*take)(void *arg, const struct dvm_frame *f, const uint8_t *payload),
                  void *arg);

#endif
