/* huge.c: see huge.h.
 *
 * A file in memory has huge pages by a system's setting, which is off nearly everywhere, or
 * where a process asks for them, once, for what is there (MADV_COLLAPSE, Linux 6.1). To ask when
 * there is but a first page costs less than small ones do: nothing is copied, 2 MiB are cleared
 * at once, and each task that maps them has one page fault in the place of 512.
 * All that map the file share them. But only a mapping whose addresses are multiples of
 * 2 MiB where the file's places are uses them as such: one entry in a processor's table of
 * addresses, which each switch between tasks empties on many computers.
 */
#include "lane/huge.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "base/clock.h"

#ifndef MADV_COLLAPSE /* C libraries before 2.37 do not know it */
#define MADV_COLLAPSE 25
#endif

#define FIRST_BYTES 1    /* what is there when huge pages are asked for: a page */
#define DEAR_NS 3000000 /* of processor time: memory lies in small parts, the kernel moved many */

/* Addresses of which some begin on a multiple of HUGE_BYTES, where nothing is mapped: bytes more
 * than asked for. NULL: there are none. */
static uint8_t *reserve(size_t bytes)
{
    void *map = mmap(NULL, bytes + HUGE_BYTES, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return map == MAP_FAILED ? NULL : map;
}

static void *twin_aligned(void *from, size_t bytes)
{
    uint8_t *room = reserve(bytes), *to;
    size_t before;
    void *map;

    if (!room)
        return MAP_FAILED;
    before = (HUGE_BYTES - (uintptr_t)room % HUGE_BYTES) % HUGE_BYTES;
    to = room + before;
    map = mremap(from, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    /* if that failed the addresses in between may be another's by now, and are left alone */
    if (before > 0)
        munmap(room, before);
    munmap(to + bytes, HUGE_BYTES - before);
    return map;
}

void *huge_twin(void *from, size_t bytes)
{
    void *map = bytes >= HUGE_BYTES ? twin_aligned(from, bytes) : MAP_FAILED;

    if (map == MAP_FAILED)
        map = mremap(from, 0, bytes, MREMAP_MAYMOVE);
    return map == MAP_FAILED ? NULL : map;
}

void huge_fill(void *from, int fd, uint64_t at, size_t bytes)
{
    static bool dear;
    uint64_t begin = clock_used_ns();
    void *map = dear ? NULL : huge_twin(from, bytes);

    if (!map)
        return;
    for (size_t i = 0; i < bytes; i += HUGE_BYTES)
        (void)fallocate(fd, 0, (off_t)(at + i), FIRST_BYTES);
    (void)madvise(map, bytes, MADV_COLLAPSE);
    munmap(map, bytes);
    dear = clock_used_ns() - begin > DEAR_NS;
}
