/* ringpool.c: a task's shared memory: parts have memory while they are in use, no longer; what is
 * long lies in huge pages where the kernel has them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lane/huge.h"
#include "lane/ringpool.h"

#define PAGE_BLOCKS (DVM_POOL_PAGE / 512) /* in st_blocks */

/* Pages that have memory. */
static long pages(const struct ringpool *pool)
{
    struct stat st;

    cr_assert_eq(fstat(pool->fd, &st), 0);
    return st.st_blocks / PAGE_BLOCKS;
}

Test(ringpool, homes_come_and_go)
{
    struct ringpool pool = {.base = NULL};
    uint64_t at[64];

    cr_assert_eq(ringpool_open(&pool), 0);
    cr_assert_eq(pages(&pool), 0);
    for (int i = 0; i < 63; i++) {
        cr_assert_eq(ringpool_home(&pool, &at[i]), 0);
        cr_assert_eq(at[i], (uint64_t)i * DVM_HOME_BYTES);
        ringpool_ring(&pool, at[i])->producer = i;
    }
    cr_assert_leq(pages(&pool) * DVM_POOL_PAGE + DVM_INBOX_BYTES, 64 * 1024,
                  "what a task needs for 63 neighbours");
    /* a neighbour in the middle goes: what the others have stays, and its place is used again */
    ringpool_home_back(&pool, at[30]);
    cr_assert_eq(ringpool_ring(&pool, at[29])->producer, 29);
    cr_assert_eq(ringpool_ring(&pool, at[31])->producer, 31);
    cr_assert_eq(ringpool_home(&pool, &at[30]), 0);
    cr_assert_eq(at[30], 30u * DVM_HOME_BYTES);
    for (int i = 0; i < 63; i++)
        ringpool_home_back(&pool, at[i]);
    cr_assert_eq(pages(&pool), 0);
    ringpool_close(&pool);
}

Test(ringpool, lends_up_to_its_share)
{
    struct ringpool pool = {.base = NULL};
    size_t bytes = DVM_RING_BYTES(DVM_LARGE_CELLS, DVM_LARGE_DATA);
    uint64_t at[256];
    int count = 0;

    cr_assert_eq(ringpool_open(&pool), 0);
    cr_assert_eq(ringpool_lend(&pool, RINGPOOL_SLOT, bytes, bytes - 1), 0);
    while ((at[count] = ringpool_lend(&pool, RINGPOOL_SLOT, bytes, 1 << 20)))
        count++;
    cr_assert_eq(count, 13);
    cr_assert_leq(pages(&pool) * DVM_POOL_PAGE, 1 << 20);
    ringpool_lend_back(&pool, RINGPOOL_SLOT, at[5], bytes);
    cr_assert_eq(ringpool_lend(&pool, RINGPOOL_SLOT, bytes, 1 << 20), at[5]);
    /* a larger share than the pool has room */
    while ((at[count] = ringpool_lend(&pool, RINGPOOL_SLOT, bytes, UINT32_MAX)))
        count++;
    cr_assert_gt(count, 100);
    while (count > 0)
        ringpool_lend_back(&pool, RINGPOOL_SLOT, at[--count], bytes);
    cr_assert_eq(pages(&pool), 0);
    cr_assert_eq(pool.lent[RINGPOOL_SLOT], 0);
    ringpool_close(&pool);
}

/* who lends all that it may to pairs can still have memory in common, and the other way round */
Test(ringpool, uses_have_bounds_of_their_own)
{
    struct ringpool pool = {.base = NULL};
    uint64_t slot, common;

    cr_assert_eq(ringpool_open(&pool), 0);
    slot = ringpool_lend(&pool, RINGPOOL_SLOT, 1 << 20, 1 << 20);
    cr_assert_neq(slot, 0);
    cr_assert_eq(ringpool_lend(&pool, RINGPOOL_SLOT, 1, 1 << 20), 0);
    common = ringpool_lend(&pool, RINGPOOL_COMMON, 1 << 20, 1 << 20);
    cr_assert_neq(common, 0);
    cr_assert_eq(ringpool_lend(&pool, RINGPOOL_COMMON, 1, 1 << 20), 0);
    ringpool_lend_back(&pool, RINGPOOL_SLOT, slot, 1 << 20);
    ringpool_lend_back(&pool, RINGPOOL_COMMON, common, 1 << 20);
    cr_assert_eq(pages(&pool), 0);
    ringpool_close(&pool);
}

