/* slice.c: see slice.h.
 *
 * A task that waits for another host sleeps where no core is idle. When the message comes it
 * must get a core from somebody who computes, and since Linux 6.6 who that is goes by
 * deadlines: of two that are owed time, the one with the shorter slice. Since 6.12 a program
 * may say that it wants short ones: that needs no right and gives no more time in all. Who
 * has one gets the core at once, most often; who has not waits for the end of the other's.
 */
#include "lane/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_A_US 1000

/* The kernel's struct sched_attr, first version; libc has it only since 2.41. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime; /* of ordinary programs: the slice, ns; 0 before Linux 6.12 */
    uint64_t deadline, period;
};

bool slice_shorten(void)
{
    const uint64_t wanted = (uint64_t)SLICE_US * NS_A_US;
    struct attributes a = {.size = sizeof a};

    if (syscall(SYS_sched_getattr, 0, &a, (unsigned)sizeof a, 0u) || a.policy != SCHED_OTHER ||
        a.runtime == 0)
        return false;
    if (a.runtime <= wanted)
        return true;
    a.size = sizeof a;
    a.runtime = wanted;
    return syscall(SYS_sched_setattr, 0, &a, 0u) == 0;
}
