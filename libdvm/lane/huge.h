/* huge.h: memory of a file in huge pages, of 2 MiB, where the kernel grants that. */
#ifndef DVM_LANE_HUGE_H
#define DVM_LANE_HUGE_H

#include <stddef.h>
#include <stdint.h>

#define HUGE_BYTES (2u << 20)

/* Map the pages of a shared mapping a second time, from a multiple of HUGE_BYTES on where they are
 * so many bytes or more: a place in a file that is one, too, can be mapped by huge pages then. To
 * be unmapped by the caller. NULL: the system has no such mapping. */
void *huge_twin(void *from, size_t bytes);

/* Have huge pages, zeroed, for what is mapped from there on: bytes of fd from at on, both
 * multiples of HUGE_BYTES, of which nothing has memory. Not asked again for once this was dear.
 * Without effect where the kernel refuses: then some pages have memory, and some have not. */
void huge_fill(void *from, int fd, uint64_t at, size_t bytes);

#endif
