/* cgroup.h: cgroups (version 2) for the tasks, where the daemon may make some.
 *
 *     BASE/                    delegated to this user: the daemon's own, or as set
 *       dvmd-PID/              this daemon's; locked (flock) while it lives
 *         daemon/              dvmd and keeper, if BASE must have no processes itself
 *         0x40001/             a task with its limits, and all that it started; or
 *         tasks/               without such limits: the keeper and all that it started
 *
 * What is not possible is no error: limits are then enforced in other ways, and
 * the whys say what was in the way. Made by dvmd before the keeper is forked, used by the keeper,
 * removed by whichever of the two is left.
 */
#ifndef DVMD_CGROUP_H
#define DVMD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_FOLDER_MAX 512 /* bytes of a path with its NUL */
#define CGROUP_WHY_MAX 256    /* bytes of a sentence with its NUL */

struct cgroup {
    char folder[CGROUP_FOLDER_MAX]; /* dvmd-PID; "": there is none */
    int lock;                       /* descriptor that holds its lock, or -1 */
    bool memory, cores;             /* are limited there */
    bool each;                      /* each task has one of its own */
    char memory_why[CGROUP_WHY_MAX]; /* why not; "" when it can be, or was not wanted */
    char cores_why[CGROUP_WHY_MAX];
};

/* The cgroup this process is in, as a folder. Returns false when there is no version 2. */
bool cgroup_own(char *folder, size_t size);

/* Make this daemon's folder below base ("" for cgroup_own), with the controllers that
 * are wanted as far as they can be had; remove what daemons left that were killed. */
void cgroup_open(struct cgroup *g, const char *base, bool memory, bool cores);

/* Make the cgroup of a task, with limits (bytes; cores; 0: none). Returns a descriptor of
 * its folder, the caller's, or -1 with errno. */
int cgroup_task(const struct cgroup *g, int tid, uint64_t memory, double cores);

/* From inside a process: enter the cgroup of a descriptor. False with errno. For use
 * after vfork. */
bool cgroup_enter(int fd);

/* Whether a process of the task was killed because of its memory. */
bool cgroup_over_memory(const struct cgroup *g, int tid);

/* Kill all processes of a task; false when that is not possible. */
bool cgroup_kill(const struct cgroup *g, int tid);

/* Remove the cgroup of a task; false while a process of it is left. */
bool cgroup_remove(const struct cgroup *g, int tid);

/* The keeper: enter the one cgroup of all tasks, if there is one; and leave it again, so
 * that they can be killed. False when that is not possible. */
bool cgroup_keeper_enter(const struct cgroup *g);
bool cgroup_keeper_leave(const struct cgroup *g);

/* Kill all processes of all tasks; whoever is in their cgroup dies with them. */
void cgroup_kill_all(const struct cgroup *g);

/* Remove this daemon's folder, whose processes have all ended; waits a moment for that. */
void cgroup_close(struct cgroup *g);

#endif
