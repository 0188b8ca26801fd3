/* bind.h: the cores of this host and who has which. */
#ifndef DVMD_TASKS_BIND_H
#define DVMD_TASKS_BIND_H

#include <sched.h>
#include <stdbool.h>

struct hwloc_topology;
struct hwloc_bitmap_s;

/* Cores that this daemon may use (its cpu set; hardware threads of a core count
 * once). exact false: count hardware threads instead, without looking at the
 * topology, which takes some milliseconds. At least 1. */
int bind_cores(bool exact);

/* Cores of its own for each of count tasks: cores[i] receives the cpus of task i,
 * free cores are shared out evenly, neighbours together. False when there are not
 * enough free ones, or nothing is won: then the tasks are not bound. */
bool bind_take(int count, cpu_set_t *cpus);

/* Of the cpus of a task (NULL: all that this daemon may use) count, other ones for each
 * call as far as there are. False when the task has no more than that anyway. */
bool bind_narrow(const cpu_set_t *cpus, int count, cpu_set_t *out);

/* Take the cores from a topology and the cpus of it that are allowed, instead of
 * looking at this computer; all are free then. For tests. */
void bind_look_at(struct hwloc_topology *topology, const struct hwloc_bitmap_s *allowed);

/* Give the cores of an ended task back. */
void bind_give(const cpu_set_t *cpus);

#endif
