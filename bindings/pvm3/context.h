/* context.h: contexts of messages. */
#ifndef PVM3_CONTEXT_H
#define PVM3_CONTEXT_H

#define PVM3_ANY_CONTEXT (-1)

/* The context in force; the variable is PVM's own name of it, which programs read. */
int pvm3_context(void);
extern int pvmmyctx;

/* Take over what the task that spawned this one had in force. */
void pvm3_inherit(void);

#endif
