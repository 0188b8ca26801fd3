/* computing.h: a task that computes until others say so: words in memory that processes
 * forked later share, and looking at them without any call of the library. */
#ifndef TESTS_SUPPORT_COMPUTING_H
#define TESTS_SUPPORT_COMPUTING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/clock.h"

#define COMPUTING_SECONDS 100.0

/* count words of 0, shared with children. */
static inline _Atomic unsigned *computing_words(unsigned count)
{
    void *map = mmap(NULL, count * sizeof(unsigned), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return map == MAP_FAILED ? NULL : map;
}

/* Compute until the word is at least so high. Returns false when that takes too long. */
static inline bool compute_until(_Atomic unsigned *word, unsigned value)
{
    double begun = clock_seconds();

    while (atomic_load(word) < value)
        if (clock_seconds() - begun > COMPUTING_SECONDS)
            return false;
    return true;
}

#endif
