/* ringpool.c: the shared memory of one task; see ringpool.h.
 *
 * A memfd of fixed size, sealed, of which only parts have memory. A part is allocated
 * (fallocate) before it is used, so that a shortage is an error here and not a SIGBUS
 * later, and punched out when it is given back. Homes are smaller than a page: a page
 * loses its memory with the last home that touches it. What is lent in multiples of 2 MiB
 * lies on such in the file, where there is room, and in huge pages, if the kernel has them.
 */
#include "lane/ringpool.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "lane/huge.h"

#define RINGPOOL_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static bool bit_is(const uint64_t *bits, size_t i)
{
    return bits[i / RINGPOOL_WORD_BITS] >> i % RINGPOOL_WORD_BITS & 1;
}

static void bits_flip(uint64_t *bits, size_t i, size_t count)
{
    for (; count > 0; i++, count--)
        bits[i / RINGPOOL_WORD_BITS] ^= UINT64_C(1) << i % RINGPOOL_WORD_BITS;
}

int ringpool_open(struct ringpool *pool)
{
    int fd, rc;
    void *map;

    if (pool->base)
        return DVM_OK;
    fd = memfd_create("dvm-pool", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return dvm_fail_errno(DVM_ERR_SYSTEM, "cannot make shared memory");
    map = MAP_FAILED;
    if (ftruncate(fd, DVM_POOL_BYTES) == 0 && fcntl(fd, F_ADD_SEALS, RINGPOOL_SEALS) == 0)
        map = mmap(NULL, DVM_POOL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        rc = dvm_fail_errno(DVM_ERR_LIMIT, "cannot map shared memory");
        close(fd);
        return rc;
    }
    memset(pool, 0, sizeof *pool);
    pool->base = map;
    pool->fd = fd;
    return DVM_OK;
}

void ringpool_close(struct ringpool *pool)
{
    if (pool->base) {
        munmap(pool->base, DVM_POOL_BYTES);
        close(pool->fd);
    }
    memset(pool, 0, sizeof *pool);
}

/* Give memory back; without effect where the system cannot. */
static void punch(struct ringpool *pool, uint64_t at, uint64_t bytes)
{
    (void)fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
                    (off_t)bytes);
}

int ringpool_home(struct ringpool *pool, uint64_t *at)
{
    size_t i = 0;

    while (i < DVM_POOL_HOMES && bit_is(pool->homes, i))
        i++;
    if (i == DVM_POOL_HOMES)
        return dvm_fail(DVM_ERR_LIMIT, "this task has rings to %d others; more are not possible",
                        DVM_POOL_HOMES);
    if (fallocate(pool->fd, 0, (off_t)(i * DVM_HOME_BYTES), DVM_HOME_BYTES))
        return dvm_fail_errno(DVM_ERR_LIMIT, "cannot allocate a ring");
    bits_flip(pool->homes, i, 1);
    *at = i * DVM_HOME_BYTES;
    return DVM_OK;
}

/* Whether a home in use touches this page. */
static bool page_used(const struct ringpool *pool, size_t page)
{
    size_t first = page * DVM_POOL_PAGE / DVM_HOME_BYTES;
    size_t last = (page * DVM_POOL_PAGE + DVM_POOL_PAGE - 1) / DVM_HOME_BYTES;

    for (size_t i = first; i <= last && i < DVM_POOL_HOMES; i++)
        if (bit_is(pool->homes, i))
            return true;
    return false;
}

void ringpool_home_back(struct ringpool *pool, uint64_t at)
{
    size_t first = at / DVM_POOL_PAGE, last = (at + DVM_HOME_BYTES - 1) / DVM_POOL_PAGE;

    assert(bit_is(pool->homes, at / DVM_HOME_BYTES));
    bits_flip(pool->homes, at / DVM_HOME_BYTES, 1);
    for (size_t page = first; page <= last; page++)
        if (!page_used(pool, page))
            punch(pool, page * DVM_POOL_PAGE, DVM_POOL_PAGE);
}

static size_t pages_of(size_t bytes)
{
    return (bytes + DVM_POOL_PAGE - 1) / DVM_POOL_PAGE;
}

static uint64_t place_of(size_t page)
{
    return DVM_POOL_SLOTS_AT + page * DVM_POOL_PAGE;
}

/* The first so many free pages in a row, whose place is a multiple of a number of bytes;
 * DVM_POOL_SLOT_PAGES when there are none. */
static size_t pages_find(const struct ringpool *pool, size_t count, size_t multiple)
{
    size_t run = 0;

    for (size_t i = 0; i < DVM_POOL_SLOT_PAGES; i++) {
        run = bit_is(pool->pages, i) || (run == 0 && place_of(i) % multiple != 0) ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return DVM_POOL_SLOT_PAGES;
}

/* Find pages, in huge ones if there may be such. */
static size_t pages_get(struct ringpool *pool, size_t count)
{
    size_t bytes = count * DVM_POOL_PAGE, page = DVM_POOL_SLOT_PAGES;

    if (bytes % HUGE_BYTES == 0)
        page = pages_find(pool, count, HUGE_BYTES);
    if (page == DVM_POOL_SLOT_PAGES)
        return pages_find(pool, count, DVM_POOL_PAGE);
    huge_fill(pool->base + place_of(page), pool->fd, place_of(page), bytes);
    return page;
}

uint64_t ringpool_lend(struct ringpool *pool, enum ringpool_use use, size_t bytes, size_t share)
{
    size_t count = pages_of(bytes), page;
    uint64_t at;

    if ((pool->lent[use] + count) * DVM_POOL_PAGE > share)
        return 0;
    page = pages_get(pool, count);
    if (page == DVM_POOL_SLOT_PAGES)
        return 0;
    at = place_of(page);
    if (fallocate(pool->fd, 0, (off_t)at, (off_t)(count * DVM_POOL_PAGE))) {
        punch(pool, at, count * DVM_POOL_PAGE);
        return 0;
    }
    bits_flip(pool->pages, page, count);
    pool->lent[use] += (uint32_t)count;
    return at;
}

void ringpool_lend_back(struct ringpool *pool, enum ringpool_use use, uint64_t at, size_t bytes)
{
    size_t count = pages_of(bytes), page = (at - DVM_POOL_SLOTS_AT) / DVM_POOL_PAGE;

    assert(bit_is(pool->pages, page) && pool->lent[use] >= count);
    bits_flip(pool->pages, page, count);
    pool->lent[use] -= (uint32_t)count;
    punch(pool, at, count * DVM_POOL_PAGE);
}
