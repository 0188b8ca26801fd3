/* board.c: a board that is written and read at the same time, for ThreadSanitizer: a reader
 * sees what was written together, together. Ends with status 0. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "proto/board.h"

#define WRITES 100000
#define READERS 2
#define TID 0x40001

static struct dvm_board board;
static atomic_bool over;

static struct dvm_wait wait_number(uint64_t n)
{
    return (struct dvm_wait){.call = DVM_BOARD_RECV, .why = DVM_BOARD_MESSAGE, .threads = 1,
                             .peer = (int)(TID + n), .tag = (int)n, .context = n, .bytes = n,
                             .since = n, .site = n, .waits = n};
}

static void *read_many(void *bad)
{
    struct dvm_wait w;

    while (!atomic_load(&over))
        if (dvm_board_read(&board, &w) && w.call &&
            (w.context != w.waits || w.bytes != w.waits || w.since != w.waits ||
             w.site != w.waits || w.peer != (int)(TID + w.waits) || w.tag != (int)w.waits))
            *(int *)bad = 1;
    return NULL;
}

int main(void)
{
    pthread_t readers[READERS];
    int bad[READERS] = {0}, all = 0;

    for (int i = 0; i < READERS; i++)
        if (pthread_create(&readers[i], NULL, read_many, &bad[i]))
            return 1;
    for (uint64_t n = 1; n <= WRITES; n++) {
        struct dvm_wait w = wait_number(n);

        dvm_board_write(&board, &w);
    }
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
        all |= bad[i];
    }
    if (all)
        puts("a reader saw halves of two records");
    return all;
}
