/* libraries.h: the shared libraries that a program on this computer needs. */
#ifndef DVM_CONSOLE_LIBRARIES_H
#define DVM_CONSOLE_LIBRARIES_H

#include <stddef.h>

#define LIBRARIES_MAX 63 /* of one program; those that come with the C library not counted */

struct library {
    char *name; /* as programs ask for it, such as libzmq.so.5 */
    char *path;
};

struct libraries {
    struct library list[LIBRARIES_MAX];
    size_t count;
};

/* Ask ldd what a program needs, directly or through others. Left out are the C library
 * and what belongs to it: a host has its own, which is bound to its loader. A program
 * without any (a script, a static one) has count 0, as has one when there is no ldd.
 * Errors: LIMIT (more than LIBRARIES_MAX), SYSTEM, NO_MEMORY; *out is empty then. */
int libraries_of(const char *program, struct libraries *out);

/* Free what is in it. */
void libraries_free(struct libraries *l);

#endif
