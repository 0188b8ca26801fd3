/* files.h: --output: what each rank writes goes to files of its own. */
#ifndef DVM_CONSOLE_RUN_FILES_H
#define DVM_CONSOLE_RUN_FILES_H

#include <stddef.h>

struct files; /* opaque */

/* Make the folder, unless it is there, and in it RANK.out and RANK.err, empty, for each
 * of count ranks. Errors (dvm_fail): SYSTEM (no folder, not writable, too many open
 * files), NO_MEMORY. */
int files_open(struct files **out, const char *folder, int count);

/* Write bytes of a rank behind what is there. stream: 1 stdout, 2 stderr. Waits for the
 * disk. Errors: SYSTEM. */
int files_write(struct files *f, int rank, int stream, const void *data, size_t size);

/* Close them and free f. What a disk says only now is an error, too: SYSTEM. Accepts
 * NULL. */
int files_close(struct files *f);

#endif
