/* context.h: contexts of messages. */
#ifndef PVM3_CONTEXT_H
#define PVM3_CONTEXT_H

#define PVM3_ANY_CONTEXT (-1)

/* The context in force. */
int pvm3_context(void);

/* Take over what the task that spawned this one had in force. */
void pvm3_inherit(void);

#endif
