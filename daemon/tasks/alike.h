/* alike.h: whether a program is the same on all hosts of a spawn (P13). */
#ifndef DVMD_TASKS_ALIKE_H
#define DVMD_TASKS_ALIKE_H

#include <stddef.h>
#include <stdint.h>

/* A sum of the program at path: of its size and its first ALIKE_BYTES, which tell one build
 * from another. 0: none, as it cannot be read, or belongs to the system, which is no other
 * program for being of another version. What was summed last is remembered as long as the
 * file stays as it is. */
uint64_t alike_sum(const char *path);

#define ALIKE_BYTES ((size_t)4 << 20)

/* One host of a spawn; texts are borrowed. */
struct alike {
    const char *host, *arch;
    uint64_t sum; /* of its program, or 0 */
};

/* In words, which hosts have another program than the first one of their architecture; empty
 * when none. program: as it was asked for. size: bytes of text. */
void alike_note(const struct alike *list, size_t count, const char *program, char *text,
                size_t size);

#endif
