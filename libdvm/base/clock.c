/* clock.c: the monotonic clock; see clock.h. It is read through the vDSO, some
 * 20 ns a call. CLOCK_MONOTONIC never steps back and always exists. */
#include "base/clock.h"

#include <assert.h>
#include <time.h>

#include "dvm.h"

static uint64_t ns_of(clockid_t clock)
{
    struct timespec now;
    int rc = clock_gettime(clock, &now);

    assert(rc == 0);
    (void)rc;
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_ns(void)
{
    return ns_of(CLOCK_MONOTONIC);
}

uint64_t clock_used_ns(void)
{
    return ns_of(CLOCK_THREAD_CPUTIME_ID);
}

double clock_seconds(void)
{
    return (double)clock_ns() / CLOCK_NS_PER_SECOND;
}

uint64_t clock_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / (CLOCK_NS_PER_SECOND / 1000);
}

double dvm_wtime(void)
{
    return clock_seconds();
}
