/* header.h: the public header, cut into what the manual needs: functions with their
 * comments, and the definitions and general remarks that stand before them. */
#ifndef DVM_MANUAL_HEADER_H
#define DVM_MANUAL_HEADER_H

#include <stddef.h>

#define HEADER_NAME_MAX 64      /* bytes of a function's name with its NUL */
#define HEADER_FUNCTIONS_MAX 400

struct header_function {
    char name[HEADER_NAME_MAX];
    char *prototype;   /* as in the header, without DVM_API; owned */
    char *comment;     /* without its stars; "" when it shares that of the function before */
    char *definitions; /* structs, enums, constants since the function before; owned */
    char *remarks;     /* comments that stand alone since the function before; owned */
};

struct header {
    char *overview; /* the comment at its head; owned */
    struct header_function functions[HEADER_FUNCTIONS_MAX];
    size_t count;
};

/* Read a header's text. Returns NULL and a sentence in why (size bytes) when it cannot be
 * understood: a comment that does not end, a function without a comment, too many. */
struct header *header_read(const char *text, char *why, size_t size);

/* Free a header. Accepts NULL. */
void header_free(struct header *h);

#endif
