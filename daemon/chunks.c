/* chunks.c: the implementation of chunks.h.
 *
 * One range of addresses is reserved, without access, when the first chunk is wanted, and
 * opened 64 chunks (257 pages) at a time: a word of the bitmap that says what is taken.
 * The lowest free chunk goes first, so few pages are half used. The range never moves:
 * who is asked whether a block is a chunk compares addresses, without the lock.
 */
#include "daemon/chunks.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORD_BITS 64
#define WORDS (CHUNKS_MAX / WORD_BITS)
#define STEP_BYTES ((size_t)WORD_BITS * CHUNK_BYTES)
#define RANGE_BYTES (WORDS * STEP_BYTES)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all but base */
static _Atomic(char *) base;                             /* NULL until it is reserved */
static uint64_t taken[WORDS];                            /* a bit for each chunk */
static size_t opened;                                    /* words whose chunks have access */

static bool reserve(void)
{
    void *got;

    if (atomic_load(&base))
        return true;
    got = mmap(NULL, RANGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED)
        return false;
    atomic_store(&base, got);
    return true;
}

static uintptr_t page_bytes(void)
{
    return (uintptr_t)sysconf(_SC_PAGESIZE);
}

static bool open_step(size_t word)
{
    char *first = atomic_load(&base) + word * STEP_BYTES;
    size_t before = (uintptr_t)first % page_bytes(); /* where pages are larger than 4 KiB */

    if (word < opened)
        return true;
    if (mprotect(first - before, before + STEP_BYTES, PROT_READ | PROT_WRITE) != 0)
        return false;
    opened = word + 1;
    return true;
}

static void *take(void)
{
    size_t word = 0;
    unsigned bit;

    while (word < WORDS && taken[word] == UINT64_MAX)
        word++;
    if (word == WORDS || !reserve() || !open_step(word))
        return NULL;
    bit = (unsigned)__builtin_ctzll(~taken[word]);
    taken[word] |= UINT64_C(1) << bit;
    return atomic_load(&base) + (word * WORD_BITS + bit) * CHUNK_BYTES;
}

void *chunks_take(void)
{
    int saved = errno;
    void *got;

    pthread_mutex_lock(&lock);
    got = take();
    pthread_mutex_unlock(&lock);
    errno = saved;
    return got;
}

/* Return the pages that nobody else has a part of. */
static void clear(char *chunk)
{
    uintptr_t page = page_bytes();
    uintptr_t from = ((uintptr_t)chunk + page - 1) / page * page;
    uintptr_t to = ((uintptr_t)chunk + CHUNK_BYTES) / page * page;

    if (from < to)
        madvise((void *)from, to - from, MADV_DONTNEED);
}

bool chunks_give(void *p)
{
    char *first = atomic_load_explicit(&base, memory_order_relaxed), *chunk = p;
    size_t index;
    int saved = errno;

    if (!first || chunk < first || chunk >= first + RANGE_BYTES)
        return false;
    index = (size_t)(chunk - first) / CHUNK_BYTES;
    assert(chunk == first + index * CHUNK_BYTES);
    clear(chunk);
    pthread_mutex_lock(&lock);
    assert(taken[index / WORD_BITS] >> index % WORD_BITS & 1);
    taken[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return true;
}
