/* store.h: memory of large messages, kept for the next ones. */
#ifndef PVM3_STORE_H
#define PVM3_STORE_H

#include <stddef.h>

/* Memory for ahead + *room bytes; *room may become more. NULL: there is none. */
void *pvm3_store_take(size_t ahead, size_t *room);

/* Give memory of so many bytes back, in all; it may have been grown by realloc since. Accepts
 * NULL. */
void pvm3_store_give(void *memory, size_t bytes);

#endif
