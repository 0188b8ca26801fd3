/* mailbox.h: the mailbox, for the library itself. */
#ifndef PVM3_MAILBOX_H
#define PVM3_MAILBOX_H

#include "bindings/pvm3/buffer/buffer.h"

/* Put a buffer's message under a name, at an index (DVM_ANY: the lowest that is free), with
 * PVM's flags. Returns the index or an error of DVM. */
int pvm3_mailbox_put(const char *name, struct pvm3_buffer *b, int index, unsigned flags);

#endif
