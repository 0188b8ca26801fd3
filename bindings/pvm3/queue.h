/* queue.h: the messages that have come, and those that come.
 *
 * Every message for this task is taken out of DVM in the order of arrival and kept here until
 * a receive wants it: so receives may choose by context, by a function of the program, and
 * handlers run for what comes. What is kept is this task's memory; its sender waits for none
 * of it.
 */
#ifndef PVM3_QUEUE_H
#define PVM3_QUEUE_H

#include <stdbool.h>

#include "bindings/pvm3/buffer/buffer.h"

/* Events come in DVM_UNIVERSE under these tags, a tag for each wish (notify.h). */
#define PVM3_EVENT_TAG 0x7fffff00
#define PVM3_EVENT_WISHES 0x100

/* Whether a tag is one of them. */
static inline bool pvm3_reserved_tag(int tag)
{
    return tag >= PVM3_EVENT_TAG;
}

/* What a receive wants. */
struct pvm3_wanted {
    int tid, tag, ctx; /* -1: any */
    bool internal;     /* the library's own: not by the program's match function */
    const void *site;  /* return address of the program's call */
    void *place;       /* for the elements of an array that comes now; NULL: none */
    size_t count;      /* of them, at most, */
    dvm_type type;     /* and what they are */
};

/* Contexts below -1 are the library's own: no receive of the program and no handler gets what
 * comes in them. */
#define PVM3_INTERNAL(ctx) ((ctx) < -1)

/* The earliest message that fits, which stays in the queue. timeout: seconds to wait, negative
 * for ever. *found receives NULL when there is none. Returns PvmOk or an error, told for call;
 * or what the program's match function said, when negative. */
int pvm3_queue_find(const char *call, const struct pvm3_wanted *wanted, double timeout,
                    struct pvm3_buffer **found);

/* Take a message out of the queue. */
void pvm3_queue_take(struct pvm3_buffer *b);

/* Put a message behind the others. */
void pvm3_queue_put(struct pvm3_buffer *b);

/* Free all messages. */
void pvm3_queue_clear(void);

#endif
