/* tuned.h: a table of algorithms that was measured, from a file (DVM_COLL_TABLE).
 *
 * A line is "CALL TASKS BYTES ALGORITHM", such as "allreduce 8 4096 star": for groups of at
 * most so many tasks and at most so many bytes (as choose() has them); "any" is no limit.
 * What is behind # is a comment. The first line that fits is used; where none does, the
 * library's own table (choose.c).
 */
#ifndef DVM_COLL_TUNED_H
#define DVM_COLL_TUNED_H

#include <stddef.h>
#include <stdint.h>

#include "coll/choose.h"

#define TUNED_ROWS_MAX 1024
#define TUNED_BYTES_MAX 65536 /* of a file */

struct tuned_row {
    enum coll_kind kind;
    enum algorithm algorithm;
    size_t tasks, bytes; /* at most */
};

struct tuned {
    size_t count;
    struct tuned_row rows[TUNED_ROWS_MAX];
};

/* Read a table of size bytes. name: of the file, for sentences. Error: ARG, with file, line and
 * what is wrong there; the table has no rows then. */
int tuned_text(struct tuned *t, const char *name, const char *text, size_t size);

/* Read the file that DVM_COLL_TABLE names, once in the life of the process; without one the
 * table is empty. Errors: as tuned_text, SYSTEM (it cannot be read), NO_MEMORY. */
int tuned_load(void);

/* A number for what tuned_load has read, not negative: the same tables have the same. */
int64_t tuned_sum(void);

/* The row of what was loaded for a group of so many tasks and so many bytes, or NULL. */
const struct tuned_row *tuned_find(enum coll_kind kind, size_t tasks, size_t bytes);

#endif
