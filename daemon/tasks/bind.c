/* bind.c: see bind.h.
 *
 * A spawn whose tasks fit into the free cores gets them all, in equal shares: on
 * 8 free cores 2 tasks get 4 neighbouring cores each. When it does not fit, none
 * of its tasks is bound: two tasks are never pinned onto one core while another
 * is free. One task alone is not bound either, as its share is all there is.
 */
#include "daemon/tasks/bind.h"

#include <assert.h>
#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <stdlib.h>
#include <unistd.h>

struct core {
    cpu_set_t cpus;
    bool taken;
};

static struct core *cores; /* NULL: not looked at yet */
static int core_count;

static int count_threads(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) ? 0 : CPU_COUNT(&set);

    return count > 0 ? count : 1;
}

static void keep_core(hwloc_topology_t topology, hwloc_const_cpuset_t allowed, hwloc_obj_t core)
{
    hwloc_bitmap_t usable = hwloc_bitmap_alloc();

    if (usable) {
        hwloc_bitmap_and(usable, core->cpuset, allowed);
        if (!hwloc_bitmap_iszero(usable) &&
            hwloc_cpuset_to_glibc_sched_affinity(topology, usable, &cores[core_count].cpus,
                                                 sizeof(cpu_set_t)) == 0)
            core_count++;
        hwloc_bitmap_free(usable);
    }
}

void bind_look_at(hwloc_topology_t topology, hwloc_const_cpuset_t allowed)
{
    int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);

    free(cores);
    core_count = 0;
    cores = calloc(count > 0 ? (size_t)count : 1, sizeof *cores);
    for (int i = 0; cores && i < count; i++)
        keep_core(topology, allowed, hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE,
                                                           (unsigned)i));
}

static void look(void)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();

    if (!allowed || hwloc_topology_init(&topology)) {
        hwloc_bitmap_free(allowed);
        return;
    }
    if (hwloc_topology_load(topology) == 0 &&
        hwloc_get_cpubind(topology, allowed, HWLOC_CPUBIND_PROCESS) == 0)
        bind_look_at(topology, allowed);
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(allowed);
}

int bind_cores(bool exact)
{
    if (exact && !cores)
        look();
    return exact && core_count > 0 ? core_count : count_threads();
}

static int free_cores(void)
{
    int count = 0;

    for (int i = 0; i < core_count; i++)
        count += !cores[i].taken;
    return count;
}

bool bind_take(int count, cpu_set_t *cpus)
{
    int available, share, extra, core = 0;

    if (!cores)
        look();
    available = free_cores();
    if (count <= 1 || count > available)
        return false;
    share = available / count;
    extra = available % count;
    for (int i = 0; i < count; i++) {
        CPU_ZERO(&cpus[i]);
        for (int n = share + (i < extra); n > 0; core++) {
            assert(core < core_count);
            if (cores[core].taken)
                continue;
            cores[core].taken = true;
            CPU_OR(&cpus[i], &cpus[i], &cores[core].cpus);
            n--;
        }
    }
    return true;
}

void bind_give(const cpu_set_t *cpus)
{
    for (int i = 0; i < core_count; i++) {
        cpu_set_t both;

        CPU_AND(&both, &cores[i].cpus, cpus);
        if (CPU_COUNT(&both) > 0)
            cores[i].taken = false;
    }
}

bool bind_narrow(const cpu_set_t *cpus, int count, cpu_set_t *out)
{
    static int turn = -1; /* how many cpus were given out */
    cpu_set_t all;
    int available, first, place = 0;

    if (cpus)
        all = *cpus;
    else if (sched_getaffinity(0, sizeof all, &all))
        return false;
    available = CPU_COUNT(&all);
    if (turn < 0)
        turn = (int)getpid(); /* daemons of one computer begin at different ones */
    if (count >= available)
        return false;
    first = cpus ? 0 : turn % available;
    CPU_ZERO(out);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all))
            continue;
        if ((place - first + available) % available < count)
            CPU_SET(cpu, out);
        place++;
    }
    if (!cpus)
        turn = (first + count) % available;
    return true;
}
