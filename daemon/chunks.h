/* chunks.h: a place of their own for the chunks of ZeroMQ's queues.
 *
 * A connection that is in use has six of them, 16,400 bytes each, aligned to 64. A heap
 * that has them between small blocks fragments as connections come and go; on pages of
 * their own they cost five each. Here they lie side by side, and what is given back
 * keeps no memory. Any thread may call. */
#ifndef DVMD_CHUNKS_H
#define DVMD_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>

#define CHUNK_ALIGN 64    /* bytes */
#define CHUNK_BYTES 16448 /* room of one, a multiple of that */
#define CHUNK_LEAST 16384 /* bytes: blocks that are no larger have no place here */
#define CHUNKS_MAX 4032   /* at once: 64 MiB of address space, memory as it is used */

/* One chunk of CHUNK_BYTES, not cleared. NULL when there is none: take another block. */
void *chunks_take(void);

/* Give back a chunk, and its memory. False: p is none, and nothing was done. Keeps errno. */
bool chunks_give(void *p);

#endif
