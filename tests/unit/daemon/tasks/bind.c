/* bind: who gets which cores, on made-up computers: shares differ by one core at most,
 * nobody shares a core or leaves the allowed cpus, neighbours stay together, and what
 * does not fit is not bound. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <string.h>

#include "daemon/tasks/bind.h"

#define TASKS_MAX 32
#define TEXT_MAX 96

struct computer {
    char synthetic[TEXT_MAX];
    char allowed[TEXT_MAX]; /* list of cpus; "": all */
    int cores;              /* that can be used */
};

static struct computer computers[] = {
    {"pack:2 core:4 pu:2", "", 8},
    {"pack:2 core:4 pu:2", "1,4-7", 3}, /* of the first core one thread only */
    {"core:6 pu:4", "", 6},
    {"core:6 pu:4", "8-23", 4},
    {"numa:2 core:8 pu:1", "", 16},
    {"pack:2 core:2 pu:2(indexes=0,4,2,6,1,5,3,7)", "", 4}, /* threads of a core far apart */
    {"pack:2 core:2 pu:2(indexes=0,4,2,6,1,5,3,7)", "0,4,1,3,7", 3},
    {"core:1 pu:2", "", 1},
};
#define COMPUTERS (sizeof computers / sizeof computers[0])

static hwloc_topology_t topology;
static hwloc_bitmap_t allowed;

static void look(const struct computer *c)
{
    cr_assert_eq(hwloc_topology_init(&topology), 0);
    cr_assert_eq(hwloc_topology_set_synthetic(topology, c->synthetic), 0);
    cr_assert_eq(hwloc_topology_load(topology), 0);
    allowed = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(topology));
    if (c->allowed[0])
        cr_assert_eq(hwloc_bitmap_list_sscanf(allowed, c->allowed), 0);
    bind_look_at(topology, allowed);
    cr_assert_eq(bind_cores(true), c->cores, "%s (%s): %d cores", c->synthetic, c->allowed,
                 bind_cores(true));
}

static void look_away(void)
{
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

/* How many cores a share has; no core is shared out in part. The cores in between
 * two of its own are its own, too: first and last are their logical numbers. */
static int cores_in(hwloc_const_bitmap_t share, int *first, int *last)
{
    hwloc_obj_t core = NULL;
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();
    int count = 0;

    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core))) {
        hwloc_bitmap_and(usable, core->cpuset, allowed);
        if (hwloc_bitmap_iszero(usable) || !hwloc_bitmap_intersects(usable, share))
            continue;
        cr_assert(hwloc_bitmap_isincluded(usable, share), "a core is shared");
        if (count++ == 0)
            *first = (int)core->logical_index;
        *last = (int)core->logical_index;
    }
    hwloc_bitmap_free(usable);
    return count;
}

static void check_shares(const struct computer *c, const cpu_set_t *cpus, int tasks)
{
    hwloc_bitmap_t share = hwloc_bitmap_alloc(), all = hwloc_bitmap_alloc();
    int end = -1, sum = 0;

    for (int i = 0; i < tasks; i++) {
        int first = -1, last = -1, count;

        hwloc_cpuset_from_glibc_sched_affinity(topology, share, &cpus[i], sizeof cpus[i]);
        cr_assert_not(hwloc_bitmap_intersects(all, share), "two tasks have one cpu");
        hwloc_bitmap_or(all, all, share);
        count = cores_in(share, &first, &last);
        cr_assert(count == c->cores / tasks || count == c->cores / tasks + 1,
                  "task %d of %d has %d of %d cores", i, tasks, count, c->cores);
        cr_assert_gt(first, end, "neighbours do not stay together");
        end = last;
        sum += count;
    }
    cr_assert_eq(sum, c->cores, "a core is idle");
    cr_assert(hwloc_bitmap_isequal(all, allowed), "%s (%s): other cpus", c->synthetic,
              c->allowed);
    hwloc_bitmap_free(share);
    hwloc_bitmap_free(all);
}

ParameterizedTestParameters(bind, every_number_of_tasks)
{
    return cr_make_param_array(struct computer, computers, COMPUTERS);
}

ParameterizedTest(struct computer *c, bind, every_number_of_tasks)
{
    cpu_set_t cpus[TASKS_MAX];

    look(c);
    cr_assert_not(bind_take(1, cpus), "one task has all there is");
    cr_assert_not(bind_take(c->cores + 1, cpus), "they do not fit");
    for (int tasks = 2; tasks <= c->cores; tasks++) {
        cr_assert(bind_take(tasks, cpus));
        check_shares(c, cpus, tasks);
        cr_assert_not(bind_take(2, cpus + tasks), "all cores are taken");
        for (int i = 0; i < tasks; i++)
            bind_give(&cpus[i]);
    }
    look_away();
}

Test(bind, later_tasks_get_what_is_free)
{
    cpu_set_t a[TASKS_MAX], b[TASKS_MAX], both;

    look(&computers[0]);
    cr_assert(bind_take(8, a));
    for (int i = 0; i < 4; i++)
        bind_give(&a[2 * i]); /* every second core */
    cr_assert_not(bind_take(5, b));
    cr_assert(bind_take(2, b));
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++) {
            CPU_AND(&both, &a[2 * i + 1], &b[k]);
            cr_assert_eq(CPU_COUNT(&both), 0, "a core that is taken was given again");
        }
    cr_assert_eq(CPU_COUNT(&b[0]), 4); /* two cores of two threads */
    cr_assert_eq(CPU_COUNT(&b[1]), 4);
    look_away();
}

Test(bind, a_task_is_narrowed_to_other_cpus_in_turn)
{
    cpu_set_t all, narrow, seen;
    int count;

    CPU_ZERO(&all);
    for (int cpu = 3; cpu < 7; cpu++)
        CPU_SET(cpu, &all);
    cr_assert(bind_narrow(&all, 2, &narrow));
    cr_expect_eq(CPU_COUNT(&narrow), 2);
    CPU_OR(&seen, &all, &narrow);
    cr_expect(CPU_EQUAL(&seen, &all), "a cpu that is not the task's");
    cr_expect_not(bind_narrow(&all, 4, &narrow), "nothing to narrow");
    /* of all cpus of this process: after one round each had its turn */
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    count = CPU_COUNT(&all);
    CPU_ZERO(&seen);
    for (int i = 0; i < count && count > 1; i++) {
        cr_assert(bind_narrow(NULL, 1, &narrow));
        cr_expect_eq(CPU_COUNT(&narrow), 1);
        CPU_OR(&seen, &seen, &narrow);
    }
    cr_expect(count == 1 || CPU_EQUAL(&seen, &all));
}
