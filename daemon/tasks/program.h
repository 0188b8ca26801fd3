/* program.h: finding a program on this host. */
#ifndef DVMD_TASKS_PROGRAM_H
#define DVMD_TASKS_PROGRAM_H

#include <stddef.h>

#define PROGRAM_PATH_MAX 4096 /* bytes of its path with the NUL */

/* Find what is to be executed for program: a path with a slash is taken from
 * directory if it is relative; a name is looked for in the folder look_first
 * (unless empty), then in the folders of path (the value of PATH, may be NULL).
 * It must be an executable file. out: size bytes for its path. Errors:
 * NO_PROGRAM, with a sentence that names host (dvm_fail). */
int program_locate(const char *program, const char *directory, const char *look_first,
                 const char *path, const char *host, char *out, size_t size);

#endif
