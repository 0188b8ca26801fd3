/* pool.c: free lists by power of two, from POOL_LEAST to POOL_MOST bytes. */
#include "stream/pool.h"

#include <assert.h>
#include <stdlib.h>

#define POOL_LEAST_BITS 8                  /* 256 bytes */
#define POOL_MOST_BITS 17                  /* 128 KiB: a whole eager message */
#define POOL_CLASSES (POOL_MOST_BITS - POOL_LEAST_BITS + 1)
#define POOL_KEEP ((size_t)1 << 20)        /* bytes kept of each size */

struct block {
    struct block *next;
};

static struct {
    struct block *free;
    size_t kept; /* bytes in the list */
} classes[POOL_CLASSES];

/* The class of a size; POOL_CLASSES when it is too large for any. */
static int class_of(size_t bytes)
{
    int bits;

    if (bytes <= (size_t)1 << POOL_LEAST_BITS)
        return 0;
    if (bytes > (size_t)1 << POOL_MOST_BITS)
        return POOL_CLASSES;
    bits = 64 - __builtin_clzll((unsigned long long)bytes - 1);
    return bits - POOL_LEAST_BITS;
}

void *pool_get(size_t bytes)
{
    int class = class_of(bytes);
    struct block *block;

    if (class == POOL_CLASSES)
        return malloc(bytes);
    block = classes[class].free;
    if (!block)
        return malloc((size_t)1 << (POOL_LEAST_BITS + class));
    classes[class].free = block->next;
    classes[class].kept -= (size_t)1 << (POOL_LEAST_BITS + class);
    return block;
}

void pool_put(void *memory, size_t bytes)
{
    int class = class_of(bytes);
    struct block *block = memory;
    size_t size;

    if (!block)
        return;
    if (class == POOL_CLASSES) {
        free(block);
        return;
    }
    size = (size_t)1 << (POOL_LEAST_BITS + class);
    if (classes[class].kept + size > POOL_KEEP) {
        free(block);
        return;
    }
    block->next = classes[class].free;
    classes[class].free = block;
    classes[class].kept += size;
}

void pool_clear(void)
{
    for (int class = 0; class < POOL_CLASSES; class++) {
        while (classes[class].free) {
            struct block *block = classes[class].free;

            classes[class].free = block->next;
            free(block);
        }
        classes[class].kept = 0;
    }
}
