/* chunks.c: the place of ZeroMQ's chunks (daemon/chunks.h): what is taken is apart from
 * all else that is, what is given back is known for a chunk, goes out again and keeps no
 * memory, and when all are taken the caller is told. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/chunks.h"

#define SOME 200
#define THREADS 4
#define TURNS 2000

Test(chunks, are_apart_and_aligned)
{
    char *chunk[SOME];

    for (int i = 0; i < SOME; i++) {
        chunk[i] = chunks_take();
        cr_assert(chunk[i]);
        cr_assert_eq((uintptr_t)chunk[i] % CHUNK_ALIGN, 0);
        memset(chunk[i], i, CHUNK_BYTES);
    }
    for (int i = 0; i < SOME; i++) {
        for (size_t at = 0; at < CHUNK_BYTES; at++)
            cr_assert_eq((unsigned char)chunk[i][at], i);
        cr_assert(chunks_give(chunk[i]));
    }
}

Test(chunks, know_their_own_from_others)
{
    char local, *heap = malloc(CHUNK_BYTES);

    cr_assert_not(chunks_give(heap), "before there is any");
    cr_assert(chunks_give(chunks_take()));
    cr_assert_not(chunks_give(heap));
    cr_assert_not(chunks_give(&local));
    free(heap);
}

/* Of what is given back only the pages that a neighbour has a part of keep anything. */
Test(chunks, given_back_have_no_memory)
{
    char *before = chunks_take(), *chunk = chunks_take(), *after = chunks_take();
    size_t kept = 0;

    memset(before, 1, CHUNK_BYTES);
    memset(chunk, 1, CHUNK_BYTES);
    memset(after, 1, CHUNK_BYTES);
    cr_assert(chunks_give(chunk));
    cr_assert_eq(chunks_take(), chunk, "the lowest goes first");
    for (size_t at = 0; at < CHUNK_BYTES; at++)
        kept += chunk[at] != 0;
    cr_assert_lt(kept, 2 * (size_t)sysconf(_SC_PAGESIZE));
    for (size_t at = 0; at < CHUNK_BYTES; at++)
        cr_assert(before[at] == 1 && after[at] == 1);
}

Test(chunks, are_not_without_end)
{
    static void *chunk[CHUNKS_MAX];

    for (int i = 0; i < CHUNKS_MAX; i++) {
        chunk[i] = chunks_take();
        cr_assert(chunk[i], "%d", i);
    }
    cr_assert_null(chunks_take());
    cr_assert(chunks_give(chunk[CHUNKS_MAX / 2]));
    cr_assert_eq(chunks_take(), chunk[CHUNKS_MAX / 2]);
}

static void *take_and_give(void *unused)
{
    uint64_t *mine[8];

    for (uint64_t i = 0; i < TURNS; i++) {
        for (uint64_t k = 0; k < 8; k++) {
            mine[k] = chunks_take();
            *mine[k] = (uintptr_t)&mine + k + i;
        }
        for (uint64_t k = 0; k < 8; k++) {
            if (*mine[k] != (uintptr_t)&mine + k + i)
                return mine[k];
            chunks_give(mine[k]);
        }
    }
    return unused;
}

Test(chunks, go_to_one_thread_each)
{
    pthread_t thread[THREADS];
    void *wrong;

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, take_and_give, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &wrong);
        cr_assert_null(wrong, "two threads had the same chunk");
    }
}