/* Bytes of this process that huge pages of files in memory hold. */
static size_t huge_bytes(void)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    size_t kib, sum = 0;
    char line[512];

    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "ShmemPmdMapped: %zu kB", &kib) == 1)
            sum += kib << 10;
    fclose(maps);
    return sum;
}

/* Whether this kernel grants them, asked with the plainest file, in which all is there. */
static bool has_huge(void)
{
    int fd = memfd_create("plain", MFD_CLOEXEC);
    uint8_t *room = mmap(NULL, 2 * HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *map = (uint8_t *)(((uintptr_t)room / HUGE_BYTES + 1) * HUGE_BYTES);
    bool has;

    cr_assert(fd >= 0 && ftruncate(fd, HUGE_BYTES) == 0 && room != MAP_FAILED);
    cr_assert_eq(mmap(map, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), map);
    memset(map, 1, HUGE_BYTES);
    has = madvise(map, HUGE_BYTES, 25 /* MADV_COLLAPSE */) == 0;
    munmap(room, 2 * HUGE_BYTES);
    close(fd);
    return has;
}

/* Two mappings, as maker and joiner have them: on multiples of what a huge page is, of the same
 * memory, as much as was asked for, zeroed, and given back whole. */
Test(ringpool, long_memory_lies_in_huge_pages)
{
    const size_t bytes = 4u << 20;
    bool has = has_huge();
    struct ringpool pool = {.base = NULL};
    uint64_t slot, at;
    uint8_t *map[2];

    cr_assert_eq(ringpool_open(&pool), 0);
    slot = ringpool_lend(&pool, RINGPOOL_SLOT, 5, 1 << 20);
    ringpool_ring(&pool, slot)->producer = 7;
    at = ringpool_lend(&pool, RINGPOOL_COMMON, bytes, bytes);
    cr_assert(at > 0 && at % HUGE_BYTES == 0);
    cr_assert_eq(pages(&pool), 1 + (long)(bytes / DVM_POOL_PAGE));
    for (int i = 0; i < 2; i++) {
        map[i] = huge_twin(pool.base + at, bytes);
        cr_assert(map[i] && (uintptr_t)map[i] % HUGE_BYTES == 0);
        cr_assert_eq(map[i][bytes - 1], i);
        map[i][bytes - 1] = 1;
        map[i][0] = 1;
    }
    cr_assert(pool.base[at] == 1 && pool.base[at + bytes - 1] == 1);
    if (has)
        cr_assert_geq(huge_bytes(), 2 * bytes, "%zu", huge_bytes());
    else
        fprintf(stderr, "this kernel has no huge pages for it\n");
    for (int i = 0; i < 2; i++)
        munmap(map[i], bytes);
    ringpool_lend_back(&pool, RINGPOOL_COMMON, at, bytes);
    cr_assert_eq(pages(&pool), 1);
    cr_assert_eq(ringpool_ring(&pool, slot)->producer, 7);
    ringpool_close(&pool);
}

/* Where no multiple of 2 MiB is free it is lent all the same, and nothing beside it has memory. */
Test(ringpool, long_memory_has_any_place_otherwise)
{
    static const uint64_t kept[] = {4u << 20, (8u << 20) - DVM_POOL_PAGE,
                                    (10u << 20) - DVM_POOL_PAGE};
    struct ringpool pool = {.base = NULL};
    uint64_t at;
    uint8_t *map;

    cr_assert_eq(ringpool_open(&pool), 0);
    while (ringpool_lend(&pool, RINGPOOL_SLOT, 1, UINT32_MAX))
        ;
    for (at = DVM_POOL_SLOTS_AT; at < DVM_POOL_BYTES; at += DVM_POOL_PAGE)
        if (at != kept[0] && at != kept[1] && at != kept[2])
            ringpool_lend_back(&pool, RINGPOOL_SLOT, at, 1);
    at = ringpool_lend(&pool, RINGPOOL_COMMON, HUGE_BYTES, UINT32_MAX);
    cr_assert_eq(at, kept[0] + DVM_POOL_PAGE);
    cr_assert_eq(pages(&pool), 3 + (long)(HUGE_BYTES / DVM_POOL_PAGE));
    map = huge_twin(pool.base + at, HUGE_BYTES);
    cr_assert_not_null(map);
    map[HUGE_BYTES - 1] = 1;
    cr_assert_eq(pool.base[at + HUGE_BYTES - 1], 1);
    munmap(map, HUGE_BYTES);
    ringpool_lend_back(&pool, RINGPOOL_COMMON, at, HUGE_BYTES);
    cr_assert_eq(pages(&pool), 3);
    ringpool_close(&pool);
}
