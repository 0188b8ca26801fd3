/* slice.c: a short slice is asked for once, and nothing else of the task's scheduling changes. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lane/slice.h"

/* as the kernel's struct sched_attr begins */
struct words {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static struct words ask(void)
{
    struct words w = {0};

    cr_assert_eq(syscall(SYS_sched_getattr, 0, &w, (unsigned)sizeof w, 0u), 0);
    return w;
}

Test(slice, is_shorter_and_nothing_else_is_other)
{
    struct words before, after;

    cr_assert_eq(setpriority(PRIO_PROCESS, 0, 3), 0);
    before = ask();
    if (before.runtime == 0)
        cr_skip_test("this kernel knows no slices");
    cr_assert(slice_shorten());
    cr_assert(slice_shorten());
    after = ask();
    cr_assert_leq(after.runtime, SLICE_US * UINT64_C(1000));
    after.runtime = before.runtime;
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
    cr_assert_eq(getpriority(PRIO_PROCESS, 0), 3);
}

Test(slice, other_policies_stay)
{
    const struct sched_param none = {0};
    struct words before, after;

    cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &none), 0);
    before = ask();
    cr_assert_not(slice_shorten());
    after = ask();
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
}
