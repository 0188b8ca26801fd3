/* blocks.h: memory blocks that are used again: no malloc on the way of a message.
 *
 * Blocks of a few sizes, each with a list of free ones. A freed block is kept up
 * to BLOCKS_KEEP bytes a size; a larger one than the largest size is plain malloc.
 */
#ifndef DVM_STREAM_BLOCKS_H
#define DVM_STREAM_BLOCKS_H

#include <stddef.h>

/* A block of at least bytes bytes, aligned for everything; NULL without memory. */
void *blocks_get(size_t bytes);

/* Give a block back; bytes as in blocks_get. NULL is accepted. */
void blocks_put(void *block, size_t bytes);

/* Free all blocks that are kept. */
void blocks_clear(void);

#endif
