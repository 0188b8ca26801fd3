/* handler.h: message handlers. */
#ifndef PVM3_HANDLER_H
#define PVM3_HANDLER_H

#include "bindings/pvm3/buffer/buffer.h"

/* A message has come and is in the queue: if a handler wants it, take it out, run the handler
 * and free it. */
void pvm3_handle(struct pvm3_buffer *b);

/* Whether there are any. */
bool pvm3_handlers_there(void);

/* What PVM's own examples call to print what there is. */
void pvmdisplaymhfinfo(const char *head, const char *tail, int number);

#endif
