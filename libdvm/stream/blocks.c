/* blocks.c: free lists by power of two, from BLOCKS_LEAST to BLOCKS_MOST bytes. */
#include "stream/blocks.h"

#include <assert.h>
#include <stdlib.h>

#define BLOCKS_LEAST_BITS 8                  /* 256 bytes */
#define BLOCKS_MOST_BITS 17                  /* 128 KiB: a whole eager message */
#define BLOCKS_CLASSES (BLOCKS_MOST_BITS - BLOCKS_LEAST_BITS + 1)
#define BLOCKS_KEEP ((size_t)1 << 20)        /* bytes kept of each size */

struct block {
    struct block *next;
};

static struct {
    struct block *free;
    size_t kept; /* bytes in the list */
} classes[BLOCKS_CLASSES];

/* The class of a size; BLOCKS_CLASSES when it is too large for any. */
static int class_of(size_t bytes)
{
    int bits;

    if (bytes <= (size_t)1 << BLOCKS_LEAST_BITS)
        return 0;
    if (bytes > (size_t)1 << BLOCKS_MOST_BITS)
        return BLOCKS_CLASSES;
    bits = 64 - __builtin_clzll((unsigned long long)bytes - 1);
    return bits - BLOCKS_LEAST_BITS;
}

void *blocks_get(size_t bytes)
{
    int class = class_of(bytes);
    struct block *block;

    if (class == BLOCKS_CLASSES)
        return malloc(bytes);
    block = classes[class].free;
    if (!block)
        return malloc((size_t)1 << (BLOCKS_LEAST_BITS + class));
    classes[class].free = block->next;
    classes[class].kept -= (size_t)1 << (BLOCKS_LEAST_BITS + class);
    return block;
}

void blocks_put(void *memory, size_t bytes)
{
    int class = class_of(bytes);
    struct block *block = memory;
    size_t size;

    if (!block)
        return;
    if (class == BLOCKS_CLASSES) {
        free(block);
        return;
    }
    size = (size_t)1 << (BLOCKS_LEAST_BITS + class);
    if (classes[class].kept + size > BLOCKS_KEEP) {
        free(block);
        return;
    }
    block->next = classes[class].free;
    classes[class].free = block;
    classes[class].kept += size;
}

void blocks_clear(void)
{
    for (int class = 0; class < BLOCKS_CLASSES; class++) {
        while (classes[class].free) {
            struct block *block = classes[class].free;

            classes[class].free = block->next;
            free(block);
        }
        classes[class].kept = 0;
    }
}
