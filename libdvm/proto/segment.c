/* segment.c: ringing the bell of a task; see segment.h for the protocol. */
#include "proto/segment.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void dvm_inbox_ring(struct dvm_inbox *inbox, unsigned index)
{
    unsigned word = index / 64 % DVM_INBOX_WORDS;

    atomic_fetch_or(&inbox->bits[word], UINT64_C(1) << (index % 64));
    atomic_fetch_or(&inbox->summary, UINT32_C(1) << (word / 2));
    /* pairs with the owner's store of sleep before it looks at summary */
    if (atomic_load(&inbox->sleep) != DVM_AWAKE)
        syscall(SYS_futex, &inbox->summary, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
