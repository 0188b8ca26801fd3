/* share.h: cuts n things into parts, as evenly as possible.
 *
 * The first n % parts parts get one more than the others; when there are more
 * parts than things, the last parts are empty. All examples that give each task
 * one contiguous piece use these three functions, so that every task can say
 * without asking who owns what.
 */
#ifndef EXAMPLES_SHARE_H
#define EXAMPLES_SHARE_H

#include <assert.h>
#include <stdint.h>

/* How many of n things part number `part` (from 0) has. */
static inline int64_t share_count(int64_t n, int parts, int part)
{
    return n / parts + (part < n % parts ? 1 : 0);
}

/* The first thing of a part; for part == parts it is n. */
static inline int64_t share_first(int64_t n, int parts, int part)
{
    int64_t extra = n % parts;

    return part * (n / parts) + (part < extra ? part : extra);
}

/* The part that has thing number `thing`, 0 <= thing < n. */
static inline int share_owner(int64_t n, int parts, int64_t thing)
{
    int64_t base = n / parts;
    int64_t extra = n % parts;
    int64_t in_large = extra * (base + 1); /* things in parts that have one more */

    assert(thing >= 0 && thing < n);
    if (thing < in_large)
        return (int)(thing / (base + 1));
    return (int)(extra + (thing - in_large) / base);
}

#endif
