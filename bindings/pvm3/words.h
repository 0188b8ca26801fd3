/* words.h: what stands in messages of the library's own: ints, strings, other messages. */
#ifndef PVM3_WORDS_H
#define PVM3_WORDS_H

#include <stddef.h>

#include "bindings/pvm3/buffer/buffer.h"

/* Empty a message, for what is put now. */
void pvm3_put_anew(struct pvm3_buffer *b);

/* Put ints, or a string (its length and its bytes, with the 0), behind what is in a message.
 * Without memory they are not there, and are read as 0. */
void pvm3_put_int(struct pvm3_buffer *b, int value);
void pvm3_put_ints(struct pvm3_buffer *b, const int *values, size_t count);
void pvm3_put_text(struct pvm3_buffer *b, const char *text);

/* Put all bytes of another message, which is not one in place, as they are. false: no memory. */
bool pvm3_put_message(struct pvm3_buffer *b, const struct pvm3_buffer *from);

/* The next int; what is not there is 0. */
int pvm3_get_int(struct pvm3_buffer *b);

/* A string, to be freed; "" when none is there, NULL without memory. */
char *pvm3_get_text(struct pvm3_buffer *b);

#endif
