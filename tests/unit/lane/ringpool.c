/* ringpool.c: a task's shared memory: parts have memory while they are in use, no longer. */
#include <criterion/criterion.h>
#include <sys/stat.h>

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
