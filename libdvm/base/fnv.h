/* fnv.h: FNV-1a, a small checksum of bytes: against mistakes and for tables, not against
 * anybody who wants two texts to be alike. */
#ifndef DVM_BASE_FNV_H
#define DVM_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV32_BEGIN 2166136261u
#define FNV64_BEGIN UINT64_C(14695981039346656037)

/* The sum of what was summed before (at first ..._BEGIN) and n bytes more. */
static inline uint32_t fnv32(uint32_t sum, const void *bytes, size_t n)
{
    for (const uint8_t *at = bytes, *end = at + n; at < end; at++)
        sum = (sum ^ *at) * 16777619u;
    return sum;
}

static inline uint64_t fnv64(uint64_t sum, const void *bytes, size_t n)
{
    for (const uint8_t *at = bytes, *end = at + n; at < end; at++)
        sum = (sum ^ *at) * UINT64_C(1099511628211);
    return sum;
}

#endif
