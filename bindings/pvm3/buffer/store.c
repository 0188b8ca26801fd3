/* store.c: memory of large messages, kept for the next ones.
 *
 * malloc takes large blocks from the kernel and gives them back at once, and each time their
 * pages are cleared at first touch: for a message of a MiB that costs more than to copy it.
 */
#include "bindings/pvm3/buffer/store.h"

#include <stdlib.h>

#define LARGE ((size_t)65536) /* bytes from which a block is kept */
#define KEPT_MAX 8            /* blocks */
#define KEPT_BYTES_MAX ((size_t)64 << 20)
#define WASTE 4               /* a block serves what has at least that part of its size */

static struct {
    void *memory;
    size_t bytes;
} kept[KEPT_MAX];
static size_t kept_bytes;

void *pvm3_store_take(size_t ahead, size_t *room)
{
    size_t bytes = ahead + *room;

    if (bytes < *room)
        return NULL;
    for (int i = 0; bytes >= LARGE && i < KEPT_MAX; i++)
        if (kept[i].bytes >= bytes && kept[i].bytes / WASTE <= bytes) {
            *room = kept[i].bytes - ahead;
            kept_bytes -= kept[i].bytes;
            kept[i].bytes = 0;
            return kept[i].memory;
        }
    return malloc(bytes);
}

void pvm3_store_give(void *memory, size_t bytes)
{
    if (memory && bytes >= LARGE && kept_bytes + bytes <= KEPT_BYTES_MAX)
        for (int i = 0; i < KEPT_MAX; i++)
            if (kept[i].bytes == 0) {
                kept[i].memory = memory;
                kept[i].bytes = bytes;
                kept_bytes += bytes;
                return;
            }
    free(memory);
}
